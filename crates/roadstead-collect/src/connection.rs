//! A connection to one engine: what it takes to open one, and what an engine says of itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use roadstead_model::{ContainerFacts, Endpoint, EngineContainerId, Fault, FaultCause, HostFacts};

use crate::config::ConfigKey;
use crate::events::{self, EventCursor, EventStream};
use crate::inventory::Inventory;
use crate::logs::{self, LogRefusal, LogRequest, LogStream};
use crate::options::{ConnectOptions, RegistryOptions};
use crate::stats::{self, ReadingOutcome};
use crate::transport::{Bounds, Transport, fault};
use crate::version::{self, EngineKind, Version};

const MIB: usize = 1024 * 1024;
/// Largest answer of `/version`, `/info`, `/_ping`.
const FACTS_MAX_BYTES: usize = 4 * MIB;

/// An open connection to one engine. Clones share it; the last one to go closes sockets, ends the ssh child and removes
/// its socket.
#[derive(Clone)]
pub struct EngineConnection {
    shared: Arc<Shared>,
}

struct Shared {
    transport: Transport,
    version: Version,
    answer_timeout: Duration,
    config_key: ConfigKey,
    registry: RegistryOptions,
}

/// How long a round trip took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RoundTrip {
    /// Milliseconds from the request to the whole answer.
    pub ms: f64,
}

/// What a successful test of an endpoint found.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionTest {
    /// What the engine says of itself.
    pub facts: HostFacts,
    /// Containers, in any state.
    pub containers_total: u32,
    /// Running containers.
    pub containers_running: u32,
    /// Round trip of a ping over the open connection, milliseconds.
    pub round_trip_ms: f64,
}

/// Opens a connection and agrees on an API version, within `options.timeout`.
///
/// # Errors
/// A [`Fault`] with the named cause.
pub async fn connect(endpoint: &Endpoint, options: &ConnectOptions) -> Result<EngineConnection, Fault> {
    within(options.timeout, open(endpoint, options)).await
}

/// Connects, asks the engine about itself and disconnects, all within `options.timeout` whatever the other side does.
///
/// # Errors
/// A [`Fault`] with the named cause.
pub async fn test(endpoint: &Endpoint, options: &ConnectOptions) -> Result<ConnectionTest, Fault> {
    within(options.timeout, async {
        let connection = open(endpoint, options).await?;
        let round_trip_ms = connection.ping().await?.ms;
        let info = connection.info().await?;
        Ok(ConnectionTest {
            containers_total: info.containers,
            containers_running: info.containers_running,
            facts: version::host_facts(&connection.shared.version, &info),
            round_trip_ms,
        })
    })
    .await
}

async fn open(endpoint: &Endpoint, options: &ConnectOptions) -> Result<EngineConnection, Fault> {
    let transport = Transport::open(endpoint, options).await?;
    let bounds = Bounds {
        max_bytes: FACTS_MAX_BYTES,
        // The caller's own clock ends this first; the bound is only never to be without one.
        timeout: options.timeout,
    };
    let answer = transport
        .get("/version", bounds)
        .await
        .map_err(|seen| match seen.cause {
            FaultCause::BadAnswer | FaultCause::AnswerTooLarge => Fault {
                cause: FaultCause::NotAnEngine,
                ..seen
            },
            _ => seen,
        })?;
    if let Some(stranger) = answer.stranger() {
        return Err(stranger);
    }
    let version = Version::read(answer.body()?)?;
    Ok(EngineConnection {
        shared: Arc::new(Shared {
            transport,
            version,
            answer_timeout: options.answer_timeout,
            config_key: ConfigKey(options.config_key),
            registry: options.registry.clone(),
        }),
    })
}

async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
        let detail = format!("no answer within {} s", limit.as_secs_f32());
        Err(fault(FaultCause::TimedOut, detail))
    })
}

impl EngineConnection {
    /// The API version both sides agreed on, e.g. `1.41`.
    #[must_use]
    pub fn api_version(&self) -> &str {
        &self.shared.version.agreed
    }

    /// One small request and its answer.
    ///
    /// # Errors
    /// A [`Fault`] with the named cause.
    pub async fn ping(&self) -> Result<RoundTrip, Fault> {
        let started = Instant::now();
        self.get("/_ping", FACTS_MAX_BYTES).await?.body()?;
        Ok(RoundTrip {
            ms: started.elapsed().as_secs_f64() * 1_000.0,
        })
    }

    /// What the engine says of itself.
    ///
    /// # Errors
    /// A [`Fault`] with the named cause.
    pub async fn host_facts(&self) -> Result<HostFacts, Fault> {
        let info = self.info().await?;
        Ok(version::host_facts(&self.shared.version, &info))
    }

    /// Facts of every container, each inspected. For a host that stays connected, keep an [`Inventory`] instead.
    ///
    /// # Errors
    /// A [`Fault`] of the host. A container whose inspection alone failed is left out.
    pub async fn containers(&self) -> Result<Vec<ContainerFacts>, Fault> {
        let mut inventory = Inventory::new();
        inventory.refresh(self).await?;
        Ok(inventory.into_facts())
    }

    /// How many readings of so many containers to ask for at once on this engine.
    ///
    /// Docker before 25 answers a one-shot reading on its own one-second tick, so a round needs width there; newer
    /// engines and Podman answer at once, and width would only be load, and connections to keep.
    #[must_use]
    pub fn reading_concurrency(&self, containers: usize) -> usize {
        self.shared.version.reading_concurrency(containers)
    }

    /// One reading of each container, at most `concurrency` at once, in the order they came.
    pub async fn readings(
        &self,
        containers: &[EngineContainerId],
        concurrency: usize,
    ) -> Vec<(EngineContainerId, ReadingOutcome)> {
        stats::readings(self, containers, concurrency).await
    }

    /// Events of containers: from the cursor's position, or from now.
    ///
    /// The stream ends when the engine ends it, and after its first fault. The caller then subscribes again with
    /// [`EventStream::cursor`], and takes a full [`Inventory::refresh`], because engines remember only the last few
    /// hundred events.
    ///
    /// # Errors
    /// A [`Fault`] with the named cause.
    pub async fn events(&self, since: EventCursor) -> Result<EventStream, Fault> {
        events::subscribe(
            &self.shared.transport,
            self.kind(),
            self.path("/events"),
            self.shared.answer_timeout,
            since,
        )
        .await
    }

    /// A container's log from a moment on, both streams, with stamps. `timeout` is for the answer to begin.
    ///
    /// # Errors
    /// [`LogRefusal`] says why there is none.
    pub async fn log(
        &self,
        container: &EngineContainerId,
        request: LogRequest,
        timeout: Duration,
    ) -> Result<LogStream, LogRefusal> {
        let path = self.path(&logs::path(container));
        logs::read(&self.shared.transport, self.kind(), path, request, timeout).await
    }

    /// Whether [`LogRequest::tail`] means something to this engine.
    #[must_use]
    pub fn reads_logs_from_the_end(&self) -> bool {
        self.kind() == EngineKind::Docker
    }

    async fn info(&self) -> Result<version::Info, Fault> {
        self.get("/info", FACTS_MAX_BYTES).await?.json()
    }

    pub(crate) fn kind(&self) -> EngineKind {
        self.shared.version.kind
    }

    pub(crate) fn engine_in_words(&self) -> String {
        self.shared.version.engine_in_words()
    }

    /// Whether the API agreed on is this one or a newer one.
    pub(crate) fn speaks(&self, major: u32, minor: u32) -> bool {
        self.shared.version.is_at_least(major, minor)
    }

    pub(crate) fn registry(&self) -> &RegistryOptions {
        &self.shared.registry
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.shared.transport
    }

    pub(crate) fn config_key(&self) -> ConfigKey {
        self.shared.config_key
    }

    /// One request with the version agreed on, within the time for an answer.
    pub(crate) async fn get(&self, path: &str, max_bytes: usize) -> Result<crate::transport::Answer, Fault> {
        let bounds = Bounds {
            max_bytes,
            timeout: self.shared.answer_timeout,
        };
        self.shared.transport.get(&self.path(path), bounds).await
    }

    pub(crate) fn path(&self, path: &str) -> String {
        format!("/v{}{path}", self.shared.version.agreed)
    }
}

impl std::fmt::Debug for EngineConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineConnection")
            .field("version", &self.shared.version)
            .finish_non_exhaustive()
    }
}
