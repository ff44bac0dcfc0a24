//! What stays different: another errno, another class of exception, another status is another trouble, wherever it is told.

use roadstead_logs::framing::Stream;
use roadstead_logs::{Assembler, Event};

fn one(lines: &[&str]) -> Event {
    let mut assembler = Assembler::everything();
    let mut events = Vec::new();
    for line in lines {
        assembler.push(Stream::Stdout, None, line, &mut |event| events.push(event));
    }
    assembler.finish(&mut |event| events.push(event));
    assert_eq!(events.len(), 1, "{events:#?}");
    events.remove(0)
}

/// The two ways of ending the same line, or of saying it where `∎` stands, are two troubles; the first said again is one.
fn apart(said: &str, one_way: &str, another: &str) {
    let of = |told: &str| {
        let text = said.replace('∎', told);
        one(&text.lines().collect::<Vec<_>>())
    };
    let (first, second) = (of(one_way), of(another));
    assert_ne!(first.fingerprint, second.fingerprint, "{}", first.masked);
    assert_eq!(first.fingerprint, of(one_way).fingerprint);
}

#[test]
fn within_the_trace_of_node() {
    let trace = "2026-01-02 15:04:05 error: sync failed\nError: ∎\n    at openShop (/srv/app/shop.js:10:12)";
    apart(
        trace,
        "connect ECONNREFUSED 10.0.0.2:5432",
        "connect ETIMEDOUT 10.0.0.2:5432",
    );
    apart(trace, "getaddrinfo ENOTFOUND shop", "getaddrinfo EAI_AGAIN shop");
    let members =
        "2026-01-02 15:04:05 error: x\nError: no\n    at openShop (/srv/app/shop.js:10:12) {\n  ∎\n}";
    apart(members, "code: 'P2002',", "code: 'P2003',");
    apart(members, "status: 404,", "status: 500,");
    apart(
        members,
        "[cause]: Error: connect ECONNREFUSED 10.0.0.2:80",
        "[cause]: Error: connect ETIMEDOUT 10.0.0.2:80",
    );
}

#[test]
fn within_the_trace_of_python() {
    let trace = "Traceback (most recent call last):\n  File \"/srv/shop.py\", line 3, in fetch\n    get()\n∎";
    apart(
        trace,
        "httpx.HTTPStatusError: Client error '404 Not Found' for url 'http://shop.example/a'",
        "httpx.HTTPStatusError: Client error '403 Forbidden' for url 'http://shop.example/a'",
    );
    apart(
        trace,
        "aiohttp.ClientResponseError: 404, message='x', url='http://shop.example/a'",
        "aiohttp.ClientResponseError: 503, message='x', url='http://shop.example/a'",
    );
    apart(
        trace,
        "botocore.exceptions.ClientError: An error occurred (AccessDenied) when calling GetObject: no",
        "botocore.exceptions.ClientError: An error occurred (NoSuchKey) when calling GetObject: no",
    );
}

#[test]
fn within_the_trace_of_dotnet() {
    apart(
        "2026-01-02 15:04:05 ERROR x\nSystem.Net.Http.HttpRequestException: Response status code does not indicate \
         success: ∎.\n   at Shop.Till.Open() in /src/Till.cs:line 3",
        "404 (Not Found)",
        "503 (Service Unavailable)",
    );
}

#[test]
fn within_a_trace_that_is_a_value() {
    let line =
        r#"{"level":50,"msg":"x","err":{"type":"Error","stack":"Error: ∎\n    at a (/srv/a.js:1:1)"}}"#;
    apart(line, "connect ECONNREFUSED", "connect ETIMEDOUT");
    let line = r#"{"level":50,"msg":"x","err":{"type":"Error","stack":"Error: no\n    at a (/srv/a.js:1:1)","code":"∎"}}"#;
    apart(line, "P2002", "P2003");
}

#[test]
fn between_quotes_and_brackets() {
    let line = "2026-01-02 15:04:05 ERROR sync: ∎";
    for (one_way, another) in [
        ("failed: 'ECONNRESET'", "failed: 'EPIPE'"),
        ("failed: \"ECONNRESET\"", "failed: \"EPIPE\""),
        ("the task raised 'ValueError'", "the task raised 'KeyError'"),
        ("failed: `TypeError`", "failed: `RangeError`"),
        ("got <class 'ValueError'>", "got <class 'KeyError'>"),
        ("failed '[Errno 2] x'", "failed '[Errno 13] x'"),
        ("failed {'status': 500, 'n': 1}", "failed {'status': 404, 'n': 1}"),
        (
            "answered \"402 Payment Required\"",
            "answered \"503 Service Unavailable\"",
        ),
        ("failed: <Response [500]>", "failed: <Response [404]>"),
        (
            "failed: HTTPError('404: Not Found')",
            "failed: HTTPError('401: No')",
        ),
        ("upload failed (500)", "upload failed (503)"),
        ("SocketException (111): x", "SocketException (110): x"),
        ("OperationalError: (2003, 'x')", "OperationalError: (1205, 'x')"),
    ] {
        apart(line, one_way, another);
    }
}

#[test]
fn behind_words_and_keys_for_an_answer() {
    let line = "2026-01-02 15:04:05 ERROR ∎";
    for (one_way, another) in [
        ("GET /a HTTP/1.1 502", "GET /a HTTP/1.1 503"),
        ("sync: got 404", "sync: got 403"),
        ("hook responded with 404", "hook responded with 429"),
        (
            "http://shop.example/a replied 500",
            "http://shop.example/a replied 404",
        ),
        ("[WinError 10061] no", "[WinError 10060] no"),
        ("gRPC status 14", "gRPC status 4"),
        ("no http_status=500 a", "no http_status=404 a"),
        ("no http.status_code=500 a", "no http.status_code=404 a"),
        ("no DownstreamStatus=500 a", "no DownstreamStatus=404 a"),
        ("no ResponseCode=500 a", "no ResponseCode=404 a"),
    ] {
        apart(line, one_way, another);
    }
}

#[test]
fn in_fields_of_an_object() {
    let line = r#"{"level":"error","msg":"x",∎}"#;
    for (one_way, another) in [
        (r#""httpStatus":500"#, r#""httpStatus":404"#),
        (r#""errorCode":"E1""#, r#""errorCode":"E2""#),
        (r#""errorType":"NoShop""#, r#""errorType":"NoTill""#),
        (r#""error.kind":"NoShop""#, r#""error.kind":"NoTill""#),
        (
            r#""exception":"java.io.IOException: a""#,
            r#""exception":"java.io.FileNotFoundException: a""#,
        ),
        (
            r#""thrown":"java.io.IOException: a""#,
            r#""thrown":"java.net.BindException: a""#,
        ),
    ] {
        apart(line, one_way, another);
    }
    apart(
        r#"{"t":{"$date":"2026-01-02T15:04:05Z"},"s":"E","c":"STORAGE","id":1,"ctx":"x","msg":"m","attr":{"error":∎}}"#,
        "28",
        "5",
    );
}

#[test]
fn a_count_is_no_answer() {
    let of = |said: &str| one(&[&format!("2026-01-02 15:04:05 ERROR {said}")]).fingerprint;
    assert_eq!(of("got 404 items too many"), of("got 512 items too many"));
    assert_eq!(
        of("sync done: 0 errors, 214 updated"),
        of("sync done: 3 errors, 187 updated")
    );
}
