//! A host as typed, judged before anything is stored or asked of it.

use std::path::PathBuf;

use roadstead_model::{Endpoint, EndpointError, TlsFiles};

use crate::wire::{HostDraft, TlsDraft, Wire, WireError};

/// Shortest tick interval, seconds.
pub(crate) const MIN_TICK_INTERVAL_S: u32 = 5;
/// Longest tick interval, seconds.
pub(crate) const MAX_TICK_INTERVAL_S: u32 = 300;
/// Longest name, characters.
const MAX_NAME_CHARS: usize = 80;

/// A draft that is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CheckedDraft {
    /// Trimmed, 1 to 80 characters.
    pub(crate) name: String,
    /// The customer label; the name when none was typed.
    pub(crate) customer: String,
    /// Where the engine listens.
    pub(crate) endpoint: Endpoint,
    /// Plain text was accepted.
    pub(crate) accept_plain_text: bool,
    /// Its own tick interval.
    pub(crate) tick_interval_s: Option<u32>,
}

/// The draft's endpoint alone: what a connection test needs.
///
/// # Errors
/// Names the field, what was wrong and what is allowed.
pub(crate) fn check_endpoint(draft: &HostDraft) -> Wire<Endpoint> {
    let endpoint = Endpoint::parse(&draft.address).map_err(|error| endpoint_error(&error))?;
    let endpoint = match (endpoint, &draft.tls) {
        (Endpoint::Tcp { host, port, .. }, Some(tls)) => Endpoint::Tcp {
            host,
            port,
            tls: Some(check_tls(tls)?),
        },
        (endpoint, _) => endpoint,
    };
    if endpoint.is_plain_text() && !draft.accept_plain_text {
        return Err(WireError::invalid(
            "accept_plain_text",
            "plain_text.not_accepted",
            "without certificates anyone on the way can read and control this engine: add certificates, use ssh, or \
             accept the risk",
        ));
    }
    Ok(endpoint)
}

/// The whole draft.
///
/// # Errors
/// Names the field, what was wrong and what is allowed.
pub(crate) fn check(draft: &HostDraft) -> Wire<CheckedDraft> {
    let name = check_label("name", &draft.name)?;
    if name.is_empty() {
        return Err(WireError::invalid("name", "name.empty", "a host needs a name"));
    }
    let customer = check_label("customer", &draft.customer)?;
    let endpoint = check_endpoint(draft)?;
    if let Some(seconds) = draft.tick_interval_s {
        check_tick_interval("tick_interval_s", seconds)?;
    }
    Ok(CheckedDraft {
        customer: if customer.is_empty() {
            name.clone()
        } else {
            customer
        },
        name,
        endpoint,
        accept_plain_text: draft.accept_plain_text,
        tick_interval_s: draft.tick_interval_s,
    })
}

/// A tick interval within its range.
///
/// # Errors
/// Outside of 5 to 300 seconds.
pub(crate) fn check_tick_interval(field: &str, seconds: u32) -> Wire<()> {
    if (MIN_TICK_INTERVAL_S..=MAX_TICK_INTERVAL_S).contains(&seconds) {
        return Ok(());
    }
    Err(WireError::out_of_range(
        field,
        seconds.into(),
        MIN_TICK_INTERVAL_S.into(),
        MAX_TICK_INTERVAL_S.into(),
        "s",
    ))
}

fn check_label(field: &str, text: &str) -> Wire<String> {
    let trimmed = text.trim();
    let count = trimmed.chars().count();
    if count > MAX_NAME_CHARS {
        return Err(WireError::invalid(
            field,
            "name.too_long",
            format!("{field} has {count} characters; at most {MAX_NAME_CHARS} are allowed"),
        )
        .with("count", count)
        .with("max", MAX_NAME_CHARS));
    }
    Ok(trimmed.chars().filter(|c| !c.is_control()).collect())
}

fn check_tls(draft: &TlsDraft) -> Wire<TlsFiles> {
    let file = |field: &str, text: &str| {
        let path = PathBuf::from(text.trim());
        if text.trim().is_empty() {
            return Err(WireError::invalid(
                field,
                "tls.missing",
                "this certificate file is missing",
            ));
        }
        match std::fs::File::open(&path).and_then(|file| file.metadata()) {
            Ok(metadata) if metadata.is_file() => Ok(path),
            Ok(_) => Err(
                WireError::invalid(field, "tls.unreadable", "this is a folder, not a file")
                    .with("reason", "a folder, not a file"),
            ),
            Err(error) => {
                Err(
                    WireError::invalid(field, "tls.unreadable", format!("cannot be read: {error}"))
                        .with("reason", error),
                )
            }
        }
    };
    Ok(TlsFiles {
        ca: file("tls.ca", &draft.ca)?,
        cert: file("tls.cert", &draft.cert)?,
        key: file("tls.key", &draft.key)?,
    })
}

/// Why an address was refused, for the window.
pub(crate) fn endpoint_error(error: &EndpointError) -> WireError {
    let (key, value) = match error {
        EndpointError::UnknownScheme(text) => ("endpoint.unknown_scheme", text.as_str()),
        EndpointError::RelativeSocket => ("endpoint.relative_socket", ""),
        EndpointError::NoHost(example) => ("endpoint.no_host", *example),
        EndpointError::BadPort(text) => ("endpoint.bad_port", text.as_str()),
        EndpointError::Password => ("endpoint.password", ""),
        EndpointError::BadHost(text) => ("endpoint.bad_host", text.as_str()),
        EndpointError::UnexpectedPath => ("endpoint.unexpected_path", ""),
    };
    WireError::invalid("address", key, error.to_string()).with("value", value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(address: &str) -> HostDraft {
        HostDraft {
            name: " nas ".into(),
            customer: String::new(),
            address: address.into(),
            tls: None,
            accept_plain_text: false,
            tick_interval_s: None,
        }
    }

    #[test]
    fn the_customer_label_defaults_to_the_name() {
        let checked = check(&draft("unix:///run/x.sock")).unwrap();
        assert_eq!((checked.name.as_str(), checked.customer.as_str()), ("nas", "nas"));
    }

    #[test]
    fn plain_tcp_needs_the_warning_to_be_accepted() {
        let error = check(&draft("tcp://10.0.0.5:2375")).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("accept_plain_text"));
        assert!(
            check(&HostDraft {
                accept_plain_text: true,
                ..draft("tcp://10.0.0.5:2375")
            })
            .is_ok()
        );
    }

    #[test]
    fn each_bad_field_is_named() {
        let field = |draft: HostDraft| check(&draft).unwrap_err().field.unwrap();
        assert_eq!(field(draft("ftp://x")), "address");
        assert_eq!(
            field(HostDraft {
                name: "  ".into(),
                ..draft("ssh://x")
            }),
            "name"
        );
        assert_eq!(
            field(HostDraft {
                name: "x".repeat(81),
                ..draft("ssh://x")
            }),
            "name"
        );
        assert_eq!(
            field(HostDraft {
                tick_interval_s: Some(4),
                ..draft("ssh://x")
            }),
            "tick_interval_s"
        );
        assert_eq!(
            field(HostDraft {
                tick_interval_s: Some(301),
                ..draft("ssh://x")
            }),
            "tick_interval_s"
        );
        let tls = TlsDraft {
            ca: "/nowhere/ca.pem".into(),
            cert: String::new(),
            key: String::new(),
        };
        assert_eq!(
            field(HostDraft {
                tls: Some(tls),
                ..draft("tcp://x")
            }),
            "tls.ca"
        );
    }
}
