use std::time::Duration;

use roadstead_engine::wire::*;
use roadstead_model::FaultCause;
use roadstead_sim::Fault as SimFault;

use crate::harbor::{Harbor, SOON, WEEK, eventually, row};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_host_shows_its_apps_without_waiting_for_a_window() {
    let harbor = Harbor::with_hosts(1);
    let engine = harbor.engine().await;
    assert!(engine.app_state(()).await.unwrap().first_run);
    let added = engine.add_host(harbor.draft(0)).await.unwrap();
    assert!(!engine.app_state(()).await.unwrap().first_run);
    let apps = eventually(
        SOON,
        "apps with memory and CPU",
        || async { engine.list_apps(AppsRequest { period: WEEK }).await.unwrap() },
        |page| {
            !page.rows.is_empty()
                && page
                    .rows
                    .iter()
                    .all(|r| r.memory_current_bytes.is_some() && r.memory_avg_bytes.is_some())
                && page.rows.iter().any(|r| r.cpu_avg_cores.is_some())
        },
    )
    .await;
    assert_eq!(
        apps.deployments_total,
        apps.rows.iter().map(|r| r.deployments_active).sum::<u32>()
    );
    let page = engine.host(HostRequest { host: added.id }).await.unwrap();
    assert_eq!(page.containers.len(), 4);
    assert!(matches!(page.row.connection.state, HostState::Connected { .. }));
    assert!(page.row.connection.round_trip_ms.is_some());

    let app = apps.rows[0].app.clone();
    let history = engine
        .app_history(HistoryRequest {
            app: app.clone(),
            hosts: Vec::new(),
            period: WEEK,
        })
        .await
        .unwrap();
    assert!(
        history.lines[0].avg_bytes.iter().any(Option::is_some),
        "a young app is drawn from its ticks: {history:?}"
    );
    let card = engine
        .app(AppRequest { app, period: WEEK })
        .await
        .unwrap()
        .suggestion;
    assert_eq!(card.suggestion, None, "a limit is not suggested from nothing");
    assert_eq!(card.withheld.map(|w| w.needed), Some(20));
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_shows_by_name_while_another_host_keeps_ticking_and_heals_by_itself() {
    let harbor = Harbor::with_hosts(2);
    let engine = harbor.engine().await;
    let ill = engine.add_host(harbor.draft(0)).await.unwrap().id;
    let well = engine.add_host(harbor.draft(1)).await.unwrap().id;
    let connected = |host| {
        let engine = engine.clone();
        async move {
            eventually(
                Duration::from_secs(40),
                "connected",
                || row(&engine, host),
                |r| matches!(r.connection.state, HostState::Connected { .. }) && r.connection.ticks > 0,
            )
            .await
        }
    };
    connected(ill).await;
    connected(well).await;
    let faults = [
        (
            SimFault::Refuse,
            vec![FaultCause::Refused, FaultCause::SocketMissing],
        ),
        (SimFault::Error500, vec![FaultCause::EngineError]),
        (
            SimFault::Garbage,
            vec![
                FaultCause::BadAnswer,
                FaultCause::NotAnEngine,
                FaultCause::ConnectionLost,
            ],
        ),
        (SimFault::Hang, vec![FaultCause::TimedOut]),
    ];
    for (fault, causes) in faults {
        let ticks_before = row(&engine, well).await.connection.ticks;
        harbor.served[0].set_fault(fault);
        let down = eventually(
            Duration::from_secs(25),
            "unreachable by name",
            || row(&engine, ill),
            |r| {
                matches!(&r.connection.state, HostState::Unreachable { fault, .. } if causes.contains(&fault.cause))
            },
        )
        .await;
        assert!(down.last_tick_ms.is_some(), "its data stays, with its age");
        assert!(down.memory_used_bytes.is_some());
        harbor.served[0].heal();
        let up = connected(ill).await;
        assert!(
            up.connection.last_fault.is_some(),
            "the last fault stays in sight"
        );
        let after = eventually(
            Duration::from_secs(15),
            "one host's fault is not another's: it keeps ticking",
            || row(&engine, well),
            |r| r.connection.ticks > ticks_before,
        )
        .await;
        assert_eq!(after.connection.ticks_missed, 0, "during {fault:?}");
    }
    assert!(row(&engine, ill).await.connection.reconnects >= 4);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_are_paused_resumed_removed_and_restored() {
    let harbor = Harbor::with_hosts(1);
    let engine = harbor.engine().await;
    let host = engine.add_host(harbor.draft(0)).await.unwrap().id;
    eventually(SOON, "a tick", || row(&engine, host), |r| r.connection.ticks > 0).await;

    let paused = engine.pause_host(PauseHost { host, paused: true }).await.unwrap();
    assert_eq!(paused.connection.state, HostState::Paused);
    let requests = harbor.served[0].sim().requests();
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(
        harbor.served[0].sim().requests(),
        requests,
        "a paused host is not asked anything"
    );
    engine
        .pause_host(PauseHost { host, paused: false })
        .await
        .unwrap();
    eventually(
        SOON,
        "ticks again",
        || row(&engine, host),
        |r| r.connection.ticks > 0,
    )
    .await;

    engine.remove_host(HostRequest { host }).await.unwrap();
    assert!(engine.list_hosts(()).await.unwrap().hosts.is_empty());
    assert!(
        engine
            .list_apps(AppsRequest { period: WEEK })
            .await
            .unwrap()
            .rows
            .is_empty()
    );
    assert_eq!(
        engine.host(HostRequest { host }).await.unwrap_err().code,
        ErrorCode::NotFound
    );
    let restored = engine.restore_host(HostRequest { host }).await.unwrap();
    assert_eq!(
        restored.containers_total, 4,
        "what was known of it is back at once"
    );
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_draft_is_refused_where_it_was_typed_and_nothing_is_stored() {
    let harbor = Harbor::with_hosts(1);
    let engine = harbor.engine().await;
    let good = harbor.draft(0);
    for (draft, field) in [
        (
            HostDraft {
                address: "ftp://x".into(),
                ..good.clone()
            },
            "address",
        ),
        (
            HostDraft {
                name: " ".into(),
                ..good.clone()
            },
            "name",
        ),
        (
            HostDraft {
                address: "tcp://127.0.0.1:2375".into(),
                ..good.clone()
            },
            "accept_plain_text",
        ),
        (
            HostDraft {
                tick_interval_s: Some(1),
                ..good.clone()
            },
            "tick_interval_s",
        ),
    ] {
        let error = engine.add_host(draft).await.unwrap_err();
        assert_eq!(
            (error.code, error.field.as_deref()),
            (ErrorCode::Invalid, Some(field)),
            "{error:?}"
        );
    }
    assert!(engine.list_hosts(()).await.unwrap().hosts.is_empty());
    engine.add_host(good.clone()).await.unwrap();
    let taken = engine
        .add_host(HostDraft {
            name: good.name.to_uppercase(),
            ..good
        })
        .await
        .unwrap_err();
    assert_eq!(
        (taken.key.as_str(), taken.field.as_deref()),
        ("error.name.taken", Some("name"))
    );
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_test_answers_or_names_the_cause_and_stores_nothing() {
    let harbor = Harbor::with_hosts(1);
    let engine = harbor.engine().await;
    let answer = engine.test_host(harbor.draft(0)).await.unwrap();
    assert!(
        matches!(answer, ConnectionTest::Answered { containers_total: 4, ref engine, .. } if !engine.version.is_empty()),
        "{answer:?}"
    );
    harbor.served[0].set_fault(SimFault::NotAnEngine);
    let answer = engine.test_host(harbor.draft(0)).await.unwrap();
    assert!(
        matches!(answer, ConnectionTest::Failed { ref fault, .. } if fault.cause == FaultCause::NotAnEngine),
        "{answer:?}"
    );
    assert!(engine.app_state(()).await.unwrap().first_run);
    engine.stop().await;
}
