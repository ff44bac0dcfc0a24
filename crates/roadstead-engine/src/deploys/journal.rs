//! What it takes to finish or undo a replacement after a crash: written before each container is touched.

use roadstead_model::{AppName, ContainerFacts, EngineContainerId, Fleeting};
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
    /// We have begun to stop it. One that somebody else stopped is not started again.
    #[serde(default)]
    pub(crate) touched: bool,
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

/// The name that a container had, or is to get, when its name now was given by a replacement under way.
#[must_use]
pub(crate) fn name_in_between(name: &str) -> Option<&str> {
    let (own, rest) = name.rsplit_once(MARK)?;
    let (token, end) = rest.split_once('.')?;
    let is_token = token.len() == TOKEN_CHARS && token.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_token && matches!(end, "old" | "new")).then_some(own)
}

/// Gives a container in the middle of being replaced its own name and app, and says that it is in between. It would be an app of
/// its own otherwise, for some seconds.
pub(crate) fn recognise(facts: &mut ContainerFacts) {
    let Some(own) = name_in_between(&facts.name).map(str::to_owned) else {
        return;
    };
    if facts.app.0 == facts.name {
        facts.app = AppName(own.clone());
    }
    facts.name = own;
    facts.fleeting = Some(Fleeting::InBetween);
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
            touched: false,
            new: None,
        };
        let journal = Journal {
            token: "0a1b2c3d".into(),
            parts: vec![part.clone()],
            settled: false,
        };
        assert_eq!(journal.aside_name(&part), "shop-web-1.roadstead-0a1b2c3d.old");
        assert_eq!(name_in_between(&journal.aside_name(&part)), Some("shop-web-1"));
        assert_eq!(name_in_between(&journal.waiting_name(&part)), Some("shop-web-1"));
        for other in [
            "shop-web-1",
            "shop.roadstead-hub.new",
            "shop.roadstead-0a1b2c3d.older",
            "roadstead-0a1b2c3d",
        ] {
            assert_eq!(name_in_between(other), None, "{other}");
        }
    }

    #[test]
    fn a_container_in_between_is_not_an_app_of_its_own() {
        let mut aside = crate::changes::tests::facts("a", "web.roadstead-0a1b2c3d.old");
        aside.app = AppName(aside.name.clone());
        recognise(&mut aside);
        assert_eq!((aside.name.as_str(), aside.app.0.as_str()), ("web", "web"));
        assert_eq!(aside.fleeting, Some(Fleeting::InBetween));
        let mut of_project = crate::changes::tests::facts("a", "web.roadstead-0a1b2c3d.new");
        recognise(&mut of_project);
        assert_eq!(of_project.app.0, "immich");
    }
}
