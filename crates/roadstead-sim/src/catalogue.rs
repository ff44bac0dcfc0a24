//! The apps a simulated fleet runs: names, images and sizes people who host their own will know.
//!
//! The figures are believable, not measured: what such a service takes in a household or a small office.

mod apps;
mod outfit;
mod story;

pub(crate) use apps::APPS;
pub(crate) use outfit::outfit;
pub(crate) use story::Story;

use crate::berth::MemoryShape;
use crate::voice::Voice;

/// An app, as a compose file describes it.
#[derive(Debug)]
pub(crate) struct AppScript {
    pub(crate) name: &'static str,
    /// Started by compose; otherwise its one container was started alone and carries no project label.
    pub(crate) compose: bool,
    /// Mean days between two deploys; 0 is never.
    pub(crate) deploy_days: u32,
    pub(crate) services: &'static [ServiceScript],
    /// What happened to it lately, besides the rhythm of its deploys.
    pub(crate) story: Option<&'static Story>,
}

impl AppScript {
    const fn told(mut self, story: &'static Story) -> Self {
        self.story = Some(story);
        self
    }
}

/// What is wrong with a version of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It takes more memory and prints more errors.
    Worse,
    /// Its health check fails.
    Sick,
    /// It ends as soon as it is started.
    Broken,
}

/// How the versions of an image are written: `before`, a number that grows with each deploy, `after`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tag {
    pub(crate) before: &'static str,
    pub(crate) minor: u32,
    pub(crate) after: &'static str,
    /// The tag that moves from version to version, where images are named by it and not by their version.
    pub(crate) moving: Option<&'static str>,
}

/// How long a service runs and what ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endurance {
    /// Until it is replaced.
    Lasting,
    /// Restarted by an operator every so many hours.
    RestartedEvery(u32),
    /// Ends by itself with an error every so many hours.
    CrashesEvery(u32),
    /// Reaches its memory limit every so many hours.
    KilledEvery(u32),
    /// Does its work in so many seconds and ends.
    Job(u32),
}

/// One service of an app.
#[derive(Debug)]
pub(crate) struct ServiceScript {
    pub(crate) service: &'static str,
    pub(crate) image: &'static str,
    pub(crate) tag: Tag,
    pub(crate) command: &'static str,
    pub(crate) voice: Voice,
    pub(crate) shape: MemoryShape,
    pub(crate) endurance: Endurance,
    pub(crate) typical_mib: u32,
    pub(crate) cache_mib: u32,
    pub(crate) shmem_mib: u32,
    /// 0 is unlimited.
    pub(crate) limit_mib: u32,
    pub(crate) cpu_millicores: u32,
    pub(crate) network_kib_per_s: u32,
    pub(crate) disk_kib_per_s: u32,
    pub(crate) pids: u32,
    /// Mean milliseconds between two log lines.
    pub(crate) log_every_ms: u32,
    pub(crate) health_check: bool,
    pub(crate) host_network: bool,
    pub(crate) tty: bool,
    pub(crate) protected: bool,
    /// Replaced when the app is deployed; databases and caches are not.
    pub(crate) deployed: bool,
    /// In trouble on most days, and not only once in a while.
    pub(crate) misbehaves: bool,
    /// Versions of its image with something wrong; all others are good.
    pub(crate) flaws: &'static [(u32, Flaw)],
    /// Its registry gives it to nobody without a login.
    pub(crate) denied: bool,
}

impl ServiceScript {
    /// A quiet service of this image that uses this much memory.
    const fn new(service: &'static str, image: &'static str, voice: Voice, typical_mib: u32) -> Self {
        Self {
            service,
            image,
            tag: Tag {
                before: "1.",
                minor: 4,
                after: ".0",
                moving: None,
            },
            command: "/entrypoint.sh",
            voice,
            shape: MemoryShape::Flat,
            endurance: Endurance::Lasting,
            typical_mib,
            cache_mib: typical_mib / 3,
            shmem_mib: 0,
            limit_mib: 0,
            cpu_millicores: 15,
            network_kib_per_s: 2,
            disk_kib_per_s: 2,
            pids: 12,
            log_every_ms: 20_000,
            health_check: false,
            host_network: false,
            tty: false,
            protected: false,
            deployed: true,
            misbehaves: false,
            flaws: &[],
            denied: false,
        }
    }

    const fn tag(mut self, before: &'static str, minor: u32, after: &'static str) -> Self {
        self.tag = Tag {
            before,
            minor,
            after,
            moving: None,
        };
        self
    }

    /// Its images are named by a tag that moves.
    const fn moving(mut self, tag: &'static str) -> Self {
        self.tag.moving = Some(tag);
        self
    }

    const fn flaws(mut self, flaws: &'static [(u32, Flaw)]) -> Self {
        self.flaws = flaws;
        self
    }

    const fn denied(mut self) -> Self {
        self.denied = true;
        self
    }

    const fn runs(mut self, command: &'static str) -> Self {
        self.command = command;
        self
    }

    const fn shape(mut self, shape: MemoryShape) -> Self {
        self.shape = shape;
        self
    }

    const fn endures(mut self, endurance: Endurance) -> Self {
        self.endurance = endurance;
        self
    }

    const fn limit(mut self, limit_mib: u32) -> Self {
        self.limit_mib = limit_mib;
        self
    }

    const fn cache(mut self, cache_mib: u32) -> Self {
        self.cache_mib = cache_mib;
        self
    }

    const fn shmem(mut self, shmem_mib: u32) -> Self {
        self.shmem_mib = shmem_mib;
        self
    }

    /// CPU in thousandths of a core, network and disk in KiB per second, processes and threads.
    const fn load(mut self, cpu_millicores: u32, network: u32, disk: u32, pids: u32) -> Self {
        self.cpu_millicores = cpu_millicores;
        self.network_kib_per_s = network;
        self.disk_kib_per_s = disk;
        self.pids = pids;
        self
    }

    const fn log_every(mut self, milliseconds: u32) -> Self {
        self.log_every_ms = milliseconds;
        self
    }

    const fn health_check(mut self) -> Self {
        self.health_check = true;
        self
    }

    const fn host_network(mut self) -> Self {
        self.host_network = true;
        self
    }

    const fn tty(mut self) -> Self {
        self.tty = true;
        self
    }

    const fn protected(mut self) -> Self {
        self.protected = true;
        self
    }

    const fn kept(mut self) -> Self {
        self.deployed = false;
        self
    }

    const fn misbehaves(mut self) -> Self {
        self.misbehaves = true;
        self
    }
}

/// A PostgreSQL beside an app.
const fn postgres(service: &'static str, typical_mib: u32, cache_mib: u32) -> ServiceScript {
    ServiceScript::new(service, "postgres", Voice::Postgres, typical_mib)
        .tag("16.", 4, "-alpine")
        .runs("docker-entrypoint.sh postgres")
        .cache(cache_mib)
        .shmem(typical_mib / 2)
        .load(12, 6, 40, 11)
        .log_every(60_000)
        .health_check()
        .kept()
}

/// A Redis beside an app.
const fn redis(service: &'static str, typical_mib: u32) -> ServiceScript {
    ServiceScript::new(service, "redis", Voice::Redis, typical_mib)
        .tag("7.", 4, "-alpine")
        .runs("docker-entrypoint.sh redis-server")
        .cache(3)
        .limit(128)
        .load(6, 4, 1, 6)
        .log_every(300_000)
        .health_check()
        .kept()
}

/// A MariaDB beside an app.
const fn mariadb(service: &'static str, typical_mib: u32) -> ServiceScript {
    ServiceScript::new(service, "mariadb", Voice::Plain, typical_mib)
        .tag("11.", 4, "")
        .runs("docker-entrypoint.sh mariadbd")
        .cache(90)
        .load(10, 5, 30, 22)
        .log_every(240_000)
        .kept()
}

/// A service that only prints, see [`crate::load`].
pub(crate) const LOAD_SERVICE: ServiceScript =
    ServiceScript::new("printer", "roadstead/printer", Voice::Plain, 24).runs("/printer");

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_shape_and_every_ending_is_in_the_catalogue() {
        let services: Vec<&ServiceScript> = APPS.iter().flat_map(|app| app.services).collect();
        for shape in [
            MemoryShape::Flat,
            MemoryShape::Leaking,
            MemoryShape::SawTooth,
            MemoryShape::Diurnal,
            MemoryShape::Climbing,
        ] {
            assert!(services.iter().any(|s| s.shape == shape), "{shape:?}");
        }
        for (what, found) in [
            (
                "a job",
                services.iter().any(|s| matches!(s.endurance, Endurance::Job(_))),
            ),
            (
                "a crash",
                services
                    .iter()
                    .any(|s| matches!(s.endurance, Endurance::CrashesEvery(_))),
            ),
            ("a terminal", services.iter().any(|s| s.tty)),
            ("host networking", services.iter().any(|s| s.host_network)),
            ("a protected one", services.iter().any(|s| s.protected)),
            ("an unlimited one", services.iter().any(|s| s.limit_mib == 0)),
            ("a lone container", APPS.iter().any(|a| !a.compose)),
        ] {
            assert!(found, "the catalogue has {what}");
        }
    }

    #[test]
    fn what_climbs_is_killed_at_a_limit_it_has() {
        for service in APPS.iter().flat_map(|app| app.services) {
            let climbs = service.shape == MemoryShape::Climbing;
            assert_eq!(
                climbs,
                matches!(service.endurance, Endurance::KilledEvery(_)),
                "{}",
                service.image
            );
            assert!(
                !climbs || service.limit_mib > service.typical_mib,
                "{}",
                service.image
            );
            assert!(
                !climbs || service.deployed,
                "{}: a deploy mends it",
                service.image
            );
        }
    }

    #[test]
    fn names_are_unique_and_a_lone_container_is_one() {
        let names: HashSet<&str> = APPS.iter().map(|app| app.name).collect();
        assert_eq!(names.len(), APPS.len());
        assert!(APPS.iter().all(|app| app.compose || app.services.len() == 1));
        assert!(APPS.len() >= 20);
    }
}
