//! Charts of an app over time: from ticks while they are kept, from reports for older spans.
//!
//! Sums are taken over the containers of one host's tick, then over the hosts at one moment; minimum, mean and peak are taken over the
//! moments of a bucket. Where a container was not measured there is no sum for its line at that moment: nothing is made up, and
//! nothing is interpolated.

mod buckets;
mod fresh;
mod live;
mod missed;
mod moments;
mod parts;
mod records;
mod reports;
mod window_sums;

pub use records::*;
