//! What it takes to finish or undo a replacement after a crash: written before each container is touched.

use roadstead_model::EngineContainerId;
use serde::{Deserialize, Serialize};

/// Between a container's name and what we add to it while it is being replaced.
const MARK: &str = ".roadstead-";
/// Length of a token.
const TOKEN_CHARS: usize = 8;

/// A replacement of one or more containers of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Journal {
    /// Makes the names of this replacement its own: eight hex digits.
    pub(crate) token: String,
    /// Its containers in the order in which they are replaced.
    pub(crate) parts: Vec<Part>,
    /// The new containers stay; only the old ones are left to be removed.
    pub(crate) settled: bool,
}

/// One container that is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    /// Its service.
    pub(crate) service: String,
    /// Its name, which the new one gets.
    pub(crate) name: String,
    /// The container that ran before.
    pub(crate) old: EngineContainerId,
    /// It ran.
    pub(crate) was_running: bool,
    /// The container that replaces it, once it was created.
    pub(crate) new: Option<EngineContainerId>,
}

impl Journal {
    /// The name of the old container of a part while the new one has its name.
    pub(crate) fn aside_name(&self, part: &Part) -> String {
        format!("{}{MARK}{}.old", part.name, self.token)
    }

    /// The name of the new container of a part until it gets its own.
    pub(crate) fn waiting_name(&self, part: &Part) -> String {
        format!("{}{MARK}{}.new", part.name, self.token)
    }
}

/// Whether a name was given by a replacement under way: such a container is neither an app nor a deploy.
#[must_use]
pub(crate) fn is_in_between(name: &str) -> bool {
    let Some((_, rest)) = name.rsplit_once(MARK) else {
        return false;
    };
    let Some((token, end)) = rest.split_once('.') else {
        return false;
    };
    token.len() == TOKEN_CHARS
        && token.bytes().all(|byte| byte.is_ascii_hexdigit())
        && matches!(end, "old" | "new")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_replacement_are_known_again_and_no_others() {
        let part = Part {
            service: "web".into(),
            name: "shop-web-1".into(),
            old: EngineContainerId("a".into()),
            was_running: true,
            new: None,
        };
        let journal = Journal {
            token: "0a1b2c3d".into(),
            parts: vec![part.clone()],
            settled: false,
        };
        assert_eq!(journal.aside_name(&part), "shop-web-1.roadstead-0a1b2c3d.old");
        assert!(is_in_between(&journal.aside_name(&part)));
        assert!(is_in_between(&journal.waiting_name(&part)));
        for other in [
            "shop-web-1",
            "shop.roadstead-hub.new",
            "shop.roadstead-0a1b2c3d.older",
            "roadstead-0a1b2c3d",
        ] {
            assert!(!is_in_between(other), "{other}");
        }
    }
}
