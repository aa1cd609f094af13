//! The certificate of the server, read again when its files change: certificates are renewed while a server runs.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use providers::Mark;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::{News, Tell};
use crate::Error;

/// How often the files are looked at.
const AGAIN: Duration = Duration::from_secs(1);

/// A certificate and its key, from PEM files. Servers may share it: that it is another one is told once.
pub struct Tls {
    acceptor: Arc<Mutex<TlsAcceptor>>,
    /// The files are looked at until this is dropped.
    _until: Sender<()>,
}

impl Tls {
    /// Reads them, and looks at them from now on.
    ///
    /// # Errors
    /// Where a file cannot be read, or the two do not belong together.
    pub fn start(certificate: &Path, key: &Path, tell: Tell) -> Result<Tls, Error> {
        let marks = [Mark::of(certificate), Mark::of(key)];
        let acceptor = Arc::new(Mutex::new(acceptor(certificate, key)?));
        let (shown, (until, end)) = (Arc::clone(&acceptor), channel());
        let mut files = Files { certificate: certificate.to_owned(), key: key.to_owned(), read: marks, seen: marks };
        let look = move || {
            while end.recv_timeout(AGAIN) == Err(RecvTimeoutError::Timeout) {
                if let Some(news) = files.look(&shown) {
                    tell(news);
                }
            }
        };
        let cannot = |error| Error::new(format!("cannot look at {}: {error}", certificate.display()));
        std::thread::Builder::new().name("certificate".to_owned()).spawn(look).map_err(cannot)?;
        Ok(Tls { acceptor, _until: until })
    }

    /// For the next connection.
    pub fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Files {
    certificate: PathBuf,
    key: PathBuf,
    /// As they were read last.
    read: [Mark; 2],
    /// As they were looked at last.
    seen: [Mark; 2],
}

impl Files {
    /// Looks at the files, and reads them where they are others than before and rest since the last look: the two are
    /// written one after the other. Files that are wrong leave the certificate that is `shown`.
    fn look(&mut self, shown: &Mutex<TlsAcceptor>) -> Option<News> {
        let now = [Mark::of(&self.certificate), Mark::of(&self.key)];
        let rests = now == self.seen;
        self.seen = now;
        if !rests || now == self.read {
            return None;
        }
        self.read = now;
        let path = self.certificate.display().to_string();
        let error = match acceptor(&self.certificate, &self.key) {
            Ok(acceptor) => {
                *shown.lock().unwrap_or_else(PoisonError::into_inner) = acceptor;
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
