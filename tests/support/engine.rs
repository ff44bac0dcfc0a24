//! A real Docker engine in a directory of its own, with real containers.

use std::path::{Path, PathBuf};
use std::process::Command as BlockingCommand;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::Signal;
use tokio::process::Command;

use crate::bridge::Bridge;
use crate::certificates::ServerCertificate;
use crate::docker_stats::{CliStats, parse};
use crate::missing::{Need, require};
use crate::part::RunningPart;
use crate::program::{docker_cli, output, program};
use crate::scratch::Scratch;
use crate::{busybox, leftovers};

/// An engine answers within a second or two; a busy machine of two cores gets more.
const START_LIMIT: Duration = Duration::from_secs(60);
const COMMAND_LIMIT: Duration = Duration::from_secs(60);

/// Which of a test's two engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    /// Has a bridge of its own, so its containers have network counters.
    First,
    /// Has no bridge: its containers have the host's network or none.
    Second,
}

/// Network of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// None at all.
    None,
    /// The host's own: the engine then has no network counters.
    Host,
    /// The engine's bridge ([`EngineKind::First`] only).
    Bridge,
}

/// A container to run.
#[derive(Debug, Clone)]
pub struct ContainerSpec {
    name: String,
    labels: Vec<(String, String)>,
    memory_bytes: Option<u64>,
    shm_bytes: Option<u64>,
    network: Network,
    options: Vec<String>,
    script: String,
}

impl ContainerSpec {
    /// A container of this name that sleeps, without network and limits.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            labels: Vec::new(),
            memory_bytes: None,
            shm_bytes: None,
            network: Network::None,
            options: Vec::new(),
            script: "exec sleep 86400".to_owned(),
        }
    }

    /// As compose would have made it: project and service labels.
    #[must_use]
    pub fn of_project(self, project: &str, service: &str) -> Self {
        self.label("com.docker.compose.project", project)
            .label("com.docker.compose.service", service)
    }

    /// Adds a label.
    #[must_use]
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Hard memory limit.
    #[must_use]
    pub fn memory_bytes(mut self, bytes: u64) -> Self {
        self.memory_bytes = Some(bytes);
        self
    }

    /// Size of `/dev/shm`.
    #[must_use]
    pub fn shm_bytes(mut self, bytes: u64) -> Self {
        self.shm_bytes = Some(bytes);
        self
    }

    /// Network of the container.
    #[must_use]
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// One more option of `docker run`, as typed (`--restart=on-failure:3`).
    #[must_use]
    pub fn option(mut self, option: &str) -> Self {
        self.options.push(option.to_owned());
        self
    }

    /// What its shell runs.
    #[must_use]
    pub fn running(mut self, script: &str) -> Self {
        self.script = script.to_owned();
        self
    }

    /// The arguments after `run`, the same for the docker and podman commands.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![
            "--detach".to_owned(),
            // A shell that is process 1 ignores TERM: without this each stop would take ten seconds.
            "--stop-signal=KILL".to_owned(),
            format!("--name={}", self.name),
        ];
        arguments.extend(
            self.labels
                .iter()
                .map(|(key, value)| format!("--label={key}={value}")),
        );
        arguments.extend(self.memory_bytes.map(|bytes| format!("--memory={bytes}")));
        arguments.extend(self.shm_bytes.map(|bytes| format!("--shm-size={bytes}")));
        arguments.push(format!(
            "--network={}",
            match self.network {
                Network::None => "none",
                Network::Host => "host",
                Network::Bridge => "bridge",
            }
        ));
        arguments.extend(self.options.iter().cloned());
        arguments.extend([busybox::IMAGE, "sh", "-c", &self.script].map(str::to_owned));
        arguments
    }
}

/// A killed daemon takes its containerd along. Where nobody reaps that, its number stays in the process table, and the next
/// daemon waits for it instead of starting one of its own.
fn forget_dead_containerd(dir: &Path) -> Result<()> {
    let pid_file = dir.join("exec/containerd/containerd.pid");
    let Ok(pid) = std::fs::read_to_string(&pid_file) else {
        return Ok(());
    };
    let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    // `pid (name) state …`: Z is dead, and gone is dead too.
    let is_alive = state
        .rsplit_once(')')
        .is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'));
    if !is_alive {
        std::fs::remove_file(&pid_file)?;
    }
    Ok(())
}

/// A TLS listener of an engine.
#[derive(Debug, Clone)]
struct TlsListener {
    port: u16,
    certificate: ServerCertificate,
}

/// A `dockerd` of Debian with its own data, socket and (when asked) TLS port.
///
/// Field order matters: the daemon ends before its bridge and its directory go.
#[derive(Debug)]
pub struct RealEngine {
    daemon: Option<RunningPart>,
    bridge: Option<Bridge>,
    networks: Vec<Bridge>,
    tls: Option<TlsListener>,
    socket: PathBuf,
    scratch: Scratch,
}

impl RealEngine {
    /// Starts an engine on a unix socket and gives it our image.
    ///
    /// # Errors
    /// When the machine lacks a part, or the daemon does not answer: with the end of its log.
    pub async fn start(kind: EngineKind) -> Result<Self> {
        Self::start_with(kind, None).await
    }

    /// Starts an engine that also listens on a TLS port of 127.0.0.1 and wants client certificates.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_with_tls(kind: EngineKind, certificate: ServerCertificate) -> Result<Self> {
        Self::start_with(kind, Some(certificate)).await
    }

    async fn start_with(kind: EngineKind, certificate: Option<ServerCertificate>) -> Result<Self> {
        require(&[Need::Engine, Need::Image, Need::Root])?;
        let scratch = Scratch::new()?;
        let socket = scratch.socket("docker.sock")?;
        let bridge = match kind {
            EngineKind::First => Some(Bridge::make()?),
            EngineKind::Second => None,
        };
        let tls = match certificate {
            Some(certificate) => Some(TlsListener {
                port: free_port()?,
                certificate,
            }),
            None => None,
        };
        let mut engine = Self {
            daemon: None,
            bridge,
            networks: Vec::new(),
            tls,
            socket,
            scratch,
        };
        engine.start_again().await?;
        let image = busybox::pack(&engine.scratch).await?;
        engine
            .docker(&["import", &image.display().to_string(), busybox::IMAGE])
            .await?;
        Ok(engine)
    }

    /// The engine's socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The TLS port on 127.0.0.1, of an engine started with one.
    #[must_use]
    pub fn tls_port(&self) -> Option<u16> {
        self.tls.as_ref().map(|tls| tls.port)
    }

    /// Starts the stopped engine again, with everything it had; containers stay stopped unless their policy says
    /// otherwise.
    ///
    /// # Errors
    /// When it runs already or does not answer.
    pub async fn start_again(&mut self) -> Result<()> {
        if self.daemon.is_some() {
            bail!("the engine runs already");
        }
        let dir = self.scratch.path();
        forget_dead_containerd(dir)?;
        let mut command = BlockingCommand::new(program("dockerd")?);
        command
            .arg("--data-root")
            .arg(dir.join("data"))
            .arg("--exec-root")
            .arg(dir.join("exec"))
            .arg("--pidfile")
            .arg(dir.join("pid"))
            .arg("--config-file")
            .arg(self.scratch.write("daemon.json", "{}")?)
            .arg(format!("--host=unix://{}", self.socket.display()))
            .args([
                "--iptables=false",
                "--ip-masq=false",
                "--shutdown-timeout=5",
                "--log-level=warn",
            ]);
        match &self.bridge {
            Some(bridge) => command.args([
                format!("--bridge={}", bridge.name),
                "--userland-proxy=false".to_owned(),
            ]),
            None => command.arg("--bridge=none"),
        };
        if let Some(tls) = &self.tls {
            command
                .arg(format!("--host=tcp://127.0.0.1:{}", tls.port))
                .arg("--tlsverify")
                .arg("--tlscacert")
                .arg(&tls.certificate.client_ca)
                .arg("--tlscert")
                .arg(&tls.certificate.cert)
                .arg("--tlskey")
                .arg(&tls.certificate.key);
        }
        let mut daemon = RunningPart::start("dockerd", &mut command, &dir.join("dockerd.log"))?
            .with_grace(Duration::from_secs(30));
        daemon
            .ready(START_LIMIT, async || self.docker(&["version"]).await)
            .await?;
        self.daemon = Some(daemon);
        Ok(())
    }

    /// Stops the engine and its containers as a shutdown would.
    ///
    /// # Errors
    /// When it does not run or does not end in time.
    pub async fn stop_engine(&mut self) -> Result<()> {
        self.daemon
            .take()
            .context("the engine does not run")?
            .stop()
            .await
    }

    /// Kills the daemon. Its socket file stays, and so do the processes of its containers, as after any crash.
    ///
    /// # Errors
    /// When it does not run.
    pub fn crash(&mut self) -> Result<()> {
        self.daemon.take().context("the engine does not run")?.kill()
    }

    /// Freezes the daemon: connections open, nothing answers.
    ///
    /// # Errors
    /// When it does not run.
    pub fn freeze(&mut self) -> Result<()> {
        self.running()?.signal(Signal::STOP)
    }

    /// Lets a frozen daemon go on.
    ///
    /// # Errors
    /// When it does not run.
    pub fn thaw(&mut self) -> Result<()> {
        self.running()?.signal(Signal::CONT)
    }

    fn running(&mut self) -> Result<&mut RunningPart> {
        self.daemon.as_mut().context("the engine does not run")
    }

    /// Runs a container and returns its full id.
    ///
    /// # Errors
    /// With the engine's own words.
    pub async fn run(&self, spec: &ContainerSpec) -> Result<String> {
        let arguments = spec.arguments();
        let mut all = vec!["run"];
        all.extend(arguments.iter().map(String::as_str));
        Ok(self.docker(&all).await?.trim().to_owned())
    }

    /// Runs the docker CLI against this engine and returns what it printed.
    ///
    /// # Errors
    /// With the CLI's own words.
    pub async fn docker(&self, arguments: &[&str]) -> Result<String> {
        self.docker_as(self.scratch.path(), arguments).await
    }

    /// Runs the docker CLI against this engine with the configuration (logins of registries) of this directory.
    ///
    /// # Errors
    /// With the CLI's own words.
    pub async fn docker_as(&self, config_dir: &Path, arguments: &[&str]) -> Result<String> {
        output(self.command(config_dir, arguments)?, COMMAND_LIMIT).await
    }

    /// Makes a network with addresses of its own and returns their first three numbers, e.g. `10.129.7`.
    ///
    /// # Errors
    /// With the engine's own words.
    pub async fn make_network(&mut self, name: &str) -> Result<String> {
        let bridge = Bridge::plan()?;
        let prefix = bridge.prefix.clone();
        let subnet = format!("--subnet={prefix}.0/24");
        let option = format!("--opt=com.docker.network.bridge.name={}", bridge.name);
        self.networks.push(bridge);
        self.docker(&["network", "create", &subnet, &option, name])
            .await?;
        Ok(prefix)
    }

    /// Makes an image of busybox under this reference. `changes` are as in a Dockerfile (`ENV A=1`, `VOLUME /data`).
    ///
    /// # Errors
    /// With the engine's own words.
    pub async fn make_image(&self, reference: &str, changes: &[&str]) -> Result<()> {
        let tar = self.scratch.join("image.tar").display().to_string();
        let mut arguments = vec!["import"];
        for change in changes {
            arguments.extend(["--change", change]);
        }
        arguments.extend([tar.as_str(), reference]);
        self.docker(&arguments).await.map(drop)
    }

    fn command(&self, config_dir: &Path, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(docker_cli()?);
        command
            // The operator's own contexts and credentials have no say here.
            .env("DOCKER_CONFIG", config_dir)
            .env_remove("DOCKER_HOST")
            .env_remove("DOCKER_CONTEXT")
            .env_remove("DOCKER_TLS_VERIFY")
            .arg(format!("--host=unix://{}", self.socket.display()))
            .args(arguments);
        Ok(command)
    }

    /// What `docker stats --no-stream` shows for these containers, all of them when none is named.
    ///
    /// # Errors
    /// With the CLI's own words, or when its rows cannot be read.
    pub async fn stats_cli(&self, engine_ids: &[&str]) -> Result<Vec<CliStats>> {
        let mut arguments = vec!["stats", "--no-stream", "--no-trunc", "--format={{json .}}"];
        arguments.extend(engine_ids);
        parse(&self.docker(&arguments).await?)
    }
}

impl Drop for RealEngine {
    #[allow(
        clippy::print_stderr,
        reason = "a drop returns nothing, and what is left behind must be known"
    )]
    fn drop(&mut self) {
        drop(self.daemon.take());
        if let Err(reason) = leftovers::clear(self.scratch.path()) {
            eprintln!("an engine left something behind: {reason:#}");
        }
    }
}

/// A port of 127.0.0.1 that nothing listens on now.
///
/// # Errors
/// When the kernel has none.
pub fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?
        .local_addr()?
        .port())
}
