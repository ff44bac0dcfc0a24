//! The deploy ledger: what was deployed when, what it did, and the way back.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use roadstead_model::{DeployChange, DeployFault, DeployId, DeployKind, DeployState, DeployStep, HostId};

/// A page of the ledger of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DeploysRequest {
    /// The app.
    pub app: String,
    /// On one host, or on all.
    pub host: Option<HostId>,
    /// Only deploys that ended so, or that are under way.
    pub state: Option<DeployState>,
    /// Only deploys older than this one: the last of the page before.
    pub before: Option<DeployId>,
    /// Rows wanted, 1 to 200.
    pub limit: u32,
}

/// One deploy is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DeployRequest {
    /// Which.
    pub deploy: DeployId,
}

/// What a service ran with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DeployedService {
    /// The service; the container's name where there is none.
    pub service: String,
    /// The container's name.
    pub container_name: String,
    /// Image reference as typed.
    pub image: String,
    /// `repository@sha256:…`, where the registry knows it.
    pub digest: Option<String>,
    /// Image id.
    pub image_id: String,
    /// When the image was built, as far as it says.
    pub image_created_ms: Option<i64>,
    /// Hash of its configuration; absent for what was known before this was read.
    pub config_hash: Option<String>,
}

/// Why a deployment cannot be updated or rolled back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DeployRefusal {
    /// Writing to the host is off.
    WritingOff,
    /// The host does not answer now.
    HostUnreachable,
    /// Another deploy of the same deployment is under way.
    Busy {
        /// Which.
        deploy: DeployId,
    },
    /// The deploy that is meant did not succeed: nothing that ran can be put back from it.
    NotGood,
    /// It is what runs now.
    IsCurrent,
    /// The service was never pulled from a registry and its image is not on the host any more.
    NoDigest {
        /// The service.
        service: String,
    },
    /// The image is gone from the host, and the registry does not offer it.
    ImageGone {
        /// The service.
        service: String,
        /// Its digest.
        digest: String,
    },
    /// The services that run now are not the ones of that deploy.
    ServicesDiffer {
        /// Services that would be missing or too many.
        services: Vec<String>,
    },
    /// A swarm recreates this container, not we.
    SwarmTask {
        /// The container's name.
        container: String,
    },
    /// The container removes itself when it is stopped.
    AutoRemove {
        /// The container's name.
        container: String,
    },
    /// Another container shares this one's network and would lose it.
    SharesNetwork {
        /// The container's name.
        container: String,
    },
    /// Nothing of the app is on this host.
    NothingThere,
    /// The container is protected.
    Protected {
        /// The container's name.
        container: String,
    },
    /// The engine is not known to take what a replacement needs.
    EngineNotCapable {
        /// Its kind and version.
        engine: String,
    },
}

/// Something that a deploy under way is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DeployProgress {
    /// The step.
    pub step: DeployStep,
    /// The service it is at.
    pub service: Option<String>,
    /// Bytes pulled so far, while pulling.
    pub done_bytes: Option<u64>,
    /// Bytes to pull, as far as is known.
    pub total_bytes: Option<u64>,
    /// It can be stopped now; what was changed is put back.
    pub can_cancel: bool,
}

/// A row of the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DeployRow {
    /// The deploy.
    pub id: DeployId,
    /// The host.
    pub host: HostId,
    /// The host's name.
    pub host_name: String,
    /// How it came to be.
    pub kind: DeployKind,
    /// How far it is.
    pub state: DeployState,
    /// When it began, or was observed.
    pub started_ms: i64,
    /// When it ended; absent while it is under way.
    pub ended_ms: Option<i64>,
    /// What runs (or ran, or was to run) after it.
    pub services: Vec<DeployedService>,
    /// What it changed.
    pub changes: Vec<DeployChange>,
    /// Why it failed.
    pub fault: Option<DeployFault>,
    /// The deploy it put back.
    pub rollback_of: Option<DeployId>,
    /// It is what runs now.
    pub is_current: bool,
    /// What it is doing.
    pub progress: Option<DeployProgress>,
    /// Why there is no way back to it, as far as is known without asking the host; absent when there may be one.
    pub no_way_back: Option<DeployRefusal>,
    /// After an interruption: what ran before could not be put back yet. It is tried again as long as the host is connected.
    pub repair_waits: bool,
}

/// A page of the ledger, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DeploysPage {
    /// When this was answered.
    pub now_ms: i64,
    /// The rows.
    pub rows: Vec<DeployRow>,
    /// Rows in all with the same filter.
    pub total: u32,
    /// There are older ones.
    pub more: bool,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DeployTarget {
    /// Pull again and recreate.
    Update {
        /// References by service; services that are not here keep theirs and are pulled again under it.
        images: Vec<ServiceImage>,
    },
    /// Put what an earlier deploy ran back.
    Rollback {
        /// Which.
        deploy: DeployId,
    },
}

/// A service and the image it is to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ServiceImage {
    /// The service.
    pub service: String,
    /// The reference, as `docker pull` takes it.
    pub image: String,
}

/// A deploy that is asked for, or about which is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PlanRequest {
    /// The app.
    pub app: String,
    /// The host.
    pub host: HostId,
    /// What is to be done.
    pub target: DeployTarget,
}

/// What would happen to one service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PlannedService {
    /// The service.
    pub service: String,
    /// Its containers, by name.
    pub containers: Vec<String>,
    /// What it runs now.
    pub from: DeployedService,
    /// Reference it would run.
    pub to_image: String,
    /// Digest it would run, where it is known before pulling.
    pub to_digest: Option<String>,
    /// When that image was built, where it is known before pulling.
    pub to_created_ms: Option<i64>,
    /// The image is on the host already.
    pub is_local: bool,
    /// The service would not change at all and is left alone.
    pub unchanged: bool,
}

/// What a deploy would do, to be confirmed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DeployPlan {
    /// The app's name to show.
    pub display_name: String,
    /// The host's name.
    pub host_name: String,
    /// Its services.
    pub services: Vec<PlannedService>,
    /// What has changed since the deploy that would be put back; only images are put back, the settings of now stay.
    pub config_differences: Vec<DeployChange>,
    /// The deploy that would be put back, and when it was.
    pub target_started_ms: Option<i64>,
    /// Volumes that hold data, by name or path: none of them is put back.
    pub volumes: Vec<String>,
    /// Why it cannot be done; all of them. Empty: it can be asked for.
    pub refusals: Vec<DeployRefusal>,
}

/// Writing to a host, on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SetHostWriting {
    /// The host.
    pub host: HostId,
    /// True lets deploys be asked for; nothing is ever done unasked.
    pub on: bool,
}
