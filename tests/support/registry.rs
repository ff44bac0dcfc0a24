//! Debian's `docker-registry` on a port of 127.0.0.1, with or without a password. Engines take loopback without TLS.

use std::path::PathBuf;
use std::process::Command as BlockingCommand;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::engine::{RealEngine, free_port};
use crate::missing::{Need, require};
use crate::part::RunningPart;
use crate::program::program;
use crate::scratch::Scratch;

/// It answers at once; a busy machine of two cores gets more.
const START_LIMIT: Duration = Duration::from_secs(30);
/// The one user of a registry with a password.
pub const USER: &str = "operator";
/// The password.
pub const PASSWORD: &str = "harbour-4711";
/// `USER:PASSWORD` as Apache's `htpasswd -B` writes it.
const HTPASSWD: &str = "operator:$2b$05$HVVaJAkcX598yzlY.k7YuOjSZbFUwPOzf.oOkr.EjlwfYIGiijEGO\n";

/// A running registry. Dropping it stops it.
#[derive(Debug)]
pub struct Registry {
    part: Option<RunningPart>,
    port: u16,
    has_password: bool,
    scratch: Scratch,
}

impl Registry {
    /// Starts a registry that lets everybody push and pull.
    ///
    /// # Errors
    /// When the machine lacks it, or it does not answer.
    pub async fn start() -> Result<Self> {
        Self::start_with(false).await
    }

    /// Starts a registry that wants [`USER`] and [`PASSWORD`].
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_with_password() -> Result<Self> {
        Self::start_with(true).await
    }

    async fn start_with(has_password: bool) -> Result<Self> {
        require(&[Need::Registry])?;
        let mut registry = Self {
            part: None,
            port: free_port()?,
            has_password,
            scratch: Scratch::new()?,
        };
        registry.start_again().await?;
        Ok(registry)
    }

    /// Starts a stopped registry again, with all that was pushed to it.
    ///
    /// # Errors
    /// When it runs, or does not answer.
    pub async fn start_again(&mut self) -> Result<()> {
        if self.part.is_some() {
            bail!("the registry runs already");
        }
        let storage = self.scratch.make_dir("storage")?;
        let mut config = format!(
            "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage:\n  filesystem: {{rootdirectory: {}}}\n  delete: {{enabled: true}}\nhttp: {{addr: '127.0.0.1:{}'}}\n",
            storage.display(),
            self.port
        );
        if self.has_password {
            let users = self.scratch.write("htpasswd", HTPASSWD)?;
            config += &format!(
                "auth:\n  htpasswd: {{realm: harbour, path: {}}}\n",
                users.display()
            );
        }
        let config = self.scratch.write("config.yml", config)?;
        let mut command = BlockingCommand::new(program("docker-registry")?);
        command.arg("serve").arg(config);
        let mut part = RunningPart::start("docker-registry", &mut command, &self.scratch.join("log"))?;
        let port = self.port;
        part.ready(START_LIMIT, async || {
            Ok(TcpStream::connect(("127.0.0.1", port)).await?)
        })
        .await?;
        self.part = Some(part);
        Ok(())
    }

    /// Stops the registry; what was pushed stays.
    ///
    /// # Errors
    /// When it does not run, or does not end in time.
    pub async fn stop(&mut self) -> Result<()> {
        self.part
            .take()
            .context("the registry does not run")?
            .stop()
            .await
    }

    /// A reference on it: `127.0.0.1:5000/app:1` of `app:1`.
    #[must_use]
    pub fn reference(&self, name: &str) -> String {
        format!("127.0.0.1:{}/{name}", self.port)
    }

    /// Takes a manifest out of a registry without a password, by its digest reference (`127.0.0.1:5000/app@sha256:…`).
    ///
    /// # Errors
    /// When the registry does not say that it did.
    pub async fn forget(&self, digest: &str) -> Result<()> {
        let server = self.reference("");
        let (name, sum) = digest
            .strip_prefix(&server)
            .and_then(|name| name.split_once('@'))
            .with_context(|| format!("{digest} is not of {server}"))?;
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        let request = format!("DELETE /v2/{name}/manifests/{sum} HTTP/1.0\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let status = answer.lines().next().unwrap_or_default();
        ensure!(status.contains(" 202 "), "{status}");
        Ok(())
    }

    /// A directory with the docker CLI's configuration: a login with this password.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn login(&self, password: &str) -> Result<PathBuf> {
        let server = self.reference("");
        let config = serde_json::json!({"auths": {server.trim_end_matches('/'): {
            "auth": STANDARD.encode(format!("{USER}:{password}")),
        }}});
        let name = format!("login-{}", password.len());
        self.scratch.make_dir(&name)?;
        self.scratch
            .write(&format!("{name}/config.json"), config.to_string())?;
        Ok(self.scratch.join(&name))
    }

    /// Makes an image of busybox with these changes, pushes it as `name` (with its tag) and returns its digest reference
    /// (`127.0.0.1:5000/app@sha256:…`). It stays on the engine too.
    ///
    /// # Errors
    /// With the engine's own words.
    pub async fn publish(&self, engine: &RealEngine, name: &str, changes: &[&str]) -> Result<String> {
        let reference = self.reference(name);
        engine.make_image(&reference, changes).await?;
        let login = self.login(PASSWORD)?;
        engine.docker_as(&login, &["push", "--quiet", &reference]).await?;
        let digests = engine
            .docker(&["image", "inspect", "--format={{json .RepoDigests}}", &reference])
            .await?;
        let digests: Vec<String> = serde_json::from_str(&digests)?;
        digests.into_iter().next().context("pushed, and no digest")
    }
}
