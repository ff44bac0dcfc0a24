//! A deploy from the click to the end of it: the one path for every face.
//!
//! The ledger says `running` before anything is touched. A deploy of a deployment blocks every other of it, also across a crash,
//! until what ran before runs again or the new ones are settled.

use std::collections::BTreeMap;

use roadstead_collect::EngineConnection;
use roadstead_model::{
    DeployCause, DeployFault, DeployId, DeployKind, DeployState, Deployed, DeploymentId, HostId,
    deploy_changes,
};
use roadstead_store::{Begun, DeployEnd, DeployRecord, NewDeploy, StoreError};
use tokio_util::sync::CancellationToken;

use super::journal::Journal;
use super::observe::{counts, deployed, new_deploy};
use super::plan::Intent;
use super::replace::{Hands, Wanted, named};
use super::running::{NotStopped, Progress};
use crate::fleet::Fleet;
use crate::wire::{DeployRefusal, DeployRequest, DeployRow, PlanRequest, Tag, Wire, WireError};

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
        let Intent {
            deployment,
            before,
            journal,
            wanted,
            services,
            rollback_of,
            ..
        } = intent;
        let connection = self
            .connection_of(request.host)
            .ok_or_else(|| refused(&DeployRefusal::HostUnreachable))?;
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
        let progress = self
            .deploys
            .begin(deployment, deploy, cancel.clone(), &self.notifier);
        let work = Work {
            deploy,
            deployment,
            host: request.host,
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
        self.deploy_row(deploy).await
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
                Ok(()) => self.settle(&hands, &connection, host, &before, &journal).await,
                Err(fault) => undo(&hands, &journal, fault).await,
            },
        };
        self.finish(deploy, deployment, host, end).await;
    }

    /// The new containers stay: says so, and removes the old ones.
    async fn settle(
        &self,
        hands: &Hands<'_>,
        connection: &EngineConnection,
        host: HostId,
        before: &[Deployed],
        journal: &Journal,
    ) -> DeployEnd {
        let removed = hands.remove_old(journal).await;
        let services = self.after(connection, host, before, journal).await;
        DeployEnd {
            changes: services.as_ref().map(|now| deploy_changes(before, now)),
            services,
            // What could not be removed is tried again when the host is next connected to.
            repaired: removed.is_ok(),
            ..success()
        }
    }

    /// What runs after a replacement: what was left alone, and the new containers as the engine describes them.
    async fn after(
        &self,
        connection: &EngineConnection,
        host: HostId,
        before: &[Deployed],
        journal: &Journal,
    ) -> Option<Vec<Deployed>> {
        let mut now = Vec::with_capacity(before.len());
        for one in before {
            let replaced = journal.parts.iter().find(|part| part.old == one.engine_id);
            match replaced {
                None => now.push(one.clone()),
                Some(part) => match connection.container(part.new.as_ref()?).await {
                    Ok(facts) => now.push(deployed(&facts)),
                    Err(fault) => {
                        tracing::warn!(%host, cause = ?fault.cause, "what runs after a deploy could not be read");
                        return None;
                    }
                },
            }
        }
        Some(now)
    }

    fn hands(
        &self,
        deploy: DeployId,
        connection: &EngineConnection,
        progress: Progress,
        cancel: CancellationToken,
    ) -> Result<Hands<'_>, DeployFault> {
        let writer = connection.writer().map_err(|engine| DeployFault {
            detail: engine,
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

    async fn finish(&self, deploy: DeployId, deployment: DeploymentId, host: HostId, mut end: DeployEnd) {
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

    /// What a crash left `running` is interrupted, or a success whose old containers are still to be removed. At a start, before
    /// any host is connected to.
    pub(crate) async fn interrupt_unfinished(&self) -> Result<(), StoreError> {
        for row in self.store.unfinished_deploys(None).await? {
            if row.state != DeployState::Running {
                continue;
            }
            let end = match journal_of(&row) {
                Some(journal) if journal.settled => success(),
                _ => ended(DeployState::Interrupted, named(DeployCause::ProgramEnded, None)),
            };
            let end = DeployEnd {
                ended_ms: self.clock.now_ms(),
                repaired: row.journal_json.is_none(),
                ..end
            };
            self.store.end_deploy(row.id, &end).await?;
        }
        Ok(())
    }

    /// Finishes what a crash or a lost host left half done. While a host is connected.
    pub(crate) async fn repair_deploys(&self, host: HostId, connection: &EngineConnection) {
        let unfinished = match self.store.unfinished_deploys(Some(host)).await {
            Ok(rows) => rows,
            Err(error) => {
                tracing::warn!(%host, %error, "unfinished deploys could not be read");
                return;
            }
        };
        for row in unfinished {
            if self.deploys.of(row.deployment).is_some() {
                continue;
            }
            let Some(journal) = journal_of(&row) else {
                tracing::warn!(deploy = %row.id, "a deploy has no journal it could be repaired by");
                continue;
            };
            let cancel = CancellationToken::new();
            let progress = self
                .deploys
                .begin(row.deployment, row.id, cancel.clone(), &self.notifier);
            let end = match self.hands(row.id, connection, progress, cancel) {
                Err(fault) => Err(fault),
                Ok(hands) if journal.settled => match hands.remove_old(&journal).await {
                    Ok(()) => {
                        let services = self.after_repair(host, connection, &row, &journal).await;
                        Ok(DeployEnd {
                            services,
                            ..success()
                        })
                    }
                    Err(fault) => Err(fault),
                },
                Ok(hands) => hands.put_back(&journal).await.map(|()| {
                    let fault = row.fault.clone();
                    let fault = fault.unwrap_or_else(|| named(DeployCause::ProgramEnded, None));
                    ended(DeployState::Interrupted, fault)
                }),
            };
            match end {
                Ok(end) => self.finish(row.id, row.deployment, host, end).await,
                Err(fault) => {
                    // Somebody took what was to be put back: there is nothing left to wait for.
                    if fault.cause == DeployCause::ChangedMeanwhile {
                        let end = ended(DeployState::Interrupted, fault);
                        self.finish(row.id, row.deployment, host, end).await;
                    } else {
                        tracing::warn!(deploy = %row.id, cause = ?fault.cause, "a deploy could not be repaired yet");
                        self.deploys.end(row.deployment);
                    }
                }
            }
        }
    }

    async fn after_repair(
        &self,
        host: HostId,
        connection: &EngineConnection,
        row: &DeployRecord,
        journal: &Journal,
    ) -> Option<Vec<Deployed>> {
        let before: Vec<Deployed> = row
            .services
            .iter()
            .map(|one| {
                let part = journal.parts.iter().find(|part| part.name == one.container_name);
                Deployed {
                    engine_id: part.map_or_else(|| one.engine_id.clone(), |part| part.old.clone()),
                    ..one.clone()
                }
            })
            .collect();
        self.after(connection, host, &before, journal).await
    }

    /// Compares a host's inventory with its ledger, and writes down what somebody else deployed. Whether some deployment does
    /// not stand still yet.
    pub(crate) async fn observe_deploys(&self, host: HostId) -> Result<bool, StoreError> {
        let now_ms = self.clock.now_ms();
        let seen = self.live.with_host(host, |live| {
            let busy = |deployment| self.deploys.of(deployment).is_some();
            let seen = live.watch.look(&live.containers, busy, now_ms);
            let created: BTreeMap<i64, i64> = live
                .containers
                .iter()
                .filter(|container| counts(&container.facts))
                .map(|container| (container.deployment.0, container.facts.created_at_ms))
                .fold(BTreeMap::new(), |mut newest, (deployment, created_ms)| {
                    let known = newest.entry(deployment).or_insert(created_ms);
                    *known = created_ms.max(*known);
                    newest
                });
            (seen, created)
        });
        let Some((seen, created)) = seen else {
            return Ok(false);
        };
        if seen.settled.is_empty() {
            return Ok(seen.look_again);
        }
        let current = self.store.current_deploys(host).await?;
        let unfinished = self.store.unfinished_deploys(Some(host)).await?;
        let mut learned = Vec::with_capacity(seen.settled.len());
        let mut rows = Vec::new();
        for (deployment, services) in seen.settled {
            if unfinished.iter().any(|row| row.deployment == deployment) {
                continue;
            }
            let before = current.iter().find(|row| row.deployment == deployment);
            let created_ms = created.get(&deployment.0).map_or(now_ms, |ms| (*ms).min(now_ms));
            let started_ms = before.map_or(created_ms, |row| created_ms.max(row.started_ms + 1));
            let before = before.map(|row| row.services.as_slice());
            rows.extend(new_deploy(deployment, before, &services, started_ms));
            learned.push((deployment, services));
        }
        if !rows.is_empty() {
            self.store.record_deploys(&rows).await?;
            self.notifier.changed(Tag::Deploys);
        }
        self.live.with_host(host, |live| {
            for (deployment, services) in &learned {
                live.watch.learn(*deployment, services);
            }
        });
        Ok(seen.look_again)
    }
}

/// Puts everything back after a failure. What cannot be put back now is repaired later.
async fn undo(hands: &Hands<'_>, journal: &Journal, fault: DeployFault) -> DeployEnd {
    match hands.put_back(journal).await {
        Ok(()) => ended(DeployState::Failed, fault),
        Err(worse) if worse.cause == DeployCause::ChangedMeanwhile => ended(DeployState::Failed, worse),
        Err(worse) => {
            tracing::warn!(deploy = %hands.deploy, cause = ?worse.cause, "what ran before could not be put back yet");
            DeployEnd {
                repaired: false,
                ..ended(DeployState::Interrupted, fault)
            }
        }
    }
}

fn success() -> DeployEnd {
    DeployEnd {
        state: DeployState::Success,
        ended_ms: 0,
        services: None,
        changes: None,
        fault: None,
        repaired: true,
    }
}

fn ended(state: DeployState, fault: DeployFault) -> DeployEnd {
    DeployEnd {
        state,
        fault: Some(fault),
        ..success()
    }
}

fn journal_of(row: &DeployRecord) -> Option<Journal> {
    let text = row.journal_json.as_deref()?;
    serde_json::from_str(text)
        .inspect_err(|error| tracing::warn!(deploy = %row.id, %error, "a journal cannot be read"))
        .ok()
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
        ),
    }
}
