//! With a certificate: who the server is, that it may be renewed, and that nobody gets in without.

use std::path::PathBuf;
use std::process::Command;

use reqwest::tls::TlsInfo;
use reqwest::{Certificate, Client, Method};
use serde_json::{Value, json};

use crate::run::Folder;
use crate::watching::{ACCESS, TOKEN, USER, Watching};

/// Makes `NAME.pem` and `NAME.key` in the folder, signed by `ca.pem` there.
fn certificate(folder: &Folder, name: &str) -> PathBuf {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/servers/tls");
    assert!(Command::new(script).arg(folder.path()).arg(name).status().unwrap().success());
    folder.path().join(format!("{name}.pem"))
}

fn folder() -> Folder {
    let mut folder = Folder::new(&[("access.hcl", ACCESS)]);
    folder.environment.push(("HR_PUSH_TOKEN".into(), TOKEN.into()));
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_shows_its_certificate_and_takes_nothing_in_the_clear() {
    let folder = folder();
    folder.run("init", 0);
    certificate(&folder, "people");
    let authority = Certificate::from_pem(folder.read("ca.pem").as_bytes()).unwrap();
    let mut watching = Watching::on(folder, "--listen 0.0.0.0:0 --tls-cert people.pem --tls-key people.key");
    watching.origin = watching.origin.replace("0.0.0.0", "127.0.0.1");
    let strangers = watching.get_error().await;
    assert!(strangers.is_connect(), "{strangers:?}: nobody trusts it unasked");
    watching.client = Client::builder().add_root_certificate(authority).build().unwrap();
    let user = json!({"schemas": [USER], "userName": "ada", "externalId": "ada"});
    let made = watching.send(Method::POST, "/Users", &user).await.expect(201);
    assert!(made["meta"]["location"].as_str().unwrap().starts_with("https://127.0.0.1:"));
    watching.until("directory/chat/accounts.jsonl", |accounts| accounts.contains("ada"));
    watching.origin = watching.origin.replace("https://", "http://");
    let clear = watching.get_error().await;
    assert!(!clear.is_status(), "{clear:?}");
}

/// The two files are others one after the other, as programs that renew certificates write them. The page shows the same
/// certificate, and nothing is told twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_shown_without_a_restart_and_a_wrong_one_is_not() {
    let mut folder = folder();
    folder.environment.push(("TENURE_WATCH_TOKEN".into(), TOKEN.into()));
    folder.run("init", 0);
    let old = certificate(&folder, "people");
    let new = certificate(&folder, "renewed");
    let shown_of = |path: &PathBuf| {
        let der = Command::new("openssl").args(["x509", "-outform", "der", "-in"]).arg(path).output().unwrap();
        assert!(der.status.success());
        der.stdout
    };
    let (old, new) = (shown_of(&old), shown_of(&new));
    let authority = Certificate::from_pem(folder.read("ca.pem").as_bytes()).unwrap();
    let listen = "--listen 127.0.0.1:0 --http 127.0.0.1:0 --tls-cert people.pem --tls-key people.key";
    let mut watching = Watching::on(folder, listen);
    let log = watching.until("watch.log", |log| log.contains("\"event\":\"serving\""));
    let serving: Value = serde_json::from_str(log.lines().find(|line| line.contains("serving")).unwrap()).unwrap();
    let page = format!("https://{}/", serving["address"].as_str().unwrap());
    let client = || Client::builder().add_root_certificate(authority.clone()).tls_info(true);
    // Who has a connection keeps it; who comes anew sees what is shown.
    watching.client = client().build().unwrap();
    let fresh = client().pool_max_idle_per_host(0).build().unwrap();
    let url = format!("{}/Users", watching.base());
    let shown_at = |url: String| async {
        let response = fresh.get(url).bearer_auth(TOKEN).send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.extensions().get::<TlsInfo>().unwrap().peer_certificate().unwrap().to_vec()
    };
    let shown = || async {
        let shown = shown_at(url.clone()).await;
        assert!(shown == shown_at(page.clone()).await);
        shown
    };
    watching.user("ada").await;
    assert!(shown().await == old);
    let told = |count: usize, what: &str| {
        let is_told = |log: &str| log.matches("\"event\":\"certificate\"").count() == count;
        let log = watching.until("watch.log", is_told);
        let last = log.lines().rfind(|line| line.contains("\"event\":\"certificate\"")).unwrap();
        assert!(last.contains(what), "{last}");
    };
    watching.folder.write("people.pem", &watching.folder.read("renewed.pem"));
    told(1, "\"error\":\"cannot use people.pem: keys may not be consistent: KeyMismatch");
    assert!(shown().await == old);
    let path = |name: &str| watching.folder.path().join(name);
    std::fs::rename(path("renewed.key"), path("people.key")).unwrap();
    told(2, "\"path\":\"people.pem\"}");
    assert!(shown().await == new);
    watching.folder.write("people.pem", "-----BEGIN CERTIFICATE-----\n");
    told(3, "\"error\":\"cannot use people.pem: ");
    assert!(shown().await == new);
    std::fs::remove_file(path("people.key")).unwrap();
    told(4, "\"error\":\"cannot use ");
    assert!(shown().await == new);
    watching.user("bob").await;
}

/// What is wrong, and what is said of it.
#[test]
fn wrong_addresses_certificates_and_tokens_are_told_before_anything_else() {
    let folder = folder();
    certificate(&folder, "people");
    certificate(&folder, "other");
    folder.write("empty.pem", "");
    let said = |folder: &Folder, options: &str| {
        let output = folder.command(&format!("watch --listen {options}")).output().unwrap();
        assert!(!output.status.success());
        let text = String::from_utf8(output.stderr).unwrap();
        text.replace(&folder.path().display().to_string(), "[DIR]").trim().to_owned()
    };
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    insta::assert_snapshot!(said(&folder, "0.0.0.0:0"), @"
    error: 0.0.0.0:0 can be reached from elsewhere, where no token may be sent in the clear
      hint: give --tls-cert and --tls-key, or listen on 127.0.0.1 behind something that has a certificate
    ");
    insta::assert_snapshot!(said(&folder, "127.0.0.1:0 --tls-cert none.pem --tls-key people.key"), @"
    error: cannot use none.pem: I/O error: No such file or directory (os error 2)
      hint: --tls-cert takes the certificate and those that it rests on, --tls-key its own private key, both as PEM
    ");
    insta::assert_snapshot!(said(&folder, "127.0.0.1:0 --tls-cert empty.pem --tls-key people.key"), @"
    error: cannot use empty.pem: there is no certificate in it (-----BEGIN CERTIFICATE-----)
      hint: --tls-cert takes the certificate and those that it rests on, --tls-key its own private key, both as PEM
    ");
    insta::assert_snapshot!(said(&folder, "127.0.0.1:0 --tls-cert people.pem --tls-key other.key"), @"
    error: cannot use people.pem: keys may not be consistent: KeyMismatch
      hint: --tls-cert takes the certificate and those that it rests on, --tls-key its own private key, both as PEM
    ");
    insta::assert_snapshot!(said(&folder, &taken).replace(&taken, "[ADDRESS]"), @"
    error: cannot listen on [ADDRESS]: Address already in use (os error 98)
      hint: choose an address of this machine and a port that nobody else listens on
    ");
    let mut short = folder;
    short.environment.push(("HR_PUSH_TOKEN".into(), "secret".into()));
    insta::assert_snapshot!(said(&short, "127.0.0.1:0"), @"
    error: system.hr: the token is too short
      hint: set one of at least 16 random characters: `openssl rand -hex 32`
    ");
    short.write("access.hcl", "person \"ada\" {}");
    insta::assert_snapshot!(said(&short, "127.0.0.1:0"), @r#"
    error: there is nothing to listen for: no system of the files is one that others push to
      hint: declare one, such as `system "hr" { provider = ... }`, or leave --listen out
    "#);
}
