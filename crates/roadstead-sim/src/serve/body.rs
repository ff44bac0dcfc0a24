//! Answers: whole ones, and those that come bit by bit.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, SERVER};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

/// The content of an answer on its way.
pub(super) type Content = UnsyncBoxBody<Bytes, io::Error>;

const JSON: &str = "application/json";
/// Half an answer is on its way before the connection closes.
const CUT_PAUSE: Duration = Duration::from_millis(5);
/// An endless answer ends after all, should somebody wait for it: 4 GiB.
const HUGE_CHUNKS: usize = 65_536;
const HUGE_CHUNK_BYTES: usize = 65_536;

/// What is answered, before it is put into HTTP.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) content_type: &'static str,
    pub(super) content: Filling,
}

/// What an answer is filled with.
pub(super) enum Filling {
    Whole(Bytes),
    Flowing(BoxStream<'static, Bytes>),
}

impl Answer {
    pub(super) fn whole(content_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        Self {
            status: StatusCode::OK,
            content_type,
            content: Filling::Whole(bytes.into()),
        }
    }

    pub(super) fn json(value: &Value) -> Self {
        Self::whole(JSON, value.to_string())
    }

    /// A status and nothing more.
    pub(super) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            ..Self::whole(JSON, Bytes::new())
        }
    }

    /// JSON that is written already.
    pub(super) fn json_bytes(bytes: Vec<u8>) -> Self {
        Self::whole(JSON, bytes)
    }

    pub(super) fn flowing(content_type: &'static str, stream: BoxStream<'static, Bytes>) -> Self {
        Self {
            status: StatusCode::OK,
            content_type,
            content: Filling::Flowing(stream),
        }
    }

    /// An error as the engine words it: `{"message":"…"}`.
    pub(super) fn error(status: StatusCode, message: &str) -> Self {
        Self {
            status,
            ..Self::json(&json!({ "message": message }))
        }
    }

    /// An answer that does not end: a JSON array of containers, or one long text.
    pub(super) fn huge(of_a_list: bool) -> Self {
        let padding = "x".repeat(HUGE_CHUNK_BYTES);
        let (head, chunk) = if of_a_list {
            ("[", format!("{{\"Id\":\"{padding}\",\"Names\":[\"/huge\"]}},"))
        } else {
            ("{\"padding\":\"", padding)
        };
        let chunk = Bytes::from(chunk);
        let chunks = stream::iter((0..HUGE_CHUNKS).map(move |_| chunk.clone()));
        let head = stream::iter([Bytes::from_static(head.as_bytes())]);
        Self::flowing(JSON, head.chain(chunks).boxed())
    }

    /// The answer in HTTP.
    pub(super) fn into_response(self) -> Response<Content> {
        let content = match self.content {
            Filling::Whole(bytes) => Full::new(bytes).map_err(|never| match never {}).boxed_unsync(),
            Filling::Flowing(stream) => flow(stream.map(Ok).boxed()),
        };
        respond(self.status, self.content_type, content)
    }

    /// The answer with the length of the whole announced, half of it sent, and the connection broken off.
    pub(super) fn into_half_response(self) -> Response<Content> {
        let (half, announced_bytes) = match self.content {
            Filling::Whole(bytes) => (
                stream::iter([bytes.slice(..bytes.len() / 2)]).boxed(),
                Some(bytes.len()),
            ),
            Filling::Flowing(stream) => (stream.take(1).boxed(), None),
        };
        let mut response = respond(self.status, self.content_type, flow(broken_off(half)));
        if let Some(length) = announced_bytes {
            response
                .headers_mut()
                .insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        response
    }
}

fn respond(status: StatusCode, content_type: &'static str, content: Content) -> Response<Content> {
    let mut response = Response::new(content);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(SERVER, HeaderValue::from_static("Roadstead simulated fleet"));
    response
}

fn flow(stream: BoxStream<'static, io::Result<Bytes>>) -> Content {
    StreamBody::new(stream.map(|chunk| chunk.map(Frame::data))).boxed_unsync()
}

/// The stream, a moment for it to leave, and the connection breaks.
fn broken_off(stream: BoxStream<'static, Bytes>) -> BoxStream<'static, io::Result<Bytes>> {
    let end = stream::once(async {
        tokio::time::sleep(CUT_PAUSE).await;
        Err(io::Error::other("cut off, as the fault asks"))
    });
    stream.map(Ok).chain(end).boxed()
}
