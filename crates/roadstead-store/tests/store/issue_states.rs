//! What the operator says of issues, and what makes them come back.

use roadstead_model::IssueId;
use roadstead_store::{IgnoredUntil, IssueFilter, IssueQuery, IssueState, PlaceChange, StoreError};

use crate::fixture::{Fixture, MIDNIGHT_MS};
use crate::logbook::{Log, NOW_MS, ago, all, errors, in_full, listed, one_log, only_issue};

/// Says so of the only issue, some minutes ago.
async fn say(fixture: &Fixture, state: IssueState, minutes_ago: i64) -> IssueId {
    let id = only_issue(fixture).await.id;
    fixture
        .store
        .set_issue_state(&[id], state, ago(minutes_ago))
        .await
        .unwrap();
    id
}

async fn state(fixture: &Fixture) -> IssueState {
    only_issue(fixture).await.state
}

#[tokio::test]
async fn a_resolved_issue_that_is_printed_again_comes_back_with_where_and_when() {
    let (fixture, mut log) = one_log().await;
    log.record(&fixture, vec![errors(1, &[ago(60)])]).await;
    let id = say(&fixture, IssueState::Resolved, 30).await;
    assert_eq!(state(&fixture).await, IssueState::Resolved);
    log.image = "local/app:2".to_owned();
    let recorded = log.record(&fixture, vec![errors(1, &[ago(10), ago(9)])]).await;
    assert_eq!((recorded.new, recorded.regressed), (vec![], vec![id]));
    let issue = only_issue(&fixture).await;
    assert_eq!((issue.state, issue.count), (IssueState::Open, 3));
    let regressed = issue.regressed.unwrap();
    assert_eq!(
        (regressed.at_ms, regressed.host, regressed.container_name.as_str()),
        (ago(10), log.host, "app-1")
    );
    assert_eq!(regressed.image, "local/app:2");
    // It stays the one that came back, but it comes back once.
    let recorded = log.record(&fixture, vec![errors(1, &[ago(5)])]).await;
    assert_eq!(recorded.regressed, []);
    let issue = only_issue(&fixture).await;
    assert_eq!(issue.regressed.unwrap().at_ms, ago(10));
    // Resolved again it is no longer regressed, and may come back again.
    say(&fixture, IssueState::Resolved, 4).await;
    assert_eq!(only_issue(&fixture).await.regressed, None);
    let recorded = log.record(&fixture, vec![errors(1, &[ago(3)])]).await;
    assert_eq!(recorded.regressed, [id]);
    assert_eq!(only_issue(&fixture).await.regressed.unwrap().at_ms, ago(3));
}

#[tokio::test]
async fn what_was_printed_before_it_was_resolved_does_not_bring_it_back_however_late_it_is_read() {
    let (fixture, mut log) = one_log().await;
    log.record(&fixture, vec![errors(1, &[ago(60)])]).await;
    let id = say(&fixture, IssueState::Resolved, 30).await;
    let recorded = log
        .record(&fixture, vec![errors(1, &[ago(50), ago(31), ago(30)])])
        .await;
    assert_eq!(
        recorded.regressed,
        [],
        "printed at the same millisecond at the latest"
    );
    let issue = only_issue(&fixture).await;
    assert_eq!(
        (issue.state, issue.count, issue.last_seen_ms),
        (IssueState::Resolved, 4, ago(30))
    );
    // A read with events from before and after: the first one after is when it came back.
    let recorded = log
        .record(&fixture, vec![errors(1, &[ago(45), ago(29), ago(2)])])
        .await;
    assert_eq!(recorded.regressed, [id]);
    assert_eq!(only_issue(&fixture).await.regressed.unwrap().at_ms, ago(29));
}

#[tokio::test]
async fn an_issue_ignored_until_a_change_stays_so_until_another_container_or_image_has_it() {
    let fixture = Fixture::new().await;
    let host = fixture.host("one").await;
    let names = ["web-1", "web-2"];
    let of = fixture
        .store
        .observe_containers(host, MIDNIGHT_MS, &names.map(|name| listed("shop", name)))
        .await
        .unwrap();
    let mut web = Log::of(host, &of[0], names[0]);
    web.record(&fixture, vec![errors(1, &[ago(60)])]).await;
    let ignored = IssueState::Ignored(IgnoredUntil::Change);
    say(&fixture, ignored, 50).await;
    web.record(&fixture, vec![errors(1, &[ago(40)])]).await;
    assert_eq!(
        state(&fixture).await,
        ignored,
        "the same container, the same image"
    );
    // Another image, but what it printed was printed before the operator spoke.
    web.image = "local/app:2".to_owned();
    web.record(&fixture, vec![errors(1, &[ago(55)])]).await;
    assert_eq!(state(&fixture).await, ignored);
    web.image = "local/app:3".to_owned();
    web.record(&fixture, vec![errors(1, &[ago(35)])]).await;
    assert_eq!(state(&fixture).await, IssueState::Open, "another image");
    assert_eq!(
        only_issue(&fixture).await.regressed,
        None,
        "it was never resolved"
    );

    say(&fixture, ignored, 30).await;
    web.record(&fixture, vec![errors(1, &[ago(25)])]).await;
    assert_eq!(state(&fixture).await, ignored);
    Log::of(host, &of[1], names[1])
        .record(&fixture, vec![errors(1, &[ago(20)])])
        .await;
    assert_eq!(state(&fixture).await, IssueState::Open, "another container");
}

#[tokio::test]
async fn a_container_created_anew_and_a_tag_that_names_another_image_are_changes() {
    let (fixture, mut log) = one_log().await;
    log.record(&fixture, vec![errors(1, &[ago(60)])]).await;
    let ignored = IssueState::Ignored(IgnoredUntil::Change);
    let mut minutes = 58;
    for change in [PlaceChange::Container, PlaceChange::Image] {
        say(&fixture, ignored, minutes).await;
        log.record(&fixture, vec![errors(1, &[ago(minutes - 1)])]).await;
        assert_eq!(state(&fixture).await, ignored, "nothing is another");
        // The same name and the same tag, whatever changed behind them.
        log.generation.engine_id.0.push('x');
        if change == PlaceChange::Image {
            log.generation.image_id = "sha256:2".to_owned();
        }
        let kept = in_full(&fixture, only_issue(&fixture).await.id).await.places[0].clone();
        log.record(&fixture, vec![errors(1, &[ago(minutes - 2)])]).await;
        assert_eq!(state(&fixture).await, IssueState::Open, "{change:?}");
        let place = in_full(&fixture, only_issue(&fixture).await.id).await.places[0].clone();
        assert_eq!(place.image, kept.image);
        assert_eq!(place.generation.as_ref(), Some(&log.generation));
        assert_ne!(place.generation, kept.generation);
        minutes -= 5;
    }
}

#[tokio::test]
async fn one_that_came_back_says_which_container_and_image_of_its_name_it_is_and_what_is_another_there() {
    let fixture = Fixture::new().await;
    let host = fixture.host("one").await;
    let names = ["web-1", "web-2"];
    let of = fixture
        .store
        .observe_containers(host, MIDNIGHT_MS, &names.map(|name| listed("shop", name)))
        .await
        .unwrap();
    let mut web = Log::of(host, &of[0], names[0]);
    web.record(&fixture, vec![errors(1, &[ago(60)])]).await;
    let mut minutes = 58;
    for wanted in [
        PlaceChange::Nothing,
        PlaceChange::Container,
        PlaceChange::Image,
        PlaceChange::Place,
    ] {
        say(&fixture, IssueState::Resolved, minutes).await;
        if wanted != PlaceChange::Nothing {
            web.generation.engine_id.0.push('x');
            web.generation.created_at_ms += 1;
        }
        match wanted {
            PlaceChange::Image => web.generation.image_id = "sha256:2".to_owned(),
            PlaceChange::Place => web = Log::of(host, &of[1], names[1]),
            _ => {}
        }
        web.record(&fixture, vec![errors(1, &[ago(minutes - 1)])]).await;
        let regressed = only_issue(&fixture).await.regressed.unwrap();
        assert_eq!(regressed.change, Some(wanted));
        assert_eq!(regressed.generation.as_ref(), Some(&web.generation));
        minutes -= 5;
    }
}

#[tokio::test]
async fn a_place_of_before_generations_were_kept_is_told_by_its_image_alone() {
    let (fixture, mut log) = one_log().await;
    log.record(&fixture, vec![errors(1, &[ago(60)])]).await;
    let id = say(&fixture, IssueState::Ignored(IgnoredUntil::Change), 50).await;
    let dir = fixture.dir;
    fixture.store.close().await.unwrap();
    crate::opening::sql(
        dir.path(),
        "UPDATE issue_place SET engine_id = NULL, image_id = NULL, container_created_ms = NULL",
    )
    .await;
    let store = crate::fixture::open(dir.path()).await.store;
    let fixture = Fixture { store, dir };
    assert_eq!(in_full(&fixture, id).await.places[0].generation, None);
    log.record(&fixture, vec![errors(1, &[ago(40)])]).await;
    assert_eq!(
        state(&fixture).await,
        IssueState::Ignored(IgnoredUntil::Change),
        "what is not known is no change"
    );
    assert_eq!(
        in_full(&fixture, id).await.places[0].generation,
        Some(log.generation.clone())
    );
    log.generation.engine_id.0.push('x');
    log.record(&fixture, vec![errors(1, &[ago(30)])]).await;
    assert_eq!(state(&fixture).await, IssueState::Open);
}

#[tokio::test]
async fn an_issue_ignored_until_a_moment_is_open_from_then_on() {
    let (fixture, mut log) = one_log().await;
    log.record(&fixture, vec![errors(1, &[ago(60)])]).await;
    let until = IssueState::Ignored(IgnoredUntil::Moment(ago(20)));
    let id = say(&fixture, until, 50).await;
    let at = async |now_ms| {
        let query = IssueQuery { now_ms, ..all() };
        let list = fixture.store.issues(&query).await.unwrap();
        let full = fixture
            .store
            .issue(id, now_ms, all().spark, all().spark_bucket_ms)
            .await
            .unwrap();
        assert_eq!(list.rows[0].state, full.record.state);
        assert_eq!(
            (list.counts.open, list.counts.ignored),
            if list.rows[0].state == IssueState::Open {
                (1, 0)
            } else {
                (0, 1)
            }
        );
        list.rows[0].state
    };
    log.record(&fixture, vec![errors(1, &[ago(40)])]).await;
    assert_eq!(at(ago(20) - 1).await, until);
    assert_eq!(at(ago(20)).await, IssueState::Open);
    // An event after the moment opens it for good, whatever the clock of who asks says.
    log.record(&fixture, vec![errors(1, &[ago(20)])]).await;
    assert_eq!(at(ago(30)).await, IssueState::Open);
}

#[tokio::test]
async fn an_issue_ignored_for_ever_stays_ignored_and_is_counted_all_the_same() {
    let (fixture, mut log) = one_log().await;
    log.record(&fixture, vec![errors(1, &[ago(60)])]).await;
    let ever = IssueState::Ignored(IgnoredUntil::Never);
    say(&fixture, ever, 50).await;
    log.image = "local/app:2".to_owned();
    log.record(&fixture, vec![errors(1, &[ago(1)])]).await;
    let issue = only_issue(&fixture).await;
    assert_eq!((issue.state, issue.count), (ever, 2));
    assert_eq!(issue.state_at_ms, Some(ago(50)));
}

#[tokio::test]
async fn what_was_said_of_many_is_taken_back_exactly() {
    let (fixture, mut log) = one_log().await;
    let kinds: Vec<_> = (1..=6).map(|kind| errors(kind, &[ago(100)])).collect();
    let ids = log.record(&fixture, kinds).await.new;
    assert_eq!(ids.len(), 6);
    for (id, state) in ids.iter().zip([
        IssueState::Resolved,
        IssueState::Ignored(IgnoredUntil::Never),
        IssueState::Ignored(IgnoredUntil::Change),
        IssueState::Ignored(IgnoredUntil::Moment(NOW_MS + 1)),
        IssueState::Resolved,
    ]) {
        fixture
            .store
            .set_issue_state(&[*id], state, ago(90))
            .await
            .unwrap();
    }
    log.record(&fixture, vec![errors(5, &[ago(80)])]).await;
    let look = async || {
        let mut full = Vec::new();
        for id in &ids {
            let record = in_full(&fixture, *id).await.record;
            full.push((record.state, record.state_at_ms, record.regressed));
        }
        full
    };
    let before = look().await;
    assert!(before[4].2.is_some() && before[5].1.is_none());
    let said = fixture
        .store
        .set_issue_state(&ids, IssueState::Ignored(IgnoredUntil::Never), ago(70))
        .await
        .unwrap();
    assert_ne!(look().await, before);
    fixture.store.restore_issue_states(&said).await.unwrap();
    assert_eq!(look().await, before);
    // Said to be open again, one that had come back is no longer one that did.
    fixture
        .store
        .set_issue_state(&ids[4..5], IssueState::Open, ago(60))
        .await
        .unwrap();
    assert_eq!(in_full(&fixture, ids[4]).await.record.regressed, None);
}

#[tokio::test]
async fn an_event_between_a_change_and_its_undo_does_not_stay_hidden() {
    let (fixture, mut log) = one_log().await;
    log.record(&fixture, vec![errors(1, &[ago(60)])]).await;
    let id = only_issue(&fixture).await.id;
    let said = fixture
        .store
        .set_issue_state(&[id], IssueState::Resolved, ago(30))
        .await
        .unwrap();
    log.record(&fixture, vec![errors(1, &[ago(20)])]).await;
    fixture.store.restore_issue_states(&said).await.unwrap();
    let issue = only_issue(&fixture).await;
    assert_eq!(
        (issue.state, issue.regressed, issue.count),
        (IssueState::Open, None, 2),
        "as if nothing had been said"
    );
}

#[tokio::test]
async fn of_an_issue_that_does_not_exist_nothing_is_said_and_the_rest_stays_as_it_was() {
    let (fixture, mut log) = one_log().await;
    log.record(&fixture, vec![errors(1, &[ago(60)])]).await;
    let id = only_issue(&fixture).await.id;
    let missing = IssueId(id.0 + 99);
    let outcome = fixture
        .store
        .set_issue_state(&[id, missing], IssueState::Resolved, NOW_MS)
        .await;
    assert!(
        matches!(outcome, Err(StoreError::NotFound { what: "issue", id }) if id == missing.0),
        "{outcome:?}"
    );
    assert_eq!(state(&fixture).await, IssueState::Open);
    let outcome = fixture
        .store
        .issue(missing, NOW_MS, all().spark, all().spark_bucket_ms)
        .await;
    assert!(matches!(outcome, Err(StoreError::NotFound { what: "issue", .. })));
    // To undo what was said of one that is gone by now is no failure, and the others are put back.
    let mut said = fixture
        .store
        .set_issue_state(&[id], IssueState::Resolved, NOW_MS)
        .await
        .unwrap();
    let mut gone = said[0].clone();
    gone.issue = missing;
    said.insert(0, gone);
    fixture.store.restore_issue_states(&said).await.unwrap();
    assert_eq!(state(&fixture).await, IssueState::Open);
}

#[tokio::test]
async fn one_that_came_back_is_listed_as_such() {
    let (fixture, mut log) = one_log().await;
    log.record(&fixture, vec![errors(1, &[ago(60)]), errors(2, &[ago(60)])])
        .await;
    let list = fixture.store.issues(&all()).await.unwrap();
    let ids: Vec<IssueId> = list.rows.iter().map(|row| row.id).collect();
    fixture
        .store
        .set_issue_state(&ids, IssueState::Resolved, ago(50))
        .await
        .unwrap();
    log.record(&fixture, vec![errors(2, &[ago(40)])]).await;
    for (filter, wanted) in [
        (IssueFilter::Regressed, "trouble 2"),
        (IssueFilter::Resolved, "trouble 1"),
        (IssueFilter::Open, "trouble 2"),
    ] {
        let query = IssueQuery { filter, ..all() };
        let list = fixture.store.issues(&query).await.unwrap();
        let messages: Vec<_> = list.rows.iter().map(|row| row.message.as_str()).collect();
        assert_eq!(messages, [wanted], "{filter:?}");
        assert_eq!((list.counts.regressed, list.counts.resolved), (1, 1));
    }
}
