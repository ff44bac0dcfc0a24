//! Logs of real containers become issues: what was printed is what is counted, whatever happens in between.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use roadstead_engine::wire::*;
use roadstead_engine::{Clock, DiscoverSources, Engine, EngineOptions};
use roadstead_model::{FaultCause, HostId};
use roadstead_tests::{ContainerSpec, EngineKind, RealEngine, Scratch, until};

/// The shortest interval between passes that the product allows.
const PASS_S: u32 = 10;
/// Two passes, the time one takes, and a slow machine.
pub(crate) const TWO_PASSES: Duration = Duration::from_secs(2 * PASS_S as u64 + 15);
/// Tells a process of this test that it is to be the app, and where its data are.
const APP_DIR: &str = "ROADSTEAD_TEST_APP_DIR";

pub(crate) async fn start(dir: &Path) -> Result<Engine> {
    let engine = Engine::start(EngineOptions {
        data_dir: dir.join("data"),
        run_dir: dir.join("r"),
        discover: DiscoverSources {
            root: dir.join("no-root"),
            ..DiscoverSources::default()
        },
        clock: Clock::default(),
        connect: None,
        deploy_hook: None,
    })
    .await?;
    let settings = Settings {
        log_pass_s: PASS_S,
        ..engine.current_settings()
    };
    engine.save_settings(settings).await?;
    Ok(engine)
}

pub(crate) async fn add(engine: &Engine, docker: &RealEngine) -> Result<HostId> {
    let draft = HostDraft {
        name: "nas".to_owned(),
        customer: String::new(),
        address: format!("unix://{}", docker.socket().display()),
        tls: None,
        accept_plain_text: false,
        tick_interval_s: Some(5),
    };
    Ok(engine.add_host(draft).await?.id)
}

pub(crate) async fn issues(engine: &Engine, app: &str) -> Result<Vec<IssueRow>> {
    let page = engine
        .list_issues(IssuesRequest {
            app: Some(app.to_owned()),
            host: None,
            severity: None,
            filter: IssueFilter::All,
            search: String::new(),
            sort: IssueSort::Count,
            descending: true,
            offset: 0,
            limit: 500,
        })
        .await?;
    Ok(page.rows)
}

/// Events of an app by whether they are errors.
async fn events(engine: &Engine, app: &str) -> Result<(u64, u64)> {
    let rows = issues(engine, app).await?;
    let of = |severity| {
        rows.iter()
            .filter(|row| row.severity == severity)
            .map(|row| row.count)
            .sum()
    };
    Ok((of(IssueSeverity::Error), of(IssueSeverity::Warning)))
}

async fn scan(engine: &Engine, host: HostId, container: &str) -> Result<LogScan> {
    let page = engine.host(HostRequest { host }).await?;
    let row = page.containers.into_iter().find(|row| row.name == container);
    row.with_context(|| format!("{container} is not listed"))?
        .log
        .with_context(|| format!("the log of {container} was not looked at yet"))
}

async fn one_issue(engine: &Engine, app: &str, count: u64, within: Duration) -> Result<IssueRow> {
    until("one issue with its count", within, async || {
        let rows = issues(engine, app).await?;
        let seen: Vec<_> = rows.iter().map(|row| (row.count, row.message.clone())).collect();
        ensure!(
            rows.len() == 1 && rows[0].count == count,
            "{app} has {seen:?}, not one of {count}"
        );
        Ok(rows[0].clone())
    })
    .await
}

/// Containers by name, what they print, and how many errors and warnings that is.
fn voices() -> Vec<(&'static str, &'static str, u64, u64)> {
    vec![
        (
            "python",
            r#"for i in 1 2 3; do echo "2026-01-02 15:04:0$i,123 INFO all well" ; echo "2026-01-02 15:04:0$i,124 ERROR worker failed for job $i$i$i$i"; echo 'Traceback (most recent call last):'; echo '  File "/app/worker.py", line 10, in run'; echo '    go()'; echo "ValueError: no such job"; sleep 2; done 2>&1"#,
            3,
            0,
        ),
        (
            "java",
            r#"for i in 1 2; do printf 'Exception in thread "main" java.lang.IllegalStateException: broken %s\n\tat org.shop.Cart.add(Cart.java:4%s)\n\tat org.shop.Main.main(Main.java:9)\nCaused by: java.io.IOException: disk\n\tat org.shop.Disk.read(Disk.java:7)\n\t... 2 more\n' $i $i >&2; sleep 2; done"#,
            2,
            0,
        ),
        (
            "go",
            r#"printf 'panic: runtime error: index out of range [5] with length 3\n\ngoroutine 1 [running]:\nmain.pick(...)\n\t/src/main.go:17\nmain.main()\n\t/src/main.go:9 +0x1d\nexit status 2\n' >&2"#,
            1,
            0,
        ),
        (
            "burst",
            r#"awk 'BEGIN { for (i = 0; i < 20000; i++) if (i % 100 == 0) print "ERROR cannot write block " i; else if (i % 250 == 1) print "WARN slow disk, " i " ms"; else print "INFO block " i " written" }'"#,
            200,
            80,
        ),
        (
            "long",
            r#"awk 'BEGIN { printf "ERROR a line without an end "; for (i = 0; i < 100000; i++) printf "0123456789"; print ""; print "INFO over" }'"#,
            1,
            0,
        ),
        (
            "parts",
            r#"awk 'BEGIN { for (n = 0; n < 3; n++) { printf "{\"level\":\"error\",\"msg\":\"payload refused\",\"body\":\""; for (i = 0; i < 4000; i++) printf "abcdefghij"; print "\"}" } }'"#,
            3,
            0,
        ),
        (
            "noise",
            r#"head -c 200000 /dev/urandom | tr -d '\n' ; echo; printf 'caf\351 ERROR kaputt\n' ; echo 'ERROR after the noise'"#,
            1,
            0,
        ),
        (
            "harmless",
            r#"echo 'INFO no error found'; echo '0 errors, 0 warnings'; echo '10.0.0.1 - - [02/Jan/2026:15:04:05 +0000] "GET /error HTTP/1.1" 200 12'; echo 'joined room zoom-12'"#,
            0,
            0,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_containers_printed_is_what_their_issues_say() -> Result<()> {
    let docker = RealEngine::start(EngineKind::Second).await?;
    for (name, script, ..) in voices() {
        let script = format!("{script}; sleep 2; echo moored; sleep 3600");
        docker.run(&ContainerSpec::named(name).running(&script)).await?;
    }
    let tty = "printf '\\033[31mERROR\\033[0m red alert\\r\\n'; sleep 2; echo 'WARN pale'; sleep 3600";
    docker
        .run(&ContainerSpec::named("tty").option("--tty").running(tty))
        .await?;
    let mute = ContainerSpec::named("mute")
        .option("--log-driver=none")
        .running("echo ERROR unheard; sleep 3600");
    docker.run(&mute).await?;
    let scratch = Scratch::new()?;
    let engine = start(scratch.path()).await?;
    let host = add(&engine, &docker).await?;

    until(
        "every log read to its end",
        TWO_PASSES + Duration::from_secs(20),
        async || {
            for (name, _, errors, warnings) in voices() {
                let seen = events(&engine, name).await?;
                // Random bytes may spell a word; what is known of them is that the error after them is there.
                let right = if name == "noise" {
                    seen.0 >= errors
                } else {
                    seen == (errors, warnings)
                };
                ensure!(
                    right,
                    "{name}: {seen:?} errors and warnings, not {errors} and {warnings}: {:?}",
                    issues(&engine, name).await?
                );
            }
            ensure!(
                events(&engine, "tty").await? == (1, 1),
                "tty: {:?}",
                events(&engine, "tty").await?
            );
            Ok(())
        },
    )
    .await?;
    let one_each: BTreeMap<&str, usize> =
        BTreeMap::from([("python", 1), ("java", 1), ("go", 1), ("burst", 2), ("parts", 1)]);
    for (name, kinds) in one_each {
        let rows = issues(&engine, name).await?;
        assert_eq!(rows.len(), kinds, "{name}: {rows:#?}");
    }
    let trace = engine
        .issue(IssueRequest {
            issue: issues(&engine, "java").await?[0].issue,
        })
        .await?;
    assert_eq!(trace.samples.len(), 2);
    assert_eq!(trace.samples[0].lines_total, 6, "{:?}", trace.samples[0]);
    assert_eq!(trace.samples[0].stream, LogStreamName::Stderr);
    assert_eq!(scan(&engine, host, "mute").await?.state, LogScanState::NoLogs);
    assert_eq!(scan(&engine, host, "burst").await?.state, LogScanState::Ok);
    engine.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_seen_once_resolved_and_comes_back_as_regressed() -> Result<()> {
    let docker = RealEngine::start(EngineKind::Second).await?;
    let script = "n=0; while :; do if [ -e /broken ]; then n=$((n+1)); echo \"ERROR cannot reach db-$n after $((n*7)) ms\"; fi; sleep 1; done";
    let id = docker
        .run(&ContainerSpec::named("shop").running(&format!("touch /broken; {script}")))
        .await?;
    let scratch = Scratch::new()?;
    let engine = start(scratch.path()).await?;
    add(&engine, &docker).await?;
    let row = until("its error, once", TWO_PASSES, async || {
        let rows = issues(&engine, "shop").await?;
        ensure!(rows.len() == 1 && rows[0].count >= 2, "{rows:?}");
        Ok(rows[0].clone())
    })
    .await?;
    assert!(row.is_new);
    docker.docker(&["exec", &id, "rm", "/broken"]).await?;
    // What was printed before it was mended is read before it is called so.
    let printed = until("all that was printed", TWO_PASSES, async || {
        let log = docker.docker(&["logs", &id]).await?;
        let printed = log.lines().filter(|line| line.contains("ERROR")).count() as u64;
        let counted = issues(&engine, "shop").await?[0].count;
        ensure!(printed == counted, "{printed} printed, {counted} counted");
        Ok(printed)
    })
    .await?;
    let state = IssueState::Resolved;
    engine
        .set_issue_state(SetIssueState {
            issues: vec![row.issue],
            state,
        })
        .await?;
    tokio::time::sleep(Duration::from_secs(u64::from(PASS_S) + 3)).await;
    let resolved = issues(&engine, "shop").await?[0].clone();
    assert_eq!((resolved.state, resolved.count), (IssueState::Resolved, printed));
    docker.docker(&["exec", &id, "touch", "/broken"]).await?;
    let back = until("the issue again", TWO_PASSES, async || {
        let row = issues(&engine, "shop").await?[0].clone();
        ensure!(row.state == IssueState::Open, "{row:?}");
        Ok(row)
    })
    .await?;
    let regression = back.regressed.context("it came back, and says where")?;
    assert_eq!(
        (regression.host_name.as_str(), regression.container_name.as_str()),
        ("nas", "shop")
    );
    assert!(back.count > printed);
    engine.stop().await;
    Ok(())
}

/// The app in a process of its own: the test that kills it, told to be it.
fn app_process(dir: &Path) -> Result<Child> {
    Ok(Command::new(std::env::current_exe()?)
        .args([
            "--exact",
            "logs::counts_are_exact_across_kills_of_the_app_and_rotation_of_the_log",
        ])
        .env(APP_DIR, dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?)
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_exact_across_kills_of_the_app_and_rotation_of_the_log() -> Result<()> {
    const ERRORS: u64 = 1_500;
    if let Some(dir) = std::env::var_os(APP_DIR) {
        let _engine = start(Path::new(&dir)).await?;
        tokio::time::sleep(Duration::from_secs(600)).await;
        bail!("nobody killed it");
    }
    let docker = RealEngine::start(EngineKind::Second).await?;
    // A kilobyte each fifth of a second over half a minute: the file turns over many times, and each part stays for several passes.
    let script = format!(
        "i=0; while [ $i -lt {ERRORS} ]; do i=$((i+1)); echo \"ERROR cannot send parcel $i: refused\"; echo \"INFO parcel $i dropped\"; [ $((i % 10)) = 0 ] && sleep 0.2; done; echo WARN done; sleep 3600"
    );
    let rotating = ContainerSpec::named("post")
        .option("--log-opt=max-size=60k")
        .option("--log-opt=max-file=8")
        .running(&script);
    let scratch = Scratch::new()?;
    {
        let engine = start(scratch.path()).await?;
        add(&engine, &docker).await?;
        engine.stop().await;
    }
    docker.run(&rotating).await?;
    for life_ms in [3_100_u64, 4_700, 2_900, 12_300, 5_300, 13_900] {
        let mut app = app_process(scratch.path())?;
        tokio::time::sleep(Duration::from_millis(life_ms)).await;
        ensure!(app.try_wait()?.is_none(), "the app ended by itself");
        app.kill()?;
        app.wait()?;
    }
    let engine = start(scratch.path()).await?;
    let row = until("every parcel", TWO_PASSES + Duration::from_secs(20), async || {
        let (errors, warnings) = events(&engine, "post").await?;
        ensure!(
            (errors, warnings) == (ERRORS, 1),
            "{errors} errors, {warnings} warnings"
        );
        Ok(issues(&engine, "post").await?[0].clone())
    })
    .await?;
    assert_eq!(row.count, ERRORS, "one issue has them all");
    engine.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_dies_while_its_logs_are_read_loses_and_repeats_nothing() -> Result<()> {
    let mut docker = RealEngine::start(EngineKind::Second).await?;
    // So much that reading it takes seconds. Nobody prints while the engine is gone: that would be lost before us.
    let script = "awk 'BEGIN { for (i = 0; i < 600000; i++) if (i % 2000 == 0) print \"ERROR tide \" i \" is late\"; else print \"INFO wave \" i \" of many, each as long as the one before it\" }'; sleep 3600";
    let id = docker.run(&ContainerSpec::named("tide").running(script)).await?;
    until(
        "a container that printed all",
        Duration::from_secs(60),
        async || {
            let last = docker.docker(&["logs", "--tail=1", &id]).await?;
            ensure!(last.contains("wave 599999"), "{last}");
            Ok(())
        },
    )
    .await?;
    let scratch = Scratch::new()?;
    let engine = start(scratch.path()).await?;
    let host = add(&engine, &docker).await?;
    for after_ms in [2_300, 2_900] {
        until("a host that answers", Duration::from_secs(60), async || {
            let state = engine.host(HostRequest { host }).await?.row.connection.state;
            ensure!(matches!(state, HostState::Connected { .. }), "{state:?}");
            Ok(())
        })
        .await?;
        tokio::time::sleep(Duration::from_millis(after_ms)).await;
        docker.crash()?;
        until("a host that is lost", Duration::from_secs(30), async || {
            let state = engine.host(HostRequest { host }).await?.row.connection.state;
            // The second attempt: the daemon's own children are gone by then, and the next daemon starts with new ones.
            let refused =
                matches!(&state, HostState::Unreachable { fault, .. } if fault.cause == FaultCause::Refused);
            ensure!(refused, "{state:?}");
            Ok(())
        })
        .await?;
        docker.start_again().await?;
    }
    let row = one_issue(&engine, "tide", 300, Duration::from_secs(90)).await?;
    let page = engine.issue(IssueRequest { issue: row.issue }).await?;
    assert_eq!(
        page.places.iter().map(|place| place.count).sum::<u64>(),
        row.count
    );
    assert_eq!(page.counts.iter().sum::<u64>(), row.count);
    engine.stop().await;
    Ok(())
}
