//! What logs said in a window goes into its reports: at once when the window closes, and again when more is read later.

use std::collections::{BTreeMap, HashMap, HashSet};

use roadstead_model::time::MINUTE_MS;
use roadstead_model::{DeploymentId, HostId, Report, TimeRange, Window};
use roadstead_store::{LogCount, StoreError};

use super::Fleet;
use crate::reports::LogEvents;
use crate::wire::{HostState, LogScanState, Tag};

/// How long a window waits for the logs of its host to be read to its end.
const WAIT_FOR_LOGS_MS: i64 = 5 * MINUTE_MS;
/// Late counts looked at per look and host.
const COUNTS_AT_ONCE: u32 = 50;

impl Fleet {
    /// Whether a window should stay open because logs that can be read were not yet read to its end.
    pub(super) fn waits_for_logs(&self, host: HostId, window: Window) -> bool {
        if self.clock.now_ms() >= window.end_ms() + WAIT_FOR_LOGS_MS {
            return false;
        }
        let fleet = self.live.read();
        let Some(live) = fleet.hosts.get(&host) else {
            return false;
        };
        matches!(live.connection.wire().state, HostState::Connected { .. })
            && live
                .containers
                .iter()
                .filter(|container| container.facts.state.is_running())
                .filter_map(|container| live.logs.get(&container.container))
                .any(|scan| {
                    matches!(scan.state, LogScanState::Ok | LogScanState::Behind)
                        && scan
                            .read_until_ms
                            .is_some_and(|read_ms| read_ms < window.end_ms())
                })
    }

    /// What the logs of a host's deployments said in a window: those that were read to its end in all their containers, and those
    /// that said something.
    /// With the counts as stored, to be marked once reports carry them.
    pub(super) async fn log_events(
        &self,
        host: HostId,
        window: Window,
    ) -> Result<(HashMap<DeploymentId, LogEvents>, Vec<LogCount>), StoreError> {
        let counts = match TimeRange::new(window.start_ms, window.end_ms()) {
            Some(range) => self.store.log_counts(host, range).await?,
            None => Vec::new(),
        };
        let mut events: HashMap<DeploymentId, LogEvents> = HashMap::new();
        {
            let fleet = self.live.read();
            if let Some(live) = fleet.hosts.get(&host) {
                // One container that nobody could read: the others' silence says nothing of their deployment.
                let mut whole: HashMap<DeploymentId, bool> = HashMap::new();
                for container in live.containers.iter().filter(|c| c.facts.state.is_running()) {
                    let scan = live.logs.get(&container.container);
                    let is_read =
                        scan.is_some_and(|scan| scan.read_until_ms.is_some_and(|ms| ms >= window.end_ms()));
                    *whole.entry(container.deployment).or_insert(true) &= is_read;
                }
                let read = whole.into_iter().filter(|(_, whole)| *whole);
                events.extend(read.map(|(deployment, _)| (deployment, LogEvents::default())));
            }
        }
        for count in &counts {
            events.insert(count.deployment, LogEvents::of(count));
        }
        Ok((events, counts))
    }

    /// Gives closed windows what was read of them since.
    pub(super) async fn amend_reports(&self) -> Result<(), StoreError> {
        let late = self.store.unreported_log_counts(COUNTS_AT_ONCE).await?;
        let (mut amended, mut failed) = (false, None);
        for (host, counts) in &late {
            match self.amend_host(*host, counts).await {
                Ok(()) => amended = true,
                // A deployment that is forgotten meanwhile is not among the counts of the next look.
                Err(StoreError::NotFound { .. }) => {}
                // One host's failure is not another's: the rest are amended all the same.
                Err(error) => failed = Some(error),
            }
        }
        if amended {
            self.notifier.changed(Tag::Apps);
        }
        failed.map_or(Ok(()), Err)
    }

    /// Gives a host's reports these counts, which are ordered by window: all at once, since a host that was just added is late with a
    /// day of them, and window by window where one is damaged.
    async fn amend_host(&self, host: HostId, counts: &[LogCount]) -> Result<(), StoreError> {
        match self.amend(host, counts).await {
            Err(StoreError::Damaged(_)) => {}
            outcome => return outcome,
        }
        for of_window in counts.chunk_by(|a, b| a.window == b.window) {
            match self.amend(host, of_window).await {
                // It stays so: asking again and again would hold up every later count of the host.
                Err(error @ StoreError::Damaged(_)) => {
                    let window_ms = of_window[0].window.start_ms;
                    tracing::warn!(%host, window_ms, %error, "late counts of logs are in no report");
                    self.store.mark_reported(of_window).await?;
                }
                outcome => outcome?,
            }
        }
        Ok(())
    }

    async fn amend(&self, host: HostId, counts: &[LogCount]) -> Result<(), StoreError> {
        let span = counts.first().zip(counts.last());
        let Some(range) =
            span.and_then(|(first, last)| TimeRange::new(first.window.start_ms, last.window.end_ms()))
        else {
            return Ok(());
        };
        let events: HashMap<(DeploymentId, Window), LogEvents> = counts
            .iter()
            .map(|count| ((count.deployment, count.window), LogEvents::of(count)))
            .collect();
        let deployments: HashSet<DeploymentId> = counts.iter().map(|count| count.deployment).collect();
        let deployments: Vec<DeploymentId> = deployments.into_iter().collect();
        let mut of_window: BTreeMap<Window, Vec<Report>> = BTreeMap::new();
        // Without a sample there is no report that could carry them.
        for mut report in self.store.reports(&deployments, range).await? {
            if let Some(events) = events.get(&(report.deployment, report.window)) {
                report.log_errors = Some(events.errors);
                report.log_warnings = Some(events.warnings);
                of_window.entry(report.window).or_default().push(report);
            }
        }
        for (window, reports) in of_window {
            match self.store.save_reports(host, window, &reports).await {
                // So old that it is counted no more.
                Err(StoreError::Invalid(_)) => {}
                outcome => outcome?,
            }
        }
        self.store.mark_reported(counts).await
    }
}

impl LogEvents {
    fn of(count: &LogCount) -> Self {
        Self {
            errors: u32::try_from(count.errors).unwrap_or(u32::MAX),
            warnings: u32::try_from(count.warnings).unwrap_or(u32::MAX),
        }
    }
}
