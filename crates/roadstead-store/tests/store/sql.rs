//! What the checked macros were told of each query is what freshly migrated tables say.

use std::path::{Path, PathBuf};

use sqlx::{AssertSqlSafe, Connection, Executor, SqlSafeStr};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[tokio::test]
async fn committed_query_metadata_matches_the_migrations() {
    let mut connection = sqlx::SqliteConnection::connect("sqlite::memory:").await.unwrap();
    sqlx::migrate!("../../migrations")
        .run_direct(None, &mut connection, false)
        .await
        .unwrap();
    let mut seen = 0;
    for entry in std::fs::read_dir(root().join(".sqlx")).unwrap() {
        let path = entry.unwrap().path();
        let committed: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let query = committed["query"].as_str().unwrap().to_owned();
        let described = (&mut connection)
            .describe(AssertSqlSafe(query.clone()).into_sql_str())
            .await
            .unwrap_or_else(|error| panic!("{query}\ncannot be prepared: {error}\nrun prepare-sql.sh"));
        let now = serde_json::to_value(&described).unwrap();
        assert_eq!(
            now, committed["describe"],
            "{query}\nhas changed: run prepare-sql.sh"
        );
        seen += 1;
    }
    assert!(seen > 50, "only {seen} queries are committed");
}

/// Text without line ends and indentation, so that the formatter may move a query.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// All sources of a folder and the folders in it, flat.
fn sources_in(folder: &Path) -> String {
    let mut sources = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources.push_str(&sources_in(&path));
        } else {
            sources.push_str(&flat(&std::fs::read_to_string(path).unwrap()));
        }
    }
    sources
}

#[test]
fn no_committed_query_is_left_over_from_code_that_is_gone() {
    let sources = sources_in(&root().join("crates/roadstead-store/src"));
    for entry in std::fs::read_dir(root().join(".sqlx")).unwrap() {
        let path = entry.unwrap().path();
        let committed: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let query = flat(committed["query"].as_str().unwrap());
        assert!(
            sources.contains(&query),
            "{query}\nis in no source: run prepare-sql.sh"
        );
    }
}
