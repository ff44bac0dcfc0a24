//! A real registry and a real engine: what is pulled, what is not, and that no password shows.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use roadstead_collect::{ConnectOptions, PullProgress, RegistryOptions, WriteRefusal, Writer, connect};
use roadstead_model::{DeployCause, Endpoint};
use roadstead_tests::registry::PASSWORD;
use roadstead_tests::{CapturedLog, EngineKind, RealEngine, Registry, Scratch, forms_of};

const LIMIT: Duration = Duration::from_secs(20);

/// What changes the engine, with the logins of this directory.
async fn writer(engine: &RealEngine, scratch: &Scratch, login: Option<&std::path::Path>) -> Result<Writer> {
    let options = ConnectOptions {
        timeout: LIMIT,
        registry: RegistryOptions {
            config_dir: login.map(std::path::Path::to_owned),
            search_path: None,
        },
        ..ConnectOptions::new(scratch.join("p"))
    };
    let endpoint = Endpoint::Unix {
        path: engine.socket().to_owned(),
    };
    let connection = connect(&endpoint, &options).await?;
    connection
        .writer()
        .map_err(|refused| anyhow::anyhow!("{refused:?}"))
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, WriteRefusal>) -> Result<DeployCause> {
    match outcome {
        Ok(done) => anyhow::bail!("it was done: {done:?}"),
        Err(refusal) => Ok(refusal.cause),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_versions_under_one_tag_are_pulled_by_tag_and_by_digest() -> Result<()> {
    let (engine, registry) = tokio::join!(RealEngine::start(EngineKind::Second), Registry::start());
    let (engine, mut registry) = (engine?, registry?);
    let tag = registry.reference("app:1");
    let first = registry.publish(&engine, "app:1", &["ENV VERSION=1"]).await?;
    let second = registry.publish(&engine, "app:1", &["ENV VERSION=2"]).await?;
    assert_ne!(first, second);
    let scratch = Scratch::new()?;
    let writer = writer(&engine, &scratch, None).await?;
    for reference in [&tag, &first] {
        engine.docker(&["image", "rm", "--force", reference]).await?;
    }
    assert_eq!(writer.image(&tag).await?, None);
    assert_eq!(writer.image(&first).await?, None);

    let told: Arc<Mutex<Vec<PullProgress>>> = Arc::default();
    let into = told.clone();
    let by_tag = writer
        .pull(&tag, move |progress| {
            if let Ok(mut told) = into.lock() {
                told.push(progress);
            }
        })
        .await?;
    assert_eq!(
        by_tag.digest_for(&tag).as_ref(),
        Some(&second),
        "what the tag means now"
    );
    assert!(by_tag.size_bytes.is_some_and(|bytes| bytes > 100_000));
    assert!(by_tag.created_ms.is_some());
    let told = told.lock().map_err(|_| anyhow::anyhow!("poisoned"))?.clone();
    ensure!(
        told.iter()
            .all(|progress| progress.done_bytes <= progress.total_bytes),
        "{told:?}"
    );

    let by_digest = writer.pull(&first, |_| {}).await?;
    assert_ne!(by_digest.id, by_tag.id);
    assert_eq!(by_digest.digest_for(&tag), Some(first.clone()));
    let still = writer.image(&tag).await?.context("the tag is gone")?;
    assert_eq!(still.id, by_tag.id, "a pull by digest moves no tag");

    assert!(writer.offers(&first).await?);
    let unknown = format!("{}@sha256:{}", registry.reference("app"), "0".repeat(64));
    assert!(!writer.offers(&unknown).await?);
    assert_eq!(
        refused(writer.pull(&unknown, |_| {}).await)?,
        DeployCause::ImageNotFound
    );
    for nowhere in ["app:9", "nothing:1"] {
        let nowhere = registry.reference(nowhere);
        assert_eq!(
            refused(writer.pull(&nowhere, |_| {}).await)?,
            DeployCause::ImageNotFound,
            "{nowhere}"
        );
        assert!(!writer.offers(&nowhere).await?, "{nowhere}");
    }

    registry.stop().await?;
    for outcome in [
        refused(writer.pull(&tag, |_| {}).await)?,
        refused(writer.offers(&first).await)?,
    ] {
        assert_eq!(outcome, DeployCause::RegistryUnreachable);
    }
    Ok(())
}

// On one thread, so that the log below is everybody's.
#[tokio::test]
async fn a_password_opens_the_registry_and_shows_nowhere() -> Result<()> {
    let log = CapturedLog::begin();
    let (engine, registry) = tokio::join!(
        RealEngine::start(EngineKind::Second),
        Registry::start_with_password()
    );
    let (engine, registry) = (engine?, registry?);
    let digest = registry.publish(&engine, "app:1", &["ENV VERSION=1"]).await?;
    let tag = registry.reference("app:1");
    let scratch = Scratch::new()?;
    engine.docker(&["image", "rm", "--force", &tag]).await?;

    let wrong = "wrong-harbour-0815";
    let login = registry.login(wrong)?;
    let stranger = writer(&engine, &scratch, Some(&login)).await?;
    let nobody = writer(&engine, &scratch, None).await?;
    let mut shown = String::new();
    for denied in [&stranger, &nobody] {
        for refusal in [
            denied.pull(&tag, |_| {}).await.err().context("pulled")?,
            denied.offers(&digest).await.err().context("offered")?,
        ] {
            assert_eq!(refusal.cause, DeployCause::PullDenied);
            shown += &format!("{denied:?} {refusal:?} {refusal} ");
            shown += &refusal.into_raw_text_to_be_redacted();
        }
    }

    let login = registry.login(PASSWORD)?;
    let known = writer(&engine, &scratch, Some(&login)).await?;
    assert!(known.offers(&digest).await?);
    let image = known.pull(&digest, |_| {}).await?;
    assert_eq!(image.digest_for(&tag), Some(digest));
    shown += &format!("{known:?} {image:?}");

    let logged = log.text();
    ensure!(logged.contains("/images/create"), "nothing was logged: {logged}");
    for secret in [wrong, PASSWORD] {
        for form in forms_of(secret) {
            assert!(!shown.contains(&form), "{shown}");
            assert!(!logged.contains(&form), "{logged}");
        }
    }
    Ok(())
}
