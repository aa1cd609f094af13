//! Encrypted connections, with whom they are trusted.

use state::Value;

use crate::helper::{connect, settings, try_connect};
use crate::openldap::{Slapd, certificate};

fn server(folder: &std::path::Path, options: &[&str], name: &str) -> Slapd {
    let pem = certificate(folder, options, name);
    let key = pem.with_extension("key");
    let ca = folder.join("ca.pem");
    certificate(folder, &[], "any");
    Slapd::start_with(&["--tls", pem.to_str().unwrap(), key.to_str().unwrap(), ca.to_str().unwrap()])
}

#[tokio::test]
async fn the_right_authority_is_trusted_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), &[], "server");
    let ca = Value::text(folder.path().join("ca.pem").to_str().unwrap());
    for (url, start_tls) in [(&server.tls, false), (&server.url, true)] {
        let trusting = [("url", url.as_str().into()), ("ca_file", ca.clone()), ("start_tls", start_tls.into())];
        connect(&server, &trusting).await.inventory().await.unwrap();
        let error = try_connect(settings(&server, &[("url", url.as_str().into()), ("start_tls", start_tls.into())]))
            .await
            .err()
            .unwrap();
        assert!(
            error.message.contains("invalid peer certificate: UnknownIssuer") && error.hint.contains("ca_file"),
            "{error:?}"
        );
    }
    // The name must be in the certificate.
    let other = server.tls.replace("127.0.0.1", "127.0.0.2");
    let error = try_connect(settings(&server, &[("url", other.as_str().into()), ("ca_file", ca)])).await.err().unwrap();
    assert!(error.message.contains("127.0.0.2"), "{error:?}");
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), &["--expired"], "old");
    let ca = Value::text(folder.path().join("ca.pem").to_str().unwrap());
    let error =
        try_connect(settings(&server, &[("url", server.tls.as_str().into()), ("ca_file", ca)])).await.err().unwrap();
    assert!(error.message.contains("certificate expired"), "{error:?}");
}

#[tokio::test]
async fn a_client_certificate_or_a_socket_says_who_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), &[], "server");
    let done = std::process::Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/servers/tls"))
        .arg(folder.path())
        .args(["client", "prov"])
        .status();
    assert!(done.unwrap().success());
    let file = |name: &str| Value::text(folder.path().join(name).to_str().unwrap());
    let mut external = settings(
        &server,
        &[
            ("url", server.tls.as_str().into()),
            ("ca_file", file("ca.pem")),
            ("certificate_file", file("client.pem")),
            ("key_file", file("client.key")),
            ("bind", Value::Null),
        ],
    );
    external.secrets.clear();
    let system = try_connect(external.clone()).await.unwrap();
    system.created(state::Kind::Account, &crate::helper::person("ada")).await;
    let mut socket = settings(&server, &[("url", server.socket.as_str().into()), ("bind", Value::Null)]);
    socket.secrets.clear();
    let system = try_connect(socket).await.unwrap();
    system.created(state::Kind::Account, &crate::helper::person("grace")).await;
    assert_eq!(system.inventory().await.unwrap().accounts.len(), 2);
    // A file that is none.
    for (_, value) in external.values.iter_mut().filter(|(name, _)| name.as_str() == "key_file") {
        *value = file("ca.pem");
    }
    let error = try_connect(external).await.err().unwrap();
    assert!(error.message.contains("key_file cannot be used"), "{error:?}");
}
