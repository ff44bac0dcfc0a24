//! Cumulative counters into rates.
//!
//! A counter that goes backwards (a restarted container, a reset interface) is a new baseline, not a rate: unsigned
//! subtraction would give 2^64. The first reading of a container gives no rate at all.

use std::collections::HashMap;

use crate::{ContainerId, Reading};

/// The counters of one reading that rates are taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// When they were read, UTC epoch milliseconds.
    pub read_at_ms: i64,
    /// CPU time, nanoseconds.
    pub cpu_total_ns: Option<u64>,
    /// CPU time of the machine, nanoseconds.
    pub cpu_system_ns: Option<u64>,
    /// Cores of the machine, to read `cpu_system_ns` with.
    pub online_cpus: u32,
    /// Network received, sent; block read, written.
    pub io_bytes: [Option<u64>; 4],
}

impl Counters {
    /// The counters of a reading.
    #[must_use]
    pub fn of(reading: &Reading) -> Self {
        Self {
            read_at_ms: reading.read_at_ms,
            cpu_total_ns: reading.cpu.map(|c| c.total_ns),
            cpu_system_ns: reading.cpu.and_then(|c| c.system_ns),
            online_cpus: reading.cpu.map_or(0, |c| c.online_cpus),
            io_bytes: [
                reading.network.map(|n| n.rx_bytes),
                reading.network.map(|n| n.tx_bytes),
                reading.block.map(|b| b.read_bytes),
                reading.block.map(|b| b.write_bytes),
            ],
        }
    }
}

/// Rates between two readings of one container.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rates {
    /// Cores used.
    pub cpu_cores: Option<f64>,
    /// Network received, sent; block read, written; bytes per second.
    pub io_bytes_per_s: [Option<f64>; 4],
}

/// Cores are kept to a ten-thousandth (0.01 % of a core, what `docker stats` prints): finer is noise, and costs
/// three bytes a sample on disk.
const CORES_PER_STEP: f64 = 10_000.0;

/// Rates from `before` to `now`. As the docker CLI: CPU time over the machine's CPU time × cores when both are
/// known, else over wall time.
#[must_use]
pub fn rates(before: &Counters, now: &Counters) -> Rates {
    let elapsed_ms = now.read_at_ms - before.read_at_ms;
    if elapsed_ms <= 0 {
        return Rates::default();
    }
    let elapsed_s = elapsed_ms as f64 / 1_000.0;
    let grown = |before: Option<u64>, now: Option<u64>| now?.checked_sub(before?);

    let cpu_cores = grown(before.cpu_total_ns, now.cpu_total_ns).and_then(|used_ns| {
        let cores = match grown(before.cpu_system_ns, now.cpu_system_ns) {
            Some(system_ns) if system_ns > 0 && now.online_cpus > 0 => {
                used_ns as f64 / system_ns as f64 * f64::from(now.online_cpus)
            }
            _ => used_ns as f64 / 1e9 / elapsed_s,
        };
        cores
            .is_finite()
            .then(|| (cores * CORES_PER_STEP).round() / CORES_PER_STEP)
    });
    let mut io_bytes_per_s = [None; 4];
    for (rate, (before, now)) in io_bytes_per_s
        .iter_mut()
        .zip(before.io_bytes.iter().zip(now.io_bytes))
    {
        *rate = grown(*before, now).map(|bytes| (bytes as f64 / elapsed_s).round());
    }
    Rates {
        cpu_cores,
        io_bytes_per_s,
    }
}

/// The previous counters of every container of one host.
#[derive(Debug, Default)]
pub struct RateTracker {
    previous: HashMap<ContainerId, Counters>,
}

impl RateTracker {
    /// Rates since this container's last reading, which the new one replaces.
    pub fn observe(&mut self, container: ContainerId, now: Counters) -> Rates {
        match self.previous.insert(container, now) {
            Some(before) => rates(&before, &now),
            None => Rates::default(),
        }
    }

    /// Forgets containers that are gone, so that a long run does not grow.
    pub fn keep_only(&mut self, alive: impl Fn(ContainerId) -> bool) {
        self.previous.retain(|container, _| alive(*container));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(read_at_ms: i64, cpu_ns: u64, system_ns: Option<u64>, rx: u64) -> Counters {
        Counters {
            read_at_ms,
            cpu_total_ns: Some(cpu_ns),
            cpu_system_ns: system_ns,
            online_cpus: 4,
            io_bytes: [Some(rx), None, None, None],
        }
    }

    #[test]
    fn half_a_core_for_ten_seconds() {
        let rates = rates(&at(0, 0, None, 0), &at(10_000, 5_000_000_000, None, 1_000));
        assert_eq!(rates.cpu_cores, Some(0.5));
        assert_eq!(rates.io_bytes_per_s[0], Some(100.0));
        assert_eq!(rates.io_bytes_per_s[1], None, "what was not measured is absent");
    }

    #[test]
    fn system_time_is_used_when_the_engine_gives_it() {
        let rates = rates(
            &at(0, 0, Some(0), 0),
            &at(1_000, 1_000_000_000, Some(4_000_000_000), 0),
        );
        assert_eq!(rates.cpu_cores, Some(1.0));
    }

    #[test]
    fn a_counter_that_goes_backwards_starts_a_new_baseline() {
        let mut tracker = RateTracker::default();
        let container = ContainerId(1);
        tracker.observe(container, at(0, 9_000_000_000, None, 9_000));
        let reset = tracker.observe(container, at(10_000, 1_000, None, 10));
        assert_eq!(reset, Rates::default());
        let after = tracker.observe(container, at(20_000, 1_000 + 10_000_000_000, None, 1_010));
        assert_eq!(after.cpu_cores, Some(1.0));
        assert_eq!(after.io_bytes_per_s[0], Some(100.0));
    }

    #[test]
    fn two_readings_of_one_moment_give_no_rate() {
        assert_eq!(rates(&at(5, 0, None, 0), &at(5, 10, None, 10)), Rates::default());
    }
}
