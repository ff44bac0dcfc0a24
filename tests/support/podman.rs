//! Podman's docker-compatible service on a unix socket, with storage of its own.

use std::path::{Path, PathBuf};
use std::process::Command as BlockingCommand;
use std::time::Duration;

use anyhow::Result;
use tokio::net::UnixStream;
use tokio::process::Command;

use crate::engine::ContainerSpec;
use crate::missing::{Need, require};
use crate::part::RunningPart;
use crate::program::{output, program};
use crate::scratch::Scratch;
use crate::{busybox, leftovers};

const COMMAND_LIMIT: Duration = Duration::from_secs(60);

/// Works for root with and without systemd. Podman raises limits of a container above what a confined machine may
/// give, so they are set low.
const CONFIG: &str = "\
[containers]
log_driver = \"k8s-file\"
default_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]
[engine]
cgroup_manager = \"cgroupfs\"
events_logger = \"file\"
runtime = \"runc\"
";

/// A running `podman system service`.
#[derive(Debug)]
pub struct PodmanSocket {
    service: Option<RunningPart>,
    socket: PathBuf,
    scratch: Scratch,
}

impl PodmanSocket {
    /// Starts the service and gives it our image.
    ///
    /// # Errors
    /// When the machine lacks a part or the service does not answer.
    pub async fn start() -> Result<Self> {
        require(&[Need::Podman, Need::Image, Need::Root])?;
        let scratch = Scratch::new()?;
        scratch.write("containers.conf", CONFIG)?;
        let socket = scratch.socket("podman.sock")?;
        let mut podman = Self {
            service: None,
            socket,
            scratch,
        };
        let image = busybox::pack(&podman.scratch).await?;
        podman
            .podman(&["import", &image.display().to_string(), busybox::IMAGE])
            .await?;
        let mut command = BlockingCommand::new(program("podman")?);
        command
            .env("CONTAINERS_CONF", podman.scratch.join("containers.conf"))
            .args(podman.storage())
            .args(["system", "service", "--time=0"])
            .arg(format!("unix://{}", podman.socket.display()));
        let mut service = RunningPart::start("podman", &mut command, &podman.scratch.join("podman.log"))?;
        let path = podman.socket.clone();
        service
            .ready(Duration::from_secs(30), async || {
                Ok(UnixStream::connect(&path).await?)
            })
            .await?;
        podman.service = Some(service);
        Ok(podman)
    }

    /// The service's socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Runs a container and returns its full id.
    ///
    /// # Errors
    /// With Podman's own words.
    pub async fn run(&self, spec: &ContainerSpec) -> Result<String> {
        let arguments = spec.arguments();
        let mut all = vec!["run"];
        all.extend(arguments.iter().map(String::as_str));
        Ok(self.podman(&all).await?.trim().to_owned())
    }

    /// Runs the podman command on the same storage and returns what it printed.
    ///
    /// # Errors
    /// With Podman's own words.
    pub async fn podman(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(program("podman")?);
        command
            .env("CONTAINERS_CONF", self.scratch.join("containers.conf"))
            .args(self.storage())
            .args(arguments);
        output(command, COMMAND_LIMIT).await
    }

    /// Removes the containers and stops the service.
    ///
    /// # Errors
    /// When Podman refuses or the service had ended by itself.
    pub async fn stop(mut self) -> Result<()> {
        self.podman(&["rm", "--all", "--force", "--time=0"]).await?;
        match self.service.take() {
            Some(service) => service.stop().await,
            None => Ok(()),
        }
    }

    fn storage(&self) -> [String; 8] {
        let dir = self.scratch.path();
        [
            "--root".to_owned(),
            dir.join("root").display().to_string(),
            "--runroot".to_owned(),
            dir.join("run").display().to_string(),
            "--tmpdir".to_owned(),
            dir.join("tmp").display().to_string(),
            "--storage-driver".to_owned(),
            "overlay".to_owned(),
        ]
    }
}

impl Drop for PodmanSocket {
    #[allow(
        clippy::print_stderr,
        reason = "a drop returns nothing, and what is left behind must be known"
    )]
    fn drop(&mut self) {
        drop(self.service.take());
        if let Err(reason) = leftovers::clear(self.scratch.path()) {
            eprintln!("podman left something behind: {reason:#}");
        }
    }
}
