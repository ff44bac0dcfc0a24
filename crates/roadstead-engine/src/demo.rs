//! The simulated fleet: weeks of history made in seconds, then the same hosts served over sockets and polled like any
//! other. It has a store of its own beside the operator's, made anew each time and dropped when it is left.

mod ledger;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use roadstead_collect::ConnectOptions;
use roadstead_model::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, WINDOW_MS, align_down};
use roadstead_model::{
    ContainerFacts, DeploymentId, Endpoint, EngineContainerId, HostId, RateTracker, Report, Tick, TimeRange,
    Window,
};
use roadstead_sim::{Fleet as SimFleet, FleetPlan, ServingHost, SimClock, serve_fleet};
use roadstead_store::{ContainerRef, NewHost};

use crate::changes::{Difference, differences};
use crate::engine::EngineOptions;
use crate::fleet::sampling::Place;
use crate::fleet::{Fleet, FleetOptions, store_dir};
use crate::notify::Notifier;
use crate::pages::overview::StoredChange;
use crate::reports::{SizesInForce, reports_of_window};
use crate::sizes::{DeploymentSizes, UserSizes};
use crate::wire::{ChangeKind, Settings, Wire, WireError};

/// Hosts of the fleet.
const HOSTS: usize = 6;
/// Containers of each.
const CONTAINERS_PER_HOST: usize = 14;
/// The same fleet every time.
const SEED: u64 = 7;
/// How far back its reports go.
const HISTORY_MS: i64 = 30 * DAY_MS;
/// How far back its ticks go.
const TICKS_MS: i64 = 6 * HOUR_MS;
/// Interval of the readings that older reports are made from.
const COARSE_INTERVAL_MS: i64 = 5 * MINUTE_MS;
/// Interval of its ticks.
const FINE_INTERVAL_MS: i64 = 15 * SECOND_MS;
/// Ticks written at once.
const TICKS_PER_WRITE: usize = 240;
/// The fleet lives a while before its history begins, so that no leak starts at zero there.
const LEAD_MS: i64 = 10 * DAY_MS;

/// The simulated fleet while it is shown.
#[derive(Debug)]
pub(crate) struct Demo {
    pub(crate) fleet: Fleet,
    served: Vec<ServingHost>,
    dir: PathBuf,
    socket_dir: PathBuf,
}

impl Demo {
    /// Makes the fleet, its history, and starts polling it.
    pub(crate) async fn start(
        options: &EngineOptions,
        notifier: &Notifier,
        settings: Settings,
    ) -> Wire<Self> {
        let dir = store_dir(&options.data_dir, "demo");
        let socket_dir = options.run_dir.join("demo");
        for stale in [&dir, &socket_dir] {
            remove_dir(stale).await?;
        }
        tokio::fs::create_dir_all(&socket_dir)
            .await
            .map_err(WireError::internal)?;
        let now_ms = options.clock.now_ms();
        let plan = FleetPlan {
            hosts: HOSTS,
            containers_per_host: CONTAINERS_PER_HOST,
            seed: SEED,
            epoch_ms: align_down(now_ms - HISTORY_MS - LEAD_MS, DAY_MS),
            story_ms: Some(now_ms),
            ..FleetPlan::default()
        };
        let simulated = SimFleet::scripted(plan).map_err(WireError::internal)?;
        let served = serve_fleet(&simulated, &SimClock::real(), &socket_dir).map_err(WireError::internal)?;
        let fleet = Fleet::open(FleetOptions {
            dir: dir.clone(),
            connect: ConnectOptions::new(options.run_dir.clone()),
            clock: options.clock.clone(),
            notifier: notifier.clone(),
            settings: Some(settings),
            deploy_hook: None,
        })
        .await?;
        let demo = Self {
            fleet,
            served,
            dir,
            socket_dir,
        };
        match demo.fill(&simulated, now_ms).await {
            Ok(()) => Ok(demo),
            Err(error) => {
                demo.close().await;
                Err(error)
            }
        }
    }

    /// Adds every host with its past, and starts polling it.
    async fn fill(&self, simulated: &SimFleet, now_ms: i64) -> Wire<()> {
        for (index, host) in self.served.iter().enumerate() {
            let name = host.sim().host().name().to_owned();
            let id = self
                .fleet
                .store
                .add_host(NewHost {
                    customer: name.clone(),
                    name,
                    endpoint: Endpoint::Unix {
                        path: host.socket_path().to_owned(),
                    },
                    accept_plain_text: false,
                    interval_override_ms: None,
                    created_at_ms: now_ms - HISTORY_MS,
                })
                .await?;
            // Scripting weeks of readings takes processor time that the threads which answer must not miss.
            let (fleet_of, simulated) = (self.fleet.clone(), simulated.clone());
            let runtime = tokio::runtime::Handle::current();
            tokio::task::spawn_blocking(move || {
                runtime.block_on(backfill(&fleet_of, &simulated, index, id, now_ms))
            })
            .await
            .map_err(WireError::internal)??;
            self.fleet.adopt_host(id).await?;
        }
        Ok(self.fleet.refresh_names().await?)
    }

    /// Stops polling, stops serving, drops the store.
    pub(crate) async fn close(self) {
        self.fleet.close().await;
        for host in self.served {
            host.stop().await;
        }
        for dir in [&self.dir, &self.socket_dir] {
            if let Err(error) = remove_dir(dir).await {
                tracing::warn!(%error, "left-overs of the simulated fleet were not removed");
            }
        }
    }
}

async fn remove_dir(dir: &std::path::Path) -> Wire<()> {
    match tokio::fs::remove_dir_all(dir).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(WireError::internal(error)),
        _ => Ok(()),
    }
}

/// Reports of the past weeks from coarse readings, then ticks of the past hours and their reports.
async fn backfill(fleet: &Fleet, simulated: &SimFleet, index: usize, host: HostId, now_ms: i64) -> Wire<()> {
    let ticks_from_ms = align_down(now_ms - TICKS_MS, WINDOW_MS);
    let mut history = History::new(fleet, host);
    let coarse = TimeRange {
        from_ms: align_down(now_ms - HISTORY_MS, WINDOW_MS),
        to_ms: ticks_from_ms,
    };
    history
        .run(simulated, index, coarse, COARSE_INTERVAL_MS, false)
        .await?;
    // Means weigh by samples: the weeks read coarsely weigh as if they had been read as often as the hours after them.
    let finer = (COARSE_INTERVAL_MS / FINE_INTERVAL_MS) as u32;
    for report in &mut history.reports {
        report.sample_count *= finer;
        for container in &mut report.containers {
            container.sample_count *= finer;
        }
    }
    fleet.store.import_reports(&history.reports).await?;
    history.reports.clear();
    let fine = TimeRange {
        from_ms: ticks_from_ms,
        to_ms: now_ms,
    };
    history
        .run(simulated, index, fine, FINE_INTERVAL_MS, true)
        .await?;
    let whole = TimeRange {
        from_ms: coarse.from_ms,
        to_ms: now_ms,
    };
    ledger::write(fleet, simulated, index, host, whole).await
}

/// One host's past while it is made.
struct History<'a> {
    fleet: &'a Fleet,
    host: HostId,
    rates: RateTracker,
    listed: Vec<ContainerFacts>,
    places: HashMap<EngineContainerId, Place>,
    sizes: HashMap<DeploymentId, SizesInForce>,
    oom_kills: HashMap<EngineContainerId, u32>,
    window_ticks: Vec<Tick>,
    unwritten: Vec<Tick>,
    reports: Vec<Report>,
}

impl<'a> History<'a> {
    fn new(fleet: &'a Fleet, host: HostId) -> Self {
        Self {
            fleet,
            host,
            rates: RateTracker::default(),
            listed: Vec::new(),
            places: HashMap::new(),
            sizes: HashMap::new(),
            oom_kills: HashMap::new(),
            window_ticks: Vec::new(),
            unwritten: Vec::new(),
            reports: Vec::new(),
        }
    }

    async fn run(
        &mut self,
        simulated: &SimFleet,
        index: usize,
        range: TimeRange,
        interval_ms: i64,
        keep_ticks: bool,
    ) -> Wire<()> {
        let ticks = simulated
            .ticks(index, range, interval_ms)
            .ok_or_else(|| WireError::internal("the simulated fleet lacks a host"))?;
        let mut window = Window::holding(range.from_ms);
        for scripted in ticks {
            let now = Window::holding(scripted.tick_ms);
            if now != window {
                self.close(window, keep_ticks).await?;
                window = now;
            }
            let changed = self.listed.len() != scripted.containers.len()
                || self
                    .listed
                    .iter()
                    .zip(&scripted.containers)
                    .any(|(known, now)| *known != *now.facts);
            if changed {
                let facts = scripted
                    .containers
                    .iter()
                    .map(|c| ContainerFacts::clone(&c.facts))
                    .collect();
                self.observe(scripted.tick_ms, facts).await?;
            }
            let samples = scripted
                .containers
                .iter()
                .filter_map(|container| {
                    let place = self.places.get(&container.facts.engine_id)?;
                    Some(place.sample(&mut self.rates, container.reading.as_ref()?))
                })
                .collect();
            let tick = Tick {
                host: self.host,
                tick_ms: scripted.tick_ms,
                interval_ms,
                samples,
            };
            if keep_ticks {
                self.unwritten.push(tick.clone());
                if self.unwritten.len() >= TICKS_PER_WRITE {
                    self.write().await?;
                }
            }
            self.window_ticks.push(tick);
        }
        // The last window of the ticks is still open: the fleet's own task closes it.
        if keep_ticks {
            self.write().await
        } else {
            self.close(window, false).await
        }
    }

    async fn observe(&mut self, at_ms: i64, facts: Vec<ContainerFacts>) -> Wire<()> {
        let refs = self
            .fleet
            .store
            .observe_containers(self.host, at_ms, &facts)
            .await?;
        let found = differences(&self.listed, &facts, at_ms);
        for difference in &found {
            if difference.change == ChangeKind::OomKilled {
                *self.oom_kills.entry(difference.engine_id.clone()).or_default() += 1;
            }
        }
        self.keep_changes(found, &refs).await?;
        let by_id: HashMap<_, &ContainerRef> = refs.iter().map(|r| (&r.engine_id, r)).collect();
        let mut of_deployment: HashMap<DeploymentId, Vec<&ContainerFacts>> = HashMap::new();
        self.places = HashMap::new();
        for facts in &facts {
            let Some(found) = by_id.get(&facts.engine_id) else {
                continue;
            };
            of_deployment.entry(found.deployment).or_default().push(facts);
            self.places.insert(
                facts.engine_id.clone(),
                Place {
                    container: found.container,
                    deployment: found.deployment,
                    limit_bytes: facts.memory_limit_bytes,
                    restart_count: facts.restart_count,
                    oom_kills: self.oom_kills.get(&facts.engine_id).copied().unwrap_or(0),
                },
            );
        }
        self.sizes = of_deployment
            .into_iter()
            .map(|(id, facts)| {
                (
                    id,
                    DeploymentSizes::of(UserSizes::default(), facts.iter().copied()).in_force(),
                )
            })
            .collect();
        self.listed = facts;
        Ok(())
    }

    /// What changed since the last tick, as a host's task would have told it. The first list is where the past begins.
    async fn keep_changes(&self, found: Vec<Difference>, refs: &[ContainerRef]) -> Wire<()> {
        if self.listed.is_empty() {
            return Ok(());
        }
        let known: HashMap<_, &ContainerRef> = refs.iter().map(|r| (&r.engine_id, r)).collect();
        let rows = found
            .into_iter()
            .map(|difference| {
                let found = known.get(&difference.engine_id);
                StoredChange {
                    change: difference.change,
                    container_name: Some(difference.container_name),
                }
                .into_row(
                    difference.at_ms,
                    self.host,
                    found.map(|r| r.app),
                    found.map(|r| r.container),
                )
                .map_err(WireError::internal)
            })
            .collect::<Wire<Vec<_>>>()?;
        Ok(self.fleet.store.append_changes(&rows).await?)
    }

    async fn close(&mut self, window: Window, save: bool) -> Wire<()> {
        let reports = reports_of_window(
            window,
            &self.window_ticks,
            &self.sizes,
            &HashSet::new(),
            &HashMap::new(),
            &HashMap::new(),
        );
        if save {
            self.fleet.store.save_reports(self.host, window, &reports).await?;
        } else {
            self.reports.extend(reports);
        }
        // The last tick stays: it tells where the counts of restarts and OOM kills stood.
        if self.window_ticks.len() > 1 {
            self.window_ticks.drain(..self.window_ticks.len() - 1);
        }
        Ok(())
    }

    async fn write(&mut self) -> Wire<()> {
        self.fleet.store.append_ticks(&self.unwritten).await?;
        self.unwritten.clear();
        Ok(())
    }
}
