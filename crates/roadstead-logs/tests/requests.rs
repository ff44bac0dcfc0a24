//! Lines that tell what was asked of a server and what it answered.

use roadstead_logs::framing::Stream;
use roadstead_logs::{Assembler, Event, Severity};

fn events(lines: &[&str]) -> Vec<Event> {
    let mut assembler = Assembler::everything();
    let mut events = Vec::new();
    for line in lines {
        assembler.push(Stream::Stdout, None, line, &mut |event| events.push(event));
    }
    assembler.finish(&mut |event| events.push(event));
    events
}

fn one(lines: &[&str]) -> Event {
    let mut events = events(lines);
    assert_eq!(events.len(), 1, "{events:#?}");
    events.remove(0)
}

fn severities(lines: &[&str]) -> Vec<Severity> {
    events(lines).iter().map(|event| event.severity).collect()
}

#[test]
fn an_answer_before_the_operation_is_an_access_line() {
    assert_eq!(
        severities(&[
            "2026-01-02T15:04:05.123Z [503 Service Unavailable] s3.Put s3.example/x 10.0.0.5 31ms",
            "2026-01-02T15:04:05.124Z [200 OK] s3.Put s3.example/x 10.0.0.5 31ms",
        ]),
        [Severity::Error, Severity::Other]
    );
}

#[test]
fn a_request_within_the_message_is_grouped_as_requests_are() {
    let line = |path: &str, status: u16| {
        format!(
            "time=\"2026-01-02T15:04:05Z\" level=warning msg=\"10.0.0.3 - [Fri, 02 Jan 2026 15:04:05 UTC] \\\"GET {path} \
             HTTP/1.1 {status} 4.12ms \\\"agent\\\" \\\"\""
        )
    };
    let of = |path, status| one(&[&line(path, status)]).fingerprint;
    assert_eq!(of("/a", 403), of("/b?x=1", 403));
    assert_ne!(of("/a", 403), of("/a", 404));
}

#[test]
fn an_answer_of_failure_weighs_more_than_the_level_before_every_request() {
    for failed in [
        r#"INFO:     10.0.0.8:51560 - "GET /items/88 HTTP/1.1" 500 Internal Server Error"#,
        "2026/01/02 15:04:05 [I] router: completed PUT /blobs/1 for 10.0.0.8:0, 502 Bad Gateway in 7.0ms",
        "[2026-01-02 15:04:05.123][response][INFO] (sync) GET /api/sync => 500 Internal Server Error",
    ] {
        assert_eq!(severities(&[failed]), [Severity::Error], "{failed}");
    }
}

#[test]
fn a_level_is_believed_where_no_request_of_this_server_failed() {
    for harmless in [
        r#"INFO:     10.0.0.8:51560 - "GET /items/500 HTTP/1.1" 200 OK"#,
        r#"INFO:     10.0.0.8:51560 - "GET /items/88 HTTP/1.1" 404 Not Found"#,
        "2026-01-02 15:04:05 INFO shop: probing GET http://shop.example/health 503, is it down?",
        "2026-01-02 15:04:05 INFO shop: 500 parcels sent, GET /parcels lists them",
        r#"2026-01-02 15:04:05 INFO {"method":"GET","path":"/items","status": 500}"#,
    ] {
        assert_eq!(severities(&[harmless]), [Severity::Other], "{harmless}");
    }
}
