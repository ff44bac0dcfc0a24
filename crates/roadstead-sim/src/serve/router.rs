//! Which question is answered by what.

use std::convert::Infallible;

use hyper::body::Incoming;
use hyper::header::{ALLOW, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::SimHost;
use super::body::{Answer, Content};
use super::fault::Fault;
use super::request::{Path, Query, version};
use super::{containers, events, host, logs, stats};

/// The newest API of an engine that is too old.
pub(super) const OLD_API_VERSION: &str = "1.23";
const API_VERSION: HeaderName = HeaderName::from_static("api-version");
const OS_TYPE: HeaderName = HeaderName::from_static("ostype");
const EXPERIMENTAL: HeaderName = HeaderName::from_static("docker-experimental");

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
    let path = Path::parse(request.uri().path());
    let query = Query::parse(request.uri().query());
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
        _ => route(
            &sim,
            request.method(),
            &path,
            &query,
            fault == Some(Fault::WrongVersion),
        )
        .unwrap_or_else(|refusal| refusal),
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

fn route(
    sim: &SimHost,
    method: &Method,
    path: &Path,
    query: &Query,
    too_old: bool,
) -> Result<Answer, Answer> {
    check_version(sim, path, too_old)?;
    let segments: Vec<&str> = path.segments.iter().map(String::as_str).collect();
    // Refused before it is looked up, but only where there is something to look up.
    let readable = |answer: &dyn Fn() -> Result<Answer, Answer>| {
        if matches!(*method, Method::GET | Method::HEAD) {
            answer()
        } else {
            Err(Answer::error(
                StatusCode::METHOD_NOT_ALLOWED,
                &format!("{method} is not allowed: the simulated fleet can only be read"),
            ))
        }
    };
    match segments.as_slice() {
        ["_ping"] => readable(&|| Ok(Answer::whole("text/plain; charset=utf-8", "OK"))),
        ["version"] => readable(&|| Ok(host::version(sim, too_old))),
        ["info"] => readable(&|| Ok(host::info(sim))),
        ["events"] => readable(&|| events::events(sim, query)),
        ["containers", "json"] => readable(&|| containers::list(sim, query)),
        ["containers", id, "json"] => readable(&|| containers::inspect(sim, id)),
        ["containers", id, "stats"] => readable(&|| stats::stats(sim, id, query)),
        ["containers", id, "logs"] => readable(&|| logs::logs(sim, id, query)),
        ["images", "json"] => readable(&|| Ok(host::images(sim))),
        // The name of an image has slashes of its own.
        ["images", name @ .., "json"] => readable(&|| host::image(sim, &name.join("/"))),
        ["system", "df"] => readable(&|| Ok(host::disk_usage(sim))),
        _ => Err(Answer::error(StatusCode::NOT_FOUND, "page not found")),
    }
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
