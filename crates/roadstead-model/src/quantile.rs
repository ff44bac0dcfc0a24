//! Exact quantiles by nearest rank, in integer arithmetic.

/// One-based nearest rank of the `percent`-th percentile among `count` values: `ceil(percent × count / 100)`, at
/// least 1. For 95: `(95 n + 99) / 100`.
#[must_use]
pub fn nearest_rank(count: u64, percent: u64) -> u64 {
    (percent * count).div_ceil(100).max(1)
}

/// The `percent`-th percentile of `values` by nearest rank; `None` of nothing. Reorders the slice.
#[must_use]
pub fn percentile<T: Copy + Ord>(values: &mut [T], percent: u64) -> Option<T> {
    if values.is_empty() {
        return None;
    }
    let rank = nearest_rank(values.len() as u64, percent) as usize;
    let index = rank.min(values.len()) - 1;
    Some(*values.select_nth_unstable(index).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p95_is_the_nearest_rank() {
        let p95_of_first = |n: u64| percentile(&mut (1..=n).collect::<Vec<_>>(), 95);
        assert_eq!(
            p95_of_first(20),
            Some(19),
            "a multiple of twenty is where the offset form is wrong"
        );
        assert_eq!(p95_of_first(100), Some(95));
        assert_eq!(p95_of_first(1), Some(1));
        assert_eq!(p95_of_first(21), Some(20));
        assert_eq!(percentile::<u64>(&mut [], 95), None);
    }
}
