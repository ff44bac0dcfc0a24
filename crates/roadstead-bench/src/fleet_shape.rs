//! A believable fleet's reports as a pure function of host, app and window.
//!
//! What makes such data hard or easy to keep is copied from real containers: memory comes in pages of 4 KiB, while a
//! mean over a window ends on any byte; many deployments stand still for hours, others breathe with the day, leak until
//! a restart, or work in bursts; hosts differ in level, phase and limits; most containers write no error in a window.
//! Random access (each window has its own seed) lets an exact P95 be taken later without keeping 17 million reports.

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use roadstead_model::sizing::MIB;
use roadstead_model::time::{DAY_MS, WINDOW_MS};
use roadstead_model::{ContainerId, ContainerReport, DeploymentId, Report, TimeRange, Window};

/// Memory is charged by the page.
pub(crate) const PAGE_BYTES: u64 = 4_096;
/// Most containers one deployment has.
pub(crate) const MOST_CONTAINERS: usize = 4;
/// Ticks of a window at the default interval.
const TICKS_PER_WINDOW: u32 = 60;

/// Self-hosted apps: name, typical level in MiB, typical cores, containers.
const APPS: [(&str, u64, f64, usize); 20] = [
    ("immich", 900, 0.20, 4),
    ("nextcloud", 520, 0.12, 3),
    ("paperless", 640, 0.08, 3),
    ("gitea", 190, 0.03, 2),
    ("home-assistant", 380, 0.09, 1),
    ("vaultwarden", 48, 0.004, 1),
    ("grafana", 130, 0.02, 1),
    ("prometheus", 700, 0.15, 1),
    ("traefik", 60, 0.03, 1),
    ("jellyfin", 850, 0.30, 1),
    ("mealie", 170, 0.01, 1),
    ("freshrss", 70, 0.01, 1),
    ("uptime-kuma", 110, 0.02, 1),
    ("adguard", 120, 0.02, 1),
    ("mosquitto", 12, 0.002, 1),
    ("node-red", 140, 0.02, 1),
    ("wiki", 260, 0.04, 2),
    ("matrix", 980, 0.18, 2),
    ("minio", 310, 0.05, 1),
    ("stirling-pdf", 430, 0.02, 1),
];

/// Size of the fleet, and the end of its history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FleetShape {
    pub(crate) hosts: u32,
    pub(crate) apps: u32,
    pub(crate) days: u32,
    /// End of the last window, exclusive.
    pub(crate) end_ms: i64,
}

impl FleetShape {
    pub(crate) fn report_count(&self) -> u64 {
        u64::from(self.hosts) * u64::from(self.apps) * self.windows_in(self.range())
    }

    /// The whole history.
    pub(crate) fn range(&self) -> TimeRange {
        TimeRange {
            from_ms: self.end_ms - i64::from(self.days) * DAY_MS,
            to_ms: self.end_ms,
        }
    }

    fn windows_in(&self, range: TimeRange) -> u64 {
        (range.length_ms() / WINDOW_MS).max(0) as u64
    }

    /// The windows of the history that start within `range`, ascending.
    pub(crate) fn windows(&self, range: TimeRange) -> impl Iterator<Item = Window> + use<> {
        let whole = self.range();
        let from_ms = Window::holding(range.from_ms.max(whole.from_ms) + WINDOW_MS - 1).start_ms;
        let to_ms = range.to_ms.min(whole.to_ms);
        (0..)
            .map(move |index| Window {
                start_ms: from_ms + index * WINDOW_MS,
            })
            .take_while(move |window| window.start_ms < to_ms)
    }
}

/// Name of the `index`-th app.
pub(crate) fn app_name(index: u32) -> String {
    let (name, ..) = APPS[index as usize % APPS.len()];
    match index as usize / APPS.len() {
        0 => name.to_owned(),
        round => format!("{name}-{}", round + 1),
    }
}

/// Name of the `index`-th host.
pub(crate) fn host_name(index: u32) -> String {
    format!("harbor-{:04}", index + 1)
}

/// How a deployment's memory moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Temper {
    Still,
    Diurnal,
    Leaking,
    Bursty,
}

/// One app on one host.
#[derive(Debug, Clone)]
pub(crate) struct DeploymentShape {
    seed: u64,
    temper: Temper,
    level_pages: u64,
    noise_pages: u64,
    rhythm_ratio: f64,
    phase: f64,
    restart_every_windows: i64,
    cpu_cores: f64,
    error_chance: f64,
    containers: usize,
    /// Memory estimate typed for it.
    pub(crate) estimate_bytes: Option<u64>,
    /// Hard limit of all its containers together.
    pub(crate) limit_bytes: Option<u64>,
}

/// One container's part of a window.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Part {
    current_bytes: u64,
    avg_bytes: u64,
    peak_bytes: u64,
    cpu_cores: f64,
}

/// What a deployment did in one window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct WindowValues {
    parts: [Part; MOST_CONTAINERS],
    pub(crate) current_bytes: u64,
    pub(crate) avg_bytes: u64,
    pub(crate) peak_bytes: u64,
    pub(crate) cpu_cores: f64,
    pub(crate) errors: u32,
    pub(crate) warnings: u32,
    pub(crate) restarts: u32,
    pub(crate) oom_kills: u32,
    sample_count: u32,
}

impl DeploymentShape {
    /// The deployment of the `app`-th app on the `host`-th host.
    pub(crate) fn of(host: u32, app: u32) -> Self {
        let seed = mix(u64::from(host) << 32 | u64::from(app));
        let mut rng = SmallRng::seed_from_u64(seed);
        let (_, typical_mib, typical_cores, containers) = APPS[app as usize % APPS.len()];
        let level_pages =
            (typical_mib as f64 * rng.random_range(0.55..1.7) * (MIB / PAGE_BYTES) as f64) as u64;
        let temper = match rng.random_range(0..20) {
            0..6 => Temper::Still,
            6..14 => Temper::Diurnal,
            14..17 => Temper::Leaking,
            _ => Temper::Bursty,
        };
        let noise_ratio = match temper {
            Temper::Still => 0.000_2,
            _ => rng.random_range(0.001..0.02),
        };
        let limit_mib = (typical_mib * 2).next_power_of_two().max(32);
        Self {
            seed,
            temper,
            level_pages,
            noise_pages: (level_pages as f64 * noise_ratio) as u64 + 1,
            rhythm_ratio: rng.random_range(0.05..0.45),
            phase: rng.random_range(0.0..1.0),
            restart_every_windows: rng.random_range(96 * 3..96 * 20),
            cpu_cores: typical_cores * rng.random_range(0.4..2.0),
            error_chance: if rng.random_bool(0.15) { 0.3 } else { 0.01 },
            containers,
            estimate_bytes: rng.random_bool(0.7).then_some(limit_mib / 2 * MIB),
            limit_bytes: rng.random_bool(0.75).then_some(limit_mib * MIB),
        }
    }

    pub(crate) fn containers(&self) -> usize {
        self.containers
    }

    fn level_at(&self, window: Window) -> f64 {
        let level = self.level_pages as f64;
        match self.temper {
            Temper::Still => level,
            Temper::Diurnal | Temper::Bursty => {
                let day = window.start_ms as f64 / DAY_MS as f64 + self.phase;
                level * (1.0 + self.rhythm_ratio * (day * std::f64::consts::TAU).sin().max(-0.3))
            }
            Temper::Leaking => {
                let age = self.age_windows(window) as f64 / self.restart_every_windows as f64;
                level * (0.7 + 0.9 * age)
            }
        }
    }

    fn age_windows(&self, window: Window) -> i64 {
        (window.start_ms / WINDOW_MS + (self.seed >> 40) as i64).rem_euclid(self.restart_every_windows)
    }

    /// What it did in this window.
    pub(crate) fn values(&self, window: Window) -> WindowValues {
        let mut rng = SmallRng::seed_from_u64(mix(self.seed ^ (window.start_ms / WINDOW_MS) as u64));
        let level = self.level_at(window);
        let idle = self.temper == Temper::Still && rng.random_bool(0.6);
        let burst = self.temper == Temper::Bursty && rng.random_bool(0.06);
        let restarts = u32::from(self.temper == Temper::Leaking && self.age_windows(window) == 0);

        let mut parts = [Part::default(); MOST_CONTAINERS];
        for (index, part) in parts.iter_mut().take(self.containers).enumerate() {
            // The main container holds most of the memory: 8/15, 4/15, 2/15, 1/15 of four.
            let share =
                f64::from(1_u32 << (self.containers - 1 - index)) / f64::from((1_u32 << self.containers) - 1);
            let noise = ((self.noise_pages as f64 * share) as u64).max(1);
            let base = (level * share) as u64;
            let wobble = |rng: &mut SmallRng| {
                if idle {
                    0
                } else {
                    rng.random_range(0..=noise) + rng.random_range(0..=noise)
                }
            };
            let current = base + wobble(&mut rng);
            let low = base + wobble(&mut rng);
            let jump = if burst && index == 0 {
                rng.random_range(base / 8..=base / 2 + 8)
            } else {
                0
            };
            let peak = current.max(low) + wobble(&mut rng) + jump;
            // Sixty page-multiples have a mean on any byte, unless nothing moved.
            let avg_bytes = match peak > low.min(current) {
                true => {
                    rng.random_range(low.min(current) * PAGE_BYTES..=current.max(low) * PAGE_BYTES)
                        + jump * PAGE_BYTES / 20
                }
                false => current * PAGE_BYTES,
            };
            let cores = self.cpu_cores * share * rng.random_range(0.6..1.4) * if burst { 4.0 } else { 1.0 };
            *part = Part {
                current_bytes: current * PAGE_BYTES,
                avg_bytes,
                peak_bytes: peak * PAGE_BYTES,
                cpu_cores: to_step(cores),
            };
        }
        let sum = |field: fn(&Part) -> u64| parts.iter().map(field).sum::<u64>();
        let peaks = sum(|part| part.peak_bytes);
        let highest_mean =
            sum(|part| part.current_bytes).max(sum(|part| part.avg_bytes).next_multiple_of(PAGE_BYTES));
        // Containers do not peak at the same tick.
        let apart = if self.containers > 1 && peaks > highest_mean {
            rng.random_range(0..=(peaks - highest_mean) / PAGE_BYTES)
        } else {
            0
        };
        let peak_bytes = peaks - apart * PAGE_BYTES;
        let noisy = rng.random_bool(self.error_chance);
        WindowValues {
            parts,
            current_bytes: sum(|part| part.current_bytes),
            avg_bytes: sum(|part| part.avg_bytes),
            peak_bytes,
            cpu_cores: to_step(parts.iter().map(|part| part.cpu_cores).sum()),
            errors: if noisy { rng.random_range(1..40) } else { 0 },
            warnings: if noisy { rng.random_range(0..90) } else { 0 },
            restarts,
            oom_kills: u32::from(
                restarts > 0 && self.limit_bytes.is_some_and(|limit| peak_bytes * 2 > limit),
            ),
            sample_count: if rng.random_bool(0.01) {
                TICKS_PER_WINDOW - 1
            } else {
                TICKS_PER_WINDOW
            },
        }
    }

    /// The same as a report of these rows.
    pub(crate) fn report(
        &self,
        deployment: DeploymentId,
        containers: &[ContainerId],
        window: Window,
    ) -> Report {
        let values = self.values(window);
        Report {
            deployment,
            window,
            sample_count: values.sample_count,
            memory_current_bytes: Some(values.current_bytes),
            memory_avg_bytes: Some(values.avg_bytes),
            memory_peak_bytes: Some(values.peak_bytes),
            cpu_avg_cores: Some(values.cpu_cores),
            estimate_bytes: self.estimate_bytes,
            limit_bytes: self.limit_bytes,
            log_errors: Some(values.errors),
            log_warnings: Some(values.warnings),
            oom_kills: values.oom_kills,
            restarts: values.restarts,
            containers: containers
                .iter()
                .zip(values.parts)
                .map(|(container, part)| ContainerReport {
                    container: *container,
                    memory_current_bytes: Some(part.current_bytes),
                    memory_avg_bytes: Some(part.avg_bytes),
                    memory_peak_bytes: Some(part.peak_bytes),
                    cpu_avg_cores: Some(part.cpu_cores),
                    sample_count: values.sample_count,
                })
                .collect(),
        }
    }
}

/// Cores as they are kept: to a ten-thousandth.
pub(crate) fn to_step(cores: f64) -> f64 {
    (cores * 10_000.0).round() / 10_000.0
}

/// Spreads the bits of a seed (the finisher of splitmix64).
pub(crate) fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: FleetShape = FleetShape {
        hosts: 3,
        apps: 25,
        days: 2,
        end_ms: 1_767_366_000_000,
    };

    #[test]
    fn a_fleet_of_a_hundred_hosts_has_seventeen_million_reports() {
        let shape = FleetShape {
            hosts: 100,
            apps: 20,
            days: 90,
            end_ms: 1_767_366_000_000,
        };
        assert_eq!(shape.report_count(), 17_280_000);
        assert_eq!(shape.windows(shape.range()).count(), 90 * 96);
    }

    #[test]
    fn windows_stay_within_the_history_and_the_range_asked_for() {
        let range = TimeRange {
            from_ms: SHAPE.end_ms - DAY_MS + 1,
            to_ms: SHAPE.end_ms + DAY_MS,
        };
        let windows: Vec<Window> = SHAPE.windows(range).collect();
        assert_eq!(
            windows.len(),
            95,
            "a window that starts before the range is not in it"
        );
        assert!(
            windows
                .iter()
                .all(|window| range.contains(window.start_ms) && window.end_ms() <= SHAPE.end_ms)
        );
    }

    #[test]
    fn names_are_unique_beyond_the_list() {
        let names: std::collections::HashSet<String> = (0..65).map(app_name).collect();
        assert_eq!(names.len(), 65);
    }

    #[test]
    fn values_are_the_same_whenever_they_are_asked_for() {
        let windows: Vec<Window> = SHAPE.windows(SHAPE.range()).collect();
        let shape = DeploymentShape::of(1, 0);
        let forwards: Vec<WindowValues> = windows.iter().map(|window| shape.values(*window)).collect();
        let mut backwards: Vec<WindowValues> = windows
            .iter()
            .rev()
            .map(|window| DeploymentShape::of(1, 0).values(*window))
            .collect();
        backwards.reverse();
        assert_eq!(forwards, backwards);
    }

    #[test]
    fn every_report_could_have_been_measured() {
        for app in 0..SHAPE.apps {
            let shape = DeploymentShape::of(2, app);
            let containers: Vec<ContainerId> = (0..shape.containers() as i64).map(ContainerId).collect();
            for window in SHAPE.windows(SHAPE.range()) {
                let report = shape.report(DeploymentId(1), &containers, window);
                let (current, avg, peak) = (
                    report.memory_current_bytes.unwrap(),
                    report.memory_avg_bytes.unwrap(),
                    report.memory_peak_bytes.unwrap(),
                );
                assert!(
                    current % PAGE_BYTES == 0 && peak % PAGE_BYTES == 0,
                    "memory comes in pages"
                );
                assert!(
                    avg > 0 && avg <= peak && current <= peak,
                    "app {app}: {current} {avg} {peak}"
                );
                assert_eq!(report.containers.len(), shape.containers());
                let parts: u64 = report
                    .containers
                    .iter()
                    .filter_map(|part| part.memory_peak_bytes)
                    .sum();
                assert!(peak <= parts, "a sum never exceeds the sum of its parts' peaks");
            }
        }
    }

    #[test]
    fn hosts_differ_and_some_containers_leak() {
        let levels: std::collections::HashSet<u64> = (0..50)
            .map(|host| DeploymentShape::of(host, 0).level_pages)
            .collect();
        assert!(levels.len() > 45);
        let leaking = (0..200)
            .map(|host| DeploymentShape::of(host, 3))
            .find(|shape| shape.temper == Temper::Leaking)
            .expect("one in seven leaks");
        let long = FleetShape { days: 30, ..SHAPE };
        let start = long
            .windows(long.range())
            .find(|window| leaking.age_windows(*window) == 1)
            .unwrap();
        let later = Window {
            start_ms: start.start_ms + 96 * WINDOW_MS,
        };
        assert!(leaking.values(later).avg_bytes > leaking.values(start).avg_bytes);
    }
}
