//! Sizes as people type them.

/// Why a size was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// Not a number followed by a known unit.
    #[error("“{0}” is not a size: write a number with k, m, g or t, such as 512M or 1.5G")]
    Unreadable(String),
    /// More than a petabyte, or finer than a byte.
    #[error("“{0}” is out of range: sizes go from 1 byte to 1024T")]
    OutOfRange(String),
}

/// Largest size accepted: 1024 TiB.
const MAX_BYTES: f64 = 1024.0 * 1024.0 * 1024.0 * 1024.0 * 1024.0;

/// Bytes of a size as compose files write it: `512M`, `1.5G`, `512MiB`, `1000000`, `64k`. Units are powers of 1024
/// with or without `i` and `B`, in any case. `Ok(None)` means unlimited: empty, `0`, `max`, `-1`, `unlimited`.
///
/// # Errors
/// When the text is not a size, or the size is out of range.
pub fn parse_size_bytes(text: &str) -> Result<Option<u64>, SizeError> {
    let trimmed = text.trim();
    let lower = trimmed.to_ascii_lowercase();
    if matches!(lower.as_str(), "" | "max" | "-1" | "unlimited") {
        return Ok(None);
    }
    let digits_end = lower
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(lower.len());
    let (number, unit) = lower.split_at(digits_end);
    let unreadable = || SizeError::Unreadable(trimmed.to_owned());
    let value: f64 = number.parse().map_err(|_| unreadable())?;
    let power = match unit.trim_start() {
        "" | "b" => 0,
        "k" | "kb" | "ki" | "kib" => 1,
        "m" | "mb" | "mi" | "mib" => 2,
        "g" | "gb" | "gi" | "gib" => 3,
        "t" | "tb" | "ti" | "tib" => 4,
        _ => return Err(unreadable()),
    };
    let bytes = value * 1024_f64.powi(power);
    if bytes == 0.0 {
        return Ok(None);
    }
    if !(1.0..=MAX_BYTES).contains(&bytes) {
        return Err(SizeError::OutOfRange(trimmed.to_owned()));
    }
    Ok(Some(bytes.round() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn sizes_parse_as_compose_writes_them() {
        for (text, wanted) in [
            ("64M", Some(64 * MIB)),
            ("128M", Some(128 * MIB)),
            ("1G", Some(1024 * MIB)),
            ("1.5G", Some(1536 * MIB)),
            ("512MiB", Some(512 * MIB)),
            ("512 Mi", Some(512 * MIB)),
            ("64k", Some(64 * 1024)),
            ("2tb", Some(2 * 1024 * 1024 * MIB)),
            ("1000000", Some(1_000_000)),
            ("", None),
            ("0", None),
            ("max", None),
        ] {
            assert_eq!(parse_size_bytes(text), Ok(wanted), "{text:?}");
        }
        let sizes = ["512M", "1G"].map(|t| parse_size_bytes(t).unwrap());
        assert_eq!(
            sizes.into_iter().max(),
            Some(Some(1024 * MIB)),
            "as numbers 1G is larger; as text it is not"
        );
    }

    #[test]
    fn what_is_not_a_size_is_refused_with_what_is_allowed() {
        for text in ["abc", "12X", "1..5G", "-5M", "5M5", "G", "1e9", "٣M"] {
            let error = parse_size_bytes(text).unwrap_err();
            assert!(error.to_string().contains(text), "{error} names what was typed");
        }
        assert!(matches!(parse_size_bytes("0.2"), Err(SizeError::OutOfRange(_))));
        assert!(matches!(
            parse_size_bytes("99999T"),
            Err(SizeError::OutOfRange(_))
        ));
    }
}
