//! Waiting for something to become true, with an end.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// Time between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Repeats `look` until it answers `Ok`, at most for `within`. The error of the last look says what was still wrong.
///
/// # Errors
/// When time ran out: `what` did not happen, with the last look's reason.
pub async fn until<T>(what: &str, within: Duration, mut look: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    let started = Instant::now();
    loop {
        match look().await {
            Ok(seen) => return Ok(seen),
            Err(reason) if started.elapsed() >= within => {
                return Err(reason).with_context(|| format!("{what}: not within {within:?}"));
            }
            Err(_) => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}
