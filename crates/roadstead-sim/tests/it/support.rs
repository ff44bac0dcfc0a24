//! What every module needs.

use bollard::API_DEFAULT_VERSION;
use bollard::Docker;
use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, HealthStatusEnum};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, CreateImageOptionsBuilder, RenameContainerOptionsBuilder,
};
use futures_util::TryStreamExt;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use roadstead_model::time::DAY_MS;
use roadstead_sim::{Fleet, FleetPlan, ServingHost, SimClock, SimHost};
use serde_json::json;

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
        self.send_json(method, path, None).await
    }

    /// A request with what it brings.
    pub(crate) async fn send_json(
        &self,
        method: &str,
        path: &str,
        body: Option<serde_json::Value>,
    ) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error>> {
        let stream = tokio::net::UnixStream::connect(self.host.socket_path()).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "engine")
            .header("content-type", "application/json")
            .body(Full::<Bytes>::from(
                body.map_or_else(Bytes::new, |body| body.to_string().into()),
            ))?;
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

/// A host with every app, whose story ends at noon.
pub(crate) fn plan() -> FleetPlan {
    FleetPlan {
        hosts: 1,
        containers_per_host: 60,
        epoch_ms: NOON_MS - 40 * DAY_MS,
        story_ms: Some(NOON_MS),
        ..FleetPlan::default()
    }
}

/// A host with every app, at noon, and its clock.
pub(crate) fn served() -> (Served, SimClock) {
    let clock = SimClock::stepped(NOON_MS);
    (serve(&fleet(plan()), 0, &clock), clock)
}

/// Pulls an image; gives what was told.
pub(crate) async fn pull(docker: &Docker, image: &str) -> Result<Vec<String>, Error> {
    let options = CreateImageOptionsBuilder::new().from_image(image).build();
    let told: Vec<_> = docker
        .create_image(Some(options), None, None)
        .try_collect()
        .await?;
    Ok(told.into_iter().filter_map(|line| line.status).collect())
}

/// The status of an error the engine gave, and its words.
pub(crate) fn refused<T: std::fmt::Debug>(answer: Result<T, Error>) -> (u16, String) {
    match answer.unwrap_err() {
        Error::DockerResponseServerError { status_code, message } => (status_code, message),
        other => panic!("{other}"),
    }
}

/// What is needed to make a container again, with another image.
pub(crate) async fn recipe(docker: &Docker, name: &str, image: &str) -> ContainerCreateBody {
    let details = docker.inspect_container(name, None).await.unwrap();
    let mut body = serde_json::to_value(details.config.unwrap()).unwrap();
    body["Image"] = image.into();
    body["HostConfig"] = serde_json::to_value(details.host_config.unwrap()).unwrap();
    let networks = details.network_settings.unwrap().networks.unwrap();
    body["NetworkingConfig"] = json!({ "EndpointsConfig": networks });
    serde_json::from_value(body).unwrap()
}

/// Replaces a container as tools do: beside it, then in its place. Gives the new id.
pub(crate) async fn replace(docker: &Docker, name: &str, image: &str) -> String {
    pull(docker, image).await.unwrap();
    let body = recipe(docker, name, image).await;
    let old = docker.inspect_container(name, None).await.unwrap().id.unwrap();
    let beside = CreateContainerOptionsBuilder::new()
        .name(&format!("{name}-next"))
        .build();
    let new = docker.create_container(Some(beside), body).await.unwrap().id;
    docker.stop_container(&old, None).await.unwrap();
    let rename = |to: &str| RenameContainerOptionsBuilder::new().name(to).build();
    docker
        .rename_container(&old, rename(&format!("{name}-old")))
        .await
        .unwrap();
    docker.rename_container(&new, rename(name)).await.unwrap();
    docker.start_container(&new, None).await.unwrap();
    new
}

/// Memory as people see it.
pub(crate) async fn used_bytes(served: &Served, name: &str) -> f64 {
    let stats = served
        .json(&format!("/containers/{name}/stats?stream=0&one-shot=1"))
        .await;
    let memory = &stats["memory_stats"];
    memory["usage"].as_f64().unwrap() - memory["stats"]["inactive_file"].as_f64().unwrap()
}

/// What its health check says.
pub(crate) async fn health(docker: &Docker, name: &str) -> Option<HealthStatusEnum> {
    let details = docker.inspect_container(name, None).await.unwrap();
    details.state?.health?.status
}
