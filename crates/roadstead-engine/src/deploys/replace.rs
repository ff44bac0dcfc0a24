//! The steps of a replacement, and the way back from any of them.
//!
//! The order is what makes it safe: everything that can fail early (pulling, creating) is done while the old containers still
//! run; an old container is stopped, never removed, until all the new ones have shown that they are well; and before each step the
//! journal says enough to undo it. Volumes are never removed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use roadstead_collect::{Blueprint, ImageFacts, Look, WriteRefusal, Writer};
use roadstead_model::{ContainerState, DeployCause, DeployFault, DeployId, DeployStep, Health};
use tokio_util::sync::CancellationToken;

use super::hook::{DeployHook, DeployPoint};
use super::journal::{Journal, Part};
use super::running::Progress;
use crate::fleet::Fleet;

/// Longest line of a fault that is kept.
const MAX_DETAIL_CHARS: usize = 300;
/// A container without a health check is well when it has stayed up for so long.
const STAYS_UP: Duration = Duration::from_secs(8);
/// Longest wait for a health check to decide, whatever its own settings say.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// Between two looks at a container that is awaited.
const LOOK_EVERY: Duration = Duration::from_millis(400);

/// The image a service is to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// What the container is created with.
    pub(crate) reference: String,
    /// What is pulled first; absent when the image is on the host.
    pub(crate) pull: Option<String>,
    /// A pull that finds no such image is no failure when the host has one under this name: it was built there.
    pub(crate) may_be_local: bool,
    /// Created anew even when it is the same image.
    pub(crate) always: bool,
}

/// What a replacement works with.
pub(crate) struct Hands<'a> {
    pub(crate) fleet: &'a Fleet,
    pub(crate) deploy: DeployId,
    pub(crate) writer: Writer,
    pub(crate) progress: Progress,
    pub(crate) cancel: CancellationToken,
    pub(crate) hook: Option<DeployHook>,
}

impl Hands<'_> {
    /// Everything up to the moment from which the new containers stay; gives their images by service. After an error nothing is
    /// undone yet.
    pub(crate) async fn replace(
        &self,
        journal: &mut Journal,
        wanted: &BTreeMap<String, Wanted>,
    ) -> Result<BTreeMap<String, ImageFacts>, DeployFault> {
        let images = self.pull(journal, wanted).await?;
        self.create(journal, wanted, &images).await?;
        for index in 0..journal.parts.len() {
            self.swap(journal, index).await?;
        }
        // The first may have ended while the last was waited for.
        for part in journal.parts.iter().filter(|part| part.was_running) {
            self.is_up(part).await?;
        }
        self.at(DeployStep::Settled, 0, None, true);
        self.stopped()?;
        journal.settled = true;
        self.write_down(journal).await?;
        self.point(DeployStep::Settled, 0, true);
        Ok(images)
    }

    /// Pulls what is to be pulled, and leaves services alone that run it already. Gives the images of the others.
    async fn pull(
        &self,
        journal: &mut Journal,
        wanted: &BTreeMap<String, Wanted>,
    ) -> Result<BTreeMap<String, ImageFacts>, DeployFault> {
        let mut images = BTreeMap::new();
        let mut unchanged = Vec::new();
        for (index, (service, wanted)) in wanted.iter().enumerate() {
            self.stopped()?;
            self.at(DeployStep::Pull, index, Some(service), false);
            let failed = |refusal| fault(refusal, Some(service));
            let image = match &wanted.pull {
                Some(reference) => {
                    let progress = self.progress.clone();
                    let pulled = self.writer.pull(reference, move |pulled| {
                        progress.pulled(
                            pulled.done_bytes,
                            (pulled.total_bytes > 0).then_some(pulled.total_bytes),
                        );
                    });
                    let pulled = tokio::select! {
                        pulled = pulled => pulled,
                        () = self.cancel.cancelled() => return Err(self.cancelled()),
                    };
                    match pulled {
                        Ok(image) => image,
                        Err(refusal) if wanted.may_be_local && is_unknown(refusal.cause) => self
                            .writer
                            .image(&wanted.reference)
                            .await
                            .map_err(lost)?
                            .ok_or_else(|| failed(refusal))?,
                        Err(refusal) => return Err(failed(refusal)),
                    }
                }
                None => self
                    .writer
                    .image(&wanted.reference)
                    .await
                    .map_err(lost)?
                    .ok_or_else(|| named(DeployCause::ImageNotFound, Some(service)))?,
            };
            self.point(DeployStep::Pull, index, true);
            if !wanted.always
                && self
                    .runs_already(journal, service, &image.id, &wanted.reference)
                    .await?
            {
                unchanged.push(service.clone());
            } else {
                images.insert(service.clone(), image);
            }
        }
        journal.parts.retain(|part| !unchanged.contains(&part.service));
        self.write_down(journal).await?;
        Ok(images)
    }

    async fn runs_already(
        &self,
        journal: &Journal,
        service: &str,
        image_id: &str,
        reference: &str,
    ) -> Result<bool, DeployFault> {
        for part in journal.parts.iter().filter(|part| part.service == service) {
            let blueprint = self.blueprint(part).await?;
            let facts = blueprint.facts();
            if facts.image_id != image_id || facts.image != reference {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn blueprint(&self, part: &Part) -> Result<Blueprint, DeployFault> {
        self.writer
            .blueprint(&part.old)
            .await
            .map_err(|refusal| fault(refusal, Some(&part.service)))
    }

    /// Creates every new container beside its old one.
    async fn create(
        &self,
        journal: &mut Journal,
        wanted: &BTreeMap<String, Wanted>,
        images: &BTreeMap<String, ImageFacts>,
    ) -> Result<(), DeployFault> {
        for index in 0..journal.parts.len() {
            self.stopped()?;
            let part = journal.parts[index].clone();
            let way = wanted.get(&part.service).zip(images.get(&part.service));
            let Some((wanted, image)) = way else {
                return Err(named(DeployCause::ChangedMeanwhile, Some(&part.service)));
            };
            self.at(DeployStep::Create, index, Some(&part.service), false);
            let blueprint = self.blueprint(&part).await?;
            if blueprint.facts().name != part.name {
                return Err(named(DeployCause::ChangedMeanwhile, Some(&part.service)));
            }
            let body = blueprint.body_for(&wanted.reference, Some(image));
            let new = self
                .writer
                .create(&journal.waiting_name(&part), &body)
                .await
                .map_err(|refusal| fault(refusal, Some(&part.service)))?;
            self.point(DeployStep::Create, index, true);
            journal.parts[index].new = Some(new);
            self.write_down(journal).await?;
        }
        Ok(())
    }

    /// Puts one new container in the place of its old one, and waits until it is well.
    async fn swap(&self, journal: &mut Journal, index: usize) -> Result<(), DeployFault> {
        let part = journal.parts[index].clone();
        let part = &part;
        let service = Some(part.service.as_str());
        let failed = |refusal| fault(refusal, service);
        let Some(new) = &part.new else {
            return Err(named(DeployCause::ChangedMeanwhile, service));
        };
        self.stopped()?;
        if part.was_running {
            journal.parts[index].touched = true;
            self.write_down(journal).await?;
            self.at(DeployStep::Stop, index, service, true);
            self.writer.stop(&part.old).await.map_err(failed)?;
            self.point(DeployStep::Stop, index, true);
        }
        self.at(DeployStep::StepAside, index, service, true);
        self.writer
            .rename(&part.old, &journal.aside_name(part))
            .await
            .map_err(failed)?;
        self.point(DeployStep::StepAside, index, true);
        self.at(DeployStep::TakeName, index, service, true);
        self.writer.rename(new, &part.name).await.map_err(failed)?;
        self.point(DeployStep::TakeName, index, true);
        if !part.was_running {
            return Ok(());
        }
        self.at(DeployStep::Start, index, service, true);
        self.writer.start(new).await.map_err(failed)?;
        self.point(DeployStep::Start, index, true);
        self.at(DeployStep::Wait, index, service, true);
        self.wait(part).await?;
        self.point(DeployStep::Wait, index, true);
        Ok(())
    }

    /// Waits until a started container is well: by its health check, or by staying up.
    async fn wait(&self, part: &Part) -> Result<(), DeployFault> {
        let service = Some(part.service.as_str());
        let began = Instant::now();
        loop {
            self.stopped()?;
            let look = self.is_up(part).await?;
            let limit = look.health_within.unwrap_or(STAYS_UP * 2).min(LONGEST_WAIT);
            match (look.health, look.health_within) {
                (Some(Health::Healthy), _) => return Ok(()),
                (Some(Health::Unhealthy), _) => return Err(named(DeployCause::Unhealthy, service)),
                (None, None) if began.elapsed() >= STAYS_UP => return Ok(()),
                _ => {}
            }
            if began.elapsed() >= limit {
                return Err(named(DeployCause::TimedOut, service));
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = self.cancel.cancelled() => {}
            }
        }
    }

    /// A new container that runs and has not been started again by its policy.
    async fn is_up(&self, part: &Part) -> Result<Look, DeployFault> {
        let service = Some(part.service.as_str());
        let Some(new) = &part.new else {
            return Err(named(DeployCause::ChangedMeanwhile, service));
        };
        let look = self
            .writer
            .look(&new.0)
            .await
            .map_err(|refusal| fault(refusal, service))?;
        let Some(look) = look else {
            return Err(named(DeployCause::ChangedMeanwhile, service));
        };
        if look.state != ContainerState::Running || look.restart_count > 0 {
            return Err(DeployFault {
                detail: look
                    .exit_code
                    .map(|code| format!("exit code {code}"))
                    .unwrap_or_default(),
                ..named(DeployCause::ExitedAtOnce, service)
            });
        }
        Ok(look)
    }

    /// Removes the old containers of a replacement that is settled. Their volumes stay.
    pub(crate) async fn remove_old(&self, journal: &Journal) -> Result<(), DeployFault> {
        for (index, part) in journal.parts.iter().enumerate() {
            let failed = |refusal| fault(refusal, Some(&part.service));
            self.at(DeployStep::Remove, index, Some(&part.service), true);
            let old = self.writer.look(&part.old.0).await.map_err(failed)?;
            // An engine that was started again meanwhile may have started it too.
            if old.is_some_and(|old| old.state.is_running()) {
                self.writer.stop(&part.old).await.map_err(failed)?;
            }
            self.writer.remove(&part.old).await.map_err(failed)?;
            self.point(DeployStep::Remove, index, true);
        }
        Ok(())
    }

    /// Puts every old container back under its name, running if we stopped it. May be done again after it was cut off. Whether all
    /// of them were there: one that somebody else removed cannot be put back, and its new one, where it has the name, stays.
    pub(crate) async fn put_back(&self, journal: &Journal) -> Result<bool, DeployFault> {
        self.progress.beyond();
        let mut all_there = true;
        let mut failure = None;
        for part in journal.parts.iter().rev() {
            match self.put_one_back(journal, part).await {
                Ok(there) => all_there &= there,
                Err(fault) => failure = Some(fault),
            }
        }
        failure.map_or(Ok(all_there), Err)
    }

    async fn put_one_back(&self, journal: &Journal, part: &Part) -> Result<bool, DeployFault> {
        let failed = |refusal| fault(refusal, Some(&part.service));
        let old = self.writer.look(&part.old.0).await.map_err(failed)?;
        if let Some(new) = self.new_of(journal, part).await?
            && (old.is_some() || new.name == journal.waiting_name(part))
        {
            // Asked to end first, for the sake of its data; it goes all the same.
            if new.state.is_running()
                && let Err(refusal) = self.writer.stop(&new.engine_id).await
            {
                tracing::debug!(deploy = %self.deploy, cause = ?refusal.cause, "a new container was not stopped");
            }
            self.writer.discard(&new.engine_id).await.map_err(failed)?;
        }
        let Some(old) = old else {
            return Ok(false);
        };
        if old.name != part.name {
            self.writer.rename(&part.old, &part.name).await.map_err(failed)?;
        }
        if part.was_running && part.touched && !old.state.is_running() {
            self.writer.start(&part.old).await.map_err(failed)?;
        }
        Ok(true)
    }

    /// The new container of a part, when there is one: the journal may not have been written after it was created.
    async fn new_of(&self, journal: &Journal, part: &Part) -> Result<Option<Look>, DeployFault> {
        let by = part
            .new
            .as_ref()
            .map_or_else(|| journal.waiting_name(part), |new| new.0.clone());
        let found = self
            .writer
            .look(&by)
            .await
            .map_err(|refusal| fault(refusal, Some(&part.service)))?;
        Ok(found.filter(|look| look.engine_id != part.old))
    }

    async fn write_down(&self, journal: &Journal) -> Result<(), DeployFault> {
        let text = serde_json::to_string(journal).map_err(|error| error.to_string());
        let written = match text {
            Ok(text) => self
                .fleet
                .store
                .journal_deploy(self.deploy, &text)
                .await
                .map_err(|error| error.to_string()),
            Err(error) => Err(error),
        };
        written.map_err(|error| {
            tracing::warn!(deploy = %self.deploy, error, "a deploy is given up: its journal was not stored");
            named(DeployCause::ProgramEnded, None)
        })
    }

    fn at(&self, step: DeployStep, part: usize, service: Option<&str>, beyond: bool) {
        self.progress
            .at(step, service, !beyond || step == DeployStep::Wait);
        self.point(step, part, false);
    }

    fn point(&self, step: DeployStep, part: usize, done: bool) {
        if let Some(hook) = &self.hook {
            hook.call(DeployPoint { step, part, done });
        }
    }

    fn stopped(&self) -> Result<(), DeployFault> {
        if self.cancel.is_cancelled() {
            return Err(self.cancelled());
        }
        Ok(())
    }

    fn cancelled(&self) -> DeployFault {
        named(DeployCause::Cancelled, None)
    }
}

/// Nobody knows such an image, or nobody could be asked.
fn is_unknown(cause: DeployCause) -> bool {
    matches!(
        cause,
        DeployCause::ImageNotFound | DeployCause::PullDenied | DeployCause::RegistryUnreachable
    )
}

/// A fault without a detail.
pub(crate) fn named(cause: DeployCause, service: Option<&str>) -> DeployFault {
    DeployFault {
        cause,
        service: service.map(str::to_owned),
        detail: String::new(),
    }
}

/// What the engine refused, with one redacted line of its words.
pub(crate) fn fault(refusal: WriteRefusal, service: Option<&str>) -> DeployFault {
    let cause = refusal.cause;
    let raw = refusal.into_raw_text_to_be_redacted();
    let line = raw
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let detail = roadstead_logs::redact::redact(line.trim())
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_DETAIL_CHARS)
        .collect();
    DeployFault {
        detail,
        ..named(cause, service)
    }
}

/// The host did not answer.
fn lost(fault: roadstead_model::Fault) -> DeployFault {
    DeployFault {
        detail: roadstead_logs::redact::redact(&fault.detail).into_owned(),
        ..named(DeployCause::HostLost, None)
    }
}
