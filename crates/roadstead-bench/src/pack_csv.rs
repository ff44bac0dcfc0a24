//! Reading and writing the rows `container,unix_s,mem_bytes,cpu_percent` (no header).
//!
//! Decimals are moved as text: 12.34 % becomes 0.1234 cores without passing through a division, so that what comes
//! back from the store is what was given, to the last bit.

use std::collections::HashMap;
use std::io::{BufWriter, Read, Write};

use anyhow::{Context as _, bail};

use crate::container_shape::ContainerWalk;

/// Most bad lines told before giving up.
const MOST_COMPLAINTS: usize = 10;

/// One row of the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pair {
    /// Index of the container's name.
    pub(crate) container: u32,
    pub(crate) time_ms: i64,
    pub(crate) memory_bytes: u64,
    /// Percent of one core, as given.
    pub(crate) cpu_percent: f64,
}

/// The rows of a file.
#[derive(Debug, Default)]
pub(crate) struct PairFile {
    /// Containers, in the order they first appear.
    pub(crate) containers: Vec<String>,
    /// Rows, ordered by container and time.
    pub(crate) pairs: Vec<Pair>,
}

/// Reads every row; any order, any names.
///
/// # Errors
/// Names the lines that are not `container,unix_s,mem_bytes,cpu_percent`, and what is allowed there.
pub(crate) fn read_pairs(input: impl Read) -> anyhow::Result<PairFile> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(input);
    let mut file = PairFile::default();
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut lines: Vec<u64> = Vec::new();
    let mut complaints: Vec<String> = Vec::new();
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => {
                // A line that is not UTF-8 is skipped by the reader; anything else ends the file.
                let ends = error.is_io_error();
                complaints.push(error.to_string());
                if ends || complaints.len() > MOST_COMPLAINTS {
                    break;
                }
                continue;
            }
        }
        let line = record.position().map_or(0, csv::Position::line);
        match read_row(&record) {
            Ok((name, time_ms, memory_bytes, cpu_percent)) => {
                let next = numbers.len() as u32;
                let container = *numbers.entry(name.to_owned()).or_insert_with(|| {
                    file.containers.push(name.to_owned());
                    next
                });
                file.pairs.push(Pair {
                    container,
                    time_ms,
                    memory_bytes,
                    cpu_percent,
                });
                lines.push(line);
            }
            Err(reason) => complaints.push(format!("line {line}: {reason}")),
        }
        if complaints.len() > MOST_COMPLAINTS {
            break;
        }
    }
    complaints.extend(order(&mut file.pairs, &lines, &file.containers));
    if complaints.is_empty() {
        if file.pairs.is_empty() {
            bail!("the file has no rows: each is container,unix_s,mem_bytes,cpu_percent");
        }
        return Ok(file);
    }
    let more = if complaints.len() > MOST_COMPLAINTS {
        "\n  … and more"
    } else {
        ""
    };
    complaints.truncate(MOST_COMPLAINTS);
    bail!(
        "rows are container,unix_s,mem_bytes,cpu_percent without a header:\n  {}{more}",
        complaints.join("\n  ")
    )
}

/// Orders rows by container and time, and complains of a container that has two rows for one moment.
fn order(pairs: &mut Vec<Pair>, lines: &[u64], names: &[String]) -> Vec<String> {
    let mut order: Vec<usize> = (0..pairs.len()).collect();
    order.sort_by_key(|index| (pairs[*index].container, pairs[*index].time_ms));
    let twice = order
        .windows(2)
        .filter(|two| {
            let (a, b) = (&pairs[two[0]], &pairs[two[1]]);
            (a.container, a.time_ms) == (b.container, b.time_ms)
        })
        .take(MOST_COMPLAINTS + 1)
        .map(|two| {
            let name = &names[pairs[two[1]].container as usize];
            format!(
                "line {}: “{name}” has a row for this moment on line {} already",
                lines[two[1]], lines[two[0]]
            )
        })
        .collect();
    *pairs = order.into_iter().map(|index| pairs[index]).collect();
    twice
}

fn read_row(record: &csv::StringRecord) -> Result<(&str, i64, u64, f64), String> {
    let fields: Vec<&str> = record.iter().map(str::trim).collect();
    let [name, time, memory, cpu] = fields[..] else {
        return Err(format!("has {} fields, not 4", fields.len()));
    };
    if name.is_empty() {
        return Err("has no container name".to_owned());
    }
    let time_ms = shift_decimal(time, 3)
        .and_then(|text| whole(&text))
        .ok_or_else(|| format!("“{time}” is not a time in seconds (to a millisecond at finest)"))?;
    let memory_bytes = whole(memory)
        .and_then(|bytes| u64::try_from(bytes).ok())
        .ok_or_else(|| format!("“{memory}” is not a whole number of bytes from 0 to 2^64 - 1"))?;
    let time_ms = i64::try_from(time_ms).map_err(|_| format!("“{time}” is out of range"))?;
    let cpu_percent = cpu
        .parse::<f64>()
        .ok()
        .filter(|percent| percent.is_finite() && *percent >= 0.0)
        .ok_or_else(|| format!("“{cpu}” is not a percentage of at least 0"))?;
    Ok((name, time_ms, memory_bytes, cpu_percent))
}

/// A whole number, also when written as `12.0` or `1.2e3`.
fn whole(text: &str) -> Option<i128> {
    let text = shift_decimal(text, 0)?;
    let (digits, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if fraction.bytes().any(|digit| digit != b'0') {
        return None;
    }
    digits.parse().ok()
}

/// A decimal number with its point moved `places` to the right (negative: to the left), in plain digits. `None` when
/// the text is no decimal number, or a huge one.
fn shift_decimal(text: &str, places: i32) -> Option<String> {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (sign, number) = match number.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", number.strip_prefix('+').unwrap_or(number)),
    };
    let (before, after) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{before}{after}");
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let point = i32::try_from(before.len())
        .ok()?
        .checked_add(exponent)?
        .checked_add(places)?;
    if !(-400..400).contains(&point) {
        return None;
    }
    let shifted = match usize::try_from(point) {
        Ok(point) if point >= digits.len() => format!("{digits:0<point$}"),
        Ok(0) => format!("0.{digits}"),
        Ok(point) => format!("{}.{}", &digits[..point], &digits[point..]),
        Err(_) => format!("0.{}{digits}", "0".repeat(point.unsigned_abs() as usize)),
    };
    Some(format!("{sign}{shifted}"))
}

/// Percent of one core as cores: the decimal point moved, not divided.
pub(crate) fn cores_of(percent: f64) -> Option<f64> {
    shift_decimal(&percent.to_string(), -2)?.parse().ok()
}

/// Cores as percent of one core: the decimal point moved back.
pub(crate) fn percent_of(cores: f64) -> Option<f64> {
    shift_decimal(&cores.to_string(), 2)?.parse().ok()
}

/// Writes a believable file: `containers` containers over `hours`, every 15 s.
pub(crate) fn write_believable(output: impl Write, containers: u32, hours: u32) -> anyhow::Result<u64> {
    const START_S: i64 = 1_767_225_600;
    const EVERY_S: i64 = 15;
    let mut walks: Vec<(String, ContainerWalk)> = (0..containers)
        .map(|n| {
            (
                format!("app{:02}-web-{}", n / 2, n % 2 + 1),
                ContainerWalk::new(u64::from(n)),
            )
        })
        .collect();
    let mut output = BufWriter::new(output);
    let mut rows = 0;
    for tick in 0..i64::from(hours) * 3_600 / EVERY_S {
        for (name, walk) in &mut walks {
            let (memory, cores) = walk.next_pair();
            let percent = percent_of(cores).context("cores have no percentage")?;
            writeln!(
                output,
                "{name},{},{memory},{percent:.2}",
                START_S + tick * EVERY_S
            )?;
            rows += 1;
        }
    }
    output.flush()?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<PairFile> {
        read_pairs(text.as_bytes())
    }

    #[test]
    fn rows_come_in_any_order_with_any_names_and_any_spelling_of_numbers() {
        let file = read("web,30,2048,0.5\n\"a, b\",15.5,4096.0,7\nweb,15,1e3,1.25e1\r\n").unwrap();
        assert_eq!(file.containers, ["web", "a, b"]);
        let rows: Vec<_> = file
            .pairs
            .iter()
            .map(|p| (p.container, p.time_ms, p.memory_bytes, p.cpu_percent))
            .collect();
        assert_eq!(
            rows,
            [
                (0, 15_000, 1_000, 12.5),
                (0, 30_000, 2_048, 0.5),
                (1, 15_500, 4_096, 7.0)
            ]
        );
    }

    #[test]
    fn bad_lines_are_named_with_what_is_allowed() {
        let error =
            read("a,1,2,3\na,x,2,3\na,2,2.5,3\na,3,-1,3\na,4,1,NaN\na,5,1\n,6,1,1\na,1,9,9\na,7.0001,1,1\n")
                .unwrap_err()
                .to_string();
        for part in [
            "line 2: “x” is not a time",
            "line 3: “2.5” is not a whole number of bytes",
            "line 4: “-1” is not a whole number",
            "line 5: “NaN” is not a percentage",
            "line 6: has 3 fields, not 4",
            "line 7: has no container name",
            "line 8: “a” has a row for this moment on line 1 already",
            "line 9: “7.0001” is not a time",
        ] {
            assert!(error.contains(part), "{part} in {error}");
        }
        assert!(read("").unwrap_err().to_string().contains("no rows"));
        let many = "bad\n".repeat(50);
        assert!(read(&many).unwrap_err().to_string().contains("and more"));
    }

    #[test]
    fn a_percentage_comes_back_from_cores_to_the_last_bit() {
        for hundredths in 0..=200_000_u32 {
            let percent: f64 = format!("{}.{:02}", hundredths / 100, hundredths % 100)
                .parse()
                .unwrap();
            let cores = cores_of(percent).unwrap();
            assert_eq!(
                percent_of(cores).unwrap().to_bits(),
                percent.to_bits(),
                "{percent}"
            );
        }
        assert_eq!(cores_of(12.34), Some(0.1234));
        assert_eq!(cores_of(0.07), Some(0.0007));
    }

    #[test]
    fn decimals_move_their_point() {
        for (text, places, wanted) in [
            ("12.34", -2, "0.1234"),
            ("7", -2, "0.07"),
            ("5", 3, "5000"),
            ("1.5", 3, "1500"),
            ("-2", 1, "-20"),
            ("1e2", -2, "1"),
        ] {
            assert_eq!(
                shift_decimal(text, places).as_deref(),
                Some(wanted),
                "{text} by {places}"
            );
        }
        for text in ["", ".", "1..2", "0x10", "inf", "1e999", "--1"] {
            assert_eq!(shift_decimal(text, 0), None, "{text}");
        }
    }

    #[test]
    fn a_made_file_is_read_back_in_full() {
        let mut bytes = Vec::new();
        let rows = write_believable(&mut bytes, 6, 1).unwrap();
        let file = read_pairs(bytes.as_slice()).unwrap();
        assert_eq!(
            (rows, file.pairs.len(), file.containers.len()),
            (6 * 240, 6 * 240, 6)
        );
    }
}
