//! What a fleet is made from.

use crate::load::LogLoad;

/// 2025-01-01T00:00:00Z: where the script of a default fleet begins.
const DEFAULT_EPOCH_MS: i64 = 1_735_689_600_000;
/// Most hosts of one fleet.
const MAX_HOSTS: usize = 1_000;
/// Most containers of one host.
const MAX_CONTAINERS_PER_HOST: usize = 1_000;

/// What the simulated engines pretend to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EngineFlavour {
    /// Docker 27.3.1 (API 1.47) on cgroup v2.
    #[default]
    Docker27CgroupV2,
    /// Docker 20.10.24 (API 1.41) on cgroup v1. Its stats come at once, not on the daemon's one-second tick: use a
    /// slow fault for that.
    Docker20CgroupV1,
}

impl EngineFlavour {
    /// Engine version, e.g. `27.3.1`.
    #[must_use]
    pub fn engine_version(self) -> &'static str {
        match self {
            Self::Docker27CgroupV2 => "27.3.1",
            Self::Docker20CgroupV1 => "20.10.24",
        }
    }

    /// Newest API version spoken.
    #[must_use]
    pub fn api_version(self) -> &'static str {
        match self {
            Self::Docker27CgroupV2 => "1.47",
            Self::Docker20CgroupV1 => "1.41",
        }
    }

    /// Oldest API version spoken.
    #[must_use]
    pub fn min_api_version(self) -> &'static str {
        match self {
            Self::Docker27CgroupV2 => "1.24",
            Self::Docker20CgroupV1 => "1.12",
        }
    }

    /// cgroup version: 1 or 2.
    #[must_use]
    pub fn cgroup_version(self) -> u8 {
        match self {
            Self::Docker27CgroupV2 => 2,
            Self::Docker20CgroupV1 => 1,
        }
    }
}

/// What a fleet is made from. Equal plans make equal fleets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetPlan {
    /// Hosts: 1 to 1,000.
    pub hosts: usize,
    /// Containers of each host: 1 to 1,000.
    pub containers_per_host: usize,
    /// Any number; another number is another fleet.
    pub seed: u64,
    /// Where the script begins, UTC epoch milliseconds. Containers are a few days to weeks old then; moments before
    /// show an emptier fleet.
    pub epoch_ms: i64,
    /// What the engines pretend to be.
    pub flavour: EngineFlavour,
    /// Every container prints this much, and the apps are copies of one that does nothing else; `None` is a fleet as
    /// people have it.
    pub log_load: Option<LogLoad>,
}

impl Default for FleetPlan {
    fn default() -> Self {
        Self {
            hosts: 5,
            containers_per_host: 12,
            seed: 7,
            epoch_ms: DEFAULT_EPOCH_MS,
            flavour: EngineFlavour::default(),
            log_load: None,
        }
    }
}

/// Why a plan was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Too few or too many hosts.
    #[error("a fleet of {0} hosts cannot be simulated: 1 to {MAX_HOSTS} can")]
    Hosts(usize),
    /// Too few or too many containers.
    #[error("{0} containers on a host cannot be simulated: 1 to {MAX_CONTAINERS_PER_HOST} can")]
    Containers(usize),
    /// A moment no calendar of ours holds.
    #[error("the fleet cannot begin at {0} ms: it can between 1970 and 2200")]
    Epoch(i64),
    /// Too much or too little to print.
    #[error(
        "{lines_per_s} lines a second for {seconds} s cannot be printed: 10 to 100000 lines for 1 to 86400 s can"
    )]
    LogLoad {
        /// Lines a second.
        lines_per_s: u32,
        /// For how long.
        seconds: u32,
    },
}

impl FleetPlan {
    /// Checks the ranges.
    pub(crate) fn check(&self) -> Result<(), PlanError> {
        if !(1..=MAX_HOSTS).contains(&self.hosts) {
            return Err(PlanError::Hosts(self.hosts));
        }
        if !(1..=MAX_CONTAINERS_PER_HOST).contains(&self.containers_per_host) {
            return Err(PlanError::Containers(self.containers_per_host));
        }
        // 2200-01-01 in UTC epoch milliseconds.
        if !(0..7_258_118_400_000).contains(&self.epoch_ms) {
            return Err(PlanError::Epoch(self.epoch_ms));
        }
        if let Some(load) = self.log_load.filter(|load| !load.is_possible()) {
            return Err(PlanError::LogLoad {
                lines_per_s: load.lines_per_s,
                seconds: load.seconds,
            });
        }
        Ok(())
    }
}
