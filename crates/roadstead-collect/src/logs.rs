//! One container's log, as the engine keeps it: bytes in pieces, with stamps, from a moment on.
//!
//! What the bytes mean (frames, lines, events) is not this room's business, and neither is where to go on next time.

use std::time::Duration;

use bytes::Bytes;
use hyper::header::DATE;
use roadstead_model::{EngineContainerId, Fault, FaultCause};

use crate::transport::{Streamed, Transport, fault, refusal};
use crate::version::EngineKind;

const NANOS_A_SECOND: i64 = 1_000_000_000;

/// Which part of a log is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogRequest {
    /// Lines with this stamp and later ones, nanoseconds since 1970 UTC. Some engines round it down to a second.
    pub since_ns: i64,
    /// Of these, only those among the last so many lines of the whole log: cheap on a long log, because the engine
    /// then reads it from its end. Left out for engines that are not known to count so.
    pub tail: Option<u32>,
}

/// Why there is no log to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogRefusal {
    /// The container is not there any more.
    Gone,
    /// Its log driver keeps nothing that the engine could give back.
    NotKept,
    /// Anything else.
    Failed(Fault),
}

/// The bytes of a log. Dropped before its end, it closes its connection; at its end the connection is used again.
pub struct LogStream {
    bytes: Streamed,
    engine_time_ms: Option<i64>,
}

impl LogStream {
    /// The engine's clock when it began to answer, UTC epoch milliseconds to the second; absent when it did not say.
    #[must_use]
    pub fn engine_time_ms(&self) -> Option<i64> {
        self.engine_time_ms
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// A [`Fault`] with the named cause when the rest cannot come.
    pub async fn next(&mut self) -> Option<Result<Bytes, Fault>> {
        self.bytes.next().await
    }
}

/// Asks for a log; `timeout` is for the head of the answer.
pub(crate) async fn read(
    transport: &Transport,
    kind: EngineKind,
    path: String,
    request: LogRequest,
    timeout: Duration,
) -> Result<LogStream, LogRefusal> {
    let path = format!("{path}?{}", query(kind, request));
    let (response, hold) = transport
        .get_endless(&path, timeout)
        .await
        .map_err(LogRefusal::Failed)?;
    let engine_time_ms = response
        .headers()
        .get(DATE)
        .and_then(|date| date.to_str().ok())
        .and_then(|date| chrono::DateTime::parse_from_rfc2822(date).ok())
        .map(|date| date.timestamp_millis());
    if response.status().is_success() {
        return Ok(LogStream {
            bytes: Streamed::of(response, hold),
            engine_time_ms,
        });
    }
    let status = response.status();
    let answer = refusal(response, hold, timeout)
        .await
        .map_err(LogRefusal::Failed)?;
    if answer.is_missing() {
        return Err(LogRefusal::Gone);
    }
    match answer.body() {
        Err(fault) if says_not_kept(&fault) => Err(LogRefusal::NotKept),
        Err(fault) => Err(LogRefusal::Failed(fault)),
        Ok(_) => Err(LogRefusal::Failed(fault(
            FaultCause::BadAnswer,
            format!("answered {status}"),
        ))),
    }
}

/// Docker's words for a log driver that keeps nothing, and Podman's.
fn says_not_kept(fault: &Fault) -> bool {
    fault.cause == FaultCause::EngineError
        && [
            "does not support reading",
            "NoneLogDriver",
            "log driver none",
            "'none' log driver",
            "using the 'none'",
        ]
        .iter()
        .any(|words| fault.detail.contains(words))
}

fn query(kind: EngineKind, request: LogRequest) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("stdout", "1");
    query.append_pair("stderr", "1");
    query.append_pair("timestamps", "1");
    let (seconds, nanos) = (
        request.since_ns.div_euclid(NANOS_A_SECOND).max(0),
        request.since_ns.rem_euclid(NANOS_A_SECOND),
    );
    match kind {
        EngineKind::Docker => {
            query.append_pair("since", &format!("{seconds}.{nanos:09}"));
            if let Some(tail) = request.tail {
                query.append_pair("tail", &tail.to_string());
            }
        }
        // Podman reads whole seconds, and counts its last lines after a filter of its own.
        EngineKind::Podman => {
            query.append_pair("since", &seconds.to_string());
        }
    }
    query.finish()
}

/// The path of a container's log.
pub(crate) fn path(container: &EngineContainerId) -> String {
    format!("/containers/{container}/logs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_asked_for_to_the_nanosecond_where_the_engine_reads_it_so() {
        let request = LogRequest {
            since_ns: 1_767_366_245_000_000_042,
            tail: Some(200),
        };
        assert_eq!(
            query(EngineKind::Docker, request),
            "stdout=1&stderr=1&timestamps=1&since=1767366245.000000042&tail=200"
        );
        assert_eq!(
            query(EngineKind::Podman, request),
            "stdout=1&stderr=1&timestamps=1&since=1767366245"
        );
    }

    #[test]
    fn a_driver_that_keeps_nothing_is_told_from_other_failures() {
        let said = |detail: &str| says_not_kept(&fault(FaultCause::EngineError, detail));
        assert!(said("501: configured logging driver does not support reading"));
        assert!(!said("500: input/output error"));
    }
}
