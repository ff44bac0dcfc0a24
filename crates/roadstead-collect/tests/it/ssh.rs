use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use roadstead_collect::{ConnectOptions, SshOptions, connect, test};
use roadstead_model::{Endpoint, Fault, FaultCause};
use tempfile::TempDir;

use crate::fake::{FakeEngine, Reply, Then, healthy};

/// A program in the place of `ssh`: it notes how it was run, finds the near end of `-L`, and then does as told. The
/// "forwarded" socket is a hard link to an engine's own, which connects to the same listener.
struct FakeSsh {
    dir: TempDir,
    engine: FakeEngine,
}

const PREAMBLE: &str = r#"#!/bin/sh
here=$(dirname "$0")
echo "$LC_ALL $*" >> "$here/runs"
for word in "$@"; do
  if [ "$previous" = -L ]; then near=${word%%:*}; fi
  previous=$word
done
if [ -n "$near" ]; then echo $$ > "$here/pid"; echo "$near" > "$here/near"; fi
"#;

impl FakeSsh {
    fn new(engine: FakeEngine, does: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("ssh");
        let does = does.replace("ENGINE", &engine.socket().display().to_string());
        std::fs::write(&program, format!("{PREAMBLE}{does}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { dir, engine }
    }

    fn options(&self) -> ConnectOptions {
        ConnectOptions {
            timeout: Duration::from_secs(4),
            answer_timeout: Duration::from_secs(4),
            ssh: SshOptions {
                program: self.dir.path().join("ssh"),
                config_file: None,
                extra: Vec::new(),
            },
            ..ConnectOptions::new(self.dir.path().join("p"))
        }
    }

    fn note(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(name)).unwrap_or_default()
    }

    async fn cause(&self) -> Fault {
        connect(&host(), &self.options()).await.unwrap_err()
    }

    /// Waits until the child that carried the tunnel is gone.
    async fn child_has_ended(&self) -> bool {
        let pid = self.note("pid").trim().to_owned();
        assert!(!pid.is_empty(), "the child was started");
        for _ in 0..100 {
            let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            if state.is_empty() || state.contains(") Z ") {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }
}

fn host() -> Endpoint {
    Endpoint::parse("ssh://ops@nas:2222/run/user/1000/docker.sock").unwrap()
}

const FORWARDS: &str = r#"ln ENGINE "$near"; exec sleep 1000"#;

#[tokio::test]
async fn one_child_carries_every_request_and_ends_with_the_connection() {
    let ssh = FakeSsh::new(FakeEngine::unix(healthy), FORWARDS);
    let connection = connect(&host(), &ssh.options()).await.unwrap();
    for _ in 0..5 {
        connection.ping().await.unwrap();
    }
    let runs = ssh.note("runs");
    assert_eq!(runs.lines().count(), 1, "one child: {runs}");
    assert_eq!(
        ssh.engine.seen.connections(),
        1,
        "one channel for requests in turn"
    );
    assert!(runs.starts_with("C "), "LC_ALL is C: {runs}");
    for wanted in [
        "BatchMode=yes",
        "ExitOnForwardFailure=no",
        "RemoteCommand=none",
        "ControlMaster=no",
        "ControlPath=none",
        "ServerAliveInterval=15",
        "ServerAliveCountMax=2",
        "StreamLocalBindUnlink=yes",
        "-p 2222",
        "-N",
        ":/run/user/1000/docker.sock",
    ] {
        assert!(runs.contains(wanted), "{wanted} is not in {runs}");
    }
    assert!(
        runs.trim().ends_with("-- ops@nas"),
        "nothing after the host: {runs}"
    );

    let near = PathBuf::from(ssh.note("near").trim());
    let dir = near.parent().unwrap();
    assert_eq!(dir.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    drop(connection);
    assert!(ssh.child_has_ended().await);
    assert!(!dir.exists(), "the socket and its directory are removed");
}

#[tokio::test]
async fn the_default_socket_is_the_systems() {
    let ssh = FakeSsh::new(FakeEngine::unix(healthy), FORWARDS);
    let endpoint = Endpoint::parse("ssh://nas").unwrap();
    test(&endpoint, &ssh.options()).await.unwrap();
    assert!(ssh.note("runs").contains(":/var/run/docker.sock"));
    assert!(ssh.child_has_ended().await, "a test leaves nothing behind");
}

#[tokio::test]
async fn a_configuration_file_and_more_options_are_passed_on() {
    let ssh = FakeSsh::new(FakeEngine::unix(healthy), FORWARDS);
    let mut with_more = ssh.options();
    with_more.ssh.config_file = Some(PathBuf::from("/etc/other_config"));
    with_more.ssh.extra = vec!["IdentityFile=/keys/id".to_owned()];
    connect(&host(), &with_more).await.unwrap();
    let runs = ssh.note("runs");
    assert!(
        runs.contains("-F /etc/other_config") && runs.contains("-o IdentityFile=/keys/id"),
        "{runs}"
    );
}

#[tokio::test]
async fn what_ssh_says_becomes_a_cause() {
    for (words, cause) in [
        (
            "ops@nas: Permission denied (publickey).",
            FaultCause::SshKeyRefused,
        ),
        ("Host key verification failed.", FaultCause::SshHostKeyUnknown),
        (
            "ssh: Could not resolve hostname nas: Name or service not known",
            FaultCause::NameNotFound,
        ),
        ("Bad configuration option: foo", FaultCause::SshFailed),
    ] {
        let ssh = FakeSsh::new(
            FakeEngine::unix(healthy),
            &format!("echo '{words}' >&2; exit 255"),
        );
        let fault = ssh.cause().await;
        assert_eq!((fault.cause, fault.detail.as_str()), (cause, words));
    }
}

#[tokio::test]
async fn an_ssh_that_hangs_times_out_and_is_ended() {
    let ssh = FakeSsh::new(FakeEngine::unix(healthy), "exec sleep 1000");
    let mut hurried = ssh.options();
    hurried.timeout = Duration::from_millis(500);
    let started = Instant::now();
    let fault = connect(&host(), &hurried).await.unwrap_err();
    assert_eq!(fault.cause, FaultCause::TimedOut);
    assert!(started.elapsed() < Duration::from_secs(3));
    assert!(ssh.child_has_ended().await);
}

#[tokio::test]
async fn a_machine_without_ssh_says_so() {
    let ssh = FakeSsh::new(FakeEngine::unix(healthy), "");
    let mut without = ssh.options();
    without.ssh.program = PathBuf::from("no-such-ssh-program");
    let fault = connect(&host(), &without).await.unwrap_err();
    assert_eq!(fault.cause, FaultCause::SshMissing);
}

#[tokio::test]
async fn a_remote_socket_that_cannot_be_opened_is_looked_at() {
    for (exit_code, cause) in [
        (41, FaultCause::SocketMissing),
        (42, FaultCause::PermissionDenied),
        (44, FaultCause::Refused),
        (45, FaultCause::ForwardingRefused),
        (255, FaultCause::SocketMissing),
    ] {
        let hangs_up = FakeEngine::unix(|_| Reply::raw("").then(Then::Close));
        let does = format!(
            "if [ -z \"$near\" ]; then exit {exit_code}; fi\n\
             ln ENGINE \"$near\"; echo 'channel 1: open failed: connect failed: open failed' >&2; exec sleep 1000"
        );
        let ssh = FakeSsh::new(hangs_up, &does);
        let fault = ssh.cause().await;
        assert_eq!(fault.cause, cause, "{exit_code}: {fault}");
        assert!(fault.detail.contains("/run/user/1000/docker.sock"), "{fault}");
        assert!(ssh.child_has_ended().await);
    }
}

#[tokio::test]
async fn a_tunnel_that_breaks_later_says_why() {
    let does = r#"ln ENGINE "$near"; read line < "$here/end"; echo 'Timeout, server nas not responding.' >&2; rm "$near"; exit 255"#;
    let ssh = FakeSsh::new(FakeEngine::unix(|path| healthy(path).then(Then::Close)), does);
    let fifo = ssh.dir.path().join("end");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(made.success());
    let connection = connect(&host(), &ssh.options()).await.unwrap();
    connection.ping().await.unwrap();
    std::fs::write(&fifo, "now\n").unwrap();
    assert!(ssh.child_has_ended().await);
    let fault = connection.ping().await.unwrap_err();
    assert_eq!(fault.cause, FaultCause::TimedOut);
    assert!(fault.detail.contains("not responding"), "{fault}");
}

#[tokio::test]
async fn what_ssh_would_read_otherwise_is_refused_before_it_runs() {
    let ssh = FakeSsh::new(FakeEngine::unix(healthy), FORWARDS);
    let endpoint = |destination: &str, socket: &str| Endpoint::Ssh {
        destination: destination.to_owned(),
        port: None,
        socket: Some(Path::new(socket).to_owned()),
    };
    for bad in [
        endpoint("-oProxyCommand=touch x", "/run/docker.sock"),
        endpoint("", "/run/docker.sock"),
        endpoint("nas", "run/docker.sock"),
        endpoint("nas", "/run/a:/etc/b"),
        endpoint("nas", "/run/$(reboot)"),
        endpoint("nas", "/run/%h"),
    ] {
        let fault = connect(&bad, &ssh.options()).await.unwrap_err();
        assert_eq!(fault.cause, FaultCause::SshFailed, "{bad}");
    }
    let mut far = ssh.options();
    far.private_dir = ssh.dir.path().join("x".repeat(90));
    let fault = connect(&host(), &far).await.unwrap_err();
    assert!(fault.detail.contains("too long"), "{fault}");
    assert_eq!(ssh.note("runs"), "", "ssh never ran");
}
