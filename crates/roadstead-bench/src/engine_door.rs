//! The engine as a face holds it: commands in, serialized answers out, as they cross to a window.

use std::path::Path;

use anyhow::Context as _;
use roadstead_engine::wire::{
    AppsRequest, DeploysRequest, HistoryRequest, HostDraft, HostList, HostPage, HostRequest, IssuesRequest,
    MetricsRequest, Settings, WindowRequest, Wire,
};
use roadstead_engine::{Clock, Engine, EngineOptions};
use roadstead_model::{HostId, Period, TimeRange};
use serde::Serialize;

/// Name of the folder the engine keeps its own store in.
const STORE: &str = "store";

/// Where the engine looks for its store in a data folder.
pub(crate) fn store_dir(data_dir: &Path) -> std::path::PathBuf {
    data_dir.join(STORE)
}

/// A running engine.
#[derive(Debug)]
pub(crate) struct EngineDoor {
    engine: Engine,
}

impl EngineDoor {
    /// Starts an engine on a data folder whose newest report ends at this moment, with the clock standing there.
    pub(crate) async fn open(data_dir: &Path, now_ms: i64) -> anyhow::Result<Self> {
        // A moment before the end: the span of a page ends with the window that holds "now".
        Self::with_clock(data_dir, Clock::fixed(now_ms - 1)).await
    }

    /// Starts an engine with the machine's clock.
    pub(crate) async fn start(data_dir: &Path) -> anyhow::Result<Self> {
        Self::with_clock(data_dir, Clock::default()).await
    }

    async fn with_clock(data_dir: &Path, clock: Clock) -> anyhow::Result<Self> {
        let options = EngineOptions {
            clock,
            ..EngineOptions::new(data_dir.to_owned(), data_dir.join("run"))
        };
        Ok(Self {
            engine: Engine::start(options).await.context("the engine cannot start")?,
        })
    }

    /// Stops collecting and closes the store.
    pub(crate) async fn close(self) {
        self.engine.stop().await;
    }

    pub(crate) async fn list_apps(&self, period: Period) -> anyhow::Result<Vec<u8>> {
        serialized(self.engine.list_apps(AppsRequest { period }).await)
    }

    pub(crate) async fn history(&self, app: &str, period: Period) -> anyhow::Result<Vec<u8>> {
        let request = HistoryRequest {
            app: app.to_owned(),
            hosts: Vec::new(),
            period,
        };
        serialized(self.engine.app_history(request).await)
    }

    pub(crate) async fn window(&self, app: &str, range: TimeRange, points: u32) -> anyhow::Result<Vec<u8>> {
        let request = WindowRequest {
            app: app.to_owned(),
            host: None,
            range,
            points,
        };
        serialized(self.engine.app_window(request).await)
    }

    pub(crate) async fn metrics(&self, request: &MetricsRequest) -> anyhow::Result<Vec<u8>> {
        serialized(self.engine.app_metrics(request.clone()).await)
    }

    pub(crate) async fn list_deploys(&self, request: &DeploysRequest) -> anyhow::Result<Vec<u8>> {
        serialized(self.engine.list_deploys(request.clone()).await)
    }

    pub(crate) async fn list_issues(&self, request: &IssuesRequest) -> anyhow::Result<Vec<u8>> {
        serialized(self.engine.list_issues(request.clone()).await)
    }

    pub(crate) async fn save_settings(&self, settings: Settings) -> anyhow::Result<()> {
        answered(self.engine.save_settings(settings).await).map(|_| ())
    }

    pub(crate) async fn add_host(&self, name: &str, socket: &Path) -> anyhow::Result<()> {
        let draft = HostDraft {
            name: name.to_owned(),
            customer: String::new(),
            address: format!("unix://{}", socket.display()),
            tls: None,
            accept_plain_text: false,
            tick_interval_s: None,
        };
        answered(self.engine.add_host(draft).await).map(|_| ())
    }

    /// One host with its containers.
    pub(crate) async fn host(&self, host: HostId) -> anyhow::Result<HostPage> {
        answered(self.engine.host(HostRequest { host }).await)
    }

    pub(crate) async fn list_hosts(&self) -> anyhow::Result<HostList> {
        answered(self.engine.list_hosts(()).await)
    }
}

fn answered<T>(answer: Wire<T>) -> anyhow::Result<T> {
    answer.map_err(|error| anyhow::anyhow!("the command was refused: {}", error.message))
}

fn serialized<T: Serialize>(answer: Wire<T>) -> anyhow::Result<Vec<u8>> {
    Ok(serde_json::to_vec(&answered(answer)?)?)
}
