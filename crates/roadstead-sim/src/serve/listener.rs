//! The socket: open, deaf or gone, and the connections through it.

use std::io;
use std::path::Path;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::SimHost;
use super::fault::Fault;
use super::router::respond;
use std::os::unix::fs::FileTypeExt;
use std::sync::atomic::Ordering;

/// More connections than this to one host wait until others close.
const MAX_CONNECTIONS: usize = 256;
/// After a failed accept or bind, before the next try.
const RETRY_PAUSE: Duration = Duration::from_millis(200);
/// What is answered when it is no HTTP.
const GARBAGE: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 this is no engine \x00\xff\r\n\r\n";

/// How the socket is to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Open,
    /// The file is there, nobody listens.
    Deaf,
    /// No file.
    Gone,
}

/// Makes the socket. A file left by a service that is gone is replaced; one that answers is not.
pub(super) fn bind(path: &Path) -> io::Result<UnixListener> {
    match std::fs::symlink_metadata(path) {
        Ok(metadata) if !metadata.file_type().is_socket() => {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                format!("{} is there and is no socket", path.display()),
            ));
        }
        Ok(_) if std::os::unix::net::UnixStream::connect(path).is_ok() => {
            return Err(io::Error::new(
                io::ErrorKind::AddrInUse,
                format!("something listens on {} already", path.display()),
            ));
        }
        Ok(_) => remove_socket(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    UnixListener::bind(path).map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("cannot listen on {}: {error}", path.display()),
        )
    })
}

/// Removes the socket; that it is gone already is no error.
pub(super) fn remove_socket(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// When the door of a flapping host changes next, and how it is until then.
struct Flap {
    open: bool,
    until: Instant,
}

impl Flap {
    /// A flapping host begins well.
    fn beginning(fault: Option<Fault>) -> Option<Self> {
        match fault {
            Some(Fault::Flapping { up, .. }) => Some(Self {
                open: true,
                until: Instant::now() + up,
            }),
            _ => None,
        }
    }
}

/// Accepts connections, and follows the fault of the moment. Ends only by being aborted; its connections end with it.
pub(super) async fn listen(sim: SimHost, path: std::path::PathBuf, listener: UnixListener) {
    let mut faults: watch::Receiver<Option<Fault>> = sim.0.fault.subscribe();
    let mut connections = JoinSet::new();
    let mut listener = Some(listener);
    // A fault set before the service began counts too.
    let mut flap = Flap::beginning(*faults.borrow_and_update());
    loop {
        let fault = *faults.borrow();
        let door = door(fault, flap.as_ref());
        if let Err(error) = set_door(door, &path, &mut listener) {
            tracing::error!(%error, socket = %path.display(), "the simulated host cannot listen");
            tokio::time::sleep(RETRY_PAUSE).await;
            continue;
        }
        let flap_at = flap.as_ref().map(|flap| flap.until);
        tokio::select! {
            // A change comes first: it drops the connections made before it, never one made after.
            biased;
            changed = faults.changed() => {
                if changed.is_err() {
                    return;
                }
                connections.abort_all();
                flap = Flap::beginning(*faults.borrow_and_update());
            }
            () = sleep_until(flap_at), if flap_at.is_some() => {
                connections.abort_all();
                flap = match (fault, flap) {
                    (Some(Fault::Flapping { up, down }), Some(Flap { open, .. })) => Some(Flap {
                        open: !open,
                        until: Instant::now() + if open { down } else { up },
                    }),
                    _ => None,
                };
            }
            accepted = accept(listener.as_ref()), if listener.is_some() && connections.len() < MAX_CONNECTIONS => {
                match accepted {
                    Ok(stream) => {
                        sim.0.connections.fetch_add(1, Ordering::Relaxed);
                        connections.spawn(converse(sim.clone(), stream));
                    }
                    Err(error) => {
                        tracing::warn!(%error, socket = %path.display(), "could not accept a connection");
                        tokio::time::sleep(RETRY_PAUSE).await;
                    }
                }
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn sleep_until(until: Option<Instant>) {
    if let Some(until) = until {
        tokio::time::sleep_until(until).await;
    }
}

async fn accept(listener: Option<&UnixListener>) -> io::Result<UnixStream> {
    match listener {
        Some(listener) => listener.accept().await.map(|(stream, _)| stream),
        None => std::future::pending().await,
    }
}

fn door(fault: Option<Fault>, flap: Option<&Flap>) -> Door {
    match (fault, flap) {
        (Some(Fault::Refuse), _) | (Some(Fault::Flapping { .. }), Some(Flap { open: false, .. })) => {
            Door::Deaf
        }
        (Some(Fault::SocketGone), _) => Door::Gone,
        _ => Door::Open,
    }
}

/// Brings the socket into this state. A socket file is only made by listening, so a deaf one is one that was left.
fn set_door(door: Door, path: &Path, listener: &mut Option<UnixListener>) -> io::Result<()> {
    match door {
        Door::Open if listener.is_some() => {}
        Door::Open => *listener = Some(bind(path)?),
        Door::Deaf => {
            if listener.is_none() && !path.exists() {
                drop(bind(path)?);
            }
            *listener = None;
        }
        Door::Gone => {
            *listener = None;
            remove_socket(path)?;
        }
    }
    Ok(())
}

/// Serves one connection to its end.
async fn converse(sim: SimHost, mut stream: UnixStream) {
    if sim.fault() == Some(Fault::Garbage) {
        // The reader may be gone already; there is nobody to tell.
        let _ = stream.write_all(GARBAGE).await;
        let _ = stream.shutdown().await;
        return;
    }
    let answered = http1::Builder::new()
        .serve_connection(
            TokioIo::new(stream),
            service_fn(move |request| respond(sim.clone(), request)),
        )
        .await;
    if let Err(error) = answered {
        tracing::debug!(%error, "a connection to a simulated host ended early");
    }
}
