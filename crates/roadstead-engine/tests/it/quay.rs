//! An engine on a hand-made host, and short ways to ask what it made of its logs.

use std::time::Duration;

use roadstead_engine::wire::*;
use roadstead_engine::{Clock, DiscoverSources, Engine, EngineOptions};
use roadstead_model::HostId;
use roadstead_model::time::HOUR_MS;
use roadstead_store::{OpenOptions, Store};
use tempfile::TempDir;

use crate::harbor::draft;
use crate::stub::{Serving, StubContainer};

pub(crate) const OUT: u8 = 1;
pub(crate) const ERR: u8 = 2;
/// Two passes of the shortest interval, and a busy machine.
pub(crate) const TWO_PASSES: Duration = Duration::from_secs(40);

/// An engine on a folder of its own, and a hand-made host for it.
pub(crate) struct Quay {
    pub(crate) dir: TempDir,
    pub(crate) host: Serving,
    pub(crate) clock: Clock,
}

impl Quay {
    pub(crate) fn new(clock: Clock, containers: Vec<StubContainer>) -> Self {
        let dir = tempfile::Builder::new().prefix("rs").tempdir().unwrap();
        let host = Serving::new(dir.path(), clock.now_ms() - HOUR_MS, containers);
        Self { dir, host, clock }
    }

    pub(crate) async fn start(&self) -> Engine {
        let options = EngineOptions {
            data_dir: self.dir.path().join("data"),
            run_dir: self.dir.path().join("run"),
            discover: DiscoverSources {
                root: "/nonexistent".into(),
                ..DiscoverSources::default()
            },
            clock: self.clock.clone(),
            connect: None,
            deploy_hook: None,
        };
        Engine::start(options).await.unwrap()
    }

    /// Starts with passes as often as can be set, and adds the host.
    pub(crate) async fn start_reading(&self) -> (Engine, HostId) {
        let engine = self.start().await;
        set_pass(&engine, 10).await;
        let added = engine.add_host(draft("stub", self.host.path())).await.unwrap();
        (engine, added.id)
    }

    /// What is stored, once the engine has stopped.
    pub(crate) async fn store(&self) -> Store {
        let options = OpenOptions {
            dir: self.dir.path().join("data/store"),
            now_ms: self.clock.now_ms(),
        };
        Store::open(options).await.unwrap().store
    }

    /// A moment before now.
    pub(crate) fn ago(&self, ms: i64) -> i64 {
        self.clock.now_ms() - ms
    }
}

pub(crate) async fn set_pass(engine: &Engine, log_pass_s: u32) {
    let settings = Settings {
        log_pass_s,
        ..engine.settings(()).await.unwrap().settings
    };
    engine.save_settings(settings).await.unwrap();
}

pub(crate) async fn issues(engine: &Engine) -> IssuesPage {
    let request = IssuesRequest {
        app: None,
        host: None,
        severity: None,
        filter: IssueFilter::All,
        search: String::new(),
        sort: IssueSort::Count,
        descending: true,
        offset: 0,
        limit: 100,
    };
    engine.list_issues(request).await.unwrap()
}

/// Messages and counts, most first.
pub(crate) fn told(page: &IssuesPage) -> Vec<(String, u64)> {
    page.rows
        .iter()
        .map(|row| (row.message.clone(), row.count))
        .collect()
}

pub(crate) async fn scan(engine: &Engine, host: HostId, name: &str) -> Option<LogScan> {
    let page = engine.host(HostRequest { host }).await.unwrap();
    page.containers.into_iter().find(|row| row.name == name)?.log
}
