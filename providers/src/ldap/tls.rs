//! TLS of LDAP connections, verified by rustls.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::error::LdapError;
use super::settings::LdapSettings;

/// The TLS configuration of a system: the machine's authorities and the settings' own, and the client certificate.
pub fn configuration(settings: &LdapSettings) -> Result<Arc<ClientConfig>, LdapError> {
    let mut roots = RootCertStore::empty();
    // What cannot be used among the machine's own certificates is no reason to trust less of the others.
    let (_, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = &settings.ca_file {
        for certificate in certificates("ca_file", path)? {
            roots.add(certificate).map_err(|error| wrong("ca_file", path, &error.to_string()))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let unusable = |error: rustls::Error| {
        LdapError::new(format!("no TLS client can be made: {error}"), "check ca_file, certificate_file and key_file")
    };
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(unusable)?;
    let builder = builder.with_root_certificates(roots);
    let configuration = match &settings.identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = certificates("certificate_file", certificate)?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong("key_file", key, &error.to_string()))?;
            builder.with_client_auth_cert(chain, key).map_err(unusable)?
        }
    };
    Ok(Arc::new(configuration))
}

fn certificates(setting: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, LdapError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(certificates) if certificates.is_empty() => Err(wrong(setting, path, "it holds no certificate")),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(wrong(setting, path, &error.to_string())),
    }
}

fn wrong(setting: &str, path: &Path, what: &str) -> LdapError {
    LdapError::new(
        format!("{setting} cannot be used: {}: {what}", path.display()),
        "name a file in PEM format; paths start at the configuration folder",
    )
}
