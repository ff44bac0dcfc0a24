//! What an engine says of one container: the list line that shows whether something changed, and the inspection that
//! says what.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::DateTime;
use roadstead_model::app::{
    COMPOSE_PROJECT_LABEL, COMPOSE_SERVICE_LABEL, DISPLAY_NAME_LABEL, ESTIMATE_LABEL, LIMIT_LABEL,
    PROTECTED_LABEL, SWARM_SERVICE_LABEL, SWARM_STACK_LABEL, service_of,
};
use roadstead_model::deploy::COMPOSE_ONEOFF_LABEL;
use roadstead_model::{
    AppName, ContainerFacts, ContainerState, EngineContainerId, Fault, FaultCause, Fleeting, Health,
    parse_size_bytes,
};
use serde::Deserialize;
use serde_json::Value;

use crate::config::{self, ConfigKey};
use crate::given::Given;
use crate::image::{ImageKey, ImageSeen};
use crate::text::{NAME_CHARS, TEXT_CHARS, clean, clean_some, is_engine_id};
use crate::transport::{fault, parse};

/// Labels we read; the rest of them (often kilobytes) is not kept.
const LABELS: [&str; 10] = [
    COMPOSE_PROJECT_LABEL,
    COMPOSE_SERVICE_LABEL,
    SWARM_STACK_LABEL,
    SWARM_SERVICE_LABEL,
    DISPLAY_NAME_LABEL,
    PROTECTED_LABEL,
    ESTIMATE_LABEL,
    LIMIT_LABEL,
    COMPOSE_ONEOFF_LABEL,
    SWARM_TASK_LABEL,
];
/// On every container that a swarm runs.
const SWARM_TASK_LABEL: &str = "com.docker.swarm.task.id";
/// The kernel's CPU accounting period when a container sets a quota without one, microseconds.
const DEFAULT_CPU_PERIOD_US: i64 = 100_000;

/// One line of the list of containers: enough to see that something changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListLine {
    pub(crate) id: EngineContainerId,
    /// Name, image and state as listed; never shown, only compared.
    pub(crate) stamp: String,
    /// The engine's words on how long it has been in its state, e.g. `Up 3 hours (healthy)`.
    pub(crate) status: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    id: String,
    #[serde(default)]
    names: Option<Vec<String>>,
    #[serde(default, rename = "ImageID")]
    image_id: Option<String>,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    status: Option<String>,
}

/// The answer of the list. A line whose id is no id is refused, because it would end up in a path.
pub(crate) fn read_list(body: &[u8]) -> Result<Vec<ListLine>, Fault> {
    let lines: Vec<Listed> = parse(body)?;
    lines
        .into_iter()
        .map(|line| {
            if !is_engine_id(&line.id) {
                return Err(fault(
                    FaultCause::BadAnswer,
                    "a container id that is not an engine's",
                ));
            }
            let name = line.names.as_deref().and_then(<[String]>::first);
            let stamp = format!(
                "{}\n{}\n{}",
                clean(name.map_or("", String::as_str), NAME_CHARS),
                clean(line.image_id.as_deref().unwrap_or_default(), TEXT_CHARS),
                clean(line.state.as_deref().unwrap_or_default(), NAME_CHARS),
            );
            Ok(ListLine {
                id: EngineContainerId(line.id),
                stamp,
                status: clean(line.status.as_deref().unwrap_or_default(), NAME_CHARS),
            })
        })
        .collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    id: String,
    #[serde(default)]
    created: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    image: Option<String>,
    #[serde(default)]
    restart_count: Option<i64>,
    state: State,
    #[serde(default)]
    host_config: Option<HostConfig>,
    #[serde(default)]
    config: Option<Config>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    status: String,
    #[serde(default, rename = "OOMKilled")]
    oom_killed: Option<bool>,
    #[serde(default)]
    exit_code: Option<i64>,
    #[serde(default)]
    started_at: Option<String>,
    #[serde(default)]
    health: Option<HealthState>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HealthState {
    #[serde(default)]
    status: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct HostConfig {
    #[serde(default)]
    memory: Option<i64>,
    #[serde(default)]
    memory_reservation: Option<i64>,
    #[serde(default)]
    nano_cpus: Option<i64>,
    #[serde(default)]
    cpu_quota: Option<i64>,
    #[serde(default)]
    cpu_period: Option<i64>,
    #[serde(default)]
    log_config: Option<LogConfig>,
    #[serde(default)]
    auto_remove: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LogConfig {
    #[serde(default, rename = "Type")]
    driver: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Config {
    #[serde(default)]
    image: Option<String>,
    #[serde(default)]
    tty: Option<bool>,
    #[serde(default)]
    labels: Option<HashMap<String, Option<String>>>,
}

/// A container's inspection: its facts, and what it takes to say how it was configured once its image is known.
pub(crate) struct Inspection {
    facts: ContainerFacts,
    answer: Value,
}

impl Inspection {
    /// The image to ask about.
    pub(crate) fn image(&self) -> ImageKey {
        (self.facts.image_id.clone(), self.facts.image.clone())
    }

    /// The facts, without those that only the image can tell.
    pub(crate) fn without_image(self) -> ContainerFacts {
        self.facts
    }

    /// The facts, with those of its image.
    pub(crate) fn with_image(self, image: &ImageSeen, key: ConfigKey) -> ContainerFacts {
        let given = Given::of(&self.answer, &image.config());
        ContainerFacts {
            image_digest: image.digest.clone(),
            image_created_ms: image.created_ms,
            config: Some(Arc::new(config::of(&given, key))),
            ..self.facts
        }
    }
}

/// The answer of an inspection.
pub(crate) fn read_inspected(body: &[u8]) -> Result<Inspection, Fault> {
    let answer: Value = parse(body)?;
    let facts = read_facts(parse(body)?)?;
    Ok(Inspection { facts, answer })
}

fn read_facts(inspected: Inspected) -> Result<ContainerFacts, Fault> {
    if !is_engine_id(&inspected.id) {
        return Err(fault(
            FaultCause::BadAnswer,
            "a container id that is not an engine's",
        ));
    }
    let state = ContainerState::parse(&inspected.state.status).ok_or_else(|| {
        let word = clean(&inspected.state.status, 40);
        fault(FaultCause::BadAnswer, format!("a state we do not know: {word}"))
    })?;
    let created_at_ms = inspected
        .created
        .as_deref()
        .and_then(time_ms)
        .ok_or_else(|| fault(FaultCause::BadAnswer, "a container without a creation time"))?;
    let limits = inspected.host_config.unwrap_or_default();
    let config = inspected.config.unwrap_or_default();
    let labels = our_labels(config.labels);
    let removes_itself = limits.auto_remove == Some(true);

    let id = EngineContainerId(inspected.id);
    let listed_name = clean(
        inspected
            .name
            .as_deref()
            .unwrap_or_default()
            .trim_start_matches('/'),
        NAME_CHARS,
    );
    let name = if listed_name.is_empty() {
        id.short().to_owned()
    } else {
        listed_name
    };
    let has_ended = matches!(
        state,
        ContainerState::Exited | ContainerState::Dead | ContainerState::Restarting
    );
    Ok(ContainerFacts {
        app: AppName::of(&labels, &name),
        display_name: labels.get(DISPLAY_NAME_LABEL).cloned(),
        service: service_of(&labels),
        image: clean(config.image.as_deref().unwrap_or_default(), TEXT_CHARS),
        image_id: clean(inspected.image.as_deref().unwrap_or_default(), TEXT_CHARS),
        state,
        health: inspected
            .state
            .health
            .and_then(|health| parse_health(health.status.as_deref()?)),
        created_at_ms,
        started_at_ms: inspected.state.started_at.as_deref().and_then(time_ms),
        restart_count: inspected
            .restart_count
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(0),
        oom_killed: inspected.state.oom_killed.unwrap_or(false),
        exit_code: inspected.state.exit_code.filter(|_| has_ended),
        memory_limit_bytes: limits.memory.and_then(positive),
        memory_reservation_bytes: limits.memory_reservation.and_then(positive),
        cpu_limit_cores: cpu_limit_cores(&limits),
        label_estimate_bytes: label_bytes(&labels, ESTIMATE_LABEL, &name),
        label_limit_bytes: label_bytes(&labels, LIMIT_LABEL, &name),
        protected: labels
            .get(PROTECTED_LABEL)
            .is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "true" | "1" | "yes")),
        tty: config.tty.unwrap_or(false),
        log_driver: clean(
            limits
                .log_config
                .and_then(|log| log.driver)
                .as_deref()
                .unwrap_or_default(),
            NAME_CHARS,
        ),
        image_digest: None,
        image_created_ms: None,
        config: None,
        fleeting: fleeting(&labels, removes_itself),
        engine_id: id,
        name,
    })
}

fn fleeting(labels: &HashMap<String, String>, removes_itself: bool) -> Option<Fleeting> {
    let is_one_off = |value: &String| value.eq_ignore_ascii_case("true");
    if labels.contains_key(SWARM_TASK_LABEL) {
        Some(Fleeting::SwarmTask)
    } else if labels.get(COMPOSE_ONEOFF_LABEL).is_some_and(is_one_off) {
        Some(Fleeting::OneOff)
    } else {
        removes_itself.then_some(Fleeting::AutoRemove)
    }
}

/// Health by the engine's word; `none` and unknown words are no check.
pub(crate) fn parse_health(word: &str) -> Option<Health> {
    match word {
        "starting" => Some(Health::Starting),
        "healthy" => Some(Health::Healthy),
        "unhealthy" => Some(Health::Unhealthy),
        _ => None,
    }
}

fn our_labels(all: Option<HashMap<String, Option<String>>>) -> HashMap<String, String> {
    let mut all = all.unwrap_or_default();
    LABELS
        .iter()
        .filter_map(|key| {
            let value = clean_some(all.remove(*key)?.as_deref(), NAME_CHARS)?;
            Some(((*key).to_owned(), value))
        })
        .collect()
}

/// A size from one of our labels. A label that is no size counts as absent: it is the owner's typing error, and no
/// reason to lose the container.
fn label_bytes(labels: &HashMap<String, String>, key: &str, container: &str) -> Option<u64> {
    match parse_size_bytes(labels.get(key)?) {
        Ok(bytes) => bytes,
        Err(error) => {
            tracing::debug!(container, label = key, %error, "label ignored");
            None
        }
    }
}

fn cpu_limit_cores(limits: &HostConfig) -> Option<f64> {
    if let Some(nano) = limits.nano_cpus.filter(|nano| *nano > 0) {
        return Some(nano as f64 / 1e9);
    }
    let quota = limits.cpu_quota.filter(|quota| *quota > 0)?;
    let period = limits
        .cpu_period
        .filter(|period| *period > 0)
        .unwrap_or(DEFAULT_CPU_PERIOD_US);
    Some(quota as f64 / period as f64)
}

/// Limits are 0 or -1 when there is none.
fn positive(bytes: i64) -> Option<u64> {
    u64::try_from(bytes).ok().filter(|bytes| *bytes > 0)
}

/// Epoch milliseconds of a time; the year one stands for "never".
pub(crate) fn time_ms(text: &str) -> Option<i64> {
    let ms = DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis();
    (ms > 0).then_some(ms)
}

#[cfg(test)]
mod tests;
