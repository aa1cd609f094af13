//! Hearing of changes: by syncrepl, by looking at `entryCSN` or `highestCommittedUSN`, and from servers that talk
//! nonsense.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tenure_providers::ldap::Ldap;
use tenure_providers::ldap::protocol::message::{Message, tag};
use tenure_providers::ldap::protocol::sync::SYNC_REQUEST;
use tenure_providers::ldap::protocol::{Control, ber};
use tenure_providers::{Beginning, Listener, Provider as _, Settings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::helper::settings;
use crate::misbehaving::{ended, entry, message};
use crate::openldap::{BASE, READER, STRANGER, Slapd};

fn listener() -> Box<dyn Listener> {
    Ldap.listener().unwrap()
}

/// How it began, or the error.
async fn begun(listener: &mut dyn Listener, settings: &Settings) -> String {
    match listener.begin(settings).await {
        Ok(Beginning::Hears { how, changed: true }) => format!("{how}, changed"),
        Ok(Beginning::Hears { how, changed: false }) => how.to_owned(),
        Ok(Beginning::Never(why)) => format!("never: {why}"),
        Err(error) => error.message,
    }
}

/// Milliseconds until something is heard.
async fn heard(listener: &mut dyn Listener) -> u128 {
    let began = Instant::now();
    timeout(Duration::from_secs(10), listener.changed()).await.expect("something is heard").unwrap();
    began.elapsed().as_millis()
}

async fn nothing_is_heard(listener: &mut dyn Listener) {
    assert!(timeout(Duration::from_millis(400), listener.changed()).await.is_err());
}

fn ada() -> String {
    format!("dn: uid=ada,ou=people,{BASE}\nobjectClass: inetOrgPerson\nuid: ada\ncn: Ada\nsn: Lovelace\n")
}

fn change(server: &Slapd, title: &str) {
    server.modify(&format!("dn: uid=ada,ou=people,{BASE}\nchangetype: modify\nreplace: title\ntitle: {title}\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_heard_at_once_and_none_that_was_made_meanwhile_is_missed() {
    let server = Slapd::start();
    // Who reads needs no other right for it.
    let settings = settings(&server, &[("bind", READER.into())]);
    let mut listening = listener();
    assert_eq!(begun(&mut *listening, &settings).await, "syncrepl, changed");
    nothing_is_heard(&mut *listening).await;
    let rename = format!("dn: uid=ada,ou=people,{BASE}\nchangetype: modrdn\nnewrdn: uid=lovelace\ndeleteoldrdn: 1\n");
    server.add(&ada());
    let mut slowest = heard(&mut *listening).await;
    change(&server, "Countess");
    slowest = slowest.max(heard(&mut *listening).await);
    server.modify(&rename);
    slowest = slowest.max(heard(&mut *listening).await);
    server.delete(&format!("uid=lovelace,ou=people,{BASE}"));
    slowest = slowest.max(heard(&mut *listening).await);
    nothing_is_heard(&mut *listening).await;
    println!("heard {slowest} ms after the client ended, at most");
    assert!(slowest < 2_000, "{slowest}");
    // Connected again, it knows whether something happened meanwhile.
    assert_eq!(begun(&mut *listening, &settings).await, "syncrepl");
    server.add(&ada());
    assert_eq!(begun(&mut *listening, &settings).await, "syncrepl, changed");
    server.delete(&format!("uid=ada,ou=people,{BASE}"));
    assert_eq!(begun(&mut *listening, &settings).await, "syncrepl, changed");
    assert_eq!(begun(&mut *listening, &settings).await, "syncrepl");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_that_the_server_does_not_know_is_no_obstacle() {
    let (older, mut newer) = (Slapd::start(), Slapd::start());
    newer.add(&ada());
    let mut listening = listener();
    assert_eq!(begun(&mut *listening, &settings(&newer, &[])).await, "syncrepl, changed");
    change(&newer, "Countess");
    heard(&mut *listening).await;
    // As a server that was restored from a backup: it is behind the cookie.
    assert_eq!(begun(&mut *listening, &settings(&older, &[])).await, "syncrepl, changed");
    older.add(&ada());
    heard(&mut *listening).await;
    // A server that goes away is an error, and no silence.
    assert_eq!(begun(&mut *listening, &settings(&newer, &[])).await, "syncrepl, changed");
    newer.stop();
    let gone = timeout(Duration::from_secs(10), listening.changed()).await.expect("it is noticed");
    assert!(gone.unwrap_err().message.contains("the server ended the connection"));
    assert!(begun(&mut *listening, &settings(&newer, &[])).await.contains("Connection refused"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_synchronization_entries_are_looked_at_and_who_may_not_see_them_hears_nothing() {
    let server = Slapd::start();
    server.configure("dn: olcOverlay={3}syncprov,olcDatabase={2}mdb,cn=config\nchangetype: delete\n");
    let settings = |bind: &str| settings(&server, &[("bind", bind.into())]);
    let mut listening = listener();
    assert_eq!(begun(&mut *listening, &settings(READER)).await, "polling entryCSN, changed");
    nothing_is_heard(&mut *listening).await;
    // Nobody keeps contextCSN any more; it stands there as it was.
    server.add(&ada());
    heard(&mut *listening).await;
    change(&server, "Countess");
    heard(&mut *listening).await;
    assert!(timeout(Duration::from_millis(2_300), listening.changed()).await.is_err());
    assert_eq!(begun(&mut *listening, &settings(READER)).await, "polling entryCSN");
    assert_eq!(
        begun(&mut *listening, &settings(STRANGER)).await,
        "never: the server offers no synchronization (RFC 4533) and shows no entryCSN"
    );
}

/// What the server of a test answers to a search below a base, with a control or without; then it keeps silent.
type Script = fn(&str, i32, bool, u32) -> Vec<u8>;

/// A server whose answers are scripted; `count` counts its searches.
async fn scripted(script: Script) -> Settings {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ldap://{}", socket.local_addr().unwrap());
    let count = Arc::new(AtomicU32::new(0));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = socket.accept().await {
            let count = Arc::clone(&count);
            tokio::spawn(async move {
                let mut bytes = Vec::new();
                while stream.read_buf(&mut bytes).await.is_ok_and(|more| more > 0) {
                    while let Ok(Some(length)) = ber::element_length(&bytes, 1 << 20)
                        && bytes.len() >= length
                    {
                        let request: Vec<u8> = bytes.drain(..length).collect();
                        let request = Message::read(&request).unwrap();
                        if request.tag != tag::SEARCH {
                            continue;
                        }
                        let base = { request.content }.text(ber::OCTETS).unwrap();
                        let controlled = !request.controls().unwrap().is_empty();
                        let said = script(base, request.id, controlled, count.fetch_add(1, Ordering::SeqCst));
                        let _ = stream.write_all(&said).await;
                    }
                }
            });
        }
    });
    let values = [("url", url.as_str()), ("base", "dc=odd"), ("lock", "none")];
    let mut values: Vec<_> = values.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    values.push(("timeout".into(), 1.into()));
    Settings { system: "odd".into(), values, ..Settings::default() }
}

fn found(base: &str, id: i32, pairs: &[(&str, &str)]) -> Vec<u8> {
    [entry(id, base, pairs), ended(id, tag::DONE, 0, &[])].concat()
}

#[tokio::test]
async fn active_directory_is_looked_at_by_its_update_number() {
    // A root DSE that says what a domain controller's says; its number is another one from the fourth look on.
    let settings = scripted(|base, id, _, looks| {
        let usn = if looks < 4 { "4711" } else { "4712" };
        found(base, id, &[("highestCommittedUSN", usn), ("dsServiceName", "CN=NTDS Settings,CN=DC1")])
    })
    .await;
    let mut listening = listener();
    assert_eq!(begun(&mut *listening, &settings).await, "polling highestCommittedUSN, changed");
    let milliseconds = heard(&mut *listening).await;
    assert!((1_900..5_000).contains(&milliseconds), "{milliseconds}");
    assert_eq!(begun(&mut *listening, &settings).await, "polling highestCommittedUSN");
}

#[tokio::test]
async fn where_the_control_is_refused_entries_are_looked_at() {
    let settings = scripted(|base, id, controlled, looks| match base {
        "" => found(base, id, &[("namingContexts", "dc=odd"), ("supportedControl", SYNC_REQUEST)]),
        _ if controlled => ended(id, tag::DONE, 12, &[]),
        _ => found(base, id, &[("contextCSN", if looks < 7 { "1" } else { "2" }), ("entryCSN", "0")]),
    })
    .await;
    let mut listening = listener();
    assert_eq!(begun(&mut *listening, &settings).await, "polling entryCSN, changed");
    heard(&mut *listening).await;
}

#[tokio::test]
async fn nonsense_is_an_error() {
    fn odd(base: &str, id: i32, controlled: bool, answer: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
        match base {
            "" if !controlled => found(base, id, &[("namingContexts", "dc=odd"), ("supportedControl", SYNC_REQUEST)]),
            _ if controlled => answer(),
            _ => found(base, id, &[]),
        }
    }
    let scripts: [(Script, &str); 5] = [
        (|base, id, controlled, _| odd(base, id, controlled, Vec::new), "URL: search: no answer within 1 s"),
        (
            |base, id, controlled, _| odd(base, id, controlled, || b"HTTP/1.1 400\r\n".to_vec()),
            "URL: search: what came is no LDAP message",
        ),
        (
            |base, id, controlled, _| {
                let state =
                    Control { oid: "1.3.6.1.4.1.4203.1.9.1.2".into(), critical: false, value: Some(vec![0x30]) };
                let entry = |writer: &mut tenure_providers::ldap::protocol::Writer| {
                    writer.nested(tag::ENTRY, |writer| {
                        writer.octets(ber::OCTETS, b"");
                        writer.nested(ber::SEQUENCE, |_| {});
                    });
                };
                odd(base, id, controlled, || message(id, entry, &[state]))
            },
            "URL: malformed message: an element that is cut short",
        ),
        (
            |base, id, controlled, _| odd(base, id, controlled, || ended(id, tag::DONE, 50, &[])),
            "URL: search below dc=odd: insufficientAccessRights (50): so be it",
        ),
        (
            |base, id, controlled, _| odd(base, id, controlled, || ended(id, tag::DONE, 0, &[])),
            "URL: search below dc=odd: success (0): so be it",
        ),
    ];
    for (script, error) in scripts {
        let settings = scripted(script).await;
        let url = settings.values[0].1.as_text().unwrap();
        let said = begun(&mut *listener(), &settings).await.replace(url.as_str(), "URL");
        assert_eq!(said, error);
    }
}
