//! Bytes of a log in, events out.
//!
//! A container's log is a stream of lines; an operator wants to know which kinds of trouble are in it. This crate joins
//! continuation lines to their first line ([`Assembler`]), reads from a line how bad it is ([`Severity`]), and gives
//! each event a [`Fingerprint`] that is the same for every repetition of the same trouble.
//!
//! There is deliberately no IO, no async code and no clock here, no configuration per app and nothing learned from one
//! stream that would change the grouping of another: the same event has the same fingerprint on every host, in any
//! order, for ever. It stands on no other crate of the workspace, so that it can be used alone.

pub mod framing;
mod level;
mod severity;
mod time;

pub use severity::Severity;
