//! Which question is answered by what.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{ALLOW, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Map, Value};

use super::SimHost;
use super::body::{Answer, Content};
use super::fault::Fault;
use super::request::{Path, Query, version};
use super::{containers, create, events, host, images, inspect, lifecycle, logs, networks, stats};

/// The newest API of an engine that is too old.
pub(super) const OLD_API_VERSION: &str = "1.23";
const API_VERSION: HeaderName = HeaderName::from_static("api-version");
const OS_TYPE: HeaderName = HeaderName::from_static("ostype");
const EXPERIMENTAL: HeaderName = HeaderName::from_static("docker-experimental");

/// No container needs more to be described.
const LARGEST_BODY_BYTES: usize = 4 * 1024 * 1024;

const PAGE: &str = "<!doctype html>\n<html><head><title>Welcome</title></head><body><h1>It works!</h1>\
                    <p>This is a web server, and no engine.</p></body></html>\n";

/// Answers one request, in the way the fault of the moment has it.
pub(super) async fn respond(
    sim: SimHost,
    request: Request<Incoming>,
) -> Result<Response<Content>, Infallible> {
    let fault = sim.fault();
    sim.count_request();
    match fault {
        Some(Fault::Hang) => std::future::pending::<()>().await,
        Some(Fault::Slow(delay)) => tokio::time::sleep(delay).await,
        _ => {}
    }
    let (head, body) = request.into_parts();
    let path = Path::parse(head.uri.path());
    let query = Query::parse(head.uri.query());
    let greeting = matches!(
        path.segments.first().map(String::as_str),
        Some("_ping" | "version")
    );
    let answer = match fault {
        Some(Fault::NotAnEngine) => Answer::whole("text/html; charset=utf-8", PAGE),
        Some(Fault::BadJson) => {
            Answer::whole("application/json", &b"{\"Id\": [truncated, \xff\xfe\x00 ]]"[..])
        }
        Some(Fault::Error500) => Answer::error(
            StatusCode::INTERNAL_SERVER_ERROR,
            "simulated failure: the engine cannot reach containerd",
        ),
        Some(Fault::Huge) if !greeting => Answer::huge(
            path.segments
                .last()
                .is_some_and(|last| last == "json" && path.segments.len() == 2),
        ),
        _ => {
            let too_old = fault == Some(Fault::WrongVersion);
            let answer = match head.method {
                Method::GET | Method::HEAD => read(&sim, &path, &query, too_old),
                method => write(&sim, &method, &path, &query, too_old, body).await,
            };
            answer.unwrap_or_else(|refusal| refusal)
        }
    };
    let mut response = match fault {
        Some(Fault::Cut) => answer.into_half_response(),
        _ => answer.into_response(),
    };
    if fault != Some(Fault::NotAnEngine) {
        let api = match fault {
            Some(Fault::WrongVersion) => OLD_API_VERSION,
            _ => sim.host().machine.flavour.api_version(),
        };
        let headers = response.headers_mut();
        headers.insert(API_VERSION, HeaderValue::from_static(api));
        headers.insert(OS_TYPE, HeaderValue::from_static("linux"));
        headers.insert(EXPERIMENTAL, HeaderValue::from_static("false"));
        if response.status() == StatusCode::METHOD_NOT_ALLOWED {
            response
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
    }
    Ok(response)
}

/// Answers questions.
fn read(sim: &SimHost, path: &Path, query: &Query, too_old: bool) -> Result<Answer, Answer> {
    check_version(sim, path, too_old)?;
    let segments: Vec<&str> = path.segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["_ping"] => Ok(Answer::whole("text/plain; charset=utf-8", "OK")),
        ["version"] => Ok(host::version(sim, too_old)),
        ["info"] => Ok(host::info(sim)),
        ["events"] => events::events(sim, query),
        ["containers", "json"] => containers::list(sim, query),
        ["containers", id, "json"] => inspect::inspect(sim, id),
        ["containers", id, "stats"] => stats::stats(sim, id, query),
        ["containers", id, "logs"] => logs::logs(sim, id, query),
        ["images", "json"] => Ok(images::list(sim)),
        // The name of an image has slashes of its own.
        ["images", name @ .., "json"] => images::inspect(sim, &name.join("/")),
        ["distribution", name @ .., "json"] => images::distribution(sim, &name.join("/")),
        ["networks"] => Ok(networks::list(sim)),
        ["networks", id] => networks::inspect(sim, id),
        ["volumes"] => Ok(networks::volumes(sim)),
        ["volumes", name] => networks::inspect_volume(sim, name),
        ["system", "df"] => Ok(host::disk_usage(sim)),
        _ => Err(no_page()),
    }
}

/// Does what is asked.
async fn write(
    sim: &SimHost,
    method: &Method,
    path: &Path,
    query: &Query,
    too_old: bool,
    body: Incoming,
) -> Result<Answer, Answer> {
    check_version(sim, path, too_old)?;
    let body = whole(body).await?;
    let segments: Vec<&str> = path.segments.iter().map(String::as_str).collect();
    match (method, segments.as_slice()) {
        (&Method::POST, ["containers", "create"]) => create::create(sim, query, path.version, object(&body)?),
        (&Method::POST, ["containers", id, "start"]) => lifecycle::start(sim, id),
        (&Method::POST, ["containers", id, "stop"]) => lifecycle::stop(sim, id).await,
        (&Method::POST, ["containers", id, "restart"]) => lifecycle::restart(sim, id).await,
        (&Method::POST, ["containers", id, "kill"]) => lifecycle::kill(sim, id, query),
        (&Method::POST, ["containers", id, "rename"]) => lifecycle::rename(sim, id, query),
        (&Method::DELETE, ["containers", id]) => lifecycle::remove(sim, id, query),
        (&Method::POST, ["networks", id, "connect"]) => networks::connect(sim, id, &object(&body)?),
        (&Method::POST, ["networks", id, "disconnect"]) => networks::disconnect(sim, id, &object(&body)?),
        (&Method::POST, ["images", "create"]) => images::pull(sim, query),
        (&Method::POST, ["images", name @ .., "tag"]) => images::tag(sim, &name.join("/"), query),
        (&Method::DELETE, ["images", name @ ..]) => images::remove(sim, &name.join("/")),
        (
            _,
            ["_ping" | "version" | "info" | "events"]
            | ["containers" | "images", .., "json"]
            | ["containers", _, "stats" | "logs"]
            | ["system", "df"],
        ) => Err(Answer::error(
            StatusCode::METHOD_NOT_ALLOWED,
            &format!("{method} is not allowed: this can only be read"),
        )),
        _ => Err(no_page()),
    }
}

fn no_page() -> Answer {
    Answer::error(StatusCode::NOT_FOUND, "page not found")
}

/// What came with a request, up to a bound.
async fn whole(body: Incoming) -> Result<Bytes, Answer> {
    let limited = Limited::new(body, LARGEST_BODY_BYTES);
    let whole = limited.collect().await.map_err(|error| {
        Answer::error(
            StatusCode::BAD_REQUEST,
            &format!("the request could not be read: {error}"),
        )
    })?;
    Ok(whole.to_bytes())
}

/// The JSON object that came with a request; nothing is an empty one.
fn object(body: &Bytes) -> Result<Map<String, Value>, Answer> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    serde_json::from_slice(body)
        .map_err(|error| Answer::error(StatusCode::BAD_REQUEST, &format!("invalid JSON: {error}")))
}

/// Refuses an API version the engine does not speak, in its own words.
fn check_version(sim: &SimHost, path: &Path, too_old: bool) -> Result<(), Answer> {
    let Some(asked) = path.version else {
        return Ok(());
    };
    let flavour = sim.host().machine.flavour;
    let (newest, oldest) = match too_old {
        true => (OLD_API_VERSION, "1.12"),
        false => (flavour.api_version(), flavour.min_api_version()),
    };
    let shown = format!("{}.{}", asked.0, asked.1);
    let message = if version(newest).is_some_and(|newest| asked > newest) {
        format!("client version {shown} is too new. Maximum supported API version is {newest}")
    } else if version(oldest).is_some_and(|oldest| asked < oldest) {
        format!(
            "client version {shown} is too old. Minimum supported API version is {oldest}, please upgrade your client \
             to a newer version"
        )
    } else {
        return Ok(());
    };
    Err(Answer::error(StatusCode::BAD_REQUEST, &message))
}
