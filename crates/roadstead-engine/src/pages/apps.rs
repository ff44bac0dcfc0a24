//! The Apps page: one row per app over the fleet.

use roadstead_model::{Accuracy, AppId, SizeSource};
use roadstead_store::AppAggregate;

use super::{count, deployments, fleet_query, resolve};
use crate::fleet::Fleet;
use crate::fleet::live::LiveFleet;
use crate::wire::{AppRow, AppsPage, AppsRequest, DeploymentRow, SizeSpan, Wire};

impl Fleet {
    pub(crate) async fn list_apps(&self, request: AppsRequest) -> Wire<AppsPage> {
        let now_ms = self.clock.now_ms();
        let range = resolve(request.period, now_ms)?;
        let query = fleet_query(range, now_ms);
        let aggregates = self.store.fleet(query).await?;
        let fleet = self.live.read();
        let mut by_app = deployments::rows_by_app(&fleet, &aggregates, range, now_ms);
        let mut rows: Vec<AppRow> = aggregates
            .iter()
            .filter_map(|aggregate| {
                let deployments = by_app.remove(&aggregate.app)?;
                Some(app_row(&fleet, aggregate.app, Some(aggregate), &deployments))
            })
            .collect();
        rows.extend(
            by_app
                .iter()
                .map(|(app, deployments)| app_row(&fleet, *app, None, deployments)),
        );
        rows.sort_by(|a, b| {
            b.deployments_active
                .cmp(&a.deployments_active)
                .then(b.memory_avg_bytes.cmp(&a.memory_avg_bytes))
                .then(a.app.cmp(&b.app))
        });
        let errors_known = rows.iter().any(|row| row.errors_24h.is_some());
        Ok(AppsPage {
            now_ms,
            range,
            spark_bucket_ms: query.spark_bucket_ms,
            apps_total: count(rows.len()),
            deployments_total: rows.iter().map(|row| row.deployments_active).sum(),
            apps_with_errors: errors_known.then(|| {
                count(
                    rows.iter()
                        .filter(|row| row.errors_24h.is_some_and(|n| n > 0))
                        .count(),
                )
            }),
            rows,
        })
    }
}

/// One app over the fleet from its deployments' rows and, where it has reports, its aggregate.
pub(crate) fn app_row(
    fleet: &LiveFleet,
    app: AppId,
    aggregate: Option<&AppAggregate>,
    deployments: &[DeploymentRow],
) -> AppRow {
    let worst = deployments
        .iter()
        .filter(|row| row.memory_p95_bytes.is_some())
        .max_by(|a, b| {
            a.memory_p95_bytes
                .cmp(&b.memory_p95_bytes)
                .then(b.host_name.cmp(&a.host_name))
        });
    let active = || deployments.iter().filter(|row| row.active);
    let in_force: Vec<&DeploymentRow> = if active().next().is_some() {
        active().collect()
    } else {
        deployments.iter().collect()
    };
    let accuracies = || deployments.iter().map(|row| row.accuracy);
    let accuracy = [Accuracy::Over, Accuracy::Fitting, Accuracy::Roomy]
        .into_iter()
        .find(|wanted| accuracies().any(|accuracy| accuracy == *wanted))
        .unwrap_or(Accuracy::Unknown);
    AppRow {
        app: fleet
            .apps
            .get(&app)
            .map(|names| names.name.clone())
            .unwrap_or_default(),
        display_name: fleet.display_name(app),
        deployments_active: count(active().count()),
        deployments_seen: count(deployments.len()),
        memory_current_bytes: sum(deployments.iter().filter_map(|row| row.memory_current_bytes)),
        memory_avg_bytes: mean(deployments.iter().filter_map(|row| row.memory_avg_bytes)),
        memory_p95_bytes: aggregate.map_or_else(
            || worst.and_then(|row| row.memory_p95_bytes),
            |a| a.memory_p95_bytes,
        ),
        worst_p95_bytes: worst.and_then(|row| row.memory_p95_bytes),
        worst_host: worst.map(|row| row.host_name.to_string()),
        memory_peak_bytes: deployments.iter().filter_map(|row| row.memory_peak_bytes).max(),
        cpu_avg_cores: mean_cores(deployments.iter().filter_map(|row| row.cpu_avg_cores)),
        estimate: span(&in_force, |row| row.estimate_bytes, |row| row.estimate_source),
        limit: span(&in_force, |row| row.limit_bytes, |row| row.limit_source),
        accuracy,
        p95_to_estimate_ratio: worst.and_then(|row| {
            roadstead_model::EstimateFit::of(row.memory_p95_bytes, row.estimate_bytes, row.reports.into())
                .map(|fit| fit.p95_to_estimate_ratio)
        }),
        events_are_at_least: deployments.iter().any(|row| row.events_are_at_least),
        errors_24h: sum_u32(deployments.iter().filter_map(|row| row.errors_24h)),
        warnings_24h: sum_u32(deployments.iter().filter_map(|row| row.warnings_24h)),
        oom_kills: deployments.iter().map(|row| row.oom_kills).sum(),
        restarts: deployments.iter().map(|row| row.restarts).sum(),
        reports: deployments.iter().map(|row| row.reports).sum(),
        last_report_ms: deployments.iter().filter_map(|row| row.last_report_ms).max(),
        spark_avg_bytes: aggregate.map(|a| a.spark_avg_bytes.clone()).unwrap_or_default(),
    }
}

fn span(
    rows: &[&DeploymentRow],
    size: impl Fn(&DeploymentRow) -> Option<u64>,
    source: impl Fn(&DeploymentRow) -> Option<SizeSource>,
) -> SizeSpan {
    let trust = |source: SizeSource| match source {
        SizeSource::User => 0,
        SizeSource::Label => 1,
        SizeSource::Engine => 2,
    };
    SizeSpan {
        min_bytes: rows.iter().filter_map(|row| size(row)).min(),
        max_bytes: rows.iter().filter_map(|row| size(row)).max(),
        without: count(rows.iter().filter(|row| size(row).is_none()).count()),
        source: rows
            .iter()
            .filter_map(|row| source(row))
            .min_by_key(|source| trust(*source)),
    }
}

fn sum(values: impl Iterator<Item = u64>) -> Option<u64> {
    values.reduce(|a, b| a + b)
}

fn sum_u32(values: impl Iterator<Item = u32>) -> Option<u32> {
    values.reduce(u32::saturating_add)
}

fn mean(values: impl Iterator<Item = u64>) -> Option<u64> {
    let (count, sum) = values.fold((0_u128, 0_u128), |(count, sum), value| {
        (count + 1, sum + u128::from(value))
    });
    (count > 0).then(|| (sum / count) as u64)
}

fn mean_cores(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0_u32, 0.0), |(count, sum), value| (count + 1, sum + value));
    (count > 0).then(|| sum / f64::from(count))
}
