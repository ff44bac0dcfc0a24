//! The time stamp the engine writes before each message.
//!
//! RFC 3339 with none to nine digits of a second and any zone, as Docker (nine digits, `Z`) and Podman (offsets) write
//! it. It deliberately reads no other format: dates printed by the container are its own business.

const SECONDS_A_DAY: i64 = 86_400;
const NANOS_A_SECOND: i64 = 1_000_000_000;

/// What stands at the beginning of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// A stamp of so many bytes, the blank after it included. The time is absent where nanoseconds cannot hold it.
    Stamp { at_ns: Option<i64>, bytes: usize },
    /// A stamp so far; the bytes end within it.
    Unfinished,
    /// No stamp.
    Other,
}

/// Reads the stamp at the beginning of `bytes`.
pub(crate) fn beginning(bytes: &[u8]) -> Beginning {
    match read(bytes) {
        Ok((at_ns, bytes)) => Beginning::Stamp { at_ns, bytes },
        Err(Stop::End) => Beginning::Unfinished,
        Err(Stop::Mismatch) => Beginning::Other,
    }
}

enum Stop {
    End,
    Mismatch,
}

fn read(bytes: &[u8]) -> Result<(Option<i64>, usize), Stop> {
    let year = number(bytes, 0, 4)?;
    expect(bytes, 4, b'-')?;
    let month = number(bytes, 5, 2)?;
    expect(bytes, 7, b'-')?;
    let day = number(bytes, 8, 2)?;
    expect(bytes, 10, b'T')?;
    let hour = number(bytes, 11, 2)?;
    expect(bytes, 13, b':')?;
    let minute = number(bytes, 14, 2)?;
    expect(bytes, 16, b':')?;
    let second = number(bytes, 17, 2)?;
    let ranges = [
        (month, 1, 12),
        (day, 1, 31),
        (hour, 0, 23),
        (minute, 0, 59),
        (second, 0, 60),
    ];
    if ranges
        .iter()
        .any(|(value, low, high)| value < low || value > high)
    {
        return Err(Stop::Mismatch);
    }
    let (nanos, mut at) = fraction(bytes, 19)?;
    let offset = match byte(bytes, at)? {
        b'Z' => {
            at += 1;
            0
        }
        sign @ (b'+' | b'-') => {
            let hours = number(bytes, at + 1, 2)?;
            expect(bytes, at + 3, b':')?;
            let minutes = number(bytes, at + 4, 2)?;
            at += 6;
            (hours * 3600 + minutes * 60) * if sign == b'-' { -1 } else { 1 }
        }
        _ => return Err(Stop::Mismatch),
    };
    // An empty message may come without the blank.
    match byte(bytes, at)? {
        b' ' => at += 1,
        b'\n' | b'\r' => {}
        _ => return Err(Stop::Mismatch),
    }
    let seconds =
        days_since_1970(year, month, day) * SECONDS_A_DAY + hour * 3600 + minute * 60 + second - offset;
    let at_ns = seconds
        .checked_mul(NANOS_A_SECOND)
        .and_then(|whole| whole.checked_add(nanos));
    Ok((at_ns, at))
}

fn byte(bytes: &[u8], at: usize) -> Result<u8, Stop> {
    bytes.get(at).copied().ok_or(Stop::End)
}

fn expect(bytes: &[u8], at: usize, wanted: u8) -> Result<(), Stop> {
    if byte(bytes, at)? == wanted {
        Ok(())
    } else {
        Err(Stop::Mismatch)
    }
}

fn number(bytes: &[u8], from: usize, digits: usize) -> Result<i64, Stop> {
    let mut value = 0;
    for at in from..from + digits {
        match byte(bytes, at)? {
            digit @ b'0'..=b'9' => value = value * 10 + i64::from(digit - b'0'),
            _ => return Err(Stop::Mismatch),
        }
    }
    Ok(value)
}

/// Nanoseconds of the fraction that may stand at `from`, and where it ends.
fn fraction(bytes: &[u8], from: usize) -> Result<(i64, usize), Stop> {
    if byte(bytes, from)? != b'.' {
        return Ok((0, from));
    }
    let (mut nanos, mut scale, mut at) = (0, NANOS_A_SECOND, from + 1);
    while let digit @ b'0'..=b'9' = byte(bytes, at)? {
        scale /= 10;
        if scale == 0 {
            return Err(Stop::Mismatch);
        }
        nanos += i64::from(digit - b'0') * scale;
        at += 1;
    }
    if at == from + 1 {
        Err(Stop::Mismatch)
    } else {
        Ok((nanos, at))
    }
}

/// Days between 1970-01-01 and a day of the Gregorian calendar, by counting years from March so that the leap day comes last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(text: &str) -> Option<(Option<i64>, usize)> {
        match beginning(text.as_bytes()) {
            Beginning::Stamp { at_ns, bytes } => Some((at_ns, bytes)),
            _ => None,
        }
    }

    #[test]
    fn stamps_are_read_to_the_nanosecond_in_any_zone() {
        for (text, at_ns) in [
            ("1970-01-01T00:00:00Z ", 0),
            ("2026-01-02T15:04:05.123456789Z x", 1_767_366_245_123_456_789),
            ("2026-01-02T15:04:05.1Z x", 1_767_366_245_100_000_000),
            ("2026-01-02T16:34:05+01:30 x", 1_767_366_245_000_000_000),
            ("2026-01-02T12:04:05.5-03:00 x", 1_767_366_245_500_000_000),
            ("2024-02-29T00:00:00Z x", 1_709_164_800_000_000_000),
            ("1969-12-31T23:59:59.999999999Z x", -1),
        ] {
            assert_eq!(stamp(text).unwrap().0, Some(at_ns), "{text}");
        }
        assert_eq!(
            stamp("2026-01-02T15:04:05Z\n").unwrap().1,
            20,
            "the newline is not the stamp's"
        );
        assert_eq!(
            stamp("0001-01-01T00:00:00Z x"),
            Some((None, 21)),
            "Docker's zero time is a stamp that says nothing"
        );
    }

    #[test]
    fn other_dates_are_no_stamps() {
        for text in [
            "2026-01-02 15:04:05Z x",
            "2026-13-02T15:04:05Z x",
            "2026-01-02T15:04:05 x",
            "2026-01-02T15:04:05.Z x",
            "2026-01-02T15:04:05.1234567890Z x",
            "2026-01-02T15:04:05Zx",
            "x",
            "\n",
        ] {
            assert_eq!(beginning(text.as_bytes()), Beginning::Other, "{text}");
        }
    }

    #[test]
    fn every_beginning_of_a_stamp_is_unfinished() {
        let whole = b"2026-01-02T15:04:05.123456789+01:00 ";
        for length in 0..whole.len() {
            assert_eq!(
                beginning(&whole[..length]),
                Beginning::Unfinished,
                "{length} bytes"
            );
        }
    }
}
