//! Many rows in one statement.
//!
//! Each statement is a round trip to the thread that owns the connection: for small rows that takes longer than SQLite does.
//! Lots come in few sizes, so that their statements are few, and prepared once.

const SIZES: [usize; 4] = [64, 16, 4, 1];

/// Cuts rows into lots, in their order.
pub(crate) fn lots<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|size| *size <= rows.len())?;
        let (lot, rest) = rows.split_at(size);
        rows = rest;
        Some(lot)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_lot_in_order() {
        for count in 0..200 {
            let rows: Vec<i32> = (0..count).collect();
            assert_eq!(lots(&rows).flatten().copied().collect::<Vec<_>>(), rows);
            assert!(lots(&rows).all(|lot| SIZES.contains(&lot.len())));
        }
        assert_eq!(lots(&[0; 100]).count(), 4);
    }
}
