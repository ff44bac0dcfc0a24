//! How values become bytes and come back, bit for bit. Pure: no SQL, no IO.
//!
//! Every blob starts with a format byte, so that a later form can stand beside this one, and ends with a CRC-32 of
//! what is before it where it is kept for long: a flipped bit on disk is an error that says so and never a wrong number.

pub(crate) mod app_sum;
pub(crate) mod bytes;
pub(crate) mod chunk;
pub(crate) mod column;
pub(crate) mod containers;
pub(crate) mod deployment_sum;
pub(crate) mod numbers;
pub(crate) mod report;
pub(crate) mod shift;
pub(crate) mod sketch;
pub(crate) mod tick;
