//! A store with a fleet's issues in it, filled as passes over logs fill it.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use roadstead_model::time::{DAY_MS, WINDOW_MS, align_down};
use roadstead_store::{
    FoundIssue, Generation, LogCursor, LogPosition, LogRead, OpenOptions, Store, StreamPosition,
};

use crate::container_shape::container_facts;
use crate::engine_door::store_dir;
use crate::fleet_shape::host_name;
use crate::fleet_store::{add_silent_host, newest_with};
use crate::issue_shape::{IssueFleet, IssueShape};

/// Reads in one transaction, as the collector keeps them.
const READS_TOGETHER: usize = 16;
const NANOS_A_MILLISECOND: i64 = 1_000_000;

/// Name of an app with issues.
pub(crate) fn issue_app(app: u32) -> String {
    format!("app-{:03}", app + 1)
}

/// A folder with such a store in it.
#[derive(Debug)]
pub(crate) struct IssueStore {
    /// What an engine is given as its data folder.
    pub(crate) dir: PathBuf,
    pub(crate) fleet: IssueFleet,
    /// How long filling took and how many times an issue was found, when it was not there yet.
    pub(crate) filled: Option<(f64, u64)>,
}

impl IssueStore {
    /// The store of this size in `data`, filled when there is none. One that is there keeps its end.
    pub(crate) async fn build(data: &Path, size: IssueFleet) -> anyhow::Result<Self> {
        let prefix = format!("issues-{}x{}x{}-", size.issues, size.apps, size.hosts);
        if let Some((dir, end_ms)) = newest_with(data, &prefix)? {
            return Ok(Self {
                dir,
                fleet: IssueFleet { end_ms, ..size },
                filled: None,
            });
        }
        let fleet = IssueFleet {
            end_ms: align_down(size.end_ms, WINDOW_MS),
            ..size
        };
        // Under its final name only once it is whole: one that was broken off is not measured.
        let unfinished = data.join("issues-unfinished");
        if unfinished.exists() {
            std::fs::remove_dir_all(&unfinished).context("cannot remove an unfinished store")?;
        }
        let started = Instant::now();
        let found = fill(&store_dir(&unfinished), &fleet)
            .await
            .context("cannot fill the store")?;
        let seconds = started.elapsed().as_secs_f64();
        let dir = data.join(format!("{prefix}{}", fleet.end_ms));
        std::fs::rename(&unfinished, &dir).context("cannot keep the store")?;
        Ok(Self {
            dir,
            fleet,
            filled: Some((seconds, found)),
        })
    }
}

async fn fill(dir: &Path, fleet: &IssueFleet) -> anyhow::Result<u64> {
    let store = Store::open(OpenOptions {
        dir: dir.to_owned(),
        now_ms: fleet.end_ms,
    })
    .await?
    .store;
    let issues: Vec<IssueShape> = (0..fleet.issues).map(|number| fleet.issue(number)).collect();
    let start_ms = fleet.end_ms - 30 * DAY_MS;
    let mut found_in_all = 0;
    for host in 0..fleet.hosts {
        let id = add_silent_host(&store, host_name(host), start_ms).await?;
        let facts: Vec<_> = (0..fleet.apps)
            .map(|app| {
                let name = issue_app(app);
                let number = u64::from(host) << 32 | u64::from(app);
                container_facts(&format!("{name}-1"), &name, number, start_ms, None)
            })
            .collect();
        let refs = store.observe_containers(id, start_ms, &facts).await?;
        ensure!(refs.len() == facts.len(), "the store lost a container");
        let mut found: Vec<Vec<FoundIssue>> = vec![Vec::new(); fleet.apps as usize];
        for issue in issues.iter().filter(|issue| issue.hosts.contains(&host)) {
            found[issue.app as usize].push(issue.found(fleet, host));
            found_in_all += 1;
        }
        let reads: Vec<LogRead> = refs
            .into_iter()
            .zip(&facts)
            .zip(found)
            .map(|((of, facts), issues)| LogRead {
                container: of.container,
                deployment: of.deployment,
                app: of.app,
                host: id,
                container_name: facts.name.clone(),
                image: facts.image.clone(),
                generation: Generation {
                    engine_id: facts.engine_id.clone(),
                    image_id: facts.image_id.clone(),
                    created_at_ms: facts.created_at_ms,
                },
                before: None,
                cursor: LogCursor {
                    container: of.container,
                    position: LogPosition {
                        from_ns: start_ms * NANOS_A_MILLISECOND,
                        stdout: StreamPosition::default(),
                        stderr: StreamPosition::default(),
                    },
                    lines: 100_000,
                    read_until_ms: Some(fleet.end_ms),
                    looked_at_ms: fleet.end_ms,
                    state: "ok".to_owned(),
                    fault_json: None,
                    lost: None,
                    drained: false,
                },
                losses: Vec::new(),
                issues,
            })
            .collect();
        for together in reads.chunks(READS_TOGETHER) {
            let recorded = store.record_logs(together).await?;
            ensure!(recorded.left_out.is_empty(), "the store left a read out");
        }
    }
    store.close().await?;
    Ok(found_in_all)
}
