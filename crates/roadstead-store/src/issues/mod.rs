//! What goes wrong in the logs: cursors, issues, where and when they were seen, and what the operator said of them.
//!
//! Counting is exact whatever happens in between: the counts of a read and the cursor that stands behind it are written in
//! one transaction, and only if the cursor still stands where the read began.

mod counts;
mod cursors;
mod list;
pub(crate) mod losses;
mod page;
mod places;
pub(crate) mod prune;
mod record;
mod records;
mod state;

pub(crate) use record::severity_of;
pub use records::*;
pub(crate) use state::regression_of;
