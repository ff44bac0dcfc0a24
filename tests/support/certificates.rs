//! Certificates of a small private authority, as an operator would make them for an engine.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use roadstead_model::TlsFiles;

use crate::scratch::Scratch;

/// Files of an engine's TLS listener.
#[derive(Debug, Clone)]
pub struct ServerCertificate {
    /// Authority whose clients are let in.
    pub client_ca: PathBuf,
    /// The engine's certificate.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// An authority that signs servers and clients; its files live as long as it does.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    scratch: Scratch,
}

impl Authority {
    /// Makes an authority with a fresh key.
    ///
    /// # Errors
    /// When a key cannot be made or a file cannot be written.
    pub fn new(name: &str) -> Result<Self> {
        let scratch = Scratch::new()?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        scratch.write("ca.pem", certificate.pem())?;
        Ok(Self {
            issuer: Issuer::new(params, key),
            scratch,
        })
    }

    /// The authority's own certificate.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.scratch.join("ca.pem")
    }

    /// A certificate for a server of these names (addresses too), with clients of this authority let in.
    ///
    /// # Errors
    /// When a name is none, or a file cannot be written.
    pub fn server(&self, names: &[&str]) -> Result<ServerCertificate> {
        let mut params = named(names)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign_server(params, "server")
    }

    /// As [`Self::server`], but its time ran out years ago.
    ///
    /// # Errors
    /// As [`Self::server`].
    pub fn expired_server(&self, names: &[&str]) -> Result<ServerCertificate> {
        let mut params = named(names)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
        self.sign_server(params, "expired")
    }

    /// A client's certificate, with the authority it expects the server to be signed by.
    ///
    /// # Errors
    /// When a key cannot be made or a file cannot be written.
    pub fn client(&self, name: &str, trusts: &Authority) -> Result<TlsFiles> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let (cert, key) = self.sign(params, &format!("client-{name}"))?;
        Ok(TlsFiles {
            ca: trusts.ca(),
            cert,
            key,
        })
    }

    fn sign_server(&self, params: CertificateParams, file: &str) -> Result<ServerCertificate> {
        let (cert, key) = self.sign(params, file)?;
        Ok(ServerCertificate {
            client_ca: self.ca(),
            cert,
            key,
        })
    }

    fn sign(&self, params: CertificateParams, file: &str) -> Result<(PathBuf, PathBuf)> {
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let cert_file = self.scratch.write(&format!("{file}.pem"), certificate.pem())?;
        let key_file = self
            .scratch
            .write(&format!("{file}-key.pem"), key.serialize_pem())?;
        only_ours(&key_file)?;
        Ok((cert_file, key_file))
    }
}

fn named(names: &[&str]) -> Result<CertificateParams> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).context("not a name a certificate can hold")?;
    params.distinguished_name.push(DnType::CommonName, "engine");
    Ok(params)
}

fn only_ours(file: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600))
        .with_context(|| format!("cannot close {} to others", file.display()))
}
