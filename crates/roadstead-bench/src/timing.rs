//! Stop watches and what the operating system says a process took.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike as _};
use roadstead_model::quantile::nearest_rank;

/// How long each of many runs of one thing took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Latencies {
    sorted_ms: Vec<f64>,
}

impl Latencies {
    pub(crate) fn of(mut ms: Vec<f64>) -> Self {
        ms.sort_by(f64::total_cmp);
        Self { sorted_ms: ms }
    }

    /// The `percent`-th percentile by nearest rank; `None` without a run.
    pub(crate) fn percentile_ms(&self, percent: u64) -> Option<f64> {
        let rank = nearest_rank(self.sorted_ms.len() as u64, percent) as usize;
        self.sorted_ms.get(rank - 1).copied()
    }

    pub(crate) fn best_ms(&self) -> Option<f64> {
        self.sorted_ms.first().copied()
    }
}

/// Milliseconds with their fraction.
pub(crate) fn elapsed_ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}

/// Whose CPU time is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whose {
    /// All threads of this process.
    Ours,
    /// Child processes that have ended and were waited for.
    EndedChildren,
}

/// User and system CPU time so far.
pub(crate) fn cpu_time(whose: Whose) -> anyhow::Result<Duration> {
    let who = match whose {
        Whose::Ours => UsageWho::RUSAGE_SELF,
        Whose::EndedChildren => UsageWho::RUSAGE_CHILDREN,
    };
    let usage = getrusage(who).context("the system does not tell the CPU time used")?;
    let duration = |time: TimeVal| Duration::from_micros(time.num_microseconds().max(0) as u64);
    Ok(duration(usage.user_time()) + duration(usage.system_time()))
}

/// Resident memory of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ResidentMemory {
    pub(crate) now_bytes: u64,
    pub(crate) peak_bytes: u64,
}

/// Resident memory of this process, now and at its highest.
pub(crate) fn resident_memory() -> anyhow::Result<ResidentMemory> {
    let status = std::fs::read_to_string("/proc/self/status").context("cannot read /proc/self/status")?;
    parse_resident_memory(&status).context("/proc/self/status has no VmRSS and VmHWM in kB")
}

fn parse_resident_memory(status: &str) -> Option<ResidentMemory> {
    let kib = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
    };
    Some(ResidentMemory {
        now_bytes: kib("VmRSS:")? * 1_024,
        peak_bytes: kib("VmHWM:")? * 1_024,
    })
}

/// What a reader must know when other programs kept the machine busy before a bench began.
pub(crate) fn busy_note() -> anyhow::Result<Option<String>> {
    let text = std::fs::read_to_string("/proc/loadavg").context("cannot read /proc/loadavg")?;
    let load = text
        .split_whitespace()
        .next()
        .and_then(|first| first.parse::<f64>().ok());
    let load = load.context("/proc/loadavg does not begin with a number")?;
    let cores = std::thread::available_parallelism()?.get();
    let note = format!(
        "the machine was busy when this began (load {load} on {cores} cores): times are longer than on an idle one"
    );
    Ok((load > cores as f64 / 2.0).then_some(note))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let runs = Latencies::of((1..=200).rev().map(f64::from).collect());
        assert_eq!(runs.percentile_ms(50), Some(100.0));
        assert_eq!(runs.percentile_ms(99), Some(198.0));
        assert_eq!(runs.best_ms(), Some(1.0));
        assert_eq!(Latencies::default().percentile_ms(99), None);
    }

    #[test]
    fn resident_memory_is_read_in_bytes() {
        let status = "Name:\tbench\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(
            parse_resident_memory(status),
            Some(ResidentMemory {
                now_bytes: 1_048_576,
                peak_bytes: 2_097_152
            })
        );
        assert_eq!(parse_resident_memory("VmRSS: 1 MB\n"), None);
    }

    #[test]
    fn cpu_time_of_a_busy_loop_is_seen() {
        let before = cpu_time(Whose::Ours).unwrap();
        let started = Instant::now();
        let mut sum = 0_u64;
        while started.elapsed() < Duration::from_millis(60) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let used = cpu_time(Whose::Ours).unwrap() - before;
        assert!(used > Duration::from_millis(5), "{used:?}");
    }
}
