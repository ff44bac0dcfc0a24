//! One deployment as a row: what its reports say, what its host's last tick says, and its sizes in force.

use std::collections::{BTreeMap, HashMap, HashSet};

use roadstead_model::time::WINDOW_MS;
use roadstead_model::{Accuracy, AppId, DeploymentId, MemoryLevel, TimeRange, Window};
use roadstead_store::{AppAggregate, DeploymentAggregate};

use super::count;
use crate::fleet::live::{LiveContainer, LiveFleet, LiveHost};
use crate::open_window::SoFar;
use crate::wire::DeploymentRow;

/// What is live of one deployment.
#[derive(Debug, Clone)]
pub(crate) struct LiveDeployment<'a> {
    pub(crate) host: &'a LiveHost,
    pub(crate) app: AppId,
    pub(crate) containers: Vec<&'a LiveContainer>,
}

/// Live deployments of the fleet by id, without what is protected and what was never started.
pub(crate) fn live_deployments(fleet: &LiveFleet) -> BTreeMap<DeploymentId, LiveDeployment<'_>> {
    let mut found: BTreeMap<DeploymentId, LiveDeployment<'_>> = BTreeMap::new();
    for host in fleet.hosts.values() {
        for container in host.containers.iter().filter(|c| !fleet.is_protected(&c.facts)) {
            found
                .entry(container.deployment)
                .or_insert_with(|| LiveDeployment {
                    host,
                    app: container.app,
                    containers: Vec::new(),
                })
                .containers
                .push(container);
        }
    }
    // "Deployed" means at least one container beyond merely created.
    found.retain(|_, deployment| {
        deployment
            .containers
            .iter()
            .any(|c| c.facts.state != roadstead_model::ContainerState::Created)
    });
    found
}

/// Rows of every deployment an app has, by app: those with reports in the span and those that are live.
pub(crate) fn rows_by_app(
    fleet: &LiveFleet,
    aggregates: &[AppAggregate],
    range: TimeRange,
    now_ms: i64,
) -> HashMap<AppId, Vec<DeploymentRow>> {
    let mut live = live_deployments(fleet);
    let mut rows: HashMap<AppId, Vec<DeploymentRow>> = HashMap::new();
    let left_out: HashSet<DeploymentId> = fleet
        .hosts
        .values()
        .flat_map(|host| fleet.left_out(host))
        .collect();
    for aggregate in aggregates.iter().filter(|a| !fleet.protected.contains(&a.name.0)) {
        for deployment in aggregate
            .deployments
            .iter()
            .filter(|d| !left_out.contains(&d.deployment))
        {
            let Some(host) = fleet.hosts.get(&deployment.host) else {
                continue;
            };
            let found = live.remove(&deployment.deployment);
            let row = row(
                fleet,
                host,
                aggregate.app,
                Some(deployment),
                found.as_ref(),
                range,
                now_ms,
            );
            rows.entry(aggregate.app).or_default().push(row);
        }
    }
    for deployment in live.into_values() {
        let row = row(
            fleet,
            deployment.host,
            deployment.app,
            None,
            Some(&deployment),
            range,
            now_ms,
        );
        // Nothing was ever measured of it in this span: it is listed while it is live now, not in a past range.
        if range.contains(now_ms) {
            rows.entry(deployment.app).or_default().push(row);
        }
    }
    rows
}

fn row(
    fleet: &LiveFleet,
    host: &LiveHost,
    app: AppId,
    reported: Option<&DeploymentAggregate>,
    live: Option<&LiveDeployment<'_>>,
    range: TimeRange,
    now_ms: i64,
) -> DeploymentRow {
    let open_window = Window::holding(now_ms);
    let deployment = reported
        .map(|r| r.deployment)
        .or_else(|| live.and_then(|l| l.containers.first()).map(|c| c.deployment));
    let so_far: Option<SoFar> = deployment
        .filter(|_| range.contains(open_window.start_ms))
        .and_then(|d| host.open.of(d, open_window));

    let running: Vec<&&LiveContainer> = live
        .map(|l| {
            l.containers
                .iter()
                .filter(|c| c.facts.state.is_running())
                .collect()
        })
        .unwrap_or_default();
    let memory_current_bytes = (!running.is_empty())
        .then(|| {
            running
                .iter()
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
    let cpu_avg_cores = reported.map_or_else(|| so_far.and_then(|s| s.cpu_avg_cores()), |r| r.cpu_avg_cores);

    let sizes = match (live, deployment) {
        (Some(live), Some(deployment)) => fleet.sizes_of(host, live.app, deployment),
        _ => Default::default(),
    };
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

    DeploymentRow {
        app: fleet
            .apps
            .get(&app)
            .map(|names| names.name.clone())
            .unwrap_or_default(),
        display_name: fleet.display_name(app),
        host: host.record.id,
        host_name: host.record.name.clone(),
        customer: host.record.customer.clone(),
        active,
        containers_running: count(running.len()),
        containers_total: count(live.map_or(0, |l| l.containers.len())),
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
        errors_24h: reported.and_then(|r| r.log_errors_recent).map(count),
        warnings_24h: reported.and_then(|r| r.log_warnings_recent).map(count),
        oom_kills: count(reported.map_or(0, |r| r.oom_kills)),
        restarts: count(reported.map_or(0, |r| r.restarts)),
        reports,
        last_report_ms,
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
