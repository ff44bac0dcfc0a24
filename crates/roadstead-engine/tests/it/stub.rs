use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use chrono::{DateTime, SecondsFormat, Utc};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::AbortHandle;

/// How a log is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As it is.
    Whole,
    /// Its head, and nothing more for ever.
    Hangs,
    /// With something that is no log.
    Garbage,
    /// Refused: its driver keeps nothing.
    NotKept,
    /// Refused for now.
    Fails,
}

#[derive(Debug, Clone)]
pub(crate) struct StubContainer {
    pub(crate) name: String,
    pub(crate) tty: bool,
    pub(crate) protected: bool,
    pub(crate) driver: &'static str,
    pub(crate) manner: Manner,
    /// Which one of its name it is: a recreated container has another id.
    pub(crate) generation: u32,
    /// The id of its image, which a tag that was pulled again names anew.
    pub(crate) image_id: &'static str,
    /// Stream, stamp and text of each line.
    log: Vec<(u8, i64, String)>,
    /// Lines that are thrown away.
    rotated: usize,
}

impl StubContainer {
    pub(crate) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            tty: false,
            protected: false,
            driver: "json-file",
            manner: Manner::Whole,
            generation: 1,
            image_id: "sha256:1",
            log: Vec::new(),
            rotated: 0,
        }
    }

    /// Prints a line at a moment.
    pub(crate) fn print(&mut self, stream: u8, at_ms: i64, text: &str) {
        // Never two with one stamp: the engine's are in nanoseconds.
        let at_ns = at_ms * 1_000_000 + (self.rotated + self.log.len()) as i64;
        self.log.push((stream, at_ns, text.to_owned()));
    }

    /// The engine throws the oldest lines away.
    pub(crate) fn rotate(&mut self, lines: usize) {
        self.log.drain(..lines);
        self.rotated += lines;
    }

    /// Another one of the same name and image takes its place, which has printed nothing yet.
    pub(crate) fn recreate(&mut self) {
        (self.generation, self.rotated) = (self.generation + 1, 0);
        self.log.clear();
    }

    /// The engine's bytes for a request: the last lines of the whole log, and of these those since a moment.
    fn answer(&self, since_ns: i64, tail: usize) -> Vec<u8> {
        let skipped = self.log.len().saturating_sub(tail);
        let mut bytes = Vec::new();
        for (stream, at_ns, text) in self.log.iter().skip(skipped).filter(|line| line.1 >= since_ns) {
            let at = DateTime::<Utc>::from_timestamp_nanos(*at_ns);
            let at = at.to_rfc3339_opts(SecondsFormat::Nanos, true);
            let end = if self.tty { "\r\n" } else { "\n" };
            let message = format!("{at} {text}{end}");
            if !self.tty {
                bytes.extend_from_slice(&[*stream, 0, 0, 0]);
                bytes.extend_from_slice(&(message.len() as u32).to_be_bytes());
            }
            bytes.extend_from_slice(message.as_bytes());
        }
        bytes
    }
}

/// A request for a log.
#[derive(Debug, Clone)]
pub(crate) struct LogAsked {
    pub(crate) name: String,
    pub(crate) tail: Option<usize>,
    pub(crate) at: Instant,
}

#[derive(Debug, Default)]
pub(crate) struct Stub {
    pub(crate) containers: Vec<StubContainer>,
    pub(crate) asked: Vec<LogAsked>,
    /// What its clock is ahead of ours, where its answers tell the time.
    pub(crate) ahead_ms: Option<i64>,
    /// When its containers were made.
    pub(crate) created_ms: i64,
}

/// Serves a [`Stub`] until dropped.
pub(crate) struct Serving {
    stub: Arc<Mutex<Stub>>,
    path: PathBuf,
    task: AbortHandle,
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Serving {
    /// Listens in a folder.
    pub(crate) fn new(dir: &Path, created_ms: i64, containers: Vec<StubContainer>) -> Self {
        let path = dir.join("stub.sock");
        let stub = Arc::new(Mutex::new(Stub {
            containers,
            asked: Vec::new(),
            ahead_ms: None,
            created_ms,
        }));
        let listener = UnixListener::bind(&path).unwrap();
        let shared = Arc::clone(&stub);
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&shared)));
            }
        });
        Self {
            stub,
            path,
            task: task.abort_handle(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn stub(&self) -> MutexGuard<'_, Stub> {
        self.stub.lock().unwrap()
    }

    /// Changes one container.
    pub(crate) fn change(&self, name: &str, change: impl FnOnce(&mut StubContainer)) {
        let mut stub = self.stub();
        change(stub.containers.iter_mut().find(|of| of.name == name).unwrap());
    }

    /// Requests for the log of a container so far.
    pub(crate) fn asked(&self, name: &str) -> Vec<LogAsked> {
        let stub = self.stub();
        stub.asked
            .iter()
            .filter(|asked| asked.name == name)
            .cloned()
            .collect()
    }
}

/// One connection: requests without bodies, one after the other.
async fn serve(mut socket: UnixStream, stub: Arc<Mutex<Stub>>) {
    let mut head = Vec::new();
    loop {
        let mut piece = [0; 4_096];
        match socket.read(&mut piece).await {
            Ok(read) if read > 0 => head.extend_from_slice(&piece[..read]),
            _ => return,
        }
        while let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
            let request = String::from_utf8_lossy(&head[..end]).into_owned();
            head.drain(..end + 4);
            let target = request.split(' ').nth(1).unwrap_or_default().to_owned();
            let (answer, more) = answer(&target, &stub);
            if socket.write_all(&answer).await.is_err() {
                return;
            }
            if more == More::Never {
                // Open, and silent.
                std::future::pending::<()>().await;
            }
        }
    }
}

#[derive(PartialEq, Eq)]
enum More {
    Requests,
    Never,
}

fn id(of: &StubContainer) -> String {
    let mut hasher = DefaultHasher::new();
    (&of.name, of.generation).hash(&mut hasher);
    format!("{:064x}", hasher.finish())
}

fn whole(status: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// The same answer with the time on it.
fn dated(answer: &[u8], at_ms: i64) -> Vec<u8> {
    let at = DateTime::<Utc>::from_timestamp_millis(at_ms).unwrap();
    let date = at.format("Date: %a, %d %b %Y %H:%M:%S GMT\r\n").to_string();
    let head = answer.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    [&answer[..head], date.as_bytes(), &answer[head..]].concat()
}

fn json(status: &str, body: &serde_json::Value) -> (Vec<u8>, More) {
    (
        whole(status, "application/json", body.to_string().as_bytes()),
        More::Requests,
    )
}

fn answer(target: &str, stub: &Mutex<Stub>) -> (Vec<u8>, More) {
    let mut stub = stub.lock().unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    // Without the version that stands before all but one.
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !part.is_empty() && !part.starts_with("v1."))
        .collect();
    let of = |wanted: &str| stub.containers.iter().position(|of| id(of) == wanted);
    match parts[..] {
        ["version"] => json(
            "200 OK",
            &serde_json::json!({"Version": "28.0.0", "ApiVersion": "1.48", "MinAPIVersion": "1.24"}),
        ),
        ["_ping"] => (whole("200 OK", "text/plain", b"OK"), More::Requests),
        ["info"] => {
            let count = stub.containers.len();
            json(
                "200 OK",
                &serde_json::json!({"ID": "stub", "Name": "stub", "OperatingSystem": "none", "NCPU": 2,
                    "MemTotal": 1_u64 << 32, "Containers": count, "ContainersRunning": count}),
            )
        }
        ["events"] => {
            let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
            (head.to_vec(), More::Never)
        }
        ["containers", "json"] => {
            let list: Vec<_> = (stub.containers.iter())
                .map(|of| {
                    serde_json::json!({"Id": id(of), "Names": [format!("/{}", of.name)], "ImageID": of.image_id,
                        "State": "running", "Status": "Up"})
                })
                .collect();
            json("200 OK", &list.into())
        }
        ["containers", wanted, what] => match of(wanted) {
            Some(nth) => of_container(&mut stub, nth, what, query),
            None => json(
                "404 Not Found",
                &serde_json::json!({"message": "No such container"}),
            ),
        },
        _ => json("404 Not Found", &serde_json::json!({"message": "page not found"})),
    }
}

fn of_container(stub: &mut Stub, nth: usize, what: &str, query: &str) -> (Vec<u8>, More) {
    let created = DateTime::<Utc>::from_timestamp_millis(stub.created_ms)
        .unwrap()
        .to_rfc3339();
    let of = &stub.containers[nth];
    match what {
        "json" => json(
            "200 OK",
            &serde_json::json!({"Id": id(of), "Created": created, "Name": format!("/{}", of.name),
                "Image": of.image_id, "State": {"Status": "running", "StartedAt": created},
                "HostConfig": {"LogConfig": {"Type": of.driver}},
                "Config": {"Image": "local/stub:1", "Tty": of.tty,
                    "Labels": {"roadstead.protected": of.protected.to_string()}}}),
        ),
        "stats" => json(
            "200 OK",
            &serde_json::json!({"read": Utc::now().to_rfc3339(), "memory_stats": {"usage": 1_000_000, "stats": {"inactive_file": 0}},
                "cpu_stats": {"cpu_usage": {"total_usage": 1}, "system_cpu_usage": 2, "online_cpus": 2}}),
        ),
        "logs" => {
            let field = |name: &str| {
                let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
                pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
            };
            let (seconds, nanos) = field("since").unwrap().split_once('.').unwrap();
            let since_ns = seconds.parse::<i64>().unwrap() * 1_000_000_000 + nanos.parse::<i64>().unwrap();
            let tail = field("tail").map(|tail| tail.parse::<usize>().unwrap());
            let kind = "application/vnd.docker.multiplexed-stream";
            let answer = match of.manner {
                Manner::Whole => {
                    let body = of.answer(since_ns, tail.unwrap_or(usize::MAX));
                    (whole("200 OK", kind, &body), More::Requests)
                }
                Manner::Hangs => {
                    let head = format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n"
                    );
                    (head.into_bytes(), More::Never)
                }
                Manner::Garbage => {
                    let body = "<html>a proxy's own words</html>\n".repeat(50);
                    (whole("200 OK", kind, body.as_bytes()), More::Requests)
                }
                Manner::NotKept => json(
                    "501 Not Implemented",
                    &serde_json::json!({"message": "configured logging driver does not support reading"}),
                ),
                Manner::Fails => json(
                    "500 Internal Server Error",
                    &serde_json::json!({"message": "input/output error"}),
                ),
            };
            let answer = match stub.ahead_ms {
                Some(ahead_ms) => (
                    dated(&answer.0, Utc::now().timestamp_millis() + ahead_ms),
                    answer.1,
                ),
                None => answer,
            };
            let asked = LogAsked {
                name: of.name.clone(),
                tail,
                at: Instant::now(),
            };
            stub.asked.push(asked);
            answer
        }
        _ => json("404 Not Found", &serde_json::json!({"message": "page not found"})),
    }
}
