//! Tests that cross rooms. One binary, so that the parts of the world are built once.

/// Each named cause of a failed connection, as real parts bring it about.
mod causes;
/// Deploys on real engines: seen, made, undone, and safe from crashes.
mod deploys;
/// A disk that runs out, and a file that is no database.
mod disk;
/// Our memory, CPU and network figures against what `docker stats` shows.
mod figures;
/// The whole engine over real and simulated hosts that come and go.
mod fleet;
/// The invariants of ARCHITECTURE.md.
mod house;
/// Traces that real containers print, in each tongue.
mod log_traces;
/// Logs of real containers, counted exactly.
mod logs;
/// One engine, the same facts by every way of reaching it.
mod reach;
/// A real registry: pulled from by tag and digest, with and without a password.
mod registry;
/// The program in its own native window, from the first run on.
mod window;
/// Deploys in the native window: a worse version, its mark, before and after, and the way back.
mod window_deploys;
/// Issues in the native window: seen, read, resolved, and back.
mod window_issues;
/// The world's own parts: each starts, works and stops, so that a failure elsewhere is not theirs.
mod world;
/// Containers of a real engine made again from their blueprints, and back.
mod writes;
