//! Finishing what a crash or a lost host left half done.
//!
//! At a start every deploy that was running is interrupted: its row says so before any host is connected to. What it takes to put
//! back what ran before is done when the host is there, again and again until it is done; other deploys of the deployment wait.

use std::time::Duration;

use roadstead_collect::EngineConnection;
use roadstead_model::{DeployCause, DeployFault, DeployState, Deployed, HostId};
use roadstead_store::{DeployEnd, DeployRecord, StoreError};
use tokio_util::sync::CancellationToken;

use super::dispatch::{after, ended, success};
use super::journal::Journal;
use super::replace::{Hands, named};
use super::running::Progress;
use crate::fleet::Fleet;

/// What could not be repaired is tried again after this, as long as its host is connected.
const TRY_AGAIN: Duration = Duration::from_secs(15);

impl Fleet {
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

    /// Repairs a host's deploys until none is left to be repaired, or the host goes away. One at a time for each host.
    pub(crate) async fn repair_deploys(&self, host: HostId) {
        if !self.deploys.begin_repair(host) {
            return;
        }
        while let Some(connection) = self.connection_of(host) {
            match self.repair_once(host, &connection).await {
                Ok(0) => break,
                Ok(left) => tracing::info!(%host, left, "deploys wait to be repaired"),
                Err(error) => tracing::warn!(%host, %error, "unfinished deploys could not be read"),
            }
            tokio::select! {
                () = self.stopped() => break,
                () = tokio::time::sleep(TRY_AGAIN) => {}
            }
        }
        self.deploys.end_repair(host);
    }

    /// One try at everything that is unfinished; how many are left.
    async fn repair_once(&self, host: HostId, connection: &EngineConnection) -> Result<usize, StoreError> {
        let mut left = 0;
        for row in self.store.unfinished_deploys(Some(host)).await? {
            let begun = self
                .deploys
                .begin(row.deployment, row.id, CancellationToken::new(), &self.notifier);
            let Some(progress) = begun else {
                // It is under way in this process.
                continue;
            };
            progress.beyond();
            // Those before it may have taken minutes: it may have ended meanwhile.
            let row = self.store.deploy(row.id).await;
            let Ok(row) = row.as_ref() else {
                continue;
            };
            if row.state != DeployState::Running && row.journal_json.is_none() {
                self.deploys.end(row.deployment);
                continue;
            }
            match self.repaired(connection, row, progress).await {
                Ok(end) => self.finish(row.id, row.deployment, host, end).await,
                Err(fault) => {
                    tracing::warn!(deploy = %row.id, cause = ?fault.cause, "a deploy could not be repaired yet");
                    self.deploys.end(row.deployment);
                    left += 1;
                }
            }
        }
        Ok(left)
    }

    /// How a deploy ends that was cut off.
    async fn repaired(
        &self,
        connection: &EngineConnection,
        row: &DeployRecord,
        progress: Progress,
    ) -> Result<DeployEnd, DeployFault> {
        let Some(journal) = journal_of(row) else {
            return Ok(ended(
                DeployState::Interrupted,
                DeployFault {
                    detail: "its journal cannot be read".to_owned(),
                    ..named(DeployCause::EngineError, None)
                },
            ));
        };
        let hands = self.hands(row.id, connection, progress, CancellationToken::new())?;
        if journal.settled {
            hands.remove_old(&journal).await?;
            return Ok(DeployEnd {
                services: after_repair(&hands, row, &journal).await,
                ..success()
            });
        }
        let all_there = hands.put_back(&journal).await?;
        let fault = match &row.fault {
            // Somebody took what was to be put back: there is nothing left to wait for.
            _ if !all_there => named(DeployCause::ChangedMeanwhile, None),
            Some(fault) => fault.clone(),
            None => named(DeployCause::ProgramEnded, None),
        };
        Ok(ended(DeployState::Interrupted, fault))
    }
}

/// What runs after a settled replacement that was cut off.
async fn after_repair(hands: &Hands<'_>, row: &DeployRecord, journal: &Journal) -> Option<Vec<Deployed>> {
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
    after(hands, &before, journal).await
}

fn journal_of(row: &DeployRecord) -> Option<Journal> {
    let text = row.journal_json.as_deref()?;
    serde_json::from_str(text)
        .inspect_err(|error| tracing::warn!(deploy = %row.id, %error, "a journal cannot be read"))
        .ok()
}
