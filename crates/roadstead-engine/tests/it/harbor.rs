use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use roadstead_engine::wire::*;
use roadstead_engine::{Clock, DiscoverSources, Engine, EngineOptions};
use roadstead_sim::{Fleet, FleetPlan, ServingHost, SimClock, serve_fleet};
use tempfile::TempDir;

/// Simulated hosts and a folder for an engine.
pub(crate) struct Harbor {
    pub(crate) dir: TempDir,
    pub(crate) served: Vec<ServingHost>,
}

impl Harbor {
    /// This many hosts with four containers each.
    pub(crate) fn with_hosts(hosts: usize) -> Self {
        let dir = tempfile::Builder::new().prefix("rs").tempdir().unwrap();
        let sockets = dir.path().join("s");
        std::fs::create_dir(&sockets).unwrap();
        let plan = FleetPlan {
            hosts,
            containers_per_host: 4,
            ..FleetPlan::default()
        };
        let fleet = Fleet::scripted(plan).unwrap();
        let served = serve_fleet(&fleet, &SimClock::real(), &sockets).unwrap();
        Self { dir, served }
    }

    pub(crate) fn options(&self) -> EngineOptions {
        EngineOptions {
            data_dir: self.dir.path().join("data"),
            run_dir: self.dir.path().join("run"),
            discover: DiscoverSources {
                root: PathBuf::from("/nonexistent"),
                ..DiscoverSources::default()
            },
            clock: Clock::default(),
            connect: None,
            deploy_hook: None,
        }
    }

    pub(crate) async fn engine(&self) -> Engine {
        Engine::start(self.options()).await.unwrap()
    }

    /// A draft of the host with this number, ticking every five seconds.
    pub(crate) fn draft(&self, host: usize) -> HostDraft {
        draft(
            self.served[host].sim().host().name(),
            self.served[host].socket_path(),
        )
    }
}

pub(crate) fn draft(name: &str, socket: &Path) -> HostDraft {
    HostDraft {
        name: name.to_owned(),
        customer: String::new(),
        address: format!("unix://{}", socket.display()),
        tls: None,
        accept_plain_text: false,
        tick_interval_s: Some(5),
    }
}

/// Asks again until the answer is as wanted; fails with the last answer after the time given.
pub(crate) async fn eventually<T: std::fmt::Debug, F: Future<Output = T>>(
    within: Duration,
    what: &str,
    ask: impl Fn() -> F,
    wanted: impl Fn(&T) -> bool,
) -> T {
    let started = Instant::now();
    loop {
        let answer = ask().await;
        if wanted(&answer) {
            return answer;
        }
        assert!(
            started.elapsed() < within,
            "{what}: not within {within:?}; last: {answer:#?}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub(crate) async fn row(engine: &Engine, host: roadstead_model::HostId) -> HostRow {
    let list = engine.list_hosts(()).await.unwrap();
    list.hosts.into_iter().find(|row| row.id == host).unwrap()
}

pub(crate) const WEEK: roadstead_model::Period = roadstead_model::Period::Week;
pub(crate) const SOON: Duration = Duration::from_secs(12);
