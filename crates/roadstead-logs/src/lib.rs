//! Bytes of a log in, events out.
//!
//! A container's log is a stream of lines; an operator wants to know which kinds of trouble are in it. This crate joins
//! continuation lines to their first line ([`Assembler`]), reads from a line how bad it is ([`Severity`]), and gives
//! each event a [`Fingerprint`] that is the same for every repetition of the same trouble.
//!
//! There is deliberately no IO, no async code and no clock here, no configuration per app and nothing learned from one
//! stream that would change the grouping of another: the same event has the same fingerprint on every host, in any
//! order, for ever. It stands on no other crate of the workspace, so that it can be used alone.

mod access;
mod assembler;
mod continuation;
mod errno;
mod fields;
mod fingerprint;
pub mod framing;
mod head;
mod json;
mod keywords;
mod level;
mod line;
mod mask;
pub mod redact;
mod severity;
mod shape;
mod time;
mod title;
mod trace;

pub use assembler::{
    Assembler, CONTINUATION_NS, Event, MASKED_BYTES, MESSAGE_CHARS, MOST_BYTES, MOST_DELAY_NS, MOST_LINES,
};
pub use fingerprint::{FINGERPRINT_VERSION, Fingerprint};
pub use severity::Severity;
