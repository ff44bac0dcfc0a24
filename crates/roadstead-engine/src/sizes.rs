//! Which estimate and limit are in force for a deployment, and where they come from. Pure.
//!
//! Order of trust: what the user typed, then our labels on the containers, then the engine's own settings. Sizes of
//! a deployment's containers are summed; one unlimited container makes the whole unlimited.

use roadstead_model::{ContainerFacts, SizeSource};

use crate::reports::SizesInForce;

/// A size and where it comes from.
pub(crate) type Sourced = Option<(u64, SizeSource)>;

/// What the user typed for an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct UserSizes {
    /// Estimate.
    pub(crate) estimate_bytes: Option<u64>,
    /// Limit.
    pub(crate) limit_bytes: Option<u64>,
}

/// Estimate and limit of a deployment, sourced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct DeploymentSizes {
    /// Estimate.
    pub(crate) estimate: Sourced,
    /// Limit; absent when unlimited.
    pub(crate) limit: Sourced,
}

impl DeploymentSizes {
    /// Of these containers (those of one deployment that are not merely left-overs of a former generation).
    #[must_use]
    pub(crate) fn of<'a>(
        user: UserSizes,
        containers: impl IntoIterator<Item = &'a ContainerFacts> + Clone,
    ) -> Self {
        let sum = |size: fn(&ContainerFacts) -> Option<u64>| -> Option<u64> {
            let mut any = false;
            let total: Option<u64> = containers
                .clone()
                .into_iter()
                .inspect(|_| any = true)
                .map(size)
                .sum();
            total.filter(|_| any)
        };
        let choose = |typed: Option<u64>, label: Option<u64>, engine: Option<u64>| {
            typed
                .map(|bytes| (bytes, SizeSource::User))
                .or_else(|| label.map(|bytes| (bytes, SizeSource::Label)))
                .or_else(|| engine.map(|bytes| (bytes, SizeSource::Engine)))
        };
        let labelled = |own: fn(&ContainerFacts) -> Option<u64>, mixed: Option<u64>| {
            let any = containers.clone().into_iter().any(|facts| own(facts).is_some());
            mixed.filter(|_| any)
        };
        // A label on one container of several is completed by the engine's own setting of the others.
        let estimate_mixed = sum(|f| f.label_estimate_bytes.or(f.memory_reservation_bytes));
        let limit_mixed = sum(|f| f.label_limit_bytes.or(f.memory_limit_bytes));
        Self {
            estimate: choose(
                user.estimate_bytes,
                labelled(|f| f.label_estimate_bytes, estimate_mixed),
                sum(|f| f.memory_reservation_bytes),
            ),
            limit: choose(
                user.limit_bytes,
                labelled(|f| f.label_limit_bytes, limit_mixed),
                sum(|f| f.memory_limit_bytes),
            ),
        }
    }

    /// Without the sources.
    #[must_use]
    pub(crate) fn in_force(self) -> SizesInForce {
        SizesInForce {
            estimate_bytes: self.estimate.map(|s| s.0),
            limit_bytes: self.limit.map(|s| s.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadstead_model::{AppName, ContainerState, EngineContainerId};

    const MIB: u64 = 1024 * 1024;

    fn container(limit: Option<u64>, reservation: Option<u64>, label_limit: Option<u64>) -> ContainerFacts {
        ContainerFacts {
            engine_id: EngineContainerId("a".into()),
            name: "web".into(),
            app: AppName("web".into()),
            display_name: None,
            service: None,
            image: "x".into(),
            image_id: "y".into(),
            state: ContainerState::Running,
            health: None,
            created_at_ms: 0,
            started_at_ms: Some(0),
            restart_count: 0,
            oom_killed: false,
            exit_code: None,
            memory_limit_bytes: limit,
            memory_reservation_bytes: reservation,
            cpu_limit_cores: None,
            label_estimate_bytes: None,
            label_limit_bytes: label_limit,
            protected: false,
            tty: false,
            log_driver: "json-file".into(),
            image_digest: None,
            image_created_ms: None,
            config: None,
            fleeting: None,
        }
    }

    #[test]
    fn limits_are_summed_and_one_unlimited_makes_the_whole_unlimited() {
        let both = [
            container(Some(256 * MIB), Some(MIB), None),
            container(Some(MIB), Some(MIB), None),
        ];
        let sizes = DeploymentSizes::of(UserSizes::default(), &both);
        assert_eq!(sizes.limit, Some((257 * MIB, SizeSource::Engine)));
        assert_eq!(sizes.estimate, Some((2 * MIB, SizeSource::Engine)));
        let one_unlimited = [
            container(Some(256 * MIB), None, None),
            container(None, None, None),
        ];
        assert_eq!(
            DeploymentSizes::of(UserSizes::default(), &one_unlimited),
            DeploymentSizes::default()
        );
        assert_eq!(
            DeploymentSizes::of(UserSizes::default(), &[]),
            DeploymentSizes::default()
        );
    }

    #[test]
    fn typed_sizes_win_over_labels_and_labels_over_the_engine() {
        let labelled = [
            container(Some(MIB), None, Some(5 * MIB)),
            container(Some(2 * MIB), None, None),
        ];
        let sizes = DeploymentSizes::of(UserSizes::default(), &labelled);
        assert_eq!(
            sizes.limit,
            Some((7 * MIB, SizeSource::Label)),
            "the second keeps the engine's limit"
        );
        let typed = UserSizes {
            estimate_bytes: None,
            limit_bytes: Some(9 * MIB),
        };
        assert_eq!(
            DeploymentSizes::of(typed, &labelled).limit,
            Some((9 * MIB, SizeSource::User))
        );
    }
}
