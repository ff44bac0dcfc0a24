//! An answer that comes in pieces, as long as it lasts.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::Response;
use hyper::body::{Body as _, Incoming};
use roadstead_model::{Fault, FaultCause};

use super::answer::Answer;
use super::cause::{fault, of_hyper};
use super::pool::Hold;

/// The connection of a longer answer is closed after it: its read buffer has grown, and hundreds of idle connections would keep
/// theirs.
const SMALL_BYTES: usize = 16 * 1024;
/// Largest body of a refusal.
const REFUSAL_MAX_BYTES: usize = 64 * 1024;

/// The bytes of an answer. Dropped before their end, they close their connection; at their end the connection is used
/// again.
pub(crate) struct Streamed {
    body: Incoming,
    hold: Option<Hold>,
    carried_bytes: usize,
}

impl Streamed {
    /// The body of this answer, over the connection that carries it.
    pub(crate) fn of(response: Response<Incoming>, hold: Hold) -> Self {
        Self {
            body: response.into_body(),
            hold: Some(hold),
            carried_bytes: 0,
        }
    }

    /// The next bytes; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, Fault>> {
        loop {
            let hold = self.hold.as_mut()?;
            let body = &mut self.body;
            let frame = poll_fn(|context| {
                hold.poll_pump(context);
                Pin::new(&mut *body).poll_frame(context)
            })
            .await;
            match frame {
                Some(Ok(frame)) => {
                    if let Ok(piece) = frame.into_data()
                        && !piece.is_empty()
                    {
                        self.carried_bytes += piece.len();
                        return Some(Ok(piece));
                    }
                }
                Some(Err(error)) => {
                    self.hold = None;
                    return Some(Err(of_hyper(&error)));
                }
                None => {
                    if let Some(hold) = self.hold.take()
                        && self.carried_bytes <= SMALL_BYTES
                    {
                        hold.give_back().await;
                    }
                    return None;
                }
            }
        }
    }
}

/// The whole of an answer that is a refusal after all; what is too long is cut.
pub(crate) async fn refusal(
    response: Response<Incoming>,
    hold: Hold,
    timeout: Duration,
) -> Result<Answer, Fault> {
    let status = response.status();
    let mut pieces = Streamed::of(response, hold);
    let whole = async {
        let mut whole = BytesMut::new();
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            if whole.len() + piece.len() > REFUSAL_MAX_BYTES {
                break;
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    };
    let body = tokio::time::timeout(timeout, whole)
        .await
        .unwrap_or_else(|_| Err(fault(FaultCause::TimedOut, "no whole answer in time")))?;
    Ok(Answer::of(status, body))
}
