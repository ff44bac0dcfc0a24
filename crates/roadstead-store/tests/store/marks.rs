//! What else happened to an app, beside its deploys.

use roadstead_model::time::{HOUR_MS, MINUTE_MS, WINDOW_MS};
use roadstead_model::{AppId, ContainerId, DeployKind, HostId, TimeRange};
use roadstead_store::{
    Change, ContainerRef, IssueMark, IssueSeverity, IssueState, LogSums, MarkTotals, NewDeploy,
};

use crate::fixture::{Fixture, MIDNIGHT_MS};
use crate::logbook::{Log, NOW_MS, ago, errors, listed, warnings};

/// The last so many minutes but the last few.
fn span(from_minutes: i64, to_minutes: i64) -> TimeRange {
    TimeRange {
        from_ms: ago(from_minutes),
        to_ms: ago(to_minutes),
    }
}

/// An app on two hosts, with two containers on the first.
async fn shop() -> (Fixture, [Log; 3]) {
    let fixture = Fixture::new().await;
    let (one, two) = (fixture.host("one").await, fixture.host("two").await);
    let of = async |host: HostId, names: &[&str]| -> Vec<ContainerRef> {
        let containers: Vec<_> = names.iter().map(|name| listed("shop", name)).collect();
        fixture
            .store
            .observe_containers(host, MIDNIGHT_MS, &containers)
            .await
            .unwrap()
    };
    let on_one = of(one, &["web-1", "web-2"]).await;
    let on_two = of(two, &["web-1"]).await;
    let logs = [
        Log::of(one, &on_one[0], "web-1"),
        Log::of(one, &on_one[1], "web-2"),
        Log::of(two, &on_two[0], "web-1"),
    ];
    (fixture, logs)
}

fn seen(marks: &[IssueMark]) -> Vec<(i64, &str, bool, Option<HostId>)> {
    let of = |mark: &IssueMark| (NOW_MS - mark.at_ms) / MINUTE_MS;
    marks
        .iter()
        .map(|mark| (of(mark), mark.message.as_str(), mark.regressed, mark.host))
        .collect()
}

#[tokio::test]
async fn changes_are_of_the_app_the_kinds_and_the_span_newest_first() {
    let (fixture, [log, _, other]) = shop().await;
    let app = log.of.app;
    let change = |at_ms, host, app, kind: &str| Change {
        at_ms,
        host,
        app: Some(app),
        container: Some(ContainerId(1)),
        kind: kind.to_owned(),
        detail_json: "{}".to_owned(),
    };
    let given = [
        change(10, log.host, app, "oom_killed"),
        change(20, other.host, app, "oom_killed"),
        change(30, log.host, app, "listed"),
        change(40, log.host, AppId(99), "oom_killed"),
        change(50, log.host, app, "container_died"),
        change(60, log.host, app, "oom_killed"),
    ];
    let store = &fixture.store;
    store.append_changes(&given).await.unwrap();
    let range = TimeRange {
        from_ms: 10,
        to_ms: 60,
    };
    let kinds = ["oom_killed", "container_died"];
    let times = async |host, limit| {
        let changes = store.mark_changes(app, host, range, &kinds, limit).await.unwrap();
        changes.iter().map(|change| change.at_ms).collect::<Vec<_>>()
    };
    assert_eq!(times(None, 9).await, [50, 20, 10]);
    assert_eq!(times(None, 1).await, [50]);
    assert_eq!(times(Some(log.host), 9).await, [50, 10]);
    store.remove_host(other.host, 1).await.unwrap();
    assert_eq!(times(None, 9).await, [50, 10]);
    assert_eq!(
        times(Some(other.host), 9).await,
        [20],
        "what is asked for by name is there"
    );
    assert_eq!(store.mark_changes(app, None, range, &[], 9).await.unwrap(), []);
}

#[tokio::test]
async fn new_issues_are_marks_where_and_when_they_were_first_seen() {
    let (fixture, [mut web, mut twin, mut other]) = shop().await;
    let (one, two) = (web.host, other.host);
    web.record(&fixture, vec![errors(1, &[ago(90)]), warnings(2, &[ago(50)])])
        .await;
    // Seen elsewhere later: of the app it is one mark, of the other host another.
    other
        .record(&fixture, vec![errors(1, &[ago(40)]), errors(3, &[ago(30)])])
        .await;
    // Another container of the same host has it: on that host it is not new again.
    twin.record(&fixture, vec![warnings(2, &[ago(20)]), errors(1, &[ago(10)])])
        .await;
    let app = web.of.app;
    let store = &fixture.store;
    let marks = async |host, range, limit| store.issue_marks(app, host, range, limit).await.unwrap();
    assert_eq!(
        seen(&marks(None, span(120, 0), 9).await),
        [
            (30, "trouble 3", false, Some(two)),
            (50, "trouble 2", false, Some(one)),
            (90, "trouble 1", false, None)
        ]
    );
    assert_eq!(
        seen(&marks(None, span(60, 40), 9).await),
        [(50, "trouble 2", false, Some(one))]
    );
    assert_eq!(marks(None, span(120, 0), 1).await.len(), 1);
    assert_eq!(
        seen(&marks(Some(two), span(120, 0), 9).await),
        [
            (30, "trouble 3", false, Some(two)),
            (40, "trouble 1", false, Some(two))
        ]
    );
    assert_eq!(
        seen(&marks(Some(one), span(60, 0), 9).await),
        [(50, "trouble 2", false, Some(one))],
        "its first place on the host is what counts"
    );
    let warning = &marks(Some(one), span(60, 0), 9).await[0];
    assert_eq!(warning.severity, IssueSeverity::Warning);

    store.remove_host(two, 1).await.unwrap();
    assert_eq!(
        seen(&marks(None, span(120, 0), 9).await),
        [
            (50, "trouble 2", false, Some(one)),
            (90, "trouble 1", false, Some(one))
        ],
        "what was seen on a removed host alone is left out"
    );
}

#[tokio::test]
async fn an_issue_that_came_back_is_a_mark_where_it_did() {
    let (fixture, [mut web, _, mut other]) = shop().await;
    web.record(&fixture, vec![errors(1, &[ago(300)])]).await;
    other
        .record(&fixture, vec![errors(1, &[ago(290)]), errors(2, &[ago(280)])])
        .await;
    let (app, store) = (web.of.app, &fixture.store);
    let all = store.issue_marks(app, None, span(999, 0), 9).await.unwrap();
    let ids: Vec<_> = all.iter().map(|mark| mark.issue).collect();
    store
        .set_issue_state(&ids, IssueState::Resolved, ago(200))
        .await
        .unwrap();
    other
        .record(&fixture, vec![errors(1, &[ago(100)]), errors(2, &[ago(20)])])
        .await;
    let two = other.host;
    let marks = store.issue_marks(app, None, span(150, 0), 9).await.unwrap();
    assert_eq!(
        seen(&marks),
        [
            (20, "trouble 2", true, Some(two)),
            (100, "trouble 1", true, Some(two))
        ]
    );
    let marks = store
        .issue_marks(app, Some(web.host), span(150, 0), 9)
        .await
        .unwrap();
    assert_eq!(
        seen(&marks),
        [(100, "trouble 1", true, Some(two))],
        "only what has a place there"
    );
    assert_eq!(store.issue_marks(app, None, span(90, 30), 9).await.unwrap(), []);
}

#[tokio::test]
async fn log_sums_are_of_the_windows_and_of_what_was_first_seen_there() {
    let (fixture, [mut web, mut twin, mut other]) = shop().await;
    let store = &fixture.store;
    let at = |window: i64, minute: i64| MIDNIGHT_MS + window * WINDOW_MS + minute * MINUTE_MS;
    web.record(&fixture, vec![errors(1, &[at(0, 1), at(1, 1), at(1, 2)])])
        .await;
    twin.record(
        &fixture,
        vec![errors(1, &[at(2, 1)]), warnings(2, &[at(1, 3), at(3, 1)])],
    )
    .await;
    other
        .record(&fixture, vec![errors(1, &[at(1, 5)]), errors(2, &[at(1, 6)])])
        .await;
    let range = |from: i64, to: i64| TimeRange {
        from_ms: at(from, 0),
        to_ms: at(to, 0),
    };
    let sums = async |of: &[&Log], range| {
        let deployments: Vec<_> = of.iter().map(|log| log.of.deployment).collect();
        store.log_sums(&deployments, range).await.unwrap()
    };
    let counted = |errors, warnings, new_issues| LogSums {
        errors,
        warnings,
        new_issues,
    };
    assert_eq!(sums(&[&web], range(0, 4)).await, counted(4, 2, 2));
    assert_eq!(
        sums(&[&web], range(1, 3)).await,
        counted(3, 1, 1),
        "one was seen there before"
    );
    assert_eq!(
        sums(&[&other], range(1, 3)).await,
        counted(2, 0, 2),
        "there both are new"
    );
    assert_eq!(sums(&[&web, &other], range(1, 3)).await, counted(5, 1, 1));
    assert_eq!(sums(&[], range(0, 4)).await, LogSums::default());
    let later = TimeRange {
        from_ms: NOW_MS,
        to_ms: NOW_MS + HOUR_MS,
    };
    assert_eq!(sums(&[&web], later).await, LogSums::default());
}

#[tokio::test]
async fn totals_are_of_what_there_would_be_without_a_limit() {
    let (fixture, [mut web, mut twin, mut other]) = shop().await;
    let (app, one, two, store) = (web.of.app, web.host, other.host, &fixture.store);
    web.record(&fixture, vec![errors(1, &[ago(90)]), warnings(2, &[ago(50)])])
        .await;
    twin.record(&fixture, vec![warnings(2, &[ago(20)])]).await;
    other
        .record(&fixture, vec![errors(1, &[ago(40)]), errors(3, &[ago(30)])])
        .await;
    let known = store.issue_marks(app, None, span(60, 40), 9).await.unwrap();
    store
        .set_issue_state(&[known[0].issue], IssueState::Resolved, ago(15))
        .await
        .unwrap();
    web.record(&fixture, vec![warnings(2, &[ago(10)])]).await;
    let change = |minute, host, kind: &str| Change {
        at_ms: ago(minute),
        host,
        app: Some(app),
        container: None,
        kind: kind.to_owned(),
        detail_json: "{}".to_owned(),
    };
    let changes = [
        change(80, one, "oom_killed"),
        change(45, one, "oom_killed"),
        change(44, one, "listed"),
        change(43, two, "restarted"),
    ];
    store.append_changes(&changes).await.unwrap();
    for (log, minute) in [(&web, 70), (&web, 35), (&other, 25)] {
        let found = NewDeploy {
            deployment: log.of.deployment,
            kind: DeployKind::Found,
            started_ms: ago(minute),
            services: Vec::new(),
            changes: Vec::new(),
            rollback_of: None,
            journal_json: None,
        };
        store.record_deploy(&found).await.unwrap();
    }
    let kinds = ["oom_killed", "restarted"];
    for (host, range) in [
        (None, span(120, 0)),
        (None, span(60, 0)),
        (Some(one), span(120, 0)),
        (Some(one), span(60, 0)),
        (Some(two), span(60, 0)),
        (None, span(5, 0)),
    ] {
        let deploys = store.deploys_between(app, host, range, 99).await.unwrap();
        let changes = store.mark_changes(app, host, range, &kinds, 99).await.unwrap();
        let issues = store.issue_marks(app, host, range, 99).await.unwrap();
        let rows = MarkTotals {
            deploys: deploys.len() as u64,
            changes: changes.len() as u64,
            issues: issues.len() as u64,
        };
        let totals = store.mark_totals(app, host, range, &kinds).await.unwrap();
        assert_eq!(totals, rows, "{host:?} {range:?}");
    }
    let everything = MarkTotals {
        deploys: 3,
        changes: 3,
        issues: 4,
    };
    let totals = store.mark_totals(app, None, span(120, 0), &kinds).await.unwrap();
    assert_eq!(totals, everything);
}
