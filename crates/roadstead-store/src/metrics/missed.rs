//! Hosts that should be in a sum and are not.
//!
//! Within a host's tick every running container has a sample, measured or not, so that an incomplete sum is known for what it is. A
//! host that did not tick says nothing. What the inventory knows then decides: a container that is running as far as is known, and
//! was started before the moment, ran at that moment. One that was removed or stopped is not missed: the sum without it is the
//! truth. A host that stays away for long (unreachable, paused by the operator) would leave an app on fifty hosts without any line:
//! after [`MISSED_FOR_MS`] the sums go on without it, and its containers stay among the expected.

use std::collections::HashMap;

use sqlx::SqliteConnection;

use roadstead_model::time::MINUTE_MS;
use roadstead_model::{ContainerId, ContainerState};

use super::MetricsLines;
use super::moments::{Cell, Count, HostTicks, Moments, NO_TICK};
use crate::StoreError;

/// There is no sum for so long after the last tick of a host that should be in it.
pub(super) const MISSED_FOR_MS: i64 = 15 * MINUTE_MS;

/// Containers asked about, the newest: an app may have one for each job it ever did.
const MOST_CONTAINERS: i64 = 2_000;

/// A time in which a container is known to have run.
#[derive(Debug, Clone, Copy)]
struct Run {
    group: Option<u32>,
    from_ms: i64,
    until_ms: i64,
}

/// Of each host, when which containers are known to have run.
#[derive(Debug, Default)]
pub(super) struct Runs {
    by_host: HashMap<i64, Vec<Run>>,
}

impl Runs {
    /// Reads the containers of some deployments, but those that were gone before a moment.
    pub(super) async fn read(
        tx: &mut SqliteConnection,
        deployments: &str,
        from_ms: i64,
        lines: &MetricsLines,
    ) -> Result<Self, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT container_id, host_id, first_seen_ms, gone_at_ms,
                      json_extract(facts_json, '$.state') AS "state: String",
                      json_extract(facts_json, '$.started_at_ms') AS "started_at_ms: i64",
                      json_extract(facts_json, '$.protected') AS "protected: bool"
               FROM container
               WHERE deployment_id IN (SELECT value FROM json_each(?)) AND (gone_at_ms IS NULL OR gone_at_ms > ?)
               ORDER BY container_id DESC LIMIT ?"#,
            deployments,
            from_ms,
            MOST_CONTAINERS
        )
        .fetch_all(tx)
        .await?;
        let mut runs = Self::default();
        for row in rows {
            let state = row.state.as_deref().and_then(ContainerState::parse);
            let Some(started_ms) = row.started_at_ms else {
                continue;
            };
            if row.protected == Some(true) || !state.is_some_and(ContainerState::is_running) {
                continue;
            }
            runs.by_host.entry(row.host_id).or_default().push(Run {
                group: lines.group_of(ContainerId(row.container_id)),
                // Our own clock too: the engine's may be behind.
                from_ms: started_ms.max(row.first_seen_ms),
                until_ms: row.gone_at_ms.unwrap_or(i64::MAX),
            });
        }
        Ok(runs)
    }

    /// Marks the moments at which a host is missing: in the counts, and in the lines of the groups it has a part of.
    pub(super) fn mark(&self, hosts: &[HostTicks], moments: &Moments, group: u32, cells: &mut [Cell]) {
        self.each_missing(hosts, moments, |moment, run, recently| {
            if recently && run.group == Some(group) {
                cells[moment].miss();
            }
        });
    }

    /// Adds the containers of hosts that are missing to what was expected.
    pub(super) fn count(&self, hosts: &[HostTicks], moments: &Moments, counts: &mut [Count]) {
        self.each_missing(hosts, moments, |moment, _, _| counts[moment].add(false));
    }

    /// Whether a container of a host is known to have run all the time from one moment to another.
    pub(super) fn ran_throughout(&self, host_id: i64, from_ms: i64, until_ms: i64) -> bool {
        let runs = self.by_host.get(&host_id).map_or(&[][..], Vec::as_slice);
        runs.iter()
            .any(|run| run.from_ms <= from_ms && until_ms <= run.until_ms)
    }

    fn each_missing(&self, hosts: &[HostTicks], moments: &Moments, mut found: impl FnMut(usize, &Run, bool)) {
        for (host_id, runs) in &self.by_host {
            let host = hosts.iter().position(|host| host.host_id == *host_id);
            let mut last = 0;
            for (at, moment_ms) in moments.times_ms.iter().enumerate() {
                let mut recently = false;
                if let Some(host) = host {
                    if moments.shown[host][at] != NO_TICK {
                        continue;
                    }
                    let times_ms = &hosts[host].times_ms;
                    while times_ms.get(last).is_some_and(|time_ms| time_ms <= moment_ms) {
                        last += 1;
                    }
                    recently = last > 0 && moment_ms - times_ms[last - 1] <= MISSED_FOR_MS;
                }
                for run in runs {
                    if (run.from_ms..run.until_ms).contains(moment_ms) {
                        found(at, run, recently);
                    }
                }
            }
        }
    }
}
