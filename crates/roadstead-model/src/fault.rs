//! Why a host cannot be reached, by name.

use serde::{Deserialize, Serialize};

/// The named causes a connection can fail for. The window has a title and an advice for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum FaultCause {
    /// Nothing listens there.
    Refused,
    /// No answer within the time allowed.
    TimedOut,
    /// The host name is unknown.
    NameNotFound,
    /// No route to the machine, or its network is down.
    NetworkUnreachable,
    /// The socket file does not exist.
    SocketMissing,
    /// The user may not open the socket.
    PermissionDenied,
    /// The system has no `ssh` program.
    SshMissing,
    /// The machine refused every key offered.
    SshKeyRefused,
    /// The machine's host key is not in known_hosts.
    SshHostKeyUnknown,
    /// The machine's host key differs from the one in known_hosts.
    SshHostKeyChanged,
    /// ssh works, but the server does not forward sockets.
    ForwardingRefused,
    /// ssh ended for another reason.
    SshFailed,
    /// The engine's certificate is for another name.
    TlsName,
    /// The engine's certificate is signed by another authority, expired, or not valid yet.
    TlsCa,
    /// The engine did not accept our certificate, or wants one.
    TlsClientRefused,
    /// A certificate file of ours is missing or unreadable.
    CertificateUnreadable,
    /// Something answers, but it is no Docker engine.
    NotAnEngine,
    /// The engine speaks only an API older than we need.
    ApiTooOld,
    /// The engine answered with an error of its own.
    EngineError,
    /// The answer was cut off or the connection dropped.
    ConnectionLost,
    /// The answer could not be understood.
    BadAnswer,
    /// The answer was larger than any sane one.
    AnswerTooLarge,
    /// None of the above; the detail says more.
    Other,
}

/// A named cause and one line of detail, redacted: never a secret, never raw bytes of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Fault {
    /// The cause.
    pub cause: FaultCause,
    /// One line, at most 300 characters, for the curious.
    pub detail: String,
}

impl Fault {
    /// A fault whose detail is the first line of `detail`, without control characters, cut at 300 characters.
    #[must_use]
    pub fn new(cause: FaultCause, detail: &str) -> Self {
        let line = detail
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or_default();
        Self {
            cause,
            detail: line
                .trim()
                .chars()
                .filter(|c| !c.is_control())
                .take(300)
                .collect(),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}: {}", self.cause, self.detail)
    }
}

impl std::error::Error for Fault {}
