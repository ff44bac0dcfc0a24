//! A request that changes an engine. Its constructors are this folder's alone.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Request};
use roadstead_model::{Fault, FaultCause};
use serde_json::Value;

use super::login::Login;
use crate::transport::{OUR_NAME, fault};

/// The header that carries a login of a registry.
const REGISTRY_AUTH: HeaderName = HeaderName::from_static("x-registry-auth");

/// One request that changes an engine, or that carries a login.
pub(crate) struct Change {
    verb: Method,
    path: String,
    body: Bytes,
    login: Option<HeaderValue>,
}

impl Change {
    pub(super) fn post(path: String, body: Option<&Value>) -> Self {
        Self {
            verb: Method::POST,
            path,
            body: body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string())),
            login: None,
        }
    }

    pub(super) fn delete(path: String) -> Self {
        Self {
            verb: Method::DELETE,
            path,
            body: Bytes::new(),
            login: None,
        }
    }

    /// Changes nothing, and carries a login.
    pub(super) fn look_up(path: String, login: &Login) -> Self {
        Self {
            verb: Method::GET,
            path,
            body: Bytes::new(),
            login: login.header(),
        }
    }

    pub(super) fn with(self, login: &Login) -> Self {
        Self {
            login: login.header(),
            ..self
        }
    }

    /// Under the version agreed on.
    pub(super) fn under(self, version: &str) -> Self {
        Self {
            path: format!("{version}{}", self.path),
            ..self
        }
    }

    /// The request itself.
    ///
    /// # Errors
    /// When the path is no path.
    pub(crate) fn request(self, host_header: &str) -> Result<Request<Full<Bytes>>, Fault> {
        let mut request = Request::builder()
            .method(self.verb)
            .uri(&self.path)
            .header(HOST, host_header)
            .header(USER_AGENT, OUR_NAME);
        if !self.body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if let Some(login) = self.login {
            request = request.header(REGISTRY_AUTH, login);
        }
        request
            .body(Full::new(self.body))
            .map_err(|error| fault(FaultCause::Other, error.to_string()))
    }
}

impl std::fmt::Display for Change {
    /// Verb and path: neither body nor login.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.verb, self.path)
    }
}
