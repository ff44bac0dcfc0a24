//! What this machine offers: hosts that could be added, and space for the store.

use std::path::Path;

use roadstead_collect::{DiscoverCause, DiscoverSources, HostSource as Source};
use roadstead_model::Endpoint;

use crate::draft::endpoint_error;
use crate::fleet::Fleet;
use crate::pages::hosts::{tls_draft, transport};
use crate::wire::{CandidateSource, Discovery, DiscoveryProblem, HostCandidate, HostDraft, Wire, WireError};

/// Looks for hosts on this machine: contexts, sockets, the environment.
pub(crate) async fn discover(fleet: &Fleet, sources: &DiscoverSources) -> Wire<Discovery> {
    let sources = sources.clone();
    // Reads a handful of small files; off the runtime all the same.
    let found = tokio::task::spawn_blocking(move || roadstead_collect::discover_hosts(&sources))
        .await
        .map_err(WireError::internal)?;
    let live = fleet.live.read();
    let mut candidates: Vec<HostCandidate> = found
        .candidates
        .into_iter()
        .map(|candidate| HostCandidate {
            already: live
                .hosts
                .values()
                .find(|host| same_place(&host.record.endpoint, &candidate.endpoint))
                .map(|host| host.record.id),
            transport: transport(&candidate.endpoint),
            draft: HostDraft {
                name: candidate.name,
                customer: String::new(),
                address: candidate.endpoint.to_string(),
                tls: tls_draft(&candidate.endpoint),
                accept_plain_text: false,
                tick_interval_s: None,
            },
            source: match candidate.source {
                Source::LocalSocket => CandidateSource::LocalSocket,
                Source::RootlessDocker => CandidateSource::RootlessDocker,
                Source::Podman => CandidateSource::Podman,
                Source::RootlessPodman => CandidateSource::RootlessPodman,
                Source::Context { name } => CandidateSource::Context { name },
                Source::Environment => CandidateSource::Environment,
            },
            current: candidate.current,
        })
        .collect();
    candidates.sort_by_key(|candidate| !candidate.current);
    let problems = found
        .problems
        .into_iter()
        .map(|problem| DiscoveryProblem {
            path: problem.path.display().to_string(),
            error: problem_error(&problem.cause),
        })
        .collect();
    Ok(Discovery { candidates, problems })
}

fn problem_error(cause: &DiscoverCause) -> WireError {
    let told = |key: &str, message: String| WireError::invalid("context", key, message);
    match cause {
        DiscoverCause::Unreadable { reason } => {
            told("context.unreadable", format!("cannot be read: {reason}")).with("reason", reason)
        }
        DiscoverCause::TooLarge => told("context.too_large", "larger than any such file".to_owned()),
        DiscoverCause::NotJson { line } => {
            told("context.not_json", format!("not readable at line {line}")).with("line", line)
        }
        DiscoverCause::BadAddress(error) => endpoint_error(error),
        DiscoverCause::AlwaysVerified { name } => told(
            "context.always_verified",
            format!("“{name}” asks not to verify the engine's certificate; here it is always verified"),
        )
        .with("name", name),
        DiscoverCause::NoSuchContext { name } => told(
            "context.missing",
            format!("the current context “{name}” does not exist, or has no Docker endpoint"),
        )
        .with("name", name),
    }
}

/// Whether two endpoints lead to the same socket, whatever certificates they use.
fn same_place(a: &Endpoint, b: &Endpoint) -> bool {
    a.to_string() == b.to_string()
}

/// Free space on the disk of a path, when the system tells.
pub(crate) fn disk_free_bytes(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}
