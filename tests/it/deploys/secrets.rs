//! A registry's password in a failing pull is nowhere afterwards.

use anyhow::{Result, ensure};
use roadstead_engine::wire::AppEvent;
use roadstead_model::{DeployCause, DeployState};
use roadstead_tests::{CapturedLog, EngineKind, RealEngine, Registry, Scratch, forms_of};

use super::harbor::*;

/// In the operator's own docker configuration.
const PASSWORD: &str = "pl4nted-Pa55word";

// On one thread, so that the log is all of the program's.
#[tokio::test]
async fn a_password_in_a_failing_pull_is_in_no_row_log_event_or_error() -> Result<()> {
    let log = CapturedLog::begin();
    let docker = RealEngine::start(EngineKind::Second).await?;
    let registry = Registry::start_with_password().await?;
    image(&docker, "local/shop:1", "1", &[]).await?;
    asleep(&docker, "shop", "local/shop:1").await?;
    let scratch = Scratch::new()?;
    let app = start_with_login(scratch.path(), &registry.login(PASSWORD)?).await?;
    let mut events = app.subscribe();
    let host = add(&app, &docker).await?;
    rows(&app, "shop", 1).await?;
    let image = registry.reference("shop:1");
    let failed = carry_out(&app, update("shop", host, "shop", &image)).await?;
    assert_eq!(failed.state, DeployState::Failed);
    assert_eq!(
        failed.fault.as_ref().map(|fault| fault.cause),
        Some(DeployCause::PullDenied),
        "{failed:?}"
    );
    let mut told = format!("{failed:?}");
    while let Ok(event) = events.try_recv() {
        let event: AppEvent = event;
        told.push_str(&serde_json::to_string(&event)?);
    }
    // A password typed into the reference is no reference, and is not told back.
    let typed = format!("operator:{PASSWORD}@{image}");
    let refused = app
        .start_deploy(update("shop", host, "shop", &typed))
        .await
        .unwrap_err();
    assert_eq!(refused.key, "error.deploy.reference_unreadable");
    told.push_str(&format!("{refused:?}"));
    app.stop().await;
    let logged = log.text();
    for what in ["/images/create", "roadstead_"] {
        ensure!(logged.contains(what), "nothing of {what} was logged: {logged}");
    }
    for form in forms_of(PASSWORD) {
        assert!(!told.contains(&form), "{told}");
        let line = logged.lines().find(|line| line.contains(&form));
        assert_eq!(line, None, "the password is in the log");
    }
    for file in std::fs::read_dir(scratch.path().join("data/store"))? {
        let path = file?.path();
        let bytes = std::fs::read(&path)?;
        for form in forms_of(PASSWORD) {
            let found = bytes.windows(form.len()).any(|window| window == form.as_bytes());
            assert!(!found, "the password is in {}", path.display());
        }
    }
    assert_eq!(version(&docker, "shop").await?, "1");
    Ok(())
}
