//! A deploy from the click to the end of it: the one path for every face.
//!
//! The ledger says `running` before anything is touched. A deploy of a deployment blocks every other of it, also across a crash,
//! until what ran before runs again or the new ones are settled.

use std::collections::BTreeMap;
use std::time::Duration;

use roadstead_collect::{EngineConnection, ImageFacts};
use roadstead_model::{
    DeployCause, DeployFault, DeployId, DeployKind, DeployState, Deployed, DeploymentId, HostId,
    deploy_changes,
};
use roadstead_store::{Begun, DeployEnd, NewDeploy};
use tokio_util::sync::CancellationToken;

use super::journal::Journal;
use super::observe::deployed;
use super::plan::Intent;
use super::replace::{Hands, Wanted, named};
use super::running::{NotStopped, Progress};
use crate::fleet::Fleet;
use crate::wire::{DeployRefusal, DeployRequest, DeployRow, PlanRequest, Tag, Wire, WireError};

/// Between two looks whether the deploy before has left.
const LEAVES_IN: Duration = Duration::from_millis(20);

/// A deploy that was begun.
struct Work {
    deploy: DeployId,
    deployment: DeploymentId,
    host: HostId,
    connection: EngineConnection,
    before: Vec<Deployed>,
    journal: Journal,
    wanted: BTreeMap<String, Wanted>,
    progress: Progress,
    cancel: CancellationToken,
}

impl Fleet {
    pub(crate) async fn start_deploy(&self, request: PlanRequest) -> Wire<DeployRow> {
        let intent = self.intend(&request).await?;
        if let Some(refusal) = intent.plan.refusals.first() {
            return Err(refused(refusal));
        }
        let connection = self
            .connection_of(request.host)
            .ok_or_else(|| refused(&DeployRefusal::HostUnreachable))?;
        let (fleet, host) = (self.clone(), request.host);
        // Whoever asks may stop waiting at any moment: a row that says `running` is carried out all the same.
        let begun = self.spawn(async move { fleet.begin_deploy(intent, host, connection).await });
        let deploy = begun.await.map_err(WireError::internal)??;
        self.deploy_row(deploy).await
    }

    /// Writes the row and begins to carry it out.
    async fn begin_deploy(
        &self,
        intent: Intent,
        host: HostId,
        connection: EngineConnection,
    ) -> Wire<DeployId> {
        let Intent {
            deployment,
            before,
            journal,
            wanted,
            services,
            rollback_of,
            ..
        } = intent;
        let new = NewDeploy {
            deployment,
            kind: if rollback_of.is_some() {
                DeployKind::Rollback
            } else {
                DeployKind::Update
            },
            started_ms: self.clock.now_ms(),
            changes: deploy_changes(&before, &services),
            services,
            rollback_of,
            journal_json: Some(serde_json::to_string(&journal).map_err(WireError::internal)?),
        };
        let deploy = match self.store.begin_deploy(&new).await? {
            Begun::Begun(deploy) => deploy,
            Begun::Busy(deploy) => return Err(refused(&DeployRefusal::Busy { deploy })),
        };
        let cancel = CancellationToken::new();
        let progress = loop {
            let begun = self
                .deploys
                .begin(deployment, deploy, cancel.clone(), &self.notifier);
            // The one before has ended in the ledger, and leaves in a moment.
            match begun {
                Some(progress) => break progress,
                None => tokio::time::sleep(LEAVES_IN).await,
            }
        };
        let work = Work {
            deploy,
            deployment,
            host,
            connection,
            before,
            journal,
            wanted,
            progress,
            cancel,
        };
        let fleet = self.clone();
        self.spawn(async move { fleet.carry_out(work).await });
        self.notifier.changed(Tag::Deploys);
        Ok(deploy)
    }

    pub(crate) async fn cancel_deploy(&self, request: DeployRequest) -> Wire<()> {
        let row = self.store.deploy(request.deploy).await?;
        self.deploys.cancel(row.id).map_err(|why| {
            let message = match why {
                NotStopped::NotRunning => "this deploy is not under way",
                NotStopped::TooLate => "this deploy cannot be stopped any more: containers are being swapped",
            };
            WireError::invalid("deploy", "deploy.not_cancellable", message)
        })
    }

    async fn carry_out(&self, work: Work) {
        let Work {
            deploy,
            deployment,
            host,
            connection,
            before,
            mut journal,
            wanted,
            progress,
            cancel,
        } = work;
        let end = match self.hands(deploy, &connection, progress, cancel) {
            Err(fault) => ended(DeployState::Failed, fault),
            Ok(hands) => match hands.replace(&mut journal, &wanted).await {
                Ok(images) => self.settle(&hands, &before, &journal, &images).await,
                Err(fault) => undo(&hands, &journal, fault).await,
            },
        };
        let repaired = end.repaired;
        self.finish(deploy, deployment, host, end).await;
        if !repaired {
            self.repair_deploys(host).await;
        }
    }

    /// The new containers stay: says so, removes the old ones, and says what runs.
    async fn settle(
        &self,
        hands: &Hands<'_>,
        before: &[Deployed],
        journal: &Journal,
        images: &BTreeMap<String, ImageFacts>,
    ) -> DeployEnd {
        let known = with_images(before, journal, images);
        let settled = DeployEnd {
            ended_ms: self.clock.now_ms(),
            changes: Some(deploy_changes(before, &known)),
            services: Some(known),
            repaired: false,
            ..success()
        };
        if let Err(error) = self.store.end_deploy(hands.deploy, &settled).await {
            tracing::warn!(deploy = %hands.deploy, %error, "what a deploy settled was not stored");
        }
        let removed = hands.remove_old(journal).await;
        let services = after(hands, before, journal).await.or(settled.services);
        DeployEnd {
            changes: services.as_ref().map(|now| deploy_changes(before, now)),
            services,
            // What could not be removed is tried again as long as the host is there.
            repaired: removed.is_ok(),
            ..success()
        }
    }

    pub(super) fn hands(
        &self,
        deploy: DeployId,
        connection: &EngineConnection,
        progress: Progress,
        cancel: CancellationToken,
    ) -> Result<Hands<'_>, DeployFault> {
        let writer = connection.writer().map_err(|lacks| DeployFault {
            detail: format!("{}: {}", lacks.engine, lacks.reason),
            ..named(DeployCause::ConfigRefused, None)
        })?;
        Ok(Hands {
            fleet: self,
            deploy,
            writer,
            progress,
            cancel,
            hook: self.deploy_hook.clone(),
        })
    }

    pub(super) async fn finish(
        &self,
        deploy: DeployId,
        deployment: DeploymentId,
        host: HostId,
        mut end: DeployEnd,
    ) {
        end.ended_ms = self.clock.now_ms();
        if let Err(error) = self.store.end_deploy(deploy, &end).await {
            // The row stays `running` with its journal, and is repaired at the next start or connection.
            tracing::warn!(%deploy, %error, "the end of a deploy was not stored");
        }
        if let (DeployState::Success, Some(services)) = (end.state, &end.services) {
            self.live
                .with_host(host, |live| live.watch.learn(deployment, services));
        }
        self.deploys.end(deployment);
        for tag in [Tag::Deploys, Tag::Apps, Tag::Host(host)] {
            self.notifier.changed(tag);
        }
    }
}

/// What runs after a replacement, by what is known without asking the engine.
fn with_images(
    before: &[Deployed],
    journal: &Journal,
    images: &BTreeMap<String, ImageFacts>,
) -> Vec<Deployed> {
    before
        .iter()
        .map(|one| {
            let part = journal.parts.iter().find(|part| part.old == one.engine_id);
            match part.zip(images.get(&one.service)) {
                Some((part, image)) => Deployed {
                    engine_id: part.new.clone().unwrap_or_else(|| one.engine_id.clone()),
                    image_id: image.id.clone(),
                    digest: image.digest_for(&one.image),
                    image_created_ms: image.created_ms,
                    ..one.clone()
                },
                None => one.clone(),
            }
        })
        .collect()
}

/// What runs after a replacement: what was left alone, and the new containers as the engine describes them.
pub(super) async fn after(
    hands: &Hands<'_>,
    before: &[Deployed],
    journal: &Journal,
) -> Option<Vec<Deployed>> {
    let mut now = Vec::with_capacity(before.len());
    for one in before {
        let replaced = journal.parts.iter().find(|part| part.old == one.engine_id);
        match replaced {
            None => now.push(one.clone()),
            Some(part) => match hands.writer.blueprint(part.new.as_ref()?).await {
                Ok(blueprint) => now.push(deployed(blueprint.facts())),
                Err(refusal) => {
                    let (deploy, cause) = (hands.deploy, refusal.cause);
                    tracing::warn!(%deploy, ?cause, "what runs after a deploy could not be read");
                    return None;
                }
            },
        }
    }
    Some(now)
}

/// Puts everything back after a failure. What cannot be put back now is repaired later.
async fn undo(hands: &Hands<'_>, journal: &Journal, fault: DeployFault) -> DeployEnd {
    match hands.put_back(journal).await {
        Ok(true) => ended(DeployState::Failed, fault),
        // Somebody took what was to be put back.
        Ok(false) => ended(DeployState::Failed, named(DeployCause::ChangedMeanwhile, None)),
        Err(worse) => {
            tracing::warn!(deploy = %hands.deploy, cause = ?worse.cause, "what ran before could not be put back yet");
            DeployEnd {
                repaired: false,
                ..ended(DeployState::Interrupted, fault)
            }
        }
    }
}

pub(super) fn success() -> DeployEnd {
    DeployEnd {
        state: DeployState::Success,
        ended_ms: 0,
        services: None,
        changes: None,
        fault: None,
        repaired: true,
    }
}

pub(super) fn ended(state: DeployState, fault: DeployFault) -> DeployEnd {
    DeployEnd {
        state,
        fault: Some(fault),
        ..success()
    }
}

/// A refusal as an error: the plan has the words for the window.
fn refused(refusal: &DeployRefusal) -> WireError {
    match refusal {
        DeployRefusal::Busy { deploy } => WireError::invalid(
            "target",
            "deploy.busy",
            format!("deploy {deploy} of this app is under way on this host"),
        )
        .with("deploy", deploy),
        DeployRefusal::WritingOff => WireError::invalid(
            "host",
            "deploy.writing_off",
            "changes on this host are not allowed: turn them on for it first",
        ),
        other => WireError::invalid(
            "target",
            "deploy.refused",
            format!("this cannot be done: {other:?}"),
        )
        .with("reason", name_of(other).unwrap_or_default()),
    }
}

/// The name that a plan gives it on the wire.
fn name_of(refusal: &DeployRefusal) -> Option<String> {
    let value = serde_json::to_value(refusal).ok()?;
    value.get("kind")?.as_str().map(str::to_owned)
}
