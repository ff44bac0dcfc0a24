//! Logins as `docker login` leaves them, in directories made for the test.

use std::os::unix::fs::PermissionsExt as _;

use roadstead_model::DeployCause;
use serde_json::Value;
use tempfile::TempDir;

use super::*;

struct Operator {
    dir: TempDir,
}

impl Operator {
    fn with(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("config.json"), config).unwrap();
        Self { dir }
    }

    fn program(self, name: &str, script: &str) -> Self {
        let path = self.dir.path().join(format!("docker-credential-{name}"));
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    async fn login(&self, registry: &str) -> Login {
        let options = RegistryOptions {
            config_dir: Some(self.dir.path().to_owned()),
            search_path: Some(self.dir.path().as_os_str().to_owned()),
        };
        Login::find(&options, registry).await
    }

    /// What the engine is told; null when nothing is.
    async fn told(&self, registry: &str) -> Value {
        let login = self.login(registry).await;
        let Some(header) = &login.header else {
            return Value::Null;
        };
        serde_json::from_slice(&URL_SAFE.decode(header.as_bytes()).unwrap()).unwrap()
    }
}

/// `bob:hunter2`.
const BOB: &str = "Ym9iOmh1bnRlcjI=";

#[tokio::test]
async fn a_plain_entry_is_found_however_its_server_is_written() {
    for key in [
        "registry.example:5000",
        "https://registry.example:5000",
        "http://registry.example:5000/v2/",
    ] {
        let operator = Operator::with(&json!({"auths": {key: {"auth": BOB}}}).to_string());
        assert_eq!(
            operator.told("registry.example:5000").await,
            json!({"username": "bob", "password": "hunter2", "serveraddress": "registry.example:5000"}),
            "{key}"
        );
        assert_eq!(operator.told("registry.example").await, Value::Null, "{key}");
    }
}

#[tokio::test]
async fn docker_hub_has_a_name_of_its_own() {
    let operator = Operator::with(&json!({"auths": {HUB_SERVER: {"auth": BOB}}}).to_string());
    assert_eq!(operator.told("docker.io").await["username"], "bob");
    assert_eq!(operator.told("docker.io").await["serveraddress"], HUB_SERVER);
}

#[tokio::test]
async fn a_token_goes_instead_of_a_password() {
    let operator = Operator::with(
        &json!({"auths": {"r.example": {"auth": "Ym9iOg==", "identitytoken": "tok-en-1"}}}).to_string(),
    );
    let told = operator.told("r.example").await;
    assert_eq!(
        (told["identitytoken"].as_str(), told.get("password")),
        (Some("tok-en-1"), None)
    );
}

#[tokio::test]
async fn credential_programs_are_asked_for_their_registry() {
    let operator = Operator::with(
        r#"{"auths": {"r.example": {}}, "credsStore": "all", "credHelpers": {"own.example": "own"}}"#,
    )
    .program(
        "all",
        r#"read server; echo "{\"ServerURL\":\"$server\",\"Username\":\"ann\",\"Secret\":\"of-$server\"}""#,
    )
    .program("own", r#"echo '{"Username":"<token>","Secret":"tok-en-1"}'"#);
    assert_eq!(operator.told("r.example").await["password"], "of-r.example");
    assert_eq!(
        operator.told("docker.io").await["password"],
        format!("of-{HUB_SERVER}")
    );
    assert_eq!(operator.told("own.example").await["identitytoken"], "tok-en-1");
}

#[tokio::test]
async fn a_program_without_a_login_leaves_the_file_to_say() {
    let config = json!({"auths": {"r.example": {"auth": BOB}}, "credsStore": "all"}).to_string();
    let operator =
        Operator::with(&config).program("all", "echo 'credentials not found in native keychain'; exit 1");
    assert_eq!(operator.told("r.example").await["username"], "bob");
    assert_eq!(operator.told("other.example").await, Value::Null);
}

#[tokio::test]
async fn what_cannot_be_read_is_told_with_the_refusal_it_leads_to() {
    for (config, script, words) in [
        ("{ not json", "", "not JSON at line 1"),
        (
            r#"{"credsStore": "gone"}"#,
            "",
            "docker-credential-gone is not installed",
        ),
        (r#"{"credsStore": "../../bin/sh"}"#, "", "that is no name"),
        (
            r#"{"credsStore": "odd"}"#,
            "echo hunter2; exit 3",
            "docker-credential-odd failed",
        ),
        (
            r#"{"credsStore": "odd"}"#,
            "echo hunter2",
            "did not answer with a login",
        ),
        (
            r#"{"auths": {"r.example": {"auth": "no base64!"}}}"#,
            "",
            "not of the kind that `docker login` writes",
        ),
    ] {
        let login = Operator::with(config)
            .program("odd", script)
            .login("r.example")
            .await;
        assert!(login.header().is_none(), "{config}");
        let refusal = login.explain(WriteRefusal::new(DeployCause::PullDenied, "unauthorized"));
        let said = refusal.into_raw_text_to_be_redacted();
        assert!(said.contains(words), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[tokio::test]
async fn no_configuration_is_no_login_and_no_problem() {
    let operator = Operator {
        dir: tempfile::tempdir().unwrap(),
    };
    let login = operator.login("r.example").await;
    assert!(login.header().is_none() && login.problem.is_none());
    let none = Login::find(&RegistryOptions::default(), "r.example").await;
    assert!(none.header().is_none() && none.problem.is_none());
}

#[tokio::test]
async fn a_secret_that_an_engine_repeats_is_masked() {
    let operator = Operator::with(&json!({"auths": {"r.example": {"auth": BOB}}}).to_string());
    let login = operator.login("r.example").await;
    let header = login.header.as_ref().unwrap().to_string();
    let said = format!("proxy said: bob:hunter2 is not {BOB} is not {header}");
    let refusal = login.explain(WriteRefusal::new(DeployCause::PullDenied, &said));
    let shown = format!("{refusal:?} {refusal} {:?}", login.header());
    let raw = refusal.into_raw_text_to_be_redacted();
    for secret in ["hunter2", BOB, header.as_str()] {
        assert!(!raw.contains(secret) && !shown.contains(secret), "{raw} {shown}");
    }
}
