//! A remote engine's socket on this machine: one `ssh -N -L` child per host.
//!
//! The system's own ssh is used because it already knows the operator's aliases, agents, jump hosts and known hosts. A
//! forwarded socket is a channel, not a session, so any number of requests passes a server that allows ten sessions,
//! with one handshake for all.

use std::ffi::OsString;
use std::fs::Permissions;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use roadstead_model::{Fault, FaultCause};
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStderr, Command};
use tokio_util::task::AbortOnDropHandle;

use super::cause::fault;
use super::ssh_words::{self, Said};
use super::sweep;
use crate::{ConnectOptions, SshOptions};

const DEFAULT_REMOTE_SOCKET: &str = "/var/run/docker.sock";
/// `sun_path` holds 108 bytes on Linux and 104 elsewhere, the closing zero included.
const MAX_SOCKET_PATH_BYTES: usize = 100;
/// How much of ssh's words is kept: the newest.
const MAX_STDERR_BYTES: usize = 8 * 1024;
/// How often a starting tunnel is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(15);
/// How long ssh's words may come after the failure they explain.
const WORDS_LAG: Duration = Duration::from_millis(400);

/// A forwarded socket and the child that carries it. Dropping it kills the child and removes the socket.
pub(super) struct Tunnel {
    child: Mutex<Child>,
    stderr: Arc<Mutex<String>>,
    listener: AbortOnDropHandle<()>,
    socket: PathBuf,
    far_end: FarEnd,
    _dir: TempDir,
}

/// What is needed to run ssh to the same place again.
struct FarEnd {
    ssh: SshOptions,
    destination: String,
    port: Option<u16>,
    remote_socket: String,
    timeout: Duration,
}

impl Tunnel {
    /// Starts the child and waits until its socket is there, which ssh makes only once it is let in.
    pub(super) async fn open(
        destination: &str,
        port: Option<u16>,
        remote_socket: Option<&Path>,
        options: &ConnectOptions,
    ) -> Result<Self, Fault> {
        if destination.is_empty() || destination.starts_with('-') {
            return Err(fault(FaultCause::SshFailed, "the address has no host name"));
        }
        let remote_socket = remote_socket.map_or(Some(DEFAULT_REMOTE_SOCKET), Path::to_str);
        let remote_socket = remote_socket
            .filter(|path| path.starts_with('/') && is_plain_path(path))
            .ok_or_else(|| {
                fault(
                    FaultCause::SshFailed,
                    "the socket path on the other machine must be absolute, of letters, digits and / . _ - @ + only",
                )
            })?;
        let far_end = FarEnd {
            ssh: options.ssh.clone(),
            destination: destination.to_owned(),
            port,
            remote_socket: remote_socket.to_owned(),
            timeout: options.timeout,
        };

        let dir = private_dir(&options.private_dir)?;
        let socket = dir.path().join("e.sock");
        let near = socket
            .to_str()
            .filter(|path| path.len() <= MAX_SOCKET_PATH_BYTES && is_plain_path(path));
        let near = near.ok_or_else(|| {
            let path = socket.display();
            fault(
                FaultCause::Other,
                format!("{path} is too long or too odd for a socket"),
            )
        })?;
        let forward = format!("{near}:{remote_socket}");
        let mut command = far_end.command();
        command
            .args(["-N", "-T", "-L", &forward])
            .args([
                "-o",
                "StreamLocalBindUnlink=yes",
                "-o",
                "StreamLocalBindMask=0177",
            ])
            .arg("--")
            .arg(destination);
        let mut child = command.spawn().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => fault(FaultCause::SshMissing, "there is no ssh program in PATH"),
            kind => fault(FaultCause::SshFailed, format!("ssh cannot be started: {kind}")),
        })?;
        if let Some(pid) = child.id() {
            sweep::note_child(dir.path(), pid);
        }
        let stderr = Arc::new(Mutex::new(String::new()));
        let listener = AbortOnDropHandle::new(tokio::spawn(listen(child.stderr.take(), stderr.clone())));
        let tunnel = Self {
            child: Mutex::new(child),
            stderr,
            listener,
            socket,
            far_end,
            _dir: dir,
        };
        match tokio::time::timeout(options.timeout, tunnel.ready()).await {
            Ok(outcome) => outcome.map(|()| tunnel),
            Err(_) => Err(match ssh_words::read(&tunnel.words()) {
                Said::Cause(fault) => fault,
                Said::RemoteSocketClosed | Said::Nothing => fault(
                    FaultCause::TimedOut,
                    format!("ssh was not let in within {} s", options.timeout.as_secs_f32()),
                ),
            }),
        }
    }

    /// The near end.
    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    async fn ready(&self) -> Result<(), Fault> {
        loop {
            if self.has_ended() {
                return Err(self.last_words().await);
            }
            let is_there =
                std::fs::symlink_metadata(&self.socket).is_ok_and(|meta| meta.file_type().is_socket());
            if is_there {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The cause behind a fault seen at the near end.
    pub(super) async fn explain(&self, seen: Fault) -> Fault {
        let is_of_the_way = matches!(
            seen.cause,
            FaultCause::ConnectionLost
                | FaultCause::Refused
                | FaultCause::SocketMissing
                | FaultCause::TimedOut
        );
        if !is_of_the_way {
            return seen;
        }
        if self.has_ended() {
            return self.last_words().await;
        }
        if seen.cause == FaultCause::TimedOut {
            return seen;
        }
        let deadline = tokio::time::Instant::now() + WORDS_LAG;
        while tokio::time::Instant::now() < deadline {
            // Taken, not read: what explained this fault must not explain a later one.
            match ssh_words::read(&self.words()) {
                Said::Cause(fault) => {
                    self.forget_words();
                    return fault;
                }
                Said::RemoteSocketClosed => {
                    self.forget_words();
                    return self.far_end.look_at_socket().await;
                }
                Said::Nothing => tokio::time::sleep(LOOK_EVERY).await,
            }
            if self.has_ended() {
                return self.last_words().await;
            }
        }
        seen
    }

    fn has_ended(&self) -> bool {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(child.try_wait(), Ok(Some(_)))
    }

    /// Why the child ended.
    async fn last_words(&self) -> Fault {
        let deadline = tokio::time::Instant::now() + WORDS_LAG;
        while !self.listener.is_finished() && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let words = self.words();
        match ssh_words::read(&words) {
            Said::Cause(fault) => fault,
            Said::RemoteSocketClosed => fault(FaultCause::ConnectionLost, "ssh ended"),
            Said::Nothing => fault(
                FaultCause::SshFailed,
                ssh_words::last_line(&words).unwrap_or("ssh ended without a word"),
            ),
        }
    }

    fn words(&self) -> String {
        self.stderr.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn forget_words(&self) {
        self.stderr.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl FarEnd {
    /// ssh with what every run needs. Options on the command line win over the operator's files: nothing may wait for
    /// a person, no other program's shared connection may be joined or left behind, and an alias may have a command and
    /// forwardings of its own, which fail where the operator's terminal has them already.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.ssh.program);
        command
            .env("LC_ALL", "C")
            .env("SSH_ASKPASS_REQUIRE", "never")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(file) = &self.ssh.config_file {
            command.arg("-F").arg(file);
        }
        let connect_timeout = format!("ConnectTimeout={}", self.timeout.as_secs().max(1));
        for option in [
            "BatchMode=yes",
            "ServerAliveInterval=15",
            "ServerAliveCountMax=2",
            "ControlMaster=no",
            "ControlPath=none",
            "ForkAfterAuthentication=no",
            "PermitLocalCommand=no",
            "ClearAllForwardings=no",
            "ExitOnForwardFailure=no",
            "RemoteCommand=none",
            "ForwardAgent=no",
            "ForwardX11=no",
            "LogLevel=INFO",
            &connect_timeout,
        ] {
            command.args(["-o", option]);
        }
        for option in &self.ssh.extra {
            command.arg("-o").arg(option);
        }
        if let Some(port) = self.port {
            command.arg("-p").arg(port.to_string());
        }
        command
    }

    /// Why the far side could not open the engine's socket. It says only that it could not, so look at the file there, and
    /// whether anything listens on it.
    async fn look_at_socket(&self) -> Fault {
        let path = &self.remote_socket;
        let name = path.rsplit('/').next().unwrap_or(path);
        let look = format!(
            "test -e {path} || exit 41; test -w {path} || exit 42; test -r /proc/net/unix || exit 43; \
             grep -q '{name}$' /proc/net/unix || exit 44; exit 45"
        );
        let mut command = self.command();
        command
            .args(["-T", "--", &self.destination, &look])
            .stderr(Stdio::null());
        let code = match command.spawn() {
            Ok(mut child) => {
                let ended = tokio::time::timeout(self.timeout, child.wait()).await;
                ended.ok().and_then(Result::ok).and_then(|status| status.code())
            }
            Err(_) => None,
        };
        let (cause, what) = match code {
            Some(41) => (FaultCause::SocketMissing, "does not exist on the other machine"),
            Some(42) => (
                FaultCause::PermissionDenied,
                "may not be opened by the user there",
            ),
            Some(44) => (FaultCause::Refused, "is there, and nothing listens on it"),
            Some(45) => (
                FaultCause::ForwardingRefused,
                "listens, and the ssh server does not forward to it",
            ),
            Some(43) => (
                FaultCause::ForwardingRefused,
                "is there: either the ssh server does not forward to it, or nothing listens on it",
            ),
            _ => (FaultCause::SocketMissing, "cannot be opened on the other machine"),
        };
        fault(cause, format!("{path} {what}"))
    }
}

/// Collects what ssh says, the newest few kilobytes of it.
async fn listen(stderr: Option<ChildStderr>, into: Arc<Mutex<String>>) {
    let Some(mut stderr) = stderr else { return };
    let mut piece = [0_u8; 1024];
    while let Ok(read) = stderr.read(&mut piece).await {
        if read == 0 {
            break;
        }
        let text = String::from_utf8_lossy(piece.get(..read).unwrap_or_default());
        let mut kept = into.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_str(&text);
        if kept.len() > MAX_STDERR_BYTES {
            let cut = kept.len() - MAX_STDERR_BYTES;
            let cut = (cut..=kept.len())
                .find(|at| kept.is_char_boundary(*at))
                .unwrap_or(kept.len());
            kept.drain(..cut);
        }
    }
}

/// A new directory that only this user may enter: whoever reaches the socket inside is root on the other machine.
fn private_dir(parent: &Path) -> Result<TempDir, Fault> {
    let cannot = |error: std::io::Error| {
        fault(
            FaultCause::Other,
            format!(
                "{} cannot hold a private socket: {}",
                parent.display(),
                error.kind()
            ),
        )
    };
    std::fs::create_dir_all(parent).map_err(cannot)?;
    tempfile::Builder::new()
        .prefix(&OsString::from(sweep::PREFIX))
        .rand_bytes(6)
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(parent)
        .map_err(cannot)
}

/// Paths that mean themselves to ssh's own reading of `-L`, to its `%` and `${}` expansion, and to a remote shell.
fn is_plain_path(path: &str) -> bool {
    path.bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'_' | b'-' | b'@' | b'+'))
}
