//! One-shot readings: what each running container shows now.
//!
//! Only the fields a reading needs are parsed, straight from the answer's bytes. Rates are not taken here: the answer's own
//! `precpu_stats` are empty in a one-shot answer, and the caller keeps the previous reading anyway.

use std::collections::HashMap;

use chrono::DateTime;
use futures_util::StreamExt as _;
use roadstead_model::{
    BlockCounters, CpuCounters, EngineContainerId, Fault, FaultCause, MemoryReading, NetworkCounters, Reading,
};
use serde::Deserialize;

use crate::EngineConnection;
use crate::text::is_engine_id;
use crate::transport::{fault, parse};
use crate::version::EngineKind;

/// Largest stats answer. A machine of 512 cores and 500 interfaces stays far below.
const STATS_MAX_BYTES: usize = 1024 * 1024;
/// Above this a number of bytes means "no limit" (kernels and Podman write the largest integer they have).
const NO_LIMIT_BYTES: u64 = 1 << 62;

/// What asking one container for a reading came to.
#[derive(Debug, Clone, PartialEq)]
pub enum ReadingOutcome {
    /// Its numbers.
    Measured(Reading),
    /// It exists and does not run, so there is nothing to measure.
    NotRunning,
    /// It was removed since the caller learned of it.
    Gone,
    /// It may run, and could not be read.
    Failed(Fault),
}

/// One reading of each container, at most `concurrency` at once.
pub(crate) async fn readings(
    connection: &EngineConnection,
    containers: &[EngineContainerId],
    concurrency: usize,
) -> Vec<(EngineContainerId, ReadingOutcome)> {
    // Owned ids: a closure over borrowed ones makes the whole future not `Send` for the compiler's eyes.
    futures_util::stream::iter(containers.to_vec())
        .map(|id| async move {
            let outcome = reading(connection, &id).await;
            (id, outcome)
        })
        .buffer_unordered(concurrency.max(1))
        .collect()
        .await
}

async fn reading(connection: &EngineConnection, id: &EngineContainerId) -> ReadingOutcome {
    if !is_engine_id(&id.0) {
        return ReadingOutcome::Failed(fault(
            FaultCause::BadAnswer,
            "the container id is not an engine's",
        ));
    }
    let path = format!("/containers/{id}/stats?stream=false&one-shot=true");
    match connection.get(&path, STATS_MAX_BYTES).await {
        Ok(answer) if answer.is_missing() => ReadingOutcome::Gone,
        Ok(answer) => match answer.body().and_then(|body| read(body, id, connection.kind())) {
            Ok(Some(reading)) => ReadingOutcome::Measured(reading),
            Ok(None) => ReadingOutcome::NotRunning,
            Err(fault) => ReadingOutcome::Failed(fault),
        },
        Err(fault) => ReadingOutcome::Failed(fault),
    }
}

#[derive(Deserialize)]
struct StatsAnswer {
    #[serde(default)]
    read: Option<String>,
    #[serde(default)]
    memory_stats: Option<Memory>,
    #[serde(default)]
    cpu_stats: Option<Cpu>,
    #[serde(default)]
    networks: Option<HashMap<String, Option<Interface>>>,
    #[serde(default)]
    blkio_stats: Option<Block>,
    #[serde(default)]
    pids_stats: Option<Pids>,
}

#[derive(Deserialize)]
struct Memory {
    #[serde(default)]
    usage: Option<u64>,
    #[serde(default)]
    limit: Option<u64>,
    #[serde(default)]
    failcnt: Option<u64>,
    #[serde(default)]
    stats: Option<MemoryParts>,
}

/// Parts of both cgroup versions; which ones are there tells the version apart.
#[derive(Deserialize, Default)]
struct MemoryParts {
    #[serde(default)]
    total_inactive_file: Option<u64>,
    #[serde(default)]
    total_rss: Option<u64>,
    #[serde(default)]
    total_shmem: Option<u64>,
    #[serde(default)]
    rss: Option<u64>,
    #[serde(default)]
    inactive_file: Option<u64>,
    #[serde(default)]
    anon: Option<u64>,
    #[serde(default)]
    shmem: Option<u64>,
}

#[derive(Deserialize)]
struct Cpu {
    #[serde(default)]
    cpu_usage: Option<CpuUsage>,
    #[serde(default)]
    system_cpu_usage: Option<u64>,
    #[serde(default)]
    online_cpus: Option<u32>,
}

#[derive(Deserialize)]
struct CpuUsage {
    #[serde(default)]
    total_usage: Option<u64>,
    #[serde(default)]
    percpu_usage: Option<Vec<serde::de::IgnoredAny>>,
}

#[derive(Deserialize)]
struct Interface {
    #[serde(default)]
    rx_bytes: u64,
    #[serde(default)]
    tx_bytes: u64,
}

#[derive(Deserialize)]
struct Block {
    #[serde(default)]
    io_service_bytes_recursive: Option<Vec<BlockEntry>>,
}

#[derive(Deserialize)]
struct BlockEntry {
    #[serde(default)]
    op: Option<String>,
    #[serde(default)]
    value: u64,
}

#[derive(Deserialize)]
struct Pids {
    #[serde(default)]
    current: Option<u64>,
}

/// The reading in an answer; `None` when the container does not run: Docker then sends zeros dated in the year one,
/// Podman an empty body.
fn read(body: &[u8], id: &EngineContainerId, kind: EngineKind) -> Result<Option<Reading>, Fault> {
    if body.is_empty() {
        return Ok(None);
    }
    let answer: StatsAnswer = parse(body)?;
    let read_at = answer
        .read
        .as_deref()
        .ok_or_else(|| fault(FaultCause::BadAnswer, "a reading without a time"))?;
    let read_at_ms = DateTime::parse_from_rfc3339(read_at)
        .map_err(|_| fault(FaultCause::BadAnswer, "a reading whose time is no time"))?
        .timestamp_millis();
    if read_at_ms <= 0 {
        return Ok(None);
    }
    let memory = answer.memory_stats.and_then(memory);
    let cpu = answer.cpu_stats.and_then(|cpu| cpu_counters(&cpu, kind));
    if memory.is_none() && cpu.is_none() {
        return Ok(None);
    }
    Ok(Some(Reading {
        engine_id: id.clone(),
        read_at_ms,
        memory,
        cpu,
        network: answer.networks.as_ref().and_then(|all| network(all, kind)),
        block: answer
            .blkio_stats
            .and_then(|block| block.io_service_bytes_recursive)
            .and_then(|entries| block_counters(&entries)),
        pids: answer
            .pids_stats
            .and_then(|pids| pids.current)
            .and_then(|current| u32::try_from(current).ok()),
    }))
}

/// Memory as `docker stats` shows it, and its parts. cgroup v1 answers have `total_` parts, which include child groups as
/// `usage` does; v2 has no such prefix and always includes them.
fn memory(memory: Memory) -> Option<MemoryReading> {
    let usage_bytes = memory.usage?;
    let parts = memory.stats.unwrap_or_default();
    let is_v1 = parts.total_inactive_file.is_some() || parts.total_rss.is_some();
    let (inactive_file_bytes, anon_bytes, shmem_bytes) = if is_v1 {
        let anon = parts.total_rss.or(parts.rss);
        (parts.total_inactive_file, anon, parts.total_shmem.or(parts.shmem))
    } else {
        (parts.inactive_file, parts.anon, parts.shmem)
    };
    Some(MemoryReading {
        used_bytes: MemoryReading::used_bytes(usage_bytes, inactive_file_bytes),
        usage_bytes,
        inactive_file_bytes,
        anon_bytes,
        shmem_bytes,
        limit_bytes: memory.limit.filter(|limit| (1..NO_LIMIT_BYTES).contains(limit)),
        failcnt: memory.failcnt,
    })
}

/// CPU counters. Podman's `system_cpu_usage` is the time the machine was busy, not all of its time, so it cannot
/// divide anything; without it the caller divides by wall time.
fn cpu_counters(cpu: &Cpu, kind: EngineKind) -> Option<CpuCounters> {
    let usage = cpu.cpu_usage.as_ref()?;
    let counted = usage
        .percpu_usage
        .as_ref()
        .and_then(|each| u32::try_from(each.len()).ok());
    Some(CpuCounters {
        total_ns: usage.total_usage?,
        system_ns: match kind {
            EngineKind::Docker => cpu.system_cpu_usage.filter(|ns| *ns > 0),
            EngineKind::Podman => None,
        },
        online_cpus: cpu.online_cpus.filter(|n| *n > 0).or(counted).unwrap_or_default(),
    })
}

/// Sums over interfaces; absent without any, as with host networking. Podman shows an interface of zeros there, so from
/// Podman nothing but zeros counts as not measured.
fn network(interfaces: &HashMap<String, Option<Interface>>, kind: EngineKind) -> Option<NetworkCounters> {
    let mut seen = interfaces.values().flatten().peekable();
    seen.peek()?;
    let sum = seen.fold(NetworkCounters::default(), |sum, one| NetworkCounters {
        rx_bytes: sum.rx_bytes.saturating_add(one.rx_bytes),
        tx_bytes: sum.tx_bytes.saturating_add(one.tx_bytes),
    });
    (kind == EngineKind::Docker || sum != NetworkCounters::default()).then_some(sum)
}

/// Sums over devices; absent without any entry. v1 writes `Read` and `Write`, v2 `read` and `write`, both among other
/// operations.
fn block_counters(entries: &[BlockEntry]) -> Option<BlockCounters> {
    if entries.is_empty() {
        return None;
    }
    let sum_of = |wanted: &str| {
        entries
            .iter()
            .filter(|entry| {
                entry
                    .op
                    .as_deref()
                    .is_some_and(|op| op.eq_ignore_ascii_case(wanted))
            })
            .fold(0_u64, |sum, entry| sum.saturating_add(entry.value))
    };
    Some(BlockCounters {
        read_bytes: sum_of("read"),
        write_bytes: sum_of("write"),
    })
}

#[cfg(test)]
mod tests;
