//! Deploys that cannot be done: each is refused by name, by the plan and by the start, and nothing is touched.

use anyhow::{Context as _, Result, ensure};
use roadstead_engine::Engine;
use roadstead_engine::wire::*;
use roadstead_model::app::PROTECTED_LABEL;
use roadstead_model::{DeployCause, DeployState};
use roadstead_tests::{
    ContainerSpec, EngineKind, Network, PodmanSocket, RealEngine, Registry, Scratch, until,
};

use super::harbor::*;

/// Nobody listens there: what is on the engine is used.
const FIRST: &str = "127.0.0.1:1/harbor:1";
const SECOND: &str = "127.0.0.1:1/harbor:2";

/// Which containers there are, and since when they run.
async fn untouched(docker: &RealEngine) -> Result<String> {
    let ids = docker.docker(&["ps", "--all", "--quiet", "--no-trunc"]).await?;
    let mut inspect = vec![
        "inspect",
        "--format={{.Id}} {{.Name}} {{.Image}} {{.State.Status}} {{.State.Pid}} {{.State.StartedAt}}",
    ];
    inspect.extend(ids.split_whitespace());
    docker.docker(&inspect).await
}

/// The plan says why, and so does the start.
async fn is_refused(app: &Engine, request: PlanRequest, why: &[DeployRefusal]) -> Result<()> {
    let rows = ledger(app, &request.app).await?.len();
    let plan = app.plan_deploy(request.clone()).await?;
    assert_eq!(plan.refusals, why);
    let name = serde_json::to_value(&why[0])?["kind"].clone();
    let app_name = request.app.clone();
    let refused = app.start_deploy(request).await.err().context("it was begun")?;
    assert_eq!(refused.key, "error.deploy.refused");
    assert_eq!(Some(refused.params["reason"].as_str()), name.as_str());
    assert_eq!(ledger(app, &app_name).await?.len(), rows, "no row of the ledger");
    Ok(())
}

async fn run(docker: &RealEngine, name: &str, image: &str, options: &[&str]) -> Result<()> {
    let name = format!("--name={name}");
    let mut all = vec!["run", "--detach", "--stop-signal=KILL", &name];
    if !options.iter().any(|option| option.starts_with("--network")) {
        all.push("--network=none");
    }
    all.extend_from_slice(options);
    all.extend_from_slice(&[image, "sleep", "86400"]);
    docker.docker(&all).await?;
    Ok(())
}

/// The same images again, for all services of an app.
fn again(app: &str, host: roadstead_model::HostId) -> PlanRequest {
    PlanRequest {
        app: app.to_owned(),
        host,
        target: DeployTarget::Update { images: Vec::new() },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_is_refused_when_its_image_is_nowhere_any_more() -> Result<()> {
    let docker = RealEngine::start(EngineKind::Second).await?;
    let registry = Registry::start().await?;
    image(&docker, FIRST, "1", &[]).await?;
    image(&docker, SECOND, "2", &[]).await?;
    let old = registry.publish(&docker, "shop:1", &["ENV VERSION=1"]).await?;
    registry.publish(&docker, "shop:2", &["ENV VERSION=2"]).await?;
    let (shop_1, shop_2) = (registry.reference("shop:1"), registry.reference("shop:2"));
    run(&docker, "berth", FIRST, &[]).await?;
    run(&docker, "shop", &shop_1, &[]).await?;
    let scratch = Scratch::new()?;
    let app = start(scratch.path(), None).await?;
    let host = add(&app, &docker).await?;
    let (mut firsts, updates) = (Vec::new(), [("berth", SECOND), ("shop", shop_2.as_str())]);
    for (name, image) in updates {
        firsts.push(rows(&app, name, 1).await?[0].id);
        let done = carry_out(&app, update(name, host, name, image)).await?;
        assert_eq!(done.state, DeployState::Success, "{done:?}");
    }
    let (berth, shop) = (
        back_to("berth", host, firsts[0]),
        back_to("shop", host, firsts[1]),
    );
    for request in [&berth, &shop] {
        let plan = app.plan_deploy(request.clone()).await?;
        assert_eq!(plan.refusals, [], "the image is on the host");
        assert!(plan.services[0].is_local);
    }
    let before = untouched(&docker).await?;

    // Never pulled: nobody else has it.
    docker.docker(&["rmi", FIRST]).await?;
    let service = "berth".to_owned();
    is_refused(&app, berth, &[DeployRefusal::NoDigest { service }]).await?;

    // Pulled once: as long as the registry has it, it is pulled again.
    docker.docker(&["rmi", "--force", &shop_1, &old]).await?;
    let plan = app.plan_deploy(shop.clone()).await?;
    assert_eq!(plan.refusals, [], "the registry has it");
    assert!(!plan.services[0].is_local);
    registry.forget(&old).await?;
    let gone = DeployRefusal::ImageGone {
        service: "shop".to_owned(),
        digest: old,
    };
    is_refused(&app, shop, &[gone]).await?;
    assert_eq!(untouched(&docker).await?, before);
    app.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_is_refused_to_other_services_and_to_what_failed() -> Result<()> {
    let docker = RealEngine::start(EngineKind::Second).await?;
    image(&docker, FIRST, "1", &[]).await?;
    let of = |service: &str| format!("--label=com.docker.compose.service={service}");
    let project = "--label=com.docker.compose.project=shop";
    run(&docker, "shop-web-1", FIRST, &[project, &of("web")]).await?;
    run(&docker, "shop-job-1", FIRST, &[project, &of("job")]).await?;
    let scratch = Scratch::new()?;
    let app = start(scratch.path(), None).await?;
    let host = add(&app, &docker).await?;
    let found = rows(&app, "shop", 1).await?[0].id;
    docker.docker(&["rm", "--force", "shop-job-1"]).await?;
    run(&docker, "shop-cache-1", FIRST, &[project, &of("cache")]).await?;
    rows(&app, "shop", 2).await?;
    let before = untouched(&docker).await?;
    let services = vec!["cache".to_owned(), "job".to_owned()];
    let differ = DeployRefusal::ServicesDiffer { services };
    is_refused(&app, back_to("shop", host, found), &[differ]).await?;

    let nowhere = update("shop", host, "web", "127.0.0.1:1/nothing:1");
    let failed = carry_out(&app, nowhere).await?;
    assert_eq!(failed.state, DeployState::Failed);
    let cause = failed.fault.map(|fault| fault.cause);
    assert_eq!(cause, Some(DeployCause::RegistryUnreachable));
    is_refused(&app, back_to("shop", host, failed.id), &[DeployRefusal::NotGood]).await?;
    assert_eq!(untouched(&docker).await?, before);

    docker
        .docker(&["rm", "--force", "shop-web-1", "shop-cache-1"])
        .await?;
    until("an app without a container", SEEN, async || {
        let plan = app.plan_deploy(again("shop", host)).await?;
        ensure!(plan.services.is_empty(), "{:?}", plan.services);
        Ok(())
    })
    .await?;
    is_refused(&app, again("shop", host), &[DeployRefusal::NothingThere]).await?;
    assert_eq!(names(&docker).await?, Vec::<String>::new());
    app.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_cannot_be_replaced_is_refused_by_its_name() -> Result<()> {
    let docker = RealEngine::start(EngineKind::Second).await?;
    image(&docker, FIRST, "1", &[]).await?;
    run(&docker, "passing", FIRST, &["--rm"]).await?;
    run(&docker, "task", FIRST, &["--label=com.docker.swarm.task.id=x"]).await?;
    let protected = format!("--label={PROTECTED_LABEL}=true");
    run(&docker, "vault", FIRST, &[&protected]).await?;
    run(&docker, "vpn-a", FIRST, &[]).await?;
    run(&docker, "vpn-b", FIRST, &[]).await?;
    run(&docker, "guest-a", FIRST, &["--network=container:vpn-a"]).await?;
    let id = docker.docker(&["ps", "--quiet", "--filter=name=vpn-b"]).await?;
    let short = format!("--network=container:{}", id.trim());
    run(&docker, "guest-b", FIRST, &[&short]).await?;
    let scratch = Scratch::new()?;
    let app = start(scratch.path(), None).await?;
    let host = add(&app, &docker).await?;
    for name in names(&docker).await? {
        rows(&app, &name, 1).await?;
    }
    let before = untouched(&docker).await?;
    let container = |name: &str| name.to_owned();
    for (name, why) in [
        (
            "passing",
            DeployRefusal::AutoRemove {
                container: container("passing"),
            },
        ),
        (
            "task",
            DeployRefusal::SwarmTask {
                container: container("task"),
            },
        ),
        (
            "vault",
            DeployRefusal::Protected {
                container: container("vault"),
            },
        ),
        (
            "vpn-a",
            DeployRefusal::SharesNetwork {
                container: container("vpn-a"),
            },
        ),
        (
            "vpn-b",
            DeployRefusal::SharesNetwork {
                container: container("vpn-b"),
            },
        ),
    ] {
        is_refused(&app, again(name, host), &[why]).await?;
    }
    for guest in ["guest-a", "guest-b"] {
        let plan = app.plan_deploy(again(guest, host)).await?;
        assert_eq!(plan.refusals, [], "a guest takes nobody's network along");
    }
    assert_eq!(untouched(&docker).await?, before);
    app.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_does_not_tell_all_it_was_given_is_refused_by_its_version() -> Result<()> {
    let podman = PodmanSocket::start().await?;
    let id = podman
        .run(&ContainerSpec::named("berth").network(Network::None))
        .await?;
    let scratch = Scratch::new()?;
    let app = start(scratch.path(), None).await?;
    let host = add_at(&app, podman.socket()).await?;
    rows(&app, "berth", 1).await?;
    let plan = app.plan_deploy(again("berth", host)).await?;
    let [DeployRefusal::EngineNotCapable { engine }] = plan.refusals.as_slice() else {
        anyhow::bail!("{:?}", plan.refusals);
    };
    assert!(engine.starts_with("Podman 4"), "{engine}");
    is_refused(&app, again("berth", host), &plan.refusals).await?;
    let now = podman.podman(&["ps", "--quiet", "--no-trunc"]).await?;
    assert_eq!(now.trim(), id);
    app.stop().await;
    podman.stop().await
}
