//! A virtual screen with a window manager and a private session bus.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command as BlockingCommand, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use crate::missing::{Need, require};
use crate::part::RunningPart;
use crate::program::{output, program};
use crate::scratch::Scratch;

const COMMAND_LIMIT: Duration = Duration::from_secs(20);

/// The bus starts no service of its own: nothing outlives it.
const BUS_CONFIG: &str = "\
<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"
 \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">
<busconfig>
  <type>session</type>
  <listen>@ADDRESS@</listen>
  <auth>EXTERNAL</auth>
  <policy context=\"default\">
    <allow send_destination=\"*\" eavesdrop=\"true\"/>
    <allow eavesdrop=\"true\"/>
    <allow own=\"*\"/>
  </policy>
</busconfig>
";

/// A screen, a window manager and a session bus of one test.
///
/// Field order matters: the window manager ends before its screen.
#[derive(Debug)]
pub struct Desktop {
    _window_manager: RunningPart,
    _bus: RunningPart,
    _screen: RunningPart,
    display: String,
    bus_address: String,
    scratch: Scratch,
}

impl Desktop {
    /// Starts a screen of this size in pixels.
    ///
    /// # Errors
    /// When the machine lacks a part or one does not start.
    pub async fn start(width: u32, height: u32) -> Result<Self> {
        require(&[Need::Window])?;
        let scratch = Scratch::new()?;
        let (screen, display) = start_screen(&scratch, width, height).await?;
        let (bus, bus_address) = start_bus(&scratch).await?;
        let window_manager = start_window_manager(&scratch, &display).await?;
        for dir in ["home", "run", "config", "data", "cache"] {
            scratch.make_dir(dir)?;
        }
        Ok(Self {
            _window_manager: window_manager,
            _bus: bus,
            _screen: screen,
            display,
            bus_address,
            scratch,
        })
    }

    /// The environment of a program on this desktop: nothing of the developer's own home is seen.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let dir = |name: &str| self.scratch.join(name).display().to_string();
        vec![
            ("DISPLAY", self.display.clone()),
            ("DBUS_SESSION_BUS_ADDRESS", self.bus_address.clone()),
            ("HOME", dir("home")),
            ("XDG_RUNTIME_DIR", dir("run")),
            ("XDG_CONFIG_HOME", dir("config")),
            ("XDG_DATA_HOME", dir("data")),
            ("XDG_CACHE_HOME", dir("cache")),
            ("GDK_BACKEND", "x11".to_owned()),
            ("LIBGL_ALWAYS_SOFTWARE", "1".to_owned()),
            // No accessibility bus, no GPU: neither exists on a build machine.
            ("NO_AT_BRIDGE", "1".to_owned()),
            ("WEBKIT_DISABLE_COMPOSITING_MODE", "1".to_owned()),
            ("WEBKIT_DISABLE_DMABUF_RENDERER", "1".to_owned()),
        ]
    }

    /// Directory of this desktop's files.
    #[must_use]
    pub fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// Takes a picture of the whole screen into the folder `ROADSTEAD_SCREENSHOTS` names (else a temporary one) and
    /// returns the file.
    ///
    /// # Errors
    /// When the picture cannot be taken.
    pub async fn screenshot(&self, name: &str) -> Result<PathBuf> {
        let dir = std::env::var_os("ROADSTEAD_SCREENSHOTS")
            .map_or_else(|| self.scratch.join("screenshots"), PathBuf::from);
        std::fs::create_dir_all(&dir)?;
        let file = dir.join(format!("{name}.png"));
        let mut command = Command::new(program("import")?);
        command
            .args(["-display", &self.display, "-window", "root"])
            .arg(&file);
        output(command, COMMAND_LIMIT).await?;
        Ok(file)
    }

    /// Titles of the visible windows, in no particular order.
    ///
    /// # Errors
    /// When the screen does not answer.
    pub async fn window_titles(&self) -> Result<Vec<String>> {
        // xdotool ends with an error when nothing is visible, so an empty pattern that matches nothing is no failure.
        let Ok(ids) = self.xdotool(&["search", "--onlyvisible", "--name", ""]).await else {
            return Ok(Vec::new());
        };
        let mut titles = Vec::new();
        for id in ids.lines() {
            titles.push(self.xdotool(&["getwindowname", id]).await?.trim().to_owned());
        }
        titles.retain(|title| !title.is_empty());
        Ok(titles)
    }

    /// Runs xdotool on this screen and returns what it printed.
    ///
    /// # Errors
    /// With xdotool's own words.
    pub async fn xdotool(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(program("xdotool")?);
        command.env("DISPLAY", &self.display).args(arguments);
        output(command, COMMAND_LIMIT).await
    }
}

async fn start_screen(scratch: &Scratch, width: u32, height: u32) -> Result<(RunningPart, String)> {
    let log = scratch.join("screen.log");
    let mut command = BlockingCommand::new(program("Xvfb")?);
    // The server picks a free number itself and prints it: no two tests can pick the same.
    command
        .args(["-displayfd", "1", "-nolisten", "tcp", "-noreset", "-screen", "0"])
        .arg(format!("{width}x{height}x24"));
    let mut screen = RunningPart::start("Xvfb", &mut command, &log)?;
    let display = screen
        .ready(Duration::from_secs(20), async || {
            let printed = std::fs::read(&log)?;
            let first = BufReader::new(printed.as_slice())
                .lines()
                .map_while(Result::ok)
                .find_map(|line| line.trim().parse::<u32>().ok());
            first
                .map(|number| format!(":{number}"))
                .context("no display number yet")
        })
        .await?;
    Ok((screen, display))
}

async fn start_bus(scratch: &Scratch) -> Result<(RunningPart, String)> {
    let socket = scratch.socket("bus")?;
    let address = format!("unix:path={}", socket.display());
    let config = scratch.write("bus.conf", BUS_CONFIG.replace("@ADDRESS@", &address))?;
    let mut command = BlockingCommand::new(program("dbus-daemon")?);
    command
        .args(["--nofork", "--nopidfile", "--config-file"])
        .arg(config);
    let mut bus = RunningPart::start("dbus-daemon", &mut command, &scratch.join("bus.log"))?;
    bus.ready(Duration::from_secs(10), async || {
        Ok(tokio::net::UnixStream::connect(&socket).await?)
    })
    .await?;
    Ok((bus, address))
}

async fn start_window_manager(scratch: &Scratch, display: &str) -> Result<RunningPart> {
    let mut command = BlockingCommand::new(program("openbox")?);
    command
        .env("DISPLAY", display)
        .env("HOME", scratch.path())
        .env("XDG_CONFIG_HOME", scratch.path())
        .env("XDG_CACHE_HOME", scratch.path());
    let mut manager = RunningPart::start("openbox", &mut command, &scratch.join("openbox.log"))?;
    let display = display.to_owned();
    manager
        .ready(Duration::from_secs(10), async || {
            let mut check = Command::new(program("xdotool")?);
            check.env("DISPLAY", &display).arg("get_desktop");
            output(check, Duration::from_secs(5)).await
        })
        .await?;
    Ok(manager)
}

/// The application under test: `ROADSTEAD_BIN`, else the debug binary of this checkout's target directory.
///
/// # Errors
/// When it has not been built: with the command that builds it.
pub fn app_binary() -> Result<PathBuf> {
    let binary = match std::env::var_os("ROADSTEAD_BIN") {
        Some(named) => PathBuf::from(named),
        None => target_dir().join("debug/roadstead"),
    };
    if !binary.is_file() {
        bail!(
            "the application is not at {}: build it with `make app` or name it in ROADSTEAD_BIN",
            binary.display()
        );
    }
    Ok(binary)
}

/// Cargo's target directory of this checkout. A relative one is meant from the workspace's root.
fn target_dir() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// Starts a second copy of a program on this desktop and waits for it to end by itself.
///
/// # Errors
/// When it does not end within `within`.
pub async fn run_to_end(
    desktop: &Desktop,
    binary: &Path,
    extra: &[(&str, String)],
    within: Duration,
) -> Result<std::process::ExitStatus> {
    let mut command = Command::new(binary);
    command
        .envs(desktop.environment())
        .envs(extra.iter().map(|(key, value)| (*key, value.as_str())))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let mut child = command
        .spawn()
        .with_context(|| format!("{} did not start", binary.display()))?;
    let ended = tokio::time::timeout(within, child.wait()).await;
    Ok(ended.with_context(|| format!("{} did not end within {within:?}", binary.display()))??)
}
