//! The operator's own login of a registry, as `docker login` left it: read when it is needed, sent with one request,
//! overwritten in memory after that, and never part of a log line or an error.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use hyper::header::HeaderValue;
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use zeroize::Zeroizing;

use super::WriteRefusal;
use crate::options::RegistryOptions;

/// What the docker CLI calls Docker Hub.
const HUB_SERVER: &str = "https://index.docker.io/v1/";
/// What a reference calls it.
const HUB_REGISTRY: &str = "docker.io";
/// Largest configuration of the docker CLI.
const CONFIG_MAX_BYTES: u64 = 1024 * 1024;
/// Largest answer of a credential program.
const HELPER_MAX_BYTES: u64 = 64 * 1024;
/// Time for a credential program: it may ask a keychain, and must not ask a person.
const HELPER_LIMIT: Duration = Duration::from_secs(10);
/// The name a credential program gives with a token instead of a password.
const TOKEN_USER: &str = "<token>";
/// Shorter secrets are not looked for in an engine's words: they would be found everywhere.
const SHORTEST_SECRET: usize = 4;

type Secret = Zeroizing<String>;

/// A login, or none. No `Debug` on purpose.
pub(super) struct Login {
    /// The header's text.
    header: Option<Secret>,
    /// What must not be repeated.
    secrets: Vec<Secret>,
    /// Why there may be none though the operator has one.
    problem: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CliConfig {
    #[serde(default)]
    auths: std::collections::HashMap<String, AuthEntry>,
    #[serde(default)]
    cred_helpers: std::collections::HashMap<String, String>,
    #[serde(default)]
    creds_store: Option<String>,
}

#[derive(Deserialize, Default)]
struct AuthEntry {
    #[serde(default)]
    auth: Option<Secret>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    password: Option<Secret>,
    #[serde(default)]
    identitytoken: Option<Secret>,
    #[serde(default)]
    registrytoken: Option<Secret>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperAnswer {
    username: String,
    secret: Secret,
}

impl Login {
    fn none() -> Self {
        Self {
            header: None,
            secrets: Vec::new(),
            problem: None,
        }
    }

    /// The login for a registry. What cannot be read is no reason not to try without.
    pub(super) async fn find(options: &RegistryOptions, registry: &str) -> Self {
        let Some(dir) = &options.config_dir else {
            return Self::none();
        };
        let server = if registry == HUB_REGISTRY {
            HUB_SERVER
        } else {
            registry
        };
        let problem = match look(options, dir, server).await {
            Ok(Some(entry)) => match Self::of(entry, server) {
                Some(login) => return login,
                None => "its entry in the docker configuration is not of the kind that `docker login` writes"
                    .to_owned(),
            },
            Ok(None) => return Self::none(),
            Err(problem) => problem,
        };
        tracing::warn!(registry, problem, "no login of a registry: trying without");
        Self {
            problem: Some(problem),
            ..Self::none()
        }
    }

    fn of(entry: AuthEntry, server: &str) -> Option<Self> {
        let (username, password) = match (&entry.username, entry.password, entry.auth) {
            (Some(name), Some(password), _) => (Zeroizing::new(name.clone()), password),
            (_, _, Some(auth)) if !auth.is_empty() => {
                let text = Zeroizing::new(STANDARD.decode(auth.trim()).ok()?);
                let text = std::str::from_utf8(&text).ok()?;
                let (name, password) = text.split_once(':')?;
                let password = password.trim_end_matches('\0');
                (
                    Zeroizing::new(name.to_owned()),
                    Zeroizing::new(password.to_owned()),
                )
            }
            (name, _, _) => (
                Zeroizing::new(name.clone().unwrap_or_default()),
                Secret::default(),
            ),
        };
        let token = entry.identitytoken.filter(|token| !token.is_empty());
        let registry_token = entry.registrytoken.filter(|token| !token.is_empty());
        let payload = match (&token, &registry_token) {
            (Some(token), _) => json!({
                "username": username.as_str(), "identitytoken": token.as_str(), "serveraddress": server,
            }),
            (None, Some(token)) => json!({"registrytoken": token.as_str(), "serveraddress": server}),
            (None, None) if password.is_empty() => return None,
            (None, None) => json!({
                "username": username.as_str(), "password": password.as_str(), "serveraddress": server,
            }),
        };
        let payload = Zeroizing::new(payload.to_string());
        let header = Zeroizing::new(URL_SAFE.encode(payload.as_bytes()));
        let basic = STANDARD.encode(format!("{}:{}", username.as_str(), password.as_str()));
        let secrets = [
            Some(password),
            token,
            registry_token,
            Some(Zeroizing::new(basic)),
            Some(header.clone()),
        ];
        Some(Self {
            header: Some(header),
            secrets: secrets
                .into_iter()
                .flatten()
                .filter(|secret| secret.len() >= SHORTEST_SECRET)
                .collect(),
            problem: None,
        })
    }

    /// The header's value, which does not show itself.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(self.header.as_ref()?).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// A refusal without what must not be repeated, and with why there may have been no login.
    pub(super) fn explain(&self, refusal: WriteRefusal) -> WriteRefusal {
        refusal.worded(|said| {
            let masked = self
                .secrets
                .iter()
                .fold(said, |said, secret| said.replace(secret.as_str(), "…"));
            match &self.problem {
                Some(problem) => format!("{masked} ({problem})"),
                None => masked,
            }
        })
    }
}

/// The entry of a server, from wherever the docker CLI keeps it.
async fn look(options: &RegistryOptions, dir: &Path, server: &str) -> Result<Option<AuthEntry>, String> {
    let path = dir.join("config.json");
    let text = match read(&path).await {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("the docker configuration cannot be read: {error}")),
    };
    let mut config: CliConfig = serde_json::from_slice(&text)
        .map_err(|error| format!("the docker configuration is not JSON at line {}", error.line()))?;
    let host = host_of(server);
    let helper = config
        .cred_helpers
        .iter()
        .find(|(name, _)| host_of(name) == host)
        .map(|(_, helper)| helper.clone())
        .or(config.creds_store.take());
    if let Some(helper) = helper.filter(|name| !name.is_empty())
        && let Some(answer) = ask(options, &helper, server).await?
    {
        return Ok(Some(if answer.username == TOKEN_USER {
            AuthEntry {
                identitytoken: Some(answer.secret),
                ..AuthEntry::default()
            }
        } else {
            AuthEntry {
                username: Some(answer.username),
                password: Some(answer.secret),
                ..AuthEntry::default()
            }
        }));
    }
    let exact = config.auths.remove(server);
    let entry = exact.or_else(|| {
        config
            .auths
            .into_iter()
            .find(|(name, _)| host_of(name) == host)
            .map(|(_, entry)| entry)
    });
    // A store leaves an empty entry behind for each login that it keeps.
    Ok(entry.filter(|entry| {
        let has = |secret: &Option<Secret>| secret.as_ref().is_some_and(|secret| !secret.is_empty());
        has(&entry.auth) || has(&entry.password) || has(&entry.identitytoken) || has(&entry.registrytoken)
    }))
}

async fn read(path: &Path) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let file = tokio::fs::File::open(path).await?;
    let mut text = Zeroizing::new(Vec::new());
    file.take(CONFIG_MAX_BYTES).read_to_end(&mut text).await?;
    Ok(text)
}

/// The host of a server as the docker CLI writes it: without scheme and path.
fn host_of(server: &str) -> &str {
    let rest = server.split_once("://").map_or(server, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

/// Asks a credential program. `None`: it has no login for this server.
async fn ask(options: &RegistryOptions, helper: &str, server: &str) -> Result<Option<HelperAnswer>, String> {
    let is_plain = helper
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if !is_plain {
        return Err("the docker configuration names a credential program that is no name".to_owned());
    }
    let name = format!("docker-credential-{helper}");
    let program = find(options, &name).ok_or_else(|| format!("{name} is not installed"))?;
    let asked = tokio::time::timeout(HELPER_LIMIT, talk(&program, server)).await;
    let (succeeded, said) = asked
        .map_err(|_| format!("{name} did not answer within {} s", HELPER_LIMIT.as_secs()))?
        .map_err(|error| format!("{name} did not run: {error}"))?;
    if succeeded {
        let answer =
            serde_json::from_slice(&said).map_err(|_| format!("{name} did not answer with a login"))?;
        return Ok(Some(answer));
    }
    if String::from_utf8_lossy(&said).contains("credentials not found") {
        return Ok(None);
    }
    Err(format!("{name} failed"))
}

/// Where a program is: in the given places, else in `PATH`.
fn find(options: &RegistryOptions, name: &str) -> Option<PathBuf> {
    let places = options.search_path.clone().or_else(|| std::env::var_os("PATH"))?;
    std::env::split_paths(&places)
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
}

/// Whether it succeeded, and what it printed.
async fn talk(program: &Path, server: &str) -> std::io::Result<(bool, Zeroizing<Vec<u8>>)> {
    let mut child = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read its question has its answer all the same.
        if let Err(error) = stdin.write_all(server.as_bytes()).await
            && error.kind() != std::io::ErrorKind::BrokenPipe
        {
            return Err(error);
        }
    }
    let mut said = Zeroizing::new(Vec::new());
    if let Some(stdout) = child.stdout.take() {
        stdout.take(HELPER_MAX_BYTES).read_to_end(&mut said).await?;
    }
    Ok((child.wait().await?.success(), said))
}

#[cfg(test)]
mod tests;
