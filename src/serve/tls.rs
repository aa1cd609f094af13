//! The certificate of the server, read again when its files change: certificates are renewed while a server runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::Error;

/// How often the files are looked at.
const AGAIN: Duration = Duration::from_secs(30);

/// A certificate and its key, from PEM files.
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    acceptor: TlsAcceptor,
    /// When the files were changed.
    changed: [Option<SystemTime>; 2],
    looked: Instant,
}

impl Tls {
    /// # Errors
    /// Where a file cannot be read, or the two do not belong together.
    pub fn read(certificate: &Path, key: &Path) -> Result<Tls, Error> {
        Ok(Tls {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            acceptor: acceptor(certificate, key)?,
            changed: [changed(certificate), changed(key)],
            looked: Instant::now(),
        })
    }

    /// For the next connection. Files that are wrong now leave the certificate that was there.
    pub fn acceptor(&mut self) -> TlsAcceptor {
        if self.looked.elapsed() >= AGAIN {
            self.looked = Instant::now();
            let now = [changed(&self.certificate), changed(&self.key)];
            if now != self.changed
                && let Ok(acceptor) = acceptor(&self.certificate, &self.key)
            {
                self.acceptor = acceptor;
                self.changed = now;
            }
        }
        self.acceptor.clone()
    }
}

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|metadata| metadata.modified()).ok()
}

fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, Error> {
    let cannot = |path: &Path, why: &dyn std::fmt::Display| {
        let hint =
            "--tls-cert takes the certificate and those that it rests on, --tls-key its own private key, both as PEM";
        Error::new(format!("cannot use {}: {why}", path.display())).hint(hint)
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| cannot(certificate, &error))?;
    if chain.is_empty() {
        return Err(cannot(certificate, &"there is no certificate in it (-----BEGIN CERTIFICATE-----)"));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| cannot(key, &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
        .map_err(|error| cannot(certificate, &error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
