//! Deploys under way: what each is doing, and how to stop it.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roadstead_model::{DeployId, DeployStep, DeploymentId, HostId};
use tokio_util::sync::CancellationToken;

use crate::notify::Notifier;
use crate::wire::{DeployProgress, Tag};

/// The deploys of a fleet that are under way in this process.
#[derive(Debug, Clone, Default)]
pub(crate) struct RunningDeploys {
    of: Arc<Mutex<HashMap<DeploymentId, Running>>>,
    /// Hosts whose deploys are being repaired.
    repaired: Arc<Mutex<HashSet<HostId>>>,
}

#[derive(Debug)]
struct Running {
    deploy: DeployId,
    progress: DeployProgress,
    cancel: CancellationToken,
}

/// Tells what one deploy is doing.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    running: RunningDeploys,
    deployment: DeploymentId,
    notifier: Notifier,
}

/// Why a deploy was not stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotStopped {
    /// It is not under way.
    NotRunning,
    /// It is past the point up to which it can be.
    TooLate,
}

impl RunningDeploys {
    /// Takes note that a deploy begins, or is repaired; nothing while another of its deployment is under way.
    pub(crate) fn begin(
        &self,
        deployment: DeploymentId,
        deploy: DeployId,
        cancel: CancellationToken,
        notifier: &Notifier,
    ) -> Option<Progress> {
        let progress = DeployProgress {
            step: DeployStep::Pull,
            service: None,
            done_bytes: None,
            total_bytes: None,
            can_cancel: true,
        };
        match self.lock().entry(deployment) {
            Entry::Occupied(_) => return None,
            Entry::Vacant(free) => free.insert(Running {
                deploy,
                progress,
                cancel,
            }),
        };
        Some(Progress {
            running: self.clone(),
            deployment,
            notifier: notifier.clone(),
        })
    }

    /// Takes note that a host's deploys are being repaired; false when they are already.
    pub(crate) fn begin_repair(&self, host: HostId) -> bool {
        self.repaired
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(host)
    }

    /// Takes note that repairing them is over.
    pub(crate) fn end_repair(&self, host: HostId) {
        self.repaired
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&host);
    }

    /// Takes note that it ended.
    pub(crate) fn end(&self, deployment: DeploymentId) {
        self.lock().remove(&deployment);
    }

    /// The deploy of this deployment that is under way.
    pub(crate) fn of(&self, deployment: DeploymentId) -> Option<DeployId> {
        self.lock().get(&deployment).map(|running| running.deploy)
    }

    /// What a deploy is doing.
    pub(crate) fn progress(&self, deploy: DeployId) -> Option<DeployProgress> {
        let running = self.lock();
        let found = running.values().find(|running| running.deploy == deploy);
        found.map(|running| running.progress.clone())
    }

    /// Any is under way.
    pub(crate) fn any(&self) -> bool {
        !self.lock().is_empty()
    }

    /// Asks a deploy to stop and to put back what it changed.
    pub(crate) fn cancel(&self, deploy: DeployId) -> Result<(), NotStopped> {
        let running = self.lock();
        let found = running.values().find(|running| running.deploy == deploy);
        let running = found.ok_or(NotStopped::NotRunning)?;
        if !running.progress.can_cancel {
            return Err(NotStopped::TooLate);
        }
        running.cancel.cancel();
        Ok(())
    }

    /// Asks all of them to stop: the program ends.
    pub(crate) fn cancel_all(&self) {
        for running in self.lock().values() {
            running.cancel.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DeploymentId, Running>> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    /// A step is begun.
    pub(crate) fn at(&self, step: DeployStep, service: Option<&str>, can_cancel: bool) {
        self.change(|progress| {
            *progress = DeployProgress {
                step,
                service: service.map(str::to_owned),
                done_bytes: None,
                total_bytes: None,
                can_cancel,
            };
        });
    }

    /// From here on it goes its way: it cannot be stopped any more.
    pub(crate) fn beyond(&self) {
        self.change(|progress| progress.can_cancel = false);
    }

    /// So much was pulled.
    pub(crate) fn pulled(&self, done_bytes: u64, total_bytes: Option<u64>) {
        self.change(|progress| {
            progress.done_bytes = Some(done_bytes);
            progress.total_bytes = total_bytes;
        });
    }

    fn change(&self, change: impl FnOnce(&mut DeployProgress)) {
        if let Some(running) = self.running.lock().get_mut(&self.deployment) {
            change(&mut running.progress);
        }
        self.notifier.changed(Tag::Deploys);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deploy_can_be_stopped_until_it_is_too_late() {
        let running = RunningDeploys::default();
        let cancel = CancellationToken::new();
        let begin = |deploy| running.begin(DeploymentId(1), deploy, cancel.clone(), &Notifier::default());
        let progress = begin(DeployId(7)).unwrap();
        assert!(begin(DeployId(8)).is_none(), "one at a time");
        assert_eq!(running.of(DeploymentId(1)), Some(DeployId(7)));
        progress.at(DeployStep::Stop, Some("web"), false);
        assert_eq!(running.cancel(DeployId(7)), Err(NotStopped::TooLate));
        assert!(!cancel.is_cancelled());
        progress.at(DeployStep::Wait, Some("web"), true);
        assert_eq!(running.cancel(DeployId(7)), Ok(()));
        assert!(cancel.is_cancelled());
        running.end(DeploymentId(1));
        assert_eq!(running.cancel(DeployId(7)), Err(NotStopped::NotRunning));
        assert!(!running.any());
    }
}
