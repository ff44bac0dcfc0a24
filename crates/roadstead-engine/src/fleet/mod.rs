//! One running fleet: its store, its hosts' tasks, and what they left in memory. The operator's own fleet is one; the
//! simulated fleet is another, with another store.

mod host_task;
pub(crate) mod live;
pub(crate) mod log_counts;
mod log_passes;
mod log_reports;
mod pace;
mod recorder;
mod round;
pub(crate) mod sampling;
#[cfg(test)]
pub(crate) mod silent;
pub(crate) mod upkeep;
mod windows;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use roadstead_collect::{ConnectOptions, EngineConnection};
use roadstead_model::time::DAY_MS;
use roadstead_model::{HostId, TimeRange, Window};
use roadstead_store::{AppSizes, ContainerRef, HostRecord, OpenOptions, Opened, SetAside, Store, StoreError};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::deploys::observe::Watch;
use crate::deploys::{DeployHook, RunningDeploys};
use crate::notify::Notifier;
use crate::random::random;
use crate::settings;
use crate::wire::{Banner, Settings, Tag};
use live::{AppNames, Live, LiveHost};
use log_counts::LogCounts;
use recorder::Recorder;

/// Where the key of the hashes of settings is kept.
const CONFIG_KEY: &str = "config_key";
/// How long stopping may take before tasks are left behind.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// How long it may take when a deploy is under way: it puts back what it changed. What is not done then is repaired at the next start.
const PUT_BACK_WITHIN: Duration = Duration::from_secs(45);

/// Logs that are read at once, over all hosts: each holds some megabytes while it is read.
const LOG_READS: usize = 32;

/// What a fleet is opened with.
#[derive(Debug, Clone)]
pub(crate) struct FleetOptions {
    /// Folder of its store.
    pub(crate) dir: PathBuf,
    /// How hosts are connected to.
    pub(crate) connect: ConnectOptions,
    /// The clock.
    pub(crate) clock: Clock,
    /// Where changes are told.
    pub(crate) notifier: Notifier,
    /// Settings of the operator, when they do not come from this fleet's own store (the demo's).
    pub(crate) settings: Option<Settings>,
    /// Told at each step of a replacement.
    pub(crate) deploy_hook: Option<DeployHook>,
}

/// One running fleet. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Fleet {
    pub(crate) store: Store,
    pub(crate) live: Arc<Live>,
    pub(crate) clock: Clock,
    pub(crate) notifier: Notifier,
    pub(crate) settings: watch::Sender<Settings>,
    pub(crate) set_aside: Option<SetAside>,
    pub(crate) connect_options: ConnectOptions,
    /// Deploys that are under way.
    pub(crate) deploys: RunningDeploys,
    pub(crate) deploy_hook: Option<DeployHook>,
    recorder: Recorder,
    /// Logs that are read at once, over all hosts.
    log_reads: Arc<Semaphore>,
    failing: Arc<Mutex<BTreeMap<&'static str, String>>>,
    hosts: Arc<Mutex<HashMap<HostId, HostHandle>>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// How to reach a host's task.
#[derive(Debug)]
struct HostHandle {
    stop: CancellationToken,
    wake: Arc<Notify>,
    /// Its open connection.
    connection: Option<EngineConnection>,
}

impl Fleet {
    /// Opens the store, remembers what was last seen, and starts every task.
    pub(crate) async fn open(options: FleetOptions) -> Result<Self, StoreError> {
        let now_ms = options.clock.now_ms();
        let Opened { store, set_aside } = Store::open(OpenOptions {
            dir: options.dir,
            now_ms,
        })
        .await?;
        let private_dir = options.connect.private_dir.clone();
        let swept =
            tokio::task::spawn_blocking(move || roadstead_collect::sweep_private_dir(&private_dir)).await;
        if let Ok(tunnels @ 1..) = swept {
            tracing::info!(tunnels, "ended tunnels that a killed program had left behind");
        }
        let settings = match options.settings {
            Some(settings) => settings,
            None => load_settings(&store).await?,
        };
        let connect = ConnectOptions {
            config_key: config_key(&store).await?,
            ..options.connect
        };
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let (recorder, writing) = Recorder::new(
            store.clone(),
            options.clock.clone(),
            options.notifier.clone(),
            stop.clone(),
        );
        tasks.spawn(writing);
        let fleet = Self {
            store,
            live: Arc::default(),
            clock: options.clock,
            notifier: options.notifier,
            settings: watch::Sender::new(settings),
            set_aside,
            connect_options: connect,
            deploys: RunningDeploys::default(),
            deploy_hook: options.deploy_hook,
            recorder,
            log_reads: Arc::new(Semaphore::new(LOG_READS)),
            failing: Arc::default(),
            hosts: Arc::default(),
            tasks,
            stop,
        };
        fleet.interrupt_unfinished().await?;
        fleet.remember().await?;
        let windows = fleet.clone();
        fleet
            .tasks
            .spawn(async move { windows.close_windows(windows.stop.clone()).await });
        let upkeep = fleet.clone();
        fleet
            .tasks
            .spawn(async move { upkeep.keep_store(upkeep.stop.clone()).await });
        let hosts: Vec<HostId> = fleet.live.read().hosts.keys().copied().collect();
        for host in hosts {
            fleet.start_host(host);
        }
        Ok(fleet)
    }

    /// Stops every task, writes what waits, and closes the store.
    pub(crate) async fn close(&self) {
        let limit = if self.deploys.any() {
            PUT_BACK_WITHIN
        } else {
            STOP_WITHIN
        };
        self.deploys.cancel_all();
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(limit, self.tasks.wait()).await.is_err() {
            tracing::warn!("a task did not stop in time");
        }
        // The connections that deploys use: the last one to go ends its tunnel.
        self.handles().clear();
        if let Err(error) = self.store.close().await {
            tracing::warn!(%error, "the store did not close cleanly");
        }
    }

    /// Fills the memory from the store: hosts, containers, the last tick of each, the open window so far.
    async fn remember(&self) -> Result<(), StoreError> {
        let settings = self.settings.borrow().clone();
        let hosts = self.store.hosts().await?;
        {
            let mut fleet = self.live.write();
            fleet.protected = settings.protected.iter().cloned().collect();
            for record in hosts.into_iter().filter(|record| record.removed_at_ms.is_none()) {
                let interval_ms = interval_of(&record, &settings);
                fleet.hosts.insert(record.id, LiveHost::new(record, interval_ms));
            }
        }
        self.refresh_names().await?;
        let known: Vec<HostId> = self.live.read().hosts.keys().copied().collect();
        for host in known {
            self.remember_host(host).await?;
        }
        Ok(())
    }

    /// Names of apps and what the user typed, as stored now.
    pub(crate) async fn refresh_names(&self) -> Result<(), StoreError> {
        let apps = self.store.apps().await?;
        let typed = self.store.app_sizes().await?;
        let mut fleet = self.live.write();
        fleet.apps = apps
            .into_iter()
            .map(|app| {
                (
                    app.id,
                    AppNames {
                        name: app.name.0,
                        display_name: app.display_name,
                    },
                )
            })
            .collect();
        fleet.typed = typed
            .into_iter()
            .filter(|t| t.host.is_none())
            .map(|t| (t.app, t.sizes))
            .collect::<HashMap<_, AppSizes>>();
        Ok(())
    }

    async fn remember_host(&self, host: HostId) -> Result<(), StoreError> {
        let records = self.store.containers(Some(host), false).await?;
        let last_tick_ms = self
            .live
            .read()
            .hosts
            .get(&host)
            .and_then(|live| live.last_tick_ms);
        let ticks = match last_tick_ms {
            Some(tick_ms) => {
                let from_ms = Window::holding(tick_ms).start_ms.max(tick_ms - DAY_MS);
                match TimeRange::new(from_ms, tick_ms + 1) {
                    Some(range) => self.store.ticks_between(host, range).await?,
                    None => Vec::new(),
                }
            }
            None => Vec::new(),
        };
        let cursors = self.store.log_cursors(host).await?;
        let left_out = {
            let fleet = self.live.read();
            let protected = records.iter().filter(|r| fleet.is_protected(&r.facts));
            protected.map(|r| r.id).collect()
        };
        self.live.with_host(host, |live| {
            let refs: Vec<ContainerRef> = records
                .iter()
                .map(|r| ContainerRef {
                    container: r.id,
                    deployment: r.deployment,
                    app: r.app,
                    engine_id: r.facts.engine_id.clone(),
                })
                .collect();
            live.set_containers(records.into_iter().map(|r| r.facts).collect(), &refs);
            for tick in &ticks {
                live.add_tick(tick, &left_out);
            }
            live.logs = cursors
                .iter()
                .map(|cursor| (cursor.container, log_passes::scan_of(cursor)))
                .collect();
        });
        let current = self.store.current_deploys(host).await?;
        let watch = Watch::new(
            current
                .iter()
                .map(|row| (row.deployment, row.services.as_slice())),
        );
        self.live.with_host(host, |live| live.watch = watch);
        self.remember_log_counts(host).await
    }

    /// The error and warning events of a host's last day, as stored.
    async fn remember_log_counts(&self, host: HostId) -> Result<(), StoreError> {
        let now_ms = self.clock.now_ms();
        if let Some(range) = TimeRange::new(now_ms - 2 * DAY_MS, now_ms + DAY_MS) {
            let counts = LogCounts::new(&self.store.log_counts(host, range).await?);
            self.live.with_host(host, |live| live.log_counts = counts);
        }
        self.remember_log_losses(host).await
    }

    /// When lines of a host's logs were lost in its last day, as stored.
    async fn remember_log_losses(&self, host: HostId) -> Result<(), StoreError> {
        let now_ms = self.clock.now_ms();
        if let Some(range) = TimeRange::new(now_ms - 2 * DAY_MS, now_ms + DAY_MS) {
            let losses = self.store.log_losses(host, range).await?;
            self.live.with_host(host, |live| live.log_losses = losses);
        }
        Ok(())
    }

    /// Starts the task of a host that is in memory, or starts it anew.
    pub(crate) fn start_host(&self, host: HostId) {
        self.stop_host(host);
        let stop = self.stop.child_token();
        let wake = Arc::new(Notify::new());
        self.handles().insert(
            host,
            HostHandle {
                stop: stop.clone(),
                wake: Arc::clone(&wake),
                connection: None,
            },
        );
        let fleet = self.clone();
        self.tasks
            .spawn(async move { host_task::run(fleet, host, stop, wake).await });
    }

    /// Stops the task of a host; what it holds (connection, tunnel) is let go by itself.
    pub(crate) fn stop_host(&self, host: HostId) {
        if let Some(handle) = self.handles().remove(&host) {
            handle.stop.cancel();
        }
    }

    /// The open connection of a host, while it answers.
    pub(crate) fn connection_of(&self, host: HostId) -> Option<EngineConnection> {
        self.handles().get(&host)?.connection.clone()
    }

    /// Takes note that a host was connected to, or that its connection is over.
    pub(crate) fn set_connection(&self, host: HostId, connection: Option<EngineConnection>) {
        if let Some(handle) = self.handles().get_mut(&host) {
            handle.connection = connection;
        }
    }

    /// Until the fleet is closed.
    pub(crate) async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Runs something, whoever waits for it; closing the fleet does.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.tasks.spawn(task)
    }

    /// Lets a waiting host try at once.
    pub(crate) fn wake_host(&self, host: HostId) {
        if let Some(handle) = self.handles().get(&host) {
            handle.wake.notify_one();
        }
    }

    /// Reads a host as stored and (re)starts it: after it was added, changed, resumed or restored.
    pub(crate) async fn adopt_host(&self, host: HostId) -> Result<(), StoreError> {
        let record = self
            .store
            .hosts()
            .await?
            .into_iter()
            .find(|record| record.id == host);
        let Some(record) = record.filter(|record| record.removed_at_ms.is_none()) else {
            return Err(StoreError::NotFound {
                what: "host",
                id: host.0,
            });
        };
        let interval_ms = interval_of(&record, &self.settings.borrow());
        let is_new = {
            let mut fleet = self.live.write();
            let is_new = !fleet.hosts.contains_key(&host);
            let live = fleet
                .hosts
                .entry(host)
                .or_insert_with(|| LiveHost::new(record.clone(), interval_ms));
            live.interval_ms = interval_ms;
            if record.paused {
                live.connection.paused();
            } else if live.record.paused || live.record.endpoint != record.endpoint {
                live.connection = crate::connection::ConnectionLog::new(false);
            }
            live.record = record;
            is_new
        };
        if is_new {
            self.remember_host(host).await?;
        }
        self.start_host(host);
        self.notifier.changed(Tag::Hosts);
        self.notifier.changed(Tag::Host(host));
        self.notifier.changed(Tag::AppState);
        Ok(())
    }

    /// Takes settings into force: intervals of hosts without their own, the protected list.
    pub(crate) fn apply_settings(&self, settings: Settings) {
        let mut restarted = Vec::new();
        {
            let mut fleet = self.live.write();
            fleet.protected = settings.protected.iter().cloned().collect();
            for (id, host) in &mut fleet.hosts {
                let interval_ms = interval_of(&host.record, &settings);
                if interval_ms != host.interval_ms {
                    host.interval_ms = interval_ms;
                    restarted.push(*id);
                }
            }
        }
        self.settings.send_replace(settings);
        for host in restarted {
            self.start_host(host);
        }
        for tag in [Tag::Settings, Tag::AppState, Tag::Apps] {
            self.notifier.changed(tag);
        }
    }

    /// What the operator should know wherever they are.
    pub(crate) fn banners(&self) -> Vec<Banner> {
        let mut banners: Vec<Banner> = self.recorder.banner().into_iter().collect();
        if let Some(aside) = &self.set_aside {
            banners.push(Banner::StoreSetAside {
                path: aside.path.display().to_string(),
                reason: aside.reason.clone(),
            });
        }
        let failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        banners.extend(failing.iter().map(|(task, reason)| Banner::TaskFailing {
            task: (*task).to_owned(),
            reason: reason.clone(),
        }));
        banners
    }

    fn task_failed(&self, task: &'static str, error: &StoreError) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        // Full disks have a banner of their own, from the recorder.
        if !matches!(error, StoreError::DiskFull) && failing.insert(task, error.to_string()).is_none() {
            self.notifier.changed(Tag::AppState);
        }
    }

    fn task_recovered(&self, task: &'static str) {
        if self
            .failing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(task)
            .is_some()
        {
            self.notifier.changed(Tag::AppState);
        }
    }

    fn handles(&self) -> std::sync::MutexGuard<'_, HashMap<HostId, HostHandle>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A host's tick interval in force.
pub(crate) fn interval_of(record: &HostRecord, settings: &Settings) -> i64 {
    record
        .interval_override_ms
        .unwrap_or(i64::from(settings.tick_interval_s) * 1_000)
}

async fn load_settings(store: &Store) -> Result<Settings, StoreError> {
    let Some(text) = store.load_setting(settings::SETTINGS_KEY).await? else {
        return Ok(Settings::default());
    };
    Ok(settings::from_stored(&text).unwrap_or_else(|error| {
        tracing::warn!(%error, "stored settings cannot be read; defaults are in force");
        Settings::default()
    }))
}

/// The key of this store's hashes of settings; made when it is first asked for.
async fn config_key(store: &Store) -> Result<[u8; 16], StoreError> {
    let stored = store.load_setting(CONFIG_KEY).await?;
    let known = stored.and_then(|text| u128::from_str_radix(text.trim_matches('"'), 16).ok());
    let key = match known {
        Some(key) => key,
        None => {
            let key = u128::from(random()) << 64 | u128::from(random());
            store.save_setting(CONFIG_KEY, &format!("\"{key:032x}\"")).await?;
            key
        }
    };
    Ok(key.to_be_bytes())
}

/// Where a fleet keeps its store below the data folder.
pub(crate) fn store_dir(data_dir: &Path, name: &str) -> PathBuf {
    data_dir.join(name)
}
