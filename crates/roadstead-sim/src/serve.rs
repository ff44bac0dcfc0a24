//! The engine half: one host of the script behind one unix socket.

mod body;
mod containers;
mod create;
mod events;
mod fault;
mod filters;
mod host;
mod images;
mod inspect;
mod lifecycle;
mod listener;
mod live;
mod logs;
mod networks;
mod request;
mod router;
mod stats;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use fault::{Fault, FaultError};

use crate::clock::SimClock;
use crate::fleet::{Fleet, ScriptedHost};
use crate::plan::EngineFlavour;

/// One host of a fleet as an engine: what it answers, at what time, with what fault. Clones are the same engine.
#[derive(Debug, Clone)]
pub struct SimHost(Arc<Engine>);

#[derive(Debug)]
struct Engine {
    host: Arc<ScriptedHost>,
    clock: SimClock,
    fault: watch::Sender<Option<Fault>>,
    /// What clients did to it.
    live: RwLock<Arc<live::Live>>,
    /// Counts what they do, to wake those who listen to events.
    changed: watch::Sender<u64>,
    requests: AtomicU64,
    connections: AtomicU64,
}

impl SimHost {
    /// The engine of a host. `None` when the fleet has no such host.
    #[must_use]
    pub fn new(fleet: &Fleet, host: usize, clock: SimClock) -> Option<Self> {
        Some(Self(Arc::new(Engine {
            host: Arc::clone(fleet.hosts().get(host)?),
            clock,
            fault: watch::Sender::new(None),
            live: RwLock::default(),
            changed: watch::Sender::new(0),
            requests: AtomicU64::new(0),
            connections: AtomicU64::new(0),
        })))
    }

    /// The script behind it.
    #[must_use]
    pub fn host(&self) -> &ScriptedHost {
        &self.0.host
    }

    /// The time it lives in.
    #[must_use]
    pub fn clock(&self) -> &SimClock {
        &self.0.clock
    }

    /// Makes it fail from now on. Requests see it at once; connections that are open are dropped and the socket
    /// follows within milliseconds.
    pub fn set_fault(&self, fault: Fault) {
        self.0.fault.send_replace(Some(fault));
    }

    /// Makes it well again.
    pub fn heal(&self) {
        self.0.fault.send_replace(None);
    }

    /// How it fails now; `None` when it is well.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        *self.0.fault.borrow()
    }

    /// Requests it has been asked so far, answered or not.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.0.requests.load(Ordering::Relaxed)
    }

    /// Connections it has accepted so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.0.connections.load(Ordering::Relaxed)
    }

    /// Listens on a unix socket until the handle is stopped or dropped. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the socket cannot be made: the path is too long for a socket (107 bytes), its directory is missing, or
    /// something listens there already. A socket file nobody listens on is replaced.
    pub fn serve(&self, socket_path: impl Into<PathBuf>) -> io::Result<ServingHost> {
        let socket_path = socket_path.into();
        let listener = listener::bind(&socket_path)?;
        let task = tokio::spawn(listener::listen(self.clone(), socket_path.clone(), listener));
        Ok(ServingHost {
            sim: self.clone(),
            socket_path,
            task,
        })
    }

    fn count_request(&self) {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Engines since API 1.42 say by the content type whether a log is in frames.
    fn speaks_multiplexed_type(&self) -> bool {
        self.host().machine.flavour == EngineFlavour::Docker27CgroupV2
    }
}

/// A host being served. Dropping it ends the service and removes the socket.
#[derive(Debug)]
pub struct ServingHost {
    sim: SimHost,
    socket_path: PathBuf,
    task: JoinHandle<()>,
}

impl ServingHost {
    /// The engine behind the socket, to set faults and read counts.
    #[must_use]
    pub fn sim(&self) -> &SimHost {
        &self.sim
    }

    /// Where it listens.
    #[must_use]
    pub fn socket_path(&self) -> &Path {
        &self.socket_path
    }

    /// See [`SimHost::set_fault`].
    pub fn set_fault(&self, fault: Fault) {
        self.sim.set_fault(fault);
    }

    /// See [`SimHost::heal`].
    pub fn heal(&self) {
        self.sim.heal();
    }

    /// Ends the service: when this returns, every connection is closed and the socket is gone.
    pub async fn stop(mut self) {
        self.task.abort();
        // The only error is the cancellation asked for a line above.
        let _ = (&mut self.task).await;
    }
}

impl Drop for ServingHost {
    fn drop(&mut self) {
        self.task.abort();
        if let Err(error) = listener::remove_socket(&self.socket_path) {
            tracing::warn!(%error, socket = %self.socket_path.display(), "could not remove the socket");
        }
    }
}

/// Serves every host of a fleet, each on `<directory>/<host name>.sock`. The directory must exist.
///
/// # Errors
/// When a socket cannot be made, as [`SimHost::serve`] says; the hosts served until then are stopped.
pub fn serve_fleet(fleet: &Fleet, clock: &SimClock, directory: &Path) -> io::Result<Vec<ServingHost>> {
    (0..fleet.hosts().len())
        .filter_map(|index| SimHost::new(fleet, index, clock.clone()))
        .map(|sim| {
            let path = directory.join(format!("{}.sock", sim.host().name()));
            sim.serve(path)
        })
        .collect()
}
