//! What a container is made from besides its place: version, limit, variables, and who brought it about.

use std::sync::Arc;

use roadstead_model::time::{HOUR_MS, SECOND_MS};
use roadstead_model::{DeployCause, DeployKind};

use crate::catalogue::{AppScript, ServiceScript};
use crate::seed::{below, key_of, mix};

/// What one generation of a place was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Release {
    /// Number of the image's version, from 0.
    pub(crate) version: u32,
    /// Its memory limit, in percent of the limit of the place.
    pub(crate) limit_percent: u32,
    /// Which of its sets of variables, from 0.
    pub(crate) env: u32,
    /// How it came to be.
    pub(crate) how: DeployKind,
}

impl Release {
    /// What ran before anything was deployed.
    pub(crate) const FIRST: Self = Self {
        version: 0,
        limit_percent: 100,
        env: 0,
        how: DeployKind::Observed,
    };

    /// Most deploys are somebody else's; of three, one is ours.
    pub(crate) fn how_by_chance(key: u64) -> DeployKind {
        if key.is_multiple_of(3) {
            DeployKind::Update
        } else {
            DeployKind::Observed
        }
    }
}

/// A deploy that a story tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) at_ms: i64,
    pub(crate) release: Release,
}

/// A container stopped for a new one, which failed, and was started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pause {
    pub(crate) at_ms: i64,
}

impl Pause {
    /// As long as it takes to see that a health check does not pass.
    pub(crate) const LENGTH_MS: i64 = 45 * SECOND_MS;

    pub(crate) fn end_ms(self) -> i64 {
        self.at_ms + Self::LENGTH_MS
    }
}

/// A deploy that failed: what ran before it runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) at_ms: i64,
    /// The version it was to bring.
    pub(crate) version: u32,
    pub(crate) cause: DeployCause,
}

/// What the story of an app says of one service on one host.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    pub(crate) turns: Arc<[Turn]>,
    pub(crate) pauses: Arc<[Pause]>,
    pub(crate) attempts: Arc<[Attempt]>,
    pub(crate) offers: u32,
}

impl Told {
    /// The story of `app`, which ends at `story_ms`, for this service on the host of this key.
    pub(crate) fn of(app: &AppScript, service: &ServiceScript, host_key: u64, story_ms: i64) -> Self {
        let Some(story) = app.story.filter(|_| service.deployed) else {
            return Self::default();
        };
        let mut release = Release::FIRST;
        let mut turns = Vec::new();
        for (number, turn) in story.turns.iter().enumerate() {
            if !turn.concerns(service) {
                continue;
            }
            release = Release {
                version: turn.version.unwrap_or(release.version),
                limit_percent: turn.limit_percent.unwrap_or(release.limit_percent),
                env: turn.env.unwrap_or(release.env),
                how: turn.how,
            };
            turns.push(Turn {
                at_ms: moment(
                    app,
                    number,
                    host_key,
                    story_ms,
                    turn.hours_before,
                    turn.spread_hours,
                ),
                release,
            });
        }
        let attempts: Vec<Attempt> = story
            .attempts
            .iter()
            .enumerate()
            .map(|(number, attempt)| Attempt {
                at_ms: moment(
                    app,
                    100 + number,
                    host_key,
                    story_ms,
                    attempt.hours_before,
                    attempt.spread_hours,
                ),
                version: attempt.version,
                cause: attempt.cause,
            })
            .collect();
        // Where the image could not even be pulled, nothing was touched.
        let pauses = attempts
            .iter()
            .filter(|attempt| attempt.cause == DeployCause::Unhealthy)
            .map(|attempt| Pause { at_ms: attempt.at_ms })
            .collect();
        Self {
            turns: turns.into(),
            pauses,
            attempts: attempts.into(),
            offers: story.offers,
        }
    }
}

/// When something of a story happens on the host of this key: to the second, up to `spread_hours` later than on the first.
fn moment(
    app: &AppScript,
    number: usize,
    host_key: u64,
    story_ms: i64,
    hours_before: u32,
    spread_hours: u32,
) -> i64 {
    let chance = mix(mix(host_key, key_of(app.name)), 0x570 + number as u64);
    let late_ms = below(chance, i64::from(spread_hours) * HOUR_MS);
    (story_ms - i64::from(hours_before) * HOUR_MS + late_ms) / SECOND_MS * SECOND_MS
}
