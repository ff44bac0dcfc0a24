//! Which app a container belongs to.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// The label Docker Compose puts on every container of a project.
pub const COMPOSE_PROJECT_LABEL: &str = "com.docker.compose.project";
/// The label Docker Compose puts on every container: its service.
pub const COMPOSE_SERVICE_LABEL: &str = "com.docker.compose.service";
/// The label a swarm stack deploy puts on every task.
pub const SWARM_STACK_LABEL: &str = "com.docker.stack.namespace";
/// The label swarm puts on every task: its service name, `<stack>_<service>`.
pub const SWARM_SERVICE_LABEL: &str = "com.docker.swarm.service.name";
/// Our label: a name to show instead of the app's own.
pub const DISPLAY_NAME_LABEL: &str = "roadstead.display-name";
/// Our label: `true` keeps a container out of apps and reports.
pub const PROTECTED_LABEL: &str = "roadstead.protected";
/// Our label: the memory estimate of a container, as a size (`512M`).
pub const ESTIMATE_LABEL: &str = "roadstead.memory-estimate";
/// Our label: the memory limit of a container as meant, as a size (`1G`).
pub const LIMIT_LABEL: &str = "roadstead.memory-limit";

/// The name of an app: compose project, else swarm stack, else the container's own name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AppName(pub String);

impl AppName {
    /// The app of a container with these labels and this name (a leading `/`, as the engine gives it, is dropped).
    #[must_use]
    pub fn of(labels: &HashMap<String, String>, container_name: &str) -> Self {
        let from_label = |key: &str| labels.get(key).map(|v| v.trim()).filter(|v| !v.is_empty());
        let name = from_label(COMPOSE_PROJECT_LABEL)
            .or_else(|| from_label(SWARM_STACK_LABEL))
            .unwrap_or_else(|| container_name.trim_start_matches('/'));
        Self(name.to_owned())
    }
}

impl std::fmt::Display for AppName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The service of a container within its app, when compose or swarm named one.
#[must_use]
pub fn service_of(labels: &HashMap<String, String>) -> Option<String> {
    if let Some(service) = labels.get(COMPOSE_SERVICE_LABEL) {
        return Some(service.clone());
    }
    let service = labels.get(SWARM_SERVICE_LABEL)?;
    let prefix = labels.get(SWARM_STACK_LABEL).map(|stack| format!("{stack}_"));
    let bare = prefix.and_then(|p| service.strip_prefix(p.as_str()));
    Some(bare.unwrap_or(service).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn compose_project_wins_over_stack_and_name() {
        let both = labels(&[(COMPOSE_PROJECT_LABEL, "immich"), (SWARM_STACK_LABEL, "other")]);
        assert_eq!(AppName::of(&both, "/immich-db-1").0, "immich");
        assert_eq!(
            AppName::of(&labels(&[(SWARM_STACK_LABEL, "web")]), "/web_db.1.x").0,
            "web"
        );
        assert_eq!(
            AppName::of(&labels(&[]), "/redis").0,
            "redis",
            "the leading slash is the engine's"
        );
        assert_eq!(
            AppName::of(&labels(&[(COMPOSE_PROJECT_LABEL, " ")]), "/redis").0,
            "redis",
            "a blank label names nothing"
        );
    }

    #[test]
    fn a_swarm_service_loses_its_stack_prefix() {
        let task = labels(&[(SWARM_STACK_LABEL, "web"), (SWARM_SERVICE_LABEL, "web_db")]);
        assert_eq!(service_of(&task).as_deref(), Some("db"));
        assert_eq!(service_of(&labels(&[])), None);
    }
}
