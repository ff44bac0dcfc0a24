//! The acceptance vectors for single lines: how bad is it, and what is it the same as?

use roadstead_logs::framing::{Decoder, Stream};
use roadstead_logs::{Assembler, Event, Severity};

/// The events in lines that a container printed.
fn events(lines: &str) -> Vec<Event> {
    let mut framed = Vec::new();
    for line in lines.split('\n') {
        framed.extend_from_slice(b"2026-01-02T15:04:05.000000000Z ");
        framed.extend_from_slice(line.as_bytes());
        framed.push(b'\n');
    }
    let mut assembler = Assembler::everything();
    let mut events = Vec::new();
    let mut decoder = Decoder::terminal();
    decoder.push(&framed, |line| {
        assembler.push(Stream::Stdout, line.at_ns, line.text, &mut |event| {
            events.push(event)
        });
    });
    assembler.finish(&mut |event| events.push(event));
    events
}

fn only(line: &str) -> Event {
    let mut events = events(line);
    assert_eq!(events.len(), 1, "{line}");
    events.remove(0)
}

#[test]
fn each_line_is_as_bad_as_it_says() {
    use Severity::{Error, Other, Warn};
    for (line, severity) in [
        (
            "2026-01-02 15:04:05,123 ERROR django.request Internal Server Error",
            Error,
        ),
        ("2026-01-02T15:04:05.123+01:00 ERROR boom", Error),
        ("[2026-01-02 15:04:05] app.ERROR: boom", Error),
        (
            "E0102 15:04:05.678901   12345 reflector.go:138] Failed to watch",
            Error,
        ),
        ("I0102 15:04:05.678901   12345 main.go:1] error count is 0", Other),
        (
            r#"{"level":"error","ts":1767366245.12,"msg":"dial tcp 10.0.0.5:53412: refused"}"#,
            Error,
        ),
        (r#"{"level":50,"time":1767366245123,"pid":1,"msg":"boom"}"#, Error),
        (
            "ts=2026-01-02T15:04:05Z caller=main.go:10 component=x shard=1 tenant=a level=error msg=boom",
            Error,
        ),
        (r#"level=warn msg="disk full""#, Warn),
        (
            "1:M 02 Jan 2026 15:04:05.123 # Warning: overcommit_memory is set to 0",
            Warn,
        ),
        (
            r#"2026-01-02 15:04:05.123 UTC [123] ERROR:  relation "x" does not exist"#,
            Error,
        ),
        (
            "2026-01-02 15:04:05.123 UTC [123] LOG:  checkpoint complete: 0 errors",
            Other,
        ),
        (
            r#"10.0.0.1 - - [02/Jan/2026:15:04:05 +0000] "GET /error HTTP/1.1" 200 12"#,
            Other,
        ),
        ("\x1b[31mERROR\x1b[0m cannot bind", Error),
        ("INFO joined room zoom-12 (skilled users: 3)", Other),
        ("INFO no error found", Other),
        ("WARN failed with error code 5", Warn),
        ("criteria matched", Other),
        ("Caused by: java.lang.NullPointerException: null", Error),
        ("npm ERR! code ELIFECYCLE", Error),
        ("<3>kernel: Out of memory: Killed process 1234 (java)", Error),
        ("Jan  2 15:04:05 host app: error x", Error),
        ("req 550e8400-e29b-41d4-a716-446655440000 error", Error),
        ("error commit deadbeef1234567890abcdef1234567890abcdef bad", Error),
        ("done: 0 errors", Other),
        ("err=<nil>", Other),
        ("failed=0", Other),
    ] {
        assert_eq!(only(line).severity, severity, "{line}");
    }
}

#[test]
fn what_varies_is_masked_and_what_tells_stays() {
    assert_eq!(
        only("req 550e8400-e29b-41d4-a716-446655440000 error").masked,
        "req <UUID> error"
    );
    assert_eq!(
        only("error commit deadbeef1234567890abcdef1234567890abcdef bad").masked,
        "error commit <HEX> bad"
    );
}

#[test]
fn repetitions_of_a_trouble_are_one_issue() {
    for (one, other) in [
        ("error user 12345 not found", "error user 123456 not found"),
        (
            "2026-01-02 15:04:05,123 ERROR x.y boom",
            "2026-03-04 05:06:07,008 ERROR x.y boom",
        ),
        (
            "2026-01-02T15:04:05.123+01:00 ERROR boom",
            "2026-01-02T15:04:05Z ERROR boom",
        ),
        (
            "Jan  2 15:04:05 host app: error x",
            "Jan 12 15:04:05 other app: error x",
        ),
        (
            "E0102 15:04:05.678901   12345 a.go:138] Failed",
            "E0103 16:04:05.000001       1 a.go:138] Failed",
        ),
        ("\x1b[31mERROR\x1b[0m cannot bind", "ERROR cannot bind"),
        (
            r#"{"level":"error","ts":1767366245.12,"msg":"dial tcp 10.0.0.5:53412: refused"}"#,
            r#"{"level":"error","ts":1767366246.99,"msg":"dial tcp 10.0.0.7:99: refused"}"#,
        ),
        (
            "2026-01-02 15:04:05.123 UTC [123] ERROR:  bad",
            "2026-01-02 15:04:06.123 UTC [99] ERROR:  bad",
        ),
    ] {
        assert_eq!(only(one).fingerprint, only(other).fingerprint, "{one}\n{other}");
    }
}

#[test]
fn different_troubles_are_different_issues() {
    for (one, other) in [
        ("ERROR connect: errno=111", "ERROR connect: errno=113"),
        ("ERROR [Errno 111] x", "ERROR [Errno 113] x"),
        ("ERROR upstream returned 502", "ERROR upstream returned 503"),
        (
            "ERROR java.lang.IllegalStateException: x",
            "ERROR java.lang.IllegalArgumentException: x",
        ),
        ("ERROR exit code 1", "ERROR exit code 137"),
    ] {
        assert_ne!(only(one).fingerprint, only(other).fingerprint, "{one}\n{other}");
    }
}
