//! What the reports of a span say together, per app and deployment: the fleet page, an app's page, a host's page.
//!
//! Exact to the quarter of an hour, and read from the coarsest values that fit: sums of up to sixteen days in the middle,
//! shorter ones beside them, and at the two edges the reports of a shift themselves. Shifts that are not summed yet are
//! always read from their reports, with the fresh ones laid over them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use roadstead_model::time::WINDOW_MS;
use roadstead_model::{AppId, DeploymentId, HostId, Report, TimeRange, Window};

use crate::codec::app_sum::{AppSum, ShiftRead, counts_of};
use crate::codec::deployment_sum::{Counted, Counts};
use crate::codec::shift::{ShiftColumns, ShiftFields, window_of_shift};
use crate::codec::sketch::Sketch;
use crate::directory::Directory;
use crate::open::READERS;
use crate::plan::Plan;
use crate::progress::{SHIFT_MS, TIERS, Tier, shift_of, summed_until};
use crate::reports::fresh_reports;
use crate::store::{id_list, off_thread};
use crate::{AppAggregate, DeploymentAggregate, FleetQuery, Store, StoreError};

/// Longest sparkline.
const MOST_SPARK_BUCKETS: i64 = 2_000;

/// What is sealed of one app in the span.
#[derive(Debug, Default)]
struct Stored {
    /// Tier, first shift, value.
    sums: Vec<(Tier, i64, Vec<u8>)>,
    /// Shift, hot value.
    shifts: Vec<(i64, Vec<u8>)>,
}

/// One app to answer for.
#[derive(Debug)]
struct Job {
    app: AppId,
    /// Ascending.
    deployments: Vec<DeploymentId>,
    fresh: Vec<Report>,
}

/// Which deployments are asked for.
#[derive(Debug, Clone, Copy)]
enum Scope {
    Fleet,
    App(AppId),
    Host(HostId),
}

impl Store {
    /// Every app with a report in a span, by app id. Removed hosts count in nothing but the sparklines, whose stored means are
    /// of all hosts until [`Store::purge_removed_hosts`] makes them anew.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a span or bucket that is not aligned to quarters of an hour, [`StoreError::Damaged`].
    pub async fn fleet(&self, query: FleetQuery) -> Result<Vec<AppAggregate>, StoreError> {
        self.aggregate(Scope::Fleet, query).await
    }

    /// As [`Store::fleet`], for one app. `None` when it has no report in the span.
    ///
    /// # Errors
    /// As [`Store::fleet`], and [`StoreError::NotFound`] for an unknown app.
    pub async fn app_aggregate(
        &self,
        app: AppId,
        query: FleetQuery,
    ) -> Result<Option<AppAggregate>, StoreError> {
        if !self.directory().apps.contains_key(&app) {
            return Err(StoreError::NotFound {
                what: "app",
                id: app.0,
            });
        }
        Ok(self.aggregate(Scope::App(app), query).await?.pop())
    }

    /// As [`Store::fleet`], for the deployments of one host alone, without sparklines.
    ///
    /// # Errors
    /// As [`Store::fleet`].
    pub async fn host_aggregate(
        &self,
        host: HostId,
        query: FleetQuery,
    ) -> Result<Vec<AppAggregate>, StoreError> {
        self.aggregate(Scope::Host(host), query).await
    }

    async fn aggregate(&self, scope: Scope, query: FleetQuery) -> Result<Vec<AppAggregate>, StoreError> {
        check(&query)?;
        let directory = self.directory();
        let wanted = wanted(&directory, scope);
        let (plan, mut fresh) = self.plan(&directory, &query).await?;
        let plan = Arc::new(plan);
        // Every core reads and decodes a share of the apps; the heaviest are dealt out evenly enough by turns.
        let hands = std::thread::available_parallelism().map_or(1, usize::from);
        let mut shares: Vec<Vec<Job>> = (0..hands.min(READERS as usize)).map(|_| Vec::new()).collect();
        for (turn, (app, deployments)) in wanted.into_iter().enumerate() {
            let at = turn % shares.len();
            shares[at].push(Job {
                app,
                deployments,
                fresh: fresh.remove(&app).unwrap_or_default(),
            });
        }
        let spark = matches!(scope, Scope::Fleet | Scope::App(_));
        let tasks: Vec<_> = shares
            .into_iter()
            .filter(|jobs| !jobs.is_empty())
            .map(|jobs| {
                let (store, directory, plan) = (self.clone(), Arc::clone(&directory), Arc::clone(&plan));
                tokio::spawn(async move {
                    let apps = id_list(jobs.iter().map(|job| job.app.0));
                    let mut stored = store.read_stored(&apps, &plan).await?;
                    off_thread(move || {
                        let mut columns = ShiftColumns::default();
                        let rows = jobs.into_iter().map(|job| {
                            let stored = stored.remove(&job.app).unwrap_or_default();
                            of_app(&directory, &plan, job, &stored, spark, &mut columns)
                        });
                        rows.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()
                    })
                    .await
                })
            })
            .collect();
        let mut rows = Vec::new();
        for task in tasks {
            let share = task
                .await
                .map_err(|error| StoreError::Sql(format!("a worker thread ended: {error}")))?;
            rows.extend(share?);
        }
        rows.sort_by_key(|row| row.app);
        Ok(rows)
    }

    /// What is to be read, and the fresh reports of it by app. Read before all the rest: a report that is merged into its
    /// shift meanwhile is then seen twice, and counted once, and never missed.
    async fn plan(
        &self,
        directory: &Directory,
        query: &FleetQuery,
    ) -> Result<(Plan, HashMap<AppId, Vec<Report>>), StoreError> {
        let mut tx = self.read().await?;
        let plan = Plan::of(query, summed_until(&mut tx).await?);
        let mut fresh: HashMap<AppId, Vec<Report>> = HashMap::new();
        if let (Some(first), Some(last)) = (plan.shifts.keys().next(), plan.shifts.keys().next_back()) {
            let span = TimeRange {
                from_ms: first * SHIFT_MS,
                to_ms: (last + 1) * SHIFT_MS,
            };
            for report in fresh_reports(&mut tx, span, None).await? {
                if let Some(deployment) = directory.deployments.get(&report.deployment) {
                    fresh.entry(deployment.app).or_default().push(report);
                }
            }
        }
        Ok((plan, fresh))
    }

    /// The sealed values that the plan needs of some apps, of one moment of the database.
    async fn read_stored(&self, apps: &str, plan: &Plan) -> Result<HashMap<AppId, Stored>, StoreError> {
        let mut tx = self.read().await?;
        let mut stored: HashMap<AppId, Stored> = HashMap::new();
        for tier in TIERS {
            let starts = plan.starts(tier);
            if starts.is_empty() {
                continue;
            }
            let starts = id_list(starts);
            let rows = sqlx::query!(
                r#"SELECT app_id, shift, body FROM report_sum
                   WHERE app_id IN (SELECT value FROM json_each(?)) AND shifts = ?
                     AND shift IN (SELECT value FROM json_each(?))"#,
                apps,
                tier.shifts,
                starts
            )
            .fetch_all(&mut *tx)
            .await?;
            for row in rows {
                let of_app = stored.entry(AppId(row.app_id)).or_default();
                of_app.sums.push((tier, row.shift, row.body));
            }
        }
        let shifts = id_list(plan.shifts.keys().copied());
        let rows = sqlx::query!(
            r#"SELECT app_id, shift, hot FROM report_shift
               WHERE app_id IN (SELECT value FROM json_each(?)) AND shift IN (SELECT value FROM json_each(?))"#,
            apps,
            shifts
        )
        .fetch_all(&mut *tx)
        .await?;
        for row in rows {
            let of_app = stored.entry(AppId(row.app_id)).or_default();
            of_app.shifts.push((row.shift, row.hot));
        }
        Ok(stored)
    }
}

fn check(query: &FleetQuery) -> Result<(), StoreError> {
    let aligned = |time_ms: i64| time_ms.rem_euclid(WINDOW_MS) == 0;
    let spans = [Some(query.range), query.recent];
    if spans
        .iter()
        .flatten()
        .any(|span| !aligned(span.from_ms) || !aligned(span.to_ms) || span.from_ms >= span.to_ms)
    {
        return Err(StoreError::Invalid(
            "a span of reports starts before it ends, both at a quarter of an hour (UTC)".to_owned(),
        ));
    }
    let bucket_ms = query.spark_bucket_ms;
    if bucket_ms <= 0 || !aligned(bucket_ms) || query.range.length_ms() / bucket_ms > MOST_SPARK_BUCKETS {
        return Err(StoreError::Invalid(format!(
            "a sparkline bucket of {bucket_ms} ms: it must be whole quarters of an hour, at most {MOST_SPARK_BUCKETS} in the span"
        )));
    }
    Ok(())
}

/// The deployments asked for, by app, ascending.
fn wanted(directory: &Directory, scope: Scope) -> BTreeMap<AppId, Vec<DeploymentId>> {
    let mut wanted: BTreeMap<AppId, Vec<DeploymentId>> = BTreeMap::new();
    for deployment in directory.deployments.values() {
        let is = match scope {
            Scope::Fleet => directory.counts(deployment),
            Scope::App(app) => deployment.app == app && directory.counts(deployment),
            Scope::Host(host) => deployment.host == host,
        };
        if is {
            wanted.entry(deployment.app).or_default().push(deployment.id);
        }
    }
    wanted
}

/// Reads one app; `columns` is memory used again from app to app.
fn of_app(
    directory: &Directory,
    plan: &Plan,
    job: Job,
    stored: &Stored,
    spark: bool,
    columns: &mut ShiftColumns,
) -> Result<Option<AppAggregate>, StoreError> {
    let mut recent = vec![Counts::default(); job.deployments.len()];
    let mut sum = AppSum::over(job.deployments, if spark { plan.slots() } else { 0 });
    for (tier, shift, body) in &stored.sums {
        let origin_ms = shift * SHIFT_MS;
        let is_recent = tier.shifts == 1 && plan.recent_sums.contains(shift);
        if plan.sums.contains(&(*tier, *shift)) {
            let slot = |stretch: usize| plan.slot(origin_ms + stretch as i64 * tier.stretch_ms);
            sum.merge_stored(body, origin_ms, slot, |at, counts| {
                if is_recent {
                    recent[at].add(counts);
                }
            })?;
        } else {
            counts_of(body, |id, counts| {
                if let Ok(at) = sum.ids.binary_search(&id) {
                    recent[at].add(counts);
                }
            })?;
        }
    }
    let mut fresh: HashMap<(i64, DeploymentId), u32> = HashMap::new();
    for report in &job.fresh {
        let windows = fresh
            .entry((shift_of(report.window), report.deployment))
            .or_default();
        *windows |= 1 << window_of_shift(report.window);
    }
    for (shift, hot) in &stored.shifts {
        let Some(part) = plan.shifts.get(shift) else {
            continue;
        };
        let fields = if part.summed.is_empty() {
            ShiftFields::Counts
        } else {
            ShiftFields::All
        };
        columns.read(hot, fields)?;
        let start_ms = shift * SHIFT_MS;
        let read = ShiftRead {
            columns,
            start_ms,
            windows: part.summed.clone(),
            slots: &std::array::from_fn(|window| plan.slot(start_ms + window as i64 * WINDOW_MS)),
        };
        for deployment in &read.columns.deployments {
            let Ok(at) = sum.ids.binary_search(&deployment.id) else {
                continue;
            };
            let replaced = fresh.get(&(*shift, deployment.id)).copied().unwrap_or_default();
            sum.add_shift(at, &read, deployment, replaced);
            let (from, to) = (part.recent.start, part.recent.end);
            if let Some((_, row, count)) = deployment.run(from, to, replaced) {
                recent[at].add(&Counts::of_rows(read.columns, &(row..row + count)));
            } else {
                for (_, row) in deployment.rows(from, to, replaced) {
                    recent[at].add(&Counts::of_rows(read.columns, &(row..row + 1)));
                }
            }
        }
    }
    for report in &job.fresh {
        let Some(part) = plan.shifts.get(&shift_of(report.window)) else {
            continue;
        };
        let window = window_of_shift(report.window);
        if part.summed.contains(&window) {
            sum.add(report, plan.slot(report.window.start_ms));
        }
        if let (true, Ok(at)) = (
            part.recent.contains(&window),
            sum.ids.binary_search(&report.deployment),
        ) {
            recent[at].add(&Counts::of(report));
        }
    }
    Ok(finish(directory, job.app, &sum, &recent))
}

fn finish(directory: &Directory, app: AppId, sum: &AppSum, recent: &[Counts]) -> Option<AppAggregate> {
    let mut peaks = Sketch::default();
    let mut row = AppAggregate {
        app,
        name: directory.apps.get(&app)?.name.clone(),
        display_name: directory.apps.get(&app)?.display_name.clone(),
        reports: 0,
        memory_avg_bytes: None,
        memory_p95_bytes: None,
        memory_peak_bytes: None,
        cpu_avg_cores: None,
        log_errors: None,
        log_warnings: None,
        oom_kills: 0,
        restarts: 0,
        spark_avg_bytes: sum.spark.iter().map(|slot| slot.mean()).collect(),
        deployments: Vec::new(),
    };
    let (mut log_errors, mut log_warnings) = (Counted::default(), Counted::default());
    let (mut memory, mut memory_means) = (0_u128, 0_u128);
    let (mut cpu, mut cpu_means) = (0.0, 0_u32);
    for ((id, of), recent) in sum.ids.iter().zip(&sum.sums).zip(recent) {
        if of.reports == 0 {
            continue;
        }
        peaks.merge(&of.peaks);
        if let Some(mean) = of.memory_mean() {
            memory += u128::from(mean);
            memory_means += 1;
        }
        if let Some(mean) = of.cpu_mean() {
            cpu += mean;
            cpu_means += 1;
        }
        row.reports += u64::from(of.reports);
        row.memory_peak_bytes = row.memory_peak_bytes.max(of.memory_peak);
        log_errors.add(of.log_errors.0);
        log_warnings.add(of.log_warnings.0);
        row.oom_kills += of.oom_kills;
        row.restarts += of.restarts;
        let p95 = of.peaks.percentile(95);
        row.deployments.push(DeploymentAggregate {
            deployment: *id,
            host: directory.deployments.get(id)?.host,
            reports: of.reports,
            memory_avg_bytes: of.memory_mean(),
            memory_p95_bytes: at_most(p95, of.memory_peak),
            memory_peak_bytes: of.memory_peak,
            cpu_avg_cores: of.cpu_mean(),
            log_errors: of.log_errors.0,
            log_warnings: of.log_warnings.0,
            oom_kills: of.oom_kills,
            restarts: of.restarts,
            log_errors_recent: recent.log_errors.0,
            log_warnings_recent: recent.log_warnings.0,
            oom_kills_recent: recent.oom_kills,
            restarts_recent: recent.restarts,
            first_window: Window {
                start_ms: of.first_window_ms,
            },
            last_window: Window {
                start_ms: of.last_window_ms,
            },
            estimate_bytes: of.estimate,
            limit_bytes: of.limit,
        });
    }
    row.memory_avg_bytes = (memory_means > 0).then(|| ((memory + memory_means / 2) / memory_means) as u64);
    row.cpu_avg_cores = (cpu_means > 0).then(|| cpu / f64::from(cpu_means));
    row.memory_p95_bytes = at_most(peaks.percentile(95), row.memory_peak_bytes);
    row.log_errors = log_errors.0;
    row.log_warnings = log_warnings.0;
    (!row.deployments.is_empty()).then_some(row)
}

/// A sketch may say a little more than the highest value; nobody should see a P95 above the peak.
fn at_most(p95: Option<u64>, peak: Option<u64>) -> Option<u64> {
    p95.map(|p95| peak.map_or(p95, |peak| p95.min(peak)))
}
