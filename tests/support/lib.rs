//! The world of real parts: engines, a registry, sshd, certificates, Podman, a display and a driven window.
//!
//! Each part is one or more processes of its own in a directory of its own. A part is started by its constructor,
//! which returns when it answers or says why it does not; it is stopped by id, by `stop` or by dropping it. Nothing
//! is shared between parts, so tests run side by side. A machine that lacks a part fails the test with the name of
//! the missing package: nothing is skipped.
//!
//! Deliberately not here: what Roadstead answers. The tests in `it/` say that.

mod bridge;
pub mod busybox;
pub mod certificates;
pub mod desktop;
pub mod docker_stats;
pub mod engine;
pub mod leftovers;
pub mod log;
pub mod missing;
pub mod part;
pub mod podman;
pub mod program;
pub mod registry;
pub mod scratch;
pub mod sshd;
pub mod wait;
pub mod window;

pub use certificates::{Authority, ServerCertificate};
pub use desktop::Desktop;
pub use engine::{ContainerSpec, EngineKind, Network, RealEngine};
pub use log::{CapturedLog, forms_of};
pub use missing::{Need, missing_parts};
pub use part::RunningPart;
pub use podman::PodmanSocket;
pub use registry::Registry;
pub use scratch::Scratch;
pub use sshd::{KnownHost, Offer, Sshd};
pub use wait::until;
pub use window::TestWindow;
