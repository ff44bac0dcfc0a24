//! A column of whole or real numbers in which any may be absent.

use super::bytes::{Damage, Put, Take};
use pco::DeltaSpec;

use super::numbers::{Effort, Found, pack, put_numbers, take_list, take_numbers, unpack};

const NONE_PRESENT: u8 = 0;
const ALL_PRESENT: u8 = 1;
const SOME_PRESENT: u8 = 2;

const DECIMAL: u8 = 0;
const BITS: u8 = 1;

/// Powers of ten that doubles hold exactly.
const POWERS: [f64; 16] = [
    1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];
/// Whole numbers up to here are exact as doubles.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Which values of a column are there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Presence {
    #[default]
    None,
    All,
    Some(Vec<bool>),
}

/// A column as decoded: one value throughout, or a value per position, meaningless where absent. Nothing was decoded into
/// a new one: everything is absent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Column<T> {
    /// The value of every position that is there, when it is the same.
    pub(crate) same: Option<T>,
    /// Otherwise one per position.
    pub(crate) values: Vec<T>,
    pub(crate) presence: Presence,
}

impl<T: Copy> Column<T> {
    #[inline]
    pub(crate) fn get(&self, at: usize) -> Option<T> {
        let there = match &self.presence {
            Presence::None => false,
            Presence::All => true,
            Presence::Some(present) => present[at],
        };
        there.then(|| self.same.unwrap_or_else(|| self.values[at]))
    }

    /// One option per position.
    #[cfg(test)]
    pub(crate) fn options(&self, count: usize) -> Vec<Option<T>> {
        (0..count).map(|at| self.get(at)).collect()
    }

    /// Everything is absent.
    pub(crate) fn clear(&mut self) {
        self.same = None;
        self.values.clear();
        self.presence = Presence::None;
    }
}

impl Column<u64> {
    /// Undoes distances: adds the base of each position to its value.
    pub(crate) fn add_onto(&mut self, count: usize, base: impl Fn(usize) -> u64) {
        if let Some(distance) = self.same.take() {
            self.values.clear();
            self.values.resize(count, distance);
        }
        for (at, value) in self.values.iter_mut().enumerate() {
            *value = value.wrapping_add(base(at));
        }
    }
}

/// Appends whole numbers as one part.
pub(crate) fn put_whole(blob: &mut Vec<u8>, values: &[Option<u64>], effort: Effort) {
    let mut part = Vec::new();
    put_presence(&mut part, values);
    let present: Vec<u64> = values.iter().copied().flatten().collect();
    put_numbers(&mut part, &present, effort);
    blob.put_part(&part);
}

/// Appends whole numbers, all of them there and mostly close to zero on either side, as one part.
pub(crate) fn put_signed(blob: &mut Vec<u8>, values: &[Option<i64>], effort: Effort) {
    let mut part = Vec::new();
    put_presence(&mut part, values);
    let present: Vec<i64> = values.iter().copied().flatten().collect();
    put_from_lowest(&mut part, &present, effort);
    blob.put_part(&part);
}

/// Appends real numbers as one part. Readings are decimals with few places (cores to four, rates to none), whose
/// doubles have noise in the low bits: where every value is `whole / 10^places` to the bit, the wholes are kept.
pub(crate) fn put_real(blob: &mut Vec<u8>, values: &[Option<f64>], effort: Effort) {
    let mut part = Vec::new();
    put_presence(&mut part, values);
    let present: Vec<f64> = values.iter().copied().flatten().collect();
    if let Some((places, wholes)) = as_decimals(&present) {
        part.push(DECIMAL);
        part.push(places as u8);
        put_from_lowest(&mut part, &wholes, effort);
    } else {
        let bits: Vec<u64> = present.iter().map(|value| value.to_bits()).collect();
        match pack(&present, DeltaSpec::Auto) {
            Ok(packed) => {
                part.push(BITS);
                part.push(1);
                part.extend_from_slice(&packed);
            }
            Err(_) => {
                part.push(BITS);
                part.push(0);
                put_numbers(&mut part, &bits, effort);
            }
        }
    }
    blob.put_part(&part);
}

/// Passes over a column.
pub(crate) fn skip(take: &mut Take<'_>) -> Result<(), Damage> {
    take.part().map(|_| ())
}

/// Reads the column of [`put_whole`].
pub(crate) fn take_whole(take: &mut Take<'_>, count: usize, column: &mut Column<u64>) -> Result<(), Damage> {
    let mut part = take.part()?;
    let present = take_presence(&mut part, count, &mut column.presence)?;
    column.same = match take_numbers(part, present, &mut column.values)? {
        Found::Same(value) => Some(value),
        Found::Each => None,
    };
    spread(column, present, count);
    Ok(())
}

/// Reads the column of [`put_signed`]; negative numbers come in two's complement.
pub(crate) fn take_signed(take: &mut Take<'_>, count: usize, column: &mut Column<u64>) -> Result<(), Damage> {
    let mut part = take.part()?;
    let present = take_presence(&mut part, count, &mut column.presence)?;
    let lowest = part.int()? as u64;
    column.same = match take_numbers(part, present, &mut column.values)? {
        Found::Same(distance) => Some(lowest.wrapping_add(distance)),
        Found::Each => {
            for value in &mut column.values {
                *value = value.wrapping_add(lowest);
            }
            None
        }
    };
    spread(column, present, count);
    Ok(())
}

/// Reads the column of [`put_real`], with `wholes` as a buffer.
pub(crate) fn take_real(
    take: &mut Take<'_>,
    count: usize,
    column: &mut Column<f64>,
    wholes: &mut Vec<u64>,
) -> Result<(), Damage> {
    let mut part = take.part()?;
    let present = take_presence(&mut part, count, &mut column.presence)?;
    column.same = None;
    match (part.byte()?, part.byte()?) {
        (DECIMAL, places) => {
            let scale = *POWERS
                .get(usize::from(places))
                .ok_or(Damage("decimal places are out of range"))?;
            let lowest = part.int()?;
            let real = |distance: u64| lowest.wrapping_add(distance as i64) as f64 / scale;
            match take_numbers(part, present, wholes)? {
                Found::Same(distance) => column.same = Some(real(distance)),
                Found::Each => {
                    column.values.clear();
                    column
                        .values
                        .extend(wholes.iter().map(|distance| real(*distance)));
                }
            }
        }
        (BITS, 1) => unpack::<f64>(part.rest(), present, &mut column.values)?,
        (BITS, 0) => {
            column.values = take_list(part, present)?
                .into_iter()
                .map(f64::from_bits)
                .collect();
        }
        _ => return Err(Damage("a column's form is unknown")),
    }
    spread(column, present, count);
    Ok(())
}

/// Signed numbers as distances from the lowest, so that small ones of both signs stay small and a common multiple stays
/// visible.
fn put_from_lowest(part: &mut Vec<u8>, values: &[i64], effort: Effort) {
    let lowest = values.iter().copied().min().unwrap_or_default();
    part.put_int(lowest);
    let distances: Vec<u64> = values
        .iter()
        .map(|value| value.wrapping_sub(lowest) as u64)
        .collect();
    put_numbers(part, &distances, effort);
}

/// The fewest decimal places with which every value is a whole number of units, to the bit, and those wholes.
fn as_decimals(values: &[f64]) -> Option<(usize, Vec<i64>)> {
    let mut places = 0;
    let mut wholes = Vec::with_capacity(values.len());
    'places: while places < POWERS.len() {
        wholes.clear();
        for value in values {
            let whole = (value * POWERS[places]).round();
            // A comparison with NaN is false, so NaN and infinities go as bits; -0.0 has bits of its own.
            let exact =
                whole.abs() < EXACT && ((whole as i64) as f64 / POWERS[places]).to_bits() == value.to_bits();
            if !exact {
                places += 1;
                continue 'places;
            }
            wholes.push(whole as i64);
        }
        return Some((places, wholes));
    }
    None
}

fn put_presence<T>(part: &mut Vec<u8>, values: &[Option<T>]) {
    let present = values.iter().flatten().count();
    if present == values.len() {
        part.push(ALL_PRESENT);
    } else if present == 0 {
        part.push(NONE_PRESENT);
    } else {
        part.push(SOME_PRESENT);
        // Gaps come in stretches: lengths of alternating stretches, the first one of values that are there.
        let mut stretches: Vec<u64> = Vec::new();
        let mut state = true;
        let mut length = 0;
        for value in values {
            if value.is_some() == state {
                length += 1;
            } else {
                stretches.push(length);
                state = !state;
                length = 1;
            }
        }
        stretches.push(length);
        let mut bytes = Vec::new();
        bytes.put_uint(stretches.len() as u64);
        put_numbers(&mut bytes, &stretches, Effort::Quick);
        part.put_part(&bytes);
    }
}

/// Which of `count` values are there; gives how many.
fn take_presence(part: &mut Take<'_>, count: usize, presence: &mut Presence) -> Result<usize, Damage> {
    match part.byte()? {
        NONE_PRESENT => {
            *presence = Presence::None;
            Ok(0)
        }
        ALL_PRESENT => {
            *presence = Presence::All;
            Ok(count)
        }
        SOME_PRESENT => {
            let mut inner = part.part()?;
            let stretches = inner.count(count + 1)?;
            let mut present = Vec::with_capacity(count);
            let mut state = true;
            for length in take_list(inner, stretches)? {
                let end = usize::try_from(length)
                    .ok()
                    .and_then(|length| present.len().checked_add(length))
                    .filter(|end| *end <= count)
                    .ok_or(Damage("a gap is too long"))?;
                present.resize(end, state);
                state = !state;
            }
            if present.len() != count {
                return Err(Damage("gaps do not add up"));
            }
            let there = present.iter().filter(|there| **there).count();
            *presence = Presence::Some(present);
            Ok(there)
        }
        _ => Err(Damage("a column's form is unknown")),
    }
}

/// Moves the values that are there, packed at the front, to their positions.
fn spread<T: Copy + Default>(column: &mut Column<T>, present: usize, count: usize) {
    match &column.presence {
        Presence::All => {}
        Presence::None => column.clear(),
        Presence::Some(_) if column.same.is_some() => {}
        Presence::Some(there) => {
            column.values.resize(count, T::default());
            let mut from = present;
            // From the back, so that no value is overwritten before it was moved.
            for at in (0..count).rev().filter(|at| there[*at]) {
                from -= 1;
                column.values[at] = column.values[from];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn real_bytes(values: &[Option<f64>]) -> usize {
        let mut blob = Vec::new();
        put_real(&mut blob, values, Effort::Thorough);
        let mut column = Column::default();
        take_real(&mut Take::new(&blob), values.len(), &mut column, &mut Vec::new()).unwrap();
        let back = column.options(values.len());
        let bits = |values: &[Option<f64>]| -> Vec<Option<u64>> {
            values.iter().map(|v| v.map(f64::to_bits)).collect()
        };
        assert_eq!(bits(&back), bits(values));
        blob.len()
    }

    proptest! {
        #[test]
        fn whole_numbers_and_their_absence_come_back(values in prop::collection::vec(any::<Option<u64>>(), 0..400)) {
            let mut blob = Vec::new();
            put_whole(&mut blob, &values, Effort::Quick);
            let mut column = Column::default();
            take_whole(&mut Take::new(&blob), values.len(), &mut column).unwrap();
            prop_assert_eq!(column.options(values.len()), values);
        }

        #[test]
        fn signed_numbers_and_their_absence_come_back(values in prop::collection::vec(any::<Option<i64>>(), 0..400)) {
            let mut blob = Vec::new();
            put_signed(&mut blob, &values, Effort::Thorough);
            let mut column = Column::default();
            take_signed(&mut Take::new(&blob), values.len(), &mut column).unwrap();
            let values: Vec<Option<u64>> = values.iter().map(|value| value.map(|value| value as u64)).collect();
            prop_assert_eq!(column.options(values.len()), values);
        }

        #[test]
        fn any_bits_of_a_double_come_back(values in prop::collection::vec(any::<Option<u64>>(), 0..400)) {
            real_bytes(&values.into_iter().map(|bits| bits.map(f64::from_bits)).collect::<Vec<_>>());
        }

        #[test]
        fn decimals_come_back(values in prop::collection::vec(prop::option::of((-1_000_000_i64..1_000_000, 0_usize..7)), 0..400)) {
            real_bytes(&values.into_iter().map(|v| v.map(|(whole, places)| whole as f64 / POWERS[places])).collect::<Vec<_>>());
        }
    }

    #[test]
    fn special_doubles_come_back() {
        real_bytes(&[
            Some(f64::NAN),
            None,
            Some(-0.0),
            Some(f64::INFINITY),
            Some(f64::MIN_POSITIVE / 4.0),
            Some(f64::MAX),
            Some(f64::from_bits(0x7ff8_0000_dead_beef)),
        ]);
        real_bytes(&[]);
        real_bytes(&[None, None]);
    }

    #[test]
    fn cores_with_four_places_take_less_than_a_quarter_of_their_doubles() {
        let cores: Vec<Option<f64>> = (0..1440_u64)
            .map(|at| Some((at.wrapping_mul(2_654_435_761) % 900) as f64 / 10_000.0))
            .collect();
        assert!(real_bytes(&cores) < 1440 * 2, "{}", real_bytes(&cores));
    }
}
