//! Each way a connection can fail, brought about by a real part: the test of an endpoint names it, in time.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command as BlockingCommand;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use roadstead_collect::{ConnectOptions, test};
use roadstead_model::{Endpoint, FaultCause, TlsFiles};
use roadstead_sim::{Fault as SimFault, Fleet, FleetPlan, SimClock, SimHost};
use roadstead_tests::engine::free_port;
use roadstead_tests::program::program;
use roadstead_tests::{
    Authority, EngineKind, KnownHost, Offer, RealEngine, RunningPart, Scratch, Sshd, sshd, until,
};
use rustix::process::{Gid, Uid};
use tokio::net::TcpStream;

/// Time given to a test of an endpoint here.
const TIMEOUT: Duration = Duration::from_secs(8);

fn options(private: &Scratch) -> ConnectOptions {
    ConnectOptions {
        timeout: TIMEOUT,
        ..ConnectOptions::new(private.join("p"))
    }
}

/// The cause a test of the endpoint ends with, having checked that it answered in time and leaks nothing.
async fn cause(endpoint: &Endpoint, options: &ConnectOptions) -> Result<FaultCause> {
    let started = Instant::now();
    let fault = match test(endpoint, options).await {
        Ok(found) => bail!("{endpoint} cannot work, and answered {found:?}"),
        Err(fault) => fault,
    };
    let took = started.elapsed();
    ensure!(took < TIMEOUT + Duration::from_secs(2), "{fault} took {took:?}");
    ensure!(!fault.detail.contains("PRIVATE KEY"), "{fault}");
    ensure!(
        fault.detail.chars().count() <= 300 && !fault.detail.contains('\n'),
        "{fault}"
    );
    Ok(fault.cause)
}

fn unix(path: impl Into<PathBuf>) -> Endpoint {
    Endpoint::Unix { path: path.into() }
}

fn tcp(host: &str, port: u16, tls: Option<TlsFiles>) -> Endpoint {
    Endpoint::Tcp {
        host: host.to_owned(),
        port,
        tls,
    }
}

fn harbor(socket: &Path) -> Endpoint {
    Endpoint::Ssh {
        destination: sshd::ALIAS.to_owned(),
        port: None,
        socket: Some(socket.to_owned()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_there_is_refused_missing_or_unknown() -> Result<()> {
    let scratch = Scratch::new()?;
    let options = options(&scratch);
    assert_eq!(
        cause(&tcp("127.0.0.1", free_port()?, None), &options).await?,
        FaultCause::Refused
    );
    assert_eq!(
        cause(&unix(scratch.join("none.sock")), &options).await?,
        FaultCause::SocketMissing
    );
    let abandoned = scratch.socket("abandoned.sock")?;
    drop(std::os::unix::net::UnixListener::bind(&abandoned)?);
    assert_eq!(
        cause(&unix(&abandoned), &options).await?,
        FaultCause::Refused,
        "a file nobody listens on"
    );
    assert_eq!(
        cause(&tcp("no-such-harbor.invalid", 2376, None), &options).await?,
        FaultCause::NameNotFound
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_without_rights_on_the_socket_is_told_so() -> Result<()> {
    let engine = RealEngine::start(EngineKind::Second).await?;
    let socket = engine.socket().to_owned();
    // Anyone may come as far as the socket, as on any machine; the socket itself is for root and its group.
    let folder = socket.parent().context("the socket is in no folder")?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o711))?;
    let scratch = Scratch::new()?;
    let options = options(&scratch);
    // Credentials are a thread's own in the kernel's eyes: this thread alone becomes an ordinary user.
    let ordinary = std::thread::spawn(move || -> Result<FaultCause> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (group, user) = (Gid::from_raw(65_534), Uid::from_raw(65_534));
        rustix::thread::set_thread_groups(&[])?;
        rustix::thread::set_thread_res_gid(group, group, group)?;
        rustix::thread::set_thread_res_uid(user, user, user)?;
        runtime.block_on(cause(&unix(socket), &options))
    });
    let seen = ordinary
        .join()
        .map_err(|_| anyhow::anyhow!("the thread of the ordinary user panicked"))??;
    assert_eq!(seen, FaultCause::PermissionDenied);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn ssh_names_what_it_was_refused() -> Result<()> {
    let scratch = Scratch::new()?;
    let engine_socket = scratch.join("none.sock");
    let mut server = Sshd::start(true).await?;
    let with = |config: PathBuf| {
        let mut options = options(&scratch);
        options.ssh.config_file = Some(config);
        options
    };
    for (known, offer, wanted) in [
        (KnownHost::Right, Offer::Stranger, FaultCause::SshKeyRefused),
        (KnownHost::Unknown, Offer::Accepted, FaultCause::SshHostKeyUnknown),
        (KnownHost::Changed, Offer::Accepted, FaultCause::SshHostKeyChanged),
        (KnownHost::Right, Offer::Accepted, FaultCause::SocketMissing),
    ] {
        let options = with(server.client_config(known, offer)?);
        assert_eq!(
            cause(&harbor(&engine_socket), &options).await?,
            wanted,
            "{known:?} {offer:?}"
        );
    }
    let config = server.client_config(KnownHost::Right, Offer::Accepted)?;
    server.stop().await?;
    assert_eq!(
        cause(&harbor(&engine_socket), &with(config)).await?,
        FaultCause::Refused,
        "sshd has gone"
    );
    let nowhere = Endpoint::Ssh {
        destination: "no-such-harbor.invalid".to_owned(),
        port: None,
        socket: None,
    };
    assert_eq!(
        cause(&nowhere, &options(&scratch)).await?,
        FaultCause::NameNotFound
    );
    let mut no_ssh = options(&scratch);
    no_ssh.ssh.program = scratch.join("no-ssh");
    assert_eq!(cause(&nowhere, &no_ssh).await?, FaultCause::SshMissing);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_forwards_no_sockets_is_named() -> Result<()> {
    let engine = RealEngine::start(EngineKind::Second).await?;
    let server = Sshd::start(false).await?;
    let scratch = Scratch::new()?;
    let mut options = options(&scratch);
    options.ssh.config_file = Some(server.client_config(KnownHost::Right, Offer::Accepted)?);
    assert_eq!(
        cause(&harbor(engine.socket()), &options).await?,
        FaultCause::ForwardingRefused
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_names_what_is_wrong_with_which_certificate() -> Result<()> {
    let (ours, others) = (Authority::new("ours")?, Authority::new("others")?);
    let engine = RealEngine::start_with_tls(EngineKind::Second, ours.server(&["127.0.0.1"])?).await?;
    let port = engine.tls_port().context("no TLS port")?;
    let scratch = Scratch::new()?;
    let options = options(&scratch);
    let friend = ours.client("friend", &ours)?;

    let good = test(&tcp("127.0.0.1", port, Some(friend.clone())), &options).await;
    assert!(good.is_ok(), "the right certificates work: {good:?}");
    for (what, host, tls, wanted) in [
        ("another name", "localhost", friend.clone(), FaultCause::TlsName),
        (
            "another authority",
            "127.0.0.1",
            ours.client("misled", &others)?,
            FaultCause::TlsCa,
        ),
        (
            "a stranger",
            "127.0.0.1",
            others.client("stranger", &ours)?,
            FaultCause::TlsClientRefused,
        ),
        (
            "no key file",
            "127.0.0.1",
            TlsFiles {
                key: scratch.join("no-key.pem"),
                ..friend.clone()
            },
            FaultCause::CertificateUnreadable,
        ),
        (
            "no certificate in the file",
            "127.0.0.1",
            TlsFiles {
                cert: scratch.write("empty.pem", "not a certificate")?,
                ..friend.clone()
            },
            FaultCause::CertificateUnreadable,
        ),
    ] {
        assert_eq!(
            cause(&tcp(host, port, Some(tls)), &options).await?,
            wanted,
            "{what}"
        );
    }
    assert_eq!(
        cause(&tcp("127.0.0.1", port, None), &options).await?,
        FaultCause::TlsClientRefused,
        "plain HTTP to a TLS port: what is missing is our certificate"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_whose_certificate_ran_out_is_not_trusted() -> Result<()> {
    let ours = Authority::new("ours")?;
    let engine = RealEngine::start_with_tls(EngineKind::Second, ours.expired_server(&["127.0.0.1"])?).await?;
    let port = engine.tls_port().context("no TLS port")?;
    let scratch = Scratch::new()?;
    let endpoint = tcp("127.0.0.1", port, Some(ours.client("friend", &ours)?));
    assert_eq!(cause(&endpoint, &options(&scratch)).await?, FaultCause::TlsCa);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_server_and_an_ssh_server_are_no_engines() -> Result<()> {
    let scratch = Scratch::new()?;
    let options = options(&scratch);
    let site = scratch.make_dir("site")?;
    std::fs::write(site.join("index.html"), "<h1>A page</h1>")?;
    let port = free_port()?;
    let mut command = BlockingCommand::new(program("busybox")?);
    command
        .args(["httpd", "-f", "-p", &format!("127.0.0.1:{port}"), "-h"])
        .arg(&site);
    let mut web = RunningPart::start("httpd", &mut command, &scratch.join("httpd.log"))?;
    web.ready(Duration::from_secs(10), async || {
        Ok(TcpStream::connect(("127.0.0.1", port)).await?)
    })
    .await?;
    assert_eq!(
        cause(&tcp("127.0.0.1", port, None), &options).await?,
        FaultCause::NotAnEngine
    );
    let server = Sshd::start(true).await?;
    assert_eq!(
        cause(&tcp("127.0.0.1", server.port(), None), &options).await?,
        FaultCause::NotAnEngine
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_engine_is_timed_out_and_works_again_when_thawed() -> Result<()> {
    let mut engine = RealEngine::start(EngineKind::Second).await?;
    let scratch = Scratch::new()?;
    let endpoint = unix(engine.socket());
    let mut hasty = options(&scratch);
    hasty.timeout = Duration::from_secs(2);
    engine.freeze()?;
    let started = Instant::now();
    let fault = test(&endpoint, &hasty)
        .await
        .expect_err("a frozen engine cannot answer");
    assert_eq!(fault.cause, FaultCause::TimedOut, "{fault}");
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "answered late: {:?}",
        started.elapsed()
    );
    engine.thaw()?;
    assert!(test(&endpoint, &options(&scratch)).await.is_ok());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_of_long_ago_is_too_old() -> Result<()> {
    // No engine this old can be installed any more, so the simulated one stands in.
    let fleet = Fleet::scripted(FleetPlan::default())?;
    let sim = SimHost::new(&fleet, 0, SimClock::real()).context("the fleet has no host")?;
    let scratch = Scratch::new()?;
    let serving = sim.serve(scratch.socket("old.sock")?)?;
    let endpoint = unix(serving.socket_path());
    assert!(
        test(&endpoint, &options(&scratch)).await.is_ok(),
        "well before the fault"
    );
    serving.set_fault(SimFault::WrongVersion);
    assert_eq!(cause(&endpoint, &options(&scratch)).await?, FaultCause::ApiTooOld);
    serving.heal();
    until("the simulated engine's recovery", TIMEOUT, async || {
        Ok(test(&endpoint, &options(&scratch)).await?)
    })
    .await?;
    serving.stop().await;
    Ok(())
}
