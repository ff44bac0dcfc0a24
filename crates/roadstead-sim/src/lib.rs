//! A simulated Docker Engine: the real HTTP API on a unix socket, with a scripted fleet behind it.
//!
//! Two halves. The **script** is pure: [`Fleet::scripted`] lays out hosts, apps and containers from a seed, and every
//! number of every container (memory, CPU counters, restarts, deploys, log lines) is a function of the seed and of
//! time. Nothing is remembered between two questions, so weeks of history cost no more than the readings asked for
//! ([`Fleet::ticks`]). The **engine** serves that script: [`SimHost::serve`] answers one host's API on one unix
//! socket, and [`Fault`] makes it fail in the ways real engines fail.
//!
//! The engine can be written to: containers are made, started, stopped, renamed and removed, images pulled. What clients did
//! is kept by that one [`SimHost`], beside the script, and gone with it; the script itself, and with it every [`Fleet::ticks`],
//! never changes.
//!
//! What it deliberately does not do: it runs nothing, pulls nothing from anywhere, and never calls itself anything but simulated: host names start with `sim-`, `/info` says
//! `OperatingSystem: "Simulated"`, and every container carries the label [`SIMULATED_LABEL`].

mod berth;
mod catalogue;
mod clock;
mod facts;
mod fleet;
mod history;
mod image;
mod journal;
mod load;
mod made;
mod memory;
mod moment;
mod plan;
mod release;
mod schedule;
mod seed;
mod serve;
mod spec;
mod ticks;
mod voice;
mod wave;

pub use berth::{Berth, MemoryShape};
pub use clock::SimClock;
pub use fleet::{Fleet, ScriptedHost};
pub use history::PastDeploy;
pub use journal::{ContainerEvent, EventAction};
pub use load::{LoadTotals, LogLoad};
pub use moment::Moment;
pub use plan::{EngineFlavour, FleetPlan, PlanError};
pub use serve::{Fault, FaultError, ServingHost, SimHost, serve_fleet};
pub use ticks::{ScriptedContainer, ScriptedTick, Ticks};
pub use voice::{LogLine, LogStream};

/// The label every simulated container carries, with the value `true`.
pub const SIMULATED_LABEL: &str = "roadstead.simulated";
