//! What cannot be seen or provoked from outside: a full disk, and a migration of an older database.

use std::path::Path;

use roadstead_model::{Endpoint, Sample, Tick, TimeRange};
use sqlx::migrate::Migrator;

use crate::open::{MIGRATIONS, open_with};
use crate::{NewHost, OpenOptions, Store, StoreError};

async fn open(dir: &Path, now_ms: i64, migrations: &Migrator) -> Store {
    let options = OpenOptions {
        dir: dir.to_owned(),
        now_ms,
    };
    open_with(options, migrations).await.unwrap().store
}

#[tokio::test]
async fn a_full_disk_is_named_loses_nothing_and_is_forgotten_when_there_is_space() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), 0, &MIGRATIONS).await;
    let host = store
        .add_host(NewHost {
            name: "one".to_owned(),
            customer: "one".to_owned(),
            endpoint: Endpoint::parse("ssh://nas").unwrap(),
            accept_plain_text: false,
            interval_override_ms: None,
            created_at_ms: 0,
        })
        .await
        .unwrap();
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count")
        .fetch_one(&store.inner.writer)
        .await
        .unwrap();
    let limit_pages = async |pages: i64| {
        sqlx::query(sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}")))
            .execute(&store.inner.writer)
            .await
            .unwrap();
    };
    limit_pages(pages + 2).await;
    let text = format!("\"{}\"", "x".repeat(4_000));
    let mut kept = Vec::new();
    let full = loop {
        let key = format!("key-{}", kept.len());
        match store.save_setting(&key, &text).await {
            Ok(()) => kept.push(key),
            Err(error) => break error,
        }
        assert!(kept.len() < 100, "the limit did not hold");
    };
    assert!(matches!(full, StoreError::DiskFull), "{full:?}");
    assert!(!kept.is_empty());
    for key in &kept {
        assert!(
            store.load_setting(key).await.unwrap().is_some(),
            "{key} was committed and is lost"
        );
    }
    let tick = Tick {
        host,
        tick_ms: 0,
        interval_ms: 15_000,
        samples: Vec::<Sample>::new(),
    };
    let ticks: Vec<Tick> = (0..2_000)
        .map(|nth| Tick {
            tick_ms: nth * 15_000,
            ..tick.clone()
        })
        .collect();
    assert!(matches!(
        store.append_ticks(&ticks).await,
        Err(StoreError::DiskFull)
    ));
    let range = TimeRange {
        from_ms: 0,
        to_ms: i64::MAX,
    };
    assert!(
        store.ticks_between(host, range).await.unwrap().is_empty(),
        "all of them or none"
    );
    limit_pages(1_000_000).await;
    store.append_ticks(&ticks).await.unwrap();
    assert_eq!(store.ticks_between(host, range).await.unwrap().len(), 2_000);
}

#[tokio::test]
async fn an_older_database_is_backed_up_before_it_is_migrated_and_two_backups_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let migrations = tempfile::tempdir().unwrap();
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    for entry in std::fs::read_dir(committed).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), migrations.path().join(entry.file_name())).unwrap();
    }
    let store = open(dir.path(), 0, &MIGRATIONS).await;
    store.save_setting("before", "1").await.unwrap();
    store.close().await.unwrap();
    for (now_ms, version) in [(1_000, 9_001), (2_000, 9_002), (3_000, 9_003)] {
        let name = migrations.path().join(format!("{version}_later.sql"));
        std::fs::write(
            name,
            format!("CREATE TABLE later_{version} (a INTEGER NOT NULL) STRICT;"),
        )
        .unwrap();
        let newer = Migrator::new(migrations.path()).await.unwrap();
        let store = open(dir.path(), now_ms, &newer).await;
        assert_eq!(store.load_setting("before").await.unwrap().as_deref(), Some("1"));
        store.close().await.unwrap();
    }
    let mut backups: Vec<String> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("backup"))
        .collect();
    backups.sort();
    assert_eq!(
        backups,
        ["roadstead.db.backup-2000-v9001", "roadstead.db.backup-3000-v9002"]
    );

    let restored = tempfile::tempdir().unwrap();
    std::fs::copy(dir.path().join(&backups[0]), restored.path().join("roadstead.db")).unwrap();
    let refused = open_with(
        OpenOptions {
            dir: restored.path().to_owned(),
            now_ms: 0,
        },
        &MIGRATIONS,
    )
    .await;
    assert!(
        matches!(refused, Err(StoreError::NewerSchema { found: 9_001, .. })),
        "a backup is a whole database"
    );
}
