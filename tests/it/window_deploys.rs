//! Deploys in the native window: a worse version is deployed, seen on the chart, compared, and rolled back.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use roadstead_tests::{EngineKind, RealEngine, until};

use crate::deploys::harbor::{image, inspect, version};
use crate::window::{SOON, Shown, TICKED, words};

/// A replacement on a busy machine of two cores.
const DEPLOYED: Duration = Duration::from_secs(90);
/// The shortest interval there is.
const INTERVAL_S: u64 = 5;
/// Twelve ticks are measured on each side of a comparison.
const ONE_SIDE: Duration = Duration::from_secs(INTERVAL_S * 13);
/// One side, and what comes around it.
const COMPARED: Duration = Duration::from_secs(INTERVAL_S * 30);
/// Nobody listens there: what is on the engine is used.
const GOOD: &str = "127.0.0.1:1/shop:1.2.3";
const WORSE: &str = "127.0.0.1:1/shop:1.2.4";

/// Holds so much memory until it is stopped.
fn holding(mib: u32) -> String {
    format!(
        r#"CMD ["sh","-c","[ -e /data/cargo ] || date > /data/cargo; dd if=/dev/zero of=/dev/shm/load bs=1M count={mib}; exec sleep 86400"]"#
    )
}

/// Sets the shortest interval, as the Settings page would.
async fn tick_often(shown: &Shown) -> Result<()> {
    let script = format!(
        "const ask = (command, request) => window.__TAURI_INTERNALS__.invoke(command, {{ request }});
         ask('settings', null).then(({{ settings }}) => ask('save_settings', {{ ...settings, tick_interval_s: {INTERVAL_S} }}))
             .then(() => (window.saved = true));"
    );
    shown.window.script(&script).await?;
    until("the interval to be saved", SOON, async || {
        let saved = shown.window.script("return window.saved === true").await?;
        ensure!(saved == true, "{saved}");
        Ok(())
    })
    .await
}

/// The script that a tick of a chart of six hours costs, beside a load of the same chart.
#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::print_stdout, reason = "the figures are what this is run for")]
async fn a_tick_of_a_chart_of_six_hours_costs_little_script() -> Result<()> {
    const TICKS: usize = 8;
    let engine = RealEngine::start(EngineKind::Second).await?;
    let shown = Shown::first_run(&engine).await?;
    let look = words("en", "welcome", "demo")?;
    shown
        .click_path(&format!("//button[normalize-space()='{look}']"))
        .await?;
    // Weeks of history are made first.
    shown.says(&words("en", "nav", "leave_demo")?, TICKED).await?;
    tick_often(&shown).await?;
    shown.go("/apps").await?;
    shown.click_path("//main//td//a[@title='home-assistant']").await?;
    // The page stands still once its chart is drawn.
    shown.window.text_of("main .drawing", SOON).await?;
    shown
        .click_path("//label[input[@type='radio' and @value='6h']]")
        .await?;
    until("six hours in the address", SOON, async || {
        let address = shown.window.script("return location.search").await?;
        ensure!(address == "?live=6h", "{address}");
        Ok(())
    })
    .await?;
    let costs = until("ticks on the chart", TICKED, async || {
        let script =
            "return ['metrics-tick', 'metrics-load'].map((name) => performance.getEntriesByName(name)
            .map((entry) => [entry.duration, entry.detail.points]))";
        let seen: [Vec<(f64, u32)>; 2] = serde_json::from_value(shown.window.script(script).await?)?;
        let full = seen[0].iter().filter(|tick| tick.1 > 400).count();
        ensure!(full >= TICKS && !seen[1].is_empty(), "{seen:?}");
        Ok(seen)
    })
    .await?;
    shown.picture("metrics-6h").await?;
    let [ticks, loads] = &costs;
    let full = ticks.iter().filter(|tick| tick.1 > 400);
    let mut durations_ms: Vec<f64> = full.map(|tick| tick.0).collect();
    durations_ms.sort_by(f64::total_cmp);
    let mean_ms = durations_ms.iter().sum::<f64>() / durations_ms.len() as f64;
    println!("ms of script per tick: {durations_ms:?}, mean {mean_ms:.1}; per load, with points: {loads:?}");
    // Beside other tests no time means much by itself; what is added must still cost far less than a load.
    let longest_load_ms = loads.iter().map(|load| load.0).fold(0.0, f64::max);
    ensure!(
        durations_ms[0] * 4.0 < longest_load_ms,
        "a tick costs {} ms of script, a load {longest_load_ms}",
        durations_ms[0]
    );
    shown.window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worse_version_is_seen_on_the_chart_and_rolled_back_in_two_clicks() -> Result<()> {
    let engine = RealEngine::start(EngineKind::Second).await?;
    image(&engine, GOOD, "1.2.3", &[&holding(8)]).await?;
    image(&engine, WORSE, "1.2.4", &[&holding(48)]).await?;
    engine
        .docker(&[
            "run",
            "--detach",
            "--network=none",
            "--stop-signal=KILL",
            "--name=shop",
            "--memory=128m",
            "--shm-size=100m",
            "--volume=/data",
            GOOD,
        ])
        .await?;
    let shown = Shown::first_run(&engine).await?;
    let told = the_story_of_a_deploy(&shown, &engine).await;
    if told.is_err() {
        shown.picture("deploy-failed").await?;
    }
    told?;
    shown.window.close().await
}

async fn the_story_of_a_deploy(shown: &Shown, engine: &RealEngine) -> Result<()> {
    let text = |key: &str| words("en", "deploys", key);
    let button = |label: &str| format!("//button[normalize-space()='{label}']");
    let address = format!("unix://{}", engine.socket().display());
    let add = words("en", "welcome", "add")?;
    shown
        .click_path(&format!(
            "//article[.//code[text()='{address}']]//button[normalize-space()='{add}']"
        ))
        .await?;
    let data = engine.docker(&["exec", "shop", "cat", "/data/cargo"]).await?;
    let first = inspect(engine, "shop").await?["Id"].clone();
    shown.go("/apps").await?;
    shown.says("shop", TICKED).await?;
    shown.click_path("//main//td//a[@title='shop']").await?;
    shown.says(&text("kind.found")?, SOON).await?;
    shown.picture("deploys-1-found").await?;
    // Before: something to compare with, and not for too long.
    tick_often(shown).await?;
    tokio::time::sleep(ONE_SIDE).await;

    // A worse version: the dialog says what will happen, and asks for leave to change anything on this host.
    shown.click_path(&button(&text("action.update")?)).await?;
    shown.says(GOOD, SOON).await?;
    shown.picture("deploys-2-update").await?;
    let host = {
        let sentence = text("writing.turn_on_here")?;
        let (before, _) = sentence.split_once("{{").context("the sentence has no host")?;
        before.trim().to_owned()
    };
    shown
        .click_path(&format!(
            "//*[@role='dialog']//button[starts-with(normalize-space(),'{host}')]"
        ))
        .await?;
    let field = "//*[@role='dialog']//input";
    until("the field for the image", SOON, async || {
        let found = shown
            .window
            .client()
            .find(fantoccini::Locator::XPath(field))
            .await?;
        found.clear().await?;
        found.send_keys(WORSE).await?;
        let typed = found.prop("value").await?;
        ensure!(typed.as_deref() == Some(WORSE), "{typed:?}");
        Ok(())
    })
    .await?;
    shown.click_path(&button(&text("ask.continue")?)).await?;
    shown.says(&text("ask.happens")?, SOON).await?;
    shown.picture("deploys-3-confirm").await?;
    shown.click_path(&button(&text("ask.update_now")?)).await?;
    until("the new version to run", DEPLOYED, async || {
        let now = version(engine, "shop").await?;
        ensure!(now == "1.2.4", "{now}");
        Ok(())
    })
    .await?;
    shown.says("1.2.3 → 1.2.4", DEPLOYED).await?;
    shown.click_path(&button(&text("ask.close")?)).await?;
    shown.says(&text("runs_now")?, SOON).await?;

    // The mark on the chart, and the memory step beside it.
    until("a mark of the deploy", SOON, async || {
        let updated = words("en", "metrics", "mark.update.success")?;
        let script =
            format!("return document.querySelectorAll('[data-spot][aria-label*=\"{updated}\"]').length");
        let marks = shown.window.script(&script).await?;
        ensure!(marks.as_u64().unwrap_or_default() >= 1, "{marks}");
        Ok(())
    })
    .await?;
    shown.picture("deploys-4-mark").await?;
    let (before, after) = (text("effect.memory_avg")?, text("effect.worse")?);
    shown
        .click_path("(//button[starts-with(@aria-label,'Actions for deploy')])[1]")
        .await?;
    shown
        .click_path(&format!(
            "//*[@role='menuitem'][normalize-space()='{}']",
            text("action.before_after")?
        ))
        .await?;
    shown.says(&before, COMPARED).await?;
    shown.says(&after, SOON).await?;
    shown.picture("deploys-5-before-after").await?;

    // Two clicks: what was asked for, and yes.
    shown.click_path(&button(&text("action.roll_back")?)).await?;
    shown.says(&text("ask.data_rollback")?, SOON).await?;
    shown.picture("deploys-6-rollback").await?;
    shown.click_path(&button(&text("ask.roll_back_now")?)).await?;
    until("the old version to run", DEPLOYED, async || {
        let now = version(engine, "shop").await?;
        ensure!(now == "1.2.3", "{now}");
        Ok(())
    })
    .await?;
    let after = engine.docker(&["exec", "shop", "cat", "/data/cargo"]).await?;
    assert_eq!(after, data, "its data");
    assert_ne!(inspect(engine, "shop").await?["Id"], first);
    let sentence = text("ended.rollback")?.replace("{{app}}", "shop");
    let (before, _) = sentence.split_once("{{").context("the sentence has no host")?;
    shown.says(before.trim(), DEPLOYED).await?;
    shown.picture("deploys-7-back").await?;
    Ok(())
}
