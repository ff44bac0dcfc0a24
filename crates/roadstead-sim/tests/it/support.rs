//! What every module needs.

use bollard::API_DEFAULT_VERSION;
use bollard::Docker;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use roadstead_sim::{Fleet, FleetPlan, ServingHost, SimClock, SimHost};

/// 2025-06-01T12:00:00Z, five months after the default epoch.
pub(crate) const NOON_MS: i64 = 1_748_779_200_000;

pub(crate) fn fleet(plan: FleetPlan) -> Fleet {
    Fleet::scripted(plan).unwrap()
}

/// A host large enough to have every app of the catalogue.
pub(crate) fn full_fleet() -> Fleet {
    fleet(FleetPlan {
        hosts: 3,
        containers_per_host: 60,
        ..FleetPlan::default()
    })
}

/// A served host and the directory its socket lives in.
pub(crate) struct Served {
    pub(crate) host: ServingHost,
    pub(crate) directory: tempfile::TempDir,
}

pub(crate) fn serve(fleet: &Fleet, index: usize, clock: &SimClock) -> Served {
    let directory = tempfile::tempdir().unwrap();
    let sim = SimHost::new(fleet, index, clock.clone()).unwrap();
    let host = sim.serve(directory.path().join("engine.sock")).unwrap();
    Served { host, directory }
}

impl Served {
    pub(crate) fn docker(&self) -> Docker {
        let path = self.host.socket_path().to_str().unwrap();
        Docker::connect_with_unix(path, 5, API_DEFAULT_VERSION).unwrap()
    }

    /// One GET on a connection of its own: status and body, or what went wrong.
    pub(crate) async fn get(&self, path: &str) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error>> {
        self.send("GET", path).await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
    ) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error>> {
        let stream = tokio::net::UnixStream::connect(self.host.socket_path()).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "engine")
            .body(Empty::<Bytes>::new())?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        connection.abort();
        Ok((status, body))
    }

    pub(crate) async fn json(&self, path: &str) -> serde_json::Value {
        let (status, body) = self.get(path).await.unwrap();
        assert_eq!(status, StatusCode::OK, "{path}: {body:?}");
        serde_json::from_slice(&body).unwrap()
    }
}
