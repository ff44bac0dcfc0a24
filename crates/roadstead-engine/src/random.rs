//! Numbers nobody can guess.

use std::hash::{BuildHasher as _, Hasher as _};

/// 64 random bits: the hash of nothing by keys that the standard library has from the system, and never uses twice.
#[must_use]
pub(crate) fn random() -> u64 {
    std::collections::hash_map::RandomState::new()
        .build_hasher()
        .finish()
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_number_comes_twice() {
        let mut seen: Vec<u64> = (0..100).map(|_| super::random()).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 100);
    }
}
