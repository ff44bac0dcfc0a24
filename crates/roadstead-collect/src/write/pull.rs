//! A pull, told as it goes. The engine answers with success before it has begun, so what counts is what it says after.

use std::collections::HashMap;
use std::time::Duration;

use bytes::BytesMut;
use roadstead_model::DeployCause;
use serde::Deserialize;

use super::causes::Doing;
use super::login::Login;
use super::{Change, ImageFacts, WriteRefusal, Writer};
use crate::reference::Reference;
use crate::transport::{Streamed, refusal};

/// Longest line of a pull's answer.
const LINE_MAX_BYTES: usize = 64 * 1024;
/// Layers whose progress is counted.
const LAYERS_MAX: usize = 1024;
/// Longest silence of an engine that pulls: it says nothing while it unpacks a large layer.
const SILENCE_LIMIT: Duration = Duration::from_secs(600);
/// Time for a pull in all.
const PULL_LIMIT: Duration = Duration::from_secs(6 * 3600);

/// How far a pull is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PullProgress {
    /// Bytes that are here, of the layers that are not known to have been here before.
    pub done_bytes: u64,
    /// Bytes in all, as far as the engine has said: it grows in the beginning.
    pub total_bytes: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    progress_detail: Option<Detail>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    error_detail: Option<ErrorDetail>,
}

#[derive(Deserialize)]
struct Detail {
    #[serde(default)]
    current: Option<u64>,
    #[serde(default)]
    total: Option<u64>,
}

#[derive(Deserialize)]
struct ErrorDetail {
    #[serde(default)]
    message: Option<String>,
}

/// What the lines say together.
#[derive(Default)]
struct Told {
    layers: HashMap<String, (u64, u64)>,
    /// What the registry called what was pulled.
    digest: Option<String>,
}

impl Told {
    /// Takes in a line; an error in it ends the pull.
    fn take(&mut self, line: &[u8]) -> Result<(), WriteRefusal> {
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        let line: Line = serde_json::from_slice(line).map_err(|_| {
            WriteRefusal::new(
                DeployCause::PullFailed,
                "the engine told of a pull in words we do not know",
            )
        })?;
        let error = line
            .error_detail
            .and_then(|detail| detail.message)
            .or(line.error)
            .filter(|message| !message.is_empty());
        if let Some(message) = error {
            return Err(WriteRefusal::of_words(Doing::Pull, 200, &message));
        }
        let status = line.status.unwrap_or_default();
        if let Some(digest) = status.strip_prefix("Digest: ") {
            self.digest = Some(digest.trim().to_owned());
        }
        let Some(layer) = line.id else {
            return Ok(());
        };
        if status == "Downloading" {
            let detail = line.progress_detail;
            let (current, total) = detail.map_or((None, None), |detail| (detail.current, detail.total));
            if let (Some(current), Some(total)) = (current, total)
                && (self.layers.len() < LAYERS_MAX || self.layers.contains_key(&layer))
            {
                self.layers.insert(layer, (current.min(total), total));
            }
        } else if matches!(
            status.as_str(),
            "Download complete" | "Pull complete" | "Verifying Checksum"
        ) && let Some((done, total)) = self.layers.get_mut(&layer)
        {
            *done = *total;
        }
        Ok(())
    }

    fn progress(&self) -> PullProgress {
        let sum = |of: fn(&(u64, u64)) -> u64| self.layers.values().map(of).fold(0, u64::saturating_add);
        PullProgress {
            done_bytes: sum(|layer| layer.0),
            total_bytes: sum(|layer| layer.1),
        }
    }
}

impl Writer {
    /// Pulls an image by tag or digest, with the operator's own login of its registry. A reference without either means
    /// `latest`. Dropping the future ends the pull.
    ///
    /// `progress` is called with each change, many times a second.
    ///
    /// # Errors
    /// A [`WriteRefusal`] with the named cause; [`DeployCause::DigestDiffers`] when the engine then has no image of the
    /// digest that was asked for.
    pub async fn pull(
        &self,
        reference: &str,
        progress: impl FnMut(PullProgress) + Send,
    ) -> Result<ImageFacts, WriteRefusal> {
        let asked = Reference::parse(reference)
            .ok_or_else(|| WriteRefusal::new(DeployCause::ImageNotFound, "not a reference of an image"))?;
        let login = Login::find(&self.registry, &asked.registry).await;
        let pulled = tokio::time::timeout(PULL_LIMIT, self.pulled(&asked, &login, progress))
            .await
            .unwrap_or_else(|_| {
                Err(WriteRefusal::new(
                    DeployCause::TimedOut,
                    "the pull took longer than it may",
                ))
            });
        let digest = pulled.map_err(|refusal| login.explain(refusal))?;
        self.checked(reference, &asked, digest).await
    }

    /// Pulls; what the registry called it then.
    async fn pulled(
        &self,
        asked: &Reference,
        login: &Login,
        mut progress: impl FnMut(PullProgress) + Send,
    ) -> Result<Option<String>, WriteRefusal> {
        // Without a tag an engine would pull them all.
        let tag = asked
            .digest
            .as_deref()
            .or(asked.tag.as_deref())
            .unwrap_or("latest");
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("fromImage", &asked.name)
            .append_pair("tag", tag)
            .finish();
        let change = Change::post(format!("/images/create?{query}"), None).with(login);
        tracing::debug!(%change, "said to the engine");
        let change = change.under(&self.connection.path(""));
        let transport = self.connection.transport();
        let (response, hold) = transport
            .change_endless(change, SILENCE_LIMIT)
            .await
            .map_err(WriteRefusal::of_fault)?;
        if !response.status().is_success() {
            let answer = refusal(response, hold, SILENCE_LIMIT)
                .await
                .map_err(WriteRefusal::of_fault)?;
            return Err(WriteRefusal::of_answer(Doing::Pull, &answer));
        }
        let mut lines = Lines::of(Streamed::of(response, hold));
        let mut told = Told::default();
        let mut last = PullProgress::default();
        while let Some(line) = lines.next().await? {
            told.take(&line)?;
            let now = told.progress();
            if now != last {
                last = now;
                progress(now);
            }
        }
        Ok(told.digest)
    }

    /// The image that the engine has now, which must be the one asked for.
    async fn checked(
        &self,
        reference: &str,
        asked: &Reference,
        digest: Option<String>,
    ) -> Result<ImageFacts, WriteRefusal> {
        let mut image = self
            .image(reference)
            .await
            .map_err(WriteRefusal::of_fault)?
            .ok_or_else(|| match &asked.digest {
                Some(_) => WriteRefusal::new(
                    DeployCause::DigestDiffers,
                    "pulled, and the engine has nothing under this digest",
                ),
                None => WriteRefusal::new(
                    DeployCause::PullFailed,
                    "pulled, and the engine has nothing under this name",
                ),
            })?;
        if let Some(wanted) = &asked.digest {
            let has_it = image.digests.iter().any(|known| known.ends_with(wanted.as_str()));
            if !has_it || digest.as_ref().is_some_and(|told| told != wanted) {
                return Err(WriteRefusal::new(
                    DeployCause::DigestDiffers,
                    "what the engine pulled is not of this digest",
                ));
            }
        }
        // An image may have several digests in one repository: this one can be pulled.
        if let Some(told) = digest {
            image.digests.sort_by_key(|known| {
                let repository = Reference::parse(known);
                !(known.ends_with(&told) && repository.is_some_and(|known| known.is_same_repository(asked)))
            });
        }
        Ok(image)
    }
}

/// Lines of a streamed answer.
struct Lines {
    pieces: Streamed,
    unread: BytesMut,
    is_over: bool,
}

impl Lines {
    fn of(pieces: Streamed) -> Self {
        Self {
            pieces,
            unread: BytesMut::new(),
            is_over: false,
        }
    }

    /// The next line, the last one also without an end; `None` after it.
    async fn next(&mut self) -> Result<Option<BytesMut>, WriteRefusal> {
        loop {
            if let Some(at) = self.unread.iter().position(|byte| *byte == b'\n') {
                return Ok(Some(self.unread.split_to(at + 1)));
            }
            if self.unread.len() > LINE_MAX_BYTES {
                return Err(WriteRefusal::new(
                    DeployCause::PullFailed,
                    "the engine told of a pull in a line without end",
                ));
            }
            if self.is_over {
                let rest = self.unread.split();
                return Ok((!rest.is_empty()).then_some(rest));
            }
            match tokio::time::timeout(SILENCE_LIMIT, self.pieces.next()).await {
                Err(_) => {
                    return Err(WriteRefusal::new(
                        DeployCause::TimedOut,
                        "the engine said nothing more of the pull",
                    ));
                }
                Ok(None) => self.is_over = true,
                Ok(Some(piece)) => self
                    .unread
                    .extend_from_slice(&piece.map_err(WriteRefusal::of_fault)?),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &[&str]) -> Result<Told, WriteRefusal> {
        let mut told = Told::default();
        for line in lines {
            told.take(line.as_bytes())?;
        }
        Ok(told)
    }

    #[test]
    fn progress_is_the_sum_of_the_layers_that_are_loaded() {
        let told = told(&[
            r#"{"status":"Pulling from app","id":"1"}"#,
            r#"{"status":"Already exists","progressDetail":{},"id":"a"}"#,
            r#"{"status":"Downloading","progressDetail":{"current":10,"total":100},"id":"b"}"#,
            r#"{"status":"Downloading","progressDetail":{"current":5,"total":50},"id":"c"}"#,
            r#"{"status":"Download complete","progressDetail":{},"id":"c"}"#,
            r#"{"status":"Extracting","progressDetail":{"current":1,"total":50},"id":"c"}"#,
            "\r\n",
            r#"{"status":"Digest: sha256:12"}"#,
        ])
        .unwrap();
        let progress = told.progress();
        assert_eq!((progress.done_bytes, progress.total_bytes), (60, 150));
        assert_eq!(told.digest.as_deref(), Some("sha256:12"));
    }

    #[test]
    fn an_error_among_good_news_is_a_refusal() {
        for line in [
            r#"{"errorDetail":{"message":"manifest unknown"},"error":"manifest unknown"}"#,
            r#"{"error":"manifest unknown"}"#,
        ] {
            let refusal = told(&[r#"{"status":"Pulling from app","id":"1"}"#, line])
                .err()
                .unwrap();
            assert_eq!(refusal.cause, DeployCause::ImageNotFound);
        }
        assert_eq!(
            told(&["<html>"]).err().unwrap().cause,
            DeployCause::PullFailed,
            "what is not understood is no success"
        );
    }

    #[test]
    fn an_engine_with_endless_layers_is_not_remembered_endlessly() {
        let mut told = Told::default();
        for layer in 0..LAYERS_MAX * 2 {
            let line = format!(
                r#"{{"status":"Downloading","progressDetail":{{"current":18446744073709551615,"total":18446744073709551615}},"id":"{layer}"}}"#
            );
            told.take(line.as_bytes()).unwrap();
        }
        assert_eq!(told.layers.len(), LAYERS_MAX);
        assert_eq!(told.progress().total_bytes, u64::MAX);
    }
}
