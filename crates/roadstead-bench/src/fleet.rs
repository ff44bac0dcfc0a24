//! `fleet`: the Apps page over a whole fleet, from the command to the serialized answer, beside the seed's own SQL.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, ensure};
use clap::Args;
use roadstead_engine::wire::AppsPage;
use roadstead_model::quantile::percentile;
use roadstead_model::time::DAY_MS;
use roadstead_model::{Period, TimeRange};

use crate::answers::Answers;
use crate::engine_door::{EngineDoor, store_dir};
use crate::figure::{Figure, Findings, Reach};
use crate::fleet_shape::{DeploymentShape, FleetShape, app_name};
use crate::fleet_store::{FleetStore, folder_bytes};
use crate::seed_sql::SeedTables;

/// The periods of the page.
const PERIODS: [(Period, &str, i64); 4] = [
    (Period::Day, "24h", 1),
    (Period::Week, "7d", 7),
    (Period::Month, "30d", 30),
    (Period::Quarter, "90d", 90),
];
/// The seed's fleet page takes seconds: its best of this many runs is compared.
const SEED_RUNS: u32 = 2;

/// The Apps page.
#[derive(Debug, Args)]
pub(crate) struct FleetArgs {
    #[command(flatten)]
    pub(crate) size: FleetSize,
    /// Runs of each period.
    #[arg(long, default_value_t = 200)]
    runs: u32,
}

/// Size of the fleet and of what it is compared with.
#[derive(Debug, Args)]
pub(crate) struct FleetSize {
    /// Hosts.
    #[arg(long, default_value_t = 100)]
    pub(crate) hosts: u32,
    /// Apps, each on every host.
    #[arg(long, default_value_t = 20)]
    pub(crate) apps: u32,
    /// Days of reports.
    #[arg(long, default_value_t = 90)]
    pub(crate) days: u32,
    /// Share of the hosts the seed's tables are filled with; their figures are named after it.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) seed_pct: u32,
    /// The seed's tables at full size: some ten minutes and 4 GB more.
    #[arg(long)]
    pub(crate) full: bool,
}

impl FleetSize {
    /// The store of this fleet, made or found.
    pub(crate) async fn store(&self, data: &Path) -> anyhow::Result<FleetStore> {
        ensure!(
            self.hosts > 0 && self.apps > 0 && self.days > 0,
            "hosts, apps and days are at least 1"
        );
        let now_ms = chrono::Utc::now().timestamp_millis();
        eprintln!(
            "filling a store with {} hosts x {} apps x {} days …",
            self.hosts, self.apps, self.days
        );
        FleetStore::build(data, self.hosts, self.apps, self.days, now_ms).await
    }

    /// The seed's tables of the same fleet, or of a share of its hosts, and their name.
    pub(crate) async fn seed(&self, data: &Path, shape: FleetShape) -> anyhow::Result<(SeedTables, String)> {
        let pct = if self.full { 100 } else { self.seed_pct };
        let hosts = (self.hosts * pct / 100).max(1);
        eprintln!("filling the seed's tables with {hosts} of {} hosts …", self.hosts);
        let tables = SeedTables::build(data, FleetShape { hosts, ..shape }).await?;
        let name = if hosts == self.hosts {
            "seed_sql".to_owned()
        } else {
            format!("seed_sql_at_{pct}pct")
        };
        Ok((tables, name))
    }
}

pub(crate) async fn run(args: &FleetArgs, data: &Path) -> anyhow::Result<Findings> {
    ensure!(args.runs > 0, "runs are at least 1");
    let built = args.size.store(data).await?;
    let shape = built.shape;
    let (seed, seed_name) = args.size.seed(data, shape).await?;
    let mut findings = Findings {
        title: format!(
            "fleet: {} hosts x {} apps x {} days = {} reports; command to serialized answer, {} runs each",
            shape.hosts,
            shape.apps,
            shape.days,
            shape.report_count(),
            args.runs
        ),
        ..Findings::default()
    };
    if let Some(seconds) = built.load_s {
        findings.notes.push(format!(
            "loaded through the store's bulk path in {seconds:.0} s, {:.0} reports per second",
            shape.report_count() as f64 / seconds
        ));
    }
    if seed.shape.hosts < shape.hosts {
        findings.notes.push(format!(
            "{seed_name}: the seed's tables hold {} of {} hosts ({} reports), so its real figures are higher; --full compares like with like",
            seed.shape.hosts,
            shape.hosts,
            seed.shape.report_count()
        ));
    }

    let door = EngineDoor::open(&built.dir, shape.end_ms).await?;
    let mut worst = Errors::default();
    for (period, label, days) in PERIODS
        .into_iter()
        .filter(|(_, _, days)| *days <= i64::from(shape.days))
    {
        // Once for the answer itself, which also brings the file into the system's cache.
        let page: AppsPage = serde_json::from_slice(&door.list_apps(period).await?)?;
        let answers = Answers::ask(args.runs, |_| door.list_apps(period)).await?;
        let theirs = seed
            .fleet_page(seed.shape.end_ms - days * DAY_MS, SEED_RUNS)
            .await?
            .best_ms();
        let theirs = theirs.context("the seed's SQL was not run")?;
        let figures = answers.figures("fleet", &format!("_{label}"), (&seed_name, theirs), 20.0)?;
        findings.figures.extend(figures);
        findings.notes.push(format!(
            "{label}: the answer has {} apps and {} bytes",
            page.rows.len(),
            answers.bytes
        ));
        worst.check(&shape, &page)?;
    }
    door.close().await;
    sizes(&mut findings, &built, &seed, &seed_name)?;
    findings
        .figures
        .push(Figure::new("fleet", "p95_max_error_ratio", worst.fleet, "ratio").reach(Reach::AtMost(0.01)));
    findings.figures.push(
        Figure::new(
            "fleet",
            "worst_p95_max_error_ratio",
            worst.worst_deployment,
            "ratio",
        )
        .reach(Reach::AtMost(0.01)),
    );
    Ok(findings)
}

fn sizes(
    findings: &mut Findings,
    built: &FleetStore,
    seed: &SeedTables,
    seed_name: &str,
) -> anyhow::Result<()> {
    let (ours, theirs) = (
        folder_bytes(&store_dir(&built.dir))? as f64,
        seed.file_bytes()? as f64,
    );
    let (our_reports, their_reports) = (
        built.shape.report_count() as f64,
        seed.shape.report_count() as f64,
    );
    let file = Figure::new("fleet", "file_bytes", ours, "bytes").reach(Reach::AtMost(300e6));
    findings.figures.push(match our_reports == their_reports {
        true => file.against(seed_name, theirs),
        false => file.beside(seed_name, theirs),
    });
    let per_report = Figure::new("fleet", "bytes_per_report", ours / our_reports, "bytes");
    findings
        .figures
        .push(per_report.against(seed_name, theirs / their_reports));
    Ok(())
}

/// The largest relative errors of P95 seen so far.
#[derive(Debug, Default)]
struct Errors {
    /// Of a fleet's P95.
    fleet: f64,
    /// Of the P95 of the deployment that needs most.
    worst_deployment: f64,
}

impl Errors {
    /// Compares every app of an answer with the exact nearest rank over the same reports; also what is exact in the
    /// answer by design, so that a fast wrong answer is no result.
    fn check(&mut self, shape: &FleetShape, page: &AppsPage) -> anyhow::Result<()> {
        let rows: BTreeMap<&str, _> = page.rows.iter().map(|row| (row.app.as_str(), row)).collect();
        for app in 0..shape.apps {
            let name = app_name(app);
            let row = rows
                .get(name.as_str())
                .with_context(|| format!("{name} is missing from the answer"))?;
            let exact = Exact::of(shape, app, page.range);
            let reports = u64::from(row.reports);
            ensure!(
                reports == exact.reports,
                "{name} has {reports} reports in the answer, not {}",
                exact.reports
            );
            let peak = row.memory_peak_bytes.unwrap_or_default();
            ensure!(
                peak == exact.peak_bytes,
                "{name} peaks at {peak} in the answer, not {}",
                exact.peak_bytes
            );
            let error = |given: Option<u64>, exact: u64| {
                let given = given.with_context(|| format!("{name} has no P95 in the answer"))?;
                anyhow::Ok((given as f64 - exact as f64).abs() / exact as f64)
            };
            self.fleet = self.fleet.max(error(row.memory_p95_bytes, exact.p95_bytes)?);
            self.worst_deployment = self
                .worst_deployment
                .max(error(row.worst_p95_bytes, exact.worst_p95_bytes)?);
        }
        Ok(())
    }
}

/// What an app's reports say in a span, by going through each of them.
#[derive(Debug)]
struct Exact {
    reports: u64,
    peak_bytes: u64,
    p95_bytes: u64,
    worst_p95_bytes: u64,
}

impl Exact {
    fn of(shape: &FleetShape, app: u32, range: TimeRange) -> Self {
        let mut peaks: Vec<u64> = Vec::new();
        let mut worst_p95_bytes = 0;
        for host in 0..shape.hosts {
            let deployment = DeploymentShape::of(host, app);
            let from = peaks.len();
            peaks.extend(
                shape
                    .windows(range)
                    .map(|window| deployment.values(window).peak_bytes),
            );
            let own = percentile(&mut peaks[from..], 95).unwrap_or_default();
            worst_p95_bytes = worst_p95_bytes.max(own);
        }
        Self {
            reports: peaks.len() as u64,
            peak_bytes: peaks.iter().copied().max().unwrap_or_default(),
            p95_bytes: percentile(&mut peaks, 95).unwrap_or_default(),
            worst_p95_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_p95_counts_every_host_and_window_once() {
        let shape = FleetShape {
            hosts: 3,
            apps: 2,
            days: 1,
            end_ms: 1_767_366_000_000,
        };
        let exact = Exact::of(&shape, 1, shape.range());
        let mut peaks: Vec<u64> = (0..3)
            .flat_map(|host| {
                shape
                    .windows(shape.range())
                    .map(move |window| DeploymentShape::of(host, 1).values(window).peak_bytes)
            })
            .collect();
        peaks.sort_unstable();
        assert_eq!(exact.reports, 288);
        assert_eq!(exact.p95_bytes, peaks[(95 * 288_usize).div_ceil(100) - 1]);
        assert!(exact.worst_p95_bytes >= exact.p95_bytes && exact.peak_bytes == peaks[287]);
    }

    #[tokio::test]
    async fn a_small_fleet_is_measured_end_to_end() {
        let data = tempfile::tempdir().unwrap();
        let size = FleetSize {
            hosts: 3,
            apps: 4,
            days: 8,
            seed_pct: 10,
            full: true,
        };
        let findings = run(&FleetArgs { size, runs: 3 }, data.path()).await.unwrap();
        for name in ["p99_ms_24h", "p99_ms_7d", "file_bytes", "bytes_per_report"] {
            assert!(
                findings.figures.iter().any(|figure| figure.is_named(name)),
                "{name} is missing"
            );
        }
        let errors = findings
            .figures
            .iter()
            .filter(|figure| figure.is_named("p95_max_error_ratio"));
        assert!(
            errors.clone().count() == 1 && errors.clone().all(Figure::is_reached),
            "{findings:?}"
        );
    }
}
