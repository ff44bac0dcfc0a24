//! Errors of sockets, TLS and HTTP into named causes.
//!
//! Every error is judged by its types along the `source()` chain, never by its text, which changes between releases.

use std::error::Error;
use std::io;

use roadstead_model::{Fault, FaultCause};
use rustls::{AlertDescription, CertificateError};

use crate::text::redact;

/// A fault with this cause and the redacted text.
pub(crate) fn fault(cause: FaultCause, detail: impl AsRef<str>) -> Fault {
    Fault::new(cause, &redact(detail.as_ref()))
}

/// Cause of a failed dial or an interrupted talk.
pub(crate) fn of_io(error: &io::Error) -> FaultCause {
    use io::ErrorKind as K;
    if let Some(tls) = tls_error(error) {
        return of_tls(tls);
    }
    match error.kind() {
        K::ConnectionRefused => FaultCause::Refused,
        K::PermissionDenied => FaultCause::PermissionDenied,
        K::NotFound => FaultCause::SocketMissing,
        K::TimedOut => FaultCause::TimedOut,
        K::HostUnreachable | K::NetworkUnreachable | K::NetworkDown | K::AddrNotAvailable => {
            FaultCause::NetworkUnreachable
        }
        K::ConnectionReset | K::ConnectionAborted | K::BrokenPipe | K::UnexpectedEof | K::NotConnected => {
            FaultCause::ConnectionLost
        }
        _ => FaultCause::Other,
    }
}

/// Cause of a TLS failure. Every alert the other side sends us is its verdict on our side of the handshake.
pub(crate) fn of_tls(error: &rustls::Error) -> FaultCause {
    use rustls::Error as E;
    match error {
        E::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => FaultCause::TlsName,
        E::InvalidCertificate(_) | E::NoCertificatesPresented => FaultCause::TlsCa,
        E::AlertReceived(
            AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateRequired
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::NoCertificate
            | AlertDescription::DecryptError
            | AlertDescription::HandshakeFailure,
        ) => FaultCause::TlsClientRefused,
        // What came back is not TLS at all: an engine without TLS, or another kind of server.
        E::InvalidMessage(_) => FaultCause::NotAnEngine,
        _ => FaultCause::Other,
    }
}

/// Cause of an HTTP failure.
pub(crate) fn of_hyper(error: &hyper::Error) -> Fault {
    let mut source: Option<&(dyn Error + 'static)> = error.source();
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            let cause = of_io(io);
            if cause != FaultCause::Other {
                return fault(cause, io.to_string());
            }
        }
        source = inner.source();
    }
    if error.is_timeout() {
        fault(FaultCause::TimedOut, error.to_string())
    } else if error.is_parse_too_large() {
        fault(FaultCause::AnswerTooLarge, "the head of the answer is too large")
    } else if error.is_parse() {
        fault(FaultCause::BadAnswer, format!("not an HTTP answer: {error}"))
    } else {
        // Cancelled, closed, incomplete: the talk ended before the answer did.
        fault(FaultCause::ConnectionLost, chain(error))
    }
}

/// The fault of a failed dial.
pub(crate) fn of_dial(error: &io::Error) -> Fault {
    fault(of_io(error), error.to_string())
}

/// The rustls error inside an io error, if one is. `io::Error::source` skips the error it wraps, hence `get_ref`.
fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    let mut inner: &(dyn Error + 'static) = error.get_ref()?;
    loop {
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        inner = match inner.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => wrapped,
            None => inner.source()?,
        };
    }
}

/// An error and its sources on one line.
fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        line.push_str(": ");
        line.push_str(&inner.to_string());
        source = inner.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tls_error_is_found_inside_nested_io_errors() {
        let tls = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let nested = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, tls));
        assert_eq!(of_io(&nested), FaultCause::TlsCa);
    }

    #[test]
    fn alerts_are_the_other_sides_verdict_on_our_certificate() {
        for alert in [AlertDescription::CertificateRequired, AlertDescription::UnknownCA] {
            assert_eq!(
                of_tls(&rustls::Error::AlertReceived(alert)),
                FaultCause::TlsClientRefused
            );
        }
    }

    #[test]
    fn socket_errors_have_names() {
        for (kind, cause) in [
            (io::ErrorKind::ConnectionRefused, FaultCause::Refused),
            (io::ErrorKind::PermissionDenied, FaultCause::PermissionDenied),
            (io::ErrorKind::NotFound, FaultCause::SocketMissing),
            (io::ErrorKind::HostUnreachable, FaultCause::NetworkUnreachable),
            (io::ErrorKind::ConnectionReset, FaultCause::ConnectionLost),
        ] {
            assert_eq!(of_io(&io::Error::from(kind)), cause, "{kind:?}");
        }
    }
}
