//! The Overview page: hosts by state, apps with trouble, memory at a glance, what changed last.

use std::collections::HashMap;

use roadstead_model::{Accuracy, AppId, ContainerState, Health, MemoryLevel, Period};
use roadstead_store::Change;

use super::issues::Glance;
use super::{count, deployments, fleet_query, hosts, resolve};
use crate::fleet::Fleet;
use crate::fleet::live::LiveFleet;
use crate::wire::{
    AppTrouble, ChangeKind, ChangeRow, DeploymentRow, HostMemory, HostState, Overview, TopApp, TroubleKind,
    Wire,
};

const MAX_UNREACHABLE: usize = 50;
const MAX_TROUBLE: usize = 50;
const MAX_HOST_MEMORY: usize = 100;
const MAX_TOP_APPS: usize = 10;
const MAX_CHANGES: u32 = 50;
/// Restarts within 24 hours that are trouble even when the app runs now.
const MANY_RESTARTS: u64 = 3;

impl Fleet {
    pub(crate) async fn overview(&self) -> Wire<Overview> {
        let now_ms = self.clock.now_ms();
        let range = resolve(Period::Week, now_ms)?;
        let aggregates = self.store.fleet(fleet_query(range, now_ms)).await?;
        let changes = self.store.recent_changes(MAX_CHANGES).await?;
        let glance = self.issues_at_a_glance().await?;
        let fleet = self.live.read();
        let by_app = deployments::rows_by_app(&fleet, &aggregates, range, now_ms);
        let recent: HashMap<_, _> = aggregates
            .iter()
            .flat_map(|a| {
                a.deployments
                    .iter()
                    .map(move |d| ((a.app, d.host), (d.oom_kills_recent, d.restarts_recent)))
            })
            .collect();

        let state = |wanted: fn(&HostState) -> bool| {
            count(
                fleet
                    .hosts
                    .values()
                    .filter(|h| wanted(&h.connection.wire().state))
                    .count(),
            )
        };
        let fresh = || fleet.hosts.values().filter(|host| host.is_fresh(now_ms));
        let mut host_memory: Vec<HostMemory> = fleet
            .hosts
            .values()
            .map(|host| HostMemory {
                host: host.record.id,
                host_name: host.record.name.clone(),
                used_bytes: host.memory_used_bytes(),
                total_bytes: host.memory_total_bytes(),
                level: host.memory_level(),
                stale: !host.is_fresh(now_ms),
            })
            .collect();
        host_memory.sort_by(|a, b| {
            fullness(b)
                .total_cmp(&fullness(a))
                .then(a.host_name.cmp(&b.host_name))
        });
        host_memory.truncate(MAX_HOST_MEMORY);

        let mut unreachable: Vec<_> = fleet
            .hosts
            .values()
            .filter(|host| matches!(host.connection.wire().state, HostState::Unreachable { .. }))
            .map(|host| hosts::host_row(&fleet, host, now_ms))
            .collect();
        unreachable.sort_by(|a, b| a.name.cmp(&b.name));
        unreachable.truncate(MAX_UNREACHABLE);

        Ok(Overview {
            now_ms,
            hosts_connected: state(|s| matches!(s, HostState::Connected { .. })),
            hosts_connecting: state(|s| matches!(s, HostState::Connecting)),
            hosts_unreachable: state(|s| matches!(s, HostState::Unreachable { .. })),
            hosts_paused: state(|s| matches!(s, HostState::Paused)),
            apps_total: count(by_app.len()),
            containers_running: count(
                fleet
                    .hosts
                    .values()
                    .flat_map(|h| &h.containers)
                    .filter(|c| c.facts.state.is_running())
                    .count(),
            ),
            unreachable,
            trouble: trouble(&fleet, &by_app, &recent, glance.as_ref(), now_ms),
            issues: glance.as_ref().map(|glance| glance.counts),
            top_issues: glance.map(|glance| glance.rows).unwrap_or_default(),
            memory_used_bytes: fresh().filter_map(|h| h.memory_used_bytes()).reduce(|a, b| a + b),
            memory_total_bytes: fresh()
                .filter_map(|h| h.memory_total_bytes())
                .reduce(|a, b| a + b),
            cpu_cores: fresh().filter_map(|h| h.cpu_cores()).reduce(|a, b| a + b),
            cpu_cores_total: fresh()
                .filter_map(|h| h.record.facts.as_ref().map(|f| f.cpu_cores))
                .reduce(|a, b| a + b),
            host_memory,
            top_apps: top_apps(&fleet, now_ms),
            changes: changes
                .iter()
                .filter_map(|change| change_row(&fleet, change))
                .collect(),
        })
    }
}

fn fullness(host: &HostMemory) -> f64 {
    match (host.used_bytes, host.total_bytes) {
        (Some(used), Some(total)) if total > 0 => used as f64 / total as f64,
        _ => -1.0,
    }
}

fn top_apps(fleet: &LiveFleet, now_ms: i64) -> Vec<TopApp> {
    let mut sums: HashMap<AppId, (u64, Option<f64>)> = HashMap::new();
    for host in fleet.hosts.values() {
        for container in host.containers.iter().filter(|c| !fleet.is_protected(&c.facts)) {
            let Some(sample) = host.fresh_sample(container, now_ms) else {
                continue;
            };
            let Some(bytes) = sample.memory_used_bytes else {
                continue;
            };
            let (memory, cpu) = sums.entry(container.app).or_default();
            *memory += bytes;
            *cpu = match (*cpu, sample.cpu_cores) {
                (Some(a), Some(b)) => Some(a + b),
                (a, b) => a.or(b),
            };
        }
    }
    let mut apps: Vec<TopApp> = sums
        .into_iter()
        .map(|(app, (memory_bytes, cpu_cores))| TopApp {
            app: fleet
                .apps
                .get(&app)
                .map(|names| names.name.clone())
                .unwrap_or_default(),
            display_name: fleet.display_name(app),
            memory_bytes,
            cpu_cores,
        })
        .collect();
    apps.sort_by(|a, b| b.memory_bytes.cmp(&a.memory_bytes).then(a.app.cmp(&b.app)));
    apps.truncate(MAX_TOP_APPS);
    apps
}

fn trouble(
    fleet: &LiveFleet,
    by_app: &HashMap<AppId, Vec<DeploymentRow>>,
    recent: &HashMap<(AppId, roadstead_model::HostId), (u64, u64)>,
    glance: Option<&Glance>,
    now_ms: i64,
) -> Vec<AppTrouble> {
    let mut found = Vec::new();
    for (app, rows) in by_app {
        for row in rows {
            let mut add = |kind: TroubleKind, times: u64, memory_bytes: Option<u64>| {
                found.push(AppTrouble {
                    app: row.app.to_string(),
                    display_name: row.display_name.to_string(),
                    host: row.host,
                    host_name: row.host_name.to_string(),
                    kind,
                    count: count(times),
                    memory_bytes,
                    limit_bytes: row.limit_bytes,
                });
            };
            let (oom_kills, restarts) = recent.get(&(*app, row.host)).copied().unwrap_or_default();
            let containers = || {
                fleet
                    .hosts
                    .get(&row.host)
                    .into_iter()
                    .flat_map(|host| &host.containers)
                    .filter(|c| c.app == *app && !fleet.is_protected(&c.facts))
            };
            let how_many = |wanted: &dyn Fn(&crate::fleet::live::LiveContainer) -> bool| {
                containers().filter(|c| wanted(c)).count() as u64
            };
            if oom_kills > 0 {
                add(TroubleKind::OomKilled, oom_kills, row.memory_peak_bytes);
            }
            if row.accuracy == Accuracy::Over {
                add(TroubleKind::OverLimit, 1, row.memory_p95_bytes);
            }
            let restarting = how_many(&|c| c.facts.state == ContainerState::Restarting);
            if restarting > 0 || restarts >= MANY_RESTARTS {
                add(TroubleKind::Restarting, restarts.max(restarting), None);
            }
            let unhealthy =
                how_many(&|c| c.facts.state.is_running() && c.facts.health == Some(Health::Unhealthy));
            if unhealthy > 0 {
                add(TroubleKind::Unhealthy, unhealthy, None);
            }
            if row.memory_current_bytes.is_some() && row.level == MemoryLevel::Danger {
                add(TroubleKind::NearLimit, 1, row.memory_current_bytes);
            }
            let exited = how_many(&|c| {
                matches!(c.facts.state, ContainerState::Exited | ContainerState::Dead)
                    && c.facts.exit_code.is_some_and(|code| code != 0)
                    && c.facts
                        .started_at_ms
                        .is_some_and(|ms| now_ms - ms < hosts::EXITED_TROUBLE_MS)
            });
            if exited > 0 {
                add(TroubleKind::Exited, exited, None);
            }
            let issues = glance.and_then(|glance| glance.trouble.get(&(*app, row.host)));
            let issues = issues.copied().unwrap_or_default();
            if issues.regressed > 0 {
                add(TroubleKind::Regressed, issues.regressed, None);
            }
            if issues.new > 0 {
                add(TroubleKind::NewIssues, issues.new, None);
            }
        }
    }
    let rank = |kind: TroubleKind| match kind {
        TroubleKind::OomKilled => 0,
        TroubleKind::OverLimit => 1,
        TroubleKind::Restarting => 2,
        TroubleKind::Unhealthy => 3,
        TroubleKind::NearLimit => 4,
        TroubleKind::Exited => 5,
        TroubleKind::Regressed => 6,
        TroubleKind::NewIssues => 7,
    };
    found.sort_by(|a, b| {
        rank(a.kind)
            .cmp(&rank(b.kind))
            .then(b.count.cmp(&a.count))
            .then(a.app.cmp(&b.app))
            .then(a.host_name.cmp(&b.host_name))
    });
    found.truncate(MAX_TROUBLE);
    found
}

fn change_row(fleet: &LiveFleet, change: &Change) -> Option<ChangeRow> {
    let host = fleet.hosts.get(&change.host)?;
    let stored: StoredChange = serde_json::from_str(&change.detail_json)
        .inspect_err(|error| tracing::warn!(%error, kind = change.kind, "a stored change cannot be read"))
        .ok()?;
    Some(ChangeRow {
        at_ms: change.at_ms,
        change: stored.change,
        host: change.host,
        host_name: host.record.name.clone(),
        app: change
            .app
            .and_then(|app| fleet.apps.get(&app))
            .map(|names| names.name.clone()),
        container_name: stored.container_name,
    })
}

/// A change's detail as stored.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct StoredChange {
    pub(crate) change: ChangeKind,
    pub(crate) container_name: Option<String>,
}

impl StoredChange {
    /// As a row of the store; the kind is the change's own tag.
    pub(crate) fn into_row(
        self,
        at_ms: i64,
        host: roadstead_model::HostId,
        app: Option<AppId>,
        container: Option<roadstead_model::ContainerId>,
    ) -> Result<Change, serde_json::Error> {
        let detail = serde_json::to_value(&self)?;
        let kind = detail
            .pointer("/change/kind")
            .and_then(|kind| kind.as_str())
            .unwrap_or_default()
            .to_owned();
        Ok(Change {
            at_ms,
            host,
            app,
            container,
            kind,
            detail_json: detail.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_stored_under_its_own_kind_and_read_back() {
        let change = ChangeKind::ImageChanged {
            from: "a".into(),
            to: "b".into(),
        };
        let stored = StoredChange {
            change: change.clone(),
            container_name: Some("web".into()),
        };
        let row = stored
            .into_row(5, roadstead_model::HostId(1), None, None)
            .unwrap();
        assert_eq!(row.kind, "image_changed");
        let read: StoredChange = serde_json::from_str(&row.detail_json).unwrap();
        assert_eq!(read.change, change);
    }
}
