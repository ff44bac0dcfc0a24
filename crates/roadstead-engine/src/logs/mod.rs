//! One container's log, from the engine's bytes to what the store counts: which lines are new, which events they make, and
//! where to go on next time.
//!
//! Reading is stateless between passes: a pass begins where the stored cursor stands, and the cursor it leaves stands
//! before every event that may still be continued. What was read and not counted is read again. When to read, and what to keep
//! of it, is [`crate::fleet`]'s business.

mod fetch;
mod findings;
mod reader;
#[cfg(test)]
mod tests;

pub(crate) use fetch::{Pass, Target, pass};
use reader::{Mode, Outcome, Reader, Waiting};
