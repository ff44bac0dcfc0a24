//! Deploys on a real engine: seen, made, undone; nothing is lost whatever happens in between.

pub(crate) mod harbor;
mod kills;
mod refusals;
mod replace;
mod secrets;
mod story;
