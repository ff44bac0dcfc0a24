//! One new connection to an engine: unix socket, TCP, TCP with TLS.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use roadstead_model::{Fault, FaultCause};
use rustls::pki_types::ServerName;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::cause::{fault, of_dial};

/// Addresses of one name that are tried, the next one a moment after the one before: a dead IPv6 route must not hide
/// a living IPv4 one.
const MAX_ADDRESSES: usize = 8;
const NEXT_ADDRESS_AFTER: Duration = Duration::from_millis(250);
/// How long to listen for the verdict of a server that hung up on our request (see [`Tcp::verdict`]).
const VERDICT_WAIT: Duration = Duration::from_secs(2);

/// A unix socket.
pub(super) async fn unix(path: &Path) -> Result<UnixStream, Fault> {
    UnixStream::connect(path).await.map_err(|error| of_dial(&error))
}

/// A TCP address with its optional TLS.
#[derive(Debug)]
pub(super) struct Tcp {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Option<Arc<rustls::ClientConfig>>,
}

impl Tcp {
    /// A plain connection.
    pub(super) async fn plain(&self) -> Result<TcpStream, Fault> {
        let addresses: Vec<SocketAddr> = tokio::net::lookup_host((self.host.as_str(), self.port))
            .await
            .map_err(|error| fault(FaultCause::NameNotFound, format!("{}: {error}", self.host)))?
            .take(MAX_ADDRESSES)
            .collect();
        if addresses.is_empty() {
            return Err(fault(
                FaultCause::NameNotFound,
                format!("{} has no address", self.host),
            ));
        }
        let mut attempts: FuturesUnordered<_> = addresses
            .into_iter()
            .enumerate()
            .map(|(index, address)| async move {
                tokio::time::sleep(NEXT_ADDRESS_AFTER * u32::try_from(index).unwrap_or(u32::MAX)).await;
                TcpStream::connect(address).await
            })
            .collect();
        let mut last = fault(FaultCause::Other, "no address answered");
        while let Some(attempt) = attempts.next().await {
            match attempt {
                Ok(stream) => {
                    // Requests are single small writes; waiting to fill a packet only delays them.
                    stream.set_nodelay(true).map_err(|error| of_dial(&error))?;
                    return Ok(stream);
                }
                Err(error) => last = of_dial(&error),
            }
        }
        Err(last)
    }

    /// A TLS connection.
    pub(super) async fn tls(
        &self,
        config: &Arc<rustls::ClientConfig>,
    ) -> Result<TlsStream<TcpStream>, Fault> {
        let name = ServerName::try_from(self.host.clone()).map_err(|_| {
            fault(
                FaultCause::TlsName,
                format!("{} cannot stand in a certificate", self.host),
            )
        })?;
        let stream = self.plain().await?;
        TlsConnector::from(config.clone())
            .connect(name, stream)
            .await
            .map_err(|error| of_dial(&error))
    }

    /// Why a server hung up right after a handshake that looked fine to us.
    ///
    /// In TLS 1.3 the server judges our certificate after we think the handshake is done. Its alert is lost when it
    /// closes with our request unread (the kernel resets the connection), so connect once more, say nothing, and listen.
    pub(super) async fn verdict(&self) -> Option<Fault> {
        let config = self.tls.as_ref()?;
        let mut stream = match self.tls(config).await {
            Ok(stream) => stream,
            Err(fault) => return Some(fault),
        };
        let mut byte = [0_u8; 1];
        match tokio::time::timeout(VERDICT_WAIT, stream.read(&mut byte)).await {
            Ok(Err(error)) => {
                Some(of_dial(&error)).filter(|fault| fault.cause == FaultCause::TlsClientRefused)
            }
            Ok(Ok(_)) | Err(_) => None,
        }
    }
}

/// What a pool dials.
#[derive(Debug)]
pub(super) enum Dialer {
    /// A unix socket, the operator's own or the near end of a tunnel.
    Unix(PathBuf),
    /// TCP.
    Tcp(Tcp),
}

impl Dialer {
    /// The `Host` header: engines ignore it, proxies before them may not.
    pub(super) fn host_header(&self) -> String {
        match self {
            Self::Unix(_) => "localhost".to_owned(),
            Self::Tcp(Tcp { host, port, .. }) if host.contains(':') => format!("[{host}]:{port}"),
            Self::Tcp(Tcp { host, port, .. }) => format!("{host}:{port}"),
        }
    }
}
