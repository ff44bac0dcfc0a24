//! What crosses to a window: requests, answers, events and errors.
//!
//! Field names carry their units. Times are UTC epoch milliseconds, memory is bytes, CPU is cores used. Integers stay
//! below 2^53, so they are plain numbers in TypeScript. What was not measured is `null`. The TypeScript side is
//! generated from these types and committed; a test fails when it drifts.

mod apps;
mod deploys;
mod error;
mod event;
mod hosts;
mod issues;
mod marks;
mod metrics;
mod overview;
mod reports;
mod settings;

pub use apps::*;
pub use deploys::*;
pub use error::*;
pub use event::*;
pub use hosts::*;
pub use issues::*;
pub use marks::*;
pub use metrics::*;
pub use overview::*;
pub use reports::*;
pub use settings::*;
