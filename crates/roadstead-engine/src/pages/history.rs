//! The trend of an app by bucket, and its ticks.

use roadstead_model::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, WINDOW_MS};
use roadstead_model::{AppId, DeploymentId, HostId, TimeRange};
use roadstead_store::{HistoryColumns, WindowColumns};

use super::resolve;
use crate::fleet::Fleet;
use crate::wire::{History, HistoryLine, HistoryRequest, WindowRequest, WindowSeries, Wire, WireError};

/// Most lines of one chart.
const MAX_LINES: usize = 8;
/// Points of a young app's chart.
const YOUNG_POINTS: u32 = 360;
/// An app whose first tick is younger than this is drawn tick by tick: it has too few reports for a trend.
const YOUNG_MS: i64 = 3 * HOUR_MS;
/// An app on more hosts than this waits for its first reports instead: ticks are read host by host.
const MAX_YOUNG_DEPLOYMENTS: usize = 64;
/// Longest span of a tick-by-tick answer.
const MAX_WINDOW_MS: i64 = 14 * DAY_MS;

impl Fleet {
    pub(crate) async fn app_history(&self, request: HistoryRequest) -> Wire<History> {
        let now_ms = self.clock.now_ms();
        let range = resolve(request.period, now_ms)?;
        let app = self.app_id(&request.app)?;
        if request.hosts.len() > MAX_LINES {
            return Err(WireError::invalid(
                "hosts",
                "list.too_long",
                format!(
                    "{} hosts; at most {MAX_LINES} lines fit one chart",
                    request.hosts.len()
                ),
            )
            .with("count", request.hosts.len())
            .with("max", MAX_LINES));
        }
        let lines = self.lines(&request.hosts)?;
        if let Some(young) = self.young_range(app, range, now_ms).await? {
            return self.young_history(app, young, lines).await;
        }
        let bucket_ms = bucket_ms(range);
        let mut answer = History {
            range,
            bucket_ms,
            times_ms: Vec::new(),
            lines: Vec::new(),
        };
        for (host, host_name) in lines {
            let hosts: Vec<HostId> = host.into_iter().collect();
            let columns = self.store.history(app, &hosts, range, bucket_ms).await?;
            answer.lines.push(line(host, host_name, &columns));
            answer.times_ms = columns.times_ms;
        }
        Ok(answer)
    }

    pub(crate) async fn app_window(&self, request: WindowRequest) -> Wire<WindowSeries> {
        let app = self.app_id(&request.app)?;
        let range = request.range;
        if range.from_ms >= range.to_ms {
            return Err(WireError::invalid(
                "range",
                "period.empty",
                "the range ends before it begins",
            ));
        }
        if range.length_ms() > MAX_WINDOW_MS {
            return Err(
                WireError::invalid("range", "period.too_long", "ticks are shown for up to 14 days")
                    .with("max", MAX_WINDOW_MS / DAY_MS),
            );
        }
        if !(10..=4_000).contains(&request.points) {
            return Err(WireError::out_of_range(
                "points",
                request.points.into(),
                10,
                4_000,
                "",
            ));
        }
        let deployments = self.deployments_of(app, request.host).await?;
        let columns = self
            .store
            .deployment_window(&deployments, range, request.points)
            .await?;
        let limit_bytes = columns.limit_bytes.last().copied().flatten();
        Ok(WindowSeries {
            range,
            bucket_ms: columns.bucket_ms,
            times_ms: columns.times_ms,
            memory_avg_bytes: columns.memory_avg_bytes,
            memory_peak_bytes: columns.memory_peak_bytes,
            cpu_avg_cores: columns.cpu_avg_cores,
            cpu_peak_cores: columns.cpu_peak_cores,
            complete: columns.complete,
            limit_bytes,
        })
    }

    /// Deployments of an app on the hosts that are not removed, or on one of them.
    pub(super) async fn deployments_of(&self, app: AppId, host: Option<HostId>) -> Wire<Vec<DeploymentId>> {
        let all = self.store.deployments().await?;
        let fleet = self.live.read();
        if let Some(host) = host.filter(|host| !fleet.hosts.contains_key(host)) {
            return Err(WireError::not_found("host", host));
        }
        Ok(all
            .into_iter()
            .filter(|d| {
                d.app == app && fleet.hosts.contains_key(&d.host) && host.is_none_or(|host| host == d.host)
            })
            .map(|d| d.id)
            .collect())
    }

    fn lines(&self, hosts: &[HostId]) -> Wire<Vec<(Option<HostId>, String)>> {
        if hosts.is_empty() {
            return Ok(vec![(None, String::new())]);
        }
        let fleet = self.live.read();
        hosts
            .iter()
            .map(|host| {
                let live = fleet
                    .hosts
                    .get(host)
                    .ok_or_else(|| WireError::not_found("host", host))?;
                Ok((Some(*host), live.record.name.clone()))
            })
            .collect()
    }

    /// The span of a young app's ticks, when the span asked for holds no older report of it.
    async fn young_range(&self, app: AppId, range: TimeRange, now_ms: i64) -> Wire<Option<TimeRange>> {
        if !range.contains(now_ms) {
            return Ok(None);
        }
        let deployments = self.store.deployments().await?;
        let of_app = || deployments.iter().filter(|d| d.app == app);
        if of_app().count() > MAX_YOUNG_DEPLOYMENTS {
            return Ok(None);
        }
        let first_seen_ms = of_app().map(|d| d.first_seen_ms).min();
        let Some(first_seen_ms) = first_seen_ms.filter(|first_ms| now_ms - first_ms < YOUNG_MS) else {
            return Ok(None);
        };
        // Imported or simulated history may be older than the moment the app was first listed.
        let older = TimeRange::new(range.from_ms, first_seen_ms - first_seen_ms.rem_euclid(WINDOW_MS));
        if let Some(older) = older {
            let columns = self.store.history(app, &[], older, bucket_ms(range)).await?;
            if columns.reports.iter().any(|reports| *reports > 0) {
                return Ok(None);
            }
        }
        Ok(TimeRange::new(
            (first_seen_ms - MINUTE_MS).max(range.from_ms),
            now_ms.min(range.to_ms),
        ))
    }

    async fn young_history(
        &self,
        app: AppId,
        range: TimeRange,
        lines: Vec<(Option<HostId>, String)>,
    ) -> Wire<History> {
        // Every line on one time axis: the union of the hosts' own buckets.
        let mut of_lines = Vec::new();
        for (host, host_name) in lines {
            let mut of_hosts = Vec::new();
            for deployment in self.deployments_of(app, host).await? {
                of_hosts.push(
                    self.store
                        .deployment_window(&[deployment], range, YOUNG_POINTS)
                        .await?,
                );
            }
            of_lines.push((host, host_name, of_hosts));
        }
        let all = || of_lines.iter().flat_map(|(_, _, of_hosts)| of_hosts);
        let mut times_ms: Vec<i64> = all()
            .flat_map(|columns| columns.times_ms.iter().copied())
            .collect();
        times_ms.sort_unstable();
        times_ms.dedup();
        let interval_ms = i64::from(self.settings.borrow().tick_interval_s) * SECOND_MS;
        let bucket_ms = all()
            .map(|columns| columns.bucket_ms)
            .filter(|bucket_ms| *bucket_ms > 0)
            .max()
            .unwrap_or(interval_ms);
        let lines = of_lines
            .into_iter()
            .map(|(host, host_name, of_hosts)| young_line(host, host_name, &of_hosts, &times_ms))
            .collect();
        Ok(History {
            range,
            bucket_ms,
            times_ms,
            lines,
        })
    }
}

/// Length of a trend's bucket: a report window up to two days, an hour up to 31, six hours up to 100, then days.
fn bucket_ms(range: TimeRange) -> i64 {
    match range.length_ms() {
        length if length <= 2 * DAY_MS => WINDOW_MS,
        length if length <= 31 * DAY_MS => HOUR_MS,
        length if length <= 100 * DAY_MS => 6 * HOUR_MS,
        _ => DAY_MS,
    }
}

fn line(host: Option<HostId>, host_name: String, columns: &HistoryColumns) -> HistoryLine {
    HistoryLine {
        host,
        host_name,
        avg_bytes: columns.memory_avg_bytes.clone(),
        peak_bytes: columns.memory_peak_bytes.clone(),
        limit_bytes: columns.limit_bytes.clone(),
        cpu_cores: columns.cpu_avg_cores.clone(),
    }
}

/// Mean over hosts of each host's mean, highest of any host, lowest limit: as a trend over reports has it.
fn young_line(
    host: Option<HostId>,
    host_name: String,
    of_hosts: &[WindowColumns],
    times_ms: &[i64],
) -> HistoryLine {
    let mut line = HistoryLine {
        host,
        host_name,
        avg_bytes: Vec::with_capacity(times_ms.len()),
        peak_bytes: Vec::with_capacity(times_ms.len()),
        limit_bytes: Vec::with_capacity(times_ms.len()),
        cpu_cores: Vec::with_capacity(times_ms.len()),
    };
    for time_ms in times_ms {
        let at: Vec<(&WindowColumns, usize)> = of_hosts
            .iter()
            .filter_map(|columns| Some((columns, columns.times_ms.binary_search(time_ms).ok()?)))
            .collect();
        let values = |column: fn(&WindowColumns) -> &[Option<u64>]| -> Vec<u64> {
            at.iter()
                .filter_map(|(columns, i)| column(columns).get(*i).copied().flatten())
                .collect()
        };
        let avg = values(|c| &c.memory_avg_bytes);
        line.avg_bytes
            .push((!avg.is_empty()).then(|| avg.iter().sum::<u64>() / avg.len() as u64));
        line.peak_bytes
            .push(values(|c| &c.memory_peak_bytes).into_iter().max());
        line.limit_bytes
            .push(values(|c| &c.limit_bytes).into_iter().min());
        let cores: Vec<f64> = at
            .iter()
            .filter_map(|(columns, i)| columns.cpu_avg_cores.get(*i).copied().flatten())
            .collect();
        line.cpu_cores
            .push((!cores.is_empty()).then(|| cores.iter().sum::<f64>() / cores.len() as f64));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_period_has_more_buckets_than_a_chart_has_pixels() {
        for days in [1, 7, 30, 90, 365, 3_650] {
            let range = TimeRange {
                from_ms: 0,
                to_ms: days * DAY_MS,
            };
            assert!(range.length_ms() / bucket_ms(range) <= 3_650, "{days} days");
        }
    }
}
