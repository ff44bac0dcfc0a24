//! TLS with client certificates. The material is read from the operator's files at connect and kept in memory only.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use roadstead_model::{Fault, FaultCause, TlsFiles};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::cause::fault;

/// Certificate files are a few kilobytes; anything near this is not one.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// A TLS configuration that trusts only the given authority and shows the given certificate.
///
/// # Errors
/// `CertificateUnreadable` names the file and what is wrong with it, never its contents.
pub(super) fn client_config(files: &TlsFiles) -> Result<Arc<ClientConfig>, Fault> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&files.ca)? {
        roots
            .add(certificate)
            .map_err(|_| unreadable(&files.ca, "holds a certificate that is not an authority's"))?;
    }
    let chain = certificates(&files.cert)?;
    let key = private_key(&files.key)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| fault(FaultCause::Other, error.to_string()))?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => unreadable(&files.key, "is not the key of the certificate"),
            _ => unreadable(&files.key, "holds a kind of key this program cannot use"),
        })?;
    Ok(Arc::new(config))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let text = read(path)?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|_| unreadable(path, "is not a PEM file"))?;
    if found.is_empty() {
        return Err(unreadable(path, "holds no certificate"));
    }
    Ok(found)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Fault> {
    let text = read(path)?;
    if text.windows(9).any(|w| w == b"ENCRYPTED") {
        return Err(unreadable(
            path,
            "is locked with a passphrase: use a key without one",
        ));
    }
    PrivateKeyDer::from_pem_slice(&text).map_err(|_| unreadable(path, "holds no private key"))
}

fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    let mut text = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut text))
        .map_err(|error| unreadable(path, &format!("cannot be read: {}", error.kind())))?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(unreadable(path, "is too large for a certificate"));
    }
    Ok(text)
}

fn unreadable(path: &Path, what: &str) -> Fault {
    fault(
        FaultCause::CertificateUnreadable,
        format!("{} {what}", path.display()),
    )
}
