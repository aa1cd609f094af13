//! Ways to a server, and what is said where there is none.

use std::path::Path;
use std::process::Command;

use state::{Symbol, Value};
use tenure_providers::Settings;

use crate::cluster::{Cluster, PASSWORD, unique};
use crate::helper::{client, settings};

/// What is said where no session comes about, without the port.
async fn refused(cluster: &Cluster, settings: &Settings) -> String {
    let failure = match client(settings).connect().await {
        Ok(_) => panic!("connected with {settings:?}"),
        Err(failure) => failure,
    };
    let said = format!("{} ({})", failure.message, failure.hint).replace(&cluster.port.to_string(), "PORT");
    // The moments of an expired certificate.
    match (said.find(": verification time"), said.find(" seconds ago)")) {
        (Some(from), Some(to)) => format!("{}{}", &said[..from], &said[to + " seconds ago)".len()..]),
        _ => said,
    }
}

#[tokio::test]
async fn a_session_with_each_database() {
    let cluster = Cluster::shared();
    let database = unique("sales \"north\"");
    cluster.run("postgres", &format!("CREATE DATABASE \"{}\"", database.replace('"', "\"\"")));
    let client = client(&settings(cluster, &[]));
    let session = client.connect().await.unwrap();
    assert!(session.superuser && session.user == "postgres" && session.version >= 150_000);
    for name in ["postgres", &database] {
        let session = client.connect_to(name).await.unwrap();
        let rows = session.query("SELECT current_database()::text", &[]).await.unwrap();
        assert_eq!(session.get::<String>(&rows[0], 0).unwrap(), name);
    }
}

#[tokio::test]
async fn what_does_not_connect_says_why() {
    let cluster = Cluster::shared();
    let url = |user: &str, database: &str| ("url", Value::text(cluster.url_of(user, database)));
    let mut wrong = settings(cluster, &[]);
    wrong.secrets = vec![(Symbol::new("password"), "not-the-password".to_owned())];
    let no_password = Settings { secrets: Vec::new(), ..settings(cluster, &[]) };
    let said = [
        refused(cluster, &wrong).await,
        refused(cluster, &no_password).await,
        refused(cluster, &settings(cluster, &[url("nobody", "postgres")])).await,
        refused(cluster, &settings(cluster, &[url("postgres", "nothing")])).await,
        refused(cluster, &settings(cluster, &[("url", Value::text("postgres://postgres@127.0.0.1:1/postgres"))])).await,
        refused(cluster, &settings(cluster, &[("sslmode", Value::text("require"))])).await,
    ];
    assert!(said.iter().all(|said| !said.contains(PASSWORD) && !said.contains("not-the-password")));
    insta::assert_snapshot!(said.join("\n"), @r#"
postgres://127.0.0.1:PORT/postgres: connect as postgres: password authentication failed for user "postgres" (SQLSTATE 28P01) (check password in the system block)
postgres://127.0.0.1:PORT/postgres: connect as postgres: password missing (set password in the system block)
postgres://127.0.0.1:PORT/postgres: connect as nobody: password authentication failed for user "nobody" (SQLSTATE 28P01) (check password in the system block)
postgres://127.0.0.1:PORT/nothing: connect as postgres: database "nothing" does not exist (SQLSTATE 3D000) (check the database in url and in databases)
postgres://127.0.0.1:1/postgres: connect as postgres: Connection refused (os error 111) (check url in the system block, the network, and whether the server runs)
postgres://127.0.0.1:PORT/postgres: connect as postgres: server does not support TLS (switch TLS on at the server (ssl = on))
"#);
}

/// Makes certificates with the script of the servers.
fn certificate(folder: &Path, arguments: &[&str], name: &str, hosts: &str) -> [String; 2] {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/servers/tls");
    let made = Command::new(script).args(arguments).arg(folder).args([name, hosts]).status().unwrap();
    assert!(made.success());
    ["pem", "key"].map(|kind| folder.join(format!("{name}.{kind}")).display().to_string())
}

#[tokio::test]
async fn tls_as_sslmode_says() {
    let folder = tempfile::tempdir().unwrap();
    let [good, key] = certificate(folder.path(), &[], "server", "127.0.0.1");
    let ca = Value::text(folder.path().join("ca.pem").display().to_string());
    let cluster = Cluster::start_with(&["--tls", &good, &key]);
    let over_tls = |settings: Settings| async move {
        let session = client(&settings).connect().await.unwrap();
        let rows = session.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[]).await.unwrap();
        session.get::<bool>(&rows[0], 0).unwrap()
    };
    for (mode, tls) in [
        ("disable", false),
        ("allow", false),
        ("prefer", true),
        ("require", true),
        ("verify-ca", true),
        ("verify-full", true),
    ] {
        let more = [("sslmode", Value::text(mode)), ("sslrootcert", ca.clone())];
        assert_eq!(over_tls(settings(&cluster, &more)).await, tls, "{mode}");
    }
    // The certificate is for 127.0.0.1, not for localhost.
    let other_name = ("url", Value::text(cluster.url.replace("127.0.0.1", "localhost")));
    let more = [other_name.clone(), ("sslmode", Value::text("verify-ca")), ("sslrootcert", ca.clone())];
    assert!(over_tls(settings(&cluster, &more)).await);
    let said = [
        refused(&cluster, &settings(&cluster, &[("sslmode", Value::text("verify-full"))])).await,
        refused(
            &cluster,
            &settings(&cluster, &[other_name, ("sslmode", Value::text("verify-full")), ("sslrootcert", ca.clone())]),
        )
        .await,
    ];
    insta::assert_snapshot!(said.join("\n"), @r#"
postgres://127.0.0.1:PORT/postgres: connect as postgres: invalid peer certificate: UnknownIssuer (if the server's certificate is of an authority of your own, name it by sslrootcert in the system block)
postgres://localhost:PORT/postgres: connect as postgres: invalid peer certificate: certificate not valid for name "localhost"; certificate is only valid for IpAddress(127.0.0.1) (write the host in url as the server's certificate names it)
"#);
}

#[tokio::test]
async fn certificates_that_are_not_to_be_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem").display().to_string();
    let mut said = Vec::new();
    for (kind, name) in [("--expired", "expired"), ("--other-ca", "other")] {
        let [certificate, key] = certificate(folder.path(), &[kind], name, "127.0.0.1");
        certificate_of_trust(folder.path());
        let cluster = Cluster::start_with(&["--tls", &certificate, &key]);
        for mode in ["verify-ca", "verify-full"] {
            let more = [("sslmode", Value::text(mode)), ("sslrootcert", Value::text(ca.as_str()))];
            said.push(format!("{name}, {mode}: {}", refused(&cluster, &settings(&cluster, &more)).await));
        }
    }
    insta::assert_snapshot!(said.join("\n"), @"
expired, verify-ca: postgres://127.0.0.1:PORT/postgres: connect as postgres: invalid peer certificate: certificate expired (renew the server's certificate)
expired, verify-full: postgres://127.0.0.1:PORT/postgres: connect as postgres: invalid peer certificate: certificate expired (renew the server's certificate)
other, verify-ca: postgres://127.0.0.1:PORT/postgres: connect as postgres: invalid peer certificate: UnknownIssuer (if the server's certificate is of an authority of your own, name it by sslrootcert in the system block)
other, verify-full: postgres://127.0.0.1:PORT/postgres: connect as postgres: invalid peer certificate: UnknownIssuer (if the server's certificate is of an authority of your own, name it by sslrootcert in the system block)
");
}

/// The authority that is trusted comes with its first certificate.
fn certificate_of_trust(folder: &Path) {
    certificate(folder, &[], "unused", "127.0.0.1");
}

#[tokio::test]
async fn a_client_shows_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let [server, key] = certificate(folder.path(), &[], "server", "127.0.0.1");
    let [client_certificate, client_key] = certificate(folder.path(), &[], "client", "postgres");
    let ca = folder.path().join("ca.pem").display().to_string();
    let cluster = Cluster::start_with(&["--tls", &server, &key, "--client-ca", &ca]);
    let base = [("sslmode", Value::text("verify-full")), ("sslrootcert", Value::text(ca.as_str()))];
    let with =
        [&base[..], &[("sslcert", Value::text(client_certificate)), ("sslkey", Value::text(client_key))]].concat();
    let shown = Settings { secrets: Vec::new(), ..settings(&cluster, &with) };
    assert_eq!(client(&shown).connect().await.unwrap().user, "postgres");
    insta::assert_snapshot!(refused(&cluster, &settings(&cluster, &base)).await, @"postgres://127.0.0.1:PORT/postgres: connect as postgres: connection requires a valid client certificate (SQLSTATE 28000) (check the user in url, and the server's pg_hba.conf)");
}
