//! What an engine says of itself and of its containers, apart from measurements.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{AppName, ContainerConfig, EngineContainerId};

/// What an engine says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostFacts {
    /// The engine's own id. Cloned machines share it, so it identifies nothing for us.
    pub engine_id: String,
    /// `Docker` or `Podman`, as far as the version answer tells.
    pub engine_kind: String,
    /// Engine version, e.g. `20.10.24`.
    pub engine_version: String,
    /// The API version both sides agreed on, e.g. `1.41`.
    pub api_version: String,
    /// The machine's host name as the engine knows it.
    pub hostname: String,
    /// Operating system text, e.g. `Debian GNU/Linux 12`.
    pub operating_system: String,
    /// CPU cores of the machine.
    pub cpu_cores: u32,
    /// Memory of the machine.
    pub memory_bytes: u64,
    /// cgroup version: 1 or 2, when the engine says.
    pub cgroup_version: Option<u8>,
}

/// State of a container as the engine reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ContainerState {
    /// Made, never started.
    Created,
    /// Its main process runs.
    Running,
    /// Frozen by `docker pause`.
    Paused,
    /// Between death and the restart its policy asks for.
    Restarting,
    /// Being removed.
    Removing,
    /// Its main process ended.
    Exited,
    /// Could not be removed or started.
    Dead,
}

impl ContainerState {
    /// The word the engine uses; unknown words are `None`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "created" | "configured" | "initialized" => Self::Created,
            "running" => Self::Running,
            "paused" => Self::Paused,
            "restarting" => Self::Restarting,
            "removing" | "stopping" => Self::Removing,
            "exited" | "stopped" => Self::Exited,
            "dead" => Self::Dead,
            _ => return None,
        })
    }

    /// The engine's word for this state.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Removing => "removing",
            Self::Exited => "exited",
            Self::Dead => "dead",
        }
    }

    /// Whether the container holds memory now.
    #[must_use]
    pub fn is_running(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }
}

/// Result of a container's health check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Checks run, none has decided yet.
    Starting,
    /// The last check passed.
    Healthy,
    /// The last checks failed.
    Unhealthy,
}

/// What an engine says of one container.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContainerFacts {
    /// The engine's id.
    pub engine_id: EngineContainerId,
    /// The container's name without the leading slash.
    pub name: String,
    /// The app it belongs to.
    pub app: AppName,
    /// Name to show for the app, from our label.
    pub display_name: Option<String>,
    /// The service within the app.
    pub service: Option<String>,
    /// Image reference as typed at creation.
    pub image: String,
    /// Image id (`sha256:…`).
    pub image_id: String,
    /// State now.
    pub state: ContainerState,
    /// Health check result, when it has a check.
    pub health: Option<Health>,
    /// Creation time, UTC epoch milliseconds.
    pub created_at_ms: i64,
    /// Last start, UTC epoch milliseconds; absent before the first.
    pub started_at_ms: Option<i64>,
    /// Restarts by policy since creation, as the engine counts.
    pub restart_count: u32,
    /// Whether the kernel killed its main process for memory in its last run.
    pub oom_killed: bool,
    /// Exit code of the last run, when it has ended.
    pub exit_code: Option<i64>,
    /// Hard memory limit; absent when unlimited.
    pub memory_limit_bytes: Option<u64>,
    /// Soft limit (reservation); absent when none.
    pub memory_reservation_bytes: Option<u64>,
    /// CPU limit in cores; absent when unlimited.
    pub cpu_limit_cores: Option<f64>,
    /// Memory estimate from our label.
    pub label_estimate_bytes: Option<u64>,
    /// Memory limit as meant, from our label.
    pub label_limit_bytes: Option<u64>,
    /// Our label asks to leave this container out of apps and reports.
    pub protected: bool,
    /// Whether it has a terminal (its log is one raw stream then).
    pub tty: bool,
    /// Log driver, e.g. `json-file`.
    pub log_driver: String,
    /// `repository@sha256:…` of its image as the registry knows it; absent for images that were never pulled or pushed.
    #[serde(default)]
    pub image_digest: Option<String>,
    /// When its image was built, UTC epoch milliseconds, as far as it says.
    #[serde(default)]
    pub image_created_ms: Option<i64>,
    /// What it was created with; absent for containers stored before this was read.
    #[serde(default)]
    pub config: Option<Arc<ContainerConfig>>,
    /// Whether it is one that comes and goes by itself: never recreated by us.
    #[serde(default)]
    pub fleeting: Option<Fleeting>,
}

/// Why a container is not one to recreate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Fleeting {
    /// It was made by `docker compose run` for one job.
    OneOff,
    /// It is a task of a swarm: the swarm recreates it.
    SwarmTask,
    /// It removes itself when it ends (`--rm`).
    AutoRemove,
    /// It is the old or the new container of a replacement that is under way.
    InBetween,
}
