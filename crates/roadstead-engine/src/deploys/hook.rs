//! Where tests stop the program.

use std::sync::Arc;

use roadstead_model::DeployStep;

/// A moment of a replacement: just before a step is taken at the engine, or just after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeployPoint {
    /// The step.
    pub step: DeployStep,
    /// Which of the containers, in the order in which they are replaced.
    pub part: usize,
    /// The engine has done it; the ledger does not know it yet.
    pub done: bool,
}

/// Told at every [`DeployPoint`]. It is how tests kill the program at each step; the product sets none.
#[derive(Clone)]
pub struct DeployHook(Arc<dyn Fn(DeployPoint) + Send + Sync>);

impl DeployHook {
    /// A hook that calls this.
    #[must_use]
    pub fn new(call: impl Fn(DeployPoint) + Send + Sync + 'static) -> Self {
        Self(Arc::new(call))
    }

    pub(crate) fn call(&self, point: DeployPoint) {
        (self.0)(point);
    }
}

impl std::fmt::Debug for DeployHook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeployHook")
    }
}
