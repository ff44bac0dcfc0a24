//! A real store filled with a fleet's history, kept in a folder so that `history` can use what `fleet` built.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use roadstead_model::time::{DAY_MS, WINDOW_MS, align_down};
use roadstead_model::{ContainerId, DeploymentId, Endpoint, TimeRange};
use roadstead_store::{NewHost, OpenOptions, Retention, Store};

use crate::container_shape::container_facts;
use crate::engine_door::store_dir;
use crate::fleet_shape::{DeploymentShape, FleetShape, app_name, host_name};

/// Days of one app in one call of the bulk path: about a hundred thousand reports of a hundred hosts.
const DAYS_PER_CALL: i64 = 10;

/// A folder with a fleet's store in it.
#[derive(Debug)]
pub(crate) struct FleetStore {
    /// What an engine is given as its data folder.
    pub(crate) dir: PathBuf,
    pub(crate) shape: FleetShape,
    /// How long loading took, when it was not there yet.
    pub(crate) load_s: Option<f64>,
}

impl FleetStore {
    /// The store of a fleet of this size in `data`, filled when there is none. One that is there keeps its end.
    pub(crate) async fn build(
        data: &Path,
        hosts: u32,
        apps: u32,
        days: u32,
        now_ms: i64,
    ) -> anyhow::Result<Self> {
        let prefix = format!("fleet-{hosts}x{apps}x{days}-");
        if let Some((dir, end_ms)) = newest_with(data, &prefix)? {
            return Ok(Self {
                dir,
                shape: FleetShape {
                    hosts,
                    apps,
                    days,
                    end_ms,
                },
                load_s: None,
            });
        }
        let shape = FleetShape {
            hosts,
            apps,
            days,
            end_ms: align_down(now_ms, WINDOW_MS),
        };
        // Under its final name only once it is whole: a load that was broken off is not measured.
        let unfinished = data.join("fleet-unfinished");
        if unfinished.exists() {
            std::fs::remove_dir_all(&unfinished).context("cannot remove an unfinished store")?;
        }
        std::fs::create_dir_all(&unfinished)?;
        let started = Instant::now();
        fill(&store_dir(&unfinished), &shape)
            .await
            .context("cannot fill the store")?;
        let dir = data.join(format!("{prefix}{}", shape.end_ms));
        std::fs::rename(&unfinished, &dir).context("cannot keep the filled store")?;
        Ok(Self {
            dir,
            shape,
            load_s: Some(started.elapsed().as_secs_f64()),
        })
    }
}

/// The folder in `data` whose name is the prefix and the latest end.
pub(crate) fn newest_with(data: &Path, prefix: &str) -> anyhow::Result<Option<(PathBuf, i64)>> {
    let mut newest = None;
    for entry in std::fs::read_dir(data).with_context(|| format!("cannot list {}", data.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        let end_ms: Option<i64> = name
            .to_str()
            .and_then(|name| name.strip_prefix(prefix))
            .and_then(|end| end.parse().ok());
        if let Some(end_ms) = end_ms
            && newest.as_ref().is_none_or(|(_, latest)| *latest < end_ms)
        {
            newest = Some((entry.path(), end_ms));
        }
    }
    Ok(newest)
}

/// A host whose engine is never asked.
pub(crate) async fn add_silent_host(
    store: &Store,
    name: String,
    created_at_ms: i64,
) -> anyhow::Result<roadstead_model::HostId> {
    let endpoint = Endpoint::Unix {
        path: PathBuf::from(format!("/nonexistent/{name}.sock")),
    };
    let host = NewHost {
        customer: name.clone(),
        name,
        endpoint,
        accept_plain_text: false,
        interval_override_ms: None,
        created_at_ms,
    };
    let id = store.add_host(host).await?;
    store.set_host_paused(id, true).await?;
    Ok(id)
}

/// Lets the store do all the upkeep there is.
pub(crate) async fn seal_all(store: &Store, now_ms: i64) -> anyhow::Result<()> {
    while store.seal(now_ms).await?.more {}
    Ok(())
}

/// Lets the store give back the space that sealing left free, as the daily upkeep does; nothing is old enough to go.
pub(crate) async fn give_space_back(store: &Store, now_ms: i64) -> anyhow::Result<()> {
    let everything = Retention {
        samples_h: 876_000,
        reports_days: 36_500,
        daily_days: 36_500,
        changes_days: 36_500,
        issues_days: 36_500,
    };
    while store.prune(now_ms, &everything).await?.more {}
    Ok(())
}

/// Size of a store that is closed: all files of its folder.
pub(crate) fn folder_bytes(dir: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        let metadata = entry?.metadata()?;
        if metadata.is_file() {
            bytes += metadata.len();
        }
    }
    Ok(bytes)
}

struct Placed {
    shape: DeploymentShape,
    deployment: DeploymentId,
    containers: Vec<ContainerId>,
}

async fn fill(dir: &Path, shape: &FleetShape) -> anyhow::Result<()> {
    let whole = shape.range();
    let store = Store::open(OpenOptions {
        dir: dir.to_owned(),
        now_ms: shape.end_ms,
    })
    .await?
    .store;
    let placed = place(&store, shape).await?;

    let mut from_ms = align_down(whole.from_ms, DAY_MS);
    while from_ms < whole.to_ms {
        let range = TimeRange {
            from_ms,
            to_ms: from_ms + DAYS_PER_CALL * DAY_MS,
        };
        for app in 0..shape.apps as usize {
            let of_app = placed.iter().map(|host| &host[app]);
            let reports: Vec<_> = shape
                .windows(range)
                .flat_map(|window| {
                    of_app
                        .clone()
                        .map(move |place| place.shape.report(place.deployment, &place.containers, window))
                })
                .collect();
            store.import_reports(&reports).await?;
        }
        from_ms = range.to_ms;
    }
    seal_all(&store, shape.end_ms).await?;
    give_space_back(&store, shape.end_ms).await?;
    store.close().await?;
    Ok(())
}

/// Adds hosts, apps and containers; gives the deployments by host and app.
async fn place(store: &Store, shape: &FleetShape) -> anyhow::Result<Vec<Vec<Placed>>> {
    let start_ms = shape.range().from_ms;
    let mut placed = Vec::new();
    for host in 0..shape.hosts {
        let id = add_silent_host(store, host_name(host), start_ms).await?;
        let deployments: Vec<DeploymentShape> = (0..shape.apps)
            .map(|app| DeploymentShape::of(host, app))
            .collect();
        let mut facts = Vec::new();
        for (app, deployment) in (0..).zip(&deployments) {
            let name = app_name(app);
            for part in 0..deployment.containers() {
                let number = (u64::from(host) << 32) | (u64::from(app) << 8) | part as u64;
                let limit = deployment
                    .limit_bytes
                    .map(|bytes| bytes / deployment.containers() as u64);
                facts.push(container_facts(
                    &format!("{name}-{}", part + 1),
                    &name,
                    number,
                    start_ms,
                    limit,
                ));
            }
        }
        let mut refs = store.observe_containers(id, start_ms, &facts).await?.into_iter();
        let mut of_host = Vec::new();
        for deployment in deployments {
            let own: Vec<_> = refs.by_ref().take(deployment.containers()).collect();
            let first = own
                .first()
                .context("the store gave fewer containers back than it was shown")?;
            of_host.push(Placed {
                deployment: first.deployment,
                containers: own.iter().map(|own| own.container).collect(),
                shape: deployment,
            });
        }
        placed.push(of_host);
    }
    Ok(placed)
}
