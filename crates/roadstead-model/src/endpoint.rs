//! Where a host's engine listens, as an operator types it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Certificate files of a TLS endpoint. Paths only: the material stays where the operator keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TlsFiles {
    /// Certificate authority that signed the engine's certificate.
    pub ca: PathBuf,
    /// Our certificate.
    pub cert: PathBuf,
    /// Key of our certificate.
    pub key: PathBuf,
}

/// Where a host's engine listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Endpoint {
    /// A unix socket on this machine.
    Unix {
        /// Absolute path of the socket.
        path: PathBuf,
    },
    /// TCP with client certificates, or plain after a warning.
    Tcp {
        /// Host name or address (IPv6 without brackets).
        host: String,
        /// Port.
        port: u16,
        /// Certificates; absent means plain text that anyone on the way can read and alter.
        tls: Option<TlsFiles>,
    },
    /// The engine's socket on another machine, forwarded by the system's `ssh`.
    Ssh {
        /// `host`, `user@host` or any alias of the operator's ssh_config.
        destination: String,
        /// Port, when given.
        port: Option<u16>,
        /// Remote socket path, when not the engine's default.
        socket: Option<PathBuf>,
    },
}

/// Why an address was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// No scheme, or one we do not speak.
    #[error("“{0}” is not an address we can reach: start with unix://, tcp:// or ssh://")]
    UnknownScheme(String),
    /// The socket path is missing or not absolute.
    #[error("a unix socket needs an absolute path, such as unix:///var/run/docker.sock")]
    RelativeSocket,
    /// No host name.
    #[error("the address has no host name: write it as {0}")]
    NoHost(&'static str),
    /// A port that is not 1 to 65535.
    #[error("“{0}” is not a port: ports go from 1 to 65535")]
    BadPort(String),
    /// A password in the address would land in files and logs.
    #[error("the address holds a password: use a key or an ssh agent, never a password in the address")]
    Password,
    /// Characters that have no place in a host name (or would be read as an option by ssh).
    #[error("“{0}” is not a host name")]
    BadHost(String),
    /// A path after a tcp address.
    #[error("a tcp:// address ends after the port")]
    UnexpectedPath,
}

impl Endpoint {
    /// Reads an address as the docker CLI writes it. Certificates of a `tcp://` address are added by the caller.
    ///
    /// # Errors
    /// [`EndpointError`] says what was wrong and what is allowed. The text of a password is in none of them.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let text = text.trim();
        let (scheme, rest) = match text.split_once("://") {
            Some(parts) => parts,
            None if text.starts_with('/') => ("unix", text),
            None => return Err(EndpointError::UnknownScheme(without_password(text))),
        };
        match scheme.to_ascii_lowercase().as_str() {
            "unix" => {
                let path = Path::new(rest);
                if !path.is_absolute() {
                    return Err(EndpointError::RelativeSocket);
                }
                Ok(Self::Unix {
                    path: path.to_owned(),
                })
            }
            "tcp" | "http" | "https" => {
                let (authority, path) = split_path(rest);
                if !matches!(path, "" | "/") {
                    return Err(EndpointError::UnexpectedPath);
                }
                if authority.contains('@') {
                    return Err(EndpointError::Password);
                }
                let (host, port) = split_port(authority)?;
                if host.is_empty() {
                    return Err(EndpointError::NoHost("tcp://host:2376"));
                }
                check_host(host)?;
                Ok(Self::Tcp {
                    host: host.to_owned(),
                    port: port.unwrap_or(2376),
                    tls: None,
                })
            }
            "ssh" => {
                let (authority, path) = split_path(rest);
                let (user, address) = match authority.rsplit_once('@') {
                    Some((user, address)) => (Some(user), address),
                    None => (None, authority),
                };
                if user.is_some_and(|user| user.contains(':')) {
                    return Err(EndpointError::Password);
                }
                let (host, port) = split_port(address)?;
                if host.is_empty() {
                    return Err(EndpointError::NoHost("ssh://user@host"));
                }
                check_host(host)?;
                if let Some(user) = user {
                    check_host(user)?;
                }
                let destination = user.map_or_else(|| host.to_owned(), |user| format!("{user}@{host}"));
                let socket = (!matches!(path, "" | "/")).then(|| PathBuf::from(path));
                Ok(Self::Ssh {
                    destination,
                    port,
                    socket,
                })
            }
            _ => Err(EndpointError::UnknownScheme(without_password(text))),
        }
    }

    /// Whether what is said on the way can be read and altered by others.
    #[must_use]
    pub fn is_plain_text(&self) -> bool {
        matches!(self, Self::Tcp { tls: None, .. })
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix { path } => write!(f, "unix://{}", path.display()),
            Self::Tcp { host, port, .. } if host.contains(':') => write!(f, "tcp://[{host}]:{port}"),
            Self::Tcp { host, port, .. } => write!(f, "tcp://{host}:{port}"),
            Self::Ssh {
                destination,
                port,
                socket,
            } => {
                write!(f, "ssh://{destination}")?;
                if let Some(port) = port {
                    write!(f, ":{port}")?;
                }
                if let Some(socket) = socket {
                    write!(f, "{}", socket.display())?;
                }
                Ok(())
            }
        }
    }
}

fn split_path(rest: &str) -> (&str, &str) {
    rest.find('/').map_or((rest, ""), |at| rest.split_at(at))
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), EndpointError> {
    let (host, port) = if let Some(inner) = authority.strip_prefix('[') {
        let (host, after) = inner
            .split_once(']')
            .ok_or_else(|| EndpointError::BadHost(authority.to_owned()))?;
        (host, after.strip_prefix(':'))
    } else {
        match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        }
    };
    let port = match port {
        None => None,
        Some(text) => Some(
            text.parse::<u16>()
                .ok()
                .filter(|p| *p > 0)
                .ok_or_else(|| EndpointError::BadPort(text.to_owned()))?,
        ),
    };
    Ok((host, port))
}

/// Host names, addresses, ssh aliases and user names. A leading `-` would be an option to ssh.
fn check_host(host: &str) -> Result<(), EndpointError> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
    if host.starts_with('-') || !host.chars().all(allowed) {
        return Err(EndpointError::BadHost(host.to_owned()));
    }
    Ok(())
}

/// The text with anything between `://` (or the start) and `@` masked, for error messages.
fn without_password(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, after)) => format!("…@{after}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_the_docker_cli_writes_them() {
        for (text, shown) in [
            ("unix:///var/run/docker.sock", "unix:///var/run/docker.sock"),
            ("/run/podman/podman.sock", "unix:///run/podman/podman.sock"),
            ("tcp://10.0.0.5:2376", "tcp://10.0.0.5:2376"),
            ("tcp://engine.example", "tcp://engine.example:2376"),
            ("tcp://[::1]:2376", "tcp://[::1]:2376"),
            ("ssh://ops@nas.example:2222", "ssh://ops@nas.example:2222"),
            (" ssh://nas ", "ssh://nas"),
            (
                "ssh://nas/run/user/1000/docker.sock",
                "ssh://nas/run/user/1000/docker.sock",
            ),
        ] {
            assert_eq!(Endpoint::parse(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn a_bad_address_says_what_is_wrong_and_what_is_allowed() {
        use EndpointError as E;
        assert!(matches!(Endpoint::parse("docker.sock"), Err(E::UnknownScheme(_))));
        assert!(matches!(Endpoint::parse("ftp://x"), Err(E::UnknownScheme(_))));
        assert_eq!(Endpoint::parse("unix://run/x.sock"), Err(E::RelativeSocket));
        assert_eq!(Endpoint::parse("tcp://h:0"), Err(E::BadPort("0".into())));
        assert_eq!(Endpoint::parse("tcp://h:99999"), Err(E::BadPort("99999".into())));
        assert_eq!(Endpoint::parse("tcp://:2376"), Err(E::NoHost("tcp://host:2376")));
        assert_eq!(Endpoint::parse("tcp://h:1/v1"), Err(E::UnexpectedPath));
        assert!(matches!(
            Endpoint::parse("ssh://-oProxyCommand=x"),
            Err(E::BadHost(_))
        ));
        assert!(matches!(Endpoint::parse("ssh://a b"), Err(E::BadHost(_))));
    }

    #[test]
    fn a_password_is_refused_and_never_repeated() {
        for text in [
            "ssh://ops:hunter2@nas",
            "tcp://ops:hunter2@nas:2376",
            "gopher://ops:hunter2@nas",
        ] {
            let error = Endpoint::parse(text).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn only_tcp_without_certificates_is_plain_text() {
        assert!(Endpoint::parse("tcp://h").unwrap().is_plain_text());
        assert!(!Endpoint::parse("ssh://h").unwrap().is_plain_text());
    }
}
