//! The certificate of the server, read again when its files change: certificates are renewed while a server runs.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::News;
use crate::Error;

/// How often the files are looked at.
pub const AGAIN: Duration = Duration::from_secs(1);

/// A certificate and its key, from PEM files.
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    acceptor: TlsAcceptor,
    /// The files as they were read last.
    read: [Mark; 2],
    /// The files as they were looked at last.
    seen: [Mark; 2],
}

/// What is another one when a file is: also where a link leads elsewhere, as tools that renew certificates do it.
type Mark = Option<(SystemTime, u64, u64)>;

impl Tls {
    /// # Errors
    /// Where a file cannot be read, or the two do not belong together.
    pub fn read(certificate: &Path, key: &Path) -> Result<Tls, Error> {
        let marks = [mark(certificate), mark(key)];
        let acceptor = acceptor(certificate, key)?;
        Ok(Tls { certificate: certificate.to_owned(), key: key.to_owned(), acceptor, read: marks, seen: marks })
    }

    /// For the next connection.
    pub fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }

    /// Looks at the files, and reads them where they are others than before and rest since the last look: the two are
    /// written one after the other. Files that are wrong leave the certificate that was there.
    pub fn look(&mut self) -> Option<News> {
        let now = [mark(&self.certificate), mark(&self.key)];
        let rests = now == self.seen;
        self.seen = now;
        if !rests || now == self.read {
            return None;
        }
        self.read = now;
        let path = self.certificate.display().to_string();
        let error = match acceptor(&self.certificate, &self.key) {
            Ok(acceptor) => {
                self.acceptor = acceptor;
                None
            }
            Err(error) => {
                let told = error.plain();
                Some(told.trim().trim_start_matches("error: ").to_owned())
            }
        };
        Some(News::Certificate { path, error })
    }
}

fn mark(path: &Path) -> Mark {
    let metadata = path.metadata().ok()?;
    Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
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
