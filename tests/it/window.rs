//! The program in its own native window: the first run, an app and its chart, the settings, an engine that goes away.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use fantoccini::Locator;
use roadstead_tests::desktop::{app_binary, run_to_end};
use roadstead_tests::{ContainerSpec, Desktop, EngineKind, Network, RealEngine, TestWindow, until};
use serde_json::Value;

/// A page shows what it should.
pub(crate) const SOON: Duration = Duration::from_secs(20);
/// A host is added, connected and has ticked at least once at the usual interval of 15 seconds.
pub(crate) const TICKED: Duration = Duration::from_secs(60);
/// Two of those intervals, and what the page takes to hear of it.
const TWO_INTERVALS: Duration = Duration::from_secs(35);

/// A sentence of the window, from the catalogue it ships with: `words("hu", "nav", "apps")`.
pub(crate) fn words(language: &str, catalogue: &str, key: &str) -> Result<String> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join(format!("../ui/src/lib/i18n/{language}/{catalogue}.json"));
    let text = std::fs::read_to_string(&file).with_context(|| format!("no catalogue {}", file.display()))?;
    let entries: Value = serde_json::from_str(&text)?;
    let pointer = format!("/{}", key.replace('.', "/"));
    let found = entries.pointer(&pointer).and_then(Value::as_str);
    Ok(found
        .with_context(|| format!("{language}/{catalogue} has no {key}"))?
        .to_owned())
}

/// More columns than the mark of a lonely point has.
const DOT_COLUMNS: u64 = 30;

pub(crate) struct Shown {
    pub(crate) window: TestWindow,
    desktop: Desktop,
    binary: PathBuf,
    environment: Vec<(&'static str, String)>,
}

impl Shown {
    /// Starts the program for the first time on a machine whose docker CLI uses `engine`.
    pub(crate) async fn first_run(engine: &RealEngine) -> Result<Self> {
        let binary = app_binary()?;
        let desktop = Desktop::start(1280, 800).await?;
        let environment = vec![
            (
                "ROADSTEAD_DATA_DIR",
                desktop.scratch().make_dir("roadstead")?.display().to_string(),
            ),
            ("DOCKER_HOST", format!("unix://{}", engine.socket().display())),
            ("LC_ALL", "C.UTF-8".to_owned()),
            // Lets the driver into the window.
            ("TAURI_AUTOMATION", "true".to_owned()),
            ("TAURI_WEBVIEW_AUTOMATION", "true".to_owned()),
        ];
        let window = TestWindow::open(&desktop, &binary, &[], &environment).await?;
        Ok(Self {
            window,
            desktop,
            binary,
            environment,
        })
    }

    /// Clicks the element an XPath finds, once it is there.
    pub(crate) async fn click_path(&self, xpath: &str) -> Result<()> {
        self.window.click(Locator::XPath(xpath), SOON).await
    }

    /// Goes to a page by the link in the header that leads there.
    pub(crate) async fn go(&self, path: &str) -> Result<()> {
        self.window
            .click(Locator::Css(&format!("header nav a[href$='{path}']")), SOON)
            .await
    }

    pub(crate) async fn says(&self, words: &str, within: Duration) -> Result<()> {
        self.window.says(words, within).await
    }

    /// Chooses one of a setting's options by its value.
    async fn choose(&self, value: &str) -> Result<()> {
        self.click_path(&format!("//label[input[@type='radio' and @value='{value}']]"))
            .await
    }

    /// An attribute of the document's root, once it is as wanted.
    async fn root_becomes(&self, attribute: &str, wanted: &str) -> Result<()> {
        until(&format!("{attribute} to be {wanted}"), SOON, async || {
            let script = format!("return document.documentElement.getAttribute('{attribute}')");
            let seen = self.window.script(&script).await?;
            ensure!(seen == wanted, "it is {seen}");
            Ok(())
        })
        .await
    }

    /// How many columns of the chart's canvas hold a dot in the colour of the averages or of the peaks (which lie on
    /// each other as long as memory stands still).
    async fn columns_drawn(&self) -> Result<u64> {
        let script = r"
            const canvas = document.querySelector('.chart canvas');
            if (!canvas) return null;
            const brush = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
            const wanted = ['--chart-avg', '--chart-peak'].map((name) => {
                brush.fillStyle = getComputedStyle(canvas).getPropertyValue(name).trim();
                brush.fillRect(0, 0, 1, 1);
                return [...brush.getImageData(0, 0, 1, 1).data];
            });
            const { width, height } = canvas;
            const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
            const columns = new Set();
            for (let at = 0; at < data.length; at += 4) {
                const near = ([r, g, b]) =>
                    Math.abs(data[at] - r) + Math.abs(data[at + 1] - g) + Math.abs(data[at + 2] - b) < 30;
                if (data[at + 3] > 200 && wanted.some(near)) columns.add((at / 4) % width);
            }
            return columns.size;";
        self.window
            .script(script)
            .await?
            .as_u64()
            .context("there is no chart yet")
    }

    /// Waits until the chart has a line: two points at least.
    async fn chart_has_points(&self) -> Result<()> {
        until("points on the chart", TICKED, async || {
            let columns = self.columns_drawn().await?;
            ensure!(
                columns > DOT_COLUMNS,
                "{columns} columns of the chart have the colour of a line"
            );
            Ok(())
        })
        .await
        .context(self.window.page_text().await)
    }

    pub(crate) async fn picture(&self, name: &str) -> Result<()> {
        self.desktop.screenshot(&format!("window-{name}")).await.map(drop)
    }
}

async fn harbor() -> Result<RealEngine> {
    let engine = RealEngine::start(EngineKind::First).await?;
    let server = ContainerSpec::named("immich-server-1")
        .of_project("immich", "server")
        .network(Network::Bridge)
        .memory_bytes(256 << 20)
        .shm_bytes(128 << 20)
        .option("--restart=always")
        .running("dd if=/dev/zero of=/dev/shm/cargo bs=1M count=64; exec sleep 86400");
    engine.run(&server).await?;
    engine
        .run(&ContainerSpec::named("immich-db-1").of_project("immich", "db"))
        .await?;
    engine.run(&ContainerSpec::named("lantern")).await?;
    Ok(engine)
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_first_run_to_an_engine_that_went_away() -> Result<()> {
    let mut engine = harbor().await?;
    let shown = Shown::first_run(&engine).await?;
    let told = the_story_of_the_first_run(&shown, &mut engine).await;
    if told.is_err() {
        shown.picture("failed").await?;
    }
    told?;
    shown.window.close().await
}

async fn the_story_of_the_first_run(shown: &Shown, engine: &mut RealEngine) -> Result<()> {
    shown.says(&words("en", "welcome", "title")?, TICKED).await?;
    let address = format!("unix://{}", engine.socket().display());
    shown.says(&address, SOON).await?;
    shown.picture("1-welcome").await?;

    // The engine the docker CLI uses is offered; one click adds it.
    let add = words("en", "welcome", "add")?;
    shown
        .click_path(&format!(
            "//article[.//code[text()='{address}']]//button[normalize-space()='{add}']"
        ))
        .await?;
    shown.go("/apps").await?;
    shown.says("immich", TICKED).await?;
    shown.says("lantern", SOON).await?;
    shown.picture("2-apps").await?;

    // An app of two containers, and its course.
    shown.click_path("//a[@title='immich']").await?;
    shown.says("immich-server-1", SOON).await?;
    shown.says("immich-db-1", SOON).await?;
    shown.chart_has_points().await?;
    shown.picture("3-app").await?;

    // Another period is in the address, so that a link keeps it.
    let day = words("en", "common", "period.day")?;
    shown
        .click_path(&format!("//div[@role='group']/button[normalize-space()='{day}']"))
        .await?;
    until("the period in the address", SOON, async || {
        let url = shown.window.client().current_url().await?;
        ensure!(
            url.query().is_some_and(|query| query.contains("period=24h")),
            "{url}"
        );
        Ok(())
    })
    .await?;
    shown.chart_has_points().await?;
    shown.picture("4-day").await?;

    // Language and theme apply at once.
    shown.go("/settings").await?;
    for language in ["hu", "ru", "en"] {
        shown.choose(language).await?;
        shown.root_becomes("lang", language).await?;
        shown.says(&words(language, "settings", "title")?, SOON).await?;
        shown.says(&words(language, "nav", "hosts")?, SOON).await?;
        shown.picture(&format!("5-settings-{language}")).await?;
    }
    for theme in ["light", "dark"] {
        shown.choose(theme).await?;
        shown.root_becomes("data-theme", theme).await?;
        shown.picture(&format!("6-settings-{theme}")).await?;
    }

    // The engine stops: said by name, and what was seen stays, with its age.
    engine.stop_engine().await?;
    shown.go("/hosts").await?;
    let causes = [
        words("en", "faults", "socket_missing.title")?,
        words("en", "faults", "refused.title")?,
    ];
    until("the host to be unreachable, by name", TWO_INTERVALS, async || {
        let text = shown.window.body_text().await?;
        ensure!(
            causes.iter().any(|cause| text.contains(cause)),
            "the page says: {text}"
        );
        Ok(())
    })
    .await?;
    shown.picture("7-hosts-unreachable").await?;
    shown
        .click_path("//main//td//a[contains(@href, '/hosts/')]")
        .await?;
    let (before_age, after_age) = {
        let sentence = words("en", "hosts", "page.offline_age")?;
        let (before, after) = sentence
            .split_once("{{age}}")
            .context("the sentence has no age")?;
        (before.to_owned(), after.to_owned())
    };
    shown.says(&before_age, SOON).await?;
    shown.says(after_age.trim_end_matches('.'), SOON).await?;
    shown.says("immich-server-1", SOON).await?;
    shown.picture("8-host-unreachable").await?;
    shown.go("/apps").await?;
    shown.click_path("//a[@title='immich']").await?;
    shown.says("immich-server-1", SOON).await?;
    shown.chart_has_points().await?;
    shown.picture("9-app-of-a-lost-host").await?;

    // And comes back by itself.
    engine.start_again().await?;
    shown.go("/hosts").await?;
    shown
        .says(&words("en", "common", "host_state.connected")?, TICKED)
        .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_shows_the_first_window_and_ends() -> Result<()> {
    let engine = RealEngine::start(EngineKind::Second).await?;
    let shown = Shown::first_run(&engine).await?;
    shown.says(&words("en", "welcome", "title")?, TICKED).await?;
    let title = words("en", "common", "product")?;
    let id = shown
        .desktop
        .xdotool(&["search", "--onlyvisible", "--name", &format!("^{title}$")])
        .await?;
    let id = id
        .lines()
        .last()
        .context("the window is not on the screen")?
        .to_owned();
    shown.desktop.xdotool(&["windowminimize", "--sync", &id]).await?;

    let ended = run_to_end(&shown.desktop, &shown.binary, &shown.environment, SOON).await?;
    ensure!(ended.success(), "the second start ended with {ended}");
    until("the first window in front", SOON, async || {
        let active = shown.desktop.xdotool(&["getactivewindow"]).await?;
        ensure!(active.trim() == id, "in front is {}", active.trim());
        Ok(())
    })
    .await?;
    let windows = shown
        .desktop
        .xdotool(&["search", "--onlyvisible", "--name", &format!("^{title}$")])
        .await?;
    assert_eq!(windows.lines().count(), 1, "one window, not two");
    shown.window.close().await
}
