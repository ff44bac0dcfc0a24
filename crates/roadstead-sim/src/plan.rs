//! What a fleet is made from.

use roadstead_model::time::DAY_MS;

use crate::load::LogLoad;

/// 2025-01-01T00:00:00Z: where the script of a default fleet begins.
const DEFAULT_EPOCH_MS: i64 = 1_735_689_600_000;
/// Most hosts of one fleet.
const MAX_HOSTS: usize = 1_000;
/// Most containers of one host.
const MAX_CONTAINERS_PER_HOST: usize = 1_000;

/// 2200-01-01T00:00:00Z.
const YEAR_2200_MS: i64 = 7_258_118_400_000;
/// When the story of a fleet ends, after its epoch, where a plan does not say.
const STORY_AFTER_MS: i64 = 40 * DAY_MS;
/// The story of a fleet takes so long.
const STORY_LENGTH_MS: i64 = 30 * DAY_MS;

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
    /// The moment an operator is to look at the fleet, UTC epoch milliseconds: the scripted deploys lead up to it, the last
    /// of them some hours before. At least 30 days after the epoch; `None` is 40 days after it.
    pub story_ms: Option<i64>,
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
            story_ms: None,
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
    /// The story ends before it can have begun.
    #[error(
        "the story of the fleet cannot end at {story_ms} ms: it can from 30 days after the epoch at {epoch_ms} ms to 2200"
    )]
    Story {
        /// Where the script begins.
        epoch_ms: i64,
        /// The end that was asked for.
        story_ms: i64,
    },
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
    /// Where the story ends.
    pub(crate) fn story_end_ms(&self) -> i64 {
        self.story_ms.unwrap_or(self.epoch_ms + STORY_AFTER_MS)
    }

    /// Checks the ranges.
    pub(crate) fn check(&self) -> Result<(), PlanError> {
        if !(1..=MAX_HOSTS).contains(&self.hosts) {
            return Err(PlanError::Hosts(self.hosts));
        }
        if !(1..=MAX_CONTAINERS_PER_HOST).contains(&self.containers_per_host) {
            return Err(PlanError::Containers(self.containers_per_host));
        }
        if !(0..YEAR_2200_MS).contains(&self.epoch_ms) {
            return Err(PlanError::Epoch(self.epoch_ms));
        }
        if let Some(story_ms) = self
            .story_ms
            .filter(|story_ms| !(self.epoch_ms + STORY_LENGTH_MS..YEAR_2200_MS).contains(story_ms))
        {
            return Err(PlanError::Story {
                epoch_ms: self.epoch_ms,
                story_ms,
            });
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
