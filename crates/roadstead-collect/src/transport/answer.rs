//! A whole answer, and what its status means.

use bytes::Bytes;
use hyper::StatusCode;
use roadstead_model::{Fault, FaultCause};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::cause::fault;

/// A whole answer of an engine.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(super) status: StatusCode,
    pub(super) is_html: bool,
    pub(super) body: Bytes,
}

/// The engine's own error body.
#[derive(Deserialize)]
struct EngineMessage {
    message: String,
}

impl Answer {
    /// An answer whose body was read elsewhere.
    pub(crate) fn of(status: StatusCode, body: Bytes) -> Self {
        Self {
            status,
            is_html: false,
            body,
        }
    }

    /// Status, and what the engine says of it: its message, or that there is none.
    pub(crate) fn said(&self) -> (u16, String) {
        let message = serde_json::from_slice::<EngineMessage>(&self.body)
            .map_or_else(|_| format!("answered {}", self.status), |said| said.message);
        (self.status.as_u16(), message)
    }

    /// Whether it was done.
    pub(crate) fn is_success(&self) -> bool {
        self.status.is_success() && !self.is_html
    }

    /// Whether it was so already.
    pub(crate) fn is_unchanged(&self) -> bool {
        self.status == StatusCode::NOT_MODIFIED
    }

    /// Whether the thing asked for does not exist.
    pub(crate) fn is_missing(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }

    /// The body, when the engine answered with success.
    ///
    /// # Errors
    /// `EngineError` with the engine's own message; `BadAnswer` for redirects and pages.
    pub(crate) fn body(&self) -> Result<&Bytes, Fault> {
        if self.status.is_success() && !self.is_html {
            return Ok(&self.body);
        }
        if let Ok(said) = serde_json::from_slice::<EngineMessage>(&self.body)
            && !self.status.is_success()
        {
            let detail = format!("{}: {}", self.status.as_u16(), said.message);
            return Err(fault(FaultCause::EngineError, detail));
        }
        let cause = if (self.status.is_server_error() || self.status.is_client_error()) && !self.is_html {
            FaultCause::EngineError
        } else {
            FaultCause::BadAnswer
        };
        Err(fault(cause, format!("answered {}", self.status)))
    }

    /// The body read as JSON.
    ///
    /// # Errors
    /// As [`body`](Self::body), and `BadAnswer` when it is not the JSON expected. Nothing of the body is repeated.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        parse(self.body()?)
    }

    /// Why this first answer cannot come from an engine, if it cannot.
    pub(crate) fn stranger(&self) -> Option<Fault> {
        let said = String::from_utf8_lossy(self.body.get(..200).unwrap_or(&self.body));
        if self.status == StatusCode::BAD_REQUEST && said.contains("HTTP request to an HTTPS server") {
            return Some(fault(
                FaultCause::TlsClientRefused,
                "the engine wants TLS with a client certificate",
            ));
        }
        let is_stranger = self.is_html
            || self.status.is_redirection()
            || self.status.is_informational()
            || (self.status.is_client_error()
                && !matches!(self.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN));
        is_stranger.then(|| {
            let what = if self.is_html { "a web page" } else { "no version" };
            fault(
                FaultCause::NotAnEngine,
                format!("answered {} with {what}", self.status),
            )
        })
    }
}

/// JSON of an answer. The error says where, never what: bodies hold names and environment.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|error| {
        fault(
            FaultCause::BadAnswer,
            format!(
                "not the JSON expected, at line {} column {} of {} bytes",
                error.line(),
                error.column(),
                body.len()
            ),
        )
    })
}
