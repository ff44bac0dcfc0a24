//! A server that answers as a script says, and remembers what it was asked.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use roadstead_collect::ConnectOptions;
use roadstead_model::Endpoint;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinHandle;

pub(crate) const VERSION: &str = include_str!("../fixtures/docker20-version.json");
pub(crate) const INFO: &str = include_str!("../fixtures/docker20-info.json");
pub(crate) const LIST: &str = include_str!("../fixtures/docker20-list.json");
pub(crate) const STATS: &str = include_str!("../fixtures/docker25-cgroup2-stats.json");
pub(crate) const INSPECT: &str = include_str!("../fixtures/docker20-web-inspect.json");

/// What to do about one request.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) after: Duration,
    pub(crate) bytes: Vec<u8>,
    pub(crate) then: Then,
}

/// What to do once the bytes are sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    KeepAlive,
    Close,
    Hang,
}

impl Reply {
    pub(crate) fn json(body: &str) -> Self {
        Self::status(200, "application/json", body)
    }

    pub(crate) fn status(code: u16, kind: &str, body: &str) -> Self {
        let length = body.len();
        Self::raw(format!(
            "HTTP/1.1 {code} Word\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }

    /// These bytes, and the connection stays open for another request.
    pub(crate) fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            after: Duration::ZERO,
            bytes: bytes.into(),
            then: Then::KeepAlive,
        }
    }

    pub(crate) fn hang() -> Self {
        Self::raw("").then(Then::Hang)
    }

    pub(crate) fn then(self, then: Then) -> Self {
        Self { then, ..self }
    }

    pub(crate) fn after(self, after: Duration) -> Self {
        Self { after, ..self }
    }
}

type Script = Arc<dyn Fn(&str) -> Reply + Send + Sync>;

/// What a server saw.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) connections: AtomicUsize,
    pub(crate) open: AtomicUsize,
    pub(crate) most_open: AtomicUsize,
    requests: Mutex<Vec<String>>,
    said: Mutex<Vec<Said>>,
}

/// A whole request.
#[derive(Clone)]
pub(crate) struct Said {
    /// Its first line and its headers.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Seen {
    /// First lines of the requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// The requests so far that have this in their first line, with all they said.
    pub(crate) fn said(&self, in_first_line: &str) -> Vec<Said> {
        let said = self.said.lock().unwrap();
        let is_it = |said: &&Said| {
            said.head
                .lines()
                .next()
                .unwrap_or_default()
                .contains(in_first_line)
        };
        said.iter().filter(is_it).cloned().collect()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn opened(self: &Arc<Self>) -> Open {
        self.connections.fetch_add(1, Ordering::SeqCst);
        let open = self.open.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_open.fetch_max(open, Ordering::SeqCst);
        Open(self.clone())
    }
}

struct Open(Arc<Seen>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A server on a unix socket or a loopback port, until dropped.
pub(crate) struct FakeEngine {
    pub(crate) endpoint: Endpoint,
    pub(crate) seen: Arc<Seen>,
    pub(crate) dir: TempDir,
    acceptor: JoinHandle<()>,
}

impl Drop for FakeEngine {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

impl FakeEngine {
    /// On a unix socket. The script is given each request's path and query without the version.
    pub(crate) fn unix(script: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("engine.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let (script, seen): (Script, _) = (Arc::new(script), Arc::new(Seen::default()));
        let for_task = seen.clone();
        let acceptor = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, script.clone(), for_task.clone()));
            }
        });
        Self {
            endpoint: Endpoint::Unix { path },
            seen,
            dir,
            acceptor,
        }
    }

    /// On a port of 127.0.0.1.
    pub(crate) async fn tcp(script: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (script, seen): (Script, _) = (Arc::new(script), Arc::new(Seen::default()));
        let for_task = seen.clone();
        let acceptor = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, script.clone(), for_task.clone()));
            }
        });
        Self {
            endpoint: Endpoint::Tcp {
                host: "127.0.0.1".to_owned(),
                port,
                tls: None,
            },
            seen,
            dir: tempfile::tempdir().unwrap(),
            acceptor,
        }
    }

    /// With the answers of a healthy engine, changed by the script where it answers.
    pub(crate) fn healthy_but(script: impl Fn(&str) -> Option<Reply> + Send + Sync + 'static) -> Self {
        Self::unix(move |path| script(path).unwrap_or_else(|| healthy(path)))
    }

    pub(crate) fn socket(&self) -> PathBuf {
        match &self.endpoint {
            Endpoint::Unix { path } => path.clone(),
            other => panic!("{other} is no socket"),
        }
    }
}

/// Short times, so that a test of a hanging server is short too.
pub(crate) fn options(dir: &TempDir) -> ConnectOptions {
    ConnectOptions {
        timeout: Duration::from_millis(600),
        answer_timeout: Duration::from_millis(600),
        ..ConnectOptions::new(dir.path().to_owned())
    }
}

/// What a healthy engine answers.
pub(crate) fn healthy(path: &str) -> Reply {
    match path.split('?').next().unwrap_or(path) {
        "/version" => Reply::json(VERSION),
        "/info" => Reply::json(INFO),
        "/_ping" => Reply::status(200, "text/plain", "OK"),
        "/containers/json" => Reply::json(LIST),
        other if other.ends_with("/stats") => Reply::json(STATS),
        other if other.ends_with("/json") => {
            let id = other.split('/').nth(2).unwrap_or_default();
            let theirs: HashMap<String, serde_json::Value> = serde_json::from_str(INSPECT).unwrap();
            Reply::json(&INSPECT.replace(theirs["Id"].as_str().unwrap(), id))
        }
        _ => Reply::status(404, "application/json", r#"{"message":"page not found"}"#),
    }
}

/// Answers the requests of one connection.
pub(crate) async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    script: Arc<dyn Fn(&str) -> Reply + Send + Sync>,
    seen: Arc<Seen>,
) {
    let _open = seen.opened();
    let mut unread = Vec::new();
    loop {
        let end = loop {
            if let Some(at) = unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            match stream.read_buf(&mut unread).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        };
        let head = String::from_utf8_lossy(&unread[..end]).into_owned();
        unread.drain(..end);
        let length = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length:")?
                    .trim()
                    .parse()
                    .ok()
            })
            .unwrap_or(0);
        while unread.len() < length {
            match stream.read_buf(&mut unread).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
        let body = String::from_utf8_lossy(&unread[..length]).into_owned();
        unread.drain(..length);
        seen.said.lock().unwrap().push(Said {
            head: head.clone(),
            body,
        });
        let line = head.lines().next().unwrap_or_default().to_owned();
        seen.requests.lock().unwrap().push(line.clone());
        let path = line.split(' ').nth(1).unwrap_or_default();
        let reply = script(without_version(path));
        tokio::time::sleep(reply.after).await;
        if stream.write_all(&reply.bytes).await.is_err() || stream.flush().await.is_err() {
            return;
        }
        match reply.then {
            Then::KeepAlive => {}
            Then::Close => return,
            Then::Hang => {
                // Until the other side gives up.
                let mut byte = [0_u8; 1];
                while matches!(stream.read(&mut byte).await, Ok(1..)) {}
                return;
            }
        }
    }
}

fn without_version(path: &str) -> &str {
    let versioned = path
        .strip_prefix("/v")
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    match versioned.and_then(|rest| rest.find('/').map(|at| &rest[at..])) {
        Some(rest) => rest,
        None => path,
    }
}
