//! One transport per host: what carries a `GET` to an engine and brings its whole answer back.
//!
//! No other verb exists here. What changes an engine is a [`Change`], which only `src/write/` can make.

mod answer;
mod cause;
mod dial;
mod pool;
mod ssh;
mod ssh_words;
mod streamed;
mod sweep;
mod tls;

use std::time::Duration;

use hyper::Response;
use hyper::body::Incoming;
use roadstead_model::{Endpoint, Fault};

pub(crate) use answer::{Answer, parse};
pub(crate) use cause::{fault, of_hyper};
pub(crate) use pool::{Bounds, Hold, OUR_NAME};
pub(crate) use streamed::{Streamed, refusal};
pub use sweep::sweep_private_dir;

use crate::ConnectOptions;
use crate::write::Change;
use dial::{Dialer, Tcp};
use pool::Pool;
use ssh::Tunnel;

/// A way to an engine, open until dropped.
pub(crate) struct Transport {
    pool: Pool,
    // After the pool, so that its connections close before the child that carries them.
    tunnel: Option<Tunnel>,
}

impl Transport {
    /// Opens what the endpoint needs. For sockets that is nothing yet; for ssh it is the child with its forwarded socket.
    ///
    /// # Errors
    /// Unreadable certificates, and everything ssh can say.
    pub(crate) async fn open(endpoint: &Endpoint, options: &ConnectOptions) -> Result<Self, Fault> {
        let (dialer, tunnel) = match endpoint {
            Endpoint::Unix { path } => (Dialer::Unix(path.clone()), None),
            Endpoint::Tcp { host, port, tls } => {
                let tls = tls.as_ref().map(tls::client_config).transpose()?;
                let tcp = Tcp {
                    host: host.clone(),
                    port: *port,
                    tls,
                };
                (Dialer::Tcp(tcp), None)
            }
            Endpoint::Ssh {
                destination,
                port,
                socket,
            } => {
                let tunnel = Tunnel::open(destination, *port, socket.as_deref(), options).await?;
                (Dialer::Unix(tunnel.socket().to_owned()), Some(tunnel))
            }
        };
        Ok(Self {
            pool: Pool::new(dialer, options.max_connections),
            tunnel,
        })
    }

    /// One request and its whole answer, whatever its status.
    ///
    /// # Errors
    /// Everything that kept a whole answer from coming within the bounds.
    pub(crate) async fn get(&self, path: &str, bounds: Bounds) -> Result<Answer, Fault> {
        match self.pool.get(path, bounds).await {
            Ok(answer) => Ok(answer),
            Err(fault) => Err(self.explain(fault).await),
        }
    }

    /// One request whose answer does not end; `timeout` is for its head.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub(crate) async fn get_endless(
        &self,
        path: &str,
        timeout: Duration,
    ) -> Result<(Response<Incoming>, Hold), Fault> {
        match self.pool.get_endless(path, timeout).await {
            Ok(answer) => Ok(answer),
            Err(fault) => Err(self.explain(fault).await),
        }
    }

    /// One change and its whole answer, whatever its status. It is never said twice.
    ///
    /// # Errors
    /// Everything that kept a whole answer from coming within the bounds. Whether the change was made is not known then.
    pub(crate) async fn change(&self, change: Change, bounds: Bounds) -> Result<Answer, Fault> {
        match self.pool.change(change, bounds).await {
            Ok(answer) => Ok(answer),
            Err(fault) => Err(self.explain(fault).await),
        }
    }

    /// One change whose answer tells how far it is; `timeout` is for its head.
    ///
    /// # Errors
    /// As [`change`](Self::change).
    pub(crate) async fn change_endless(
        &self,
        change: Change,
        timeout: Duration,
    ) -> Result<(Response<Incoming>, Hold), Fault> {
        match self.pool.change_endless(change, timeout).await {
            Ok(answer) => Ok(answer),
            Err(fault) => Err(self.explain(fault).await),
        }
    }

    /// The near end of a tunnel only shows that something broke; ssh knows what.
    async fn explain(&self, fault: Fault) -> Fault {
        match &self.tunnel {
            Some(tunnel) => tunnel.explain(fault).await,
            None => fault,
        }
    }
}
