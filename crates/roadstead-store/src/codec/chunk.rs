//! One container's samples of a span as columns: what ticks become once their span is complete.

use roadstead_model::{ContainerId, DeploymentId, MemoryReading, Sample};

use super::bytes::{Damage, Put, Take, seal, unseal};
use super::column::{Column, Presence, put_real, put_whole, skip, take_real, take_whole};
use super::numbers::{Effort, Found, put_numbers, take_numbers};
use crate::series::{REAL_FIELDS, SampleField, WHOLE_FIELDS, reals, set_real, set_whole, wholes};

const FORMAT: u8 = 1;
/// More samples than a span can hold bounds what a damaged count can allocate.
const MOST_SAMPLES: usize = 1 << 20;

/// A sample and its tick.
#[derive(Debug, Clone)]
pub(crate) struct Timed {
    pub(crate) tick_ms: i64,
    pub(crate) interval_ms: i64,
    pub(crate) sample: Sample,
}

/// Chosen columns of a chunk. Made once and read into again and again: its memory is used for one chunk after the other.
#[derive(Debug, Default)]
pub(crate) struct ChunkColumns {
    pub(crate) times_ms: Vec<i64>,
    pub(crate) intervals_ms: Vec<u64>,
    whole: [Column<u64>; WHOLE_FIELDS],
    real: [Column<f64>; REAL_FIELDS],
    wholes: Vec<u64>,
}

impl ChunkColumns {
    /// The value of a whole-number field that was asked for.
    #[inline]
    pub(crate) fn whole(&self, field: SampleField, at: usize) -> Option<u64> {
        self.whole.get(field.position())?.get(at)
    }

    /// The value of a real-number field that was asked for.
    #[inline]
    pub(crate) fn real(&self, field: SampleField, at: usize) -> Option<f64> {
        self.real
            .get(field.position().checked_sub(WHOLE_FIELDS)?)?
            .get(at)
    }
}

/// The blob of one container's samples, ascending by tick.
pub(crate) fn put_chunk(samples: &[Timed], effort: Effort) -> Vec<u8> {
    let mut blob = Vec::with_capacity(64 + samples.len() * 6);
    blob.push(FORMAT);
    blob.put_uint(samples.len() as u64);
    let first = samples.first().map_or(0, |sample| sample.tick_ms);
    blob.put_int(first);
    let times: Vec<u64> = samples
        .iter()
        .map(|sample| sample.tick_ms.wrapping_sub(first) as u64)
        .collect();
    let intervals: Vec<u64> = samples.iter().map(|sample| sample.interval_ms as u64).collect();
    for numbers in [times, intervals] {
        let mut part = Vec::new();
        put_numbers(&mut part, &numbers, effort);
        blob.put_part(&part);
    }
    // Used memory follows from two other columns wherever the engine gave them: then it costs nothing.
    let derived = samples.iter().all(|timed| is_derived(&timed.sample))
        && samples
            .iter()
            .any(|timed| timed.sample.memory_used_bytes.is_some());
    blob.push(u8::from(derived));
    // Bit n: column n is there. Engines without a counter are without it throughout.
    let mut there = 0_u64;
    let mut columns = Vec::new();
    for at in usize::from(derived)..WHOLE_FIELDS {
        let column: Vec<Option<u64>> = samples.iter().map(|timed| wholes(&timed.sample)[at]).collect();
        if column.iter().any(Option::is_some) {
            there |= 1 << at;
            put_whole(&mut columns, &column, effort);
        }
    }
    for at in 0..REAL_FIELDS {
        let column: Vec<Option<f64>> = samples.iter().map(|timed| reals(&timed.sample)[at]).collect();
        if column.iter().any(Option::is_some) {
            there |= 1 << (WHOLE_FIELDS + at);
            put_real(&mut columns, &column, effort);
        }
    }
    blob.put_uint(there);
    blob.extend_from_slice(&columns);
    seal(blob)
}

fn is_derived(sample: &Sample) -> bool {
    let by_formula = sample
        .memory_usage_bytes
        .map(|usage| MemoryReading::used_bytes(usage, sample.memory_inactive_file_bytes));
    by_formula == sample.memory_used_bytes
}

/// When the samples of a chunk are, into buffers; gives how many there are.
fn take_times(
    take: &mut Take<'_>,
    times_ms: &mut Vec<i64>,
    intervals_ms: &mut Vec<u64>,
) -> Result<usize, Damage> {
    take.format(FORMAT)?;
    let count = take.count(MOST_SAMPLES)?;
    let first = take.int()?;
    take_each(take.part()?, count, intervals_ms)?;
    times_ms.clear();
    times_ms.extend(intervals_ms.iter().map(|since| first.wrapping_add(*since as i64)));
    take_each(take.part()?, count, intervals_ms)?;
    Ok(count)
}

/// A value for every position.
fn take_each(take: Take<'_>, count: usize, values: &mut Vec<u64>) -> Result<(), Damage> {
    if let Found::Same(value) = take_numbers(take, count, values)? {
        values.clear();
        values.resize(count, value);
    }
    Ok(())
}

/// The chosen columns of [`put_chunk`]; others are passed over unread.
pub(crate) fn take_columns(
    blob: &[u8],
    wanted: impl Fn(SampleField) -> bool,
) -> Result<ChunkColumns, Damage> {
    let mut columns = ChunkColumns::default();
    columns.read(blob, wanted)?;
    Ok(columns)
}

impl ChunkColumns {
    /// Reads the times of a blob alone. Its checksum is not looked at: for who reads the columns afterwards.
    pub(crate) fn read_times(&mut self, blob: &[u8]) -> Result<(), Damage> {
        take_times(&mut Take::new(blob), &mut self.times_ms, &mut self.intervals_ms)?;
        Ok(())
    }

    /// Reads the chosen columns of a blob. One that was not asked for reads as absent throughout.
    pub(crate) fn read(&mut self, blob: &[u8], wanted: impl Fn(SampleField) -> bool) -> Result<(), Damage> {
        let mut take = unseal(blob)?;
        let count = take_times(&mut take, &mut self.times_ms, &mut self.intervals_ms)?;
        let derived = take.byte()? == 1;
        let there = take.uint()?;
        let is_there = |at: usize| there >> at & 1 == 1;
        let used_wanted = wanted(SampleField::MemoryUsed);
        for (at, (column, field)) in self.whole.iter_mut().zip(WHOLE).enumerate() {
            column.clear();
            if !is_there(at) {
                continue;
            }
            let source_of_used = derived
                && used_wanted
                && matches!(field, SampleField::MemoryUsage | SampleField::MemoryInactiveFile);
            if source_of_used || wanted(field) {
                take_whole(&mut take, count, column)?;
            } else {
                skip(&mut take)?;
            }
        }
        for (column, field) in self.real.iter_mut().zip(REAL) {
            column.clear();
            if !is_there(field.position()) {
                continue;
            }
            if wanted(field) {
                take_real(&mut take, count, column, &mut self.wholes)?;
            } else {
                skip(&mut take)?;
            }
        }
        if derived && used_wanted {
            self.derive_used(count);
        }
        Ok(())
    }

    fn derive_used(&mut self, count: usize) {
        let [used, usage, inactive, ..] = &mut self.whole;
        used.clear();
        used.values.reserve(count);
        if usage.presence == Presence::All && usage.same.is_none() {
            used.presence = Presence::All;
            let of = |(at, usage): (usize, &u64)| MemoryReading::used_bytes(*usage, inactive.get(at));
            used.values.extend(usage.values.iter().enumerate().map(of));
            return;
        }
        let mut present = Vec::with_capacity(count);
        for at in 0..count {
            let usage = usage.get(at);
            let of = |usage| MemoryReading::used_bytes(usage, inactive.get(at));
            used.values.push(usage.map(of).unwrap_or_default());
            present.push(usage.is_some());
        }
        used.presence = Presence::Some(present);
    }
}

/// All samples of [`put_chunk`].
pub(crate) fn take_chunk(
    blob: &[u8],
    container: ContainerId,
    deployment: DeploymentId,
) -> Result<Vec<Timed>, Damage> {
    let columns = take_columns(blob, |_| true)?;
    (0..columns.times_ms.len())
        .map(|row| {
            let mut sample = Sample::empty(container, deployment);
            for (at, field) in WHOLE.into_iter().enumerate() {
                set_whole(&mut sample, at, columns.whole(field, row))?;
            }
            for (at, field) in REAL.into_iter().enumerate() {
                set_real(&mut sample, at, columns.real(field, row));
            }
            Ok(Timed {
                tick_ms: columns.times_ms[row],
                interval_ms: columns.intervals_ms[row] as i64,
                sample,
            })
        })
        .collect()
}

const WHOLE: [SampleField; WHOLE_FIELDS] = [
    SampleField::MemoryUsed,
    SampleField::MemoryUsage,
    SampleField::MemoryInactiveFile,
    SampleField::MemoryAnon,
    SampleField::MemoryShmem,
    SampleField::MemoryLimit,
    SampleField::MemoryFailcnt,
    SampleField::Pids,
    SampleField::RestartCount,
    SampleField::OomKills,
];
const REAL: [SampleField; REAL_FIELDS] = [
    SampleField::CpuCores,
    SampleField::NetworkRx,
    SampleField::NetworkTx,
    SampleField::BlockRead,
    SampleField::BlockWrite,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::tick::tests::{any_sample, bits};
    use proptest::prelude::*;

    fn round_trip(samples: &[Timed]) -> usize {
        let blob = put_chunk(samples, Effort::Thorough);
        let back = take_chunk(&blob, ContainerId(5), DeploymentId(2)).unwrap();
        assert_eq!(back.len(), samples.len());
        for (back, given) in back.iter().zip(samples) {
            assert_eq!(
                (back.tick_ms, back.interval_ms),
                (given.tick_ms, given.interval_ms)
            );
            assert_eq!(bits(&back.sample), bits(&given.sample));
        }
        blob.len()
    }

    proptest! {
        #[test]
        fn any_samples_come_back(
            samples in prop::collection::vec((any::<i64>(), any::<i64>(), any_sample(5, 2)), 0..60),
        ) {
            let samples: Vec<Timed> = samples
                .into_iter()
                .map(|(tick_ms, interval_ms, sample)| Timed { tick_ms, interval_ms, sample })
                .collect();
            round_trip(&samples);
        }

        #[test]
        fn used_memory_that_follows_the_formula_comes_back(
            pairs in prop::collection::vec(any::<Option<(u64, Option<u64>)>>(), 1..60),
        ) {
            let samples: Vec<Timed> = pairs.into_iter().enumerate().map(|(at, pair)| {
                let mut sample = Sample::empty(ContainerId(5), DeploymentId(2));
                if let Some((usage, inactive)) = pair {
                    sample.memory_usage_bytes = Some(usage);
                    sample.memory_inactive_file_bytes = inactive;
                    sample.memory_used_bytes = Some(MemoryReading::used_bytes(usage, inactive));
                }
                Timed { tick_ms: at as i64 * 15_000, interval_ms: 15_000, sample }
            }).collect();
            round_trip(&samples);
            let columns = take_columns(&put_chunk(&samples, Effort::Quick), |field| field == SampleField::MemoryUsed).unwrap();
            for (at, timed) in samples.iter().enumerate() {
                prop_assert_eq!(columns.whole(SampleField::MemoryUsed, at), timed.sample.memory_used_bytes);
            }
        }

        #[test]
        fn garbage_is_refused_and_never_panics(bytes: Vec<u8>) {
            let _ = take_columns(&crate::codec::bytes::seal(bytes), |_| true);
        }
    }

    #[test]
    fn a_steady_container_takes_a_fraction_of_a_byte_per_sample() {
        let samples: Vec<Timed> = (0..1440_i64)
            .map(|at| {
                let mut sample = Sample::empty(ContainerId(5), DeploymentId(2));
                sample.memory_usage_bytes = Some(900 * 1024 * 1024);
                sample.memory_inactive_file_bytes = Some(100 * 1024 * 1024);
                sample.memory_used_bytes = Some(800 * 1024 * 1024);
                sample.cpu_cores = Some(0.0012);
                sample.pids = Some(12);
                Timed {
                    tick_ms: at * 15_000,
                    interval_ms: 15_000,
                    sample,
                }
            })
            .collect();
        assert!(round_trip(&samples) < 120);
    }
}
