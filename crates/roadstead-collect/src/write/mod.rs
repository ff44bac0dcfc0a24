//! Everything that changes an engine: pull an image, create, start, stop, rename and remove a container.
//!
//! A request that changes anything is a [`Change`], which nothing outside this folder can make, and only a [`Writer`] sends
//! one. What is never done here: removing a volume, an image or a network, deciding what to do next, keeping a journal,
//! trying again. A change is said once; after a fault of the connection it is not known whether it was made, and
//! [`Writer::look`] tells.

mod blueprint;
mod body;
mod causes;
mod change;
mod login;
mod look;
mod pull;
mod refusal;

use std::time::Duration;

use roadstead_model::{DeployCause, EngineContainerId, Fault, FaultCause};
use serde_json::{Value, json};

use crate::EngineConnection;
use crate::image::ImageAnswer;
use crate::options::RegistryOptions;
use crate::reference::{Reference, digest_of, is_image_id};
use crate::text::is_engine_id;
use crate::transport::{Answer, Bounds, fault};
use crate::version::EngineKind;

pub use blueprint::Blueprint;
pub use body::CreateBody;
pub(crate) use change::Change;
pub use look::Look;
pub use pull::PullProgress;
pub use refusal::WriteRefusal;

use causes::Doing;
use login::Login;

/// Time for one change: removing a container with many files on a slow disk takes its while.
const CHANGE_LIMIT: Duration = Duration::from_secs(120);
/// A stop ends with the container's own timeout; then the engine kills, unmounts and answers.
const STOP_MARGIN: Duration = Duration::from_secs(60);
/// A container may ask for any time to stop, also for ever.
const STOP_LIMIT: Duration = Duration::from_secs(3600);
/// What an engine gives a container that asks for nothing.
const STOP_USUAL: Duration = Duration::from_secs(10);
/// Largest answer to a change.
const ANSWER_MAX_BYTES: usize = 1024 * 1024;
/// Largest inspection.
const INSPECT_MAX_BYTES: usize = 4 * 1024 * 1024;

/// An image that an engine has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFacts {
    /// Its id (`sha256:…`).
    pub id: String,
    /// `repository@sha256:…`, one for each repository it was pulled from or pushed to; the one just pulled first.
    pub digests: Vec<String>,
    /// When it was built, UTC epoch milliseconds, as far as it says.
    pub created_ms: Option<i64>,
    /// Size of its layers.
    pub size_bytes: Option<u64>,
}

impl ImageFacts {
    fn of(answer: ImageAnswer) -> Self {
        Self {
            id: answer.id,
            digests: answer.digests,
            created_ms: answer.created_ms,
            size_bytes: answer.size_bytes,
        }
    }

    /// The digest that a registry knows it by under this reference's repository, as
    /// [`ContainerFacts::image_digest`](roadstead_model::ContainerFacts::image_digest) has it.
    #[must_use]
    pub fn digest_for(&self, reference: &str) -> Option<String> {
        digest_of(reference, &self.digests)
    }
}

/// An engine that cannot make a container again as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineNotCapable {
    /// Its kind and version.
    pub engine: String,
    /// What it lacks.
    pub reason: &'static str,
}

/// The one way to change an engine. Clones share the connection.
#[derive(Clone)]
pub struct Writer {
    connection: EngineConnection,
    registry: RegistryOptions,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl EngineConnection {
    /// What changes this engine.
    ///
    /// # Errors
    /// The engine is not known to tell all that a container was given, so that one could not be made again as it was.
    pub fn writer(&self) -> Result<Writer, EngineNotCapable> {
        match self.kind() {
            EngineKind::Docker => Ok(Writer {
                connection: self.clone(),
                registry: self.registry().clone(),
            }),
            EngineKind::Podman => Err(EngineNotCapable {
                engine: self.engine_in_words(),
                reason: "Podman's Docker-compatible API does not tell a container's log driver and its options, and \
                         cannot ask a registry for an image without pulling it",
            }),
        }
    }
}

impl Writer {
    /// What the engine has under a reference or an image id; `None` when it has nothing.
    ///
    /// # Errors
    /// A [`Fault`] with the named cause.
    pub async fn image(&self, reference: &str) -> Result<Option<ImageFacts>, Fault> {
        Ok(self.image_answer(reference).await?.map(ImageFacts::of))
    }

    async fn image_answer(&self, reference: &str) -> Result<Option<ImageAnswer>, Fault> {
        if !is_image_id(reference) && Reference::parse(reference).is_none() {
            return Err(fault(FaultCause::Other, "not a reference of an image"));
        }
        let path = format!("/images/{reference}/json");
        let answer = self.connection.get(&path, INSPECT_MAX_BYTES).await?;
        if answer.is_missing() {
            return Ok(None);
        }
        ImageAnswer::read(answer.body()?).map(Some)
    }

    /// Whether the registry of this reference still offers it, asked by the engine with the operator's own login. Nothing
    /// is pulled.
    ///
    /// # Errors
    /// A [`WriteRefusal`] when the registry could not be asked.
    pub async fn offers(&self, reference: &str) -> Result<bool, WriteRefusal> {
        let Some(asked) = Reference::parse(reference) else {
            return Err(WriteRefusal::new(
                DeployCause::ImageNotFound,
                "not a reference of an image",
            ));
        };
        let login = Login::find(&self.registry, &asked.registry).await;
        let change = Change::look_up(format!("/distribution/{reference}/json"), &login);
        let outcome = self.send(Doing::Offer, change, CHANGE_LIMIT).await;
        match outcome {
            Ok(_) => Ok(true),
            Err(refusal) if refusal.cause == DeployCause::ImageNotFound => Ok(false),
            Err(refusal) => Err(login.explain(refusal)),
        }
    }

    /// Creates a container and connects it to all its networks. It is not started. When a network cannot be connected, the
    /// container is removed again.
    ///
    /// # Errors
    /// A [`WriteRefusal`] with the named cause.
    pub async fn create(&self, name: &str, body: &CreateBody) -> Result<EngineContainerId, WriteRefusal> {
        check_name(name)?;
        let path = format!("/containers/create?name={name}");
        let change = Change::post(path, Some(&body.body));
        let answer = self.send(Doing::Create, change, CHANGE_LIMIT).await?;
        let said: Value = answer.json().map_err(WriteRefusal::of_fault)?;
        let id = said["Id"].as_str().filter(|id| is_engine_id(id));
        let id = EngineContainerId(
            id.ok_or_else(|| WriteRefusal::new(DeployCause::EngineError, "created, and named no id"))?
                .to_owned(),
        );
        for (network, endpoint) in &body.others {
            if let Err(refusal) = self.connect(&id, network, endpoint).await {
                if let Err(kept) = self.discard(&id).await {
                    tracing::warn!(container = id.short(), cause = ?kept.cause, "a container that was made in vain stays");
                }
                return Err(refusal);
            }
        }
        Ok(id)
    }

    async fn connect(
        &self,
        id: &EngineContainerId,
        network: &str,
        endpoint: &Value,
    ) -> Result<(), WriteRefusal> {
        let network = path_segment(network);
        let body = json!({"Container": id.0, "EndpointConfig": endpoint});
        let change = Change::post(format!("/networks/{network}/connect"), Some(&body));
        self.send(Doing::Connect, change, CHANGE_LIMIT).await.map(drop)
    }

    /// Starts a container; one that runs already is left so.
    ///
    /// # Errors
    /// A [`WriteRefusal`] with the named cause.
    pub async fn start(&self, id: &EngineContainerId) -> Result<(), WriteRefusal> {
        let change = Change::post(container_path(id, "/start")?, None);
        self.send(Doing::Start, change, CHANGE_LIMIT).await.map(drop)
    }

    /// Stops a container by its own signal and within its own timeout; one that does not run is left so.
    ///
    /// # Errors
    /// A [`WriteRefusal`] with the named cause.
    pub async fn stop(&self, id: &EngineContainerId) -> Result<(), WriteRefusal> {
        let answer = self
            .inspected(&id.0)
            .await?
            .ok_or_else(WriteRefusal::container_is_gone)?;
        let own = match answer["Config"]["StopTimeout"].as_i64() {
            None => STOP_USUAL,
            Some(seconds) => u64::try_from(seconds).map_or(STOP_LIMIT, Duration::from_secs),
        };
        let limit = own.min(STOP_LIMIT) + STOP_MARGIN;
        let change = Change::post(container_path(id, "/stop")?, None);
        self.send(Doing::Stop, change, limit).await.map(drop)
    }

    /// Gives a container another name; one that has it already keeps it.
    ///
    /// # Errors
    /// A [`WriteRefusal`] with the named cause.
    pub async fn rename(&self, id: &EngineContainerId, name: &str) -> Result<(), WriteRefusal> {
        check_name(name)?;
        let path = container_path(id, &format!("/rename?name={name}"))?;
        let change = Change::post(path, None);
        match self.send(Doing::Rename, change, CHANGE_LIMIT).await {
            Err(refusal) if refusal.says("same name as its current name") => Ok(()),
            outcome => outcome.map(drop),
        }
    }

    /// Removes a container that does not run. Its volumes stay, also those without a name. One that is gone is gone.
    ///
    /// # Errors
    /// A [`WriteRefusal`] with the named cause; [`DeployCause::ChangedMeanwhile`] when it runs.
    pub async fn remove(&self, id: &EngineContainerId) -> Result<(), WriteRefusal> {
        self.delete(id, false).await
    }

    /// Removes a container that we created, whatever state it is in. Its volumes stay. One that is gone is gone.
    ///
    /// # Errors
    /// A [`WriteRefusal`] with the named cause.
    pub async fn discard(&self, id: &EngineContainerId) -> Result<(), WriteRefusal> {
        self.delete(id, true).await
    }

    async fn delete(&self, id: &EngineContainerId, force: bool) -> Result<(), WriteRefusal> {
        let path = container_path(id, &format!("?v=false&link=false&force={force}"))?;
        match self.send(Doing::Remove, Change::delete(path), CHANGE_LIMIT).await {
            Err(refusal) if refusal.says_gone() => Ok(()),
            outcome => outcome.map(drop),
        }
    }

    /// The inspection of a container, by id or name; `None` when there is none.
    async fn inspected(&self, id_or_name: &str) -> Result<Option<Value>, WriteRefusal> {
        check_name(id_or_name)?;
        let path = format!("/containers/{id_or_name}/json");
        let answer = self
            .connection
            .get(&path, INSPECT_MAX_BYTES)
            .await
            .map_err(WriteRefusal::of_fault)?;
        if answer.is_missing() {
            return Ok(None);
        }
        answer.json().map(Some).map_err(WriteRefusal::of_fault)
    }

    /// Says one change and reads what the engine says to it.
    async fn send(&self, doing: Doing, change: Change, timeout: Duration) -> Result<Answer, WriteRefusal> {
        tracing::debug!(change = %change, "said to the engine");
        let bounds = Bounds {
            max_bytes: ANSWER_MAX_BYTES,
            timeout,
        };
        let change = change.under(&self.connection.path(""));
        let answer = self
            .connection
            .transport()
            .change(change, bounds)
            .await
            .map_err(WriteRefusal::of_fault)?;
        if answer.is_success() || answer.is_unchanged() {
            Ok(answer)
        } else {
            Err(WriteRefusal::of_answer(doing, &answer))
        }
    }
}

fn container_path(id: &EngineContainerId, rest: &str) -> Result<String, WriteRefusal> {
    check_name(&id.0)?;
    Ok(format!("/containers/{id}{rest}"))
}

/// Refuses what would leave its place in a path.
fn check_name(name: &str) -> Result<(), WriteRefusal> {
    if is_engine_id(name) {
        Ok(())
    } else {
        Err(WriteRefusal::new(
            DeployCause::ConfigRefused,
            "a name or id that no engine takes",
        ))
    }
}

/// A name of a network, which may hold anything, as one part of a path.
fn path_segment(name: &str) -> String {
    url::form_urlencoded::byte_serialize(name.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

#[cfg(test)]
mod tests;
