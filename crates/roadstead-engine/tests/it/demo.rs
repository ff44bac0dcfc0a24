use std::time::Duration;

use roadstead_engine::wire::*;
use roadstead_model::Period;

use crate::harbor::{Harbor, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn the_simulated_fleet_has_weeks_of_history_and_leaves_no_trace() {
    let harbor = Harbor::with_hosts(1);
    let engine = harbor.engine().await;
    let state = engine.start_demo(()).await.unwrap();
    assert_eq!((state.mode, state.first_run, state.hosts), (Mode::Demo, false, 6));
    let page = engine
        .list_apps(AppsRequest {
            period: Period::Month,
        })
        .await
        .unwrap();
    assert!(page.rows.len() >= 10, "{} apps", page.rows.len());
    let app = page.rows.iter().max_by_key(|row| row.reports).unwrap();
    assert!(app.reports > 2_000, "about a month of windows: {}", app.reports);
    let week = engine
        .list_apps(AppsRequest { period: Period::Week })
        .await
        .unwrap();
    for row in &week.rows {
        // A worse version of three hours ago is no week: the hours are read more often, and weigh no more for it.
        let (mean, p95) = (row.memory_avg_bytes.unwrap(), row.memory_p95_bytes.unwrap());
        assert!(mean <= p95, "{}: {mean} on average, {p95} at P95", row.app);
    }
    let request = HistoryRequest {
        app: app.app.clone(),
        hosts: Vec::new(),
        period: Period::Month,
    };
    let history = engine.app_history(request).await.unwrap();
    let drawn = history.lines[0].avg_bytes.iter().flatten().count();
    assert!(
        drawn > 600,
        "{drawn} of {} hours have a point",
        history.times_ms.len()
    );
    let detail = engine
        .app(AppRequest {
            app: app.app.clone(),
            period: Period::Month,
        })
        .await
        .unwrap();
    assert!(detail.suggestion.suggestion.is_some(), "{:?}", detail.suggestion);
    let overview = engine.overview(()).await.unwrap();
    let told: Vec<_> = overview
        .changes
        .iter()
        .filter(|row| row.app.is_some())
        .map(|row| &row.change)
        .collect();
    assert!(
        !told.is_empty(),
        "what happened in the past weeks is told: {:?}",
        overview.changes
    );
    eventually(
        Duration::from_secs(20),
        "every simulated host answers",
        || async { engine.overview(()).await.unwrap() },
        |overview| overview.hosts_connected == 6 && overview.memory_used_bytes.is_some(),
    )
    .await;

    let state = engine.leave_demo(()).await.unwrap();
    assert_eq!((state.mode, state.first_run, state.hosts), (Mode::Own, true, 0));
    assert!(!harbor.dir.path().join("data/demo").exists(), "its store is gone");
    engine.stop().await;
}
