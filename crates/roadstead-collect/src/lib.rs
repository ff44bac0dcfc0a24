//! The only room that knows Docker: find engines, connect to them, take inventory, read measurements, watch events.
//!
//! [`Writer`] is the one way to change an engine, for deploys: see its own page.
//!
//! Everything here speaks the Engine API over one kept-alive transport per host (unix socket, TCP with or without TLS,
//! or one `ssh` child that forwards the remote socket). Answers become the model's words; every failure becomes a
//! [`Fault`](roadstead_model::Fault) with a named cause, within a time the caller chose.
//!
//! What it deliberately does not do: reading changes nothing (outside of `write/` only `GET` can be said), it keeps no
//! history, takes no rates, has no schedule and no retry policy. It does not heal a broken connection either: on a fault of the
//! connection the caller drops it and connects again, after as long a wait as it sees fit.
//!
//! The HTTP side is hyper itself rather than an engine client library. Such a library parses an answer into the whole
//! model of the API, while a round over thousands of containers needs a dozen numbers of each, and its
//! ready-made transports keep no idle connection, which makes every request of a TLS or ssh host a handshake.

mod config;
mod connection;
mod container;
mod discover;
mod events;
mod given;
mod image;
mod inventory;
mod logs;
mod options;
mod reference;
mod stats;
mod text;
mod transport;
mod version;
mod write;

pub use connection::{ConnectionTest, EngineConnection, RoundTrip, connect, test};
pub use discover::{
    DiscoverCause, DiscoverProblem, DiscoverSources, Discovery, HostCandidate, HostSource, discover_hosts,
};
pub use events::{EngineEvent, EventCursor, EventKind, EventStream, EventTime};
pub use inventory::{Inventory, InventoryProblem, Refreshed};
pub use logs::{LogRefusal, LogRequest, LogStream};
pub use options::{ConnectOptions, RegistryOptions, SshOptions};
pub use stats::ReadingOutcome;
pub use transport::sweep_private_dir;
pub use write::{
    Blueprint, CreateBody, EngineNotCapable, ImageFacts, Look, PullProgress, WriteRefusal, Writer,
};
