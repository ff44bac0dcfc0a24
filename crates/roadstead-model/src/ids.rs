//! Ids of rooms' rows. They are ours: engine ids are cloned in the wild and names are reused.

use serde::{Deserialize, Serialize};

macro_rules! row_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "ts", derive(ts_rs::TS))]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

row_id! {
    /// A Docker engine we poll. Stable for the life of the host entry, whatever the engine says its id is.
    HostId
}
row_id! {
    /// An app: the same name on many hosts is one app.
    AppId
}
row_id! {
    /// One app on one host: what samples and reports belong to.
    DeploymentId
}
row_id! {
    /// One engine container of one host. Recreation makes a new one of the same deployment.
    ContainerId
}

row_id! {
    /// A deploy: one change of a deployment's images or configuration.
    DeployId
}

row_id! {
    /// An issue: all error or warning events of one app with one fingerprint.
    IssueId
}

/// The engine's own id of a container: 64 hex digits on Docker and Podman.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EngineContainerId(pub String);

impl EngineContainerId {
    /// The first twelve characters, as every Docker tool prints them.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl std::fmt::Display for EngineContainerId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
