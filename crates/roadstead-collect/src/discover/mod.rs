//! Engines this machine already knows of: local sockets, the environment, Docker contexts.
//!
//! Only files are read; nothing is connected to. A file that cannot be understood is told as a problem, beside what
//! was found.

mod contexts;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use roadstead_model::{Endpoint, EndpointError};

use crate::text::{NAME_CHARS, clean};

/// Where to look. The caller fills it from its own environment, tests from theirs.
#[derive(Debug, Clone, Default)]
pub struct DiscoverSources {
    /// The user's home directory.
    pub home: Option<PathBuf>,
    /// Environment variables; only the `DOCKER_` ones are read.
    pub env: HashMap<String, String>,
    /// The user's runtime directory (`XDG_RUNTIME_DIR`); else `/run/user/<uid>` is tried.
    pub runtime_dir: Option<PathBuf>,
    /// The user's number.
    pub uid: Option<u32>,
    /// Where the system's own sockets are looked for; `/` when empty.
    pub root: PathBuf,
}

/// Where a candidate was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostSource {
    /// The system's Docker socket.
    LocalSocket,
    /// The user's own Docker.
    RootlessDocker,
    /// The system's Podman socket.
    Podman,
    /// The user's own Podman.
    RootlessPodman,
    /// A Docker context.
    Context {
        /// Its name.
        name: String,
    },
    /// `DOCKER_HOST`.
    Environment,
}

/// An engine the user may want to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostCandidate {
    /// A name to offer.
    pub name: String,
    /// Where it listens.
    pub endpoint: Endpoint,
    /// Where it was found.
    pub source: HostSource,
    /// Whether the docker CLI would use it now.
    pub current: bool,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoverProblem {
    /// The file, or the name of the variable.
    pub path: PathBuf,
    /// What is wrong with it.
    pub cause: DiscoverCause,
}

/// What is wrong with a file or variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiscoverCause {
    /// The system does not let it be read.
    Unreadable {
        /// Why, in the system's words and with its number.
        reason: String,
    },
    /// Larger than any such file.
    TooLarge,
    /// Not the JSON that the docker CLI writes.
    NotJson {
        /// Where reading ended, from 1.
        line: usize,
    },
    /// An address that no engine can be reached by. Says nothing of the address that could be a secret.
    BadAddress(EndpointError),
    /// The context asks not to verify the engine's certificate; here it is always verified.
    AlwaysVerified {
        /// The context.
        name: String,
    },
    /// The current context does not exist, or has no Docker endpoint.
    NoSuchContext {
        /// The context.
        name: String,
    },
}

/// What was found, and what could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovery {
    /// Engines, each endpoint once, the current one first.
    pub candidates: Vec<HostCandidate>,
    /// What could not be read.
    pub problems: Vec<DiscoverProblem>,
}

/// Looks for engines. Which one is current follows the docker CLI: `DOCKER_HOST`, `DOCKER_CONTEXT`, the current context
/// of its configuration, the local socket.
#[must_use]
pub fn discover_hosts(sources: &DiscoverSources) -> Discovery {
    let mut found = Discovery::default();
    let config_dir = sources.docker_config_dir();
    let environment = contexts::of_environment(sources, config_dir.as_deref(), &mut found.problems);
    let has_docker_host = sources.variable("DOCKER_HOST").is_some();
    let current_context = match (has_docker_host, sources.variable("DOCKER_CONTEXT")) {
        (true, _) => None,
        (false, Some(name)) => Some(name.to_owned()),
        (false, None) => config_dir
            .as_deref()
            .and_then(|dir| contexts::current(dir, &mut found.problems)),
    };
    let names_local = |name: &str| name == "default";
    let local_is_current = !has_docker_host && current_context.as_deref().is_none_or(names_local);

    let mut candidates: Vec<HostCandidate> = environment.into_iter().collect();
    if let Some(dir) = config_dir.as_deref() {
        let named = contexts::all(dir, &mut found.problems);
        if let Some(wanted) = current_context.as_deref().filter(|name| !names_local(name))
            && !named.iter().any(|(name, _)| name == wanted)
        {
            found.problems.push(DiscoverProblem {
                path: dir.join("contexts/meta"),
                cause: DiscoverCause::NoSuchContext {
                    name: clean(wanted, NAME_CHARS),
                },
            });
        }
        candidates.extend(named.into_iter().map(|(name, endpoint)| HostCandidate {
            current: current_context.as_deref() == Some(name.as_str()),
            name: name.clone(),
            endpoint,
            source: HostSource::Context { name },
        }));
    }
    candidates.extend(sources.local_sockets(local_is_current));
    for candidate in candidates {
        let same = |other: &&mut HostCandidate| other.endpoint == candidate.endpoint;
        match found.candidates.iter_mut().find(same) {
            Some(known) => known.current |= candidate.current,
            None => found.candidates.push(candidate),
        }
    }
    found.candidates.sort_by_key(|candidate| !candidate.current);
    found
}

impl DiscoverSources {
    /// What this process was started with.
    #[must_use]
    pub fn of_process() -> Self {
        let docker_variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.starts_with("DOCKER_"))
            .collect();
        Self {
            home: std::env::home_dir(),
            env: docker_variables,
            runtime_dir: std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from),
            uid: Some(rustix::process::getuid().as_raw()),
            root: PathBuf::new(),
        }
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.env
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// The directory of the docker CLI's configuration: `DOCKER_CONFIG`, else `.docker` at home.
    #[must_use]
    pub fn docker_config_dir(&self) -> Option<PathBuf> {
        self.variable("DOCKER_CONFIG")
            .map(PathBuf::from)
            .or_else(|| Some(self.home.as_ref()?.join(".docker")))
    }

    fn local_sockets(&self, docker_is_current: bool) -> Vec<HostCandidate> {
        let root = if self.root.as_os_str().is_empty() {
            Path::new("/")
        } else {
            &self.root
        };
        let runtime = self
            .runtime_dir
            .clone()
            .or_else(|| Some(root.join(format!("run/user/{}", self.uid?))));
        let mut places = vec![
            (
                "local",
                Some(root.join("var/run/docker.sock")),
                HostSource::LocalSocket,
            ),
            (
                "rootless",
                runtime.as_ref().map(|dir| dir.join("docker.sock")),
                HostSource::RootlessDocker,
            ),
            (
                "podman",
                Some(root.join("run/podman/podman.sock")),
                HostSource::Podman,
            ),
            (
                "rootless podman",
                runtime.as_ref().map(|dir| dir.join("podman/podman.sock")),
                HostSource::RootlessPodman,
            ),
        ];
        places.retain(|(_, path, _)| path.as_deref().is_some_and(is_socket));
        places
            .into_iter()
            .filter_map(|(name, path, source)| {
                Some(HostCandidate {
                    name: name.to_owned(),
                    endpoint: Endpoint::Unix { path: path? },
                    current: docker_is_current && source == HostSource::LocalSocket,
                    source,
                })
            })
            .collect()
    }
}

fn is_socket(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    std::fs::metadata(path).is_ok_and(|meta| meta.file_type().is_socket())
}

#[cfg(test)]
mod tests;
