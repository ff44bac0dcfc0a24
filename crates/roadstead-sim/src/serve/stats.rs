//! `/containers/{id}/stats`: the one answer asked for thousands of times, written with as little work as possible.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use hyper::StatusCode;
use serde::Serialize;
use std::time::Duration;

use super::SimHost;
use super::body::Answer;
use super::host::rfc3339;
use super::live::{Found, find};
use super::request::Query;
use crate::berth::Berth;
use crate::memory::MemoryPicture;
use crate::moment::Moment;
use roadstead_model::CpuCounters;

/// What the engine writes for a moment that never was.
const NEVER: &str = "0001-01-01T00:00:00Z";
/// What a cgroup without a limit on processes says.
const UNLIMITED_PIDS: u64 = u64::MAX;
/// Between two answers of a stream.
const STREAM_STEP: Duration = Duration::from_secs(1);

#[derive(Serialize)]
struct Stats<'a> {
    name: String,
    id: &'a str,
    read: &'a str,
    preread: &'a str,
    num_procs: u32,
    storage_stats: Nothing,
    pids_stats: Pids,
    blkio_stats: Blkio,
    cpu_stats: Cpu,
    precpu_stats: Cpu,
    memory_stats: Memory,
    #[serde(skip_serializing_if = "Option::is_none")]
    networks: Option<BTreeMap<&'static str, Network>>,
}

#[derive(Serialize, Default)]
struct Nothing {}

#[derive(Serialize, Default)]
struct Pids {
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
}

/// The lists a cgroup v2 engine leaves `null` are `null` here.
#[derive(Serialize, Default)]
struct Blkio {
    io_service_bytes_recursive: Option<Vec<BlkioEntry>>,
    io_serviced_recursive: Option<Vec<BlkioEntry>>,
    io_queue_recursive: Option<Vec<BlkioEntry>>,
    io_service_time_recursive: Option<Vec<BlkioEntry>>,
    io_wait_time_recursive: Option<Vec<BlkioEntry>>,
    io_merged_recursive: Option<Vec<BlkioEntry>>,
    io_time_recursive: Option<Vec<BlkioEntry>>,
    sectors_recursive: Option<Vec<BlkioEntry>>,
}

#[derive(Serialize)]
struct BlkioEntry {
    major: u32,
    minor: u32,
    op: &'static str,
    value: u64,
}

#[derive(Serialize, Default)]
struct Cpu {
    cpu_usage: CpuUsage,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_cpu_usage: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    online_cpus: Option<u32>,
    throttling_data: Throttling,
}

#[derive(Serialize, Default)]
struct CpuUsage {
    total_usage: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    percpu_usage: Option<Vec<u64>>,
    usage_in_kernelmode: u64,
    usage_in_usermode: u64,
}

#[derive(Serialize, Default)]
struct Throttling {
    periods: u64,
    throttled_periods: u64,
    throttled_time: u64,
}

#[derive(Serialize, Default)]
struct Memory {
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_usage: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stats: Option<MemoryStat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failcnt: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
}

/// The lines of `memory.stat`, as each cgroup version names them.
#[derive(Serialize)]
#[serde(untagged)]
enum MemoryStat {
    V1 {
        active_anon: u64,
        active_file: u64,
        cache: u64,
        hierarchical_memory_limit: u64,
        inactive_anon: u64,
        inactive_file: u64,
        mapped_file: u64,
        rss: u64,
        shmem: u64,
        total_active_anon: u64,
        total_active_file: u64,
        total_cache: u64,
        total_inactive_anon: u64,
        total_inactive_file: u64,
        total_mapped_file: u64,
        total_rss: u64,
        total_shmem: u64,
        total_unevictable: u64,
        unevictable: u64,
    },
    V2 {
        active_anon: u64,
        active_file: u64,
        anon: u64,
        anon_thp: u64,
        file: u64,
        file_dirty: u64,
        file_mapped: u64,
        file_writeback: u64,
        inactive_anon: u64,
        inactive_file: u64,
        kernel_stack: u64,
        pgfault: u64,
        pgmajfault: u64,
        shmem: u64,
        slab: u64,
        slab_reclaimable: u64,
        slab_unreclaimable: u64,
        sock: u64,
        unevictable: u64,
    },
}

#[derive(Serialize)]
struct Network {
    rx_bytes: u64,
    rx_dropped: u64,
    rx_errors: u64,
    rx_packets: u64,
    tx_bytes: u64,
    tx_dropped: u64,
    tx_errors: u64,
    tx_packets: u64,
}

/// Answers `stats`. Without `one-shot` the numbers of a second before stand beside those of now, as the engine gives
/// them after waiting that second; here nobody waits.
pub(super) fn stats(sim: &SimHost, id: &str, query: &Query) -> Result<Answer, Answer> {
    let streaming = query.is_on("stream", true);
    let one_shot = query.is_on("one-shot", false);
    if streaming && one_shot {
        return Err(Answer::error(
            StatusCode::BAD_REQUEST,
            "cannot have stream=true and one-shot=true",
        ));
    }
    let found = find(sim, id)?;
    if !streaming {
        return Ok(Answer::json_bytes(stats_of(&found, !one_shot)?));
    }
    let id = found.berth.container_id(found.moment.generation).0;
    let sim = sim.clone();
    let answers = stream::unfold(false, move |started| {
        let (sim, id) = (sim.clone(), id.clone());
        async move {
            if started {
                tokio::time::sleep(STREAM_STEP).await;
            }
            let found = find(&sim, &id).ok()?;
            let mut line = stats_of(&found, true).ok()?;
            line.push(b'\n');
            Some((Bytes::from(line), true))
        }
    });
    Ok(Answer::flowing("application/json", answers.boxed()))
}

fn stats_of(found: &Found<'_>, with_before: bool) -> Result<Vec<u8>, Answer> {
    let Found {
        berth,
        moment,
        now_ms,
        ..
    } = found;
    let id = berth.container_id(moment.generation);
    let picture = berth.picture_at(moment, *now_ms);
    let read = picture.map(|_| rfc3339(*now_ms));
    // The run may be younger than the second before.
    let before_ms = (now_ms - 1_000).max(moment.started_at_ms.unwrap_or(*now_ms));
    let with_before = with_before && picture.is_some();
    let preread = with_before.then(|| rfc3339(before_ms));
    let stats = Stats {
        name: format!("/{}", berth.name),
        id: &id.0,
        read: read.as_deref().unwrap_or(NEVER),
        preread: preread.as_deref().unwrap_or(NEVER),
        num_procs: 0,
        storage_stats: Nothing {},
        pids_stats: picture.map_or_else(Pids::default, |_| Pids {
            current: Some(berth.pids_at(*now_ms)),
            limit: Some(UNLIMITED_PIDS),
        }),
        blkio_stats: blkio(berth, moment, *now_ms),
        cpu_stats: cpu(berth, moment, *now_ms),
        precpu_stats: if with_before {
            cpu(berth, moment, before_ms)
        } else {
            Cpu::default()
        },
        memory_stats: picture.map_or_else(Memory::default, |picture| memory(berth, moment, &picture)),
        networks: networks(berth, moment, *now_ms),
    };
    let mut bytes = Vec::with_capacity(2_048);
    match serde_json::to_writer(&mut bytes, &stats) {
        Ok(()) => Ok(bytes),
        Err(error) => Err(Answer::error(
            StatusCode::INTERNAL_SERVER_ERROR,
            &error.to_string(),
        )),
    }
}

fn is_v1(berth: &Berth) -> bool {
    berth.machine.flavour.cgroup_version() == 1
}

fn cpu(berth: &Berth, moment: &Moment, time_ms: i64) -> Cpu {
    let Some(CpuCounters {
        total_ns,
        system_ns,
        online_cpus,
    }) = berth.cpu_at(moment, time_ms)
    else {
        return Cpu::default();
    };
    let kernel_ns = total_ns / 4;
    Cpu {
        cpu_usage: CpuUsage {
            total_usage: total_ns,
            percpu_usage: is_v1(berth).then(|| {
                let cores = u64::from(online_cpus.max(1));
                let each = total_ns / cores;
                let mut list = vec![each; cores as usize];
                list[0] += total_ns - each * cores;
                list
            }),
            usage_in_kernelmode: kernel_ns,
            usage_in_usermode: total_ns - kernel_ns,
        },
        system_cpu_usage: system_ns,
        online_cpus: Some(online_cpus),
        throttling_data: Throttling::default(),
    }
}

fn blkio(berth: &Berth, moment: &Moment, time_ms: i64) -> Blkio {
    let v1 = is_v1(berth);
    let Some(block) = berth.block_at(moment, time_ms) else {
        return Blkio::default();
    };
    let entry = |op, value| BlkioEntry {
        major: 254,
        minor: 0,
        op,
        value,
    };
    let (read, write) = (block.read_bytes, block.write_bytes);
    if !v1 {
        return Blkio {
            io_service_bytes_recursive: Some(vec![entry("read", read), entry("write", write)]),
            ..Blkio::default()
        };
    }
    let empty = || Some(Vec::new());
    Blkio {
        io_service_bytes_recursive: Some(vec![
            entry("Read", read),
            entry("Write", write),
            entry("Sync", read + write),
            entry("Async", 0),
            entry("Discard", 0),
            entry("Total", read + write),
        ]),
        io_serviced_recursive: Some(vec![
            entry("Read", read / 16_384),
            entry("Write", write / 16_384),
            entry("Total", read / 16_384 + write / 16_384),
        ]),
        io_queue_recursive: empty(),
        io_service_time_recursive: empty(),
        io_wait_time_recursive: empty(),
        io_merged_recursive: empty(),
        io_time_recursive: empty(),
        sectors_recursive: empty(),
    }
}

fn memory(berth: &Berth, moment: &Moment, picture: &MemoryPicture) -> Memory {
    let limit = berth.limit_or_machine(moment);
    let MemoryPicture {
        usage,
        anon,
        shmem,
        active_file,
        inactive_file,
        kernel,
    } = *picture;
    // tmpfs pages count as anonymous in the lists of pages and as file in the sums, as the kernel has it.
    let (file, lru_anon) = (active_file + inactive_file + shmem, anon + shmem);
    let v1 = is_v1(berth);
    let stats = if v1 {
        MemoryStat::V1 {
            active_anon: 0,
            active_file,
            cache: file,
            hierarchical_memory_limit: limit,
            inactive_anon: lru_anon,
            inactive_file,
            mapped_file: active_file / 2,
            rss: anon,
            shmem,
            total_active_anon: 0,
            total_active_file: active_file,
            total_cache: file,
            total_inactive_anon: lru_anon,
            total_inactive_file: inactive_file,
            total_mapped_file: active_file / 2,
            total_rss: anon,
            total_shmem: shmem,
            total_unevictable: 0,
            unevictable: 0,
        }
    } else {
        MemoryStat::V2 {
            active_anon: 0,
            active_file,
            anon,
            anon_thp: 0,
            file,
            file_dirty: 0,
            file_mapped: active_file / 2,
            file_writeback: 0,
            inactive_anon: lru_anon,
            inactive_file,
            kernel_stack: kernel / 4,
            pgfault: usage / 1_024,
            pgmajfault: usage / 1_048_576,
            shmem,
            slab: kernel - kernel / 4,
            slab_reclaimable: kernel / 2,
            slab_unreclaimable: kernel / 4,
            sock: 0,
            unevictable: 0,
        }
    };
    Memory {
        usage: Some(usage),
        max_usage: v1.then_some(usage),
        stats: Some(stats),
        failcnt: berth.failcnt(picture, limit),
        limit: Some(limit),
    }
}

fn networks(berth: &Berth, moment: &Moment, time_ms: i64) -> Option<BTreeMap<&'static str, Network>> {
    let counters = berth.network_at(moment, time_ms)?;
    let network = Network {
        rx_bytes: counters.rx_bytes,
        rx_dropped: 0,
        rx_errors: 0,
        rx_packets: counters.rx_bytes / 700,
        tx_bytes: counters.tx_bytes,
        tx_dropped: 0,
        tx_errors: 0,
        tx_packets: counters.tx_bytes / 900,
    };
    Some(BTreeMap::from([("eth0", network)]))
}
