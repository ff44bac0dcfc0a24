//! A store in a folder of its own, and short ways to make what it holds.

use roadstead_model::time::{DAY_MS, HOUR_MS, WINDOW_MS};
use roadstead_model::{
    AppId, AppName, ContainerFacts, ContainerId, ContainerReport, ContainerState, DeploymentId, Endpoint,
    EngineContainerId, HostId, Report, Sample, Tick, TimeRange, Window,
};
use roadstead_store::{ContainerRef, FleetQuery, NewHost, OpenOptions, Opened, Store};

/// A day in the past whose midnight is also the start of a block of days.
pub(crate) const DAY: i64 = 20_000;
/// Its midnight.
pub(crate) const MIDNIGHT_MS: i64 = DAY * DAY_MS;

pub(crate) struct Fixture {
    pub(crate) store: Store,
    pub(crate) dir: tempfile::TempDir,
}

pub(crate) async fn open(dir: &std::path::Path) -> Opened {
    Store::open(OpenOptions {
        dir: dir.to_owned(),
        now_ms: MIDNIGHT_MS,
    })
    .await
    .unwrap()
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await.store;
        Self { store, dir }
    }

    /// Adds a host named so.
    pub(crate) async fn host(&self, name: &str) -> HostId {
        self.store.add_host(new_host(name)).await.unwrap()
    }

    /// Lists one container per app, replacing what the host listed before.
    pub(crate) async fn list(&self, host: HostId, apps: &[&str]) -> Vec<ContainerRef> {
        let listed: Vec<ContainerFacts> = apps.iter().map(|app| facts(app, &format!("{app}-1"))).collect();
        self.store
            .observe_containers(host, MIDNIGHT_MS, &listed)
            .await
            .unwrap()
    }

    /// One host with one app of one container.
    pub(crate) async fn one(&self) -> (HostId, ContainerRef) {
        let host = self.host("one").await;
        let listed = self.list(host, &["app"]).await;
        (host, listed[0].clone())
    }

    /// Seals until nothing is left to seal.
    pub(crate) async fn seal(&self, now_ms: i64) {
        for _ in 0..10_000 {
            if !self.store.seal(now_ms).await.unwrap().more {
                return;
            }
        }
        panic!("sealing does not end");
    }
}

pub(crate) fn new_host(name: &str) -> NewHost {
    NewHost {
        name: name.to_owned(),
        customer: format!("{name} & co"),
        endpoint: Endpoint::parse("ssh://ops@nas.example:2222").unwrap(),
        accept_plain_text: false,
        interval_override_ms: None,
        created_at_ms: MIDNIGHT_MS,
    }
}

pub(crate) fn facts(app: &str, name: &str) -> ContainerFacts {
    ContainerFacts {
        engine_id: EngineContainerId(format!("{name:x<64}")),
        name: name.to_owned(),
        app: AppName(app.to_owned()),
        display_name: None,
        service: None,
        image: "local/busybox".to_owned(),
        image_id: "sha256:1".to_owned(),
        state: ContainerState::Running,
        health: None,
        created_at_ms: 1,
        started_at_ms: Some(2),
        restart_count: 0,
        oom_killed: false,
        exit_code: None,
        memory_limit_bytes: Some(1 << 30),
        memory_reservation_bytes: None,
        cpu_limit_cores: Some(0.5),
        label_estimate_bytes: None,
        label_limit_bytes: None,
        protected: false,
        tty: false,
        log_driver: "json-file".to_owned(),
        image_digest: None,
        image_created_ms: None,
        config: None,
        fleeting: None,
    }
}

/// The `nth` window after midnight of [`DAY`].
pub(crate) fn window(nth: i64) -> Window {
    Window {
        start_ms: MIDNIGHT_MS + nth * WINDOW_MS,
    }
}

/// A report with one container as the whole.
pub(crate) fn report(deployment: DeploymentId, window: Window, memory: Option<u64>) -> Report {
    let mut report = Report {
        deployment,
        window,
        sample_count: if memory.is_some() { 60 } else { 0 },
        memory_current_bytes: memory,
        memory_avg_bytes: memory,
        memory_peak_bytes: memory,
        cpu_avg_cores: memory.map(|_| 0.25),
        estimate_bytes: None,
        limit_bytes: Some(1 << 30),
        log_errors: None,
        log_warnings: None,
        oom_kills: 0,
        restarts: 0,
        containers: Vec::new(),
    };
    report.containers = vec![ContainerReport {
        container: ContainerId(1),
        memory_current_bytes: report.memory_current_bytes,
        memory_avg_bytes: report.memory_avg_bytes,
        memory_peak_bytes: report.memory_peak_bytes,
        cpu_avg_cores: report.cpu_avg_cores,
        sample_count: report.sample_count,
    }];
    report
}

/// A report with errors counted.
pub(crate) fn report_with_errors(deployment: DeploymentId, window: Window, errors: u32) -> Report {
    Report {
        log_errors: Some(errors),
        log_warnings: Some(0),
        ..report(deployment, window, Some(100))
    }
}

/// A tick with one sample per container.
pub(crate) fn tick(host: HostId, tick_ms: i64, samples: &[(&ContainerRef, Option<u64>)]) -> Tick {
    Tick {
        host,
        tick_ms,
        interval_ms: 15_000,
        samples: samples
            .iter()
            .map(|(of, memory)| Sample {
                memory_used_bytes: *memory,
                memory_limit_bytes: Some(1 << 30),
                cpu_cores: Some(0.125),
                ..Sample::empty(of.container, of.deployment)
            })
            .collect(),
    }
}

/// The span of these windows after midnight of [`DAY`].
pub(crate) fn windows(from: i64, to: i64) -> TimeRange {
    TimeRange {
        from_ms: MIDNIGHT_MS + from * WINDOW_MS,
        to_ms: MIDNIGHT_MS + to * WINDOW_MS,
    }
}

/// The fleet over a span, with hourly sparklines.
pub(crate) fn over(range: TimeRange) -> FleetQuery {
    FleetQuery {
        range,
        spark_bucket_ms: HOUR_MS,
        recent: Some(range),
    }
}

/// The only app of a fixture made by [`Fixture::one`].
pub(crate) async fn only_app(store: &Store) -> AppId {
    store.apps().await.unwrap()[0].id
}
