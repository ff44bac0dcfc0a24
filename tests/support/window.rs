//! A native WebKit window driven over WebDriver.

use std::path::Path;
use std::process::Command as BlockingCommand;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tokio::net::TcpStream;

use crate::desktop::Desktop;
use crate::engine::free_port;
use crate::part::RunningPart;
use crate::program::program;
use crate::wait::until;

/// A window opens within a second or two; a busy machine of two cores gets more.
const OPEN_LIMIT: Duration = Duration::from_secs(60);
/// What stays where it is for so long is not moved any more by a page that loads.
const STILL_FOR: Duration = Duration::from_millis(200);

/// A program with one WebKit window, and the driver that holds it.
#[derive(Debug)]
pub struct TestWindow {
    client: Client,
    driver: RunningPart,
}

impl TestWindow {
    /// Starts `binary` on `desktop` under the driver, with `arguments` and more `environment` than the desktop's.
    ///
    /// # Errors
    /// When the driver does not start or the program shows no window that answers.
    pub async fn open(
        desktop: &Desktop,
        binary: &Path,
        arguments: &[&str],
        environment: &[(&str, String)],
    ) -> Result<Self> {
        let port = free_port()?;
        let mut command = BlockingCommand::new(program("WebKitWebDriver")?);
        command
            .arg(format!("--port={port}"))
            .envs(desktop.environment())
            .envs(environment.iter().map(|(key, value)| (*key, value.as_str())));
        let log = desktop.scratch().join("driver.log");
        let mut driver = RunningPart::start("WebKitWebDriver", &mut command, &log)?;
        driver
            .ready(Duration::from_secs(20), async || {
                Ok(TcpStream::connect(("127.0.0.1", port)).await?)
            })
            .await?;
        let mut capabilities = Map::new();
        capabilities.insert(
            "webkitgtk:browserOptions".to_owned(),
            json!({ "binary": binary, "args": arguments }),
        );
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let address = format!("http://127.0.0.1:{port}");
        let connecting = builder.capabilities(capabilities).connect(&address);
        let client = tokio::time::timeout(OPEN_LIMIT, connecting)
            .await
            .map_err(anyhow::Error::from)
            .and_then(|answer| answer.map_err(anyhow::Error::from))
            .with_context(|| format!("{} showed no window\n{}", binary.display(), driver.log_tail()))?;
        Ok(Self { client, driver })
    }

    /// The WebDriver session.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Process id of the program in the window.
    ///
    /// # Errors
    /// When the driver has no such child.
    pub fn program_pid(&self) -> Result<u32> {
        let pid = self.driver.pid();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))
            .with_context(|| format!("the driver {pid} has gone"))?;
        let first = children
            .split_whitespace()
            .next()
            .context("the driver has started nothing")?;
        Ok(first.parse()?)
    }

    /// Waits until an element that matches the CSS selector is on the page, and returns its text.
    ///
    /// # Errors
    /// When it does not come: with what the page says instead.
    pub async fn text_of(&self, css: &str, within: Duration) -> Result<String> {
        until(&format!("an element {css}"), within, async || {
            Ok(self.client.find(Locator::Css(css)).await?.text().await?)
        })
        .await
        .context(self.page_text().await)
    }

    /// Waits until the page's text holds `words`.
    ///
    /// # Errors
    /// When it does not: with what the page says instead.
    pub async fn says(&self, words: &str, within: Duration) -> Result<()> {
        until(&format!("the words “{words}”"), within, async || {
            let text = self.body_text().await?;
            ensure!(text.contains(words), "the page says: {text}");
            Ok(())
        })
        .await
    }

    /// Clicks the element that matches the CSS selector or the XPath, once it is there and lies still.
    ///
    /// # Errors
    /// When it does not come or cannot be clicked.
    pub async fn click(&self, locator: Locator<'_>, within: Duration) -> Result<()> {
        until(&format!("a click on {locator:?}"), within, async || {
            let element = self.client.find(locator).await?;
            // A page that is still loading moves, and a click would land beside what it was meant for.
            let lies = self.place_of(&element).await?;
            tokio::time::sleep(STILL_FOR).await;
            ensure!(lies == self.place_of(&element).await?, "it moves");
            Ok(element.click().await?)
        })
        .await
        .context(self.page_text().await)
    }

    /// Where an element lies after it was scrolled to, when a click there would reach it.
    async fn place_of(&self, element: &Element) -> Result<Value> {
        let script = "
            const [element] = arguments;
            const place = () => {
                const { x, y, width, height } = element.getBoundingClientRect();
                const top = document.elementFromPoint(x + width / 2, y + height / 2);
                return element.contains(top) ? [x, y, width, height] : null;
            };
            const seen = place();
            if (seen !== null) return seen;
            element.scrollIntoView({ block: 'center', inline: 'nearest', behavior: 'instant' });
            return place();";
        let lies = self
            .client
            .execute(script, vec![serde_json::to_value(element)?])
            .await?;
        ensure!(!lies.is_null(), "something lies above it");
        Ok(lies)
    }

    /// Runs JavaScript in the page and returns what it returns.
    ///
    /// # Errors
    /// When the script throws.
    pub async fn script(&self, script: &str) -> Result<Value> {
        Ok(self.client.execute(script, Vec::new()).await?)
    }

    /// Closes the session, which ends the program, and stops the driver.
    ///
    /// # Errors
    /// When the driver does not answer or does not end.
    pub async fn close(self) -> Result<()> {
        tokio::time::timeout(Duration::from_secs(20), self.client.close())
            .await
            .context("the driver did not close the window")??;
        self.driver.stop().await
    }

    /// The text of the page as shown.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn body_text(&self) -> Result<String> {
        let text = self
            .script("return document.body ? document.body.innerText : ''")
            .await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// What the page says, for the reason of a failure.
    pub async fn page_text(&self) -> String {
        match self.body_text().await {
            Ok(text) => format!("the page says: {text}"),
            Err(reason) => format!("the page does not answer: {reason:#}"),
        }
    }
}
