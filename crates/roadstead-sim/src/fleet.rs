//! The fleet: which hosts, which apps on them, how large.

use std::sync::Arc;

use roadstead_model::app::{
    COMPOSE_PROJECT_LABEL, COMPOSE_SERVICE_LABEL, ESTIMATE_LABEL, LIMIT_LABEL, PROTECTED_LABEL,
};
use roadstead_model::time::{DAY_MS, HOUR_MS, SECOND_MS};

use crate::SIMULATED_LABEL;
use crate::berth::{Berth, Machine};
use crate::catalogue::{APPS, AppScript, Endurance, ServiceScript};
use crate::image::Registry;
use crate::load::LOAD_APP;
use crate::memory::MemoryScript;
use crate::plan::{FleetPlan, PlanError};
use crate::release::Told;
use crate::schedule::{Deploys, RunEnd, Runs, Schedule};
use crate::seed::{below, between, hex_id, key_of, mix, pick, unit};
use crate::wave::Wave;

const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;
/// Words for host names.
const PLACES: [&str; 10] = [
    "harbor", "quay", "pier", "jetty", "haven", "cove", "wharf", "lagoon", "mole", "basin",
];

/// One simulated host and the berths on it.
#[derive(Debug, Clone)]
pub struct ScriptedHost {
    pub(crate) name: String,
    pub(crate) engine_id: String,
    pub(crate) machine: Machine,
    pub(crate) berths: Vec<Berth>,
    pub(crate) registry: Registry,
    pub(crate) key: u64,
    plan: FleetPlan,
}

impl ScriptedHost {
    /// The host's name, unique in the fleet: `sim-harbor-01`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// CPU cores of the machine.
    #[must_use]
    pub fn cpu_cores(&self) -> u32 {
        self.machine.cpu_cores
    }

    /// Memory of the machine.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        self.machine.memory_bytes
    }

    /// A place for a container of this service that the script has none for.
    pub(crate) fn new_berth(&self, service: &'static ServiceScript, name: &str) -> Berth {
        let app = APPS
            .iter()
            .find(|app| app.services.iter().any(|of| std::ptr::eq(of, service)))
            .unwrap_or(&LOAD_APP);
        let key = mix(self.key, key_of(name));
        let mut berth = berth(&self.plan, key, self.machine, app, 0, service);
        berth.slot = (key % 250) as usize;
        berth
    }

    /// The places of its containers.
    #[must_use]
    pub fn berths(&self) -> &[Berth] {
        &self.berths
    }
}

/// A fleet of simulated hosts. Nothing in it changes: what its containers are and use is asked for with a moment.
#[derive(Debug, Clone)]
pub struct Fleet {
    pub(crate) plan: FleetPlan,
    pub(crate) hosts: Vec<Arc<ScriptedHost>>,
}

impl Fleet {
    /// Lays out the fleet of a plan. Equal plans give equal fleets.
    ///
    /// # Errors
    /// [`PlanError`] names what is out of range and the range.
    pub fn scripted(plan: FleetPlan) -> Result<Self, PlanError> {
        plan.check()?;
        let hosts = (0..plan.hosts)
            .map(|index| Arc::new(host(&plan, index)))
            .collect();
        Ok(Self { plan, hosts })
    }

    /// The plan it was made from.
    #[must_use]
    pub fn plan(&self) -> &FleetPlan {
        &self.plan
    }

    /// The hosts.
    #[must_use]
    pub fn hosts(&self) -> &[Arc<ScriptedHost>] {
        &self.hosts
    }

    /// The host of this name, or of this number counted from 1 (`host-3` and `3` are the third).
    #[must_use]
    pub fn host_named(&self, name: &str) -> Option<usize> {
        if let Some(index) = self.hosts.iter().position(|host| host.name == name) {
            return Some(index);
        }
        let number: usize = name.strip_prefix("host-").unwrap_or(name).parse().ok()?;
        number.checked_sub(1).filter(|index| *index < self.hosts.len())
    }
}

fn host(plan: &FleetPlan, index: usize) -> ScriptedHost {
    let key = mix(mix(plan.seed, 0x4057), index as u64);
    let machine = Machine {
        cpu_cores: pick(mix(key, 1), &[4, 4, 8, 8, 16]),
        memory_bytes: pick(mix(key, 2), &[16, 32, 32, 64]) * GIB - 310 * MIB,
        booted_ms: plan.epoch_ms - 70 * DAY_MS - below(mix(key, 3), 30 * DAY_MS),
        flavour: plan.flavour,
    };
    let mut berths: Vec<Berth> = chosen_apps(plan, key)
        .into_iter()
        .flat_map(|(app, copy, services)| {
            app.services[..services]
                .iter()
                .map(move |service| (app, copy, service))
        })
        .map(|(app, copy, service)| berth(plan, key, machine, app, copy, service))
        .collect();
    for (slot, berth) in berths.iter_mut().enumerate() {
        berth.slot = slot;
    }
    ScriptedHost {
        name: format!("sim-{}-{:02}", PLACES[index % PLACES.len()], index + 1),
        engine_id: format!("SIMULATED-{}", &hex_id(key)[..24]),
        berths,
        machine,
        registry: registry(plan),
        key,
        plan: plan.clone(),
    }
}

fn registry(plan: &FleetPlan) -> Registry {
    Registry {
        seed: plan.seed,
        epoch_ms: plan.epoch_ms,
        story_ms: plan.story_end_ms(),
    }
}

/// The apps of a host as (app, copy, how many of its services), so that its containers are exactly as many as planned. Apps at
/// the head of the catalogue are found on most hosts; a host with room for more runs second copies.
fn chosen_apps(plan: &FleetPlan, host_key: u64) -> Vec<(&'static AppScript, usize, usize)> {
    let mut room = plan.containers_per_host;
    if plan.log_load.is_some() {
        return (0..room).map(|copy| (&LOAD_APP, copy, 1)).collect();
    }
    let mut chosen = Vec::new();
    for copy in 0.. {
        let mut order: Vec<(f64, &AppScript)> = APPS
            .iter()
            .enumerate()
            .map(|(rank, app)| {
                let luck = unit(mix(mix(host_key, 0xA9), key_of(app.name) ^ copy as u64));
                (rank as f64 + luck * APPS.len() as f64, app)
            })
            .collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (_, app) in &order {
            if app.services.len() <= room {
                room -= app.services.len();
                chosen.push((*app, copy, app.services.len()));
            }
            if room == 0 {
                return chosen;
            }
        }
    }
    chosen
}

fn berth(
    plan: &FleetPlan,
    host_key: u64,
    machine: Machine,
    app: &'static AppScript,
    copy: usize,
    service: &'static ServiceScript,
) -> Berth {
    let app_name = match copy {
        0 => app.name.to_owned(),
        _ => format!("{}-{}", app.name, copy + 1),
    };
    let name = match app.compose {
        true => format!("{app_name}-{}-1", service.service),
        false => app_name.clone(),
    };
    let key = mix(host_key, key_of(&name));
    // The same app on another host is larger or smaller, with a limit that was guessed there.
    let scale = between(mix(mix(host_key, key_of(&app_name)), 1), 0.7, 1.45);
    let peak_hour = between(mix(key, 2), 17.0, 22.0);
    let typical_bytes = f64::from(service.typical_mib) * MIB as f64 * scale;
    let limit_bytes = limit(app, service, key);
    let told = Told::of(app, service, host_key, plan.story_end_ms());
    let counter = |salt: u64, per_s: f64| {
        Wave::new(
            mix(key, salt),
            per_s * scale * between(mix(key, salt + 1), 0.6, 1.5),
            peak_hour,
            plan.epoch_ms,
        )
    };
    let network = f64::from(service.network_kib_per_s) * 1_024.0;
    let disk = f64::from(service.disk_kib_per_s) * 1_024.0;
    Berth {
        key,
        script: service,
        image_script: Registry::image(service, 0).script,
        labels: labels(app, &app_name, service, key, limit_bytes, typical_bytes),
        app: app_name,
        compose: app.compose,
        name,
        limit_bytes,
        reservation_bytes: limit_bytes
            .filter(|_| mix(key, 5).is_multiple_of(3))
            .map(|limit| limit / 2),
        cpu_limit_cores: pick(mix(key, 6), &[None, None, None, Some(2.0), Some(1.5)]),
        schedule: schedule(plan, host_key, app, service, key, &told),
        memory: MemoryScript {
            shape: service.shape,
            typical_bytes,
            cache_bytes: f64::from(service.cache_mib) * MIB as f64 * scale,
            shmem_bytes: f64::from(service.shmem_mib) * MIB as f64,
            peak_hour,
            key: mix(key, 7),
        },
        machine,
        cpu_ns: counter(20, f64::from(service.cpu_millicores) * 1e6),
        received: counter(22, network * 0.4),
        sent: counter(24, network * 0.6),
        read: counter(26, disk * 0.3),
        written: counter(28, disk * 0.7),
        load: plan.log_load.map(|load| load.log(key)),
        slot: 0,
        registry: registry(plan),
        attempts: told.attempts,
        made: None,
    }
}

/// The limit of the catalogue, or half as much again, or twice, or none at all: limits are guesses in the wild. Where
/// the story needs the limit (what climbs to it), it stays.
fn limit(app: &AppScript, service: &ServiceScript, key: u64) -> Option<u64> {
    let base = (service.limit_mib > 0).then(|| u64::from(service.limit_mib) * MIB)?;
    if matches!(service.endurance, Endurance::KilledEvery(_)) || app.story.is_some() {
        return Some(base);
    }
    match mix(key, 4) % 10 {
        0 => None,
        1 | 2 => Some(base / 2 * 3),
        3 => Some(base * 2),
        _ => Some(base),
    }
}

fn labels(
    app: &AppScript,
    app_name: &str,
    service: &ServiceScript,
    key: u64,
    limit_bytes: Option<u64>,
    typical_bytes: f64,
) -> Vec<(String, String)> {
    let mut labels = vec![(SIMULATED_LABEL.to_owned(), "true".to_owned())];
    let mut add = |label: &str, value: String| labels.push((label.to_owned(), value));
    if app.compose {
        add(COMPOSE_PROJECT_LABEL, app_name.to_owned());
        add(COMPOSE_SERVICE_LABEL, service.service.to_owned());
        add("com.docker.compose.container-number", "1".to_owned());
        add("com.docker.compose.oneoff", "False".to_owned());
    }
    if service.protected {
        add(PROTECTED_LABEL, "true".to_owned());
    }
    // Some operators write down what they expect, not always rightly.
    if mix(key, 40).is_multiple_of(4) {
        let guess_mib =
            (typical_bytes * between(mix(key, 41), 0.6, 1.6) / MIB as f64 / 32.0).ceil() as u64 * 32;
        add(ESTIMATE_LABEL, format!("{guess_mib}M"));
    }
    if limit_bytes.is_none() && mix(key, 42).is_multiple_of(5) {
        add(LIMIT_LABEL, "1G".to_owned());
    }
    labels
}

fn schedule(
    plan: &FleetPlan,
    host_key: u64,
    app: &AppScript,
    service: &ServiceScript,
    key: u64,
    told: &Told,
) -> Schedule {
    let registry = registry(plan);
    let deploys = (app.deploy_days > 0 && service.deployed).then(|| Deploys {
        period_ms: i64::from(app.deploy_days) * DAY_MS,
        key: registry.app_key(app),
    });
    // One app is rolled out over the fleet within a day and a half.
    let rollout_ms = below(mix(host_key, key_of(app.name)), 36 * HOUR_MS) / SECOND_MS * SECOND_MS;
    let first_ms = registry.app_since_ms(app) + rollout_ms;
    let hours = |hours: u32| i64::from(hours) * HOUR_MS;
    let repeating = |period_ms: i64, end: RunEnd, calm_when_odd: bool| Runs::Repeating {
        period_ms,
        end,
        calm_when_odd,
    };
    Schedule {
        first_ms,
        turns: told.turns.clone(),
        offers: told.offers,
        pauses: told.pauses.clone(),
        deploys,
        runs: match service.endurance {
            Endurance::Lasting => Runs::One,
            Endurance::RestartedEvery(h) => repeating(hours(h), RunEnd::OperatorRestart, false),
            Endurance::CrashesEvery(h) => repeating(hours(h), RunEnd::Crash, false),
            Endurance::KilledEvery(h) => repeating(hours(h), RunEnd::OomKill, true),
            Endurance::Job(seconds) => Runs::Job {
                length_ms: i64::from(seconds) * SECOND_MS,
            },
        },
        trouble_percent: if service.misbehaves { 70 } else { 4 },
        key: mix(key, 8),
    }
}
