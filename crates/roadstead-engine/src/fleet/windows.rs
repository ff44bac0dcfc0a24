//! Closing report windows: each host's owed windows, oldest first, from what the store remembers.
//!
//! A machine that slept owes many; a span without a tick is stepped over, and gives no report.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use roadstead_model::time::{MINUTE_MS, SECOND_MS, WINDOW_MS};
use roadstead_model::{
    AppId, ContainerFacts, ContainerId, DeploymentId, HostId, Sample, Tick, TimeRange, Window,
};
use roadstead_store::{ChangesOf, StoreError};
use tokio_util::sync::CancellationToken;

use super::Fleet;
use crate::reports::{SizesInForce, reports_of_window};
use crate::sizes::{DeploymentSizes, UserSizes};
use crate::wire::Tag;

/// How often owed windows are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Beside one interval: time for a slow round to be written.
const GRACE_MS: i64 = 10 * SECOND_MS;
/// Changes of one host and window that are looked through for OOM kills.
const MAX_CHANGES_OF_WINDOW: u32 = 1_000;

impl Fleet {
    /// Closes windows as they become due, until stopped.
    pub(super) async fn close_windows(&self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            // Ticks that wait for the disk belong to windows that must not close without them.
            if self.recorder.is_blocked() {
                continue;
            }
            if let Err(error) = self.close_owed_windows().await {
                tracing::warn!(%error, "report windows stay open");
                self.task_failed("reports", &error);
            } else {
                self.task_recovered("reports");
            }
        }
    }

    /// Closes every window that is due now.
    pub(crate) async fn close_owed_windows(&self) -> Result<(), StoreError> {
        let hosts: Vec<HostId> = self.live.read().hosts.keys().copied().collect();
        let mut closed = 0;
        let mut failed = None;
        for host in hosts {
            // One host's damaged history is not another's: the rest are closed all the same.
            match self.close_windows_of(host).await {
                Ok(windows) => closed += windows,
                Err(error) => failed = Some(error),
            }
        }
        if let Err(error) = self.amend_reports().await {
            failed = Some(error);
        }
        if closed > 0 {
            self.notifier.changed(Tag::Apps);
        }
        failed.map_or(Ok(()), Err)
    }

    async fn close_windows_of(&self, host: HostId) -> Result<u32, StoreError> {
        let Some((interval_ms, last_closed, last_tick_ms, waiting)) =
            self.live.read().hosts.get(&host).map(|live| {
                (
                    live.interval_ms,
                    live.record.last_closed_window,
                    live.last_tick_ms,
                    live.waiting,
                )
            })
        else {
            return Ok(0);
        };
        let mut from_ms = last_closed.map_or(0, Window::end_ms);
        let mut closed = 0;
        loop {
            let due_before_ms = self.clock.now_ms() - interval_ms - GRACE_MS;
            // Most looks end here: nothing was ticked since the last window closed, or its window is still open.
            if last_tick_ms.is_none_or(|tick_ms| tick_ms < from_ms)
                || from_ms.max(0) + WINDOW_MS > due_before_ms
            {
                return Ok(closed);
            }
            // A window that waits for its logs is looked at every few seconds: the store is asked once which it is.
            if let Some(window) = waiting.filter(|window| window.start_ms >= from_ms)
                && self.waits_for_logs(host, window)
            {
                return Ok(closed);
            }
            let Some(tick_ms) = self.store.first_tick_after(host, from_ms).await? else {
                return Ok(closed);
            };
            let window = Window::holding(tick_ms);
            if window.end_ms() > due_before_ms {
                return Ok(closed);
            }
            if self.waits_for_logs(host, window) {
                self.live.with_host(host, |live| live.waiting = Some(window));
                return Ok(closed);
            }
            self.close_one(host, window).await?;
            from_ms = window.end_ms();
            closed += 1;
        }
    }

    async fn close_one(&self, host: HostId, window: Window) -> Result<(), StoreError> {
        // A little before the window, to know where the counts of restarts and OOM kills stood.
        let from_ms = window.start_ms - 10 * MINUTE_MS;
        let Some(range) = TimeRange::new(from_ms, window.end_ms()) else {
            return Ok(());
        };
        let ticks = self.store.ticks_between(host, range).await?;
        let told_oom_kills = self.told_oom_kills(host, window).await?;
        let (sizes, left_out) = self.sizes_of_window(host, window, &ticks).await?;
        let (events, counts) = self.log_events(host, window).await?;
        let reports = reports_of_window(window, &ticks, &sizes, &left_out, &told_oom_kills, &events);
        match self.store.save_reports(host, window, &reports).await {
            // Too old to be counted, or of a deployment that is forgotten: trying again would hold up every later window.
            Err(error @ (StoreError::Invalid(_) | StoreError::NotFound { .. })) => {
                tracing::warn!(%host, window_ms = window.start_ms, %error, "a window is closed without its reports");
                self.store.save_reports(host, window, &[]).await?;
            }
            outcome => outcome?,
        }
        self.store.mark_reported(&counts).await?;
        self.live
            .with_host(host, |live| live.record.last_closed_window = Some(window));
        Ok(())
    }

    /// Sizes in force at the end of a window, and the containers that count in none. Where a deployment is gone by now, or the
    /// window is one of long ago, they are those of the containers that were sampled last in it.
    async fn sizes_of_window(
        &self,
        host: HostId,
        window: Window,
        ticks: &[Tick],
    ) -> Result<(HashMap<DeploymentId, SizesInForce>, HashSet<ContainerId>), StoreError> {
        let inside = || {
            ticks
                .iter()
                .filter(|tick| (window.start_ms..window.end_ms()).contains(&tick.tick_ms))
        };
        let mut last: HashMap<DeploymentId, (i64, Vec<&Sample>)> = HashMap::new();
        for tick in inside() {
            for sample in &tick.samples {
                let (at_ms, samples) = last.entry(sample.deployment).or_default();
                if *at_ms != tick.tick_ms {
                    *at_ms = tick.tick_ms;
                    samples.clear();
                }
                samples.push(sample);
            }
        }
        let listed: HashSet<ContainerId> = self
            .live
            .with_host(host, |live| live.containers.iter().map(|c| c.container).collect())
            .unwrap_or_default();
        let mut samples = inside().flat_map(|tick| &tick.samples);
        let gone = if samples.any(|sample| !listed.contains(&sample.container)) {
            self.store.containers(Some(host), true).await?
        } else {
            Vec::new()
        };
        let fleet = self.live.read();
        let Some(live) = fleet.hosts.get(&host) else {
            return Ok(Default::default());
        };
        let of_gone = gone.iter().map(|c| (c.id, (&c.facts, c.app)));
        let of_live = live.containers.iter().map(|c| (c.container, (&c.facts, c.app)));
        let known: HashMap<ContainerId, (&ContainerFacts, AppId)> = of_gone.chain(of_live).collect();
        let left_out: HashSet<ContainerId> = known
            .iter()
            .filter(|(_, (facts, _))| fleet.is_protected(facts))
            .map(|(id, _)| *id)
            .collect();
        let is_late = self.clock.now_ms() - window.end_ms() > WINDOW_MS;
        let mut listed: HashMap<DeploymentId, (AppId, Vec<&ContainerFacts>)> = HashMap::new();
        for container in live
            .containers
            .iter()
            .filter(|c| !left_out.contains(&c.container))
        {
            let of = listed.entry(container.deployment);
            let (_, facts) = of.or_insert_with(|| (container.app, Vec::new()));
            facts.push(&container.facts);
        }
        let mut sizes = HashMap::new();
        for (deployment, (_, samples)) in last {
            if let Some((app, facts)) = listed.get(&deployment).filter(|_| !is_late) {
                sizes.insert(deployment, fleet.sizes_of(*app, facts).in_force());
                continue;
            }
            let counted = samples
                .iter()
                .filter(|sample| !left_out.contains(&sample.container))
                .filter_map(|sample| Some((sample, known.get(&sample.container)?)));
            let mut user = UserSizes::default();
            let facts: Vec<ContainerFacts> = counted
                .map(|(sample, (facts, app))| {
                    user = fleet.user_sizes(*app);
                    ContainerFacts {
                        memory_limit_bytes: sample.memory_limit_bytes,
                        ..(*facts).clone()
                    }
                })
                .collect();
            sizes.insert(deployment, DeploymentSizes::of(user, &facts).in_force());
        }
        Ok((sizes, left_out))
    }

    /// OOM kills told of each deployment in a window: samples alone miss a container that stayed dead.
    async fn told_oom_kills(
        &self,
        host: HostId,
        window: Window,
    ) -> Result<HashMap<DeploymentId, u32>, StoreError> {
        let Some(range) = TimeRange::new(window.start_ms, window.end_ms()) else {
            return Ok(HashMap::new());
        };
        let changes = self
            .store
            .changes_of(ChangesOf::Host(host), range, MAX_CHANGES_OF_WINDOW)
            .await?;
        let mut told = HashMap::new();
        let killed: Vec<AppId> = changes
            .into_iter()
            .filter(|change| change.kind == "oom_killed")
            .filter_map(|change| change.app)
            .collect();
        if killed.is_empty() {
            return Ok(told);
        }
        // From the store: what was killed may be gone by now.
        let deployments: HashMap<AppId, DeploymentId> = self
            .store
            .deployments()
            .await?
            .into_iter()
            .filter(|deployment| deployment.host == host)
            .map(|deployment| (deployment.app, deployment.id))
            .collect();
        for app in killed {
            if let Some(deployment) = deployments.get(&app) {
                *told.entry(*deployment).or_insert(0) += 1;
            }
        }
        Ok(told)
    }
}

#[cfg(test)]
mod tests {
    use roadstead_model::time::HOUR_MS;

    use super::*;
    use crate::clock::Clock;
    use crate::fleet::silent::{START_MS, one_host};

    #[tokio::test]
    async fn a_deployment_that_is_gone_by_now_keeps_the_limit_it_had() {
        let clock = Clock::fixed(START_MS);
        let (_dir, fleet, host) = one_host(&clock).await;
        let stays = crate::changes::tests::facts("a", "web");
        let gone = ContainerFacts {
            memory_limit_bytes: Some(256 << 20),
            memory_reservation_bytes: Some(64 << 20),
            app: roadstead_model::AppName("build".into()),
            ..crate::changes::tests::facts("b", "build")
        };
        let secret = ContainerFacts {
            protected: true,
            app: roadstead_model::AppName("agent".into()),
            ..crate::changes::tests::facts("c", "agent")
        };
        let listed = [stays.clone(), gone, secret];
        let refs = fleet
            .store
            .observe_containers(host, START_MS, &listed)
            .await
            .unwrap();
        let samples = refs.iter().zip(&listed).map(|(of, facts)| Sample {
            memory_used_bytes: Some(1_000),
            memory_limit_bytes: facts.memory_limit_bytes,
            ..Sample::empty(of.container, of.deployment)
        });
        let tick = Tick {
            host,
            tick_ms: START_MS + SECOND_MS,
            interval_ms: 15 * SECOND_MS,
            samples: samples.collect(),
        };
        fleet.store.append_ticks(&[tick]).await.unwrap();
        fleet
            .store
            .observe_containers(host, START_MS + MINUTE_MS, &[stays])
            .await
            .unwrap();
        fleet.adopt_host(host).await.unwrap();
        clock.set(START_MS + 17 * MINUTE_MS);
        fleet.close_owed_windows().await.unwrap();

        let range = TimeRange::new(START_MS, START_MS + HOUR_MS).unwrap();
        let of = async |nth: usize| fleet.store.reports(&[refs[nth].deployment], range).await.unwrap();
        let report = &of(1).await[0];
        assert_eq!(
            (report.limit_bytes, report.estimate_bytes),
            (Some(256 << 20), Some(64 << 20))
        );
        assert_eq!(of(2).await, [], "what is left out stays so when it is gone");
        assert_eq!(of(0).await.len(), 1);
        fleet.close().await;
    }

    #[tokio::test]
    async fn a_machine_that_slept_for_three_hours_closes_what_it_saw_and_invents_nothing() {
        let clock = Clock::fixed(START_MS);
        let (_dir, fleet, host) = one_host(&clock).await;
        let facts = crate::changes::tests::facts("a", "web");
        let refs = fleet
            .store
            .observe_containers(host, START_MS, &[facts])
            .await
            .unwrap();
        let tick = |tick_ms: i64, bytes: u64| Tick {
            host,
            tick_ms,
            interval_ms: 15 * SECOND_MS,
            samples: vec![Sample {
                memory_used_bytes: Some(bytes),
                ..Sample::empty(refs[0].container, refs[0].deployment)
            }],
        };
        let slept_until_ms = START_MS + 3 * HOUR_MS;
        let ticks = [
            tick(START_MS, 100),
            tick(START_MS + 15 * SECOND_MS, 300),
            tick(slept_until_ms, 500),
            tick(slept_until_ms + 16 * MINUTE_MS, 900),
        ];
        fleet.store.append_ticks(&ticks).await.unwrap();
        fleet.adopt_host(host).await.unwrap();
        clock.set(slept_until_ms + 17 * MINUTE_MS);
        fleet.close_owed_windows().await.unwrap();
        fleet.close_owed_windows().await.unwrap();

        let range = TimeRange::new(START_MS - HOUR_MS, START_MS + 6 * HOUR_MS).unwrap();
        let reports = fleet.store.reports(&[refs[0].deployment], range).await.unwrap();
        let seen: Vec<_> = reports
            .iter()
            .map(|r| {
                (
                    r.window.start_ms - START_MS,
                    r.sample_count,
                    r.memory_avg_bytes,
                    r.memory_peak_bytes,
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                (0, 2, Some(200), Some(300)),
                (3 * HOUR_MS, 1, Some(500), Some(500))
            ],
            "eleven windows without a tick give no report, and the window still open gives none yet"
        );
        fleet.close().await;
    }
}
