//! Timestamps, in the shapes programs print them: where one begins, where does it end?
//!
//! Only the extent matters here. Nothing is converted: the engine stamps every line, and its clock is the one that counts.

pub(crate) fn digits(text: &[u8], from: usize) -> usize {
    text[from.min(text.len())..]
        .iter()
        .take_while(|b| b.is_ascii_digit())
        .count()
}

fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

fn two(text: &[u8], at: usize, most: u8) -> bool {
    let (tens, ones) = (byte(text, at), byte(text, at + 1));
    tens.is_ascii_digit() && ones.is_ascii_digit() && (tens - b'0') * 10 + (ones - b'0') <= most
}

fn three(text: &[u8], at: usize) -> [u8; 3] {
    [
        byte(text, at) | 0x20,
        byte(text, at + 1) | 0x20,
        byte(text, at + 2) | 0x20,
    ]
}

fn month_name(text: &[u8], at: usize) -> bool {
    matches!(
        &three(text, at),
        b"jan"
            | b"feb"
            | b"mar"
            | b"apr"
            | b"may"
            | b"jun"
            | b"jul"
            | b"aug"
            | b"sep"
            | b"oct"
            | b"nov"
            | b"dec"
    )
}

fn day_name(text: &[u8], at: usize) -> bool {
    matches!(
        &three(text, at),
        b"mon" | b"tue" | b"wed" | b"thu" | b"fri" | b"sat" | b"sun"
    )
}

fn spaces(text: &[u8], mut at: usize) -> usize {
    while byte(text, at) == b' ' {
        at += 1;
    }
    at
}

/// A zone straight after a time: `Z`, `+02:00`, ` +0000`, ` UTC`, ` AM`.
fn zone(text: &[u8], at: usize) -> usize {
    let mut end = at;
    if matches!(byte(text, at), b'Z' | b'z') {
        return at + 1;
    }
    // What follows most times: nothing of a zone.
    let next = byte(text, at + usize::from(byte(text, at) == b' '));
    if !(next.is_ascii_alphabetic() || matches!(next, b'+' | b'-' | b' ')) {
        return at;
    }
    let from = if byte(text, at) == b' ' { at + 1 } else { at };
    if (byte(text, from) | 0x20 == b'a' || byte(text, from) | 0x20 == b'p')
        && byte(text, from + 1) | 0x20 == b'm'
        && !byte(text, from + 2).is_ascii_alphanumeric()
    {
        end = from + 2;
    }
    let from = if byte(text, end) == b' ' { end + 1 } else { end };
    if matches!(byte(text, from), b'+' | b'-') && two(text, from + 1, 14) {
        let minutes = if byte(text, from + 3) == b':' {
            from + 4
        } else {
            from + 3
        };
        if two(text, minutes, 59) && !byte(text, minutes + 2).is_ascii_digit() {
            return minutes + 2;
        }
        if !byte(text, from + 3).is_ascii_alphanumeric() {
            return from + 3;
        }
    }
    let capitals = text[from.min(text.len())..]
        .iter()
        .take(5)
        .take_while(|b| b.is_ascii_uppercase())
        .count();
    let after = from + capitals;
    let named = capitals >= 3
        && matches!(
            &text[from..after],
            b"UTC"
                | b"GMT"
                | b"CET"
                | b"CEST"
                | b"EST"
                | b"EDT"
                | b"PST"
                | b"PDT"
                | b"CST"
                | b"CDT"
                | b"MSK"
                | b"BST"
                | b"IST"
                | b"JST"
                | b"MST"
                | b"MDT"
        );
    if named && !byte(text, after).is_ascii_alphanumeric() {
        return after;
    }
    end
}

/// `15:04`, `15:04:05`, `15:04:05.123456`, with a zone if one follows. Seconds are demanded where nothing else
/// says that this is a time.
fn clock(text: &[u8], at: usize, after_date: bool) -> Option<usize> {
    let hour = if two(text, at, 24) {
        2
    } else if byte(text, at).is_ascii_digit() && byte(text, at + 1) == b':' {
        1
    } else {
        return None;
    };
    let colon = byte(text, at + hour);
    if !(colon == b':' || colon == b'.' && after_date) || !two(text, at + hour + 1, 59) {
        return None;
    }
    let mut end = at + hour + 3;
    if byte(text, end) == colon && two(text, end + 1, 61) {
        end += 3;
        if matches!(byte(text, end), b'.' | b',' | b':') {
            let fraction = digits(text, end + 1);
            if (1..=9).contains(&fraction) {
                end += 1 + fraction;
            }
        }
    } else if !after_date {
        return None;
    }
    if byte(text, end).is_ascii_digit() {
        return None;
    }
    Some(zone(text, end))
}

/// The clock after a date that ended at `at`, or the date alone.
fn with_clock(text: &[u8], at: usize) -> Option<usize> {
    let from = match byte(text, at) {
        b'T' | b't' | b'_' | b'-' | b':' => at + 1,
        b' ' | b',' => {
            let mut from = at + usize::from(byte(text, at) == b',');
            from = spaces(text, from);
            if byte(text, from) == b'-' && byte(text, from + 1) == b' ' {
                from += 2;
            }
            from
        }
        _ => at,
    };
    if from > at
        && let Some(end) = clock(text, from, true)
    {
        return Some(end);
    }
    (!byte(text, at).is_ascii_alphanumeric()).then_some(at)
}

fn only_with_clock(text: &[u8], at: usize) -> Option<usize> {
    with_clock(text, at).filter(|end| *end > at)
}

/// Where the timestamp that begins at `at` ends.
pub(crate) fn at(text: &[u8], at: usize) -> Option<usize> {
    let first = byte(text, at);
    if first.is_ascii_digit() {
        return numeric(text, at);
    }
    if !first.is_ascii_alphabetic() {
        return None;
    }
    if day_name(text, at) {
        let mut from = at + 3;
        if byte(text, from) == b',' {
            from += 1;
        }
        if byte(text, from) != b' ' {
            return None;
        }
        return self::at(text, spaces(text, from));
    }
    if !month_name(text, at) {
        return None;
    }
    // Jan  2 15:04:05, Jan 02, 2006 3:04:05 PM, Jan 2 15:04:05 2006
    if byte(text, at + 3) != b' ' {
        return None;
    }
    let day = spaces(text, at + 4);
    let length = digits(text, day);
    if !(1..=2).contains(&length) {
        return None;
    }
    let mut end = day + length;
    if byte(text, end) == b',' && digits(text, spaces(text, end + 1)) == 4 {
        end = spaces(text, end + 1) + 4;
    } else if byte(text, end) == b' ' && digits(text, end + 1) == 4 && byte(text, end + 5) == b' ' {
        end += 5;
    }
    let end = only_with_clock(text, end)?;
    // The year may come last, with a zone before it.
    if byte(text, end) == b' ' && digits(text, end + 1) == 4 && matches!(byte(text, end + 1), b'1' | b'2') {
        return Some(end + 5);
    }
    Some(end)
}

/// `2026-01-02T15:04:05` and `2026-01-02 15:04:05`, which is how most times are printed: where it ends. `None` says nothing.
fn iso(text: &[u8], at: usize) -> Option<usize> {
    let t: &[u8; 19] = text.get(at..)?.first_chunk()?;
    let marks =
        t[4] == b'-' && t[7] == b'-' && t[13] == b':' && t[16] == b':' && matches!(t[10], b' ' | b'T');
    if !marks {
        return None;
    }
    let number = |tens: usize| {
        let (tens, ones) = (t[tens].wrapping_sub(b'0'), t[tens + 1].wrapping_sub(b'0'));
        if tens < 10 && ones < 10 {
            tens * 10 + ones
        } else {
            u8::MAX
        }
    };
    let day = number(0) < 100 && number(2) < 100 && number(5) <= 12 && number(8) <= 31;
    if !day || number(11) > 24 || number(14) > 59 || number(17) > 61 {
        return None;
    }
    let mut end = at + 19;
    if matches!(byte(text, end), b'.' | b',' | b':') {
        let fraction = digits(text, end + 1);
        if (1..=9).contains(&fraction) {
            end += 1 + fraction;
        }
    }
    (!byte(text, end).is_ascii_digit()).then_some(end)
}

fn numeric(text: &[u8], at: usize) -> Option<usize> {
    if let Some(end) = iso(text, at) {
        return Some(zone(text, end));
    }
    let length = digits(text, at);
    let sep = byte(text, at + length);
    match length {
        4 if matches!(sep, b'-' | b'/' | b'.') && two(text, at + 5, 12) && byte(text, at + 7) == sep => {
            two(text, at + 8, 31).then_some(())?;
            with_clock(text, at + 10)
        }
        4 if sep == b'-' && month_name(text, at + 5) => with_clock(text, at + 11),
        1 | 2 => short_date(text, at, length, sep).or_else(|| clock(text, at, false)),
        // 081109 203615
        6 if sep == b' ' && digits(text, at + 7) == 6 && byte(text, at + 13) == b' ' => {
            (two(text, at + 2, 12) && two(text, at + 7, 24)).then_some(at + 13)
        }
        6 if sep == b' ' => clock(text, spaces(text, at + 6), false),
        // `20260102:150405.123` of Zabbix.
        8 if sep == b':' && digits(text, at + 9) == 6 && byte(text, at + 15) == b'.' => {
            (two(text, at + 4, 12) && two(text, at + 6, 31)).then_some(at + 16 + digits(text, at + 16))
        }
        8 if matches!(sep, b'-' | b' ' | b'T') && two(text, at + 4, 12) && two(text, at + 6, 31) => {
            if digits(text, at + 9) == 6 {
                return Some(zone(text, at + 15));
            }
            clock(text, at + 9, false).or_else(|| loose_clock(text, at + 9))
        }
        _ => None,
    }
}

/// `0:7:20:444`: hours, minutes, seconds and milliseconds without leading zeros, behind a date.
fn loose_clock(text: &[u8], at: usize) -> Option<usize> {
    let mut end = at;
    for _ in 0..3 {
        let length = digits(text, end);
        if !(1..=2).contains(&length) || byte(text, end + length) != b':' {
            return None;
        }
        end += length + 1;
    }
    let fraction = digits(text, end);
    ((1..=3).contains(&fraction) && !byte(text, end + fraction).is_ascii_alphanumeric())
        .then_some(end + fraction)
}

/// Dates that begin with a day or a month, or with a year of two digits.
fn short_date(text: &[u8], at: usize, length: usize, sep: u8) -> Option<usize> {
    let next = at + length + 1;
    if !matches!(sep, b'/' | b'-' | b'.' | b' ') || !two(text, at + length - length.min(2), 31) && length == 2
    {
        return None;
    }
    if month_name(text, next) {
        let year = next + 4;
        if byte(text, next + 3) == sep && digits(text, year) == 4 {
            return with_clock(text, year + 4);
        }
        return None;
    }
    if sep == b' ' {
        return None;
    }
    let second = digits(text, next);
    if !(1..=2).contains(&second) {
        return None;
    }
    let after = next + second;
    if byte(text, after) == sep {
        return match digits(text, after + 1) {
            4 => with_clock(text, after + 5),
            2 => only_with_clock(text, after + 3),
            _ => None,
        };
    }
    // 03-17 16:13:38.811 or 10.30 16:49:06: a bare pair is a date only before a time with seconds.
    if byte(text, after) == b' ' && length == 2 && second == 2 {
        return clock(text, after + 1, false);
    }
    None
}

/// Seconds or milliseconds since 1970, which only the beginning of a line or a key makes believable.
pub(crate) fn epoch(text: &[u8], at: usize) -> Option<usize> {
    let length = digits(text, at);
    if byte(text, at) != b'1' || !matches!(length, 10 | 13 | 16 | 19) {
        return None;
    }
    let mut end = at + length;
    if byte(text, end) == b'.' {
        end += 1 + digits(text, end + 1);
    }
    (!byte(text, end).is_ascii_alphanumeric()).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shape_ends_where_its_time_ends() {
        for text in [
            "2026-01-02 15:04:05,123|",
            "2026-01-02T15:04:05.123456789Z|",
            "2026-01-02T15:04:05.123+01:00|",
            "2026-01-02 15:04:05.123 UTC|",
            "2026/01/02 - 15:04:05|",
            "2026/01/02 15:04:05|",
            "2026-01-02 15:04:05 +0000|",
            "02/Jan/2026:15:04:05 +0000|",
            "02-Jan-2026 15:04:05.123|",
            "2 Jan 2026 15:04:05|",
            "Jan  2 15:04:05|",
            "Jan 02 15:04:05.123|",
            "Fri Jan  2 15:04:05 2026|",
            "Fri Jan 02 15:04:05.123456 2026|",
            "Fri, 02 Jan 2026 15:04:05 GMT|",
            "Jan 2, 2026 3:04:05 PM|",
            "01/02/2026, 3:04:05 PM|",
            "02.01.2026 15:04:05|",
            "26/01/02 15:04:05|",
            "01-02 15:04:05.123|",
            "01.02 15:04:05|",
            "20260102-15:04:05:123|",
            "20260102-0:7:5:3|",
            "260102 150405 |",
            "2026-01-02-15.04.05.675872|",
            "2026.01.02|",
            "15:04:05.123|",
            "2026-01-02|",
        ] {
            let bytes = text.trim_end_matches('|').as_bytes();
            let expected = text.trim_end_matches('|').trim_end().len();
            let padded = [bytes, b"|".as_slice()].concat();
            let bytes = if text.ends_with(" |") { bytes } else { &padded };
            assert_eq!(at(bytes, 0), Some(expected), "{text}");
        }
    }

    #[test]
    fn numbers_that_are_no_time_stay() {
        for text in [
            "12:34",
            "1.2.3.4",
            "10.0.0.5:53412",
            "2026",
            "404",
            "1/2",
            "2024-13-45",
            "99:99:99",
        ] {
            assert_eq!(at(text.as_bytes(), 0), None, "{text}");
        }
    }
}
