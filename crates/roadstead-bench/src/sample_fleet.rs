//! Hosts, apps and containers of a store, with a walk of samples for each container.

use roadstead_model::report::WindowFacts;
use roadstead_model::{ContainerId, DeploymentId, HostId, Sample, Tick, Window, close_window};
use roadstead_store::Store;

use crate::container_shape::{ContainerWalk, container_facts};
use crate::fleet_store::add_silent_host;

/// The default interval.
pub(crate) const INTERVAL_MS: i64 = 15_000;
/// Containers of each app, unless something else is said.
pub(crate) const CONTAINERS_PER_APP: u32 = 5;

/// One container that is about to be sampled.
#[derive(Debug)]
struct Sampled {
    name: String,
    container: ContainerId,
    deployment: DeploymentId,
    walk: ContainerWalk,
}

/// A fleet whose containers are sampled together.
#[derive(Debug)]
pub(crate) struct SampleFleet {
    hosts: Vec<(HostId, Vec<Sampled>)>,
}

/// Name of the app of a host's container: each app is on one host, with five containers.
pub(crate) fn app_of(host: u32, container: u32) -> String {
    app_of_size(host, container, CONTAINERS_PER_APP)
}

/// Name of the app of a host's container where each app has so many.
pub(crate) fn app_of_size(host: u32, container: u32, per_app: u32) -> String {
    format!("app-{:03}-{}", host + 1, container / per_app + 1)
}

impl SampleFleet {
    /// Adds the hosts and their containers to a store.
    pub(crate) async fn place(
        store: &Store,
        hosts: u32,
        containers: u32,
        start_ms: i64,
    ) -> anyhow::Result<Self> {
        Self::place_apps(store, hosts, containers, CONTAINERS_PER_APP, start_ms).await
    }

    /// The same with so many containers in each app.
    pub(crate) async fn place_apps(
        store: &Store,
        hosts: u32,
        containers: u32,
        per_app: u32,
        start_ms: i64,
    ) -> anyhow::Result<Self> {
        let mut placed = Vec::new();
        for host in 0..hosts {
            let id = add_silent_host(store, format!("quay-{:04}", host + 1), start_ms).await?;
            let facts: Vec<_> = (0..containers)
                .map(|container| {
                    let app = app_of_size(host, container, per_app);
                    let number = u64::from(host) << 16 | u64::from(container);
                    container_facts(
                        &format!("{app}-{}", container % per_app + 1),
                        &app,
                        number,
                        start_ms,
                        None,
                    )
                })
                .collect();
            let refs = store.observe_containers(id, start_ms, &facts).await?;
            anyhow::ensure!(refs.len() == facts.len(), "the store lost a container");
            let sampled = refs
                .iter()
                .zip(&facts)
                .enumerate()
                .map(|(index, (of, facts))| Sampled {
                    name: facts.name.clone(),
                    container: of.container,
                    deployment: of.deployment,
                    walk: ContainerWalk::new(u64::from(host) << 16 | index as u64),
                });
            placed.push((id, sampled.collect()));
        }
        Ok(Self { hosts: placed })
    }

    /// The next tick of every host.
    pub(crate) fn next_round(&mut self, tick_ms: i64) -> Vec<Tick> {
        let tick = |(host, sampled): &mut (HostId, Vec<Sampled>)| Tick {
            host: *host,
            tick_ms,
            interval_ms: INTERVAL_MS,
            samples: sampled
                .iter_mut()
                .map(|one| one.walk.next_sample(one.container, one.deployment))
                .collect(),
        };
        self.hosts.iter_mut().map(tick).collect()
    }

    /// Saves the reports of a window from its rounds.
    pub(crate) async fn close_window(
        &self,
        store: &Store,
        window: Window,
        rounds: &[Vec<Tick>],
    ) -> anyhow::Result<()> {
        for (index, (host, sampled)) in self.hosts.iter().enumerate() {
            let mut reports = Vec::new();
            // Containers of a deployment stand together.
            for own in sampled.chunk_by(|a, b| a.deployment == b.deployment) {
                let deployment = own[0].deployment;
                let first = sampled.partition_point(|one| one.container < own[0].container);
                let ticks = rounds
                    .iter()
                    .map(|round| &round[index].samples[first..first + own.len()]);
                reports.extend(close_window(deployment, window, WindowFacts::default(), ticks));
            }
            store.save_reports(*host, window, &reports).await?;
        }
        Ok(())
    }

    /// The samples of the first `hosts` hosts in a round, by container name: what a plain table is given.
    pub(crate) fn named(&self, round: &[Tick], hosts: usize) -> Vec<(String, Sample)> {
        let of_host = |((_, sampled), tick): (&(HostId, Vec<Sampled>), &Tick)| {
            let named = |(one, sample): (&Sampled, &Sample)| (one.name.clone(), sample.clone());
            sampled.iter().zip(&tick.samples).map(named).collect::<Vec<_>>()
        };
        self.hosts
            .iter()
            .zip(round)
            .take(hosts)
            .flat_map(of_host)
            .collect()
    }
}
