//! The engine on simulated hosts: real sockets, a real store, no window.

// What the harbor cannot set up fails the test that asked for it.
#![allow(clippy::unwrap_used)]

/// The simulated fleet as the operator sees it.
mod demo;
/// A fleet of simulated hosts and an engine on a folder of its own.
mod harbor;
/// Hosts: added, failing, healing, paused, removed, restored.
mod hosts;
/// Lines that were lost before they could be read.
mod log_losses;
/// What logs said in a window, in the reports of the window.
mod log_reports;
/// Logs of containers: read in passes, counted once, told by name when they cannot be read.
mod logs;
/// An engine on a hand-made host.
mod quay;
/// What survives the engine itself.
mod restart;
/// Settings and sizes typed by the user.
mod settings;
/// An engine made by hand, whose containers print exactly what a test says.
mod stub;
