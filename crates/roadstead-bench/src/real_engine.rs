//! A real Docker Engine of our own, with idle containers, for as long as it is measured.
//!
//! It lives in a folder of its own and touches no engine that is already there: own data, own socket, no bridge and no
//! packet filter rules. The one image is a static busybox, imported, because nothing can be pulled offline.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const START_WITHIN: Duration = Duration::from_secs(60);
const STOP_WITHIN: Duration = Duration::from_secs(60);
const BUSYBOX: &str = "/bin/busybox";
const IMAGE: &str = "roadstead-bench/busybox";

/// An engine we started; stopped when dropped.
#[derive(Debug)]
pub(crate) struct RealEngine {
    daemon: Child,
    dir: PathBuf,
    docker: PathBuf,
    containers: Vec<String>,
}

impl RealEngine {
    /// Starts `dockerd` in a new folder under the system's short temporary one (a socket's path is bounded).
    pub(crate) fn start(docker: &Path) -> anyhow::Result<Self> {
        ensure!(
            Path::new(BUSYBOX).exists(),
            "{BUSYBOX} is missing: install Debian's busybox-static, or give --socket"
        );
        let dir = tempfile::Builder::new().prefix("rsb-").tempdir()?.keep();
        let log = std::fs::File::create(dir.join("log"))?;
        let daemon = Command::new("dockerd")
            .arg("--data-root")
            .arg(dir.join("data"))
            .arg("--exec-root")
            .arg(dir.join("exec"))
            .arg("--pidfile")
            .arg(dir.join("pid"))
            .arg("-H")
            .arg(format!("unix://{}", dir.join("docker.sock").display()))
            .args(["--bridge=none", "--iptables=false", "--ip-masq=false"])
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start dockerd: install Debian's docker.io and run as root, or give --socket")?;
        let mut engine = Self {
            daemon,
            dir,
            docker: docker.to_owned(),
            containers: Vec::new(),
        };
        engine.wait_until_it_answers()?;
        engine.import_image()?;
        Ok(engine)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.join("docker.sock")
    }

    fn wait_until_it_answers(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + START_WITHIN;
        loop {
            if self.docker(&["version"]).is_ok() {
                return Ok(());
            }
            let ended = self.daemon.try_wait()?;
            if ended.is_some() || Instant::now() > deadline {
                let log = std::fs::read_to_string(self.dir.join("log")).unwrap_or_default();
                let last: Vec<&str> = log.lines().rev().take(5).collect();
                bail!(
                    "dockerd does not answer; its last words, newest first:\n{}",
                    last.join("\n")
                );
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn import_image(&self) -> anyhow::Result<()> {
        let root = self.dir.join("root");
        std::fs::create_dir_all(root.join("bin"))?;
        std::fs::copy(BUSYBOX, root.join("bin/busybox"))?;
        let tar = self.dir.join("root.tar");
        let made = Command::new("tar")
            .arg("-C")
            .arg(&root)
            .arg("-cf")
            .arg(&tar)
            .arg(".")
            .status()?;
        ensure!(made.success(), "tar could not make the image");
        let path = tar
            .to_str()
            .context("the temporary folder has a name that is not UTF-8")?;
        self.docker(&["import", path, IMAGE])?;
        Ok(())
    }

    /// Starts containers, each with the next of some shell scripts.
    pub(crate) fn run_containers(&mut self, count: u32, scripts: &[&str]) -> anyhow::Result<()> {
        for (number, script) in (0..count).zip(scripts.iter().cycle()) {
            let name = format!("bench-{number:03}");
            let args = [
                "run",
                "-d",
                "--name",
                &name,
                "--network",
                "none",
                "--memory",
                "64m",
                IMAGE,
                "/bin/busybox",
                "sh",
                "-c",
                script,
            ];
            let id = self.docker(&args)?;
            self.containers
                .push(String::from_utf8_lossy(&id.stdout).trim().to_owned());
        }
        Ok(())
    }

    fn docker(&self, args: &[&str]) -> anyhow::Result<Output> {
        let host = format!("unix://{}", self.socket().display());
        let output = Command::new(&self.docker)
            .args(["-H", &host])
            .args(args)
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot run {}", self.docker.display()))?;
        let verb = args.first().copied().unwrap_or_default();
        let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        ensure!(output.status.success(), "docker {verb}: {words}");
        Ok(output)
    }

    fn stop(&mut self) -> anyhow::Result<()> {
        if !self.containers.is_empty() {
            let mut args = vec!["rm", "-f", "-v"];
            args.extend(self.containers.iter().map(String::as_str));
            self.docker(&args)?;
        }
        kill(Pid::from_raw(i32::try_from(self.daemon.id())?), Signal::SIGTERM)?;
        let deadline = Instant::now() + STOP_WITHIN;
        while self.daemon.try_wait()?.is_none() {
            if Instant::now() > deadline {
                self.daemon.kill()?;
                self.daemon.wait()?;
                bail!(
                    "dockerd did not stop within {} s and was killed",
                    STOP_WITHIN.as_secs()
                );
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        std::fs::remove_dir_all(&self.dir).with_context(|| format!("cannot remove {}", self.dir.display()))
    }
}

impl Drop for RealEngine {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            eprintln!(
                "the engine in {} did not stop cleanly: {error:#}",
                self.dir.display()
            );
        }
    }
}
