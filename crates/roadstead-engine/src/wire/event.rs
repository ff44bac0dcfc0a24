//! What the engine tells a window unasked.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use roadstead_model::HostId;

/// Something a page may show has changed: fetch again what carries the tag.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Tag {
    /// Banners, mode, language or theme.
    AppState,
    /// The list of hosts or the state of any.
    Hosts,
    /// One host: its containers or its connection.
    Host(HostId),
    /// New samples were stored, for any app.
    Samples,
    /// New reports were stored, or the set of apps changed.
    Apps,
    /// Issues were counted, or the state of one changed.
    Issues,
    /// Something was added to what changed last.
    Changes,
    /// A deploy began, went on or ended.
    Deploys,
    /// Settings or store sizes.
    Settings,
}

/// One message to the window. Coalesced: at most four a second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AppEvent {
    /// These tags changed.
    Changed {
        /// What to fetch again.
        tags: Vec<Tag>,
    },
    /// Show this place, e.g. `apps/immich`: a deep link was opened.
    Open {
        /// Path below the root, without a leading slash.
        path: String,
    },
}
