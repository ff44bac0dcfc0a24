//! A container that ends as soon as it is started, and is started again by its policy: when, as engines do it.

/// What cannot run lives so long before it ends by itself.
pub(super) const CRASH_LOOP_RUN_MS: i64 = 800;
/// Pause of the engine before it starts it again: doubled each time, up to a minute.
const FIRST_BACKOFF_MS: i64 = 100;
const LONGEST_BACKOFF_MS: i64 = 60_000;

/// The engine's pause after the run of this index.
pub(super) fn backoff(index: i64) -> i64 {
    (FIRST_BACKOFF_MS << index.clamp(0, 10)).min(LONGEST_BACKOFF_MS)
}

/// When the run of this index of a crash loop begins, from the start of the first.
pub(super) fn crash_loop_start(index: i64) -> i64 {
    // From the tenth pause on all are of the longest kind.
    let grown_ms: i64 = (0..index.min(10)).map(backoff).sum();
    grown_ms + (index - 10).max(0) * LONGEST_BACKOFF_MS + index * CRASH_LOOP_RUN_MS
}

/// The run of a crash loop that had begun so long after the start of the first.
pub(super) fn crash_loop_index(since_ms: i64) -> i64 {
    let tenth_ms = crash_loop_start(10);
    if since_ms >= tenth_ms {
        return 10 + (since_ms - tenth_ms) / (LONGEST_BACKOFF_MS + CRASH_LOOP_RUN_MS);
    }
    (0..10)
        .rev()
        .find(|index| crash_loop_start(*index) <= since_ms)
        .unwrap_or(0)
}
