use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use roadstead_collect::{EventCursor, EventStream, connect};
use roadstead_model::FaultCause;

use crate::fake::{FakeEngine, Reply, Then, options};

const EVENTS: &str = include_str!("../fixtures/docker20-events.ndjson");

fn stream_of(text: &str, then: Then) -> Reply {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut bytes = head.as_bytes().to_vec();
    // Pieces that do not end where lines do.
    for piece in text.as_bytes().chunks(97) {
        bytes.extend(format!("{:x}\r\n", piece.len()).into_bytes());
        bytes.extend_from_slice(piece);
        bytes.extend_from_slice(b"\r\n");
    }
    if then == Then::KeepAlive {
        bytes.extend_from_slice(b"0\r\n\r\n");
    }
    Reply::raw(bytes).then(then)
}

async fn drain(stream: &mut EventStream) -> usize {
    let mut count = 0;
    while let Some(event) = stream.next().await {
        event.unwrap();
        count += 1;
    }
    count
}

#[tokio::test]
async fn events_cut_anywhere_are_put_together_again() {
    let server = FakeEngine::healthy_but(|path| {
        path.starts_with("/events")
            .then(|| stream_of(EVENTS, Then::KeepAlive))
    });
    let connection = connect(&server.endpoint, &options(&server.dir)).await.unwrap();
    let mut stream = connection.events(EventCursor::default()).await.unwrap();
    assert_eq!(drain(&mut stream).await, 13);
}

#[tokio::test]
async fn a_second_subscription_starts_where_the_first_ended_and_repeats_nothing() {
    let half: usize = EVENTS.lines().take(7).map(|line| line.len() + 1).sum();
    let subscriptions = AtomicUsize::new(0);
    let server = FakeEngine::healthy_but(move |path| {
        path.starts_with("/events").then(|| {
            // The second answer repeats the last line of the first, as engines do.
            let repeated = EVENTS[..half - 1].rfind('\n').unwrap() + 1;
            match subscriptions.fetch_add(1, Ordering::SeqCst) {
                0 => stream_of(&EVENTS[..half], Then::Close),
                _ => stream_of(&EVENTS[repeated..], Then::KeepAlive),
            }
        })
    });
    let connection = connect(&server.endpoint, &options(&server.dir)).await.unwrap();
    let mut first = connection.events(EventCursor::default()).await.unwrap();
    let mut before_cut = 0;
    let fault = loop {
        match first.next().await.unwrap() {
            Ok(_) => before_cut += 1,
            Err(fault) => break fault,
        }
    };
    assert_eq!(fault.cause, FaultCause::ConnectionLost);
    assert!(first.next().await.is_none(), "a fault ends the stream");
    assert_eq!(before_cut, 7);

    let mut second = connection.events(first.cursor()).await.unwrap();
    assert_eq!(drain(&mut second).await, 6);
    let asked = server.seen.requests().pop().unwrap();
    assert!(asked.contains("since=1795229796.633016646"), "{asked}");
}

#[tokio::test]
async fn an_event_without_an_end_is_cut_off() {
    let server = FakeEngine::healthy_but(|path| {
        path.starts_with("/events")
            .then(|| stream_of(&"x".repeat(3 * 1024 * 1024), Then::Hang))
    });
    let connection = connect(&server.endpoint, &options(&server.dir)).await.unwrap();
    let mut stream = connection.events(EventCursor::default()).await.unwrap();
    let fault = stream.next().await.unwrap().unwrap_err();
    assert_eq!(fault.cause, FaultCause::AnswerTooLarge);
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn noise_in_the_stream_is_told() {
    let server = FakeEngine::healthy_but(|path| {
        path.starts_with("/events")
            .then(|| stream_of("\n<html>\n", Then::Hang))
    });
    let connection = connect(&server.endpoint, &options(&server.dir)).await.unwrap();
    let mut stream = connection.events(EventCursor::default()).await.unwrap();
    assert_eq!(
        stream.next().await.unwrap().unwrap_err().cause,
        FaultCause::BadAnswer
    );
}

#[tokio::test]
async fn a_refused_subscription_is_a_fault() {
    let server = FakeEngine::healthy_but(|path| {
        path.starts_with("/events")
            .then(|| Reply::status(403, "text/plain", "Forbidden"))
    });
    let connection = connect(&server.endpoint, &options(&server.dir)).await.unwrap();
    let refused = connection.events(EventCursor::default()).await.err().unwrap();
    assert_eq!(refused.cause, FaultCause::EngineError);
}

#[tokio::test]
async fn an_open_subscription_leaves_room_for_requests_and_closes_when_dropped() {
    let server =
        FakeEngine::healthy_but(|path| path.starts_with("/events").then(|| stream_of("", Then::Hang)));
    let mut narrow = options(&server.dir);
    narrow.max_connections = 1;
    let connection = connect(&server.endpoint, &narrow).await.unwrap();
    let stream = connection.events(EventCursor::default()).await.unwrap();
    connection.ping().await.unwrap();
    let open = server.seen.open.load(Ordering::SeqCst);
    drop(stream);
    for _ in 0..100 {
        if server.seen.open.load(Ordering::SeqCst) < open {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the stream's socket is still open");
}
