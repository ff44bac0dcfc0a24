use std::time::Duration;

use roadstead_engine::wire::*;
use roadstead_engine::{Clock, Engine};
use roadstead_model::TimeRange;
use roadstead_model::time::{DAY_MS, MINUTE_MS, WINDOW_MS};

use crate::harbor::{WEEK, draft, eventually, row};
use crate::quay::{ERR, Quay, TWO_PASSES, issues, scan, set_pass};
use crate::stub::{Manner, StubContainer};

/// Reports behind the numbers of all apps.
async fn reports(engine: &Engine) -> u32 {
    let page = engine.list_apps(AppsRequest { period: WEEK }).await.unwrap();
    page.rows.iter().map(|row| row.reports).sum()
}

/// A host whose log was read once, and a tick taken, ten minutes into a window; the next pass is an hour away.
async fn read_once(start_ms: i64) -> (Quay, Engine) {
    let quay = Quay::new(
        Clock::fixed(start_ms + 10 * MINUTE_MS),
        vec![StubContainer::named("shop")],
    );
    let engine = quay.start().await;
    set_pass(&engine, 3_600).await;
    let host = engine.add_host(draft("stub", quay.host.path())).await.unwrap().id;
    eventually(
        TWO_PASSES,
        "a pass and a tick",
        || async { (scan(&engine, host, "shop").await, row(&engine, host).await) },
        |(scan, row)| scan.is_some() && row.connection.ticks > 0,
    )
    .await;
    (quay, engine)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_waits_until_the_logs_of_its_window_were_read() {
    let start_ms = 20_000 * DAY_MS;
    let (quay, engine) = read_once(start_ms).await;
    quay.clock.set(start_ms + WINDOW_MS + MINUTE_MS);
    // Windows are looked at every ten seconds, on the machine's own clock.
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert_eq!(reports(&engine).await, 0, "it would say that nothing went wrong");
    set_pass(&engine, 10).await;
    eventually(
        TWO_PASSES,
        "its report",
        || reports(&engine),
        |reports| *reports == 1,
    )
    .await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_does_not_wait_longer_than_five_minutes() {
    let start_ms = 20_000 * DAY_MS;
    let (quay, engine) = read_once(start_ms).await;
    quay.clock.set(start_ms + WINDOW_MS + 5 * MINUTE_MS);
    eventually(
        TWO_PASSES,
        "its report",
        || reports(&engine),
        |reports| *reports == 1,
    )
    .await;
    assert_eq!(quay.host.asked("shop").len(), 1, "no pass came in between");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_carry_what_was_printed_in_their_window_also_when_it_is_read_late() {
    let start_ms = 20_000 * DAY_MS;
    let (clock, window_end_ms) = (Clock::fixed(start_ms + 10 * MINUTE_MS), start_ms + WINDOW_MS);
    let mut late = StubContainer::named("late");
    late.manner = Manner::Fails;
    let quay = Quay::new(clock.clone(), vec![StubContainer::named("shop"), late]);
    let print = |name: &str, at_ms: i64, text: &str| {
        quay.host.change(name, |of| of.print(ERR, at_ms, text));
    };
    print("shop", start_ms + 2 * MINUTE_MS, "ERROR disk is full");
    print("shop", start_ms + 3 * MINUTE_MS, "WARN disk is filling");
    print("late", start_ms + 4 * MINUTE_MS, "ERROR nobody sees me");
    let (engine, host) = quay.start_reading().await;
    eventually(
        TWO_PASSES,
        "the first errors",
        || issues(&engine),
        |page| page.total == 2,
    )
    .await;
    eventually(
        TWO_PASSES,
        "a tick in the window",
        || async {
            engine
                .host(HostRequest { host })
                .await
                .unwrap()
                .row
                .connection
                .ticks
        },
        |ticks| *ticks > 0,
    )
    .await;
    // Printed before the window ends, and read after it: the report waits for it.
    print("shop", window_end_ms - 1, "ERROR disk is full");
    print("shop", window_end_ms, "ERROR disk is full");
    clock.set(window_end_ms + MINUTE_MS);
    eventually(
        Duration::from_secs(60),
        "reports of both",
        || reports(&engine),
        |reports| *reports == 2,
    )
    .await;
    quay.host.change("late", |of| of.manner = Manner::Whole);
    eventually(
        TWO_PASSES,
        "the late one is read",
        || issues(&engine),
        |page| page.total == 3,
    )
    .await;
    let page = engine.list_apps(AppsRequest { period: WEEK }).await.unwrap();
    let badge = |app: &str| {
        let row = page.rows.iter().find(|row| row.app == app).unwrap();
        (row.errors_24h, row.warnings_24h)
    };
    assert_eq!(badge("shop"), (Some(3), Some(1)));
    assert_eq!(badge("late"), (Some(1), Some(0)));
    // The next look at windows comes within ten seconds; a stop in between would leave it to the next start.
    tokio::time::sleep(Duration::from_secs(11)).await;
    let of_window = HostReportRequest {
        host,
        window_start_ms: Some(start_ms),
    };
    let report = engine.host_report(of_window).await.unwrap();
    assert_eq!(
        (report.host_name.as_str(), report.window_end_ms),
        ("stub", window_end_ms)
    );
    for (app, events, issues) in [
        (
            "shop",
            (Some(2), Some(1)),
            &[("disk is full", 2), ("disk is filling", 1)][..],
        ),
        ("late", (Some(1), Some(0)), &[("nobody sees me", 1)]),
    ] {
        let of = report.apps.iter().find(|of| of.app == app).unwrap();
        assert_eq!((of.log_errors, of.log_warnings), events, "{app}");
        assert!(!of.log_lines_lost);
        let container = &of.containers[0];
        assert_eq!(container.name.as_deref(), Some(app));
        assert_eq!((container.log_errors, container.log_warnings), events, "{app}");
        let told: Vec<_> = of
            .issues
            .iter()
            .map(|issue| (issue.message.as_str(), issue.count))
            .collect();
        assert_eq!(told, issues);
        assert!(of.issues.iter().all(|issue| issue.containers == [app]));
    }
    engine.stop().await;

    let store = quay.store().await;
    let range = TimeRange {
        from_ms: start_ms,
        to_ms: window_end_ms,
    };
    let apps = store.apps().await.unwrap();
    for (app, counts) in [("shop", (Some(2), Some(1))), ("late", (Some(1), Some(0)))] {
        let app = apps.iter().find(|known| known.name.0 == app).unwrap().id;
        let deployments = store.deployments().await.unwrap();
        let of = deployments.iter().find(|of| of.app == app).unwrap().id;
        let reports = store.reports(&[of], range).await.unwrap();
        assert_eq!(reports.len(), 1);
        assert_eq!((reports[0].log_errors, reports[0].log_warnings), counts);
    }
    store.close().await.unwrap();
}
