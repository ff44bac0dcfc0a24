//! The app killed with -9 at each step of a replacement, and what runs after it is back.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use roadstead_engine::wire::{DeployTarget, PlanRequest, ServiceImage};
use roadstead_engine::{DeployHook, DeployPoint};
use roadstead_model::{DeployState, DeployStep, HostId};
use roadstead_tests::{EngineKind, RealEngine, Scratch, until};
use rustix::process::{Signal, getpid, kill_process};

use super::harbor::*;

/// Tells a process of this test that it is to be the app, and where its data are.
const APP_DIR: &str = "ROADSTEAD_TEST_DEPLOY_DIR";
/// At which point it is to be killed, as `step/done`.
const APP_POINT: &str = "ROADSTEAD_TEST_DEPLOY_POINT";
/// The host, and the image it is to deploy there.
const APP_TARGET: &str = "ROADSTEAD_TEST_DEPLOY_TARGET";
/// Two services of one app: all of them, or none.
const CONTAINERS: [&str; 2] = ["beacon-a-1", "beacon-b-1"];
/// Nobody listens there: what is on the engine is used.
const IMAGES: [&str; 2] = ["127.0.0.1:1/beacon:1", "127.0.0.1:1/beacon:2"];
const TEST: &str = "deploys::kills::a_kill_at_any_step_leaves_what_ran_or_what_was_to_run_and_nothing_else";

/// Every point of a replacement, in their order; of its second container those in which only the first was replaced.
fn points() -> Vec<DeployPoint> {
    let first = DeployStep::ALL.iter().flat_map(|step| {
        [false, true].map(|done| DeployPoint {
            step: *step,
            part: 0,
            done,
        })
    });
    let second = [
        (DeployStep::Stop, true),
        (DeployStep::TakeName, false),
        (DeployStep::Wait, false),
        (DeployStep::Remove, false),
    ];
    first
        .chain(second.map(|(step, done)| DeployPoint { step, part: 1, done }))
        .collect()
}

fn written(point: DeployPoint) -> String {
    format!("{:?}/{}/{}", point.step, point.part, point.done)
}

fn killer(wanted: String) -> DeployHook {
    DeployHook::new(move |point: DeployPoint| {
        if written(point) == wanted {
            // Nothing after this line is run, and nothing is flushed.
            let _ = kill_process(getpid(), Signal::KILL);
        }
    })
}

/// The app in a process of its own: the test that starts it, told to be it.
fn app_process(dir: &Path, host: HostId, image: &str, point: DeployPoint) -> Result<Child> {
    Ok(Command::new(std::env::current_exe()?)
        .args(["--exact", TEST])
        .env(APP_DIR, dir)
        .env(APP_POINT, written(point))
        .env(APP_TARGET, format!("{} {image}", host.0))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?)
}

/// Another image for both services.
fn both(host: HostId, image: &str) -> PlanRequest {
    let of = |service: &str| ServiceImage {
        service: service.to_owned(),
        image: image.to_owned(),
    };
    PlanRequest {
        app: "beacon".to_owned(),
        host,
        target: DeployTarget::Update {
            images: vec![of("a"), of("b")],
        },
    }
}

/// Deploys until it is killed.
async fn be_the_app(dir: &Path) -> Result<()> {
    let target = std::env::var(APP_TARGET)?;
    let (host, image) = target.split_once(' ').context("no target")?;
    let host = HostId(host.parse()?);
    let app = start(dir, Some(killer(std::env::var(APP_POINT)?))).await?;
    let row = until("the host", SEEN, async || {
        Ok(app.start_deploy(both(host, image)).await?)
    })
    .await?;
    let row = ended(&app, "beacon", row.id).await?;
    anyhow::bail!("nobody killed it: {row:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_step_leaves_what_ran_or_what_was_to_run_and_nothing_else() -> Result<()> {
    if let Some(dir) = std::env::var_os(APP_DIR) {
        return be_the_app(Path::new(&dir)).await;
    }
    let docker = RealEngine::start(EngineKind::Second).await?;
    for (image_name, version) in IMAGES.iter().zip(["1", "2"]) {
        image(&docker, image_name, version, &[]).await?;
    }
    for (name, service) in CONTAINERS.iter().zip(["a", "b"]) {
        docker
            .docker(&[
                "run",
                "--detach",
                "--network=none",
                "--stop-signal=KILL",
                "--restart=always",
                &format!("--name={name}"),
                "--label=com.docker.compose.project=beacon",
                &format!("--label=com.docker.compose.service={service}"),
                "--volume=/data",
                "--health-cmd=test -e /version",
                "--health-interval=1s",
                IMAGES[0],
                "sh",
                "-c",
                "[ -e /data/cargo ] || cat /proc/sys/kernel/random/uuid > /data/cargo; exec sleep 86400",
            ])
            .await?;
    }
    let mut before = Vec::new();
    for name in CONTAINERS {
        before.push(docker.docker(&["exec", name, "cat", "/data/cargo"]).await?);
    }
    let scratch = Scratch::new()?;
    let app = start(scratch.path(), None).await?;
    let host = add(&app, &docker).await?;
    let mut known = rows(&app, "beacon", 1).await?.len();
    app.stop().await;
    for point in points() {
        let at_point = written(point);
        let mut ran = Vec::new();
        for name in CONTAINERS {
            ran.push(at(&inspect(&docker, name).await?, "/Id")?.to_owned());
        }
        let now = version(&docker, CONTAINERS[0]).await?;
        let other = if now == "1" { IMAGES[1] } else { IMAGES[0] };
        let mut process = app_process(scratch.path(), host, other, point)?;
        let ended_by = until("the end of the app", DEPLOYED, async || {
            process.try_wait()?.context("it still runs")
        })
        .await?;
        ensure!(
            std::os::unix::process::ExitStatusExt::signal(&ended_by) == Some(9),
            "{at_point}: the app ended by itself: {ended_by}"
        );
        let app = start(scratch.path(), None).await?;
        let newest = rows(&app, "beacon", known + 1).await?;
        known += 1;
        let row = ended(&app, "beacon", newest[0].id).await?;
        let stays =
            point.step == DeployStep::Remove || (point.step, point.done) == (DeployStep::Settled, true);
        let wanted = if stays {
            DeployState::Success
        } else {
            DeployState::Interrupted
        };
        assert_eq!(row.state, wanted, "{at_point}: {row:?}");
        until("nothing else to be left", Duration::from_secs(20), async || {
            let names = names(&docker).await?;
            ensure!(names == CONTAINERS, "{at_point}: {names:?}");
            Ok(())
        })
        .await?;
        for ((name, ran), data) in CONTAINERS.iter().zip(&ran).zip(&before) {
            until(
                "the container that is to run",
                Duration::from_secs(20),
                async || {
                    let inspected = inspect(&docker, name).await?;
                    let health = at(&inspected, "/State/Health/Status")?;
                    ensure!(health == "healthy", "{at_point}: {name} is {health}");
                    let is_old = at(&inspected, "/Id")? == ran;
                    ensure!(is_old != stays, "{at_point}: the wrong {name} runs");
                    Ok(())
                },
            )
            .await?;
            let cargo = docker.docker(&["exec", name, "cat", "/data/cargo"]).await?;
            assert_eq!(&cargo, data, "{at_point}: the data of {name} are gone");
        }
        app.stop().await;
    }
    Ok(())
}
