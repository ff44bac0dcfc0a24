use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;

use roadstead_model::time::{DAY_MS, HOUR_MS};
use roadstead_store::{Change, OpenOptions, Retention, SetAside, Store, StoreError};
use sqlx::{ConnectOptions, Connection};

use crate::fixture::{Fixture, MIDNIGHT_MS, open, over, report, tick, window, windows};

fn options(dir: &Path) -> OpenOptions {
    OpenOptions {
        dir: dir.to_owned(),
        now_ms: 1_234,
    }
}

pub(crate) async fn sql(dir: &Path, statement: &'static str) {
    let path = dir.join("roadstead.db");
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(path)
        .connect()
        .await
        .unwrap();
    sqlx::query(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// One text of a store that is closed.
pub(crate) async fn text(dir: &Path, query: &'static str) -> String {
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(dir.join("roadstead.db"))
        .connect()
        .await
        .unwrap();
    sqlx::query_scalar(query)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn only_the_user_can_read_the_store() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("a/b");
    let store = open(&dir).await.store;
    store.save_setting("a", "1").await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for entry in std::fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn a_store_is_open_once() {
    let fixture = Fixture::new().await;
    let second = Store::open(options(fixture.dir.path())).await;
    assert!(matches!(second, Err(StoreError::AlreadyOpen(dir)) if dir == fixture.dir.path()));
    fixture.store.close().await.unwrap();
    open(fixture.dir.path()).await;
}

#[tokio::test]
async fn a_newer_database_is_refused_and_not_touched() {
    let fixture = Fixture::new().await;
    fixture.store.close().await.unwrap();
    let dir = fixture.dir.path();
    sql(
        dir,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', TRUE, x'00', 0)",
    )
    .await;
    let before = std::fs::read(dir.join("roadstead.db")).unwrap();
    let refused = Store::open(options(dir)).await.unwrap_err();
    assert!(
        matches!(refused, StoreError::NewerSchema { found: 9999, known } if known < 9999),
        "{refused}"
    );
    assert!(refused.to_string().contains("newer program"));
    assert_eq!(std::fs::read(dir.join("roadstead.db")).unwrap(), before);
}

/// Damages a store that holds something, opens it, and expects it set aside with a new one in its place.
/// Makes a store as the first so many migrations left it.
async fn of_version(dir: &Path, version: usize) {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let old = tempfile::tempdir().unwrap();
    let mut files: Vec<_> = std::fs::read_dir(all)
        .unwrap()
        .map(|entry| entry.unwrap())
        .collect();
    files.retain(|file| file.file_name().to_string_lossy().ends_with(".sql"));
    files.sort_by_key(std::fs::DirEntry::file_name);
    for file in &files[..version] {
        std::fs::copy(file.path(), old.path().join(file.file_name())).unwrap();
    }
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(dir.join("roadstead.db"))
        .create_if_missing(true)
        .connect()
        .await
        .unwrap();
    let migrator = sqlx::migrate::Migrator::new(old.path()).await.unwrap();
    migrator.run(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_store_of_before_losses_and_generations_opens_with_its_issues() {
    let dir = tempfile::tempdir().unwrap();
    of_version(dir.path(), 3).await;
    for statement in [
        "INSERT INTO host (name, name_key, customer, endpoint_json, accept_plain_text, created_at_ms)
         VALUES ('a', 'a', '', '{\"kind\":\"unix\",\"path\":\"/a\"}', 0, 1)",
        "INSERT INTO app (name, first_seen_ms) VALUES ('shop', 1)",
        "INSERT INTO issue (app_id, severity, message, message_key, masked, first_seen_ms, last_seen_ms, event_count, host_count,
                            container_count, state, regressed_json)
         VALUES (1, 2, 'Бум', 'бум', 'IOError | fetch', 1, 2, 3, 1, 1, 'open',
                 '{\"at_ms\":2,\"host\":1,\"container_name\":\"shop-1\",\"image\":\"shop:1\"}')",
        "INSERT INTO issue_place VALUES (1, 1, 'shop-1', 'shop:1', 3, 1, 2)",
    ] {
        sql(dir.path(), statement).await;
    }
    let store = open(dir.path()).await.store;
    let day = roadstead_model::TimeRange::new(0, DAY_MS).unwrap();
    let full = store
        .issue(roadstead_model::IssueId(1), 10, day, HOUR_MS)
        .await
        .unwrap();
    assert_eq!((full.record.count, full.record.lines_lost_until_ms), (3, None));
    assert_eq!(
        (full.places[0].image.as_str(), full.places[0].generation.clone()),
        ("shop:1", None)
    );
    for search in ["БУМ", "ioERROR |"] {
        let query = roadstead_store::IssueQuery {
            search: search.to_owned(),
            ..crate::logbook::all()
        };
        assert_eq!(store.issues(&query).await.unwrap().total, 1, "{search}");
    }
    let regressed = full.record.regressed.unwrap();
    assert_eq!(
        (regressed.image.as_str(), regressed.generation, regressed.change),
        ("shop:1", None, None)
    );
}

async fn is_set_aside(damage: impl FnOnce(&Path)) -> SetAside {
    let fixture = Fixture::new().await;
    let (host, of) = fixture.one().await;
    for nth in 0..400 {
        let at = window(nth);
        fixture
            .store
            .save_reports(host, at, &[report(of.deployment, at, Some(nth as u64 * 7_919))])
            .await
            .unwrap();
    }
    let dir = fixture.dir.path().to_owned();
    fixture.store.close().await.unwrap();
    damage(&dir.join("roadstead.db"));
    let damaged = std::fs::read(dir.join("roadstead.db")).unwrap();
    let opened = Store::open(options(&dir)).await.unwrap();
    let aside = opened.set_aside.expect("the damage was not noticed");
    assert_eq!(
        std::fs::read(&aside.path).unwrap(),
        damaged,
        "what was damaged is kept as it was"
    );
    assert!(
        aside
            .path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .contains("damaged-1234")
    );
    assert!(!aside.reason.is_empty());
    assert_eq!(opened.store.hosts().await.unwrap(), []);
    opened.store.save_setting("works", "true").await.unwrap();
    aside
}

#[tokio::test]
async fn a_database_with_a_garbage_header_is_set_aside() {
    is_set_aside(|path| {
        let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
        file.write_all_at(b"this is not a database at all", 0).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_truncated_database_is_set_aside() {
    is_set_aside(|path| {
        let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(std::fs::metadata(path).unwrap().len() / 2 + 100)
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_database_with_an_overwritten_page_is_set_aside() {
    is_set_aside(|path| {
        let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
        let pages = std::fs::metadata(path).unwrap().len() / 8_192;
        for page in [pages / 3, pages / 2, pages - 1] {
            file.write_all_at(&[0xa5; 8_192], page * 8_192).unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_flipped_bit_in_a_sealed_value_is_an_error_and_never_a_wrong_number() {
    let fixture = Fixture::new().await;
    let (host, of) = fixture.one().await;
    let given = report(of.deployment, window(0), Some(4_096));
    fixture
        .store
        .save_reports(host, window(0), &[given])
        .await
        .unwrap();
    fixture.seal(MIDNIGHT_MS + 9 * DAY_MS).await;
    let dir = fixture.dir.path().to_owned();
    fixture.store.close().await.unwrap();
    sql(
        &dir,
        "UPDATE report_shift SET hot = CAST(substr(hot, 1, 5) || x'7f' || substr(hot, 7) AS BLOB)",
    )
    .await;
    let store = open(&dir).await.store;
    let part_of_the_day = store.fleet(over(windows(0, 4))).await;
    assert!(
        matches!(part_of_the_day, Err(StoreError::Damaged(_))),
        "{part_of_the_day:?}"
    );
    assert_eq!(
        store.fleet(over(windows(96, 192))).await.unwrap(),
        [],
        "what does not need the damaged value is still answered"
    );
}

#[tokio::test]
async fn pruning_removes_what_is_too_old_in_pieces_and_gives_space_back() {
    let fixture = Fixture::new().await;
    let (host, of) = fixture.one().await;
    let mut random = 1_u64;
    for day in 0..40 {
        let mut reports = Vec::new();
        let mut ticks = Vec::new();
        for nth in 0..96 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = window(day * 96 + nth);
            reports.push(report(of.deployment, at, Some(random >> 20)));
            ticks.push(tick(host, at.start_ms, &[(&of, Some(random >> 20))]));
        }
        fixture.store.import_reports(&reports).await.unwrap();
        fixture.store.append_ticks(&ticks).await.unwrap();
    }
    let change = Change {
        at_ms: MIDNIGHT_MS,
        host,
        app: None,
        container: None,
        kind: "host_lost".to_owned(),
        detail_json: "{}".to_owned(),
    };
    let newer = Change {
        at_ms: MIDNIGHT_MS + 39 * DAY_MS,
        ..change.clone()
    };
    fixture
        .store
        .append_changes(&[change, newer.clone()])
        .await
        .unwrap();
    fixture.list(host, &[]).await;
    let now_ms = MIDNIGHT_MS + 40 * DAY_MS + 3 * HOUR_MS;
    fixture.seal(now_ms).await;
    fixture.store.checkpoint().await.unwrap();
    let before = fixture.store.sizes().await.unwrap();

    let retention = Retention {
        samples_h: 48,
        reports_days: 5,
        daily_days: 20,
        changes_days: 10,
        issues_days: 30,
    };
    let mut pieces = 0;
    while fixture.store.prune(now_ms, &retention).await.unwrap().more {
        pieces += 1;
        assert!(pieces < 1_000, "pruning does not end");
    }
    fixture.store.checkpoint().await.unwrap();
    let after = fixture.store.sizes().await.unwrap();
    let kind = |sizes: &roadstead_store::StoreSizes, kind| {
        sizes.kinds.iter().find(|size| size.kind == kind).unwrap().clone()
    };
    assert_eq!(kind(&before, "samples").entries, 40 * 96);
    assert!(kind(&after, "samples").oldest_ms.unwrap() > now_ms - 48 * HOUR_MS - 12 * HOUR_MS);
    assert_eq!(kind(&before, "reports").entries, 40 * 96);
    assert_eq!(
        kind(&after, "reports").entries,
        5 * 96,
        "the day that holds the limit is kept whole"
    );
    assert!(kind(&after, "aggregates").oldest_ms.unwrap() >= now_ms - 28 * DAY_MS);
    assert!(kind(&after, "aggregates").entries >= 20);
    assert_eq!(fixture.store.recent_changes(10).await.unwrap(), [newer]);
    assert_eq!(
        fixture.store.containers(None, true).await.unwrap(),
        [],
        "nothing refers to it any more"
    );
    assert!(
        after.file_bytes < before.file_bytes,
        "{} then {}",
        before.file_bytes,
        after.file_bytes
    );
    assert!(
        after.free_bytes < 8_192 * 4,
        "space goes back to the system, not to a list: {}",
        after.free_bytes
    );
    assert_eq!(
        (after.wal_bytes, before.wal_bytes),
        (0, 0),
        "a checkpoint empties the log"
    );
}

#[tokio::test]
async fn at_most_twenty_thousand_changes_are_kept() {
    let fixture = Fixture::new().await;
    let host = fixture.host("one").await;
    let changes: Vec<Change> = (0..20_700)
        .map(|at_ms| Change {
            at_ms,
            host,
            app: None,
            container: None,
            kind: "restarted".to_owned(),
            detail_json: "{}".to_owned(),
        })
        .collect();
    fixture.store.append_changes(&changes).await.unwrap();
    while fixture
        .store
        .prune(20_700, &Retention::default())
        .await
        .unwrap()
        .more
    {}
    let kept = fixture.store.recent_changes(u32::MAX).await.unwrap();
    assert_eq!(
        (kept.len(), kept[0].at_ms, kept[19_999].at_ms),
        (20_000, 20_699, 700)
    );
}
