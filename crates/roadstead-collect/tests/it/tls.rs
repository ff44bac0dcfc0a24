use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};
use roadstead_collect::{ConnectOptions, connect};
use roadstead_model::{Endpoint, Fault, FaultCause, TlsFiles};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::fake::{FakeEngine, Seen, healthy, options, serve};

/// An authority of the test's own.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// A certificate and its key.
    fn sign(&self, name: &str, expired: bool) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

/// An engine behind TLS that lets in whom `clients` signed.
struct TlsEngine {
    port: u16,
    seen: Arc<Seen>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for TlsEngine {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl TlsEngine {
    async fn start(
        shown: &(String, String),
        clients: &Authority,
        version: &'static SupportedProtocolVersion,
    ) -> Self {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(clients.pem.as_bytes()).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .build()
            .unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(shown.0.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(shown.1.as_bytes()).unwrap(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Seen::default());
        let for_task = seen.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, seen) = (acceptor.clone(), for_task.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(stream, Arc::new(healthy), seen).await;
                    }
                });
            }
        });
        Self { port, seen, task }
    }
}

/// Certificate files as an operator has them.
struct Wallet {
    dir: TempDir,
    files: TlsFiles,
}

impl Wallet {
    fn new(trusted: &Authority, own: &(String, String)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| -> PathBuf {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let files = TlsFiles {
            ca: put("ca.pem", &trusted.pem),
            cert: put("cert.pem", &own.0),
            key: put("key.pem", &own.1),
        };
        Self { dir, files }
    }

    fn options(&self) -> ConnectOptions {
        ConnectOptions {
            timeout: Duration::from_secs(5),
            ..options(&self.dir)
        }
    }

    async fn cause(&self, port: u16) -> Fault {
        let endpoint = endpoint(port, Some(self.files.clone()));
        connect(&endpoint, &self.options()).await.unwrap_err()
    }
}

fn endpoint(port: u16, tls: Option<TlsFiles>) -> Endpoint {
    Endpoint::Tcp {
        host: "localhost".to_owned(),
        port,
        tls,
    }
}

const VERSIONS: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

#[tokio::test]
async fn good_certificates_connect_and_keep_their_connection() {
    for version in VERSIONS {
        let authority = Authority::new();
        let engine = TlsEngine::start(&authority.sign("localhost", false), &authority, version).await;
        let wallet = Wallet::new(&authority, &authority.sign("operator", false));
        let endpoint = endpoint(engine.port, Some(wallet.files.clone()));
        let connection = connect(&endpoint, &wallet.options()).await.unwrap();
        for _ in 0..20 {
            connection.ping().await.unwrap();
        }
        assert_eq!(
            engine.seen.connections.load(Ordering::SeqCst),
            1,
            "one handshake for all requests"
        );
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_told_by_name() {
    let authority = Authority::new();
    let engine = TlsEngine::start(&authority.sign("elsewhere", false), &authority, VERSIONS[1]).await;
    let wallet = Wallet::new(&authority, &authority.sign("operator", false));
    assert_eq!(wallet.cause(engine.port).await.cause, FaultCause::TlsName);
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_not_trusted() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let engine = TlsEngine::start(&stranger.sign("localhost", false), &authority, VERSIONS[1]).await;
    let wallet = Wallet::new(&authority, &authority.sign("operator", false));
    assert_eq!(wallet.cause(engine.port).await.cause, FaultCause::TlsCa);
}

#[tokio::test]
async fn an_expired_certificate_is_not_trusted() {
    let authority = Authority::new();
    let engine = TlsEngine::start(&authority.sign("localhost", true), &authority, VERSIONS[1]).await;
    let wallet = Wallet::new(&authority, &authority.sign("operator", false));
    let fault = wallet.cause(engine.port).await;
    assert_eq!(fault.cause, FaultCause::TlsCa);
    assert!(fault.detail.contains("expired"), "{fault}");
}

#[tokio::test]
async fn an_engine_that_refuses_our_certificate_says_so_in_both_versions() {
    for version in VERSIONS {
        let (authority, stranger) = (Authority::new(), Authority::new());
        let engine = TlsEngine::start(&authority.sign("localhost", false), &authority, version).await;
        let wallet = Wallet::new(&authority, &stranger.sign("operator", false));
        // More than once: in TLS 1.3 the verdict races with our request.
        for _ in 0..10 {
            let fault = wallet.cause(engine.port).await;
            assert_eq!(fault.cause, FaultCause::TlsClientRefused, "{version:?}: {fault}");
        }
    }
}

#[tokio::test]
async fn plain_text_to_a_tls_engine_is_not_taken_for_an_engine() {
    let authority = Authority::new();
    let engine = TlsEngine::start(&authority.sign("localhost", false), &authority, VERSIONS[1]).await;
    let dir = tempfile::tempdir().unwrap();
    let fault = connect(&endpoint(engine.port, None), &options(&dir))
        .await
        .unwrap_err();
    assert!(
        matches!(fault.cause, FaultCause::NotAnEngine | FaultCause::ConnectionLost),
        "{fault}"
    );
}

#[tokio::test]
async fn tls_to_a_plain_engine_is_not_taken_for_an_engine() {
    let server = FakeEngine::tcp(healthy).await;
    let Endpoint::Tcp { port, .. } = server.endpoint else {
        panic!("a tcp server has a port")
    };
    let authority = Authority::new();
    let wallet = Wallet::new(&authority, &authority.sign("operator", false));
    // The server waits for the end of a request that never comes, or answers in plain text.
    let fault = wallet.cause(port).await;
    assert!(
        matches!(fault.cause, FaultCause::NotAnEngine | FaultCause::TimedOut),
        "{fault}"
    );
}

#[tokio::test]
async fn a_certificate_file_that_cannot_be_used_is_named() {
    let authority = Authority::new();
    let own = authority.sign("operator", false);
    let other = authority.sign("operator", false);
    let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    for (file, text, wanted) in [
        ("ca.pem", None, "ca.pem"),
        ("cert.pem", Some(""), "holds no certificate"),
        ("key.pem", Some("hunter2"), "holds no private key"),
        ("key.pem", Some(locked), "passphrase"),
        (
            "key.pem",
            Some(other.1.as_str()),
            "not the key of the certificate",
        ),
        ("cert.pem", Some("-----BEGIN CERTIFICATE-----\n!\n"), "cert.pem"),
    ] {
        let wallet = Wallet::new(&authority, &own);
        let path = wallet.dir.path().join(file);
        match text {
            Some(text) => std::fs::write(&path, text).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        let fault = wallet.cause(1).await;
        assert_eq!(fault.cause, FaultCause::CertificateUnreadable, "{file}: {fault}");
        assert!(fault.detail.contains(wanted), "{file}: {fault}");
        assert!(!fault.detail.contains("hunter2"), "{fault}");
    }
}
