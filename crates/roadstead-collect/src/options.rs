//! What a connection may take: time, sockets, how `ssh` is run, and where logins of registries are.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// How long to wait, where private sockets live, how many sockets one host may hold.
#[derive(Clone)]
pub struct ConnectOptions {
    /// Time for a whole [`connect`](crate::connect) or [`test`](crate::test), whatever the other side does.
    pub timeout: Duration,
    /// Time for one request and its whole answer, once connected.
    pub answer_timeout: Duration,
    /// Directory for the forwarded sockets of ssh hosts. Made when missing; each tunnel makes its own `0700` directory
    /// inside. Keep it short: the path of a unix socket ends at about a hundred bytes.
    pub private_dir: PathBuf,
    /// Sockets (or forwarded channels) one host may hold at once, the event stream included. At least 3 are used.
    pub max_connections: usize,
    /// How `ssh` is run.
    pub ssh: SshOptions,
    /// Key of the hashes in [`ContainerConfig`](roadstead_model::ContainerConfig): one per store, made when it is made. Hashes
    /// of different keys cannot be compared.
    pub config_key: [u8; 16],
    /// Where logins of registries are.
    pub registry: RegistryOptions,
}

impl ConnectOptions {
    /// Ten seconds to connect, thirty for an answer, 48 connections, the user's own ssh configuration, a key of zeros, no logins
    /// of registries.
    #[must_use]
    pub fn new(private_dir: PathBuf) -> Self {
        Self {
            timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(30),
            private_dir,
            max_connections: 48,
            ssh: SshOptions::default(),
            config_key: [0; 16],
            registry: RegistryOptions::default(),
        }
    }
}

impl std::fmt::Debug for ConnectOptions {
    /// Everything but the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectOptions")
            .field("timeout", &self.timeout)
            .field("answer_timeout", &self.answer_timeout)
            .field("private_dir", &self.private_dir)
            .field("max_connections", &self.max_connections)
            .field("ssh", &self.ssh)
            .field("registry", &self.registry)
            .finish_non_exhaustive()
    }
}

/// Where the operator's own logins of registries are: those of `docker login`. The default has none.
#[derive(Debug, Clone, Default)]
pub struct RegistryOptions {
    /// The directory of the docker CLI's `config.json`; see
    /// [`DiscoverSources::docker_config_dir`](crate::DiscoverSources::docker_config_dir).
    pub config_dir: Option<PathBuf>,
    /// Where its `docker-credential-…` programs are looked up, instead of in `PATH`.
    pub search_path: Option<OsString>,
}

/// How `ssh` is run. The default is the system's program with the user's own configuration.
#[derive(Debug, Clone)]
pub struct SshOptions {
    /// The program: `ssh` is looked up in `PATH`.
    pub program: PathBuf,
    /// Configuration file instead of the user's (`ssh -F`).
    pub config_file: Option<PathBuf>,
    /// More options, each as `-o` takes them (`IdentityFile=…`). Those that keep a tunnel unattended come before and
    /// win.
    pub extra: Vec<String>,
}

impl Default for SshOptions {
    fn default() -> Self {
        Self {
            program: PathBuf::from("ssh"),
            config_file: None,
            extra: Vec::new(),
        }
    }
}
