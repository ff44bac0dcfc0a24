//! The store from outside: every rule of the room, on a real file.

// A test that fails says so by a panic; helpers outside of test functions are part of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod deploys;
mod fixture;
mod hosts;
mod inventory;
mod issue_lists;
mod issue_pruning;
mod issue_states;
mod issues;
mod kill;
mod log_counts;
mod log_losses;
mod logbook;
mod marks;
mod metrics;
mod metrics_hosts;
mod metrics_reports;
mod opening;
mod reports;
mod samples;
mod sql;
mod sums;
