//! A real ssh server on 127.0.0.1 with its own keys, and client configurations for it.

use std::path::{Path, PathBuf};
use std::process::Command as BlockingCommand;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::engine::free_port;
use crate::missing::{Need, require};
use crate::part::RunningPart;
use crate::program::{output, program};
use crate::scratch::Scratch;

/// The alias every client configuration gives the server.
pub const ALIAS: &str = "harbor";

/// What the client believes of the server's host key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownHost {
    /// The right key is in known_hosts.
    Right,
    /// Nothing is in known_hosts.
    Unknown,
    /// Another key is in known_hosts.
    Changed,
}

/// Which key the client offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// The key the server lets in.
    Accepted,
    /// A key it has never seen.
    Stranger,
}

/// A running sshd.
#[derive(Debug)]
pub struct Sshd {
    daemon: Option<RunningPart>,
    log: PathBuf,
    port: u16,
    user: String,
    scratch: Scratch,
}

impl Sshd {
    /// Starts a server that lets the current user in by key and forwards unix sockets, or refuses to.
    ///
    /// # Errors
    /// When the machine lacks a part or the server does not answer.
    pub async fn start(forwards_sockets: bool) -> Result<Self> {
        require(&[Need::Ssh])?;
        let scratch = Scratch::new()?;
        for key in ["host", "other-host", "accepted", "stranger"] {
            make_key(&scratch.join(key)).await?;
        }
        make_separation_dir()?;
        let port = free_port()?;
        let config = server_config(&scratch, port, forwards_sockets)?;
        let mut command = BlockingCommand::new(program("sshd")?);
        command.args(["-D", "-e", "-f"]).arg(&config);
        let log = scratch.join("sshd.log");
        let mut daemon = RunningPart::start("sshd", &mut command, &log)?;
        daemon
            .ready(Duration::from_secs(15), async || {
                Ok(TcpStream::connect(("127.0.0.1", port)).await?)
            })
            .await?;
        let user = output(
            {
                let mut id = Command::new("id");
                id.arg("-un");
                id
            },
            Duration::from_secs(5),
        )
        .await?
        .trim()
        .to_owned();
        Ok(Self {
            daemon: Some(daemon),
            log,
            port,
            user,
            scratch,
        })
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Writes an ssh_config in which [`ALIAS`] is this server, and returns its path.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn client_config(&self, known: KnownHost, offer: Offer) -> Result<PathBuf> {
        let known_hosts = match known {
            KnownHost::Right => self.known_hosts_line("host")?,
            KnownHost::Unknown => String::new(),
            KnownHost::Changed => self.known_hosts_line("other-host")?,
        };
        let name = format!("{known:?}-{offer:?}");
        let known_file = self.scratch.write(&format!("known-{name}"), known_hosts)?;
        let key = match offer {
            Offer::Accepted => "accepted",
            Offer::Stranger => "stranger",
        };
        let config = format!(
            "Host {ALIAS}\n  HostName 127.0.0.1\n  Port {}\n  User {}\n  IdentityFile {}\n  IdentitiesOnly yes\n  \
             IdentityAgent none\n  UserKnownHostsFile {}\n  GlobalKnownHostsFile none\n  StrictHostKeyChecking yes\n",
            self.port,
            self.user,
            self.scratch.join(key).display(),
            known_file.display(),
        );
        self.scratch.write(&format!("config-{name}"), config)
    }

    /// How many clients were let in so far: each is one key exchange and one login.
    #[must_use]
    pub fn logins(&self) -> usize {
        self.log_text()
            .lines()
            .filter(|line| line.starts_with("Accepted publickey for"))
            .count()
    }

    /// Everything the server logged.
    #[must_use]
    pub fn log_text(&self) -> String {
        match std::fs::read(&self.log) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(reason) => format!("({}: {reason})", self.log.display()),
        }
    }

    /// Stops the server; its client configurations stay. Connections it has served already live on in processes of
    /// their own, as with any sshd.
    ///
    /// # Errors
    /// When it does not run or had ended by itself.
    pub async fn stop(&mut self) -> Result<()> {
        self.daemon.take().context("sshd does not run")?.stop().await
    }

    fn known_hosts_line(&self, key: &str) -> Result<String> {
        let public = std::fs::read_to_string(self.scratch.join(&format!("{key}.pub")))?;
        Ok(format!("[127.0.0.1]:{} {public}", self.port))
    }
}

async fn make_key(file: &Path) -> Result<()> {
    let mut command = Command::new(program("ssh-keygen")?);
    command
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "roadstead test", "-f"])
        .arg(file);
    output(command, Duration::from_secs(15)).await.map(drop)
}

/// sshd started by root wants this directory; Debian makes it only when the system's own sshd starts.
fn make_separation_dir() -> Result<()> {
    if rustix::process::geteuid().is_root() {
        std::fs::create_dir_all("/run/sshd").context("sshd needs /run/sshd")?;
    }
    Ok(())
}

fn server_config(scratch: &Scratch, port: u16, forwards_sockets: bool) -> Result<PathBuf> {
    let keys = std::fs::read_to_string(scratch.join("accepted.pub"))?;
    let keys_file = scratch.write("authorized_keys", keys)?;
    let config = format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey {}\nPidFile none\nAuthorizedKeysFile {}\nStrictModes no\n\
         UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n\
         AllowStreamLocalForwarding {}\nLogLevel VERBOSE\n",
        scratch.join("host").display(),
        keys_file.display(),
        if forwards_sockets { "yes" } else { "no" },
    );
    scratch.write("sshd_config", config)
}
