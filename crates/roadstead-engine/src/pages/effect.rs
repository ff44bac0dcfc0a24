//! Before and after a deploy, over equal spans.

use roadstead_model::quantile::percentile;
use roadstead_model::time::{DAY_MS, HOUR_MS, WINDOW_MS, align_down, align_up};
use roadstead_model::{DeployState, DeploymentId, TimeRange};
use roadstead_store::DeployRecord;

use super::count;
use crate::fleet::{Fleet, interval_of};
use crate::wire::{DeployEffect, DeployRequest, EffectWithheld, SpanFigures, Wire};

/// Longest span on each side.
const MAX_SPAN_MS: i64 = DAY_MS;
/// Ticks that have to be measured on each side.
const NEEDED_TICKS: i64 = 12;
/// Most ticks of a side that are read one by one.
const MAX_TICKS: u32 = 20_000;

/// The two spans that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sides {
    before: TimeRange,
    after: TimeRange,
}

impl Fleet {
    pub(crate) async fn deploy_effect(&self, request: DeployRequest) -> Wire<DeployEffect> {
        let deploy = self.store.deploy(request.deploy).await?;
        let now_ms = self.clock.now_ms();
        let withheld = |withheld| DeployEffect {
            deploy: deploy.id,
            withheld: Some(withheld),
            before: None,
            after: None,
        };
        if deploy.state == DeployState::Running {
            return Ok(withheld(EffectWithheld::UnderWay));
        }
        let interval_ms = {
            let settings = self.settings.borrow();
            let fleet = self.live.read();
            let live = fleet.hosts.get(&deploy.host);
            live.map_or(i64::from(settings.tick_interval_s) * 1_000, |live| {
                interval_of(&live.record, &settings)
            })
        };
        let needed_ms = NEEDED_TICKS * interval_ms;
        let (earlier_ms, later_ms) = self.store.good_neighbours(deploy.id).await?;
        let sides = match sides(&deploy, earlier_ms, later_ms, needed_ms, now_ms) {
            Ok(sides) => sides,
            Err(why) => return Ok(withheld(why)),
        };
        // Both sides from the same source: a P95 of ticks and one of peaks cannot be compared.
        let retention_ms = i64::from(self.settings.borrow().samples_retention_h) * HOUR_MS;
        let of_ticks = sides.before.from_ms >= now_ms - retention_ms;
        let ticks_of = of_ticks.then_some(interval_ms);
        let before = self.figures(&deploy, sides.before, ticks_of).await?;
        let after = self.figures(&deploy, sides.after, ticks_of).await?;
        let measured_ms =
            |figures: &SpanFigures| (figures.measured_ratio * figures.range.length_ms() as f64) as i64;
        // A little less than is asked for: the first tick comes up to an interval after the span begins.
        let enough_ms = needed_ms - 2 * interval_ms;
        if measured_ms(&after) < enough_ms {
            return Ok(withheld(EffectWithheld::TooYoung {
                needed_ms,
                measured_ms: measured_ms(&after),
            }));
        }
        if measured_ms(&before) < enough_ms {
            return Ok(withheld(EffectWithheld::NothingBefore));
        }
        Ok(DeployEffect {
            deploy: deploy.id,
            withheld: None,
            before: Some(before),
            after: Some(after),
        })
    }

    /// `ticks_of` is the interval of the ticks; absent: the figures come from reports.
    async fn figures(
        &self,
        deploy: &DeployRecord,
        range: TimeRange,
        ticks_of: Option<i64>,
    ) -> Wire<SpanFigures> {
        let ids = [deploy.deployment];
        let mut figures = match ticks_of {
            Some(interval_ms) => self.of_ticks(&ids, range, interval_ms).await?,
            None => self.of_reports(&ids, range).await?,
        };
        if self.reads_logs_of(deploy) {
            figures.new_issues = Some(self.store.log_sums(&ids, range).await?.new_issues);
            // Events are counted by quarters of an hour: one that reaches over the deploy belongs to neither side.
            if let Some(whole) = whole_windows(range) {
                let logs = self.store.log_sums(&ids, whole).await?;
                let reports = self.store.reports(&ids, whole).await?;
                // Silence says something only where somebody listened.
                let unread = reports.iter().filter(|report| report.log_errors.is_none());
                let read_ms = whole.length_ms() - unread.count() as i64 * WINDOW_MS;
                if read_ms > 0 {
                    figures.errors_per_hour = Some(logs.errors as f64 * HOUR_MS as f64 / read_ms as f64);
                } else {
                    figures.new_issues = None;
                }
            }
        }
        let limit = 10_000;
        let kinds = ["oom_killed", "restarted"];
        let changes = self
            .store
            .mark_changes(deploy.app, Some(deploy.host), range, &kinds, limit)
            .await?;
        let of = |kind: &str| count(changes.iter().filter(|change| change.kind == kind).count());
        figures.oom_kills = of("oom_killed");
        figures.restarts = of("restarted");
        Ok(figures)
    }

    async fn of_ticks(&self, ids: &[DeploymentId], range: TimeRange, interval_ms: i64) -> Wire<SpanFigures> {
        let columns = self.store.deployment_window(ids, range, MAX_TICKS).await?;
        let mut memory: Vec<u64> = columns.memory_avg_bytes.iter().flatten().copied().collect();
        let cores: Vec<f64> = columns.cpu_avg_cores.iter().flatten().copied().collect();
        let measured_ms = memory.len() as i64 * columns.bucket_ms.max(interval_ms);
        Ok(SpanFigures {
            measured_ratio: (measured_ms as f64 / range.length_ms() as f64).min(1.0),
            memory_avg_bytes: mean(&memory),
            memory_peak_bytes: columns.memory_peak_bytes.iter().flatten().max().copied(),
            memory_p95_bytes: percentile(&mut memory, 95),
            cpu_avg_cores: (!cores.is_empty()).then(|| cores.iter().sum::<f64>() / cores.len() as f64),
            ..nothing(range)
        })
    }

    /// Of spans whose ticks are not kept any more: the P95 is of the peaks of 15 minutes.
    async fn of_reports(&self, ids: &[DeploymentId], range: TimeRange) -> Wire<SpanFigures> {
        let reports = match whole_windows(range) {
            Some(whole) => self.store.reports(ids, whole).await?,
            None => Vec::new(),
        };
        let mut peaks: Vec<u64> = reports
            .iter()
            .filter_map(|report| report.memory_peak_bytes)
            .collect();
        let means: Vec<u64> = reports
            .iter()
            .filter_map(|report| report.memory_avg_bytes)
            .collect();
        let cores: Vec<f64> = reports.iter().filter_map(|report| report.cpu_avg_cores).collect();
        let measured_ms = means.len() as i64 * WINDOW_MS;
        Ok(SpanFigures {
            measured_ratio: (measured_ms as f64 / range.length_ms() as f64).min(1.0),
            memory_avg_bytes: mean(&means),
            memory_peak_bytes: peaks.iter().max().copied(),
            memory_p95_bytes: percentile(&mut peaks, 95),
            cpu_avg_cores: (!cores.is_empty()).then(|| cores.iter().sum::<f64>() / cores.len() as f64),
            ..nothing(range)
        })
    }

    /// Whether the logs of a deployment have been read at all.
    fn reads_logs_of(&self, deploy: &DeployRecord) -> bool {
        self.live.read().hosts.get(&deploy.host).is_some_and(|live| {
            live.containers
                .iter()
                .filter(|container| container.deployment == deploy.deployment)
                .any(|container| {
                    live.logs
                        .get(&container.container)
                        .is_some_and(|scan| scan.read_until_ms.is_some())
                })
        })
    }
}

/// The part of a span that whole report windows fill.
fn whole_windows(range: TimeRange) -> Option<TimeRange> {
    TimeRange::new(
        align_up(range.from_ms, WINDOW_MS),
        align_down(range.to_ms, WINDOW_MS),
    )
}

fn nothing(range: TimeRange) -> SpanFigures {
    SpanFigures {
        range,
        measured_ratio: 0.0,
        memory_avg_bytes: None,
        memory_p95_bytes: None,
        memory_peak_bytes: None,
        cpu_avg_cores: None,
        errors_per_hour: None,
        new_issues: None,
        restarts: 0,
        oom_kills: 0,
    }
}

fn mean(values: &[u64]) -> Option<u64> {
    let total: u128 = values.iter().map(|value| u128::from(*value)).sum();
    let many = values.len() as u128;
    (many > 0).then(|| u64::try_from((total + many / 2) / many).unwrap_or(u64::MAX))
}

/// Equal spans before its start and after its end, up to the deploys beside it, at most a day.
fn sides(
    deploy: &DeployRecord,
    earlier_ms: Option<i64>,
    later_ms: Option<i64>,
    needed_ms: i64,
    now_ms: i64,
) -> Result<Sides, EffectWithheld> {
    let done_ms = deploy.ended_ms.unwrap_or(deploy.started_ms);
    let until_ms = later_ms.unwrap_or(now_ms).min(done_ms + MAX_SPAN_MS);
    let since_ms = until_ms - done_ms;
    if since_ms < needed_ms {
        return Err(EffectWithheld::TooYoung {
            needed_ms,
            measured_ms: since_ms.max(0),
        });
    }
    let Some(earlier_ms) = earlier_ms else {
        return Err(EffectWithheld::NothingBefore);
    };
    let length_ms = since_ms.min(deploy.started_ms - earlier_ms);
    if length_ms < needed_ms {
        return Err(EffectWithheld::NothingBefore);
    }
    Ok(Sides {
        before: TimeRange {
            from_ms: deploy.started_ms - length_ms,
            to_ms: deploy.started_ms,
        },
        after: TimeRange {
            from_ms: done_ms,
            to_ms: done_ms + length_ms,
        },
    })
}

#[cfg(test)]
mod over_a_store;
#[cfg(test)]
mod quay;

#[cfg(test)]
mod tests {
    use roadstead_model::{AppId, DeployId, DeployKind, HostId};

    use super::*;

    fn deploy(started_ms: i64, ended_ms: i64) -> DeployRecord {
        DeployRecord {
            id: DeployId(1),
            deployment: DeploymentId(1),
            host: HostId(1),
            app: AppId(1),
            kind: DeployKind::Update,
            state: DeployState::Success,
            started_ms,
            ended_ms: Some(ended_ms),
            services: Vec::new(),
            changes: Vec::new(),
            fault: None,
            rollback_of: None,
            journal_json: None,
            is_current: true,
        }
    }

    #[test]
    fn both_sides_are_equally_long_and_end_at_the_deploys_beside() {
        let sides = sides(&deploy(1_000, 1_100), Some(700), Some(2_000), 100, 9_000).unwrap();
        assert_eq!((sides.before.from_ms, sides.before.to_ms), (700, 1_000));
        assert_eq!((sides.after.from_ms, sides.after.to_ms), (1_100, 1_400));
    }

    #[test]
    fn a_day_is_enough() {
        let sides = sides(&deploy(10 * DAY_MS, 10 * DAY_MS), Some(0), None, 100, 20 * DAY_MS).unwrap();
        assert_eq!(sides.before.length_ms(), DAY_MS);
        assert_eq!(sides.after.length_ms(), DAY_MS);
    }

    #[test]
    fn too_little_on_a_side_is_said() {
        assert_eq!(
            sides(&deploy(1_000, 1_000), Some(0), None, 100, 1_060),
            Err(EffectWithheld::TooYoung {
                needed_ms: 100,
                measured_ms: 60
            })
        );
        for earlier_ms in [None, Some(950)] {
            assert_eq!(
                sides(&deploy(1_000, 1_000), earlier_ms, None, 100, 5_000),
                Err(EffectWithheld::NothingBefore)
            );
        }
    }
}
