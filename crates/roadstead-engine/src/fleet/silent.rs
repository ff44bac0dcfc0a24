//! A fleet for tests of what is in its store: with one host that nobody answers for.

use roadstead_collect::ConnectOptions;
use roadstead_model::{Endpoint, HostId};
use roadstead_store::NewHost;

use super::{Fleet, FleetOptions};
use crate::clock::Clock;
use crate::notify::Notifier;

/// 2026-01-05 00:00 UTC.
pub(crate) const START_MS: i64 = 1_767_571_200_000;

/// The folder has to live as long as the fleet.
pub(crate) async fn one_host(clock: &Clock) -> (tempfile::TempDir, Fleet, HostId) {
    let dir = tempfile::tempdir().unwrap();
    let fleet = Fleet::open(FleetOptions {
        dir: dir.path().join("store"),
        connect: ConnectOptions::new(dir.path().join("run")),
        clock: clock.clone(),
        notifier: Notifier::default(),
        settings: None,
        deploy_hook: None,
    })
    .await
    .unwrap();
    let host = fleet
        .store
        .add_host(NewHost {
            name: "nas".into(),
            customer: "nas".into(),
            endpoint: Endpoint::Unix {
                path: "/nonexistent/engine.sock".into(),
            },
            accept_plain_text: false,
            interval_override_ms: None,
            created_at_ms: START_MS,
        })
        .await
        .unwrap();
    (dir, fleet, host)
}
