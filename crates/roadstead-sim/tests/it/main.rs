//! The simulated fleet, as its script says and as clients see it.

// The lint knows test functions by their attribute; what they share has none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

// What every module needs: a fleet, a served host.
mod support;

// The script: deterministic, and true to what its shapes promise.
mod script;

// What was deployed in the past, and what it did to the numbers.
mod deploys;

// The engine's answers, read by a client library that knows nothing of the simulation.
mod engine;

// What clients write, request by request: answers, refusals, what is there afterwards.
mod writes;

// A container replaced by another: what the numbers, the health and the events say of it.
mod replacing;

// Each fault, as a client sees it.
mod faults;

// A hundred hosts at once.
mod load;

// The binary, as an operator starts it.
mod program;
