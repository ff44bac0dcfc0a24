//! A run of whole numbers, without gaps, as few bytes as we can make it.
//!
//! Four forms: one value throughout; a straight line (tick times); runs of equal values (limits, counters that
//! seldom move); else `pco`, which finds deltas by itself. Whichever of runs and `pco` is smaller is kept.
//!
//! `pco` describes a column by bins, each with its lowest value in full width: in a column of a few hundred readings that
//! description is half of it. So it is given the narrowest numbers that hold the column, counted in steps (the greatest
//! common divisor, a page of memory mostly) from its lowest value.

use pco::wrapped::{FileCompressor, FileDecompressor};
use pco::{ChunkConfig, DeltaSpec, PagingSpec, data_types::Number};

use super::bytes::{Damage, Put, Take};

const CONSTANT: u8 = 0;
const LINE: u8 = 1;
const RUNS: u8 = 2;
const PACKED: u8 = 3;
const PACKED_16: u8 = 4;
const PACKED_32: u8 = 5;

/// How hard to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// For values that are packed again within hours: whether to keep them or their differences is guessed.
    Quick,
    /// For values that are kept: `pco` tries its ways on a sample, which is most of what packing costs.
    Thorough,
}

/// Appends the values; their number is not written, the reader has to know it.
pub(crate) fn put_numbers(blob: &mut Vec<u8>, values: &[u64], effort: Effort) {
    let Some(&first) = values.first() else { return };
    let step = values.get(1).map_or(0, |second| second.wrapping_sub(first));
    if values
        .windows(2)
        .all(|pair| pair[1].wrapping_sub(pair[0]) == step)
    {
        if step == 0 {
            blob.push(CONSTANT);
            blob.put_uint(first);
        } else {
            blob.push(LINE);
            blob.put_uint(first);
            blob.put_int(step as i64);
        }
        return;
    }
    let runs = 1 + values.windows(2).filter(|pair| pair[0] != pair[1]).count();
    // A run takes at least two bytes, `pco` seldom more than eight bits a value of what has many runs.
    let by_runs = (runs * 2 < values.len()).then(|| {
        let mut bytes = Vec::with_capacity(runs * 4);
        for run in values.chunk_by(|a, b| a == b) {
            bytes.put_uint(run.len() as u64);
            bytes.put_uint(run[0]);
        }
        bytes
    });
    // So few runs that the description of a packed column alone would be longer.
    if let Some(bytes) = by_runs.as_ref().filter(|bytes| bytes.len() <= 16) {
        blob.push(RUNS);
        blob.extend_from_slice(bytes);
        return;
    }
    let delta = match effort {
        Effort::Quick => guess_delta(values),
        Effort::Thorough => DeltaSpec::Auto,
    };
    match (put_packed(values, delta), by_runs) {
        (Ok(packed), Some(runs)) if runs.len() <= packed.len() => {
            blob.push(RUNS);
            blob.extend_from_slice(&runs);
        }
        (Ok(packed), _) => blob.extend_from_slice(&packed),
        // `pco` refuses only lengths we never give; plain runs hold anything.
        (Err(_), _) => {
            blob.push(RUNS);
            for run in values.chunk_by(|a, b| a == b) {
                blob.put_uint(run.len() as u64);
                blob.put_uint(run[0]);
            }
        }
    }
}

/// What [`take_numbers`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// One value throughout; the buffer is untouched.
    Same(u64),
    /// A value each, in the buffer.
    Each,
}

/// Reads `count` values to the end of `take`, into a buffer that the caller uses again and again: a page reads thousands
/// of columns, and fresh memory for each costs as much as decoding it.
pub(crate) fn take_numbers(mut take: Take<'_>, count: usize, values: &mut Vec<u64>) -> Result<Found, Damage> {
    if count == 0 {
        values.clear();
        return Ok(Found::Each);
    }
    match take.byte()? {
        CONSTANT => return Ok(Found::Same(take.uint()?)),
        LINE => {
            let first = take.uint()?;
            let step = take.int()? as u64;
            values.clear();
            values.extend((0..count as u64).map(|at| first.wrapping_add(at.wrapping_mul(step))));
        }
        RUNS => {
            values.clear();
            while values.len() < count {
                let length = take.count(count - values.len())?;
                let value = take.uint()?;
                if length == 0 {
                    return Err(Damage("a run is empty"));
                }
                values.resize(values.len() + length, value);
            }
        }
        PACKED => unpack(take.rest(), count, values)?,
        PACKED_16 => take_steps::<u16>(take, count, values)?,
        PACKED_32 => take_steps::<u32>(take, count, values)?,
        _ => return Err(Damage("a column's form is unknown")),
    }
    Ok(Found::Each)
}

/// As [`take_numbers`], with a value for every position.
pub(crate) fn take_list(take: Take<'_>, count: usize) -> Result<Vec<u64>, Damage> {
    let mut values = Vec::new();
    if let Found::Same(value) = take_numbers(take, count, &mut values)? {
        values = vec![value; count];
    }
    Ok(values)
}

/// The form's code and the column packed in the narrowest numbers that hold it.
fn put_packed(values: &[u64], delta: DeltaSpec) -> pco::errors::PcoResult<Vec<u8>> {
    let lowest = values.iter().copied().min().unwrap_or_default();
    let step = values
        .iter()
        .fold(0, |step, value| divisor(step, value - lowest))
        .max(1);
    let highest = values.iter().copied().max().unwrap_or_default();
    let steps = (highest - lowest) / step;
    let mut blob = Vec::new();
    let packed = if steps <= u64::from(u16::MAX) {
        blob.push(PACKED_16);
        let narrow: Vec<u16> = values
            .iter()
            .map(|value| ((value - lowest) / step) as u16)
            .collect();
        pack(&narrow, delta)?
    } else if steps <= u64::from(u32::MAX) {
        blob.push(PACKED_32);
        let narrow: Vec<u32> = values
            .iter()
            .map(|value| ((value - lowest) / step) as u32)
            .collect();
        pack(&narrow, delta)?
    } else {
        blob.push(PACKED);
        blob.extend_from_slice(&pack(values, delta)?);
        return Ok(blob);
    };
    blob.put_uint(lowest);
    blob.put_uint(step);
    blob.extend_from_slice(&packed);
    Ok(blob)
}

/// Greatest common divisor; of zero and a number it is the number.
fn divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Reads steps from a lowest value.
fn take_steps<T: Number + Default + Into<u64>>(
    mut take: Take<'_>,
    count: usize,
    values: &mut Vec<u64>,
) -> Result<(), Damage> {
    let (lowest, step) = (take.uint()?, take.uint()?);
    let mut narrow: Vec<T> = Vec::new();
    unpack(take.rest(), count, &mut narrow)?;
    values.clear();
    values.extend(
        narrow
            .into_iter()
            .map(|steps| lowest.wrapping_add(step.wrapping_mul(steps.into()))),
    );
    Ok(())
}

/// `pco` in its wrapped form: one chunk, one page, no lengths of its own.
pub(crate) fn pack<T: Number>(values: &[T], delta: DeltaSpec) -> pco::errors::PcoResult<Vec<u8>> {
    let config = ChunkConfig::default()
        .with_paging_spec(PagingSpec::Exact(vec![values.len()]))
        .with_delta_spec(delta);
    let file = FileCompressor::default();
    let mut chunk = file.chunk_compressor(values, &config)?;
    let bytes = Vec::with_capacity(8 + chunk.meta_size_hint() + chunk.page_size_hint(0));
    let bytes = file.write_header(bytes)?;
    let bytes = chunk.write_meta(bytes)?;
    chunk.write_page(0, bytes)
}

/// Differences when they are smaller on the whole than distances from the middle of the values.
fn guess_delta(values: &[u64]) -> DeltaSpec {
    let (lowest, highest) = values.iter().fold((u64::MAX, 0), |(lowest, highest), value| {
        (lowest.min(*value), highest.max(*value))
    });
    let middle = lowest + (highest - lowest) / 2;
    let bits = |distance: u64| u64::from(u64::BITS - distance.leading_zeros());
    let apart: u64 = values.iter().map(|value| bits(value.abs_diff(middle))).sum();
    let differences: u64 = values
        .windows(2)
        .map(|pair| bits(pair[0].abs_diff(pair[1])))
        .sum();
    if differences < apart {
        DeltaSpec::TryConsecutive(1)
    } else {
        DeltaSpec::NoOp
    }
}

/// The values of [`pack`].
pub(crate) fn unpack<T: Number + Default>(
    bytes: &[u8],
    count: usize,
    values: &mut Vec<T>,
) -> Result<(), Damage> {
    let damaged = |_| Damage("a packed column is damaged");
    let (file, rest) = FileDecompressor::new(bytes).map_err(damaged)?;
    let (mut chunk, rest) = file.chunk_decompressor::<T, _>(rest).map_err(damaged)?;
    // What is in the buffer from before is overwritten; only what it lacks is filled first.
    values.resize(count, T::default());
    let progress = chunk
        .page_decompressor(rest, count)
        .and_then(|mut page| page.read(values))
        .map_err(damaged)?;
    if progress.finished && progress.n_processed == count {
        Ok(())
    } else {
        Err(Damage("a packed column is too short"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes_of(values: &[u64]) -> Vec<u8> {
        let [quick, thorough] = [Effort::Quick, Effort::Thorough].map(|effort| {
            let mut blob = Vec::new();
            put_numbers(&mut blob, values, effort);
            let back = take_list(Take::new(&blob), values.len()).unwrap();
            assert_eq!(back, values);
            blob
        });
        assert!(
            thorough.len() <= quick.len() + 64,
            "{} and {}",
            thorough.len(),
            quick.len()
        );
        thorough
    }

    proptest! {
        #[test]
        fn any_numbers_come_back(values in prop::collection::vec(any::<u64>(), 0..600)) {
            bytes_of(&values);
        }

        #[test]
        fn numbers_with_runs_come_back(values in prop::collection::vec((0_u64..4, 1_usize..30), 0..100)) {
            let spread: Vec<u64> = values.iter().flat_map(|(value, times)| vec![*value; *times]).collect();
            bytes_of(&spread);
        }
    }

    #[test]
    fn what_does_not_change_costs_nothing() {
        assert!(bytes_of(&[536_870_912; 1440]).len() <= 6);
        let ticks: Vec<u64> = (0..1440).map(|at| at * 15_000).collect();
        assert!(bytes_of(&ticks).len() <= 6);
        assert!(bytes_of(&[u64::MAX, 0, 1, u64::MAX]).len() < 60);
    }

    #[test]
    fn garbage_is_refused() {
        assert!(take_list(Take::new(&[9, 1]), 3).is_err());
        assert!(take_list(Take::new(&[RUNS, 0, 1]), 3).is_err());
        assert!(take_list(Take::new(&[PACKED, 250, 250]), 3).is_err());
        assert!(take_list(Take::new(&[]), 3).is_err());
    }
}
