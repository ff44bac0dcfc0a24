//! Issues in the native window: an app misbehaves, its error is seen once, read, resolved, and comes back.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use roadstead_tests::{ContainerSpec, EngineKind, RealEngine, until};

use crate::window::{SOON, Shown, TICKED, words};

/// Two passes at the usual interval of a minute, and what the page takes to hear of it.
const TWO_PASSES: Duration = Duration::from_secs(135);
/// Prints an error with its trace while a file is there, and waits for it to come back when it is gone.
const SHOP: &str = r#"touch /broken; n=0
while :; do
    if [ -e /broken ]; then
        n=$((n+1))
        printf '2026-01-02 15:04:05,%03d ERROR cannot take order %d\nTraceback (most recent call last):\n  File "/app/orders.py", line 4%d, in take\n    stock.reserve(order)\nConnectionError: stock-%d is down\n' $n $((n*7919)) $n $n
        [ $n -ge 3 ] && [ ! -e /again ] && rm /broken
    fi
    sleep 1
done"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_seen_read_resolved_and_comes_back() -> Result<()> {
    let engine = RealEngine::start(EngineKind::Second).await?;
    let shop = engine.run(&ContainerSpec::named("shop").running(SHOP)).await?;
    engine.run(&ContainerSpec::named("lantern")).await?;
    // All three events are there before anyone looks: the first pass sees them whole.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let shown = Shown::first_run(&engine).await?;
    let told = the_story_of_an_error(&shown, &engine, &shop).await;
    if told.is_err() {
        shown.picture("issue-failed").await?;
    }
    told?;
    shown.window.close().await
}

async fn the_story_of_an_error(shown: &Shown, engine: &RealEngine, shop: &str) -> Result<()> {
    let address = format!("unix://{}", engine.socket().display());
    let add = words("en", "welcome", "add")?;
    shown
        .click_path(&format!(
            "//article[.//code[text()='{address}']]//button[normalize-space()='{add}']"
        ))
        .await?;
    shown.go("/issues").await?;
    shown.says("cannot take order", TWO_PASSES).await?;
    let rows = shown
        .window
        .script("return document.querySelectorAll(\"main tbody a[href*='/issues/']\").length")
        .await?;
    assert_eq!(
        rows,
        1,
        "three events are one issue: {}",
        shown.window.page_text().await
    );
    shown.picture("issues-1-open").await?;

    // Opened, its trace can be read.
    shown
        .click_path("//main//tbody//a[contains(@href, '/issues/')]")
        .await?;
    shown.says("ConnectionError", SOON).await?;
    shown.says("orders.py", SOON).await?;
    shown.says("stock.reserve(order)", SOON).await?;
    shown.picture("issues-2-issue").await?;

    // Resolved, it leaves the list of what is open.
    let resolve = words("en", "issues", "action.resolve")?;
    shown
        .click_path(&format!("//main//button[normalize-space()='{resolve}']"))
        .await?;
    shown.says(&words("en", "issues", "action.reopen")?, SOON).await?;
    shown.go("/issues").await?;
    shown.says(&words("en", "issues", "calm.title")?, SOON).await?;
    shown.picture("issues-3-resolved").await?;

    // It breaks again, and comes back as returned.
    engine
        .docker(&["exec", shop, "touch", "/again", "/broken"])
        .await?;
    shown.says("cannot take order", TWO_PASSES).await?;
    shown
        .says(&words("en", "issues", "mark.regressed")?, SOON)
        .await?;
    shown
        .click_path("//main//tbody//a[contains(@href, '/issues/')]")
        .await?;
    let sentence = words("en", "issues", "page.returned_where")?;
    let (before, _) = sentence.split_once("{{").context("the sentence has no place")?;
    shown.says(before.trim(), SOON).await?;
    shown.picture("issues-4-returned").await?;

    // The app's own page has it, and its chart a mark of its return.
    shown.go("/apps").await?;
    shown.says("shop", TICKED).await?;
    shown.click_path("//main//td//a[@title='shop']").await?;
    shown.says("cannot take order", SOON).await?;
    shown.picture("issues-5-app").await?;
    until(
        "the app's issue in its table and on its chart",
        SOON,
        async || {
            let counted = shown
                .window
                .script(
                    "return [\"tbody a[href*='/issues/']\", \"a[data-spot*='regressed_issue']\"]
                    .map((found) => document.querySelectorAll(`main ${found}`).length)",
                )
                .await?;
            ensure!(counted == serde_json::json!([1, 1]), "{counted}");
            Ok(())
        },
    )
    .await?;
    Ok(())
}
