//! Live metrics of an app: its ticks, or its reports where ticks are not kept any more, and whether its memory grows.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use roadstead_model::time::{DAY_MS, HOUR_MS, WINDOW_MS};
use roadstead_model::{ContainerId, DeploymentId, HostId, TimeRange, leak};
use roadstead_store::{MetricsColumns, MetricsLines, MetricsSpec};

use super::count;
use crate::fleet::Fleet;
use crate::wire::{
    LeakAnswer, MetricsLine, MetricsRequest, MetricsSeries, MetricsSource, MetricsSplit, TickInterval, Wire,
    WireError,
};

/// Longest span.
const MAX_RANGE_DAYS: i64 = 400;
/// Spans up to this are drawn from ticks, where these are still kept.
const MAX_TICKS_MS: i64 = 2 * DAY_MS;
/// Lines of one answer: those that need most memory.
const MAX_LINES: u32 = 20;
/// How far back a leak is looked for.
const LEAK_MS: i64 = 7 * DAY_MS;
/// Points a leak is looked for in.
const LEAK_POINTS: u32 = 700;

/// One line that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct LineName {
    name: String,
    host_name: Option<String>,
}

impl Fleet {
    pub(crate) async fn app_metrics(&self, request: MetricsRequest) -> Wire<MetricsSeries> {
        let app = self.app_id(&request.app)?;
        let now_ms = self.clock.now_ms();
        let range = judged(&request)?;
        let deployments = self.deployments_of(app, request.host).await?;
        let from_ticks = self.uses_ticks(&request, now_ms);
        let (names, lines) = if from_ticks {
            self.groups(&deployments, request.host, request.split).await?
        } else {
            (vec![whole()], MetricsLines::Whole)
        };
        let spec = MetricsSpec {
            max_points: request.points,
            bucket_ms: request.bucket_ms,
            lines,
            rates: request.rates,
        };
        let columns = async {
            let columns = if from_ticks {
                self.store.metrics_window(&deployments, range, &spec).await
            } else {
                self.store
                    .metrics_reports(&deployments, range, request.points, request.bucket_ms)
                    .await
            };
            columns.map_err(WireError::from)
        };
        let leak = async {
            if request.split == MetricsSplit::Whole && request.bucket_ms.is_none() {
                self.leak(&deployments, now_ms).await.map(Some)
            } else {
                Ok(None)
            }
        };
        let (columns, leak) = tokio::try_join!(columns, leak)?;
        let host_memory_bytes = self.host_memory(&deployments, request.host).await?;
        Ok(series(
            Frame {
                now_ms,
                range,
                source: if from_ticks {
                    MetricsSource::Ticks
                } else {
                    MetricsSource::Reports
                },
                host_memory_bytes,
                leak,
            },
            columns,
            &names,
        ))
    }

    /// Whether a chart is drawn from ticks: those of the whole span are still kept. What is appended to a chart of reports comes
    /// from reports too.
    fn uses_ticks(&self, request: &MetricsRequest, now_ms: i64) -> bool {
        let of_reports = |bucket_ms: i64| bucket_ms >= WINDOW_MS && bucket_ms % WINDOW_MS == 0;
        let retention_ms = i64::from(self.settings.borrow().samples_retention_h) * HOUR_MS;
        !request.bucket_ms.is_some_and(of_reports)
            && request.range.length_ms() <= MAX_TICKS_MS
            && request.range.from_ms >= now_ms - retention_ms.max(DAY_MS)
    }

    /// The lines, and which container belongs to which.
    async fn groups(
        &self,
        deployments: &[DeploymentId],
        host: Option<HostId>,
        split: MetricsSplit,
    ) -> Wire<(Vec<LineName>, MetricsLines)> {
        if split == MetricsSplit::Whole {
            return Ok((vec![whole()], MetricsLines::Whole));
        }
        // Also containers that are gone: their ticks are still in the span.
        let records = self.store.containers_of(deployments).await?;
        let mut of_line: BTreeMap<LineName, Vec<ContainerId>> = BTreeMap::new();
        {
            let fleet = self.live.read();
            let several = host.is_none() && fleet.hosts.len() > 1;
            for record in records {
                let facts = record.facts;
                let line = match split {
                    MetricsSplit::Container => LineName {
                        name: facts.name,
                        host_name: fleet
                            .hosts
                            .get(&record.host)
                            .filter(|_| several)
                            .map(|live| live.record.name.clone()),
                    },
                    _ => LineName {
                        name: facts.service.unwrap_or(facts.name),
                        host_name: None,
                    },
                };
                of_line.entry(line).or_default().push(record.id);
            }
        }
        let mut names = Vec::with_capacity(of_line.len());
        let mut group_of = HashMap::new();
        for (line, containers) in of_line {
            let group = count(names.len());
            group_of.extend(containers.into_iter().map(|container| (container, group)));
            names.push(line);
        }
        let group_of = Arc::new(group_of);
        Ok((
            names,
            MetricsLines::Groups {
                group_of,
                most: MAX_LINES,
            },
        ))
    }

    /// Whether memory grows: over the reports since the newest deploy, restart or OOM kill, at most a week.
    async fn leak(&self, deployments: &[DeploymentId], now_ms: i64) -> Wire<LeakAnswer> {
        let Some(range) = TimeRange::new(self.steady_since(deployments, now_ms), now_ms) else {
            return Ok(LeakAnswer {
                check: None,
                withheld: None,
            });
        };
        let columns = self
            .store
            .metrics_reports(deployments, range, LEAK_POINTS, Some(WINDOW_MS))
            .await?;
        let Some(whole) = columns.lines.first() else {
            return Ok(LeakAnswer {
                check: None,
                withheld: None,
            });
        };
        let points: Vec<(i64, u64)> = columns
            .times_ms
            .iter()
            .zip(&whole.memory_avg_bytes)
            .filter_map(|(at_ms, bytes)| Some((*at_ms, (*bytes)?)))
            .collect();
        let limit_bytes = whole.limit_bytes.last().copied().flatten();
        // Some tens of thousands of slopes: beside the chart, not between the rows it waits for.
        let checked = tokio::task::spawn_blocking(move || leak::check(&points, limit_bytes))
            .await
            .map_err(WireError::internal)?;
        Ok(LeakAnswer {
            check: checked.ok(),
            withheld: checked.err(),
        })
    }

    /// When the containers of these deployments last began anew.
    fn steady_since(&self, deployments: &[DeploymentId], now_ms: i64) -> i64 {
        let fleet = self.live.read();
        let containers = fleet.hosts.values().flat_map(|live| &live.containers);
        containers
            .filter(|container| {
                deployments.contains(&container.deployment) && container.facts.state.is_running()
            })
            .filter_map(|container| container.facts.started_at_ms)
            .max()
            .unwrap_or(now_ms - LEAK_MS)
            .max(now_ms - LEAK_MS)
    }

    /// Memory of the machines these deployments run on; absent when one did not say.
    async fn host_memory(&self, deployments: &[DeploymentId], host: Option<HostId>) -> Wire<Option<u64>> {
        let fleet = self.live.read();
        let mut total = 0_u64;
        for live in fleet.hosts.values() {
            let wanted = host.is_none_or(|host| host == live.record.id)
                && live
                    .containers
                    .iter()
                    .any(|container| deployments.contains(&container.deployment));
            if wanted {
                let Some(facts) = &live.record.facts else {
                    return Ok(None);
                };
                total += facts.memory_bytes;
            }
        }
        Ok((total > 0).then_some(total))
    }
}

fn whole() -> LineName {
    LineName {
        name: String::new(),
        host_name: None,
    }
}

fn judged(request: &MetricsRequest) -> Wire<TimeRange> {
    let range = request.range;
    if range.from_ms >= range.to_ms {
        return Err(WireError::invalid(
            "range",
            "period.empty",
            "the range ends before it begins",
        ));
    }
    if range.length_ms() > MAX_RANGE_DAYS * DAY_MS {
        return Err(WireError::invalid(
            "range",
            "period.too_long",
            format!("metrics are shown for up to {MAX_RANGE_DAYS} days"),
        )
        .with("max", MAX_RANGE_DAYS));
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
    if let Some(bucket_ms) = request.bucket_ms
        && (bucket_ms < 1_000 || range.length_ms() / bucket_ms > 4_000)
    {
        return Err(WireError::out_of_range(
            "bucket_ms",
            bucket_ms,
            (range.length_ms() / 4_000).max(1_000),
            range.length_ms(),
            "ms",
        ));
    }
    Ok(range)
}

/// What of an answer does not come from the columns.
struct Frame {
    now_ms: i64,
    range: TimeRange,
    source: MetricsSource,
    host_memory_bytes: Option<u64>,
    leak: Option<LeakAnswer>,
}

fn series(frame: Frame, columns: MetricsColumns, names: &[LineName]) -> MetricsSeries {
    let lines = columns
        .lines
        .into_iter()
        .filter_map(|line| {
            let name = names.get(line.group as usize)?;
            Some(MetricsLine {
                name: name.name.clone(),
                host_name: name.host_name.clone(),
                memory_min_bytes: line.memory_min_bytes,
                memory_avg_bytes: line.memory_avg_bytes,
                memory_peak_bytes: line.memory_peak_bytes,
                cpu_avg_cores: line.cpu_avg_cores,
                cpu_peak_cores: line.cpu_peak_cores,
                network_rx_bytes_per_s: line.network_rx_bytes_per_s,
                network_tx_bytes_per_s: line.network_tx_bytes_per_s,
                block_read_bytes_per_s: line.block_read_bytes_per_s,
                block_write_bytes_per_s: line.block_write_bytes_per_s,
                limit_bytes: line.limit_bytes,
            })
        })
        .collect();
    MetricsSeries {
        now_ms: frame.now_ms,
        range: frame.range,
        source: frame.source,
        bucket_ms: columns.bucket_ms,
        times_ms: columns.times_ms,
        containers: columns.containers,
        expected: columns.expected,
        complete: columns.complete,
        intervals: columns
            .intervals
            .iter()
            .map(|since| TickInterval {
                from_ms: since.from_ms,
                interval_ms: since.interval_ms,
            })
            .collect(),
        lines,
        lines_left_out: columns.lines_left_out,
        host_memory_bytes: frame.host_memory_bytes,
        leak: frame.leak,
    }
}
