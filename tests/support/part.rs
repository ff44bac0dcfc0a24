//! One process of a part: started, watched until ready, stopped by its id.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// Lines of a log shown when something went wrong.
const LOG_LINES_SHOWN: usize = 40;

/// A process we started. Dropping it stops it.
#[derive(Debug)]
pub struct RunningPart {
    name: String,
    child: Child,
    ended: Option<ExitStatus>,
    log: PathBuf,
    grace: Duration,
}

impl RunningPart {
    /// Starts `command` with everything it prints going to the file `log` (appended, so that a restart keeps the
    /// earlier lines).
    ///
    /// # Errors
    /// When the log cannot be opened or the program does not start.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("cannot open {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("{name} did not start: {}", command.get_program().display()))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            ended: None,
            log: log.to_owned(),
            grace: Duration::from_secs(5),
        })
    }

    /// Gives the process this long between being asked to end and being killed.
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything the process printed so far.
    #[must_use]
    pub fn log_text(&self) -> String {
        match std::fs::read(&self.log) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(reason) => format!("({}: {reason})", self.log.display()),
        }
    }

    /// How the process ended, when it has.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait()?;
        }
        Ok(self.ended)
    }

    /// Repeats `look` until it answers `Ok`.
    ///
    /// # Errors
    /// When the process ends first, or time runs out: with the last reason and the end of its log.
    pub async fn ready<T>(
        &mut self,
        within: Duration,
        mut look: impl AsyncFnMut() -> Result<T>,
    ) -> Result<T> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.ended()? {
                bail!("{} ended at once with {status}\n{}", self.name, self.log_tail());
            }
            match look().await {
                Ok(seen) => return Ok(seen),
                Err(reason) if started.elapsed() >= within => {
                    let tail = self.log_tail();
                    return Err(reason)
                        .with_context(|| format!("{} not ready within {within:?}\n{tail}", self.name));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Sends a signal to the process.
    ///
    /// # Errors
    /// When it has ended or the system refuses.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        if let Some(status) = self.ended()? {
            bail!("{} has ended with {status}", self.name);
        }
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).with_context(|| format!("cannot signal {}", self.name))
    }

    /// Asks the process to end and waits for it.
    ///
    /// # Errors
    /// When it had to be killed, or had already ended by itself with an error.
    pub async fn stop(mut self) -> Result<()> {
        if let Some(status) = self.ended()? {
            if status.success() {
                return Ok(());
            }
            bail!("{} had ended with {status}\n{}", self.name, self.log_tail());
        }
        self.signal(Signal::TERM)?;
        let asked = Instant::now();
        while self.ended()?.is_none() {
            if asked.elapsed() >= self.grace {
                self.kill()?;
                bail!(
                    "{} did not end within {:?}\n{}",
                    self.name,
                    self.grace,
                    self.log_tail()
                );
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Kills the process as a crash would.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> Result<()> {
        if self.ended()?.is_none() {
            self.child.kill()?;
            self.ended = Some(self.child.wait()?);
        }
        Ok(())
    }

    /// The last lines of the log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        let text = self.log_text();
        let lines: Vec<&str> = text.lines().collect();
        let from = lines.len().saturating_sub(LOG_LINES_SHOWN);
        format!(
            "--- last words of {} ---\n{}",
            self.name,
            lines[from..].join("\n")
        )
    }

    fn stop_blocking(&mut self) -> Result<()> {
        if self.ended()?.is_some() {
            return Ok(());
        }
        // A frozen process takes no other signal before this one.
        self.signal(Signal::CONT)?;
        self.signal(Signal::TERM)?;
        let asked = Instant::now();
        while self.ended()?.is_none() && asked.elapsed() < self.grace {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.kill()
    }
}

impl Drop for RunningPart {
    #[allow(
        clippy::print_stderr,
        reason = "the test runner shows what a failed test printed, and a drop returns nothing"
    )]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.log_tail());
        }
        if let Err(reason) = self.stop_blocking() {
            eprintln!("{} was not stopped: {reason:#}", self.name);
        }
    }
}
