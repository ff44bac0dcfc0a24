//! Images and the registry they come from: which versions there are, since when, and what is in them.
//!
//! Nothing is stored here either: a version is a number, and its id, digest, layers and build time follow from it. What a host
//! has pulled is the engine's business.

use roadstead_model::time::{DAY_MS, HOUR_MS};

use crate::catalogue::{APPS, AppScript, Flaw, LOAD_SERVICE, ServiceScript, Tag};
use crate::release::Release;
use crate::seed::{below, between, hex_id, key_of, mix};

/// A worse version takes so much more memory, and so much more processor time.
const WORSE_MEMORY_RATIO: f64 = 1.6;
const WORSE_CPU_RATIO: f64 = 1.25;

/// One version of an image.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Image {
    /// The first service of the catalogue that runs it.
    pub(crate) script: &'static ServiceScript,
    pub(crate) version: u32,
}

impl PartialEq for Image {
    fn eq(&self, other: &Self) -> bool {
        self.script.image == other.script.image
            && self.version == other.version
            && self.script.tag.before == other.script.tag.before
    }
}

/// A layer of an image.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    /// 64 hex digits.
    pub(crate) id: String,
    pub(crate) bytes: i64,
    /// Other versions of the image have it, too.
    pub(crate) shared: bool,
}

impl Image {
    fn tag(self) -> &'static Tag {
        &self.script.tag
    }

    /// The version in words: `1.22.4`.
    pub(crate) fn version_text(self) -> String {
        let Tag {
            before, minor, after, ..
        } = self.tag();
        format!("{before}{}{after}", minor + self.version)
    }

    /// The name with its tag: `gitea/gitea:1.22.4`.
    pub(crate) fn reference(self) -> String {
        match self.tag().moving {
            Some(tag) => format!("{}:{tag}", self.script.image),
            None => format!("{}:{}", self.script.image, self.version_text()),
        }
    }

    fn key(self) -> u64 {
        let key = key_of(&self.reference());
        match self.tag().moving {
            Some(_) => mix(key, u64::from(self.version)),
            None => key,
        }
    }

    /// `sha256:…`. One image has one id on all hosts.
    pub(crate) fn id(self) -> String {
        format!("sha256:{}", hex_id(self.key()))
    }

    /// The digest the registry gives it: `sha256:…`.
    pub(crate) fn digest(self) -> String {
        format!("sha256:{}", hex_id(mix(self.key(), 0xD16E)))
    }

    /// `gitea/gitea@sha256:…`.
    pub(crate) fn repo_digest(self) -> String {
        format!("{}@{}", self.script.image, self.digest())
    }

    /// What is wrong with it.
    pub(crate) fn flaw(self) -> Option<Flaw> {
        let flaws = self.script.flaws.iter();
        flaws
            .filter(|(version, _)| *version == self.version)
            .map(|(_, flaw)| *flaw)
            .next()
    }

    /// Memory it takes, against what its service takes as a rule. Each version takes a little more or less than the others.
    pub(crate) fn memory_ratio(self) -> f64 {
        let own = mix(key_of(self.script.image), u64::from(self.version));
        let worse = match self.flaw() {
            Some(Flaw::Worse) => WORSE_MEMORY_RATIO,
            _ => 1.0,
        };
        worse * between(own, 0.97, 1.03)
    }

    /// Processor time it takes, against what its service takes as a rule.
    pub(crate) fn cpu_ratio(self) -> f64 {
        match self.flaw() {
            Some(Flaw::Worse) => WORSE_CPU_RATIO,
            _ => 1.0,
        }
    }

    /// Its layers, the oldest first.
    pub(crate) fn layers(self) -> Vec<Layer> {
        let family = key_of(self.script.image);
        let shared = 3 + below(mix(family, 2), 2);
        (0..shared + 2)
            .map(|number| {
                let is_shared = number < shared;
                let key = if is_shared { family } else { self.key() };
                let key = mix(key, 0x1A7E + number as u64);
                Layer {
                    id: hex_id(key),
                    bytes: 3_000_000 + below(mix(key, 1), if is_shared { 120_000_000 } else { 60_000_000 }),
                    shared: is_shared,
                }
            })
            .collect()
    }

    /// Bytes of all its layers.
    pub(crate) fn size_bytes(self) -> i64 {
        self.layers().iter().map(|layer| layer.bytes).sum()
    }
}

/// What somebody asks for: `ghcr.io/a/b:v1`, `a/b@sha256:…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) name: String,
    pub(crate) tag: Option<String>,
    pub(crate) digest: Option<String>,
}

impl Reference {
    /// Takes a reference apart. Docker Hub is left out, as engines do.
    pub(crate) fn parse(text: &str) -> Self {
        let (text, digest) = match text.split_once('@') {
            Some((text, digest)) => (text, Some(digest.to_owned())),
            None => (text, None),
        };
        // A colon before the last slash is a port.
        let (name, tag) = match text.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag.to_owned())),
            _ => (text, None),
        };
        let name = ["docker.io/library/", "docker.io/", "index.docker.io/", "library/"]
            .iter()
            .find_map(|prefix| name.strip_prefix(prefix))
            .unwrap_or(name);
        Self {
            name: name.to_owned(),
            tag,
            digest,
        }
    }

    /// The name with its tag, `latest` where none is given.
    pub(crate) fn tagged(&self) -> String {
        format!("{}:{}", self.name, self.tag.as_deref().unwrap_or("latest"))
    }
}

/// Why a registry does not give an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Withheld {
    /// It wants a login.
    Denied,
    /// It has no repository of that name.
    NoRepository,
    /// It has the repository, but no such tag or digest.
    NoManifest,
}

/// All registries of the fleet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Registry {
    pub(crate) seed: u64,
    pub(crate) epoch_ms: i64,
    pub(crate) story_ms: i64,
}

impl Registry {
    /// Chance of an app that is the same on all hosts.
    pub(crate) fn app_key(&self, app: &AppScript) -> u64 {
        mix(mix(self.seed, 0xDE), key_of(app.name))
    }

    /// When an app first came to the fleet: its earliest host.
    pub(crate) fn app_since_ms(&self, app: &AppScript) -> i64 {
        // A container of it that is never deployed was made when the app first came.
        let cycle_ms = i64::from(app.deploy_days.max(40)) * DAY_MS;
        self.epoch_ms - below(self.app_key(app), cycle_ms) / 1_000 * 1_000 - 2 * DAY_MS
    }

    /// The service an image is known by: the first of the catalogue that runs it.
    fn owner(name: &str) -> Option<(Option<&'static AppScript>, &'static ServiceScript)> {
        let services = APPS
            .iter()
            .flat_map(|app| app.services.iter().map(move |service| (Some(app), service)));
        services
            .chain([(None, &LOAD_SERVICE)])
            .find(|(_, service)| service.image == name)
    }

    /// A version of the image of a service.
    pub(crate) fn image(service: &'static ServiceScript, version: u32) -> Image {
        let script = Self::owner(service.image).map_or(service, |(_, owner)| owner);
        Image { script, version }
    }

    /// When a version was built, UTC epoch milliseconds.
    pub(crate) fn built_ms(&self, image: Image) -> i64 {
        let chance = below(mix(image.key(), 7), 9 * HOUR_MS) / 1_000 * 1_000;
        let version = i64::from(image.version);
        let app = Self::owner(image.script.image)
            .and_then(|(app, service)| app.filter(|app| service.deployed && app.deploy_days > 0));
        let Some(app) = app else {
            // Nobody deploys it: newer versions come out all the same.
            return self.epoch_ms + (version * 70 - 90) * DAY_MS - chance;
        };
        let period_ms = i64::from(app.deploy_days) * DAY_MS;
        let Some(story) = app.story else {
            // Published when the version before it was rolled out: there is always a newer one.
            return self.app_since_ms(app) + (version - 1) * period_ms + 2 * DAY_MS - chance;
        };
        let day_before = |time_ms: i64| time_ms - DAY_MS - chance;
        if version == 0 {
            return day_before(self.app_since_ms(app));
        }
        let told = story
            .turns
            .iter()
            .filter_map(|turn| Some((turn.version?, turn.hours_before)));
        let tried = story
            .attempts
            .iter()
            .map(|attempt| (attempt.version, attempt.hours_before));
        if let Some(hours_before) = told
            .clone()
            .chain(tried)
            .filter(|(of, _)| *of == image.version)
            .map(|(_, hours)| hours)
            .max()
        {
            return day_before(self.story_ms - i64::from(hours_before) * HOUR_MS);
        }
        let newest = i64::from(told.map(|(of, _)| of).max().unwrap_or(Release::FIRST.version));
        let offers = i64::from(story.offers);
        if version <= newest + offers {
            // One a day, the newest some hours ago.
            return self.story_ms - (newest + offers - version) * DAY_MS - 12 * HOUR_MS - chance;
        }
        let last_turn_ms = story
            .turns
            .last()
            .map_or(0, |turn| i64::from(turn.hours_before) * HOUR_MS);
        day_before(self.story_ms - last_turn_ms + (version - newest - offers) * period_ms)
    }

    /// The newest version of an image at a moment; the first one where there was none yet.
    pub(crate) fn newest(&self, script: &'static ServiceScript, now_ms: i64) -> Image {
        // No image has had more versions than one a day since long before the epoch.
        let mut version = ((now_ms - self.epoch_ms) / DAY_MS).clamp(0, 40_000) as u32 + 60;
        while version > 0 && self.built_ms(Image { script, version }) > now_ms {
            version -= 1;
        }
        Image { script, version }
    }

    /// The image the registry has under this reference at this moment.
    pub(crate) fn find(&self, asked: &Reference, now_ms: i64) -> Result<Image, Withheld> {
        let (_, script) = Self::owner(&asked.name).ok_or(Withheld::NoRepository)?;
        if script.denied {
            return Err(Withheld::Denied);
        }
        let newest = self.newest(script, now_ms);
        let mut versions = (0..=newest.version)
            .rev()
            .map(|version| Image { script, version });
        let found = match (&asked.digest, asked.tag.as_deref().unwrap_or("latest")) {
            (Some(digest), _) => versions.find(|image| image.digest() == *digest),
            (None, "latest") => Some(newest),
            (None, tag) if script.tag.moving == Some(tag) => Some(newest),
            (None, _) if script.tag.moving.is_some() => None,
            (None, tag) => versions.find(|image| image.version_text() == tag),
        };
        found.ok_or(Withheld::NoManifest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTRY: Registry = Registry {
        seed: 7,
        epoch_ms: 1_735_689_600_000,
        story_ms: 1_735_689_600_000 + 40 * DAY_MS,
    };

    fn find(text: &str, now_ms: i64) -> Result<Image, Withheld> {
        REGISTRY.find(&Reference::parse(text), now_ms)
    }

    #[test]
    fn references_are_taken_apart_as_engines_do() {
        let parts = |text: &str| {
            let Reference { name, tag, digest } = Reference::parse(text);
            (name, tag.unwrap_or_default(), digest.unwrap_or_default())
        };
        let owned = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        assert_eq!(parts("docker.io/library/redis"), owned("redis", "", ""));
        assert_eq!(
            parts("localhost:5000/a/b:v1@sha256:0"),
            owned("localhost:5000/a/b", "v1", "sha256:0")
        );
        assert_eq!(parts("localhost:5000/a"), owned("localhost:5000/a", "", ""));
    }

    #[test]
    fn a_version_is_found_by_tag_and_by_digest_once_it_is_built() {
        let now_ms = REGISTRY.story_ms;
        let image = find("gitea/gitea:1.22.4", now_ms).unwrap();
        assert_eq!((image.version, image.flaw()), (3, None));
        assert_eq!(find(&image.repo_digest(), now_ms).unwrap(), image);
        let built_ms = REGISTRY.built_ms(image);
        assert!(built_ms < now_ms);
        assert_eq!(
            find("gitea/gitea:1.22.4", built_ms - 1),
            Err(Withheld::NoManifest)
        );
        assert_eq!(find("gitea/gitea", now_ms).unwrap().flaw(), Some(Flaw::Broken));
        assert_eq!(find("nobody/nothing", now_ms), Err(Withheld::NoRepository));
        assert_eq!(
            find("lscr.io/linuxserver/bookstack:24.05.3", now_ms),
            Err(Withheld::Denied)
        );
    }

    #[test]
    fn a_moving_tag_stands_for_the_newest_version() {
        let now_ms = REGISTRY.story_ms;
        let now = find("vaultwarden/server:latest", now_ms).unwrap();
        let before = find("vaultwarden/server:latest", now_ms - 5 * DAY_MS).unwrap();
        assert_eq!((before.version, now.version), (2, 3));
        assert_eq!(before.reference(), now.reference());
        assert_ne!(before.id(), now.id());
        assert_ne!(before.digest(), now.digest());
    }

    #[test]
    fn versions_are_built_one_after_the_other() {
        for service in APPS.iter().flat_map(|app| app.services) {
            let built = |version| REGISTRY.built_ms(Registry::image(service, version));
            for version in 0..30 {
                assert!(built(version) < built(version + 1), "{} {version}", service.image);
            }
        }
    }

    #[test]
    fn a_worse_version_takes_clearly_more() {
        let ratio = |version| Registry::image(&APPS[4].services[0], version).memory_ratio();
        assert!(ratio(2) / ratio(1) > 1.45, "{} against {}", ratio(2), ratio(1));
        assert!((0.9..1.1).contains(&(ratio(3) / ratio(1))));
    }
}
