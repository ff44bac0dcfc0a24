//! The deploy ledger: every deploy of every deployment, observed or dispatched, and what it takes to repair one.
//!
//! A deploy that is dispatched is a row before anything is touched, in state running; one that is not finished (running, or with
//! a journal to be repaired by) blocks every other of its deployment. A row that is finished is never changed again.
//!
//! Not in here: what may be deployed, and whether it can be put back. Texts of engines and registries come redacted or not at all.

mod ledger;
mod marks;
mod page;
mod records;
mod row;

pub use records::*;
