//! Updates and rollbacks from a registry: two versions of an image under one tag.

use anyhow::{Context as _, Result, ensure};
use roadstead_engine::Clock;
use roadstead_engine::wire::*;
use roadstead_model::{DeployChange, DeployKind, DeployState};
use roadstead_tests::{EngineKind, RealEngine, Registry, Scratch, until};

use super::harbor::*;

/// A registry's image of two versions under one tag: `push` moves the tag.
struct Shop<'a> {
    docker: &'a RealEngine,
    image: String,
}

impl<'a> Shop<'a> {
    async fn open(docker: &'a RealEngine, registry: &Registry, name: &str) -> Result<Self> {
        let shop = Self {
            docker,
            image: registry.reference(&format!("{name}:stable")),
        };
        image(docker, "local/shop-1", "1.0", &[]).await?;
        image(docker, "local/shop-2", "2.0", &[]).await?;
        Ok(shop)
    }

    /// Makes the tag mean this version; the engine forgets what it had of it.
    async fn push(&self, version: &str) -> Result<()> {
        self.docker
            .docker(&["tag", &format!("local/shop-{version}"), &self.image])
            .await?;
        self.docker.docker(&["push", &self.image]).await?;
        Ok(())
    }

    async fn run(&self, name: &str, service: &str) -> Result<()> {
        self.docker
            .docker(&[
                "run",
                "--detach",
                "--network=none",
                "--stop-signal=KILL",
                &format!("--name={name}"),
                "--label=com.docker.compose.project=shop",
                &format!("--label=com.docker.compose.service={service}"),
                &self.image,
                "sleep",
                "86400",
            ])
            .await?;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_that_moved_is_updated_to_and_rolled_back_from_by_digest() -> Result<()> {
    let docker = RealEngine::start(EngineKind::Second).await?;
    let registry = Registry::start().await?;
    let shop = Shop::open(&docker, &registry, "shop").await?;
    shop.push("1").await?;
    shop.run("shop-web-1", "web").await?;
    shop.run("shop-job-1", "job").await?;
    let scratch = Scratch::new()?;
    let app = start(scratch.path(), None).await?;
    let host = add(&app, &docker).await?;
    let found = rows(&app, "shop", 1).await?;
    assert_eq!((found[0].kind, found[0].services.len()), (DeployKind::Found, 2));
    let digest = found[0].services[0].digest.clone().context("no digest")?;

    // The tag moves in the registry; both services are updated to what it means now.
    shop.push("2").await?;
    let update = PlanRequest {
        app: "shop".to_owned(),
        host,
        target: DeployTarget::Update { images: Vec::new() },
    };
    let plan = app.plan_deploy(update.clone()).await?;
    assert_eq!(plan.refusals, []);
    assert_eq!(plan.services.len(), 2);
    let done = carry_out(&app, update).await?;
    assert_eq!(
        (done.kind, done.state),
        (DeployKind::Update, DeployState::Success),
        "{done:?}"
    );
    for name in ["shop-web-1", "shop-job-1"] {
        assert_eq!(version(&docker, name).await?, "2.0");
    }
    ensure!(
        matches!(
            done.changes.as_slice(),
            [
                DeployChange::ImageContent { .. },
                DeployChange::ImageContent { .. }
            ]
        ),
        "{:?}",
        done.changes
    );
    assert_eq!(names(&docker).await?, ["shop-job-1", "shop-web-1"]);
    let labels = docker
        .docker(&[
            "ps",
            "--filter=label=com.docker.compose.project=shop",
            "--format={{.Names}}",
        ])
        .await?;
    assert_eq!(labels.lines().count(), 2, "compose still knows them");

    // Back, with the old image still on the host: nothing has to be pulled.
    let first = found[0].id;
    let plan = app.plan_deploy(back_to("shop", host, first)).await?;
    assert_eq!(plan.refusals, []);
    assert!(plan.services.iter().all(|service| service.is_local));
    let back = carry_out(&app, back_to("shop", host, first)).await?;
    assert_eq!(
        (back.kind, back.state),
        (DeployKind::Rollback, DeployState::Success),
        "{back:?}"
    );
    assert_eq!(back.services[0].digest.as_ref(), Some(&digest));
    assert_eq!(version(&docker, "shop-web-1").await?, "1.0");

    // Forward, and back again after the old image went from the host: it is pulled by its digest.
    let again = PlanRequest {
        app: "shop".to_owned(),
        host,
        target: DeployTarget::Update { images: Vec::new() },
    };
    let forward = carry_out(&app, again).await?;
    assert_eq!(forward.state, DeployState::Success, "{forward:?}");
    assert_eq!(version(&docker, "shop-web-1").await?, "2.0");
    docker
        .docker(&["rmi", "--force", "local/shop-1", &digest])
        .await?;
    let plan = app.plan_deploy(back_to("shop", host, first)).await?;
    assert_eq!(plan.refusals, []);
    assert!(plan.services.iter().all(|service| !service.is_local));
    let back = carry_out(&app, back_to("shop", host, first)).await?;
    assert_eq!(back.state, DeployState::Success, "{back:?}");
    assert_eq!(version(&docker, "shop-web-1").await?, "1.0");
    assert_eq!(
        ledger(&app, "shop").await?.len(),
        5,
        "what we did is not observed again"
    );

    // What is gone everywhere is refused with its reason.
    let second = done.id;
    docker
        .docker(&["rmi", "--force", "local/shop-2", &shop.image])
        .await?;
    let digest = done.services[0].digest.clone().context("no digest")?;
    docker.docker(&["rmi", "--force", &digest]).await?;
    drop(registry);
    let refused = carry_out(&app, back_to("shop", host, second)).await?;
    assert_eq!(refused.state, DeployState::Failed, "{refused:?}");
    assert_eq!(version(&docker, "shop-web-1").await?, "1.0", "what ran goes on");
    app.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_deploy_is_seen_in_words_without_values() -> Result<()> {
    let docker = RealEngine::start(EngineKind::Second).await?;
    image(&docker, "local/shop:1.2.3", "1.2.3", &[]).await?;
    image(&docker, "local/shop:1.2.4", "1.2.4", &[]).await?;
    let run = async |image: &str, memory: &str, env: &str| {
        docker
            .docker(&[
                "run",
                "--detach",
                "--network=none",
                "--stop-signal=KILL",
                "--name=shop",
                &format!("--memory={memory}"),
                &format!("--env={env}"),
                image,
                "sleep",
                "86400",
            ])
            .await
    };
    run("local/shop:1.2.3", "64m", "TOKEN=planted-value-1").await?;
    let scratch = Scratch::new()?;
    let app = start(scratch.path(), None).await?;
    let host = add(&app, &docker).await?;
    rows(&app, "shop", 1).await?;
    docker.docker(&["rm", "--force", "shop"]).await?;
    run("local/shop:1.2.4", "128m", "TOKEN=planted-value-2").await?;
    let seen = rows(&app, "shop", 2).await?;
    assert_eq!(seen[0].kind, DeployKind::Observed);
    let service = || "shop".to_owned();
    assert_eq!(
        seen[0].changes,
        [
            DeployChange::Image {
                service: service(),
                from: "local/shop:1.2.3".to_owned(),
                to: "local/shop:1.2.4".to_owned()
            },
            DeployChange::MemoryLimit {
                service: service(),
                from_bytes: Some(64 << 20),
                to_bytes: Some(128 << 20)
            },
            DeployChange::Env {
                service: service(),
                added: Vec::new(),
                removed: Vec::new(),
                changed: vec!["TOKEN".to_owned()]
            }
        ]
    );
    // A restart is no deploy; a change made while the app was closed is seen when it is back.
    docker.docker(&["restart", "--time=0", "shop"]).await?;
    app.stop().await;
    docker.docker(&["rm", "--force", "shop"]).await?;
    run("local/shop:1.2.3", "128m", "TOKEN=planted-value-2").await?;
    let app = start(scratch.path(), None).await?;
    let seen = rows(&app, "shop", 3).await?;
    assert_eq!(seen[0].changes.len(), 1, "{:?}", seen[0].changes);
    let now_ms = Clock::default().now_ms();
    let marks = until("marks", SEEN, async || {
        let marks = app
            .app_marks(MarksRequest {
                app: "shop".to_owned(),
                host: Some(host),
                range: roadstead_model::TimeRange::new(now_ms - 600_000, now_ms + 600_000)
                    .context("no range")?,
            })
            .await?;
        let deploys = marks
            .marks
            .iter()
            .filter(|mark| matches!(mark.mark, MarkKind::Deploy { .. }));
        ensure!(deploys.count() == 3, "{marks:?}");
        Ok(marks)
    })
    .await?;
    assert!(marks.marks.is_sorted_by_key(|mark| mark.at_ms));
    app.stop().await;
    let stored = std::fs::read_dir(scratch.path().join("data/store"))?;
    for file in stored {
        let bytes = std::fs::read(file?.path())?;
        let found = bytes.windows(13).any(|window| window == b"planted-value");
        assert!(!found, "the value of a variable is in the store");
    }
    Ok(())
}
