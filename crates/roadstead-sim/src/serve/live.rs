//! What clients did to one simulated engine, beside the script: containers they made or changed, images they pulled.
//!
//! A container that a client touches leaves the script: from then on it lives as [`Made`] says, and the script puts no other
//! container into its berth. Everything here is gone with the engine.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Deref;
use std::sync::{Arc, PoisonError};

use hyper::StatusCode;
use serde_json::{Map, Value};

use super::SimHost;
use super::body::Answer;
use crate::berth::Berth;
use crate::fleet::ScriptedHost;
use crate::image::Image;
use crate::made::{Made, Span};
use crate::moment::Moment;
use crate::schedule::CREATE_TO_START_MS;
use crate::seed::{hex_id, id_head, mix};

/// Deeds remembered for those who ask what happened, as engines remember events.
const REMEMBERED_DEEDS: usize = 256;
/// Containers that are gone, remembered for what happened to them.
const REMEMBERED_GONE: usize = 64;
/// Most containers clients may make on one host.
const MOST_MADE: usize = 1_000;
/// Between two deeds of one moment, in nanoseconds.
const DEED_STEP_NS: i64 = 40_000;

/// What clients did to one simulated engine.
#[derive(Debug, Clone, Default)]
pub(super) struct Live {
    /// Berths whose container left the script, and when.
    pub(super) left: BTreeMap<usize, i64>,
    /// Containers outside the script, the oldest first.
    pub(super) made: Vec<Arc<Berth>>,
    /// Removed ones, and when.
    pub(super) gone: VecDeque<(Arc<Berth>, i64)>,
    pub(super) deeds: VecDeque<Deed>,
    next_deed: u64,
    last_deed_ns: i64,
    pub(super) pulled: Vec<Image>,
    /// Tags that clients moved or made.
    pub(super) tags: BTreeMap<String, Image>,
    pub(super) removed_images: Vec<Image>,
    /// Volumes of containers that are gone.
    pub(super) volumes: BTreeSet<String>,
    made_so_far: u64,
}

/// Something a client did, as the event stream tells it.
#[derive(Debug, Clone)]
pub(super) struct Deed {
    /// Rises by one with each.
    pub(super) number: u64,
    pub(super) time_ns: i64,
    /// `container`, `image`, `network` or `volume`.
    pub(super) kind: &'static str,
    pub(super) action: String,
    /// Id of the container or network, reference of the image.
    pub(super) actor: String,
    /// Name of the container, for filters.
    pub(super) name: String,
    pub(super) labels: Vec<(String, String)>,
    pub(super) attributes: Map<String, Value>,
}

/// Where a container is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Spot {
    Scripted(usize),
    Made(usize),
}

/// A berth of the script, or one outside it.
#[derive(Debug)]
pub(super) enum Place<'a> {
    Scripted(&'a Berth),
    Made(Arc<Berth>),
}

impl Deref for Place<'_> {
    type Target = Berth;

    fn deref(&self) -> &Berth {
        match self {
            Self::Scripted(berth) => berth,
            Self::Made(berth) => berth,
        }
    }
}

/// A container as it is now.
pub(super) struct Found<'a> {
    pub(super) berth: Place<'a>,
    pub(super) moment: Moment,
    pub(super) now_ms: i64,
}

impl SimHost {
    /// What clients have done so far.
    pub(super) fn live(&self) -> Arc<Live> {
        // A writer that panicked has left the last complete state.
        let live = self.0.live.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&live)
    }

    /// Does something, at the fleet's time now, and tells those who listen to events.
    pub(super) fn change<T>(
        &self,
        deed: impl FnOnce(&mut Live, i64) -> Result<T, Answer>,
    ) -> Result<T, Answer> {
        let done = {
            let mut live = self.0.live.write().unwrap_or_else(PoisonError::into_inner);
            let mut changed = Live::clone(&live);
            let done = deed(&mut changed, self.clock().now_ms())?;
            *live = Arc::new(changed);
            done
        };
        self.0.changed.send_modify(|changes| *changes += 1);
        Ok(done)
    }
}

/// Every container of the host now.
pub(super) fn all(sim: &SimHost) -> impl Iterator<Item = Found<'_>> {
    all_of(sim.host(), &sim.live(), sim.clock().now_ms())
}

/// Every container of a host after what clients did. Whoever is changing that must ask with what they have in hand.
pub(super) fn all_of<'a>(
    host: &'a ScriptedHost,
    live: &Live,
    now_ms: i64,
) -> impl Iterator<Item = Found<'a>> + use<'a> {
    let made: Vec<Arc<Berth>> = live.made.clone();
    let left: Vec<usize> = live.left.keys().copied().collect();
    let scripted = host.berths.iter().enumerate();
    scripted
        .filter(move |(index, _)| left.binary_search(index).is_err())
        .map(|(_, berth)| Place::Scripted(berth))
        .chain(made.into_iter().map(Place::Made))
        .filter_map(move |berth| {
            let moment = berth.moment_at(now_ms)?;
            Some(Found {
                berth,
                moment,
                now_ms,
            })
        })
}

/// The container of this id, beginning of an id, or name.
pub(super) fn find<'a>(sim: &'a SimHost, asked: &str) -> Result<Found<'a>, Answer> {
    let live = sim.live();
    let now_ms = sim.clock().now_ms();
    let (spot, moment) = live.spot(sim.host(), asked, now_ms)?;
    let berth = match spot {
        Spot::Scripted(index) => sim.host().berths.get(index).map(Place::Scripted),
        Spot::Made(index) => live.made.get(index).cloned().map(Place::Made),
    };
    match berth {
        Some(berth) => Ok(Found {
            berth,
            moment,
            now_ms,
        }),
        None => Err(no_such_container(asked)),
    }
}

pub(super) fn no_such_container(asked: &str) -> Answer {
    Answer::error(StatusCode::NOT_FOUND, &format!("No such container: {asked}"))
}

/// Whether a container is the one that is asked for; `head` are the first digits asked for, as a number.
fn is_called(berth: &Berth, generation: u32, asked: &str, head: Option<u64>) -> bool {
    let has_id = || berth.container_id(generation).0.starts_with(asked);
    match (head, &berth.made) {
        // Most questions give a whole id; only its owner's is written out to compare.
        (Some(head), None) => id_head(mix(berth.key, u64::from(generation))) == head && has_id(),
        (Some(_), Some(_)) => has_id(),
        (None, _) => berth.name == asked.trim_start_matches('/') || (asked.len() >= 3 && has_id()),
    }
}

impl Live {
    /// Where the container of this id, beginning of an id, or name is.
    pub(super) fn spot(
        &self,
        host: &ScriptedHost,
        asked: &str,
        now_ms: i64,
    ) -> Result<(Spot, Moment), Answer> {
        let head = asked
            .get(..16)
            .and_then(|head| u64::from_str_radix(head, 16).ok());
        let scripted = host.berths.iter().enumerate();
        let scripted = scripted
            .filter(|(index, _)| !self.left.contains_key(index))
            .map(|(index, berth)| (Spot::Scripted(index), berth));
        let made = self.made.iter().enumerate();
        let made = made.map(|(index, berth)| (Spot::Made(index), berth.as_ref()));
        scripted
            .chain(made)
            .filter_map(|(spot, berth)| Some((spot, berth, berth.moment_at(now_ms)?)))
            .find(|(_, berth, moment)| is_called(berth, moment.generation, asked, head))
            .map(|(spot, _, moment)| (spot, moment))
            .ok_or_else(|| no_such_container(asked))
    }

    /// The id of the container of this name.
    pub(super) fn named(&self, host: &ScriptedHost, name: &str, now_ms: i64) -> Option<String> {
        let scripted = host.berths.iter().enumerate();
        let scripted = scripted
            .filter(|(index, _)| !self.left.contains_key(index))
            .map(|(_, berth)| berth);
        scripted
            .chain(self.made.iter().map(Arc::as_ref))
            .filter(|berth| berth.name == name)
            .find_map(|berth| Some(berth.container_id(berth.moment_at(now_ms)?.generation).0))
    }

    /// The index among the made of the container that is asked for: it leaves the script if it has not yet.
    pub(super) fn take(&mut self, host: &ScriptedHost, asked: &str, now_ms: i64) -> Result<usize, Answer> {
        let (spot, moment) = self.spot(host, asked, now_ms)?;
        let index = match spot {
            Spot::Made(index) => return Ok(index),
            Spot::Scripted(index) => index,
        };
        let scripted = host.berths.get(index).ok_or_else(|| no_such_container(asked))?;
        let generation = moment.generation;
        let mut lives = moment.lives;
        lives.end_ms = i64::MAX;
        let mut berth = scripted.clone();
        berth.labels = scripted.labels_of(generation);
        berth.limit_bytes = scripted.limit_bytes(generation);
        berth.made = Some(Box::new(Made {
            id: scripted.container_id(generation).0,
            image: scripted.image_of(generation),
            spec: scripted.scripted_spec(generation),
            generation,
            created_ms: moment.created_at_ms,
            since_ms: now_ms,
            spans: vec![Span {
                lives,
                start_ms: lives.start_ms + CREATE_TO_START_MS,
                exit_code: 0,
                scripted: true,
            }],
        }));
        self.left.insert(index, now_ms);
        self.made.push(Arc::new(berth));
        Ok(self.made.len() - 1)
    }

    /// A made container, to be changed: how clients changed it is in its `made`.
    pub(super) fn made_mut(&mut self, index: usize) -> Result<&mut Berth, Answer> {
        self.made.get_mut(index).map(Arc::make_mut).ok_or_else(lost)
    }

    /// The life of a made container, to be changed.
    pub(super) fn life_mut(&mut self, index: usize) -> Result<&mut Made, Answer> {
        self.made_mut(index)?.made.as_deref_mut().ok_or_else(lost)
    }

    /// An id for a container that is to be made.
    pub(super) fn next_id(&mut self, host: &ScriptedHost) -> Result<(String, u64), Answer> {
        if self.made.len() >= MOST_MADE {
            return Err(Answer::error(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the simulated host holds no more containers",
            ));
        }
        self.made_so_far += 1;
        let id = hex_id(mix(mix(host.key, 0xC0_7A1E), self.made_so_far));
        Ok((id, self.made_so_far))
    }

    /// Removes a made container.
    pub(super) fn remove(&mut self, index: usize, now_ms: i64) {
        if index < self.made.len() {
            self.gone.push_back((self.made.remove(index), now_ms));
        }
        while self.gone.len() > REMEMBERED_GONE {
            self.gone.pop_front();
        }
    }

    /// The number of the next deed.
    pub(super) fn next_deed(&self) -> u64 {
        self.next_deed
    }

    /// Remembers what was done to a container.
    pub(super) fn tell(&mut self, now_ms: i64, index: usize, action: &str, attributes: &[(&str, String)]) {
        let Some(berth) = self.made.get(index).cloned() else {
            return;
        };
        let mut all: Map<String, Value> = berth
            .labels
            .iter()
            .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
            .collect();
        all.insert("image".to_owned(), Value::from(berth.image(0)));
        all.insert("name".to_owned(), Value::from(berth.name.as_str()));
        for (name, value) in attributes {
            all.insert((*name).to_owned(), Value::from(value.as_str()));
        }
        self.tell_of(
            now_ms,
            Deed {
                number: 0,
                time_ns: 0,
                kind: "container",
                action: action.to_owned(),
                actor: berth.container_id(0).0,
                name: berth.name.clone(),
                labels: berth.labels.clone(),
                attributes: all,
            },
        );
    }

    /// Remembers a deed; its number and time are given here.
    pub(super) fn tell_of(&mut self, now_ms: i64, deed: Deed) {
        let time_ns = (now_ms * 1_000_000).max(self.last_deed_ns + DEED_STEP_NS);
        self.last_deed_ns = time_ns;
        self.deeds.push_back(Deed {
            number: self.next_deed,
            time_ns,
            ..deed
        });
        self.next_deed += 1;
        while self.deeds.len() > REMEMBERED_DEEDS {
            self.deeds.pop_front();
        }
    }
}

fn lost() -> Answer {
    Answer::error(
        StatusCode::INTERNAL_SERVER_ERROR,
        "the simulated engine lost a container",
    )
}
