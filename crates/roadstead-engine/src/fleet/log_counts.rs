//! Error and warning events of a host's last day by deployment, in memory: what the badges show.

use std::collections::{BTreeMap, HashMap};

use roadstead_model::time::DAY_MS;
use roadstead_model::{DeploymentId, Window};
use roadstead_store::{FoundIssue, LogCount};

/// Counts by deployment and window.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogCounts {
    of: HashMap<DeploymentId, BTreeMap<Window, (u64, u64)>>,
}

impl LogCounts {
    /// As stored.
    pub(crate) fn new(counts: &[LogCount]) -> Self {
        let mut of: HashMap<_, BTreeMap<_, _>> = HashMap::new();
        for count in counts {
            of.entry(count.deployment)
                .or_default()
                .insert(count.window, (count.errors, count.warnings));
        }
        Self { of }
    }

    /// Adds what a read found.
    pub(crate) fn add(&mut self, deployment: DeploymentId, issues: &[FoundIssue]) {
        let Some(newest) = issues.iter().flat_map(|i| &i.windows).map(|w| w.window).max() else {
            return;
        };
        let windows = self.of.entry(deployment).or_default();
        for found in issues.iter().flat_map(|issue| &issue.windows) {
            let (errors, warnings) = windows.entry(found.window).or_default();
            *errors += found.errors;
            *warnings += found.warnings;
        }
        let oldest = Window::holding(newest.start_ms - DAY_MS);
        *windows = windows.split_off(&oldest);
    }

    /// Errors and warnings of a deployment in the windows that ended within the last 24 hours, and in the open one.
    pub(crate) fn last_day(&self, deployment: DeploymentId, now_ms: i64) -> (u64, u64) {
        let from = Window::holding(now_ms - DAY_MS);
        let Some(windows) = self.of.get(&deployment) else {
            return (0, 0);
        };
        windows
            .range(from..)
            .skip_while(|(window, _)| window.end_ms() <= now_ms - DAY_MS)
            .fold((0, 0), |(errors, warnings), (_, (e, w))| {
                (errors + e, warnings + w)
            })
    }
}
