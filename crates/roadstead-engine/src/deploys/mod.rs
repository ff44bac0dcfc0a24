//! Deploys: seen when somebody else makes one, made by us on request, and put back.
//!
//! `observe` reads deploys from the inventory; `plan` says what one would do and why it cannot be done, `images`
//! where its images come from; `dispatch` is the one
//! path from a request to the end of it; `replace` are the steps at the engine and the way back from each; `journal` is what
//! survives a crash, `repair` what is done with it. Nothing here decides to deploy: only the operator does, and only where writing is on.

mod dispatch;
mod hook;
mod images;
pub(crate) mod journal;
pub(crate) mod observe;
pub(crate) mod plan;
mod reference;
mod repair;
mod replace;
mod running;
mod witness;

pub use hook::{DeployHook, DeployPoint};
pub(crate) use running::RunningDeploys;
