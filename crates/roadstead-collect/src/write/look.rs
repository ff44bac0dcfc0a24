//! A look at one container: whether it is there, and how it is.

use std::time::Duration;

use roadstead_model::{ContainerState, EngineContainerId, Health};
use serde_json::Value;

use super::{WriteRefusal, Writer};
use crate::container::{parse_health, time_ms};
use crate::text::{NAME_CHARS, clean};

/// Interval and timeout of a health check that sets none.
const CHECK_USUAL: Duration = Duration::from_secs(30);
/// Failures in a row that make unhealthy, where none are set.
const RETRIES_USUAL: u64 = 3;
/// More than anyone means.
const RETRIES_MOST: u64 = 1_000;

/// How a container is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Its id.
    pub engine_id: EngineContainerId,
    /// Its name, without the slash engines put before it.
    pub name: String,
    /// Its image's id.
    pub image_id: String,
    /// Its state.
    pub state: ContainerState,
    /// Its health; absent without a health check.
    pub health: Option<Health>,
    /// How its main process ended last; absent as long as it runs or was never started.
    pub exit_code: Option<i64>,
    /// How often the engine started it again by itself.
    pub restart_count: u32,
    /// When it was started last, UTC epoch milliseconds; absent when it never was.
    pub started_at_ms: Option<i64>,
    /// How long its health check may take to decide after a start: the start period, then every try with its time. Absent without
    /// a health check.
    pub health_within: Option<Duration>,
}

impl Writer {
    /// Looks at a container, by id or name; `None` when there is none.
    ///
    /// # Errors
    /// A [`WriteRefusal`] with the named cause.
    pub async fn look(&self, id_or_name: &str) -> Result<Option<Look>, WriteRefusal> {
        let Some(answer) = self.inspected(id_or_name).await? else {
            return Ok(None);
        };
        read(&answer).map(Some)
    }
}

fn read(answer: &Value) -> Result<Look, WriteRefusal> {
    let odd = |what: &str| WriteRefusal::new(roadstead_model::DeployCause::EngineError, what);
    let state = &answer["State"];
    let word = state["Status"].as_str().unwrap_or_default();
    let parsed = ContainerState::parse(word).ok_or_else(|| odd("a state we do not know"))?;
    let has_ended = matches!(
        parsed,
        ContainerState::Exited | ContainerState::Dead | ContainerState::Restarting
    );
    let id = answer["Id"]
        .as_str()
        .ok_or_else(|| odd("a container without an id"))?;
    Ok(Look {
        engine_id: EngineContainerId(id.to_owned()),
        name: clean(
            answer["Name"]
                .as_str()
                .unwrap_or_default()
                .trim_start_matches('/'),
            NAME_CHARS,
        ),
        image_id: clean(answer["Image"].as_str().unwrap_or_default(), NAME_CHARS),
        state: parsed,
        health: state["Health"]["Status"].as_str().and_then(parse_health),
        exit_code: state["ExitCode"].as_i64().filter(|_| has_ended),
        restart_count: answer["RestartCount"]
            .as_u64()
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(0),
        started_at_ms: state["StartedAt"].as_str().and_then(time_ms),
        health_within: health_within(&answer["Config"]["Healthcheck"]),
    })
}

/// The time a health check may take by its own settings; those that are not set have the engine's defaults.
fn health_within(check: &Value) -> Option<Duration> {
    let test = check["Test"].as_array()?.first()?.as_str()?;
    if test == "NONE" {
        return None;
    }
    let nanos = |name: &str| check[name].as_u64().filter(|nanos| *nanos > 0);
    let or_usual = |name: &str| nanos(name).map_or(CHECK_USUAL, Duration::from_nanos);
    let retries = nanos("Retries").unwrap_or(RETRIES_USUAL).min(RETRIES_MOST);
    let tries = u32::try_from(retries).unwrap_or(u32::MAX).saturating_add(1);
    let start = nanos("StartPeriod").map_or(Duration::ZERO, Duration::from_nanos);
    let one = or_usual("Interval").saturating_add(or_usual("Timeout"));
    Some(start.saturating_add(one.saturating_mul(tries)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_health_check_has_the_time_its_settings_give_it() {
        let second = 1_000_000_000_u64;
        let own = json!({"Test": ["CMD", "true"], "Interval": second, "Timeout": 2 * second, "Retries": 2, "StartPeriod": 5 * second});
        assert_eq!(health_within(&own), Some(Duration::from_secs(5 + 3 * 3)));
        let usual = json!({"Test": ["CMD-SHELL", "true"], "Interval": 0});
        assert_eq!(health_within(&usual), Some(Duration::from_secs(4 * 60)));
        for none in [json!(null), json!({"Test": ["NONE"]}), json!({"Test": []})] {
            assert_eq!(health_within(&none), None);
        }
    }
}
