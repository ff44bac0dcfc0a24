//! One deployment as a row: what its reports say, what its host's last tick says, and its sizes in force.

use std::collections::HashMap;
use std::sync::Arc;

use roadstead_model::time::WINDOW_MS;
use roadstead_model::{
    Accuracy, AppId, ContainerFacts, ContainerState, DeploymentId, HostId, MemoryLevel, TimeRange, Window,
};
use roadstead_store::{AppAggregate, DeploymentAggregate};

use super::count;
use crate::fleet::live::{LiveContainer, LiveFleet, LiveHost};
use crate::open_window::SoFar;
use crate::sizes::DeploymentSizes;
use crate::wire::DeploymentRow;

/// What is live of one deployment.
#[derive(Debug)]
struct LiveDeployment<'a> {
    host: &'a LiveHost,
    /// Those that are not protected; when there is none, the whole deployment is left out.
    containers: Vec<&'a LiveContainer>,
}

impl LiveDeployment<'_> {
    /// "Deployed" means at least one container beyond merely created.
    fn is_deployed(&self) -> bool {
        self.containers
            .iter()
            .any(|c| c.facts.state != ContainerState::Created)
    }
}

/// Live deployments of the fleet by id, the protected ones too.
fn live_deployments(fleet: &LiveFleet) -> HashMap<DeploymentId, LiveDeployment<'_>> {
    let mut found: HashMap<DeploymentId, LiveDeployment<'_>> = HashMap::new();
    for host in fleet.hosts.values() {
        for container in &host.containers {
            let containers = &mut found
                .entry(container.deployment)
                .or_insert_with(|| LiveDeployment {
                    host,
                    containers: Vec::new(),
                })
                .containers;
            if !fleet.is_protected(&container.facts) {
                containers.push(container);
            }
        }
    }
    found
}

/// What rows are made with. Names are shared by the rows: a fleet has thousands of rows and few names.
#[derive(Debug)]
struct Rows<'a> {
    fleet: &'a LiveFleet,
    range: TimeRange,
    now_ms: i64,
    /// Name and name to show.
    apps: HashMap<AppId, (Arc<str>, Arc<str>)>,
    /// Name and customer.
    hosts: HashMap<HostId, (Arc<str>, Arc<str>)>,
    made: HashMap<AppId, Vec<DeploymentRow>>,
}

/// Rows of every deployment an app has, by app: those with reports in the span and those that are live.
pub(crate) fn rows_by_app(
    fleet: &LiveFleet,
    aggregates: &[AppAggregate],
    range: TimeRange,
    now_ms: i64,
) -> HashMap<AppId, Vec<DeploymentRow>> {
    let mut live = live_deployments(fleet);
    let mut rows = Rows {
        fleet,
        range,
        now_ms,
        apps: HashMap::new(),
        hosts: HashMap::new(),
        made: HashMap::with_capacity(aggregates.len()),
    };
    for aggregate in aggregates.iter().filter(|a| !fleet.protected.contains(&a.name.0)) {
        for reported in &aggregate.deployments {
            let Some(host) = fleet.hosts.get(&reported.host) else {
                continue;
            };
            let found = live.remove(&reported.deployment);
            if found.as_ref().is_none_or(|live| !live.containers.is_empty()) {
                let found = found.filter(LiveDeployment::is_deployed);
                rows.add(host, aggregate.app, Some(reported), found.as_ref());
            }
        }
    }
    // Nothing was ever measured of the others in this span: they are listed while they are live now, not in a past range.
    if range.contains(now_ms) {
        let mut unreported: Vec<_> = live
            .into_iter()
            .filter(|(_, deployment)| deployment.is_deployed())
            .collect();
        unreported.sort_unstable_by_key(|(id, _)| *id);
        for (_, deployment) in &unreported {
            if let Some(container) = deployment.containers.first() {
                rows.add(deployment.host, container.app, None, Some(deployment));
            }
        }
    }
    rows.made
}

impl Rows<'_> {
    fn add(
        &mut self,
        host: &LiveHost,
        app: AppId,
        reported: Option<&DeploymentAggregate>,
        live: Option<&LiveDeployment<'_>>,
    ) {
        let row = self.row(host, app, reported, live);
        self.made.entry(app).or_default().push(row);
    }

    fn row(
        &mut self,
        host: &LiveHost,
        app: AppId,
        reported: Option<&DeploymentAggregate>,
        live: Option<&LiveDeployment<'_>>,
    ) -> DeploymentRow {
        let (fleet, now_ms) = (self.fleet, self.now_ms);
        let containers = live.map_or(&[][..], |live| &live.containers);
        let open_window = Window::holding(now_ms);
        let deployment = reported
            .map(|r| r.deployment)
            .or_else(|| containers.first().map(|c| c.deployment));
        let so_far: Option<SoFar> = deployment
            .filter(|_| self.range.contains(open_window.start_ms))
            .and_then(|d| host.open.of(d, open_window));

        // Logs that nobody could read say nothing, and not that all is well.
        let is_read = containers.iter().any(|c| {
            host.logs
                .get(&c.container)
                .is_some_and(|scan| scan.read_until_ms.is_some())
        });
        let events = deployment
            .map(|deployment| host.log_counts.last_day(deployment, now_ms))
            .filter(|counted| is_read || *counted != (0, 0));
        let running = || containers.iter().filter(|c| c.facts.state.is_running());
        let containers_running = running().count();
        let memory_current_bytes = (containers_running > 0)
            .then(|| {
                running()
                    .map(|c| host.fresh_sample(c, now_ms).and_then(|s| s.memory_used_bytes))
                    .sum::<Option<u64>>()
            })
            .flatten();

        // Until its first window closes, a deployment's numbers are those of the open window.
        let memory_avg_bytes = reported.map_or_else(
            || so_far.and_then(|s| s.memory_avg_bytes()),
            |r| r.memory_avg_bytes,
        );
        let memory_p95_bytes =
            reported.map_or_else(|| so_far.and_then(|s| s.peak_bytes()), |r| r.memory_p95_bytes);
        let memory_peak_bytes = reported
            .and_then(|r| r.memory_peak_bytes)
            .max(so_far.and_then(|s| s.peak_bytes()));
        let cpu_avg_cores =
            reported.map_or_else(|| so_far.and_then(|s| s.cpu_avg_cores()), |r| r.cpu_avg_cores);

        let sizes = live.map_or_else(DeploymentSizes::default, |_| {
            let facts: Vec<&ContainerFacts> = containers.iter().map(|c| &c.facts).collect();
            fleet.sizes_of(app, &facts)
        });
        let (estimate_bytes, limit_bytes) = if live.is_some() {
            (sizes.estimate.map(|s| s.0), sizes.limit.map(|s| s.0))
        } else {
            (
                reported.and_then(|r| r.estimate_bytes),
                reported.and_then(|r| r.limit_bytes),
            )
        };
        let reports = reported.map_or(0, |r| r.reports);
        let last_report_ms = reported.map(|r| r.last_window.end_ms());
        let active = so_far.is_some()
            || last_report_ms.is_some_and(|end_ms| now_ms - end_ms < 2 * WINDOW_MS)
            || memory_current_bytes.is_some();
        let (app, display_name) = self.apps.entry(app).or_insert_with(|| {
            let name = fleet.apps.get(&app).map_or("", |names| names.name.as_str());
            (name.into(), fleet.display_name(app).into())
        });
        let (host_name, customer) = self.hosts.entry(host.record.id).or_insert_with(|| {
            (
                host.record.name.as_str().into(),
                host.record.customer.as_str().into(),
            )
        });
        DeploymentRow {
            app: app.clone(),
            display_name: display_name.clone(),
            host: host.record.id,
            host_name: host_name.clone(),
            customer: customer.clone(),
            active,
            containers_running: count(containers_running),
            containers_total: count(containers.len()),
            memory_current_bytes,
            memory_avg_bytes,
            memory_p95_bytes,
            memory_peak_bytes,
            cpu_avg_cores,
            estimate_bytes,
            estimate_source: sizes.estimate.map(|s| s.1),
            limit_bytes,
            limit_source: sizes.limit.map(|s| s.1),
            accuracy: Accuracy::of(memory_p95_bytes, limit_bytes, reports.into()),
            level: MemoryLevel::of(memory_current_bytes.or(memory_avg_bytes), limit_bytes),
            events_are_at_least: events.is_some()
                && deployment.is_some_and(|deployment| host.lost_lines_lately(deployment, now_ms)),
            errors_24h: events.map(|(errors, _)| count(errors)),
            warnings_24h: events.map(|(_, warnings)| count(warnings)),
            oom_kills: count(reported.map_or(0, |r| r.oom_kills)),
            restarts: count(reported.map_or(0, |r| r.restarts)),
            reports,
            last_report_ms,
        }
    }
}

/// Worst first: above the limit, then by P95, then by host.
pub(crate) fn sort_worst_first(rows: &mut [DeploymentRow]) {
    let rank = |accuracy: Accuracy| match accuracy {
        Accuracy::Over => 0,
        Accuracy::Fitting => 1,
        Accuracy::Roomy => 2,
        Accuracy::Unknown => 3,
    };
    rows.sort_by(|a, b| {
        rank(a.accuracy)
            .cmp(&rank(b.accuracy))
            .then(b.memory_p95_bytes.cmp(&a.memory_p95_bytes))
            .then(a.host_name.cmp(&b.host_name))
    });
}
