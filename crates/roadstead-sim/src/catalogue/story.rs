//! What is told of some apps: deploys and failures in the weeks before the moment an operator looks.
//!
//! Times are hours before that moment. Every host of a fleet lives the same story, each up to some hours later.

use roadstead_model::{DeployCause, DeployKind};

use super::ServiceScript;

/// The story of an app.
#[derive(Debug)]
pub(crate) struct Story {
    /// Deploys, oldest first.
    pub(crate) turns: &'static [TurnScript],
    /// Deploys that failed.
    pub(crate) attempts: &'static [AttemptScript],
    /// Versions newer than all of the story that a registry offers at its end.
    pub(crate) offers: u32,
}

/// A deploy.
#[derive(Debug)]
pub(crate) struct TurnScript {
    pub(crate) hours_before: u32,
    pub(crate) spread_hours: u32,
    /// The services that are made anew; empty: all that are ever deployed.
    services: &'static [&'static str],
    pub(crate) version: Option<u32>,
    pub(crate) limit_percent: Option<u32>,
    pub(crate) env: Option<u32>,
    pub(crate) how: DeployKind,
}

/// A deploy that failed.
#[derive(Debug)]
pub(crate) struct AttemptScript {
    pub(crate) hours_before: u32,
    pub(crate) spread_hours: u32,
    pub(crate) version: u32,
    pub(crate) cause: DeployCause,
}

impl TurnScript {
    const fn new(hours_before: u32, spread_hours: u32, how: DeployKind) -> Self {
        Self {
            hours_before,
            spread_hours,
            services: &[],
            version: None,
            limit_percent: None,
            env: None,
            how,
        }
    }

    const fn version(mut self, version: u32) -> Self {
        self.version = Some(version);
        self
    }

    const fn limit_percent(mut self, percent: u32) -> Self {
        self.limit_percent = Some(percent);
        self
    }

    const fn env(mut self, set: u32) -> Self {
        self.env = Some(set);
        self
    }

    const fn of(mut self, services: &'static [&'static str]) -> Self {
        self.services = services;
        self
    }

    /// Whether this service is made anew by it.
    pub(crate) fn concerns(&self, service: &ServiceScript) -> bool {
        self.services.is_empty() || self.services.contains(&service.service)
    }
}

const fn seen(hours_before: u32, spread_hours: u32) -> TurnScript {
    TurnScript::new(hours_before, spread_hours, DeployKind::Observed)
}

const fn update(hours_before: u32, spread_hours: u32) -> TurnScript {
    TurnScript::new(hours_before, spread_hours, DeployKind::Update)
}

const fn rollback(hours_before: u32, spread_hours: u32) -> TurnScript {
    TurnScript::new(hours_before, spread_hours, DeployKind::Rollback)
}

/// A version that takes more memory and prints more errors, rolled back the next day; the one after it is good. Of what is
/// offered now, the newest ends at once.
pub(super) const GITEA: Story = Story {
    turns: &[
        seen(26 * 24, 20).version(1),
        update(12 * 24, 3).version(2),
        rollback(11 * 24, 4).version(1),
        update(6 * 24, 5).version(3),
        seen(4 * 24, 6).limit_percent(150),
    ],
    attempts: &[],
    offers: 2,
};

/// A moving tag: pulling it again brings another image, and the one it stands for now is a worse one.
pub(super) const VAULTWARDEN: Story = Story {
    turns: &[seen(22 * 24, 30).version(1), update(8 * 24, 10).version(2)],
    attempts: &[],
    offers: 1,
};

/// A worse version that was deployed a few hours ago and still runs.
pub(super) const HOME_ASSISTANT: Story = Story {
    turns: &[seen(17 * 24, 12).version(1), update(3, 1).version(2)],
    attempts: &[],
    offers: 1,
};

/// Another version, then another set of variables for one service, then both services again.
pub(super) const NEXTCLOUD: Story = Story {
    turns: &[
        seen(20 * 24, 24).version(1),
        seen(9 * 24, 12).env(1).of(&["app"]),
        update(30, 4).version(2),
    ],
    attempts: &[],
    offers: 1,
};

/// A version whose health check fails: the old container was put back, and still runs.
pub(super) const JELLYFIN: Story = Story {
    turns: &[seen(16 * 24, 8).version(1)],
    attempts: &[AttemptScript {
        hours_before: 5 * 24,
        spread_hours: 3,
        version: 2,
        cause: DeployCause::Unhealthy,
    }],
    offers: 2,
};

/// A registry that wants a login: nothing could be pulled, and cannot be now.
pub(super) const BOOKSTACK: Story = Story {
    turns: &[seen(19 * 24, 12).version(1)],
    attempts: &[AttemptScript {
        hours_before: 2 * 24,
        spread_hours: 2,
        version: 2,
        cause: DeployCause::PullDenied,
    }],
    offers: 1,
};

#[cfg(test)]
mod tests {
    use super::super::APPS;

    #[test]
    fn a_story_goes_forward_on_every_host_and_leaves_time_between_its_turns() {
        for app in APPS {
            let Some(story) = app.story else { continue };
            for pair in story.turns.windows(2) {
                let latest = pair[0].hours_before - pair[0].spread_hours;
                assert!(latest > pair[1].hours_before + 1, "{}", app.name);
            }
            let all = story
                .turns
                .iter()
                .map(|turn| (turn.hours_before, turn.spread_hours));
            let failed = story.attempts.iter().map(|a| (a.hours_before, a.spread_hours));
            for (hours, spread) in all.chain(failed) {
                assert!(
                    spread < hours && hours <= 28 * 24,
                    "{}: within four weeks",
                    app.name
                );
            }
            assert!(app.deploy_days > 0, "{}: the rhythm goes on after it", app.name);
        }
    }
}
