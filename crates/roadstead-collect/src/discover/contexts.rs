//! The docker CLI's configuration: `DOCKER_HOST`, the current context, and the contexts with their certificates.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use roadstead_model::{Endpoint, TlsFiles};
use serde::Deserialize;

use super::{DiscoverCause, DiscoverProblem, DiscoverSources, HostCandidate, HostSource};
use crate::text::{NAME_CHARS, clean};

/// Configuration files are a few kilobytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;
/// More contexts than anyone has.
const MAX_CONTEXTS: usize = 1_000;

/// The candidate of `DOCKER_HOST`.
pub(super) fn of_environment(
    sources: &DiscoverSources,
    config_dir: Option<&Path>,
    problems: &mut Vec<DiscoverProblem>,
) -> Option<HostCandidate> {
    let address = sources.variable("DOCKER_HOST")?;
    let mut endpoint = match Endpoint::parse(address) {
        Ok(endpoint) => endpoint,
        Err(error) => {
            problems.push(problem(
                Path::new("DOCKER_HOST"),
                DiscoverCause::BadAddress(error),
            ));
            return None;
        }
    };
    if let Endpoint::Tcp { tls, .. } = &mut endpoint {
        let cert_path = sources.variable("DOCKER_CERT_PATH").map(Path::new);
        // The CLI's own switch, or certificates where it would look for them: never plain text by oversight.
        let wants_tls =
            sources.variable("DOCKER_TLS_VERIFY").is_some() || sources.variable("DOCKER_TLS").is_some();
        *tls = match (wants_tls, cert_path.or(config_dir)) {
            (true, Some(dir)) => Some(tls_files(dir)),
            _ => cert_path.and_then(tls_files_if_any),
        };
    }
    Some(HostCandidate {
        name: endpoint_name(&endpoint),
        endpoint,
        source: HostSource::Environment,
        current: true,
    })
}

#[derive(Deserialize)]
struct ConfigFile {
    #[serde(default, rename = "currentContext")]
    current_context: Option<String>,
}

/// The current context named by the CLI's configuration.
pub(super) fn current(config_dir: &Path, problems: &mut Vec<DiscoverProblem>) -> Option<String> {
    let path = config_dir.join("config.json");
    let config: ConfigFile = read_json(&path, problems)?;
    config.current_context.filter(|name| !name.is_empty())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContextFile {
    name: String,
    #[serde(default)]
    endpoints: Option<Endpoints>,
}

#[derive(Deserialize)]
struct Endpoints {
    #[serde(default)]
    docker: Option<DockerEndpoint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerEndpoint {
    #[serde(default)]
    host: Option<String>,
    #[serde(default, rename = "SkipTLSVerify")]
    skip_tls_verify: bool,
}

/// Every context that has a Docker endpoint we can read, by name.
pub(super) fn all(config_dir: &Path, problems: &mut Vec<DiscoverProblem>) -> Vec<(String, Endpoint)> {
    let meta_dir = config_dir.join("contexts/meta");
    let entries = match std::fs::read_dir(&meta_dir) {
        Ok(entries) => entries,
        Err(error) => {
            if error.kind() != std::io::ErrorKind::NotFound {
                problems.push(problem(&meta_dir, unreadable(&error)));
            }
            return Vec::new();
        }
    };
    let mut contexts: Vec<_> = entries
        .flatten()
        .take(MAX_CONTEXTS)
        .filter_map(|entry| {
            let path = entry.path().join("meta.json");
            let context: ContextFile = read_json(&path, problems)?;
            let tls_dir = config_dir
                .join("contexts/tls")
                .join(entry.file_name())
                .join("docker");
            one(context, &path, &tls_dir, problems)
        })
        .collect();
    contexts.sort_by(|a, b| a.0.cmp(&b.0));
    contexts
}

fn one(
    context: ContextFile,
    path: &Path,
    tls_dir: &Path,
    problems: &mut Vec<DiscoverProblem>,
) -> Option<(String, Endpoint)> {
    let name = clean(&context.name, NAME_CHARS);
    // A context without a Docker endpoint (Kubernetes alone) is no mistake.
    let docker = context.endpoints?.docker?;
    let address = docker.host.filter(|host| !host.is_empty())?;
    let mut endpoint = match Endpoint::parse(&address) {
        Ok(endpoint) => endpoint,
        Err(error) => {
            problems.push(problem(path, DiscoverCause::BadAddress(error)));
            return None;
        }
    };
    if let Endpoint::Tcp { tls, .. } = &mut endpoint {
        *tls = tls_files_if_any(tls_dir);
    }
    if docker.skip_tls_verify {
        problems.push(problem(
            path,
            DiscoverCause::AlwaysVerified { name: name.clone() },
        ));
    }
    Some((name, endpoint))
}

fn tls_files(dir: &Path) -> TlsFiles {
    TlsFiles {
        ca: dir.join("ca.pem"),
        cert: dir.join("cert.pem"),
        key: dir.join("key.pem"),
    }
}

/// The three files when at least one is there: a missing one is then told at connect, instead of going on in plain text.
fn tls_files_if_any(dir: &Path) -> Option<TlsFiles> {
    let files = tls_files(dir);
    [&files.ca, &files.cert, &files.key]
        .iter()
        .any(|file| file.exists())
        .then_some(files)
}

/// A name to offer for an endpoint that has none.
fn endpoint_name(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Unix { .. } => "local".to_owned(),
        Endpoint::Tcp { host, .. } => host.clone(),
        Endpoint::Ssh { destination, .. } => destination
            .rsplit_once('@')
            .map_or(destination.as_str(), |(_, host)| host)
            .to_owned(),
    }
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path, problems: &mut Vec<DiscoverProblem>) -> Option<T> {
    let mut text = Vec::new();
    let read =
        std::fs::File::open(path).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut text));
    match read {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => {
            problems.push(problem(path, unreadable(&error)));
            return None;
        }
        Ok(_) if text.len() as u64 > MAX_FILE_BYTES => {
            problems.push(problem(path, DiscoverCause::TooLarge));
            return None;
        }
        Ok(_) => {}
    }
    match serde_json::from_slice(&text) {
        Ok(value) => Some(value),
        Err(error) => {
            problems.push(problem(path, DiscoverCause::NotJson { line: error.line() }));
            None
        }
    }
}

fn unreadable(error: &std::io::Error) -> DiscoverCause {
    DiscoverCause::Unreadable {
        reason: error.to_string(),
    }
}

fn problem(path: &Path, cause: DiscoverCause) -> DiscoverProblem {
    DiscoverProblem {
        path: PathBuf::from(path),
        cause,
    }
}
