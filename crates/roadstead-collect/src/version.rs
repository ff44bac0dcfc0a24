//! Which API both sides speak, and what an engine says of itself.

use roadstead_model::{Fault, FaultCause, HostFacts};
use serde::Deserialize;

use crate::text::{NAME_CHARS, TEXT_CHARS, clean};
use crate::transport::{fault, parse};

/// The oldest API we can use: the first with one-shot stats. Podman's compatible API calls itself this.
const OLDEST: Api = Api(1, 41);
/// The newest API this room was written against.
const NEWEST: Api = Api(1, 51);
/// The first Docker that answers a one-shot reading at once instead of on its one-second tick.
const PROMPT_READINGS_SINCE: u32 = 25;
/// Readings at once where each takes up to a second whatever we do.
const WIDE: usize = 40;
/// Requests at once where an answer takes milliseconds.
const NARROW: usize = 8;
/// So many requests at once are made of any number of them.
const NARROWEST: usize = 4;
/// Requests that a connection carries one after another before one more is opened beside it.
const CARRIED: usize = 5;

/// How many of so many requests are worth having on their way at once where an answer takes milliseconds. Each way is a
/// connection that is kept, at tens of thousands of bytes: a fleet of small hosts would be little else.
pub(crate) fn worth_at_once(requests: usize) -> usize {
    requests.div_ceil(CARRIED).clamp(NARROWEST, NARROW)
}

/// Whose engine it is: their answers differ where the API says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EngineKind {
    Docker,
    Podman,
}

impl EngineKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Docker => "Docker",
            Self::Podman => "Podman",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Api(u32, u32);

impl Api {
    fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        Some(Self(major.parse().ok()?, minor.parse().ok()?))
    }
}

impl std::fmt::Display for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// An engine's version answer, and the API agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) kind: EngineKind,
    pub(crate) engine: String,
    /// Goes into every path, so it is made of our own numbers, never of the engine's text.
    pub(crate) agreed: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct VersionAnswer {
    #[serde(default)]
    version: Option<String>,
    api_version: String,
    #[serde(default, rename = "MinAPIVersion")]
    min_api_version: Option<String>,
    #[serde(default)]
    components: Option<Vec<Component>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Component {
    #[serde(default)]
    name: Option<String>,
}

impl Version {
    /// Reads the answer of `/version` and agrees on the newest API both sides know.
    ///
    /// # Errors
    /// `NotAnEngine` when it is no such answer, `ApiTooOld` when the engine's newest is older than [`OLDEST`].
    pub(crate) fn read(body: &[u8]) -> Result<Self, Fault> {
        let not_an_engine = |detail: &str| fault(FaultCause::NotAnEngine, detail);
        let answer: VersionAnswer =
            parse(body).map_err(|bad| not_an_engine(&format!("its version answer is {}", bad.detail)))?;
        let newest = Api::parse(&answer.api_version)
            .ok_or_else(|| not_an_engine("its version answer names no API version"))?;
        if newest < OLDEST {
            return Err(fault(
                FaultCause::ApiTooOld,
                format!("the engine speaks API {newest}; {OLDEST} (Docker 20.10) is the oldest that works"),
            ));
        }
        let oldest = answer.min_api_version.as_deref().and_then(Api::parse);
        // An engine so new that it forgot our newest is asked in its own oldest: what we read changes seldom, and the
        // alternative is no window at all after an engine's upgrade.
        let agreed = newest.min(NEWEST).max(oldest.unwrap_or(OLDEST)).min(newest);
        let is_podman = answer.components.iter().flatten().any(|component| {
            component
                .name
                .as_deref()
                .is_some_and(|name| name.starts_with("Podman"))
        });
        Ok(Self {
            kind: if is_podman {
                EngineKind::Podman
            } else {
                EngineKind::Docker
            },
            engine: clean(answer.version.as_deref().unwrap_or_default(), NAME_CHARS),
            agreed: agreed.to_string(),
        })
    }

    /// Whether the API agreed on is this one or a newer one.
    pub(crate) fn is_at_least(&self, major: u32, minor: u32) -> bool {
        Api::parse(&self.agreed).is_some_and(|agreed| agreed >= Api(major, minor))
    }

    /// Kind and version, for a sentence.
    pub(crate) fn engine_in_words(&self) -> String {
        format!("{} {}", self.kind.as_str(), self.engine)
    }

    /// How many of so many readings are worth asking for at once.
    pub(crate) fn reading_concurrency(&self, containers: usize) -> usize {
        let major = self
            .engine
            .split('.')
            .next()
            .and_then(|major| major.parse::<u32>().ok());
        match (self.kind, major) {
            (EngineKind::Docker, Some(major)) if major < PROMPT_READINGS_SINCE => WIDE,
            _ => worth_at_once(containers),
        }
    }
}

/// The parts of `/info` we use. An answer without the machine's size or the counts is no answer of an engine.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Info {
    #[serde(default, rename = "ID")]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    operating_system: Option<String>,
    #[serde(rename = "NCPU")]
    ncpu: u32,
    mem_total: u64,
    #[serde(default)]
    cgroup_version: Option<String>,
    pub(crate) containers: u32,
    pub(crate) containers_running: u32,
}

/// What an engine says of itself, in the model's words.
pub(crate) fn host_facts(version: &Version, info: &Info) -> HostFacts {
    let text = |text: &Option<String>| clean(text.as_deref().unwrap_or_default(), TEXT_CHARS);
    HostFacts {
        engine_id: text(&info.id),
        engine_kind: version.kind.as_str().to_owned(),
        engine_version: version.engine.clone(),
        api_version: version.agreed.clone(),
        hostname: text(&info.name),
        operating_system: text(&info.operating_system),
        cpu_cores: info.ncpu,
        memory_bytes: info.mem_total,
        cgroup_version: info.cgroup_version.as_deref().and_then(|v| v.parse().ok()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DOCKER: &str = include_str!("../tests/fixtures/docker20-version.json");
    const PODMAN: &str = include_str!("../tests/fixtures/podman4-version.json");

    fn agreed(newest: &str, oldest: &str) -> Result<String, FaultCause> {
        let body = format!(r#"{{"Version":"1","ApiVersion":"{newest}","MinAPIVersion":"{oldest}"}}"#);
        Version::read(body.as_bytes())
            .map(|version| version.agreed)
            .map_err(|fault| fault.cause)
    }

    #[test]
    fn real_engines_are_recognised() {
        let docker = Version::read(DOCKER.as_bytes()).unwrap();
        assert_eq!(
            (docker.kind, docker.agreed.as_str(), docker.engine.as_str()),
            (EngineKind::Docker, "1.41", "20.10.24+dfsg1")
        );
        assert_eq!(
            docker.reading_concurrency(3),
            WIDE,
            "20.10 answers on its one-second tick"
        );
        let podman = Version::read(PODMAN.as_bytes()).unwrap();
        assert_eq!(
            (podman.kind, podman.agreed.as_str(), podman.engine.as_str()),
            (EngineKind::Podman, "1.41", "4.3.1")
        );
        assert_eq!(
            [1, 20, 21, 40, 1_000].map(|containers| podman.reading_concurrency(containers)),
            [4, 4, 5, 8, 8]
        );
    }

    #[test]
    fn the_newest_version_both_know_is_agreed_on() {
        assert_eq!(agreed("1.45", "1.24").unwrap(), "1.45");
        assert_eq!(agreed("1.99", "1.44").unwrap(), NEWEST.to_string());
        assert_eq!(agreed("2.3", "2.1").unwrap(), "2.1", "asked in its own oldest");
        assert_eq!(agreed("1.41", "nonsense").unwrap(), "1.41");
    }

    #[test]
    fn an_old_engine_and_a_stranger_are_told_apart() {
        assert_eq!(agreed("1.40", "1.12"), Err(FaultCause::ApiTooOld));
        assert_eq!(
            agreed("1.9", "1.0"),
            Err(FaultCause::ApiTooOld),
            "as numbers, not as text"
        );
        assert_eq!(agreed("newest", ""), Err(FaultCause::NotAnEngine));
        for body in ["", "{}", "[]", "OK", r#"{"version":"9"}"#] {
            let fault = Version::read(body.as_bytes()).unwrap_err();
            assert_eq!(fault.cause, FaultCause::NotAnEngine, "{body}");
        }
    }

    #[test]
    fn facts_come_from_version_and_info() {
        let info: Info = parse(include_bytes!("../tests/fixtures/docker20-info.json")).unwrap();
        let facts = host_facts(&Version::read(DOCKER.as_bytes()).unwrap(), &info);
        assert_eq!(facts.engine_kind, "Docker");
        assert_eq!(facts.operating_system, "Debian GNU/Linux 12 (bookworm)");
        assert_eq!((facts.cpu_cores, facts.memory_bytes), (2, 25_276_518_400));
        assert_eq!(facts.cgroup_version, Some(1));
        assert_eq!((info.containers, info.containers_running), (6, 4));
        let podman: Info = parse(include_bytes!("../tests/fixtures/podman4-info.json")).unwrap();
        assert_eq!(podman.cgroup_version.as_deref(), Some("1"));
    }

    #[test]
    fn an_info_answer_without_the_machines_size_is_refused() {
        assert_eq!(parse::<Info>(b"{}").unwrap_err().cause, FaultCause::BadAnswer);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(body in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Version::read(&body);
            let _ = parse::<Info>(&body);
        }

        #[test]
        fn the_agreed_version_is_made_of_our_own_numbers(newest in ".{0,12}", oldest in ".{0,12}") {
            let body = serde_json::json!({"ApiVersion": newest, "MinAPIVersion": oldest}).to_string();
            if let Ok(version) = Version::read(body.as_bytes()) {
                prop_assert!(version.agreed.chars().all(|c| c.is_ascii_digit() || c == '.'));
            }
        }
    }
}
