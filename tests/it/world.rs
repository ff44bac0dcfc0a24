//! Each real part starts, works and stops.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use fantoccini::Locator;
use roadstead_tests::docker_stats::CliStats;
use roadstead_tests::leftovers::{mounts_below, processes_naming};
use roadstead_tests::program::{output, program};
use roadstead_tests::{
    Authority, ContainerSpec, Desktop, EngineKind, KnownHost, Need, Network, Offer, PodmanSocket, RealEngine,
    Sshd, TestWindow, missing_parts, sshd, until,
};

#[test]
fn this_machine_lacks_nothing_the_tests_need() {
    let all = [
        Need::Engine,
        Need::Image,
        Need::Registry,
        Need::Ssh,
        Need::Podman,
        Need::Window,
        Need::Root,
    ];
    assert_eq!(missing_parts(&all), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_engines_run_containers_side_by_side_and_leave_nothing() -> Result<()> {
    let (first, second) = tokio::join!(
        RealEngine::start(EngineKind::First),
        RealEngine::start(EngineKind::Second)
    );
    let (mut first, second) = (first?, second?);
    let bridged = ContainerSpec::named("berth")
        .network(Network::Bridge)
        .of_project("immich", "server");
    let on_first = first.run(&bridged).await?;
    let on_second = second
        .run(&ContainerSpec::named("berth").memory_bytes(64 << 20))
        .await?;
    assert_ne!(on_first, on_second);

    let rows: Vec<CliStats> = second.stats_cli(&[&on_second]).await?;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].engine_id, on_second);
    assert_eq!(rows[0].memory_limit_bytes, f64::from(64 << 20));

    first.stop_engine().await?;
    assert!(
        first.docker(&["version"]).await.is_err(),
        "a stopped engine does not answer"
    );
    assert!(second.docker(&["version"]).await.is_ok(), "the other one does");
    first.start_again().await?;
    let names = first.docker(&["ps", "--all", "--format={{.Names}}"]).await?;
    assert_eq!(
        names.trim(),
        "berth",
        "containers outlive a restart of their engine"
    );

    let dirs: Vec<PathBuf> = [&first, &second]
        .iter()
        .filter_map(|engine| Some(engine.socket().parent()?.to_owned()))
        .collect();
    drop((first, second));
    for dir in dirs {
        assert!(processes_naming(&dir).is_empty(), "processes stay");
        assert!(mounts_below(&dir)?.is_empty(), "mounts stay");
        assert!(!dir.exists(), "files stay");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_lets_in_clients_with_its_authoritys_certificate_only() -> Result<()> {
    let (ours, others) = (Authority::new("ours")?, Authority::new("others")?);
    let engine =
        RealEngine::start_with_tls(EngineKind::Second, ours.server(&["127.0.0.1", "localhost"])?).await?;
    let port = engine.tls_port().context("no TLS port")?;
    let host = format!("--host=tcp://127.0.0.1:{port}");
    for (client, let_in) in [
        (ours.client("friend", &ours)?, true),
        (others.client("stranger", &ours)?, false),
    ] {
        let mut command = tokio::process::Command::new(roadstead_tests::program::docker_cli()?);
        command
            .args([host.as_str(), "--tlsverify", "--tlscacert"])
            .arg(&client.ca)
            .arg("--tlscert")
            .arg(&client.cert)
            .arg("--tlskey")
            .arg(&client.key)
            .args(["version", "--format={{.Server.Version}}"]);
        let answer = output(command, Duration::from_secs(20)).await;
        assert_eq!(answer.is_ok(), let_in, "{answer:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn sshd_knows_its_key_from_a_strangers_and_counts_logins() -> Result<()> {
    let mut server = Sshd::start(true).await?;
    let run = async |known, offer| {
        let mut command = tokio::process::Command::new(program("ssh")?);
        command
            .args(["-o", "BatchMode=yes", "-F"])
            .arg(server.client_config(known, offer)?)
            .args([sshd::ALIAS, "echo", "moored"]);
        output(command, Duration::from_secs(20)).await
    };
    assert_eq!(run(KnownHost::Right, Offer::Accepted).await?.trim(), "moored");
    let says = async |known, offer| format!("{:#}", run(known, offer).await.unwrap_err());
    assert!(
        says(KnownHost::Right, Offer::Stranger)
            .await
            .contains("Permission denied")
    );
    assert!(
        says(KnownHost::Unknown, Offer::Accepted)
            .await
            .contains("Host key verification failed")
    );
    assert!(
        says(KnownHost::Changed, Offer::Accepted)
            .await
            .contains("REMOTE HOST IDENTIFICATION HAS CHANGED")
    );
    assert_eq!(server.logins(), 1, "{}", server.log_text());
    server.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn podman_runs_a_container_and_leaves_nothing() -> Result<()> {
    let podman = PodmanSocket::start().await?;
    let spec = ContainerSpec::named("berth")
        .of_project("gitea", "server")
        .memory_bytes(64 << 20);
    let id = podman.run(&spec).await?;
    assert_eq!(id.len(), 64, "{id}");
    let state = podman
        .podman(&["inspect", "--format={{.State.Status}}", "berth"])
        .await?;
    assert_eq!(state.trim(), "running");
    let dir = podman
        .socket()
        .parent()
        .context("the socket has no directory")?
        .to_owned();
    podman.stop().await?;
    assert!(processes_naming(&dir).is_empty(), "processes stay");
    assert!(mounts_below(&dir)?.is_empty(), "mounts stay");
    assert!(!dir.exists(), "files stay");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webkit_window_is_driven_and_photographed() -> Result<()> {
    let desktop = Desktop::start(1280, 800).await?;
    let page = desktop.scratch().write(
        "page.html",
        "<title>Berth</title><button id=b onclick=\"document.getElementById('t').textContent='moored'\">go</button><p id=t>adrift</p>",
    )?;
    let window = TestWindow::open(&desktop, &mini_browser()?, &["--automation"], &[]).await?;
    window
        .client()
        .goto(&format!("file://{}", page.display()))
        .await?;
    window.says("adrift", Duration::from_secs(10)).await?;
    window.click(Locator::Css("#b"), Duration::from_secs(10)).await?;
    assert_eq!(window.text_of("#t", Duration::from_secs(10)).await?, "moored");
    let titles = until("the window's title", Duration::from_secs(10), async || {
        let titles = desktop.window_titles().await?;
        anyhow::ensure!(titles.iter().any(|title| title.contains("Berth")), "{titles:?}");
        Ok(titles)
    })
    .await?;
    assert!(!titles.is_empty());
    let picture = desktop.screenshot("world-webkit-window").await?;
    assert!(
        std::fs::metadata(&picture)?.len() > 1000,
        "the picture holds something"
    );
    let pid = window.program_pid()?;
    window.close().await?;
    until("the program's end", Duration::from_secs(10), async || {
        anyhow::ensure!(!PathBuf::from(format!("/proc/{pid}/exe")).exists(), "{pid} lives");
        Ok(())
    })
    .await
}

/// The small browser that comes with WebKit: a window of the same kind as the application's.
fn mini_browser() -> Result<PathBuf> {
    let found = std::fs::read_dir("/usr/lib")?
        .filter_map(|entry| Some(entry.ok()?.path().join("webkit2gtk-4.1/MiniBrowser")))
        .find(|file| file.is_file());
    found.context(
        "MiniBrowser is not installed: apt-get install -y --no-install-recommends libwebkit2gtk-4.1-0",
    )
}
