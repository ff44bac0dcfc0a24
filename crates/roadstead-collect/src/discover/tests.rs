//! Discovery over directories made for the test.

use std::os::unix::net::UnixListener;
use std::path::Path;

use tempfile::TempDir;

use super::*;

struct Machine {
    dir: TempDir,
    sources: DiscoverSources,
    sockets: Vec<UnixListener>,
}

impl Machine {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let sources = DiscoverSources {
            home: Some(dir.path().join("home")),
            runtime_dir: Some(dir.path().join("runtime")),
            root: dir.path().join("root"),
            uid: Some(1000),
            ..DiscoverSources::default()
        };
        Self {
            dir,
            sources,
            sockets: Vec::new(),
        }
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn socket(&mut self, path: &str) {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        self.sockets.push(UnixListener::bind(path).unwrap());
    }

    fn set(&mut self, name: &str, value: impl AsRef<Path>) {
        let value = value.as_ref().to_string_lossy().into_owned();
        self.sources.env.insert(name.to_owned(), value);
    }

    fn context(&self, hash: &str, name: &str, host: &str) {
        let text = serde_json::json!({"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host}}});
        self.write(
            &format!("home/.docker/contexts/meta/{hash}/meta.json"),
            &text.to_string(),
        );
    }

    fn found(&self) -> Discovery {
        discover_hosts(&self.sources)
    }
}

fn shown(found: &Discovery) -> Vec<(String, bool)> {
    let row = |c: &HostCandidate| (format!("{} {}", c.name, c.endpoint), c.current);
    found.candidates.iter().map(row).collect()
}

#[test]
fn an_empty_machine_has_nothing_and_no_problem() {
    assert_eq!(Machine::new().found(), Discovery::default());
}

#[test]
fn local_sockets_are_offered_when_they_are_there() {
    let mut machine = Machine::new();
    machine.socket("root/var/run/docker.sock");
    machine.socket("runtime/docker.sock");
    machine.socket("root/run/podman/podman.sock");
    machine.socket("runtime/podman/podman.sock");
    let sources: Vec<_> = machine
        .found()
        .candidates
        .into_iter()
        .map(|c| (c.source, c.current))
        .collect();
    assert_eq!(
        sources,
        [
            (HostSource::LocalSocket, true),
            (HostSource::RootlessDocker, false),
            (HostSource::Podman, false),
            (HostSource::RootlessPodman, false),
        ]
    );
}

#[test]
fn a_plain_file_in_the_place_of_a_socket_is_not_offered() {
    let machine = Machine::new();
    machine.write("root/var/run/docker.sock", "");
    assert!(machine.found().candidates.is_empty());
}

#[test]
fn contexts_are_offered_with_their_certificates_and_the_current_one_first() {
    let mut machine = Machine::new();
    machine.socket("root/var/run/docker.sock");
    machine.write("home/.docker/config.json", r#"{"currentContext":"nas"}"#);
    machine.context("aa", "edge", "tcp://10.0.0.5:2376");
    machine.write("home/.docker/contexts/tls/aa/docker/ca.pem", "");
    machine.context("bb", "nas", "ssh://ops@nas");
    let found = machine.found();
    assert_eq!(found.problems, []);
    let local = machine.dir.path().join("root/var/run/docker.sock");
    assert_eq!(
        shown(&found),
        [
            ("nas ssh://ops@nas".to_owned(), true),
            ("edge tcp://10.0.0.5:2376".to_owned(), false),
            (format!("local unix://{}", local.display()), false),
        ]
    );
    let Endpoint::Tcp { tls: Some(files), .. } = &found.candidates[1].endpoint else {
        panic!("a context with one certificate file must not fall back to plain text");
    };
    assert!(files.key.ends_with("contexts/tls/aa/docker/key.pem"));
}

#[test]
fn docker_host_wins_over_every_context() {
    let mut machine = Machine::new();
    machine.write("home/.docker/config.json", r#"{"currentContext":"nas"}"#);
    machine.context("bb", "nas", "ssh://nas");
    machine.set("DOCKER_HOST", "tcp://10.0.0.9:2376");
    machine.set("DOCKER_TLS_VERIFY", "1");
    machine.set("DOCKER_CERT_PATH", "/certs");
    let found = machine.found();
    assert_eq!(
        shown(&found),
        [
            ("10.0.0.9 tcp://10.0.0.9:2376".to_owned(), true),
            ("nas ssh://nas".to_owned(), false)
        ]
    );
    assert!(matches!(
        &found.candidates[0].endpoint,
        Endpoint::Tcp { tls: Some(files), .. } if files.ca == Path::new("/certs/ca.pem")
    ));
}

#[test]
fn docker_context_wins_over_the_configured_one() {
    let mut machine = Machine::new();
    machine.write("home/.docker/config.json", r#"{"currentContext":"nas"}"#);
    machine.context("aa", "edge", "ssh://edge");
    machine.context("bb", "nas", "ssh://nas");
    machine.set("DOCKER_CONTEXT", "edge");
    assert_eq!(shown(&machine.found())[0], ("edge ssh://edge".to_owned(), true));
}

#[test]
fn the_configuration_may_live_elsewhere() {
    let mut machine = Machine::new();
    let elsewhere = machine.dir.path().join("home/.docker");
    machine.context("bb", "nas", "ssh://nas");
    machine.sources.home = None;
    machine.set("DOCKER_CONFIG", elsewhere);
    assert_eq!(shown(&machine.found()).len(), 1);
}

#[test]
fn one_engine_found_twice_is_offered_once_and_stays_current() {
    let mut machine = Machine::new();
    machine.socket("root/var/run/docker.sock");
    let address = format!(
        "unix://{}",
        machine.dir.path().join("root/var/run/docker.sock").display()
    );
    machine.context("aa", "desktop", &address);
    let found = machine.found();
    assert_eq!(shown(&found), [(format!("desktop {address}"), true)]);
}

#[test]
fn what_cannot_be_read_is_told_beside_what_was_found() {
    let mut machine = Machine::new();
    machine.write("home/.docker/config.json", "{ not json");
    machine.write("home/.docker/contexts/meta/aa/meta.json", r#"{"Name": 5}"#);
    machine.context("bb", "pipe", "npipe:////./pipe/docker_engine");
    machine.context("cc", "good", "ssh://good");
    machine.set("DOCKER_HOST", "ssh://ops:hunter2@nas");
    let found = machine.found();
    assert_eq!(shown(&found), [("good ssh://good".to_owned(), false)]);
    let told = format!("{:?}", found.problems);
    for part in ["DOCKER_HOST", "aa/meta.json", "bb/meta.json"] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn a_current_context_that_does_not_exist_is_told() {
    let machine = Machine::new();
    machine.write("home/.docker/config.json", r#"{"currentContext":"gone"}"#);
    let found = machine.found();
    assert_eq!(found.problems.len(), 1);
    let name = "gone".to_owned();
    assert_eq!(found.problems[0].cause, DiscoverCause::NoSuchContext { name });
}

#[test]
fn a_context_that_skips_verification_is_verified_and_told() {
    let machine = Machine::new();
    machine.write(
        "home/.docker/contexts/meta/aa/meta.json",
        r#"{"Name":"lax","Endpoints":{"docker":{"Host":"tcp://h:2376","SkipTLSVerify":true}}}"#,
    );
    let found = machine.found();
    assert_eq!(found.candidates.len(), 1);
    let name = "lax".to_owned();
    assert_eq!(found.problems[0].cause, DiscoverCause::AlwaysVerified { name });
}

#[test]
fn a_context_without_docker_is_no_problem() {
    let machine = Machine::new();
    machine.write(
        "home/.docker/contexts/meta/aa/meta.json",
        r#"{"Name":"cluster","Endpoints":{"kubernetes":{"Host":"https://k"}}}"#,
    );
    assert_eq!(machine.found(), Discovery::default());
}
