//! A berth: the place of one container on one host.
//!
//! Ships come and go, the berth stays: each deploy puts a new container (a new id, a new image, sometimes a new limit)
//! into the same berth. What is scripted belongs to the berth; what the engine names is the container in it.

use roadstead_model::{
    BlockCounters, CpuCounters, EngineContainerId, MemoryReading, NetworkCounters, Reading,
};

use crate::catalogue::ServiceScript;
use crate::image::{Image, Registry};
use crate::load::LoadLog;
use crate::made::Made;
use crate::memory::{MemoryPicture, MemoryScript, Room};
use crate::moment::{Check, Moment};
use crate::plan::EngineFlavour;
use crate::release::{Attempt, Release};
use crate::schedule::{RunEnd, Schedule};
use crate::seed::{hex_id, mix, unit};
use crate::spec::Spec;
use crate::wave::Wave;
use std::sync::Arc;

/// What the memory of a container does over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryShape {
    /// Stays where it is.
    Flat,
    /// Grows until an operator restarts it.
    Leaking,
    /// Grows and drops every hour or so, as garbage collectors do.
    SawTooth,
    /// Follows the hours of the day.
    Diurnal,
    /// Climbs to its limit, is killed by the kernel, starts again.
    Climbing,
}

/// The machine a berth is on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Machine {
    pub(crate) cpu_cores: u32,
    pub(crate) memory_bytes: u64,
    /// When it was started.
    pub(crate) booted_ms: i64,
    pub(crate) flavour: EngineFlavour,
}

/// The place of one container on one host.
#[derive(Debug, Clone)]
pub struct Berth {
    pub(crate) key: u64,
    pub(crate) script: &'static ServiceScript,
    /// The service its image is known by.
    pub(crate) image_script: &'static ServiceScript,
    pub(crate) app: String,
    /// The app is a compose project (and not a container started alone).
    pub(crate) compose: bool,
    pub(crate) name: String,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) limit_bytes: Option<u64>,
    pub(crate) reservation_bytes: Option<u64>,
    pub(crate) cpu_limit_cores: Option<f64>,
    pub(crate) schedule: Schedule,
    pub(crate) memory: MemoryScript,
    pub(crate) machine: Machine,
    pub(crate) cpu_ns: Wave,
    pub(crate) received: Wave,
    pub(crate) sent: Wave,
    pub(crate) read: Wave,
    pub(crate) written: Wave,
    /// What it prints instead of what its app would.
    pub(crate) load: Option<LoadLog>,
    /// Its number among the berths of its host.
    pub(crate) slot: usize,
    pub(crate) registry: Registry,
    /// Deploys of its app that failed.
    pub(crate) attempts: Arc<[Attempt]>,
    /// The one container that lies here, when a client made or changed it.
    pub(crate) made: Option<Box<Made>>,
}

impl Berth {
    /// The app: compose project, or the container's own name.
    #[must_use]
    pub fn app(&self) -> &str {
        &self.app
    }

    /// The container's name, without a leading slash.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its memory does.
    #[must_use]
    pub fn shape(&self) -> MemoryShape {
        self.memory.shape
    }

    /// What its container is at this moment (UTC epoch milliseconds); `None` before the first was made.
    #[must_use]
    pub fn moment_at(&self, time_ms: i64) -> Option<Moment> {
        match &self.made {
            Some(made) => made.moment_at(&self.schedule, time_ms),
            None => {
                let check = self.script.health_check.then_some(Check::SCRIPTED);
                Moment::at(&self.schedule, check, time_ms)
            }
        }
    }

    /// The engine's id of the container of a generation.
    #[must_use]
    pub fn container_id(&self, generation: u32) -> EngineContainerId {
        EngineContainerId(match &self.made {
            Some(made) => made.id.clone(),
            None => hex_id(mix(self.key, u64::from(generation))),
        })
    }

    /// What a generation was made from.
    pub(crate) fn release(&self, generation: u32) -> Release {
        self.schedule.release(generation)
    }

    /// The image of a generation.
    pub(crate) fn image_of(&self, generation: u32) -> Image {
        match &self.made {
            Some(made) => made.image,
            None => Image {
                script: self.image_script,
                version: match self.schedule.deploys {
                    Some(_) => self.release(generation).version,
                    None => 0,
                },
            },
        }
    }

    /// The image reference of a generation.
    #[must_use]
    pub fn image(&self, generation: u32) -> String {
        match &self.made {
            Some(made) => made.reference().to_owned(),
            None => self.image_of(generation).reference(),
        }
    }

    /// The image id of a generation. One image has one id on all hosts.
    #[must_use]
    pub fn image_id(&self, generation: u32) -> String {
        self.image_of(generation).id()
    }

    /// `repository@sha256:…` of a generation's image, as the registry knows it.
    #[must_use]
    pub fn image_digest(&self, generation: u32) -> String {
        self.image_of(generation).repo_digest()
    }

    /// When a generation's image was built, UTC epoch milliseconds.
    #[must_use]
    pub fn image_created_ms(&self, generation: u32) -> i64 {
        self.registry.built_ms(self.image_of(generation))
    }

    /// What the container of a generation was created with.
    pub(crate) fn spec(&self, generation: u32) -> Spec {
        match &self.made {
            Some(made) => made.spec.clone(),
            None => self.scripted_spec(generation),
        }
    }

    /// The hard memory limit of a generation; `None` is unlimited. A deploy that mends an app that was killed for
    /// memory also gives it half as much again.
    #[must_use]
    pub fn limit_bytes(&self, generation: u32) -> Option<u64> {
        if self.made.is_some() {
            return self.limit_bytes;
        }
        let raised = self.memory.shape == MemoryShape::Climbing && generation % 2 == 1;
        let percent = u64::from(self.release(generation).limit_percent);
        let limit = self.limit_bytes? * percent / 100;
        Some(if raised { limit / 2 * 3 } else { limit })
    }

    /// The soft memory limit; `None` when it has none.
    #[must_use]
    pub fn reservation_bytes(&self) -> Option<u64> {
        self.reservation_bytes
    }

    /// Memory by the docker CLI's formula at this moment, in bytes; `None` while it does not run.
    #[must_use]
    pub fn memory_bytes_at(&self, time_ms: i64) -> Option<u64> {
        let moment = self.moment_at(time_ms)?;
        Some(self.reading_at(&moment, time_ms)?.memory?.used_bytes)
    }

    /// What a stats answer of this moment holds; `None` while it does not run. `moment` is that of `time_ms`.
    #[must_use]
    pub fn reading_at(&self, moment: &Moment, time_ms: i64) -> Option<Reading> {
        let picture = self.picture_at(moment, time_ms)?;
        let limit_bytes = self.limit_or_machine(moment);
        Some(Reading {
            engine_id: self.container_id(moment.generation),
            read_at_ms: time_ms,
            memory: Some(MemoryReading {
                used_bytes: MemoryReading::used_bytes(picture.usage, Some(picture.inactive_file)),
                usage_bytes: picture.usage,
                inactive_file_bytes: Some(picture.inactive_file),
                anon_bytes: Some(picture.anon),
                shmem_bytes: Some(picture.shmem),
                limit_bytes: Some(limit_bytes),
                failcnt: self.failcnt(&picture, limit_bytes),
            }),
            cpu: Some(self.cpu_at(moment, time_ms)?),
            network: self.network_at(moment, time_ms),
            block: self.block_at(moment, time_ms),
            pids: Some(self.pids_at(time_ms)),
        })
    }

    /// Memory in the parts of a cgroup; `None` while it does not run.
    pub(crate) fn picture_at(&self, moment: &Moment, time_ms: i64) -> Option<MemoryPicture> {
        let run = moment.run.filter(|_| moment.state.is_running())?;
        Some(self.memory.at(
            &run,
            run.meant_end == RunEnd::OomKill,
            Room {
                limit_bytes: self.limit_bytes(moment.generation),
                machine_bytes: self.machine.memory_bytes,
                appetite: self.image_of(moment.generation).memory_ratio(),
            },
            time_ms,
        ))
    }

    /// The limit a stats answer reports: the machine's memory when unlimited.
    pub(crate) fn limit_or_machine(&self, moment: &Moment) -> u64 {
        self.limit_bytes(moment.generation)
            .unwrap_or(self.machine.memory_bytes)
            .min(self.machine.memory_bytes)
    }

    /// cgroup v1 counts how often the limit was hit. cgroup v2 counts OOM events since the start of the run: none
    /// here, because each one ends the run; Docker leaves a zero out of its answer.
    pub(crate) fn failcnt(&self, picture: &MemoryPicture, limit_bytes: u64) -> Option<u64> {
        if self.machine.flavour.cgroup_version() == 2 {
            return None;
        }
        let fill = picture.usage as f64 / limit_bytes as f64;
        Some(((fill - 0.98).max(0.0) * 5_000.0) as u64)
    }

    /// CPU counters since the start of the run.
    pub(crate) fn cpu_at(&self, moment: &Moment, time_ms: i64) -> Option<CpuCounters> {
        let from_ms = self.run_start(moment)?;
        let up_ms = (time_ms - self.machine.booted_ms).max(0) as u64;
        let appetite = self.image_of(moment.generation).cpu_ratio();
        Some(CpuCounters {
            total_ns: (self.cpu_ns.counted(from_ms, time_ms) * appetite) as u64,
            system_ns: Some(up_ms * 1_000_000 * u64::from(self.machine.cpu_cores)),
            online_cpus: self.machine.cpu_cores,
        })
    }

    /// Network counters since the start of the run; `None` with host networking.
    pub(crate) fn network_at(&self, moment: &Moment, time_ms: i64) -> Option<NetworkCounters> {
        let from_ms = self.run_start(moment).filter(|_| !self.script.host_network)?;
        Some(NetworkCounters {
            rx_bytes: self.received.counted(from_ms, time_ms) as u64,
            tx_bytes: self.sent.counted(from_ms, time_ms) as u64,
        })
    }

    /// Block device counters since the start of the run.
    pub(crate) fn block_at(&self, moment: &Moment, time_ms: i64) -> Option<BlockCounters> {
        let from_ms = self.run_start(moment)?;
        // Devices read and write whole sectors, caches whole pages.
        let pages = |bytes: f64| bytes as u64 & !4_095;
        Some(BlockCounters {
            read_bytes: pages(self.read.counted(from_ms, time_ms)),
            write_bytes: pages(self.written.counted(from_ms, time_ms)),
        })
    }

    /// Processes and threads: a few more or less every minute.
    pub(crate) fn pids_at(&self, time_ms: i64) -> u32 {
        let swing = unit(mix(self.key ^ 0x91D5, time_ms.div_euclid(60_000) as u64));
        self.script.pids + (swing * f64::from(self.script.pids) * 0.2) as u32
    }

    fn run_start(&self, moment: &Moment) -> Option<i64> {
        let running = moment.state.is_running();
        moment.run.filter(|_| running).map(|run| run.start_ms)
    }
}
