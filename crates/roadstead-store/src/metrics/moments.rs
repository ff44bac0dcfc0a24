//! Sums over containers at one moment: first those of a host's tick, then those of all hosts. Pure.

use roadstead_model::Sample;

use super::TickInterval;

/// What some containers showed together.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cell {
    pub(super) memory_bytes: u64,
    pub(super) limit_bytes: u64,
    pub(super) cpu_cores: f64,
    /// Network received and sent, blocks read and written, per second.
    pub(super) rates: [f64; RATES],
    pub(super) containers: u32,
    flags: u32,
}

pub(super) const RATES: usize = 4;

const MEMORY_UNKNOWN: u32 = 1;
const CPU_UNKNOWN: u32 = 1 << 1;
const UNLIMITED: u32 = 1 << 2;
/// A host that should be in the sum is not.
const MISSED: u32 = 1 << 3;
/// By rate: a container has it.
const RATE_THERE: u32 = 1 << 8;
/// By rate: a container may have it, and it was not measured.
const RATE_UNKNOWN: u32 = 1 << 16;

/// What a chart needs of one sample.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shown {
    pub(super) memory_bytes: Option<u64>,
    pub(super) limit_bytes: Option<u64>,
    pub(super) cpu_cores: Option<f64>,
    /// Absent where none were asked for.
    pub(super) rates: Option<[Option<f64>; RATES]>,
}

impl Shown {
    pub(super) fn of(sample: &Sample, rates: bool) -> Self {
        Self {
            memory_bytes: sample.memory_used_bytes,
            limit_bytes: sample.memory_limit_bytes,
            cpu_cores: sample.cpu_cores,
            rates: rates.then_some([
                sample.network_rx_bytes_per_s,
                sample.network_tx_bytes_per_s,
                sample.block_read_bytes_per_s,
                sample.block_write_bytes_per_s,
            ]),
        }
    }
}

impl Cell {
    /// Adds one container.
    ///
    /// A rate that is absent beside known cores is one the container does not have (the host's network, an engine that does
    /// not count blocks): both come from the same pair of readings. Without cores there was no such pair, and nothing is known.
    #[inline]
    pub(super) fn add(&mut self, shown: &Shown) {
        self.containers += 1;
        match shown.memory_bytes {
            Some(bytes) => self.memory_bytes = self.memory_bytes.saturating_add(bytes),
            None => self.flags |= MEMORY_UNKNOWN,
        }
        match shown.limit_bytes {
            Some(bytes) => self.limit_bytes = self.limit_bytes.saturating_add(bytes),
            None => self.flags |= UNLIMITED,
        }
        let cpu = shown.cpu_cores.filter(|cores| cores.is_finite());
        match cpu {
            Some(cores) => self.cpu_cores += cores,
            None => self.flags |= CPU_UNKNOWN,
        }
        for (at, rate) in shown.rates.iter().flatten().enumerate() {
            match rate.filter(|rate| rate.is_finite()) {
                Some(rate) => {
                    self.rates[at] += rate;
                    self.flags |= RATE_THERE << at;
                }
                None if cpu.is_none() => self.flags |= RATE_UNKNOWN << at,
                None => {}
            }
        }
    }

    /// Adds what other containers showed at the same moment.
    #[inline]
    pub(super) fn merge(&mut self, other: &Self) {
        self.memory_bytes = self.memory_bytes.saturating_add(other.memory_bytes);
        self.limit_bytes = self.limit_bytes.saturating_add(other.limit_bytes);
        self.cpu_cores += other.cpu_cores;
        for (rate, other) in self.rates.iter_mut().zip(other.rates) {
            *rate += other;
        }
        self.containers += other.containers;
        self.flags |= other.flags;
    }

    /// Says that a part of it is missing.
    pub(super) fn miss(&mut self) {
        self.flags |= MISSED;
    }

    /// Nothing of it ran, or a part of it is missing.
    fn is_nothing(&self) -> bool {
        self.containers == 0 || self.flags & MISSED != 0
    }

    pub(super) fn memory(&self) -> Option<u64> {
        (!self.is_nothing() && self.flags & MEMORY_UNKNOWN == 0).then_some(self.memory_bytes)
    }

    pub(super) fn cpu(&self) -> Option<f64> {
        (!self.is_nothing() && self.flags & CPU_UNKNOWN == 0).then_some(self.cpu_cores)
    }

    /// The limit when all are limited, or that one is not; `None` when nothing can be said.
    pub(super) fn limit(&self) -> Option<Option<u64>> {
        (!self.is_nothing()).then(|| (self.flags & UNLIMITED == 0).then_some(self.limit_bytes))
    }

    pub(super) fn rate(&self, at: usize) -> Option<f64> {
        let known = self.flags & (RATE_UNKNOWN << at) == 0 && self.flags & (RATE_THERE << at) != 0;
        (!self.is_nothing() && known).then(|| self.rates[at])
    }
}

/// How many containers ran and were measured at one tick of a host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) expected: u32,
    pub(super) measured: u32,
}

impl Count {
    #[inline]
    pub(super) fn add(&mut self, measured: bool) {
        self.expected += 1;
        self.measured += u32::from(measured);
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.expected += other.expected;
        self.measured += other.measured;
    }

    pub(super) fn missing(self) -> u32 {
        self.expected - self.measured
    }
}

/// The ticks of one host in which a container of the chart ran.
#[derive(Debug, Default)]
pub(super) struct HostTicks {
    pub(super) host_id: i64,
    /// Ascending, each once.
    pub(super) times_ms: Vec<i64>,
    /// Until when each counts as what is shown now: its interval.
    pub(super) until_ms: Vec<i64>,
}

impl HostTicks {
    /// Adds ticks, ascending: mostly they are there already, because a host's containers share their ticks.
    pub(super) fn take_in(&mut self, times_ms: &[i64], until_ms: &[i64]) {
        let mut at = match times_ms.first() {
            Some(first) => self.times_ms.partition_point(|known| known < first),
            None => return,
        };
        let known_all = times_ms.iter().all(|time_ms| {
            while self.times_ms.get(at).is_some_and(|known| known < time_ms) {
                at += 1;
            }
            self.times_ms.get(at) == Some(time_ms)
        });
        if known_all {
            return;
        }
        if self.times_ms.last().is_none_or(|last| *last < times_ms[0]) {
            self.times_ms.extend_from_slice(times_ms);
            self.until_ms.extend_from_slice(until_ms);
            return;
        }
        let mut merged: Vec<(i64, i64)> = (self.times_ms.iter().copied().zip(self.until_ms.iter().copied()))
            .chain(times_ms.iter().copied().zip(until_ms.iter().copied()))
            .collect();
        merged.sort_by_key(|(time_ms, _)| *time_ms);
        merged.dedup_by_key(|(time_ms, _)| *time_ms);
        (self.times_ms, self.until_ms) = merged.into_iter().unzip();
    }
}

/// A host's tick that is shown at a moment.
pub(super) const NO_TICK: u32 = u32::MAX;

/// The moments of a chart: every tick of any host. A host that ticks more seldom than others shows its last tick for as long as
/// its interval is.
#[derive(Debug, Default)]
pub(super) struct Moments {
    pub(super) times_ms: Vec<i64>,
    /// Per host the number of the tick shown at each moment, or [`NO_TICK`].
    pub(super) shown: Vec<Vec<u32>>,
}

impl Moments {
    /// The moments from `from_ms` on. Earlier ticks are only shown on.
    pub(super) fn of(hosts: &[HostTicks], from_ms: i64) -> Self {
        let mut times_ms: Vec<i64> = match hosts {
            [one] => one.times_ms.clone(),
            several => {
                let mut all: Vec<i64> = several
                    .iter()
                    .flat_map(|host| host.times_ms.iter().copied())
                    .collect();
                all.sort();
                all.dedup();
                all
            }
        };
        times_ms.drain(..times_ms.partition_point(|time_ms| *time_ms < from_ms));
        let shown = hosts.iter().map(|host| {
            let mut next = 0;
            let of_moment = times_ms.iter().map(|moment_ms| {
                while host
                    .times_ms
                    .get(next)
                    .is_some_and(|time_ms| time_ms <= moment_ms)
                {
                    next += 1;
                }
                let last = next.checked_sub(1)?;
                (*moment_ms < host.until_ms[last] || host.times_ms[last] == *moment_ms).then_some(last as u32)
            });
            of_moment.map(|tick| tick.unwrap_or(NO_TICK)).collect()
        });
        Self {
            shown: shown.collect(),
            times_ms,
        }
    }

    /// Adds what each host counted at its ticks to the counts of the moments that show them.
    pub(super) fn add_counts(&self, by_host: &[Vec<Count>], of_moment: &mut [Count]) {
        for (counts, shown) in by_host.iter().zip(&self.shown) {
            for (count, tick) in of_moment
                .iter_mut()
                .zip(shown)
                .filter(|(_, tick)| **tick != NO_TICK)
            {
                count.merge(counts.get(*tick as usize).copied().unwrap_or_default());
            }
        }
    }

    /// The interval at each moment, where it changes.
    pub(super) fn intervals(&self, hosts: &[HostTicks]) -> Vec<TickInterval> {
        let mut intervals: Vec<TickInterval> = Vec::new();
        for (at, from_ms) in self.times_ms.iter().enumerate() {
            let shown = hosts
                .iter()
                .zip(&self.shown)
                .map(|(host, shown)| (host, shown[at]));
            let interval_ms = shown
                .filter(|(_, tick)| *tick != NO_TICK)
                .map(|(host, tick)| host.until_ms[tick as usize] - host.times_ms[tick as usize])
                .max();
            if let Some(interval_ms) = interval_ms
                && intervals
                    .last()
                    .is_none_or(|last| last.interval_ms != interval_ms)
            {
                intervals.push(TickInterval {
                    from_ms: *from_ms,
                    interval_ms,
                });
            }
        }
        intervals
    }
}
