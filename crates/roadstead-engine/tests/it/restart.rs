use roadstead_engine::wire::*;

use crate::harbor::{Harbor, SOON, WEEK, eventually, row};

#[tokio::test(flavor = "multi_thread")]
async fn with_every_host_switched_off_all_of_it_is_still_there() {
    let mut harbor = Harbor::with_hosts(1);
    let engine = harbor.engine().await;
    let host = engine.add_host(harbor.draft(0)).await.unwrap().id;
    eventually(
        SOON,
        "two ticks",
        || row(&engine, host),
        |r| r.connection.ticks > 1,
    )
    .await;
    let before = engine.list_apps(AppsRequest { period: WEEK }).await.unwrap();
    engine.stop().await;
    for served in harbor.served.drain(..) {
        served.stop().await;
    }

    let engine = harbor.engine().await;
    let down = eventually(
        SOON,
        "unreachable",
        || row(&engine, host),
        |r| matches!(r.connection.state, HostState::Unreachable { .. }),
    )
    .await;
    assert!(down.last_tick_ms.is_some(), "the data has its age");
    assert!(down.memory_used_bytes.is_some());
    assert_eq!(down.containers_total, 4);
    let after = engine.list_apps(AppsRequest { period: WEEK }).await.unwrap();
    let names = |page: &AppsPage| {
        let mut names: Vec<_> = page.rows.iter().map(|r| r.app.clone()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&after), names(&before));
    let app = after.rows[0].app.clone();
    let history = engine
        .app_history(HistoryRequest {
            app,
            hosts: Vec::new(),
            period: WEEK,
        })
        .await
        .unwrap();
    assert!(history.lines[0].avg_bytes.iter().any(Option::is_some));
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_engine_on_the_same_folder_is_refused() {
    let harbor = Harbor::with_hosts(1);
    let engine = harbor.engine().await;
    let second = roadstead_engine::Engine::start(harbor.options()).await;
    assert!(
        matches!(second, Err(roadstead_engine::StoreError::AlreadyOpen(_))),
        "{second:?}"
    );
    engine.stop().await;
    harbor.engine().await.stop().await;
}
