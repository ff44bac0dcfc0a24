//! The room from outside, against servers on loopback that do exactly what a test needs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

/// Servers that answer as a script says.
mod fake;

/// One subscription after another, each event once.
mod events;
/// Whatever the other side does, a named cause within the time.
mod faults;
/// What images tell of containers, each asked once.
mod images;
/// A list and inspections become facts, and events keep them fresh.
mod inventory;
/// How many connections it takes.
mod pool;
/// Readings of many containers at once.
mod readings;
/// Rules of the house that can be read in the sources.
mod rules;
/// ssh children: started, explained, ended.
mod ssh;
/// Certificates, good and bad.
mod tls;
/// What is said to an engine to change it, word by word.
mod writer;
