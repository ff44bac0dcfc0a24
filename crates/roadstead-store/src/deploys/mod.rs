//! The deploy ledger: every deploy of every deployment, observed or dispatched, and what it takes to repair one.

mod records;

pub use records::*;
