//! `issues`: the Issues page over a fleet with many, from the command to the serialized answer, beside the seed's table.

use std::path::Path;

use anyhow::{Context as _, ensure};
use clap::Args;
use roadstead_engine::wire::{IssueFilter, IssueSort, IssuesPage, IssuesRequest};

use crate::answers::Answers;
use crate::engine_door::{EngineDoor, store_dir};
use crate::figure::{Figure, Findings};
use crate::fleet_store::folder_bytes;
use crate::issue_seed::SeedIssues;
use crate::issue_shape::IssueFleet;
use crate::issue_store::{IssueStore, issue_app};

/// Rows of a page.
const ROWS: u32 = 100;
/// Which page is "far down".
const FAR_PAGE: u32 = 50;
/// A word that an eighth of the messages has.
const SEARCHED: &str = "Pool";
/// What only the masked forms of traces have, a third of all.
const SEARCHED_IN_TRACES: &str = "UpstreamConnectionError";
/// Most milliseconds of a page.
const MOST_MS: f64 = 20.0;
/// The seed's best of this many runs is compared.
const SEED_RUNS: u32 = 20;

/// The Issues page.
#[derive(Debug, Args)]
pub(crate) struct IssuesArgs {
    /// Open issues.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=400_000))]
    issues: u32,
    /// Apps they are of.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    apps: u32,
    /// Hosts they were seen on.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    hosts: u32,
    /// Runs of each shape.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
}

pub(crate) async fn run(args: &IssuesArgs, data: &Path) -> anyhow::Result<Findings> {
    let size = IssueFleet {
        issues: args.issues,
        apps: args.apps,
        hosts: args.hosts,
        end_ms: chrono::Utc::now().timestamp_millis(),
    };
    eprintln!(
        "filling a store with {} issues of {} apps on {} hosts …",
        size.issues, size.apps, size.hosts
    );
    let built = IssueStore::build(data, size).await?;
    let seed = SeedIssues::build(&built.dir, &built.fleet).await?;
    let seed_all = best(&seed, None).await?;
    let app = issue_app(args.apps / 2);
    let seed_app = best(&seed, Some(&app)).await?;

    let door = EngineDoor::open(&built.dir, built.fleet.end_ms).await?;
    let host = door
        .list_hosts()
        .await?
        .hosts
        .get(args.hosts as usize / 2)
        .map(|host| host.id);
    let host = host.context("the store has no hosts")?;
    let shapes = [
        ("default", asked(), seed_all),
        (
            "by_count",
            IssuesRequest {
                sort: IssueSort::Count,
                ..asked()
            },
            seed_all,
        ),
        (
            "by_spread",
            IssuesRequest {
                sort: IssueSort::Spread,
                ..asked()
            },
            seed_all,
        ),
        (
            "searched",
            IssuesRequest {
                search: SEARCHED.to_owned(),
                ..asked()
            },
            seed_all,
        ),
        (
            "searched_trace",
            IssuesRequest {
                search: SEARCHED_IN_TRACES.to_owned(),
                ..asked()
            },
            seed_all,
        ),
        (
            "one_app",
            IssuesRequest {
                app: Some(app.clone()),
                ..asked()
            },
            seed_app,
        ),
        (
            "one_host",
            IssuesRequest {
                host: Some(host),
                ..asked()
            },
            seed_all,
        ),
        (
            "page_50",
            IssuesRequest {
                offset: (FAR_PAGE - 1) * ROWS,
                ..asked()
            },
            seed_all,
        ),
    ];
    let mut findings = Findings {
        title: format!(
            "issues: {} open issues of {} apps on {} hosts; command to serialized answer of {ROWS} rows, {} runs each",
            args.issues, args.apps, args.hosts, args.runs
        ),
        notes: vec![
            "seed_sql: all rows of the seed's table by last_seen, hosts read from JSON, serialized (best of 20)".to_owned(),
        ],
        ..Findings::default()
    };
    if let Some((seconds, found)) = built.filled {
        findings.notes.push(format!(
            "filled through record_logs in {seconds:.0} s: {found} finds, {:.0} per second",
            found as f64 / seconds
        ));
    }
    for (name, request, theirs) in shapes {
        let page: IssuesPage = serde_json::from_slice(&door.list_issues(&request).await?)?;
        if request == asked() {
            ensure!(
                page.total == args.issues,
                "{} of {} issues are open",
                page.total,
                args.issues
            );
        }
        let due = page.total.saturating_sub(request.offset).min(ROWS);
        ensure!(
            page.rows.len() == due as usize && (due > 0 || request.offset > 0),
            "{name}: {} rows of {} found",
            page.rows.len(),
            page.total
        );
        let answers = Answers::ask(args.runs, |_| door.list_issues(&request)).await?;
        findings.figures.extend(answers.figures(
            "issues",
            &format!("_{name}"),
            ("seed_sql", theirs),
            MOST_MS,
        )?);
        findings.notes.push(format!(
            "{name}: {} found, the answer has {} rows and {} bytes",
            page.total,
            page.rows.len(),
            answers.bytes
        ));
    }
    door.close().await;
    let bytes = folder_bytes(&store_dir(&built.dir))? as f64;
    findings
        .figures
        .push(Figure::new("issues", "file_bytes", bytes, "bytes"));
    findings.figures.push(Figure::new(
        "issues",
        "bytes_per_issue",
        bytes / f64::from(args.issues),
        "bytes",
    ));
    Ok(findings)
}

async fn best(seed: &SeedIssues, app: Option<&str>) -> anyhow::Result<f64> {
    let times = seed.page(app, SEED_RUNS).await?;
    times.best_ms().context("the seed's SQL was not run")
}

/// What the page asks for when it is opened.
fn asked() -> IssuesRequest {
    IssuesRequest {
        app: None,
        host: None,
        severity: None,
        filter: IssueFilter::Open,
        search: String::new(),
        sort: IssueSort::LastSeen,
        descending: true,
        offset: 0,
        limit: ROWS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_small_store_of_issues_is_measured_end_to_end() {
        let data = tempfile::tempdir().unwrap();
        let args = IssuesArgs {
            issues: 300,
            apps: 7,
            hosts: 4,
            runs: 2,
        };
        let findings = run(&args, data.path()).await.unwrap();
        for name in ["p99_ms_default", "p50_ms_one_app", "p99_ms_page_50", "file_bytes"] {
            assert!(
                findings.figures.iter().any(|figure| figure.is_named(name)),
                "{name} is missing"
            );
        }
    }
}
