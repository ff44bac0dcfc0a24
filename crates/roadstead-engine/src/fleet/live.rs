//! What the last ticks left in memory: the "now" of every page. Survives nothing; the store remembers.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use roadstead_model::time::DAY_MS;
use roadstead_model::{
    AppId, ContainerFacts, ContainerId, ContainerState, DeploymentId, HostId, MemoryLevel, Sample, Tick,
    Window,
};
use roadstead_store::{AppSizes, Change, ContainerRef, HostRecord, LogLoss};

use super::log_counts::LogCounts;
use crate::connection::ConnectionLog;
use crate::deploys::observe::Watch;
use crate::open_window::OpenWindow;
use crate::sizes::{DeploymentSizes, UserSizes};
use crate::wire::LogScan;

/// A container as last listed, with our ids.
#[derive(Debug, Clone)]
pub(crate) struct LiveContainer {
    /// What the engine says.
    pub(crate) facts: ContainerFacts,
    /// Our id.
    pub(crate) container: ContainerId,
    /// Its deployment.
    pub(crate) deployment: DeploymentId,
    /// Its app.
    pub(crate) app: AppId,
}

/// One host as last seen.
#[derive(Debug, Clone)]
pub(crate) struct LiveHost {
    /// As stored.
    pub(crate) record: HostRecord,
    /// Its connection since the start.
    pub(crate) connection: ConnectionLog,
    /// Its tick interval in force.
    pub(crate) interval_ms: i64,
    /// Its containers, running or not.
    pub(crate) containers: Vec<LiveContainer>,
    /// The samples of its last tick.
    pub(crate) latest: HashMap<ContainerId, Sample>,
    /// Its last tick.
    pub(crate) last_tick_ms: Option<i64>,
    /// The window that is to be closed next, once its logs are read.
    pub(crate) waiting: Option<Window>,
    /// Its open report window.
    pub(crate) open: OpenWindow,
    /// OOM kills seen per container since the start.
    pub(crate) oom_kills: HashMap<ContainerId, u32>,
    /// Changes that the store could not take yet.
    pub(crate) unstored: Vec<Change>,
    /// How far each container's log has been read.
    pub(crate) logs: HashMap<ContainerId, LogScan>,
    /// Error and warning events of its last day.
    pub(crate) log_counts: LogCounts,
    /// When lines of its deployments' logs were lost, in the last day at least.
    pub(crate) log_losses: Vec<LogLoss>,
    /// What its deployments ran when they were last looked at.
    pub(crate) watch: Watch,
}

impl LiveHost {
    /// A host nobody has asked since the start.
    #[must_use]
    pub(crate) fn new(record: HostRecord, interval_ms: i64) -> Self {
        Self {
            connection: ConnectionLog::new(record.paused),
            interval_ms,
            containers: Vec::new(),
            latest: HashMap::new(),
            last_tick_ms: record.last_tick_ms,
            waiting: None,
            open: OpenWindow::default(),
            oom_kills: HashMap::new(),
            unstored: Vec::new(),
            logs: HashMap::new(),
            log_counts: LogCounts::default(),
            log_losses: Vec::new(),
            watch: Watch::default(),
            record,
        }
    }

    /// The last tick is younger than two intervals.
    #[must_use]
    pub(crate) fn is_fresh(&self, now_ms: i64) -> bool {
        self.last_tick_ms
            .is_some_and(|tick_ms| now_ms - tick_ms < 2 * self.interval_ms)
    }

    /// The sample of a running container, when it is fresh.
    #[must_use]
    pub(crate) fn fresh_sample(&self, container: &LiveContainer, now_ms: i64) -> Option<&Sample> {
        (self.is_fresh(now_ms) && container.facts.state.is_running())
            .then(|| self.latest.get(&container.container))
            .flatten()
    }

    /// Takes in a tick; `left_out` are the containers that count in no report.
    pub(crate) fn add_tick(&mut self, tick: &Tick, left_out: &HashSet<ContainerId>) {
        self.open.add(tick, left_out);
        self.last_tick_ms = Some(tick.tick_ms);
        self.record.last_tick_ms = Some(tick.tick_ms);
        self.latest = tick
            .samples
            .iter()
            .map(|sample| (sample.container, sample.clone()))
            .collect();
    }

    /// Takes in an inventory.
    pub(crate) fn set_containers(&mut self, facts: Vec<ContainerFacts>, refs: &[ContainerRef]) {
        let by_engine_id: HashMap<_, _> = refs.iter().map(|r| (&r.engine_id, r)).collect();
        self.containers = facts
            .into_iter()
            .filter_map(|facts| {
                let found = by_engine_id.get(&facts.engine_id)?;
                Some(LiveContainer {
                    container: found.container,
                    deployment: found.deployment,
                    app: found.app,
                    facts,
                })
            })
            .collect();
        let present: HashSet<ContainerId> = self.containers.iter().map(|c| c.container).collect();
        self.oom_kills.retain(|container, _| present.contains(container));
        self.logs.retain(|container, _| present.contains(container));
    }

    /// Lines of a deployment's logs were lost in the last 24 hours: its counts of them are lower bounds.
    #[must_use]
    pub(crate) fn lost_lines_lately(&self, deployment: DeploymentId, now_ms: i64) -> bool {
        let lately = |loss: &LogLoss| loss.deployment == deployment && loss.range.to_ms > now_ms - DAY_MS;
        self.log_losses.iter().any(lately)
    }

    /// Memory of all containers at the last tick, by the docker CLI's formula; absent when none was measured.
    #[must_use]
    pub(crate) fn memory_used_bytes(&self) -> Option<u64> {
        let mut measured = self
            .latest
            .values()
            .filter_map(|s| s.memory_used_bytes)
            .peekable();
        measured.peek()?;
        Some(measured.sum())
    }

    /// Cores of all containers at the last tick; absent when none was measured.
    #[must_use]
    pub(crate) fn cpu_cores(&self) -> Option<f64> {
        let mut measured = self.latest.values().filter_map(|s| s.cpu_cores).peekable();
        measured.peek()?;
        Some(measured.sum())
    }

    /// Memory of the machine, when its engine ever said it.
    #[must_use]
    pub(crate) fn memory_total_bytes(&self) -> Option<u64> {
        self.record
            .facts
            .as_ref()
            .map(|facts| facts.memory_bytes)
            .filter(|bytes| *bytes > 0)
    }

    /// Memory used against the machine's.
    #[must_use]
    pub(crate) fn memory_level(&self) -> MemoryLevel {
        MemoryLevel::of(self.memory_used_bytes(), self.memory_total_bytes())
    }
}

/// An app's names.
#[derive(Debug, Clone, Default)]
pub(crate) struct AppNames {
    /// Its name.
    pub(crate) name: String,
    /// Its name to show, from a label.
    pub(crate) display_name: Option<String>,
}

/// The whole fleet as last seen.
#[derive(Debug, Default)]
pub(crate) struct LiveFleet {
    /// Hosts that are not removed.
    pub(crate) hosts: BTreeMap<HostId, LiveHost>,
    /// Names of apps.
    pub(crate) apps: HashMap<AppId, AppNames>,
    /// What the user typed, per app.
    pub(crate) typed: HashMap<AppId, AppSizes>,
    /// Names of apps or containers that are left out of apps and reports.
    pub(crate) protected: HashSet<String>,
}

impl LiveFleet {
    /// Whether a container is left out of apps and reports: by its label, or because its name or its app's is on the
    /// operator's list.
    #[must_use]
    pub(crate) fn is_protected(&self, facts: &ContainerFacts) -> bool {
        facts.protected || self.protected.contains(&facts.name) || self.protected.contains(&facts.app.0)
    }

    /// The app with this name.
    #[must_use]
    pub(crate) fn app_named(&self, name: &str) -> Option<AppId> {
        self.apps
            .iter()
            .find(|(_, names)| names.name == name)
            .map(|(id, _)| *id)
    }

    /// An app's name to show: typed, from a label, or its own.
    #[must_use]
    pub(crate) fn display_name(&self, app: AppId) -> String {
        let typed = self.typed.get(&app).and_then(|sizes| sizes.display_name.clone());
        let names = self.apps.get(&app);
        typed
            .or_else(|| names.and_then(|n| n.display_name.clone()))
            .or_else(|| names.map(|n| n.name.clone()))
            .unwrap_or_default()
    }

    /// What the user typed of an app.
    #[must_use]
    pub(crate) fn user_sizes(&self, app: AppId) -> UserSizes {
        self.typed
            .get(&app)
            .map(|sizes| UserSizes {
                estimate_bytes: sizes.estimate_bytes,
                limit_bytes: sizes.limit_bytes,
            })
            .unwrap_or_default()
    }

    /// Estimate and limit in force of an app's deployment with these containers: of those that run, or of all that ever
    /// ran when none does. A one-shot container that ended holds no memory and limits nothing.
    #[must_use]
    pub(crate) fn sizes_of(&self, app: AppId, containers: &[&ContainerFacts]) -> DeploymentSizes {
        let holds_memory =
            |facts: &&ContainerFacts| facts.state.is_running() || facts.state == ContainerState::Restarting;
        let any_holds = containers.iter().any(holds_memory);
        let counted = containers.iter().copied().filter(|facts| {
            if any_holds {
                holds_memory(facts)
            } else {
                facts.state != ContainerState::Created
            }
        });
        DeploymentSizes::of(self.user_sizes(app), counted)
    }

    /// Containers of a host that are left out of reports.
    #[must_use]
    pub(crate) fn protected_of(&self, host: &LiveHost) -> HashSet<ContainerId> {
        host.containers
            .iter()
            .filter(|c| self.is_protected(&c.facts))
            .map(|c| c.container)
            .collect()
    }
}

/// The fleet behind a lock that is only ever held for a moment, never across an await.
#[derive(Debug, Default)]
pub(crate) struct Live {
    fleet: RwLock<LiveFleet>,
}

impl Live {
    /// To look.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, LiveFleet> {
        self.fleet.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// To change.
    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, LiveFleet> {
        self.fleet.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Containers of a host that are left out of reports.
    pub(crate) fn protected_of(&self, host: HostId) -> HashSet<ContainerId> {
        let fleet = self.read();
        let live = fleet.hosts.get(&host);
        live.map(|live| fleet.protected_of(live)).unwrap_or_default()
    }

    /// Changes one host, when it is still there.
    pub(crate) fn with_host<T>(&self, host: HostId, change: impl FnOnce(&mut LiveHost) -> T) -> Option<T> {
        self.write().hosts.get_mut(&host).map(change)
    }
}
