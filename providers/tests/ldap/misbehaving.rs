//! A server that answers as no server should.

use std::net::SocketAddr;

use state::{Action, Kind, Outcome};
use tenure_providers::ldap::protocol::control::{self, Control};
use tenure_providers::ldap::protocol::message::{Message, tag};
use tenure_providers::ldap::protocol::{Writer, ber};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::helper::{attributes, order, person, try_connect};

/// How it misbehaves once the reading of accounts begins.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Manner {
    Well,
    TimeLimit,
    NoCookie,
    Twice,
    NoId,
    Garbage,
    Deep,
    Huge,
    Hangs,
    Notice,
    SaysNothingOfAdds,
    BadPostRead,
    Busy,
}

/// A message with the number `id`.
pub fn message(id: i32, operation: impl FnOnce(&mut Writer), controls: &[Control]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.nested(ber::SEQUENCE, |writer| {
        writer.integer(ber::INTEGER, i64::from(id));
        operation(writer);
        if !controls.is_empty() {
            writer.nested(0xa0, |writer| controls.iter().for_each(|control| control.write(writer)));
        }
    });
    writer.into_bytes()
}

pub fn ended(id: i32, tag: u8, code: i64, controls: &[Control]) -> Vec<u8> {
    let result = |writer: &mut Writer| {
        writer.nested(tag, |writer| {
            writer.integer(ber::ENUMERATED, code);
            writer.octets(ber::OCTETS, b"");
            writer.octets(ber::OCTETS, b"so be it");
        });
    };
    message(id, result, controls)
}

pub fn entry(id: i32, dn: &str, pairs: &[(&str, &str)]) -> Vec<u8> {
    let entry = |writer: &mut Writer| {
        writer.nested(tag::ENTRY, |writer| {
            writer.octets(ber::OCTETS, dn.as_bytes());
            writer.nested(ber::SEQUENCE, |writer| {
                for (name, value) in pairs {
                    writer.nested(ber::SEQUENCE, |writer| {
                        writer.octets(ber::OCTETS, name.as_bytes());
                        writer.nested(ber::SET, |writer| writer.octets(ber::OCTETS, value.as_bytes()));
                    });
                }
            });
        });
    };
    message(id, entry, &[])
}

const BASE_ID: &str = "11111111-1111-4111-8111-111111111111";

/// What it answers to one request; empty where it says nothing.
fn answer(manner: Manner, request: &[u8], page: &mut u32) -> Vec<u8> {
    let request = Message::read(request).unwrap();
    let id = request.id;
    match request.tag {
        tag::BIND => ended(id, 0x61, 0, &[]),
        tag::ADD => match manner {
            Manner::SaysNothingOfAdds => Vec::new(),
            Manner::Busy => ended(id, 0x69, 51, &[]),
            _ => ended(
                id,
                0x69,
                0,
                &[Control { oid: control::POST_READ.into(), critical: false, value: Some(b"\x64\x05oops".to_vec()) }],
            ),
        },
        tag::SEARCH => {
            let mut search = request.content;
            let base = search.text(ber::OCTETS).unwrap().to_owned();
            let scope = search.integer(ber::ENUMERATED).unwrap();
            if base.starts_with("uid=") {
                return ended(id, tag::DONE, 32, &[]);
            }
            if scope == 0 {
                let pairs: &[(&str, &str)] = match base.as_str() {
                    "" => &[("supportedControl", control::POST_READ), ("namingContexts", "dc=odd")],
                    _ => &[("entryUUID", BASE_ID)],
                };
                return [entry(id, &base, pairs), ended(id, tag::DONE, 0, &[])].concat();
            }
            accounts(manner, id, page)
        }
        _ => Vec::new(),
    }
}

fn accounts(manner: Manner, id: i32, page: &mut u32) -> Vec<u8> {
    *page += 1;
    let number = if manner == Manner::Twice { 1 } else { *page };
    let uuid = format!("22222222-2222-4222-8222-{number:012}");
    let login = format!("p{number}");
    let dn = format!("uid={login},dc=odd");
    let mut pairs = vec![("uid", login.as_str()), ("entryUUID", uuid.as_str())];
    if manner == Manner::NoId {
        pairs.pop();
    }
    let one = entry(id, &dn, &pairs);
    let next = [Control::page(0, b"next")];
    match manner {
        Manner::Garbage => b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        Manner::Deep => {
            let mut deep = vec![0x30, 0x83, 0x01, 0x00, 0x00];
            deep.extend(std::iter::repeat_n([0x30, 0x80], 32_768).flatten());
            deep
        }
        Manner::Huge => vec![0x30, 0x84, 0x7f, 0xff, 0xff, 0xff],
        Manner::Hangs => Vec::new(),
        Manner::Notice => ended(0, tag::EXTENDED_ANSWER, 52, &[]),
        _ if *page > 2 => ended(id, tag::DONE, 0, &[Control::page(0, b"")]),
        Manner::TimeLimit if *page == 2 => [one, ended(id, tag::DONE, 3, &[])].concat(),
        Manner::NoCookie if *page == 2 => [one, ended(id, tag::DONE, 0, &[])].concat(),
        _ => [one, ended(id, tag::DONE, 0, &next)].concat(),
    }
}

/// Starts it; each connection counts pages for itself.
async fn serve(manner: Manner) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut bytes, mut page) = (Vec::new(), 0);
                while stream.read_buf(&mut bytes).await.is_ok_and(|more| more > 0) {
                    while let Ok(Some(length)) = ber::element_length(&bytes, 1 << 20) {
                        if bytes.len() < length {
                            break;
                        }
                        let request: Vec<u8> = bytes.drain(..length).collect();
                        let said = answer(manner, &request, &mut page);
                        if stream.write_all(&said).await.is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    address
}

async fn system(manner: Manner) -> (crate::helper::Half, String) {
    let url = format!("ldap://{}", serve(manner).await);
    let values = attributes(&[
        ("url", url.as_str().into()),
        ("base", "dc=odd".into()),
        ("timeout", 1.into()),
        ("lock", "none".into()),
    ]);
    let values = values.iter().cloned().collect();
    let settings = tenure_providers::Settings { system: "odd".into(), values, ..Default::default() };
    (try_connect(settings).await.unwrap(), url)
}

#[tokio::test]
async fn no_misbehaviour_passes_for_an_inventory() {
    let (well, _) = system(Manner::Well).await;
    // Groups come as accounts do here: an entry of both kinds is two objects.
    assert_eq!(well.inventory().await.unwrap().accounts.len(), 2);
    let mut said = String::new();
    for manner in [
        Manner::TimeLimit,
        Manner::NoCookie,
        Manner::Twice,
        Manner::NoId,
        Manner::Garbage,
        Manner::Deep,
        Manner::Huge,
        Manner::Hangs,
        Manner::Notice,
    ] {
        let (system, url) = system(manner).await;
        let error = system.inventory().await.unwrap_err().replace(&url, "URL");
        said.push_str(&format!("{manner:?}: {error}\n"));
    }
    insta::assert_snapshot!(said, @"
        TimeLimit: URL: search below dc=odd: timeLimitExceeded (3): so be it after 1 pages: what was read is not all (raise the server's time limit for the bind name (OpenLDAP: olcLimits), or narrow base and filters)
        NoCookie: URL: search below dc=odd: a page came without a cookie (the server does not page as RFC 2696 says)
        Twice: URL: entry 22222222-2222-4222-8222-000000000001 came twice (it was moved while it was read, or the server pages wrongly: try again)
        NoId: URL: uid=p1,dc=odd shows no entryUUID: what was read is not all (give the bind name the right to read the entries whole, or leave them out by account_filter or group_filter)
        Garbage: URL: search: what came is no LDAP message (check the server and the network, and try again)
        Deep: URL: search: malformed message: an indefinite length (check the server and the network, and try again)
        Huge: URL: search: malformed message: a message that is too large (check the server and the network, and try again)
        Hangs: URL: search: no answer within 1 s (check the server, or raise timeout in the system block)
        Notice: URL: search: the server ended the connection: unavailable (52): so be it (check the server and the network, and try again)
        ");
}

#[tokio::test]
async fn what_becomes_of_an_add_is_unknown_only_where_the_answer_is_lost() {
    let create = order(Action::Create, None, Kind::Account, &person("ada"));
    let (silent, _) = system(Manner::SaysNothingOfAdds).await;
    let outcome = silent.execute(create.clone()).await;
    assert!(matches!(&outcome, Outcome::Unknown(why) if why.contains("no answer within 1 s")), "{outcome:?}");
    let (busy, _) = system(Manner::Busy).await;
    let outcome = busy.execute(create.clone()).await;
    assert!(matches!(&outcome, Outcome::Refused { retry_after: Some(2_000), .. }), "{outcome:?}");
    // The post-read control is no entry, and the entry does not say what it is either.
    let (odd, _) = system(Manner::BadPostRead).await;
    let outcome = odd.execute(create).await;
    assert!(matches!(&outcome, Outcome::Unknown(why) if why.contains("cannot be read back")), "{outcome:?}");
}
