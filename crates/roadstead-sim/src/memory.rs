//! Memory of a container as a function of time.

use roadstead_model::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};

use crate::berth::MemoryShape;
use crate::schedule::Run;
use crate::seed::{between, mix, unit};

/// Engines count memory in pages.
const PAGE_BYTES: f64 = 4_096.0;
/// Below its limit an app that is not meant to be killed stays this far: the kernel reclaims before it kills.
const RECLAIMED_AT_RATIO: f64 = 0.97;

/// Memory of one container at one moment, as a cgroup accounts for it. All in bytes; `usage` is the sum of the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct MemoryPicture {
    pub(crate) usage: u64,
    pub(crate) anon: u64,
    pub(crate) shmem: u64,
    pub(crate) active_file: u64,
    pub(crate) inactive_file: u64,
    pub(crate) kernel: u64,
}

/// What a container may take, and what its image takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    /// Its hard limit.
    pub(crate) limit_bytes: Option<u64>,
    /// The machine's memory.
    pub(crate) machine_bytes: u64,
    /// Memory this version of its image takes, against what the service takes as a rule.
    pub(crate) appetite: f64,
}

/// What a container's memory does.
#[derive(Debug, Clone)]
pub(crate) struct MemoryScript {
    pub(crate) shape: MemoryShape,
    /// What it uses on an ordinary moment, without inactive file cache.
    pub(crate) typical_bytes: f64,
    /// Inactive file cache after a long run.
    pub(crate) cache_bytes: f64,
    /// tmpfs and shared memory.
    pub(crate) shmem_bytes: f64,
    /// Hour of the day (UTC) it is busiest.
    pub(crate) peak_hour: f64,
    pub(crate) key: u64,
}

impl MemoryScript {
    /// Memory at a moment within this run. `climbs` says that this run is one that ends at its limit.
    pub(crate) fn at(&self, run: &Run, climbs: bool, room: Room, time_ms: i64) -> MemoryPicture {
        let age_ms = (time_ms - run.start_ms).max(0) as f64;
        let limit = room.limit_bytes.unwrap_or(room.machine_bytes) as f64;
        let climbing = climbs && self.shape == MemoryShape::Climbing;
        let used = if climbing {
            self.climbing(run, age_ms, limit)
        } else {
            // A small program of a large age still fits: only what would not is cut.
            (self.calm(age_ms, time_ms) * room.appetite * self.warm(age_ms) * self.jitter(time_ms))
                .min(limit * RECLAIMED_AT_RATIO)
        };
        let settled = 1.0 - (-age_ms / (6.0 * HOUR_MS as f64)).exp();
        let cache_swing = 0.85 + 0.15 * self.slow(time_ms, 5.3 * HOUR_MS as f64, 31);
        let inactive = (self.cache_bytes * settled * cache_swing)
            .min(limit * RECLAIMED_AT_RATIO - used)
            .max(0.0);
        picture(used, inactive, self.shmem_bytes)
    }

    /// From its ordinary use to exactly its limit at the end of the run, slowly first.
    fn climbing(&self, run: &Run, age_ms: f64, limit: f64) -> f64 {
        let length_ms = (run.meant_end_ms - run.start_ms).max(1) as f64;
        let way = (age_ms / length_ms).clamp(0.0, 1.0).powf(1.4);
        let start = self.typical_bytes.min(limit * 0.6) * self.warm(age_ms);
        start + (limit - start) * way
    }

    fn calm(&self, age_ms: f64, time_ms: i64) -> f64 {
        let drift = 1.0 + 0.03 * self.slow(time_ms, 2.3 * HOUR_MS as f64, 30);
        self.typical_bytes
            * drift
            * match self.shape {
                MemoryShape::Flat | MemoryShape::Climbing => 1.0,
                MemoryShape::Diurnal => 0.7 + 0.6 * self.busy_hours(time_ms),
                MemoryShape::SawTooth => {
                    let period_ms = between(mix(self.key, 1), 20.0, 90.0) * MINUTE_MS as f64;
                    0.6 + 0.8 * (age_ms / period_ms).fract()
                }
                // Two and a half times its ordinary use after four days, if nobody restarts it.
                MemoryShape::Leaking => 1.0 + 1.5 * (age_ms / (4.0 * DAY_MS as f64)).min(4.0),
            }
    }

    /// 0 in the quiet hours to 1 at the peak, lower at weekends.
    fn busy_hours(&self, time_ms: i64) -> f64 {
        let hour = time_ms.rem_euclid(DAY_MS) as f64 / HOUR_MS as f64;
        let wave = 0.5 + 0.5 * ((hour - self.peak_hour) / 24.0 * std::f64::consts::TAU).cos();
        // 1970-01-01 was a Thursday: days 2 and 3 from there are the weekend.
        let weekend = matches!(time_ms.div_euclid(DAY_MS).rem_euclid(7), 2 | 3);
        wave.powi(2) * if weekend { 0.75 } else { 1.0 }
    }

    /// A program takes most of its memory in the first minutes.
    fn warm(&self, age_ms: f64) -> f64 {
        1.0 - 0.6 * (-age_ms / (45.0 * SECOND_MS as f64)).exp()
    }

    /// Half a percent up or down, another value every ten seconds.
    fn jitter(&self, time_ms: i64) -> f64 {
        let step = time_ms.div_euclid(10 * SECOND_MS) as u64;
        0.995 + 0.01 * unit(mix(self.key ^ 0x3177, step))
    }

    /// -1 to 1, smoothly.
    fn slow(&self, time_ms: i64, period_ms: f64, salt: u64) -> f64 {
        let phase = between(mix(self.key, salt), 0.0, std::f64::consts::TAU);
        (time_ms as f64 / period_ms * std::f64::consts::TAU + phase).sin()
    }
}

/// Splits what is used into the parts a cgroup names, in whole pages.
fn picture(used: f64, inactive: f64, shmem: f64) -> MemoryPicture {
    let pages = |bytes: f64| ((bytes / PAGE_BYTES).floor().max(0.0) * PAGE_BYTES) as u64;
    let shmem = pages(shmem.min(used * 0.4));
    let active_file = pages(used * 0.08);
    let kernel = pages(used * 0.03);
    let used = pages(used);
    let anon = used.saturating_sub(shmem + active_file + kernel);
    let inactive_file = pages(inactive);
    MemoryPicture {
        usage: anon + shmem + active_file + kernel + inactive_file,
        anon,
        shmem,
        active_file,
        inactive_file,
        kernel,
    }
}
