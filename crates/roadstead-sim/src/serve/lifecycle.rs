//! What clients do to containers that are there: start, stop, kill, restart, rename, remove.
//!
//! Answers and their order are the engine's; a program that is asked to end does so within a moment.

use std::time::Duration;

use hyper::StatusCode;
use roadstead_model::ContainerState;
use serde_json::Value;

use super::SimHost;
use super::body::Answer;
use super::live::Live;
use super::networks;
use super::request::Query;
use crate::made::Span;

/// A program needs so long to end when asked to.
const STOPPING: Duration = Duration::from_millis(120);

const SIGTERM: (u8, i64) = (15, 0);
const SIGKILL: (u8, i64) = (9, 137);

/// Answers `POST /containers/{id}/start`.
pub(super) fn start(sim: &SimHost, id: &str) -> Result<Answer, Answer> {
    sim.change(|live, now_ms| {
        let index = live.take(sim.host(), id, now_ms)?;
        if is_running(live, index, now_ms) {
            return Err(Answer::empty(StatusCode::NOT_MODIFIED));
        }
        begin(sim, live, index, now_ms)?;
        live.tell(now_ms, index, "start", &[]);
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    })
}

/// Answers `POST /containers/{id}/stop`.
pub(super) async fn stop(sim: &SimHost, id: &str) -> Result<Answer, Answer> {
    let found = super::live::find(sim, id)?;
    if !is_up(found.moment.state) {
        return Err(Answer::empty(StatusCode::NOT_MODIFIED));
    }
    drop(found);
    tokio::time::sleep(STOPPING).await;
    sim.change(|live, now_ms| {
        let index = live.take(sim.host(), id, now_ms)?;
        end(live, index, now_ms, SIGTERM)?;
        live.tell(now_ms, index, "stop", &[]);
        remove_if_asked(live, index, now_ms)?;
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    })
}

/// Answers `POST /containers/{id}/restart`.
pub(super) async fn restart(sim: &SimHost, id: &str) -> Result<Answer, Answer> {
    super::live::find(sim, id)?;
    tokio::time::sleep(STOPPING).await;
    sim.change(|live, now_ms| {
        let index = live.take(sim.host(), id, now_ms)?;
        if is_running(live, index, now_ms) {
            end(live, index, now_ms, SIGTERM)?;
            live.tell(now_ms, index, "stop", &[]);
        }
        begin(sim, live, index, now_ms)?;
        live.tell(now_ms, index, "start", &[]);
        live.tell(now_ms, index, "restart", &[]);
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    })
}

/// Answers `POST /containers/{id}/kill`. Understands `signal`.
pub(super) fn kill(sim: &SimHost, id: &str, query: &Query) -> Result<Answer, Answer> {
    let name = query.get("signal").unwrap_or("KILL");
    let bare = name.strip_prefix("SIG").unwrap_or(name);
    let (signal, ends) = match bare {
        "KILL" | "9" => (SIGKILL, true),
        "TERM" | "15" => (SIGTERM, true),
        "INT" | "2" => ((2, 130), true),
        "QUIT" | "3" => ((3, 131), true),
        "HUP" | "1" => ((1, 0), false),
        "USR1" | "10" => ((10, 0), false),
        "USR2" | "12" => ((12, 0), false),
        _ => {
            return Err(Answer::error(
                StatusCode::BAD_REQUEST,
                &format!("Invalid signal: {name}"),
            ));
        }
    };
    sim.change(|live, now_ms| {
        let index = live.take(sim.host(), id, now_ms)?;
        if !is_running(live, index, now_ms) {
            return Err(Answer::error(
                StatusCode::CONFLICT,
                &format!("cannot kill container: {id}: container {id} is not running"),
            ));
        }
        if ends {
            end(live, index, now_ms, signal)?;
            remove_if_asked(live, index, now_ms)?;
        } else {
            live.tell(now_ms, index, "kill", &[("signal", signal.0.to_string())]);
        }
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    })
}

/// Answers `POST /containers/{id}/rename`. Understands `name`.
pub(super) fn rename(sim: &SimHost, id: &str, query: &Query) -> Result<Answer, Answer> {
    let Some(name) = query.get("name") else {
        return Err(Answer::error(
            StatusCode::BAD_REQUEST,
            "Neither old nor new names may be empty",
        ));
    };
    let name = name.trim_start_matches('/');
    check_name(name)?;
    sim.change(|live, now_ms| {
        let index = live.take(sim.host(), id, now_ms)?;
        name_is_free(sim, live, name, now_ms)?;
        let berth = live.made_mut(index)?;
        let old = std::mem::replace(&mut berth.name, name.to_owned());
        live.tell(now_ms, index, "rename", &[("oldName", format!("/{old}"))]);
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    })
}

/// Answers `DELETE /containers/{id}`. Understands `force` and `v`.
pub(super) fn remove(sim: &SimHost, id: &str, query: &Query) -> Result<Answer, Answer> {
    let force = query.is_on("force", false);
    sim.change(|live, now_ms| {
        let index = live.take(sim.host(), id, now_ms)?;
        if is_running(live, index, now_ms) {
            if !force {
                let name = live.made_mut(index)?.name.clone();
                return Err(Answer::error(
                    StatusCode::CONFLICT,
                    &format!(
                        "cannot remove container \"/{name}\": container is running: stop the container before \
                         removing or force remove"
                    ),
                ));
            }
            end(live, index, now_ms, SIGKILL)?;
        }
        destroy(live, index, now_ms, query.is_on("v", false))?;
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    })
}

/// Refuses names no container may have.
pub(super) fn check_name(name: &str) -> Result<(), Answer> {
    let mut letters = name.bytes();
    let first = letters.next().is_some_and(|b| b.is_ascii_alphanumeric());
    let rest = letters.all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
    if first && rest && (2..=255).contains(&name.len()) {
        return Ok(());
    }
    Err(Answer::error(
        StatusCode::BAD_REQUEST,
        &format!("Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"),
    ))
}

/// Refuses a name another container has.
pub(super) fn name_is_free(sim: &SimHost, live: &Live, name: &str, now_ms: i64) -> Result<(), Answer> {
    let Some(owner) = live.named(sim.host(), name, now_ms) else {
        return Ok(());
    };
    Err(Answer::error(
        StatusCode::CONFLICT,
        &format!(
            "Conflict. The container name \"/{name}\" is already in use by container \"{owner}\". You have to remove (or \
             rename) that container to be able to reuse that name."
        ),
    ))
}

/// Whether the engine counts it among those that run.
fn is_up(state: ContainerState) -> bool {
    state.is_running() || state == ContainerState::Restarting
}

fn is_running(live: &Live, index: usize, now_ms: i64) -> bool {
    let berth = live.made.get(index);
    let moment = berth.and_then(|berth| berth.moment_at(now_ms));
    moment.is_some_and(|moment| is_up(moment.state))
}

/// Starts a container that does not run.
fn begin(sim: &SimHost, live: &mut Live, index: usize, now_ms: i64) -> Result<(), Answer> {
    networks::check_room(sim, live, index, now_ms)?;
    let made = live.life_mut(index)?;
    // One that ended by itself is still in its span.
    if let Some(open) = made.spans.last_mut().filter(|span| span.is_open()) {
        open.end(now_ms, 0);
    }
    let generation = made.generation;
    made.spans.push(Span::from(now_ms, generation));
    Ok(())
}

/// Ends a container by a signal (its number, the exit code it leads to), and tells of it.
fn end(live: &mut Live, index: usize, now_ms: i64, signal: (u8, i64)) -> Result<(), Answer> {
    let (number, exit_code) = signal;
    let was_running = live
        .made
        .get(index)
        .and_then(|berth| berth.moment_at(now_ms))
        .is_some_and(|moment| moment.state.is_running());
    let made = live.life_mut(index)?;
    if let Some(open) = made.spans.last_mut().filter(|span| span.is_open()) {
        open.end(now_ms, exit_code);
    }
    // Between a death and the restart by policy there is nobody to kill.
    if was_running {
        live.tell(now_ms, index, "kill", &[("signal", number.to_string())]);
        live.tell(now_ms, index, "die", &[("exitCode", exit_code.to_string())]);
    }
    Ok(())
}

fn remove_if_asked(live: &mut Live, index: usize, now_ms: i64) -> Result<(), Answer> {
    let asked = live.life_mut(index)?.spec.host_config.get("AutoRemove");
    if asked.and_then(Value::as_bool) == Some(true) {
        destroy(live, index, now_ms, true)?;
    }
    Ok(())
}

/// Removes a container that does not run; its nameless volumes with it when `with_volumes`.
fn destroy(live: &mut Live, index: usize, now_ms: i64, with_volumes: bool) -> Result<(), Answer> {
    let kept: Vec<String> = live
        .life_mut(index)?
        .spec
        .mounts
        .iter()
        .filter(|mount| !(with_volumes && mount.nameless))
        .filter_map(|mount| mount.volume.clone())
        .collect();
    live.volumes.extend(kept);
    live.tell(now_ms, index, "destroy", &[]);
    live.remove(index, now_ms);
    Ok(())
}
