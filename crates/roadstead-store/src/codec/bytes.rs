//! Variable-length integers and a reader that never reads past its end.

use crate::StoreError;

/// A blob that cannot be what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored value cannot be read: {0}")]
pub(crate) struct Damage(pub(crate) &'static str);

impl From<Damage> for StoreError {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage.to_string())
    }
}

/// Appends to a blob.
pub(crate) trait Put {
    /// LEB128: seven bits a byte, the lowest first.
    fn put_uint(&mut self, value: u64);
    /// As [`Put::put_uint`], for sums that may pass 64 bits.
    fn put_wide(&mut self, value: u128);
    /// Zigzag, then [`Put::put_uint`].
    fn put_int(&mut self, value: i64);
    /// Eight bytes, bit for bit.
    fn put_real(&mut self, value: f64);
    /// A length and that many bytes.
    fn put_part(&mut self, part: &[u8]);
}

impl Put for Vec<u8> {
    fn put_uint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.push(value as u8);
    }

    fn put_wide(&mut self, mut value: u128) {
        while value >= 0x80 {
            self.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.push(value as u8);
    }

    fn put_int(&mut self, value: i64) {
        self.put_uint(((value << 1) ^ (value >> 63)) as u64);
    }

    fn put_real(&mut self, value: f64) {
        self.extend_from_slice(&value.to_bits().to_le_bytes());
    }

    fn put_part(&mut self, part: &[u8]) {
        self.put_uint(part.len() as u64);
        self.extend_from_slice(part);
    }
}

/// Reads a blob from its start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Take<'a> {
    rest: &'a [u8],
}

impl<'a> Take<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Result<u8, Damage> {
        let (&first, rest) = self.rest.split_first().ok_or(Damage("it ends early"))?;
        self.rest = rest;
        Ok(first)
    }

    #[inline]
    pub(crate) fn uint(&mut self) -> Result<u64, Damage> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(u64::from(first));
        }
        let mut value = u64::from(first & 0x7f);
        let mut shift = 7;
        loop {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 || shift > 63 {
                return Err(Damage("an integer is too long"));
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
            shift += 7;
        }
    }

    /// Passes over so many integers of [`Put::put_uint`]: every one ends with the only byte of it below 0x80.
    #[inline]
    pub(crate) fn skip_uints(&mut self, mut count: u32) -> Result<(), Damage> {
        const TOP_BITS: u64 = 0x8080_8080_8080_8080;
        while let Some((head, rest)) = self.rest.split_first_chunk::<8>() {
            let ends = (!u64::from_le_bytes(*head) & TOP_BITS).count_ones();
            // When all of them may end in here, the last one's end has to be found.
            if ends >= count {
                break;
            }
            count -= ends;
            self.rest = rest;
        }
        while count > 0 {
            count -= u32::from(self.byte()? < 0x80);
        }
        Ok(())
    }

    pub(crate) fn wide(&mut self) -> Result<u128, Damage> {
        // Nearly all of them are short: no need to count in 128 bits.
        let mut low = 0_u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            low |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(u128::from(low));
            }
        }
        let mut value = u128::from(low);
        let mut shift = 63;
        loop {
            let byte = self.byte()?;
            let bits = u128::from(byte & 0x7f);
            if shift == 126 && bits > 3 || shift > 126 {
                return Err(Damage("an integer is too long"));
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
            shift += 7;
        }
    }

    #[inline]
    pub(crate) fn int(&mut self) -> Result<i64, Damage> {
        let raw = self.uint()?;
        Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    pub(crate) fn real(&mut self) -> Result<f64, Damage> {
        let (head, rest) = self
            .rest
            .split_first_chunk::<8>()
            .ok_or(Damage("it ends early"))?;
        self.rest = rest;
        Ok(f64::from_bits(u64::from_le_bytes(*head)))
    }

    /// A number of things that follow: `most` bounds what a damaged count can allocate.
    pub(crate) fn count(&mut self, most: usize) -> Result<usize, Damage> {
        usize::try_from(self.uint()?)
            .ok()
            .filter(|count| *count <= most)
            .ok_or(Damage("a count is out of range"))
    }

    pub(crate) fn raw(&mut self, length: usize) -> Result<&'a [u8], Damage> {
        let (head, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(Damage("it ends early"))?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) fn part(&mut self) -> Result<Self, Damage> {
        let length = self.count(self.rest.len())?;
        Ok(Self::new(self.raw(length)?))
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.rest
    }

    /// Refuses a format this program does not know.
    pub(crate) fn format(&mut self, known: u8) -> Result<(), Damage> {
        if self.byte()? == known {
            Ok(())
        } else {
            Err(Damage("its format is unknown"))
        }
    }
}

/// Appends a CRC-32 of everything before it.
pub(crate) fn seal(mut blob: Vec<u8>) -> Vec<u8> {
    let sum = crc32fast::hash(&blob);
    blob.extend_from_slice(&sum.to_le_bytes());
    blob
}

/// The content of a blob made by [`seal`].
pub(crate) fn unseal(blob: &[u8]) -> Result<Take<'_>, Damage> {
    let (content, sum) = blob.split_last_chunk::<4>().ok_or(Damage("it ends early"))?;
    if crc32fast::hash(content) == u32::from_le_bytes(*sum) {
        Ok(Take::new(content))
    } else {
        Err(Damage("its checksum is wrong"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn integers_come_back(a: u64, b: i64, c: u128, d: f64) {
            let mut blob = Vec::new();
            blob.put_uint(a);
            blob.put_int(b);
            blob.put_wide(c);
            blob.put_real(d);
            let sealed = seal(blob);
            let mut take = unseal(&sealed).unwrap();
            prop_assert_eq!(take.uint().unwrap(), a);
            prop_assert_eq!(take.int().unwrap(), b);
            prop_assert_eq!(take.wide().unwrap(), c);
            prop_assert_eq!(take.real().unwrap().to_bits(), d.to_bits());
            prop_assert!(take.is_empty());
        }

        #[test]
        fn garbage_is_refused_and_never_panics(bytes: Vec<u8>) {
            let mut take = Take::new(&bytes);
            while take.uint().is_ok() && take.wide().is_ok() && take.part().is_ok() {}
        }
    }

    proptest! {
        #[test]
        fn passing_over_integers_is_reading_them(values: Vec<u64>, count in 0_u32..40) {
            let mut blob = Vec::new();
            for value in &values {
                blob.put_uint(*value);
            }
            let (mut read, mut passed) = (Take::new(&blob), Take::new(&blob));
            let by_reading = (0..count).try_for_each(|_| read.uint().map(drop));
            prop_assert_eq!(passed.skip_uints(count).is_ok(), by_reading.is_ok());
            if by_reading.is_ok() {
                prop_assert_eq!(passed.rest(), read.rest());
            }
        }
    }

    #[test]
    fn a_flipped_bit_is_noticed() {
        let mut sealed = seal(vec![1, 2, 3]);
        sealed[1] ^= 4;
        assert_eq!(unseal(&sealed).unwrap_err(), Damage("its checksum is wrong"));
        assert!(unseal(&[1]).is_err());
    }

    #[test]
    fn an_integer_longer_than_its_type_is_refused() {
        assert!(Take::new(&[0xff; 11]).uint().is_err());
        assert!(Take::new(&[0xff; 20]).wide().is_err());
    }
}
