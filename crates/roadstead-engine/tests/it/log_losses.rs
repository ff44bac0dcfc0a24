use std::collections::BTreeSet;

use roadstead_engine::wire::*;
use roadstead_engine::{Clock, Engine};
use roadstead_model::HostId;
use roadstead_model::time::{DAY_MS, HOUR_MS, MINUTE_MS};

use crate::harbor::{WEEK, eventually};
use crate::quay::{ERR, OUT, Quay, TWO_PASSES, issues, scan};
use crate::stub::StubContainer;

/// Words that programs write: three of them are a message of a kind of its own.
const WORDS: [&str; 13] = [
    "read", "write", "open", "close", "send", "receive", "parse", "load", "start", "stop", "connect",
    "flush", "lock",
];

fn print(quay: &Quay, name: &str, count: i64, ago_ms: i64) {
    let at_ms = quay.ago(ago_ms);
    quay.host.change(name, |of| {
        for nth in 0..count {
            of.print(ERR, at_ms + nth, "ERROR disk is full");
        }
    });
}

async fn counted(engine: &Engine, count: u64) -> IssueRow {
    let page = eventually(
        TWO_PASSES,
        "what was printed",
        || issues(engine),
        |page| page.rows.first().is_some_and(|row| row.count >= count),
    )
    .await;
    assert_eq!(page.rows[0].count, count);
    page.rows[0].clone()
}

/// Apps whose counts of the last day may be too low.
async fn at_least(engine: &Engine) -> BTreeSet<String> {
    let page = engine.list_apps(AppsRequest { period: WEEK }).await.unwrap();
    let rows = page.rows.into_iter().filter(|row| row.events_are_at_least);
    rows.map(|row| row.app).collect()
}

/// Waits for another look at a container's log.
async fn looked_again(quay: &Quay, engine: &Engine, host: HostId, name: &str) -> LogScan {
    let before_ms = quay.clock.now_ms();
    let scan = eventually(
        TWO_PASSES,
        "another pass",
        || scan(engine, host, name),
        |scan| scan.as_ref().is_some_and(|scan| scan.looked_at_ms > before_ms),
    );
    scan.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_were_rotated_away_unread_are_told_of_after_clean_passes_and_a_restart() {
    let quay = Quay::new(
        Clock::default(),
        vec![StubContainer::named("shop"), StubContainer::named("quiet")],
    );
    print(&quay, "shop", 3, MINUTE_MS);
    let (engine, host) = quay.start_reading().await;
    assert_eq!(counted(&engine, 3).await.lines_lost_until_ms, None);
    assert_eq!(at_least(&engine).await, BTreeSet::new());

    // What was read is gone, and with it what came after it.
    print(&quay, "shop", 5, 4_000);
    quay.host.change("shop", |shop| shop.rotate(6));
    let row = counted(&engine, 5).await;
    let until_ms = row.lines_lost_until_ms.unwrap();
    let truncated = looked_again(&quay, &engine, host, "shop").await;
    assert_eq!(
        truncated.state,
        LogScanState::Truncated,
        "and the next pass lost nothing"
    );
    let lost = truncated.lost.unwrap();
    assert_eq!(lost.until_ms, until_ms);
    assert!(
        until_ms - lost.from_ms > 50_000,
        "from the last line read: {lost:?}"
    );
    assert_eq!(at_least(&engine).await, BTreeSet::from(["shop".to_owned()]));
    let page = issues(&engine).await;
    assert_eq!((page.containers_read, page.containers_in_trouble), (2, 1));
    engine.stop().await;

    let engine = quay.start().await;
    let again = looked_again(&quay, &engine, host, "shop").await;
    assert_eq!((again.state, again.lost), (LogScanState::Truncated, Some(lost)));
    assert_eq!(at_least(&engine).await, BTreeSet::from(["shop".to_owned()]));
    assert_eq!(counted(&engine, 5).await.lines_lost_until_ms, Some(until_ms));
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recreated_container_has_a_cursor_of_its_own_and_takes_the_last_lines_of_the_old_one_with_it() {
    let quay = Quay::new(
        Clock::fixed(Clock::default().now_ms()),
        vec![StubContainer::named("shop"), StubContainer::named("quiet")],
    );
    print(&quay, "shop", 3, MINUTE_MS);
    let (engine, host) = quay.start_reading().await;
    let row = counted(&engine, 3).await;
    let place = async |engine: &Engine| {
        let page = engine.issue(IssueRequest { issue: row.issue }).await.unwrap();
        page.places[0].generation.clone().unwrap()
    };
    let first = place(&engine).await;
    let resolved = SetIssueState {
        issues: vec![row.issue],
        state: IssueState::Resolved,
    };
    engine.set_issue_state(resolved).await.unwrap();
    engine.stop().await;
    // Nobody was there for long enough to miss more than a container's last words.
    quay.clock.set(quay.clock.now_ms() + 3 * MINUTE_MS);
    quay.host.change("shop", StubContainer::recreate);
    // Older than what was read of the one before.
    print(&quay, "shop", 2, 5 * MINUTE_MS);
    print(&quay, "shop", 1, 0);
    quay.clock.set(quay.clock.now_ms() + MINUTE_MS);
    let engine = quay.start().await;
    let row = counted(&engine, 6).await;
    let regression = row.regressed.clone().unwrap();
    let second = place(&engine).await;
    assert_eq!(regression.change, Some(PlaceChange::Container));
    assert_eq!(regression.generation.as_ref(), Some(&second));
    assert_ne!(second.engine_id, first.engine_id);
    assert_eq!(
        (second.image_id, regression.image.as_str()),
        (first.image_id, "local/stub:1")
    );
    assert!(row.lines_lost_until_ms.is_some());
    assert_eq!((row.hosts, row.containers), (1, 1), "the same place");
    let scan = scan(&engine, host, "shop").await.unwrap();
    assert_eq!((scan.lines, scan.state, scan.lost), (3, LogScanState::Ok, None));
    assert_eq!(at_least(&engine).await, BTreeSet::from(["shop".to_owned()]));
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_of_which_only_a_part_lies_within_the_look_back_is_a_lower_bound() {
    let now_ms = 20_000 * DAY_MS + 10 * MINUTE_MS;
    let quay = Quay::new(Clock::fixed(now_ms), vec![StubContainer::named("shop")]);
    quay.host.stub().created_ms = now_ms - 3 * DAY_MS;
    print(&quay, "shop", 1, 25 * HOUR_MS);
    print(&quay, "shop", 2, 23 * HOUR_MS);
    let (engine, _) = quay.start_reading().await;
    let row = counted(&engine, 2).await;
    assert_eq!(row.lines_lost_until_ms, None, "exact since it was first seen");
    assert_eq!(
        at_least(&engine).await,
        BTreeSet::new(),
        "and in the last 24 hours"
    );
    engine.stop().await;
    let store = quay.store().await;
    let host = store.hosts().await.unwrap()[0].id;
    let ever = roadstead_model::TimeRange::new(0, i64::MAX).unwrap();
    let losses = store.log_losses(host, ever).await.unwrap();
    assert_eq!(losses.len(), 1);
    assert_eq!(losses[0].cause, roadstead_store::LossCause::LookBack);
    assert_eq!(
        (losses[0].range.from_ms, losses[0].range.to_ms),
        (now_ms - DAY_MS - 10 * MINUTE_MS, now_ms - DAY_MS)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_pass_may_not_read_is_behind_and_then_read_to_the_last_line() {
    let quay = Quay::new(Clock::default(), vec![StubContainer::named("shop")]);
    let print_all = |ago_ms: i64| {
        let at_ms = quay.ago(ago_ms);
        quay.host.change("shop", |shop| {
            for (a, b, c) in WORDS
                .iter()
                .flat_map(|a| WORDS.iter().map(move |b| (a, b)))
                .flat_map(|(a, b)| WORDS.iter().map(move |c| (a, b, c)))
            {
                shop.print(OUT, at_ms, &format!("ERROR {a} {b} {c} failed"));
            }
        });
    };
    print_all(10 * MINUTE_MS);
    let (engine, host) = quay.start_reading().await;
    let of_state = async |state: LogScanState, lines: u64| {
        eventually(
            TWO_PASSES,
            "a log in this state",
            || scan(&engine, host, "shop"),
            |scan| {
                scan.as_ref()
                    .is_some_and(|scan| scan.state == state && scan.lines >= lines)
            },
        )
        .await
        .unwrap()
    };
    let behind = of_state(LogScanState::Behind, 1).await;
    assert!(behind.lines < 2_197, "{behind:?}");
    assert_eq!(behind.lost, None, "the rest is read next time");
    let read = of_state(LogScanState::Ok, 2_197).await;
    assert_eq!(read.lines, 2_197);
    let page = issues(&engine).await;
    assert_eq!(page.counts.open, 2_197);
    // So much again, and the engine throws away where reading was to go on.
    print_all(5 * MINUTE_MS);
    quay.host.change("shop", |shop| shop.rotate(2_198));
    let read = of_state(LogScanState::Truncated, 2 * 2_197 - 1).await;
    assert_eq!(
        read.lines,
        2 * 2_197 - 1,
        "all that was there, over several passes"
    );
    assert!(read.lost.is_some());
    let page = issues(&engine).await;
    let at_least = page.rows.iter().filter(|row| row.lines_lost_until_ms.is_some());
    assert_eq!(at_least.count(), page.rows.len());
    engine.stop().await;
}
