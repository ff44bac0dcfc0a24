//! What was deployed on a host in the past, as a ledger that had been kept all along would tell it.
//!
//! It is read off the script, so that its newest good entry is what the engine says now. It deliberately knows no hash of a
//! configuration: whoever reads inspections keys those.

use std::collections::BTreeMap;

use roadstead_model::time::SECOND_MS;
use roadstead_model::{
    DeployCause, DeployChange, DeployFault, DeployKind, DeployState, Deployed, TimeRange, deploy_changes,
};

use crate::berth::Berth;
use crate::fleet::Fleet;
use crate::image::Registry;
use crate::release::Pause;

/// A deploy of ours begins so long before its new containers are made: images are pulled first.
const PULL_MS: i64 = 14 * SECOND_MS;
/// And is over so long after: the new ones have shown that they are well.
const SETTLE_MS: i64 = 33 * SECOND_MS;
/// A registry refuses at once.
const REFUSED_MS: i64 = 2 * SECOND_MS;

/// A deploy of the past.
#[derive(Debug, Clone, PartialEq)]
pub struct PastDeploy {
    /// The app, on the host that was asked about.
    pub app: String,
    /// How it came to be.
    pub kind: DeployKind,
    /// Success or failed.
    pub state: DeployState,
    /// When it began, or was seen, UTC epoch milliseconds.
    pub started_ms: i64,
    /// When it was over, UTC epoch milliseconds.
    pub ended_ms: i64,
    /// What ran after it (or, where it failed, was to run), by service. `config` is always absent: its hashes are keyed by
    /// whoever reads inspections.
    pub services: Vec<Deployed>,
    /// What it changed (or was to change).
    pub changes: Vec<DeployChange>,
    /// Why it failed.
    pub fault: Option<DeployFault>,
    /// When the deploy began that it put back: an earlier entry of the same app.
    pub rollback_of_ms: Option<i64>,
}

impl Fleet {
    /// What was deployed on a host within a range, oldest first: what was found at its beginning, what was deployed since,
    /// what failed. Protected containers are no part of any app. `None` when there is no such host.
    #[must_use]
    pub fn deploy_history(&self, host: usize, range: TimeRange) -> Option<Vec<PastDeploy>> {
        let mut apps: BTreeMap<&str, Vec<&Berth>> = BTreeMap::new();
        for berth in self.hosts.get(host)?.berths() {
            if !berth.is_protected() {
                apps.entry(berth.app()).or_default().push(berth);
            }
        }
        let mut deploys: Vec<PastDeploy> = apps
            .into_iter()
            .flat_map(|(app, mut berths)| {
                berths.sort_by(|a, b| a.service_name().cmp(b.service_name()));
                history_of(app, &berths, range)
            })
            .collect();
        deploys.sort_by_key(|deploy| deploy.started_ms);
        Some(deploys)
    }
}

fn history_of(app: &str, berths: &[&Berth], range: TimeRange) -> Vec<PastDeploy> {
    let deploy = |kind, state, started_ms, ended_ms| PastDeploy {
        app: app.to_owned(),
        kind,
        state,
        started_ms,
        ended_ms,
        services: Vec::new(),
        changes: Vec::new(),
        fault: None,
        rollback_of_ms: None,
    };
    let Some(first_ms) = berths.iter().map(|berth| berth.schedule.first_ms).min() else {
        return Vec::new();
    };
    let found_ms = first_ms.max(range.from_ms);
    if found_ms >= range.to_ms {
        return Vec::new();
    }
    let mut history = vec![PastDeploy {
        services: deployed_at(berths, found_ms),
        ..deploy(DeployKind::Found, DeployState::Success, found_ms, found_ms)
    }];
    for at_ms in turns(berths, found_ms, range.to_ms) {
        let services = deployed_at(berths, at_ms);
        let before = deployed_at(berths, at_ms - 1);
        let mut changes = deploy_changes(&before, &services);
        changes.extend(berths.iter().filter_map(|berth| env_change(berth, at_ms)));
        // What was only made anew is no deploy.
        if changes.is_empty() {
            continue;
        }
        let kind = berths
            .iter()
            .filter_map(|berth| berth.schedule.generation_at(at_ms).map(|lives| (berth, lives)))
            .find(|(_, lives)| lives.start_ms == at_ms)
            .map_or(DeployKind::Observed, |(berth, lives)| {
                berth.release(lives.index).how
            });
        let (started_ms, ended_ms) = match kind {
            DeployKind::Found | DeployKind::Observed => (at_ms, at_ms),
            DeployKind::Update | DeployKind::Rollback => (at_ms - PULL_MS, at_ms + SETTLE_MS),
        };
        let put_back = history
            .iter()
            .rev()
            .filter(|_| kind == DeployKind::Rollback)
            .find(|earlier| same_images(&earlier.services, &services))
            .map(|earlier| earlier.started_ms);
        history.push(PastDeploy {
            services,
            changes,
            rollback_of_ms: put_back,
            ..deploy(kind, DeployState::Success, started_ms, ended_ms)
        });
    }
    for attempt in berths
        .iter()
        .find(|b| !b.attempts.is_empty())
        .map_or(&[][..], |b| &b.attempts)
    {
        if attempt.at_ms <= found_ms || attempt.at_ms + Pause::LENGTH_MS >= range.to_ms {
            continue;
        }
        let before = deployed_at(berths, attempt.at_ms);
        let mut meant = before.clone();
        let mut service = None;
        for (berth, meant) in berths.iter().zip(&mut meant) {
            if berth.schedule.deploys.is_some() {
                name_image(meant, berth, attempt.version);
                service.get_or_insert_with(|| meant.service.clone());
            }
        }
        let (ended_ms, detail) = match attempt.cause {
            DeployCause::PullDenied => (attempt.at_ms + REFUSED_MS, "denied"),
            _ => (
                attempt.at_ms + Pause::LENGTH_MS,
                "3 checks in a row failed; the container before it runs again",
            ),
        };
        history.push(PastDeploy {
            changes: deploy_changes(&before, &meant),
            services: meant,
            fault: Some(DeployFault {
                cause: attempt.cause,
                service,
                detail: detail.to_owned(),
            }),
            ..deploy(
                DeployKind::Update,
                DeployState::Failed,
                attempt.at_ms - PULL_MS,
                ended_ms,
            )
        });
    }
    history
}

/// When something of the app was made anew in `(after_ms, to_ms)`.
fn turns(berths: &[&Berth], after_ms: i64, to_ms: i64) -> Vec<i64> {
    let mut turns = Vec::new();
    for berth in berths {
        let mut at_ms = after_ms;
        loop {
            at_ms = match berth.schedule.generation_at(at_ms) {
                Some(lives) => lives.end_ms,
                None => berth.schedule.first_ms,
            };
            if at_ms >= to_ms {
                break;
            }
            turns.push(at_ms);
        }
    }
    turns.sort_unstable();
    turns.dedup();
    turns
}

fn deployed_at(berths: &[&Berth], at_ms: i64) -> Vec<Deployed> {
    berths
        .iter()
        .filter_map(|berth| berth.deployed_at(at_ms))
        .collect()
}

fn same_images(one: &[Deployed], other: &[Deployed]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a.image_id == b.image_id)
}

/// Puts another version of its image into what a service runs.
fn name_image(deployed: &mut Deployed, berth: &Berth, version: u32) {
    let image = Registry::image(berth.script, version);
    deployed.image = image.reference();
    deployed.image_id = image.id();
    deployed.digest = Some(image.repo_digest());
    deployed.image_created_ms = Some(berth.registry.built_ms(image));
}

/// Variables of a service that came, went or changed at this moment.
fn env_change(berth: &Berth, at_ms: i64) -> Option<DeployChange> {
    let sets = [at_ms - 1, at_ms].map(|at_ms| {
        let lives = berth.schedule.generation_at(at_ms)?;
        let env = berth.env(lives.index).into_iter();
        let pairs = env.filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        });
        Some(pairs.collect::<BTreeMap<_, _>>())
    });
    let [Some(before), Some(now)] = sets else {
        return None;
    };
    let only_in = |one: &BTreeMap<String, String>, other: &BTreeMap<String, String>| {
        let names = one.keys().filter(|name| !other.contains_key(*name));
        names.cloned().collect::<Vec<_>>()
    };
    let changed: Vec<String> = now
        .iter()
        .filter(|(name, value)| before.get(*name).is_some_and(|earlier| earlier != *value))
        .map(|(name, _)| name.clone())
        .collect();
    let (added, removed) = (only_in(&now, &before), only_in(&before, &now));
    let any = !(added.is_empty() && removed.is_empty() && changed.is_empty());
    any.then(|| DeployChange::Env {
        service: berth.service_name().to_owned(),
        added,
        removed,
        changed,
    })
}

impl Berth {
    /// Its service; its name where it has none.
    fn service_name(&self) -> &str {
        if self.compose {
            self.script.service
        } else {
            &self.name
        }
    }

    /// What runs here at a moment, as a deploy names it; `None` before the first container was made.
    fn deployed_at(&self, at_ms: i64) -> Option<Deployed> {
        let generation = self.schedule.generation_at(at_ms)?.index;
        Some(Deployed {
            service: self.service_name().to_owned(),
            container_name: self.name.clone(),
            engine_id: self.container_id(generation),
            image: self.image(generation),
            digest: Some(self.image_digest(generation)),
            image_id: self.image_id(generation),
            image_created_ms: Some(self.image_created_ms(generation)),
            memory_limit_bytes: self.limit_bytes(generation),
            cpu_limit_cores: self.cpu_limit_cores,
            config: None,
        })
    }
}
