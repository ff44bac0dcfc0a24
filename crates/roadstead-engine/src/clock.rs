//! What time it is. The one place of the product, besides the collectors' deadlines, that asks the machine's clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A source of "now" in UTC epoch milliseconds: the machine's, or a test's own.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// A test's moment; absent: the machine's clock.
    fixed_ms: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// A clock that stands still until it is set.
    #[must_use]
    pub fn fixed(now_ms: i64) -> Self {
        Self {
            fixed_ms: Some(Arc::new(AtomicI64::new(now_ms))),
        }
    }

    /// Moves a fixed clock; the machine's clock is not ours to move.
    pub fn set(&self, now_ms: i64) {
        if let Some(fixed) = &self.fixed_ms {
            fixed.store(now_ms, Ordering::Relaxed);
        }
    }

    /// Now.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        match &self.fixed_ms {
            Some(fixed) => fixed.load(Ordering::Relaxed),
            None => chrono::Utc::now().timestamp_millis(),
        }
    }
}
