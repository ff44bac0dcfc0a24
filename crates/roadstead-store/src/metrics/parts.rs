//! What is stored in pieces, added up by group and tick of their host: sealed samples container by container, and the sums of fresh
//! ones.

use std::collections::{BTreeMap, HashMap};

use roadstead_model::time::MINUTE_MS;
use roadstead_model::{ContainerId, TimeRange};

use super::MetricsSpec;
use super::fresh::FreshSums;
use super::moments::{Cell, Count, HostTicks, RATES, Shown};
use crate::SampleField;
use crate::codec::bytes::Damage;
use crate::codec::chunk::ChunkColumns;
use crate::samples::{Chunk, Stored};

/// What a tick shows holds for its interval, at most so long: the longest an operator can set.
const LONGEST_INTERVAL_MS: i64 = 5 * MINUTE_MS;

/// The place of a group's fresh sums among its containers.
const AFTER_SEALED: ContainerId = ContainerId(i64::MAX);

pub(super) const FIELDS: [SampleField; 3] = [
    SampleField::MemoryUsed,
    SampleField::MemoryLimit,
    SampleField::CpuCores,
];
pub(super) const RATE_FIELDS: [SampleField; RATES] = [
    SampleField::NetworkRx,
    SampleField::NetworkTx,
    SampleField::BlockRead,
    SampleField::BlockWrite,
];

/// One container's sealed samples in one piece, or what is fresh of a group on one host.
pub(super) struct Part<'a> {
    /// Number of its host.
    host: usize,
    /// The group it counts for; those of none are counted all the same.
    pub(super) group: Option<u32>,
    samples: Samples<'a>,
}

enum Samples<'a> {
    Sealed(&'a Chunk),
    /// Sums by moment of the tick, ascending. Their containers are counted already.
    Fresh(Vec<(i64, Cell)>),
}

/// All pieces of a span, by group and container.
pub(super) struct Parts<'a> {
    pub(super) hosts: Vec<HostTicks>,
    pub(super) parts: Vec<Part<'a>>,
    /// The containers of fresh ticks, by number of the host, by its ticks.
    pub(super) fresh_counts: Vec<Vec<Count>>,
    /// The shortest interval of any tick.
    pub(super) interval_ms: i64,
    span: TimeRange,
    rates: bool,
}

impl<'a> Parts<'a> {
    pub(super) fn of(
        stored: &'a Stored,
        fresh: FreshSums,
        span: TimeRange,
        spec: &MetricsSpec,
    ) -> Result<Self, Damage> {
        let MetricsSpec { lines, rates, .. } = spec;
        let mut hosts = Hosts::default();
        let mut parts: Vec<(ContainerId, Part<'_>)> = Vec::new();
        let (mut times_ms, mut until_ms) = (Vec::new(), Vec::new());
        let mut columns = ChunkColumns::default();
        for chunk in &stored.chunks {
            columns.read_times(&chunk.body)?;
            times_ms.clear();
            until_ms.clear();
            for row in stored.live_rows(chunk, &columns.times_ms, span) {
                let tick_ms = columns.times_ms[row];
                times_ms.push(tick_ms);
                until_ms.push(hosts.until_ms(tick_ms, columns.intervals_ms[row] as i64));
            }
            if times_ms.is_empty() {
                continue;
            }
            let host = hosts.at(chunk.host_id);
            hosts.ticks[host].take_in(&times_ms, &until_ms);
            let container = ContainerId(chunk.container_id);
            let part = Part {
                host,
                group: lines.group_of(container),
                samples: Samples::Sealed(chunk),
            };
            parts.push((container, part));
        }
        let mut fresh_counts = Vec::new();
        for of_host in fresh.hosts.into_iter().filter(|host| !host.times_ms.is_empty()) {
            let host = hosts.at(of_host.host_id);
            until_ms.clear();
            for (tick_ms, interval_ms) in of_host.times_ms.iter().zip(&of_host.intervals_ms) {
                until_ms.push(hosts.until_ms(*tick_ms, *interval_ms));
            }
            hosts.ticks[host].take_in(&of_host.times_ms, &until_ms);
            parts.extend(of_host.groups.into_iter().map(|(group, sums)| {
                let part = Part {
                    host,
                    group: Some(group),
                    samples: Samples::Fresh(sums),
                };
                (AFTER_SEALED, part)
            }));
            fresh_counts.push((host, of_host.times_ms, of_host.counts));
        }
        parts.sort_by_key(|(container, part)| (part.group, part.host, *container));
        let mut counts = vec![Vec::new(); hosts.ticks.len()];
        for (host, times_ms, of_tick) in fresh_counts {
            let ticks = &hosts.ticks[host].times_ms;
            counts[host].resize(ticks.len(), Count::default());
            let mut at = 0;
            for (tick_ms, count) in times_ms.into_iter().zip(of_tick) {
                at = tick_at(ticks, at, tick_ms);
                counts[host][at] = count;
            }
        }
        Ok(Self {
            fresh_counts: counts,
            hosts: hosts.ticks,
            parts: parts.into_iter().map(|(_, part)| part).collect(),
            interval_ms: hosts.interval_ms.unwrap_or(1),
            span,
            rates: *rates,
        })
    }
}

/// Hosts as they are met.
#[derive(Default)]
struct Hosts {
    ticks: Vec<HostTicks>,
    numbers: HashMap<i64, usize>,
    interval_ms: Option<i64>,
}

impl Hosts {
    fn at(&mut self, host_id: i64) -> usize {
        *self.numbers.entry(host_id).or_insert_with(|| {
            self.ticks.push(HostTicks {
                host_id,
                ..HostTicks::default()
            });
            self.ticks.len() - 1
        })
    }

    /// Until when a tick is shown.
    fn until_ms(&mut self, tick_ms: i64, interval_ms: i64) -> i64 {
        let interval_ms = interval_ms.max(1);
        let shortest = self.interval_ms.get_or_insert(interval_ms);
        *shortest = interval_ms.min(*shortest);
        tick_ms + interval_ms.min(LONGEST_INTERVAL_MS)
    }
}

/// Sums of some parts.
#[derive(Default)]
pub(super) struct Sums {
    /// By group and number of the host, by its ticks; empty for a host without a part.
    pub(super) cells: BTreeMap<u32, Vec<Vec<Cell>>>,
    /// By number of the host, by its ticks; empty for a host without a part.
    pub(super) counts: Vec<Vec<Count>>,
}

impl Sums {
    pub(super) fn of(parts: &[Part<'_>], all: &Parts<'_>, stored: &Stored) -> Result<Self, Damage> {
        let mut sums = Self {
            counts: vec![Vec::new(); all.hosts.len()],
            ..Self::default()
        };
        let mut columns = ChunkColumns::default();
        for part in parts {
            let ticks = &all.hosts[part.host].times_ms;
            let counts = &mut sums.counts[part.host];
            counts.resize(ticks.len(), Count::default());
            let mut nothing = Vec::new();
            let cells = match part.group {
                Some(group) => {
                    let of_group = sums.cells.entry(group).or_default();
                    of_group.resize(all.hosts.len(), Vec::new());
                    &mut of_group[part.host]
                }
                None => &mut nothing,
            };
            cells.resize(ticks.len(), Cell::default());
            match &part.samples {
                Samples::Fresh(fresh) => {
                    let mut at = 0;
                    for (tick_ms, cell) in fresh {
                        at = tick_at(ticks, at, *tick_ms);
                        cells[at].merge(cell);
                    }
                }
                Samples::Sealed(chunk) => {
                    columns.read(&chunk.body, |field| {
                        let shown = FIELDS.contains(&field) || all.rates && RATE_FIELDS.contains(&field);
                        field == SampleField::MemoryUsed || part.group.is_some() && shown
                    })?;
                    let mut at = 0;
                    for row in stored.live_rows(chunk, &columns.times_ms, all.span) {
                        at = tick_at(ticks, at, columns.times_ms[row]);
                        let shown = shown(&columns, row, all.rates);
                        counts[at].add(shown.memory_bytes.is_some());
                        cells[at].add(&shown);
                    }
                }
            }
        }
        Ok(sums)
    }

    /// Adds the sums of other parts.
    pub(super) fn merge(&mut self, other: Self) {
        for (counts, other) in self.counts.iter_mut().zip(other.counts) {
            merge_onto(counts, other, |count, other| count.merge(other));
        }
        for (group, by_host) in other.cells {
            let cells = self.cells.entry(group).or_default();
            cells.resize(by_host.len(), Vec::new());
            for (cells, other) in cells.iter_mut().zip(by_host) {
                merge_onto(cells, other, |cell, other| cell.merge(&other));
            }
        }
    }
}

/// Adds a host's column to another; one of them may be empty.
fn merge_onto<T>(column: &mut Vec<T>, other: Vec<T>, merge: impl Fn(&mut T, T)) {
    if column.is_empty() {
        *column = other;
    } else {
        for (value, other) in column.iter_mut().zip(other) {
            merge(value, other);
        }
    }
}

/// Number of a tick, which is not before the one of number `from`.
#[inline]
fn tick_at(ticks_ms: &[i64], from: usize, tick_ms: i64) -> usize {
    if from == 0 {
        return ticks_ms.partition_point(|known| *known < tick_ms);
    }
    let mut at = from;
    while ticks_ms[at] < tick_ms {
        at += 1;
    }
    at
}

#[inline]
fn shown(columns: &ChunkColumns, row: usize, rates: bool) -> Shown {
    Shown {
        memory_bytes: columns.whole(SampleField::MemoryUsed, row),
        limit_bytes: columns.whole(SampleField::MemoryLimit, row),
        cpu_cores: columns.real(SampleField::CpuCores, row),
        rates: rates.then(|| RATE_FIELDS.map(|field| columns.real(field, row))),
    }
}
