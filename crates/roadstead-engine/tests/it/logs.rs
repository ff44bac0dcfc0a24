use std::time::Duration;

use roadstead_engine::Clock;
use roadstead_engine::wire::*;
use roadstead_model::FaultCause;
use roadstead_model::time::{HOUR_MS, MINUTE_MS};

use crate::harbor::{WEEK, draft, eventually};
use crate::quay::{ERR, OUT, Quay, TWO_PASSES, issues, scan, set_pass, told};
use crate::stub::{Manner, StubContainer};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_container_printed_is_what_its_issues_say_across_a_restart() {
    let quay = Quay::new(Clock::default(), vec![StubContainer::named("shop")]);
    let print = |count: usize, ago_ms: i64| {
        let at_ms = quay.ago(ago_ms);
        quay.host.change("shop", |shop| {
            for nth in 0..count {
                shop.print(ERR, at_ms + nth as i64, &format!("ERROR disk {nth} is full"));
                shop.print(OUT, at_ms + nth as i64, "GET /index.html done");
            }
        });
    };
    let is = |count| move |page: &IssuesPage| page.rows.first().is_some_and(|row| row.count >= count);
    print(57, 10 * MINUTE_MS);
    quay.host.change("shop", |shop| {
        let at_ms = quay.clock.now_ms() - 5 * MINUTE_MS;
        for (nth, line) in [
            "Traceback (most recent call last):",
            "  File \"/app/main.py\", line 12, in serve",
            "ValueError: not a number",
        ]
        .iter()
        .enumerate()
        {
            shop.print(ERR, at_ms + nth as i64, line);
        }
    });
    let (engine, host) = quay.start_reading().await;
    let page = eventually(TWO_PASSES, "its errors", || issues(&engine), is(57)).await;
    assert_eq!(page.rows[0].count, 57);
    assert_eq!((page.total, page.rows[1].count), (2, 1), "{:?}", told(&page));
    assert_eq!((page.containers_read, page.containers_in_trouble), (1, 0));
    assert_eq!(scan(&engine, host, "shop").await.unwrap().lines, 117);

    // More lines than the end of the log that a pass asks for first.
    print(500, 4_000);
    let page = eventually(TWO_PASSES, "what came since", || issues(&engine), is(557)).await;
    assert_eq!(page.rows[0].count, 557);
    let asked = quay.host.asked("shop");
    assert_eq!(asked[0].tail, None, "all of a log never read");
    assert!(asked[1..].iter().any(|asked| asked.tail.is_some()));

    let request = IssueRequest {
        issue: page.rows[1].issue,
    };
    let full = engine.issue(request).await.unwrap();
    assert_eq!(full.samples[0].lines.len(), 3, "the trace is there to be read");
    assert_eq!(full.samples[0].stream, LogStreamName::Stderr);
    assert_eq!(full.places[0].host_name, "stub");
    engine.stop().await;

    print(5, 3_000);
    let engine = quay.start().await;
    let page = eventually(TWO_PASSES, "what came in between", || issues(&engine), is(562)).await;
    assert_eq!(page.rows[0].count, 562);
    let before = quay.host.asked("shop").len();
    eventually(
        TWO_PASSES,
        "another pass",
        || async { quay.host.asked("shop").len() },
        |asked| *asked >= before + 2,
    )
    .await;
    let page = issues(&engine).await;
    assert_eq!((page.rows[0].count, page.total), (562, 2), "no line twice");
    let apps = engine.list_apps(AppsRequest { period: WEEK }).await.unwrap();
    assert_eq!(
        (apps.rows[0].errors_24h, apps.rows[0].warnings_24h),
        (Some(563), Some(0))
    );
    let overview = engine.overview(()).await.unwrap();
    let kinds = |overview: &Overview| -> Vec<(TroubleKind, u32)> {
        overview.trouble.iter().map(|t| (t.kind, t.count)).collect()
    };
    assert_eq!(kinds(&overview), [(TroubleKind::NewIssues, 2)]);
    assert_eq!(overview.issues.unwrap().new, 2);
    assert_eq!(overview.top_issues.len(), 2);

    // Resolved, and printed once more.
    let change = SetIssueState {
        issues: vec![page.rows[0].issue],
        state: IssueState::Resolved,
    };
    engine.set_issue_state(change).await.unwrap();
    print(1, -100);
    let overview = eventually(
        TWO_PASSES,
        "the issue that came back",
        || async { engine.overview(()).await.unwrap() },
        |overview| overview.issues.is_some_and(|issues| issues.regressed == 1),
    )
    .await;
    assert_eq!(
        kinds(&overview),
        [(TroubleKind::Regressed, 1), (TroubleKind::NewIssues, 2)]
    );
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_trouble_with_a_log_is_told_by_its_name_and_holds_up_no_other() {
    let mut containers: Vec<_> = [
        "hangs-1", "hangs-2", "hangs-3", "well", "garbage", "none", "hidden", "screen", "quiet",
    ]
    .map(StubContainer::named)
    .into();
    for container in &mut containers {
        match container.name.as_str() {
            "garbage" => container.manner = Manner::Garbage,
            "none" => (container.driver, container.manner) = ("none", Manner::NotKept),
            "hidden" => container.protected = true,
            "screen" => container.tty = true,
            "well" | "quiet" => {}
            _ => container.manner = Manner::Hangs,
        }
    }
    let quay = Quay::new(Clock::default(), containers);
    for name in ["well", "hidden", "screen"] {
        let at_ms = quay.ago(MINUTE_MS);
        quay.host.change(name, |of| {
            of.print(OUT, at_ms, &format!("ERROR {name} is in trouble"))
        });
    }
    let (engine, host) = quay.start_reading().await;
    let page = eventually(
        TWO_PASSES,
        "both errors",
        || issues(&engine),
        |page| page.total >= 2,
    )
    .await;
    let mut apps: Vec<_> = page.rows.iter().map(|row| row.app.as_str()).collect();
    apps.sort_unstable();
    assert_eq!(apps, ["screen", "well"]);
    assert_eq!(
        scan(&engine, host, "hangs-1").await,
        None,
        "whose answer does not come is not waited for"
    );
    let hanging = eventually(
        TWO_PASSES,
        "the hanging one is given up",
        || scan(&engine, host, "hangs-1"),
        Option::is_some,
    )
    .await
    .unwrap();
    assert_eq!(hanging.state, LogScanState::Timeout);
    assert_eq!(hanging.fault.unwrap().cause, FaultCause::TimedOut);
    assert_eq!(hanging.read_until_ms, None);
    for (name, state, cause) in [
        ("garbage", LogScanState::Unreadable, Some(FaultCause::BadAnswer)),
        ("none", LogScanState::NoLogs, Some(FaultCause::EngineError)),
        ("well", LogScanState::Ok, None),
        ("screen", LogScanState::Ok, None),
        ("quiet", LogScanState::Ok, None),
    ] {
        let scan = scan(&engine, host, name).await.unwrap();
        assert_eq!(scan.state, state, "{name}");
        assert_eq!(scan.fault.map(|fault| fault.cause), cause, "{name}");
    }
    assert!(
        quay.host.asked("hidden").is_empty(),
        "a protected log is not read"
    );
    assert_eq!(scan(&engine, host, "hidden").await, None);
    let page = eventually(
        TWO_PASSES,
        "all troubles are counted",
        || issues(&engine),
        |page| page.containers_in_trouble == 5,
    )
    .await;
    assert_eq!(page.total, 2);
    let apps = engine.list_apps(AppsRequest { period: WEEK }).await.unwrap();
    let badge = |app: &str| apps.rows.iter().find(|row| row.app == app).unwrap().errors_24h;
    assert_eq!(badge("well"), Some(1));
    assert_eq!(badge("quiet"), Some(0), "read, and nothing is wrong");
    assert_eq!(badge("none"), None, "nobody knows");
    assert_eq!(badge("hangs-1"), None);

    // One that heals is read from its beginning.
    let at_ms = quay.ago(MINUTE_MS);
    quay.host.change("hangs-1", |of| {
        of.print(ERR, at_ms, "ERROR was there all along");
        of.manner = Manner::Whole;
    });
    eventually(
        TWO_PASSES,
        "it is read at last",
        || issues(&engine),
        |page| page.rows.iter().any(|row| row.app == "hangs-1" && row.count == 1),
    )
    .await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shorter_time_between_passes_is_in_force_at_once() {
    let quay = Quay::new(Clock::default(), vec![StubContainer::named("shop")]);
    let engine = quay.start().await;
    set_pass(&engine, 3_600).await;
    engine.add_host(draft("stub", quay.host.path())).await.unwrap();
    let asked = |count: usize| {
        let quay = &quay;
        async move {
            eventually(
                TWO_PASSES,
                "a pass",
                || async { quay.host.asked("shop") },
                |asked| asked.len() >= count,
            )
            .await
        }
    };
    asked(1).await;
    set_pass(&engine, 10).await;
    let passes = asked(3).await;
    let between = |nth: usize| passes[nth].at.duration_since(passes[nth - 1].at);
    assert!(between(1) < Duration::from_secs(8), "at once: {:?}", between(1));
    assert!(
        between(2) >= Duration::from_secs(10),
        "and not sooner than was set: {:?}",
        between(2)
    );
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_counted_twice_when_the_engines_clock_jumps_back() {
    let quay = Quay::new(Clock::default(), vec![StubContainer::named("shop")]);
    quay.host.stub().ahead_ms = Some(0);
    // Longer than the container is old.
    let back_ms = 2 * HOUR_MS;
    let print = |count: i64, ago_ms: i64| {
        let at_ms = quay.ago(ago_ms);
        quay.host.change("shop", |shop| {
            for nth in 0..count {
                shop.print(ERR, at_ms + nth, "ERROR disk is full");
            }
        });
    };
    print(3, MINUTE_MS);
    let (engine, host) = quay.start_reading().await;
    let counted = |count: u64| {
        let engine = &engine;
        async move {
            let page = eventually(
                TWO_PASSES,
                "what was printed",
                || issues(engine),
                |page| page.rows.first().is_some_and(|row| row.count >= count),
            )
            .await;
            assert_eq!(page.rows[0].count, count);
        }
    };
    counted(3).await;
    quay.host.stub().ahead_ms = Some(-back_ms);
    print(2, back_ms + 5_000);
    counted(5).await;
    print(4, back_ms + 2_000);
    counted(9).await;
    // The clock is put right, and the log goes on.
    quay.host.stub().ahead_ms = Some(0);
    print(1, 2_000);
    counted(10).await;
    let scan = scan(&engine, host, "shop").await.unwrap();
    assert_eq!((scan.state, scan.lines), (LogScanState::Ok, 10));
    engine.stop().await;
}
