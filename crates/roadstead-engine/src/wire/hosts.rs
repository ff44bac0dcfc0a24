//! Hosts, their connections and their containers.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use roadstead_model::{ContainerState, Fault, Health, HostId, MemoryLevel};

use super::{DeploymentRow, LogScan, WireError};

/// How a host is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// A unix socket of this machine.
    Unix,
    /// TCP with certificates.
    Tls,
    /// TCP in plain text.
    Plain,
    /// A socket forwarded over ssh.
    Ssh,
}

/// Certificate files, as typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TlsDraft {
    /// Path of the authority's certificate.
    pub ca: String,
    /// Path of our certificate.
    pub cert: String,
    /// Path of our key.
    pub key: String,
}

/// A host as typed in the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HostDraft {
    /// Name to show: 1 to 80 characters, unique.
    pub name: String,
    /// Customer label; the name when empty.
    pub customer: String,
    /// `unix://…`, `tcp://…` or `ssh://…`.
    pub address: String,
    /// Certificates of a `tcp://` address.
    pub tls: Option<TlsDraft>,
    /// The plain-text warning was read and accepted. Without it a plain `tcp://` address is refused.
    pub accept_plain_text: bool,
    /// Seconds between ticks, 5 to 300; the general setting when absent.
    pub tick_interval_s: Option<u32>,
}

/// A changed host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EditHost {
    /// Which.
    pub host: HostId,
    /// All its fields.
    pub draft: HostDraft,
}

/// Pause or resume a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PauseHost {
    /// Which.
    pub host: HostId,
    /// True pauses: nothing is asked of the host until it is resumed.
    pub paused: bool,
}

/// One host is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HostRequest {
    /// Which.
    pub host: HostId,
}

/// Where a host that could be added was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CandidateSource {
    /// The machine's own Docker socket.
    LocalSocket,
    /// A rootless Docker socket of this user.
    RootlessDocker,
    /// The machine's Podman socket.
    Podman,
    /// A rootless Podman socket of this user.
    RootlessPodman,
    /// A Docker context.
    Context {
        /// The context's name.
        name: String,
    },
    /// `DOCKER_HOST`.
    Environment,
}

/// A host found on this machine that could be added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HostCandidate {
    /// Ready to be added or edited first.
    pub draft: HostDraft,
    /// How it is reached.
    pub transport: Transport,
    /// Where it was found.
    pub source: CandidateSource,
    /// The docker CLI would use it now.
    pub current: bool,
    /// The host that already has this address.
    pub already: Option<HostId>,
}

/// What was found on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Discovery {
    /// Hosts that could be added, the current one first.
    pub candidates: Vec<HostCandidate>,
    /// Context files that could not be read, or not as they ask for.
    pub problems: Vec<DiscoveryProblem>,
}

/// A file or variable of the docker CLI, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DiscoveryProblem {
    /// The file, or the name of the variable.
    pub path: String,
    /// What is wrong.
    pub error: WireError,
}

/// What a connection test found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum ConnectionTest {
    /// The engine answered.
    Answered {
        /// What it is.
        engine: EngineFacts,
        /// Containers, running or not.
        containers_total: u32,
        /// Running containers.
        containers_running: u32,
        /// One ping, there and back.
        round_trip_ms: f64,
        /// Another host with the same engine id: a cloned machine, or the same engine twice.
        same_engine_as: Option<String>,
    },
    /// It did not.
    Failed {
        /// Why.
        fault: Fault,
        /// How long it took to find out.
        elapsed_ms: f64,
    },
}

/// What an engine is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EngineFacts {
    /// `Docker` or `Podman`.
    pub kind: String,
    /// Engine version.
    pub version: String,
    /// API version agreed on.
    pub api_version: String,
    /// Operating system.
    pub operating_system: String,
    /// The machine's host name.
    pub hostname: String,
    /// Cores.
    pub cpu_cores: u32,
    /// Memory of the machine.
    pub memory_bytes: u64,
    /// cgroup version, when known.
    pub cgroup_version: Option<u8>,
}

/// State of the connection to a host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum HostState {
    /// The first attempt is under way.
    Connecting,
    /// It answers.
    Connected {
        /// Since when.
        since_ms: i64,
    },
    /// It does not answer.
    Unreachable {
        /// Since when.
        since_ms: i64,
        /// Why.
        fault: Fault,
        /// When the next attempt is made.
        next_try_ms: i64,
    },
    /// The operator paused it.
    Paused,
}

/// A fault and when it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PastFault {
    /// When.
    pub at_ms: i64,
    /// What.
    pub fault: Fault,
}

/// The life of a connection since the app was started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Connection {
    /// Now.
    pub state: HostState,
    /// The last ping, there and back.
    pub round_trip_ms: Option<f64>,
    /// Times the connection was made again after it was lost.
    pub reconnects: u32,
    /// The last fault, also when it has healed.
    pub last_fault: Option<PastFault>,
    /// Ticks taken.
    pub ticks: u32,
    /// Ticks that should have been taken and were not.
    pub ticks_missed: u32,
    /// How long the last round took.
    pub last_round_ms: Option<f64>,
    /// Containers that did not answer in the last round.
    pub last_round_failures: u32,
}

/// A host in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct HostRow {
    /// Its id.
    pub id: HostId,
    /// Its name.
    pub name: String,
    /// Its customer label.
    pub customer: String,
    /// Its address.
    pub address: String,
    /// Certificates, when it has any (paths).
    pub tls: Option<TlsDraft>,
    /// Plain text was accepted.
    pub accept_plain_text: bool,
    /// Its own tick interval, when it has one.
    pub tick_interval_s: Option<u32>,
    /// The operator lets us change containers there.
    pub writing: bool,
    /// How it is reached.
    pub transport: Transport,
    /// Its connection.
    pub connection: Connection,
    /// What its engine is, once it was reached.
    pub engine: Option<EngineFacts>,
    /// Another host whose engine says it is the same one.
    pub same_engine_as: Option<String>,
    /// Apps with a container there.
    pub apps: u32,
    /// Containers, running or not.
    pub containers_total: u32,
    /// Running containers, as last seen.
    pub containers_running: u32,
    /// Containers whose log cannot be read, or not completely.
    pub log_trouble: u32,
    /// Memory of all its containers at the last tick.
    pub memory_used_bytes: Option<u64>,
    /// CPU of all its containers at the last tick, in cores.
    pub cpu_cores: Option<f64>,
    /// Its last tick: the age of everything shown of it.
    pub last_tick_ms: Option<i64>,
    /// The last tick is older than two intervals.
    pub stale: bool,
}

/// All hosts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct HostList {
    /// When this was answered.
    pub now_ms: i64,
    /// Ordered by name.
    pub hosts: Vec<HostRow>,
}

/// A container as last seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ContainerRow {
    /// The engine's id.
    pub engine_id: String,
    /// Its name.
    pub name: String,
    /// Its app.
    pub app: String,
    /// Its service within the app.
    pub service: Option<String>,
    /// Image as typed.
    pub image: String,
    /// State.
    pub state: ContainerState,
    /// Health check result.
    pub health: Option<Health>,
    /// Left out of apps and reports.
    pub protected: bool,
    /// Memory by the docker CLI's formula; absent when it does not run or was not measured lately.
    pub memory_used_bytes: Option<u64>,
    /// Memory as the OOM killer counts it.
    pub memory_usage_bytes: Option<u64>,
    /// tmpfs and shared memory within it.
    pub memory_shmem_bytes: Option<u64>,
    /// Hard limit; absent when unlimited.
    pub memory_limit_bytes: Option<u64>,
    /// How the memory stands against the limit.
    pub memory_level: MemoryLevel,
    /// Cores used.
    pub cpu_cores: Option<f64>,
    /// CPU limit in cores.
    pub cpu_limit_cores: Option<f64>,
    /// Network received per second.
    pub network_rx_bytes_per_s: Option<f64>,
    /// Network sent per second.
    pub network_tx_bytes_per_s: Option<f64>,
    /// Block reads per second.
    pub block_read_bytes_per_s: Option<f64>,
    /// Block writes per second.
    pub block_write_bytes_per_s: Option<f64>,
    /// Processes and threads.
    pub pids: Option<u32>,
    /// Restarts by policy.
    pub restart_count: u32,
    /// Killed for memory in its last run.
    pub oom_killed: bool,
    /// Exit code of the last run.
    pub exit_code: Option<i64>,
    /// Created.
    pub created_at_ms: i64,
    /// Last started.
    pub started_at_ms: Option<i64>,
    /// How far its log has been read; absent before the first pass.
    pub log: Option<LogScan>,
}

/// One host in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct HostPage {
    /// When this was answered.
    pub now_ms: i64,
    /// The host.
    pub row: HostRow,
    /// Its containers, running first, then by name.
    pub containers: Vec<ContainerRow>,
    /// Its deployments over the last seven days, by average memory, highest first.
    pub deployments: Vec<DeploymentRow>,
}
