//! What the disk can do to the engine: run out, and hand back a file that is no database.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use roadstead_engine::wire::*;
use roadstead_engine::{Clock, DiscoverSources, Engine, EngineOptions};
use roadstead_model::HostId;
use roadstead_sim::{Fleet, FleetPlan, ServingHost, SimClock, serve_fleet};
use roadstead_tests::{Scratch, until};

/// A file system of a few megabytes, unmounted when dropped.
struct SmallDisk {
    at: PathBuf,
}

impl SmallDisk {
    fn mount(at: PathBuf) -> Result<Self> {
        let done = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=6m", "tmpfs"])
            .arg(&at)
            .output()?;
        ensure!(
            done.status.success(),
            "a small disk needs the right to mount (root): {}",
            String::from_utf8_lossy(&done.stderr)
        );
        Ok(Self { at })
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a test that failed may still hold files open.
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}

async fn engine(data_dir: &Path, scratch: &Scratch) -> Result<Engine> {
    Ok(Engine::start(EngineOptions {
        data_dir: data_dir.to_owned(),
        run_dir: scratch.join("r"),
        discover: DiscoverSources {
            root: scratch.join("no-root"),
            ..DiscoverSources::default()
        },
        clock: Clock::default(),
        connect: None,
        deploy_hook: None,
    })
    .await?)
}

fn simulated(scratch: &Scratch) -> Result<Vec<ServingHost>> {
    let sockets = scratch.make_dir("s")?;
    let fleet = Fleet::scripted(FleetPlan {
        hosts: 1,
        containers_per_host: 20,
        ..FleetPlan::default()
    })?;
    Ok(serve_fleet(&fleet, &SimClock::real(), &sockets)?)
}

async fn add(engine: &Engine, served: &ServingHost) -> Result<HostId> {
    let draft = HostDraft {
        name: "nas".to_owned(),
        customer: String::new(),
        address: format!("unix://{}", served.socket_path().display()),
        tls: None,
        accept_plain_text: false,
        tick_interval_s: Some(5),
    };
    Ok(engine.add_host(draft).await?.id)
}

async fn last_tick_ms(engine: &Engine, host: HostId) -> Result<i64> {
    let list = engine.list_hosts(()).await?;
    let row = list
        .hosts
        .into_iter()
        .find(|row| row.id == host)
        .context("the host is not listed")?;
    row.last_tick_ms.context("no tick yet")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_pauses_collecting_with_a_banner_and_resumes_by_itself() -> Result<()> {
    let scratch = Scratch::new()?;
    let data_dir = scratch.make_dir("data")?;
    let _disk = SmallDisk::mount(data_dir.clone())?;
    let served = simulated(&scratch)?;
    let engine = engine(&data_dir, &scratch).await?;
    let host = add(&engine, &served[0]).await?;
    until("a first tick", Duration::from_secs(20), async || {
        last_tick_ms(&engine, host).await
    })
    .await?;

    // All the space there is, and the last kilobyte too.
    let filler = data_dir.join("filler");
    let mut file = std::fs::File::create(&filler)?;
    let block = vec![0_u8; 64 * 1024];
    while std::io::Write::write_all(&mut file, &block).is_ok() {}
    while std::io::Write::write_all(&mut file, &[0]).is_ok() {}
    drop(file);
    let is_full = |state: &AppState| state.banners.iter().any(|b| matches!(b, Banner::DiskFull { .. }));
    until(
        "a banner that the disk is full",
        Duration::from_secs(60),
        async || {
            let state = engine.app_state(()).await?;
            ensure!(is_full(&state), "{:?}", state.banners);
            Ok(())
        },
    )
    .await?;
    // Pages still answer from what is there.
    ensure!(
        !engine
            .list_apps(AppsRequest {
                period: roadstead_model::Period::Week
            })
            .await?
            .rows
            .is_empty()
    );

    let paused_at_ms = last_tick_ms(&engine, host).await?;
    std::fs::remove_file(&filler)?;
    until(
        "ticks again, and the banner gone",
        Duration::from_secs(30),
        async || {
            let state = engine.app_state(()).await?;
            let tick_ms = last_tick_ms(&engine, host).await?;
            ensure!(
                !is_full(&state) && tick_ms > paused_at_ms,
                "{:?}, last tick {tick_ms}",
                state.banners
            );
            Ok(())
        },
    )
    .await?;
    engine.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_set_aside_and_named_and_the_app_starts() -> Result<()> {
    let scratch = Scratch::new()?;
    let data_dir = scratch.make_dir("data")?;
    let store_dir = data_dir.join("store");
    std::fs::create_dir(&store_dir)?;
    std::fs::write(
        store_dir.join("roadstead.db"),
        b"SQLite format 3\0 and then nothing a database would say",
    )?;
    let engine = engine(&data_dir, &scratch).await?;
    let state = engine.app_state(()).await?;
    let aside = state.banners.iter().find_map(|banner| match banner {
        Banner::StoreSetAside { path, .. } => Some(PathBuf::from(path)),
        _ => None,
    });
    let aside = aside.with_context(|| format!("no banner names the damaged file: {:?}", state.banners))?;
    ensure!(
        aside.exists(),
        "{} is kept for whoever wants to look into it",
        aside.display()
    );
    ensure!(state.first_run, "the new store is empty");
    let banner = state.banners[0].clone();
    let state = engine.dismiss_banner(DismissBanner { banner }).await?;
    ensure!(
        state.banners.is_empty(),
        "a banner that was read can be taken away"
    );
    engine.stop().await;
    Ok(())
}
