//! What `ssh` says when it fails, into named causes.
//!
//! ssh has one exit code for all of its own failures, so its words are all there is; the child runs with `LC_ALL=C`
//! to keep them in one language.

use roadstead_model::{Fault, FaultCause};

use super::cause::fault;

/// Words of a line (lower case) and the cause they stand for. The first row that any line matches decides, so what is
/// nearer to the root comes first: a changed host key is followed by "Host key verification failed", a refused key by
/// "Connection closed".
const WORDS: &[(&str, FaultCause)] = &[
    (
        "remote host identification has changed",
        FaultCause::SshHostKeyChanged,
    ),
    (
        "has changed and you have requested strict checking",
        FaultCause::SshHostKeyChanged,
    ),
    ("revoked host key", FaultCause::SshHostKeyChanged),
    ("host key is known for", FaultCause::SshHostKeyUnknown),
    ("host key verification failed", FaultCause::SshHostKeyUnknown),
    ("could not resolve hostname", FaultCause::NameNotFound),
    ("name or service not known", FaultCause::NameNotFound),
    ("permission denied (", FaultCause::SshKeyRefused),
    ("too many authentication failures", FaultCause::SshKeyRefused),
    ("no supported authentication methods", FaultCause::SshKeyRefused),
    ("no more authentication methods", FaultCause::SshKeyRefused),
    ("administratively prohibited", FaultCause::ForwardingRefused),
    ("unknown channel type", FaultCause::ForwardingRefused),
    ("connection refused", FaultCause::Refused),
    ("timed out", FaultCause::TimedOut),
    ("not responding", FaultCause::TimedOut),
    ("no route to host", FaultCause::NetworkUnreachable),
    ("network is unreachable", FaultCause::NetworkUnreachable),
    ("connection closed", FaultCause::ConnectionLost),
    ("connection reset", FaultCause::ConnectionLost),
    ("broken pipe", FaultCause::ConnectionLost),
    ("closed by remote host", FaultCause::ConnectionLost),
];

/// What the far side says when the engine's socket there cannot be opened. It does not say why, and a server that forbids
/// forwarding sockets says the same.
const REMOTE_SOCKET: &str = "connect failed";

/// What ssh said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// A named cause.
    Cause(Fault),
    /// The far side cannot open the engine's socket.
    RemoteSocketClosed,
    /// Words we do not know, or none.
    Nothing,
}

/// The cause in ssh's words.
pub(super) fn read(stderr: &str) -> Said {
    for (words, cause) in WORDS {
        let spoken = stderr
            .lines()
            .find(|line| line.to_ascii_lowercase().contains(words));
        if let Some(line) = spoken {
            return Said::Cause(fault(
                *cause,
                line.trim_matches(|c: char| c == '@' || c.is_whitespace()),
            ));
        }
    }
    let remote_socket = |line: &str| line.contains("open failed") && line.contains(REMOTE_SOCKET);
    if stderr.lines().any(remote_socket) {
        return Said::RemoteSocketClosed;
    }
    Said::Nothing
}

/// The last line ssh said that is not a mere warning, for a cause we have no name for.
pub(super) fn last_line(stderr: &str) -> Option<&str> {
    stderr
        .lines()
        .map(str::trim)
        .rfind(|line| !line.is_empty() && !line.starts_with("Warning:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(stderr: &str) -> FaultCause {
        match read(stderr) {
            Said::Cause(fault) => fault.cause,
            other => panic!("{other:?} for {stderr}"),
        }
    }

    /// As OpenSSH 9.2 said it with `BatchMode=yes` and `LC_ALL=C`; only addresses were changed.
    const SAID: &[(&str, FaultCause)] = &[
        (
            "ops@10.0.0.5: Permission denied (publickey).",
            FaultCause::SshKeyRefused,
        ),
        (
            "Warning: Identity file /nonexistent not accessible: No such file or directory.\n\
             ops@10.0.0.5: Permission denied (publickey).",
            FaultCause::SshKeyRefused,
        ),
        ("Host key verification failed.", FaultCause::SshHostKeyUnknown),
        (
            "No ED25519 host key is known for [127.0.0.1]:42022 and you have requested strict checking.\n\
             Host key verification failed.",
            FaultCause::SshHostKeyUnknown,
        ),
        (
            "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\n\
             @    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n\
             @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\n\
             IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\n\
             Offending ED25519 key in known_hosts:1\n\
             Host key for [127.0.0.1]:42022 has changed and you have requested strict checking.\n\
             Host key verification failed.",
            FaultCause::SshHostKeyChanged,
        ),
        (
            "ssh: Could not resolve hostname nosuch.invalid: Name or service not known",
            FaultCause::NameNotFound,
        ),
        (
            "ssh: connect to host 10.0.0.5 port 22: Connection refused",
            FaultCause::Refused,
        ),
        (
            "Connection timed out during banner exchange\nConnection to 10.0.0.5 port 22 timed out",
            FaultCause::TimedOut,
        ),
        (
            "kex_exchange_identification: read: Connection reset by peer\nConnection reset by 10.0.0.5 port 22",
            FaultCause::ConnectionLost,
        ),
        (
            "Connection to 10.0.0.5 closed by remote host.",
            FaultCause::ConnectionLost,
        ),
    ];

    /// As the source of OpenSSH writes them; the machines at hand did not produce these.
    const WRITTEN: &[(&str, FaultCause)] = &[
        (
            "Received disconnect from 10.0.0.5 port 22:2: Too many authentication failures",
            FaultCause::SshKeyRefused,
        ),
        ("Timeout, server 10.0.0.5 not responding.", FaultCause::TimedOut),
        (
            "ssh: connect to host 10.0.0.5 port 22: No route to host",
            FaultCause::NetworkUnreachable,
        ),
        (
            "channel 1: open failed: administratively prohibited: open failed",
            FaultCause::ForwardingRefused,
        ),
    ];

    #[test]
    fn each_failure_of_ssh_has_its_cause() {
        for (stderr, wanted) in SAID.iter().chain(WRITTEN) {
            assert_eq!(cause(stderr), *wanted, "{stderr}");
        }
    }

    #[test]
    fn a_remote_socket_that_cannot_be_opened_has_no_cause_yet() {
        assert_eq!(
            read("channel 1: open failed: connect failed: open failed"),
            Said::RemoteSocketClosed
        );
    }

    #[test]
    fn the_detail_is_the_line_that_decided() {
        let Said::Cause(fault) =
            read("Warning: Permanently added 'x'.\nops@h: Permission denied (publickey).")
        else {
            panic!("a refused key has a cause");
        };
        assert_eq!(fault.detail, "ops@h: Permission denied (publickey).");
    }

    #[test]
    fn unknown_words_are_kept_for_the_curious() {
        let stderr = "command-line: line 0: Bad configuration option: foo\nWarning: x\n";
        assert_eq!(read(stderr), Said::Nothing);
        assert_eq!(
            last_line(stderr),
            Some("command-line: line 0: Bad configuration option: foo")
        );
    }
}
