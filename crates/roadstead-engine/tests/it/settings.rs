use roadstead_engine::wire::*;

use crate::harbor::{Harbor, SOON, WEEK, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn settings_outlive_the_engine_and_bad_ones_change_nothing() {
    let harbor = Harbor::with_hosts(1);
    let engine = harbor.engine().await;
    let wanted = Settings {
        tick_interval_s: 30,
        language: Language::Hu,
        ..Settings::default()
    };
    engine.save_settings(wanted.clone()).await.unwrap();
    let error = engine
        .save_settings(Settings {
            tick_interval_s: 1,
            ..wanted.clone()
        })
        .await
        .unwrap_err();
    assert_eq!(error.params.get("min").map(String::as_str), Some("5"));
    engine.stop().await;
    let engine = harbor.engine().await;
    assert_eq!(engine.settings(()).await.unwrap().settings, wanted);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn protected_apps_are_left_out_and_typed_sizes_are_in_force() {
    let harbor = Harbor::with_hosts(1);
    let engine = harbor.engine().await;
    engine.add_host(harbor.draft(0)).await.unwrap();
    let page = eventually(
        SOON,
        "apps",
        || async { engine.list_apps(AppsRequest { period: WEEK }).await.unwrap() },
        |page| !page.rows.is_empty(),
    )
    .await;
    let app = page.rows[0].app.clone();
    let set = |limit: &str| SetAppSizes {
        app: app.clone(),
        sizes: TypedSizes {
            display_name: "Mine".into(),
            estimate: "256M".into(),
            limit: limit.into(),
        },
        period: WEEK,
    };
    let error = engine.set_app_sizes(set("lots")).await.unwrap_err();
    assert_eq!(
        (error.key.as_str(), error.field.as_deref()),
        ("error.size.unreadable", Some("limit"))
    );
    let answer = engine.set_app_sizes(set("1.5G")).await.unwrap();
    assert_eq!(answer.row.display_name, "Mine");
    assert_eq!(answer.row.limit.max_bytes, Some(1_536 * 1_024 * 1_024));
    assert_eq!(answer.typed.limit, "1536m");

    engine
        .save_settings(Settings {
            protected: vec![app.clone()],
            ..Settings::default()
        })
        .await
        .unwrap();
    let page = engine.list_apps(AppsRequest { period: WEEK }).await.unwrap();
    assert!(
        page.rows.iter().all(|row| row.app != app),
        "a protected app has no row"
    );
    engine.stop().await;
}
