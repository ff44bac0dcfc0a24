//! A look at one container: whether it is there, and how it is.

use roadstead_model::{ContainerState, EngineContainerId, Health};
use serde_json::Value;

use super::{WriteRefusal, Writer};
use crate::container::{parse_health, time_ms};
use crate::text::{NAME_CHARS, clean};

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
    })
}
