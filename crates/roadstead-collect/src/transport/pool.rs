//! Kept-alive HTTP/1.1 connections to one engine. `get` is the one verb written here; anything else is carried as the
//! [`Change`] that [`Writer`](crate::Writer) alone can make.
//!
//! A pool of its own, because two promises are needed that a general client does not make: never more than the allowed
//! number of sockets, and one request after another always on the same socket (the connection is back in the pool
//! before a whole answer is handed out; one that is streamed gives its connection back at its end).

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use roadstead_model::{Fault, FaultCause};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answer::Answer;
use super::cause::{fault, of_hyper};
use super::dial::Dialer;
use crate::write::Change;

/// A connection that was not used for this long is closed at the next use of the pool: proxies and NAT forget it.
const IDLE_LIMIT: Duration = Duration::from_secs(90);
/// Read buffer of a connection; also the largest head of an answer.
const READ_BUFFER_BYTES: usize = 32 * 1024;

/// What we call ourselves.
pub(crate) const OUR_NAME: &str = concat!("roadstead/", env!("CARGO_PKG_VERSION"));

/// How much and how long one answer may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) max_bytes: usize,
    pub(crate) timeout: Duration,
}

/// One HTTP connection; dropping it closes the socket.
///
/// Its pump is driven by whoever waits for an answer instead of a task of its own: a request then never wakes another
/// thread, which costs more than all the rest of a small answer.
struct Wire {
    sender: SendRequest<Full<Bytes>>,
    pump: Pump,
}

/// What moves bytes between the socket and HTTP; gone once the connection has ended.
struct Pump(Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>);

impl Pump {
    fn poll(&mut self, context: &mut Context<'_>) {
        if let Some(pump) = &mut self.0
            && let Poll::Ready(ended) = pump.as_mut().poll(context)
        {
            // Its error reaches whoever waits for an answer.
            if let Err(error) = ended {
                tracing::trace!(%error, "engine connection ended");
            }
            self.0 = None;
        }
    }

    /// The work, with the connection moving as long as it waits.
    async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            self.poll(context);
            work.as_mut().poll(context)
        })
        .await
    }
}

struct Idle {
    wire: Wire,
    since: Instant,
}

/// Connections to one engine.
pub(super) struct Pool {
    dialer: Dialer,
    host_header: String,
    idle: Arc<Mutex<Vec<Idle>>>,
    permits: Arc<Semaphore>,
}

impl Pool {
    pub(super) fn new(dialer: Dialer, max_connections: usize) -> Self {
        Self {
            host_header: dialer.host_header(),
            dialer,
            idle: Arc::default(),
            // One for the event stream, one for a pull, one for everything else.
            permits: Arc::new(Semaphore::new(max_connections.clamp(3, 1024))),
        }
    }

    /// One request and its whole answer, whatever its status.
    pub(super) async fn get(&self, path: &str, bounds: Bounds) -> Result<Answer, Fault> {
        within(bounds.timeout, async {
            let _permit = self.permit().await?;
            let (mut wire, response) = self.ask(path).await?;
            let answer = wire.pump.during(read_whole(response, bounds.max_bytes)).await?;
            let Wire { sender, pump } = &mut wire;
            if pump.during(sender.ready()).await.is_ok() {
                keep(&self.idle, wire);
            }
            Ok(answer)
        })
        .await
    }

    /// One request whose answer is streamed. The stream holds its connection until it is dropped, or gives it back at its end.
    pub(super) async fn get_endless(
        &self,
        path: &str,
        timeout: Duration,
    ) -> Result<(Response<Incoming>, Hold), Fault> {
        within(timeout, async {
            let permit = self.permit().await?;
            let (wire, response) = self.ask(path).await?;
            Ok((
                response,
                Hold {
                    wire,
                    idle: Arc::clone(&self.idle),
                    _permit: permit,
                },
            ))
        })
        .await
    }

    /// One change and its whole answer, whatever its status.
    pub(super) async fn change(&self, change: Change, bounds: Bounds) -> Result<Answer, Fault> {
        within(bounds.timeout, async {
            let _permit = self.permit().await?;
            let (mut wire, response) = self.say(change).await?;
            wire.pump.during(read_whole(response, bounds.max_bytes)).await
        })
        .await
    }

    /// One change whose answer is streamed. Dropping the stream closes its connection, and with it most engines end the work.
    pub(super) async fn change_endless(
        &self,
        change: Change,
        timeout: Duration,
    ) -> Result<(Response<Incoming>, Hold), Fault> {
        within(timeout, async {
            let permit = self.permit().await?;
            let (wire, response) = self.say(change).await?;
            Ok((
                response,
                Hold {
                    wire,
                    idle: Arc::clone(&self.idle),
                    _permit: permit,
                },
            ))
        })
        .await
    }

    /// The head of the answer to a change. It goes on a connection of its own, once: on a kept one that the other side has
    /// closed meanwhile, nobody could tell whether it was done before it was said again.
    async fn say(&self, change: Change) -> Result<(Wire, Response<Incoming>), Fault> {
        let request = change.request(&self.host_header)?;
        let mut wire = self.dial().await?;
        match wire.send(request).await {
            Ok(response) => Ok((wire, response)),
            Err(error) => Err(self.verdict(wire, &error).await),
        }
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, Fault> {
        self.permits
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| fault(FaultCause::ConnectionLost, "the connection was closed"))
    }

    /// The head of an answer. A kept connection may have been closed by the other side in the meantime, so a failure
    /// on one is tried again on a new one: `GET` changes nothing, asking twice is safe.
    async fn ask(&self, path: &str) -> Result<(Wire, Response<Incoming>), Fault> {
        if let Some(mut wire) = self.idle()
            && let Ok(response) = wire.send(self.request(path)?).await
        {
            return Ok((wire, response));
        }
        let mut wire = self.dial().await?;
        match wire.send(self.request(path)?).await {
            Ok(response) => Ok((wire, response)),
            Err(error) => Err(self.verdict(wire, &error).await),
        }
    }

    /// Why a new connection broke off.
    async fn verdict(&self, wire: Wire, error: &hyper::Error) -> Fault {
        drop(wire);
        let fault = of_hyper(error);
        match &self.dialer {
            Dialer::Tcp(tcp) if fault.cause == FaultCause::ConnectionLost => {
                tcp.verdict().await.unwrap_or(fault)
            }
            _ => fault,
        }
    }

    fn request(&self, path: &str) -> Result<Request<Full<Bytes>>, Fault> {
        Request::builder()
            .method(Method::GET)
            .uri(path)
            .header(HOST, &self.host_header)
            .header(USER_AGENT, OUR_NAME)
            .body(Full::default())
            .map_err(|error| fault(FaultCause::Other, error.to_string()))
    }

    async fn dial(&self) -> Result<Wire, Fault> {
        match &self.dialer {
            Dialer::Unix(path) => wire_over(super::dial::unix(path).await?).await,
            Dialer::Tcp(tcp) => match &tcp.tls {
                Some(config) => wire_over(tcp.tls(config).await?).await,
                None => wire_over(tcp.plain().await?).await,
            },
        }
    }

    /// The connection used last that is still open. Those unused for long fall out, so the pool shrinks to what a
    /// round needs.
    fn idle(&self) -> Option<Wire> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|kept| !kept.wire.sender.is_closed() && kept.since.elapsed() < IDLE_LIMIT);
        idle.pop().map(|kept| kept.wire)
    }
}

/// Keeps the connection of an endless answer open.
pub(crate) struct Hold {
    wire: Wire,
    idle: Arc<Mutex<Vec<Idle>>>,
    _permit: OwnedSemaphorePermit,
}

impl Hold {
    /// Moves the connection; to be called before each look for more of the answer.
    pub(crate) fn poll_pump(&mut self, context: &mut Context<'_>) {
        self.wire.pump.poll(context);
    }

    /// The answer has ended after all: its connection can carry the next one.
    pub(crate) async fn give_back(mut self) {
        let Wire { sender, pump } = &mut self.wire;
        if pump.during(sender.ready()).await.is_ok() {
            keep(&self.idle, self.wire);
        }
    }
}

fn keep(idle: &Mutex<Vec<Idle>>, wire: Wire) {
    let since = Instant::now();
    idle.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(Idle { wire, since });
}

/// On the heap, where it ends with its answer: a kept connection remembers whom to wake, and with that the place of whoever
/// waited for it last, which would be thousands of bytes with this in it.
fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, Fault>>,
) -> impl Future<Output = Result<T, Fault>> {
    let work = Box::pin(work);
    async move {
        tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
            Err(fault(
                FaultCause::TimedOut,
                format!("no whole answer within {} s", limit.as_secs_f32()),
            ))
        })
    }
}

async fn wire_over<S>(stream: S) -> Result<Wire, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(READ_BUFFER_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| of_hyper(&error))?;
    Ok(Wire {
        sender,
        pump: Pump(Some(Box::pin(connection))),
    })
}

impl Wire {
    async fn send(&mut self, request: Request<Full<Bytes>>) -> hyper::Result<Response<Incoming>> {
        let Self { sender, pump } = self;
        pump.during(sender.send_request(request)).await
    }
}

async fn read_whole(response: Response<Incoming>, max_bytes: usize) -> Result<Answer, Fault> {
    let too_large = || fault(FaultCause::AnswerTooLarge, format!("more than {max_bytes} bytes"));
    let (head, mut body) = response.into_parts();
    let announced = body.size_hint().lower();
    if announced > max_bytes as u64 {
        return Err(too_large());
    }
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| of_hyper(&error))?;
        if let Ok(piece) = frame.into_data() {
            if whole.len() + piece.len() > max_bytes {
                return Err(too_large());
            }
            whole.extend_from_slice(&piece);
        }
    }
    let is_html = head
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    Ok(Answer {
        status: head.status,
        is_html,
        body: whole.freeze(),
    })
}
