//! Chance that can be asked again: every "random" value is a hash of what it is for.
//!
//! A generator with a state would have to be wound forward to the moment asked for; a hash answers for any moment
//! alone. It is written out here, and not taken from a crate of random numbers, because those do not promise the same
//! values across their versions, and a fleet must be the same fleet after an update.

/// A new key from a key and a number: one round of SplitMix64's finalizer over both.
pub(crate) const fn mix(key: u64, number: u64) -> u64 {
    let mut z = key ^ number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A key from a text (FNV-1a).
pub(crate) fn key_of(text: &str) -> u64 {
    let hash = text.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    mix(hash, 0)
}

/// A number in `[0, 1)`.
pub(crate) fn unit(key: u64) -> f64 {
    (key >> 11) as f64 / (1_u64 << 53) as f64
}

/// A number in `[low, high)`.
pub(crate) fn between(key: u64, low: f64, high: f64) -> f64 {
    low + unit(key) * (high - low)
}

/// A whole number in `[0, below)`; 0 when `below` is not positive.
pub(crate) fn below(key: u64, below: i64) -> i64 {
    if below <= 0 {
        0
    } else {
        (key % below as u64) as i64
    }
}

/// One of the choices.
pub(crate) fn pick<T: Copy, const N: usize>(key: u64, choices: &[T; N]) -> T {
    choices[(key % N as u64) as usize]
}

/// 64 hex digits, as engines name containers and images.
pub(crate) fn hex_id(key: u64) -> String {
    let mut id = String::with_capacity(64);
    for part in 0..4 {
        let digits = mix(key, part);
        for place in (0..16).rev() {
            id.push(char::from(
                b"0123456789abcdef"[((digits >> (place * 4)) & 15) as usize],
            ));
        }
    }
    id
}

/// The first sixteen digits of [`hex_id`] as a number, to compare ids without writing them.
pub(crate) fn id_head(key: u64) -> u64 {
    mix(key, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_gives_the_same_value_and_neighbours_differ() {
        assert_eq!(mix(7, 1), mix(7, 1));
        assert_ne!(mix(7, 1), mix(7, 2));
        assert_ne!(mix(7, 1), mix(8, 1));
        assert_eq!(
            key_of("immich"),
            0xB2F9_D801_33E9_932D,
            "the values are part of what a seed means: changing them changes every fleet"
        );
    }

    #[test]
    fn values_spread_over_their_range() {
        let values: Vec<f64> = (0..10_000).map(|n| between(mix(1, n), 2.0, 4.0)).collect();
        assert!(values.iter().all(|v| (2.0..4.0).contains(v)));
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        assert!((2.95..3.05).contains(&mean), "mean {mean}");
    }

    #[test]
    fn ids_look_as_engines_write_them() {
        let id = hex_id(42);
        assert_eq!(id.len(), 64);
        assert_eq!(u64::from_str_radix(&id[..16], 16), Ok(id_head(42)));
        assert!(
            id.bytes()
                .all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
        );
    }
}
