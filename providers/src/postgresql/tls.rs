//! TLS as `sslmode` asks for it, by rustls.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::settings::{Options, SslMode};
use crate::provider::ConnectError;

/// The maker of TLS connections; reads the files that the settings name.
pub fn connector(options: &Options) -> Result<MakeRustlsConnect, ConnectError> {
    let wrong = |what: String, hint: &str| ConnectError {
        message: format!("system.{}: {what}", options.system),
        hint: hint.to_owned(),
    };
    let provider = Arc::new(ring::default_provider());
    let versions = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(format!("TLS cannot be had: {error}"), "report this as a defect of tenure"))?;
    let builder = match options.sslmode {
        SslMode::VerifyFull => versions.with_root_certificates(roots(options, &wrong)?),
        SslMode::VerifyCa => {
            let authority = AuthorityOnly { roots: roots(options, &wrong)?, provider };
            versions.dangerous().with_custom_certificate_verifier(Arc::new(authority))
        }
        _ => versions.dangerous().with_custom_certificate_verifier(Arc::new(Anybody { provider })),
    };
    let config = match &options.client_certificate {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = certificates("sslcert", certificate, &wrong)?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(|error| {
                wrong(
                    format!("sslkey {} cannot be used: {error}", key.display()),
                    "it must be a key in PEM format, without a passphrase",
                )
            })?;
            builder.with_client_auth_cert(chain, key).map_err(|error| {
                wrong(
                    format!("sslcert and sslkey do not go together: {error}"),
                    "check that the key belongs to the certificate",
                )
            })?
        }
    };
    Ok(MakeRustlsConnect::new(config))
}

fn certificates(
    setting: &str,
    path: &Path,
    wrong: &impl Fn(String, &str) -> ConnectError,
) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    let cannot = |error: &dyn std::fmt::Display| {
        wrong(
            format!("{setting} {} cannot be used: {error}", path.display()),
            "it must hold certificates in PEM format; the path starts at the configuration folder",
        )
    };
    let all: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).map_err(|error| cannot(&error))?.collect();
    let all = all.map_err(|error| cannot(&error))?;
    if all.is_empty() { Err(cannot(&"it holds no certificate")) } else { Ok(all) }
}

fn roots(options: &Options, wrong: &impl Fn(String, &str) -> ConnectError) -> Result<RootCertStore, ConnectError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = &options.root_certificates {
        for certificate in certificates("sslrootcert", path, wrong)? {
            roots.add(certificate).map_err(|error| {
                wrong(
                    format!("sslrootcert {} cannot be used: {error}", path.display()),
                    "it must hold certificates of authorities",
                )
            })?;
        }
        return Ok(roots);
    }
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(wrong(
            "this machine trusts no certificate authority".to_owned(),
            "install ca-certificates, or name the authority by sslrootcert",
        ));
    }
    Ok(roots)
}

/// Verifies the chain up to an authority, not the name (`verify-ca`).
#[derive(Debug)]
struct AuthorityOnly {
    roots: RootCertStore,
    provider: Arc<CryptoProvider>,
}

/// Takes every certificate (`require` and below): who listens in between is not noticed.
#[derive(Debug)]
struct Anybody {
    provider: Arc<CryptoProvider>,
}

/// The signatures of a handshake are verified in any case.
macro_rules! signatures {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.provider.signature_verification_algorithms.supported_schemes()
        }
    };
}

impl ServerCertVerifier for AuthorityOnly {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let algorithms = self.provider.signature_verification_algorithms.all;
        let certificate = ParsedCertificate::try_from(end_entity)?;
        verify_server_cert_signed_by_trust_anchor(&certificate, &self.roots, intermediates, now, algorithms)?;
        Ok(ServerCertVerified::assertion())
    }

    signatures!();
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    signatures!();
}
