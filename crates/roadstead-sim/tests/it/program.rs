use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roadstead-sim"));
    command
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

#[test]
fn what_cannot_be_simulated_is_refused_with_what_can() {
    let directory = tempfile::tempdir().unwrap();
    let sockets = directory.path().join("sockets");
    let path = sockets.to_str().unwrap();
    for (arguments, said) in [
        (&["--hosts", "0"][..], "1 to 1000"),
        (&["--fault", "host-9=hang"], "use host-1 to host-5"),
        (&["--fault", "host-1=sleepy"], "not_an_engine"),
        (&["--fault", "host-1"], "HOST=FAULT"),
        (&["--speed", "0"], "0.001 to 1000000"),
        (&["--print", "9"], "10 to 100000 lines"),
    ] {
        let output = program(&[&["--dir", path], arguments].concat()).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        assert!(text.contains(said), "{arguments:?}: {text}");
        assert!(!sockets.exists(), "nothing is made for a refused start");
    }
}

#[test]
fn it_serves_says_where_and_leaves_no_socket_behind() {
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    let mut child = program(&[
        "--dir",
        path,
        "--hosts",
        "2",
        "--speed",
        "60",
        "--fault",
        "host-2=error_500",
    ])
    .spawn()
    .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let told: Vec<String> = lines.take(2).map(Result::unwrap).collect();
    assert!(told[0].starts_with("sim-harbor-01  unix:///"), "{told:?}");
    for (line, status) in told.iter().zip(["200 OK", "500 Internal Server Error"]) {
        let socket = line.rsplit_once("unix://").unwrap().1;
        let mut stream = UnixStream::connect(socket).unwrap();
        stream
            .write_all(b"GET /version HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    }
    let ended = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(ended.success());
    assert!(child.wait().unwrap().success());
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}
