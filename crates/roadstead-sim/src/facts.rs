//! What an inventory says of a simulated container and of its host.

use roadstead_model::app::{ESTIMATE_LABEL, LIMIT_LABEL, PROTECTED_LABEL};
use roadstead_model::{AppName, ContainerFacts, HostFacts, parse_size_bytes};

use crate::berth::Berth;
use crate::fleet::ScriptedHost;
use crate::moment::Moment;

impl Berth {
    /// The value of a label.
    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        self.labels
            .iter()
            .find(|(label, _)| label == key)
            .map(|(_, value)| value.as_str())
    }

    /// Whether its operator keeps it out of apps and reports.
    pub(crate) fn is_protected(&self) -> bool {
        self.label(PROTECTED_LABEL) == Some("true")
    }

    /// What an inventory says of the container in this berth at this moment.
    #[must_use]
    pub fn facts_at(&self, moment: &Moment) -> ContainerFacts {
        let size = |label: &str| {
            self.label(label)
                .and_then(|text| parse_size_bytes(text).ok())
                .flatten()
        };
        ContainerFacts {
            engine_id: self.container_id(moment.generation),
            name: self.name.clone(),
            app: AppName(self.app.clone()),
            display_name: None,
            service: self.compose.then(|| self.script.service.to_owned()),
            image: self.image(moment.generation),
            image_id: self.image_id(moment.generation),
            state: moment.state,
            health: moment.health,
            created_at_ms: moment.created_at_ms,
            started_at_ms: moment.started_at_ms,
            restart_count: moment.restart_count,
            oom_killed: moment.oom_killed,
            exit_code: moment.exit_code,
            memory_limit_bytes: self.limit_bytes(moment.generation),
            memory_reservation_bytes: self.reservation_bytes,
            cpu_limit_cores: self.cpu_limit_cores,
            label_estimate_bytes: size(ESTIMATE_LABEL),
            label_limit_bytes: size(LIMIT_LABEL),
            protected: self.is_protected(),
            tty: self.script.tty,
            log_driver: "json-file".to_owned(),
            image_digest: Some(self.image_digest(moment.generation)),
            image_created_ms: Some(self.image_created_ms(moment.generation)),
            // The hashes in it are keyed by whoever reads the inspection: they cannot be known here.
            config: None,
            fleeting: None,
        }
    }
}

impl ScriptedHost {
    /// What the host's engine says of itself.
    #[must_use]
    pub fn facts(&self) -> HostFacts {
        let flavour = self.machine.flavour;
        HostFacts {
            engine_id: self.engine_id.clone(),
            engine_kind: "Docker".to_owned(),
            engine_version: flavour.engine_version().to_owned(),
            api_version: flavour.api_version().to_owned(),
            hostname: self.name.clone(),
            operating_system: "Simulated".to_owned(),
            cpu_cores: self.machine.cpu_cores,
            memory_bytes: self.machine.memory_bytes,
            cgroup_version: Some(flavour.cgroup_version()),
        }
    }
}
