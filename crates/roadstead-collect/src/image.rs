//! What an engine says of an image: the digest a registry knows it by, its age, and the settings it brings to containers.
//!
//! An image never changes under its id, so each is asked about once. Only what a container refers to is remembered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use roadstead_model::{Fault, FaultCause};
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use crate::EngineConnection;
use crate::container::time_ms;
use crate::given::{object, texts};
use crate::reference::{digest_of, is_image_id};
use crate::text::{TEXT_CHARS, clean};
use crate::transport::{fault, parse};

/// Largest inspection of an image.
const IMAGE_MAX_BYTES: usize = 4 * 1024 * 1024;
/// Digests kept of one image: one for each repository it was pulled from or pushed to.
const DIGESTS_KEPT: usize = 64;
/// Parts of an image's configuration that containers take over.
const TAKEN_OVER: [&str; 11] = [
    "Cmd",
    "Entrypoint",
    "Env",
    "ExposedPorts",
    "Healthcheck",
    "Labels",
    "Shell",
    "StopSignal",
    "User",
    "Volumes",
    "WorkingDir",
];

/// The answer of an image's inspection, as far as it is read.
#[derive(Clone)]
pub(crate) struct ImageAnswer {
    pub(crate) id: String,
    /// `repository@sha256:…`, as listed.
    pub(crate) digests: Vec<String>,
    pub(crate) created_ms: Option<i64>,
    pub(crate) size_bytes: Option<u64>,
    /// What containers take over from it.
    pub(crate) config: Map<String, Value>,
}

impl ImageAnswer {
    /// Reads the answer of an inspection.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Fault> {
        let answer: Value = parse(body)?;
        let id = answer["Id"].as_str().unwrap_or_default();
        if !is_image_id(id) {
            return Err(fault(
                FaultCause::BadAnswer,
                "an image id that is not an engine's",
            ));
        }
        let mut config = object(&answer["Config"]).clone();
        config.retain(|name, value| !value.is_null() && TAKEN_OVER.contains(&name.as_str()));
        Ok(Self {
            id: id.to_owned(),
            digests: texts(answer.get("RepoDigests"))
                .take(DIGESTS_KEPT)
                .map(|digest| clean(digest, TEXT_CHARS))
                .collect(),
            created_ms: answer["Created"].as_str().and_then(time_ms),
            size_bytes: answer["Size"].as_u64(),
            config,
        })
    }
}

/// What the facts of a container say of its image.
#[derive(Clone)]
pub(crate) struct ImageSeen {
    pub(crate) digest: Option<String>,
    pub(crate) created_ms: Option<i64>,
    /// As text: it is kept for each image of each host and seldom looked at, and takes several times as much when read.
    pub(crate) config: Arc<str>,
}

impl ImageSeen {
    /// What containers take over from it.
    pub(crate) fn config(&self) -> Map<String, Value> {
        // We wrote it ourselves, so it can be read.
        serde_json::from_str(&self.config).unwrap_or_default()
    }
}

/// An image's id and the reference it was asked for by.
pub(crate) type ImageKey = (String, String);

/// The cell is empty until somebody's question was answered; `None` inside: the engine does not have the image any more.
type Cell = Arc<OnceCell<Option<ImageSeen>>>;

/// The images of one host's containers.
#[derive(Default)]
pub(crate) struct Images {
    seen: Mutex<BTreeMap<ImageKey, Cell>>,
}

impl Images {
    /// What is known of an image; asks for it when nothing is. However many containers ask at once, the engine is asked
    /// once.
    ///
    /// # Errors
    /// Whatever kept the engine from answering: it may be asked again.
    pub(crate) async fn of(
        &self,
        connection: &EngineConnection,
        key: ImageKey,
    ) -> Result<Option<ImageSeen>, Fault> {
        if !is_image_id(&key.0) {
            return Ok(None);
        }
        let path = format!("/images/{}/json", key.0);
        let reference = key.1.clone();
        let cell = Arc::clone(
            self.seen
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(key)
                .or_default(),
        );
        let seen = cell
            .get_or_try_init(async || {
                let answer = connection.get(&path, IMAGE_MAX_BYTES).await?;
                if answer.is_missing() {
                    return Ok::<_, Fault>(None);
                }
                let image = ImageAnswer::read(answer.body()?)?;
                Ok(Some(ImageSeen {
                    digest: digest_of(&reference, &image.digests),
                    created_ms: image.created_ms,
                    config: Value::Object(image.config).to_string().into(),
                }))
            })
            .await?;
        Ok(seen.clone())
    }

    /// Forgets what no container refers to.
    pub(crate) fn keep_only(&mut self, used: &BTreeSet<ImageKey>) {
        self.seen
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|key, _| used.contains(key));
    }
}

impl std::fmt::Debug for Images {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_list().entries(seen.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "sha256:f1850bfcbb8720f591d0f5c2d05944dd858b7e0cdb75a449f445b4b44b68856a";

    #[test]
    fn an_image_is_read_and_what_it_brings_is_kept() {
        let answer = serde_json::json!({
            "Id": ID, "RepoDigests": ["shop@sha256:1"], "Created": "2026-01-01T00:00:00Z", "Size": 5,
            "Config": {"Env": ["A=1"], "WorkingDir": "/app", "Cmd": null, "Hostname": "builder"},
        });
        let image = ImageAnswer::read(answer.to_string().as_bytes()).unwrap();
        assert_eq!((image.id.as_str(), image.size_bytes), (ID, Some(5)));
        assert_eq!(image.created_ms, Some(1_767_225_600_000));
        assert_eq!(
            image.config.keys().collect::<BTreeSet<_>>(),
            BTreeSet::from([&"Env".to_owned(), &"WorkingDir".to_owned()])
        );
    }

    #[test]
    fn an_image_without_an_age_has_none() {
        let answer = serde_json::json!({"Id": ID, "Created": "1970-01-01T00:00:00Z", "RepoDigests": null});
        let image = ImageAnswer::read(answer.to_string().as_bytes()).unwrap();
        assert_eq!((image.created_ms, image.digests.len()), (None, 0));
        assert!(ImageAnswer::read(br#"{"Id":"../../info"}"#).is_err());
    }
}
