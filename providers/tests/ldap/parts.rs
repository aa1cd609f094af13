//! Members of a large group, as Active Directory sends them: in parts. Samba sends all of them at once, so that this
//! server is made up.

use state::{Symbol, Value};
use tenure_providers::Settings;
use tenure_providers::ldap::active_directory::ActiveDirectory;
use tenure_providers::ldap::connection::Connection;
use tenure_providers::ldap::parts::all_members;
use tenure_providers::ldap::protocol::message::{Message, tag};
use tenure_providers::ldap::protocol::{Writer, ber};
use tenure_providers::ldap::settings::LdapSettings;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// What is answered to a question from this number on: the range that is told, members, and uSNChanged. None: there is
/// no such entry.
type Answer = Option<(&'static str, Vec<&'static str>, &'static str)>;

fn message(id: i32, operation: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.nested(ber::SEQUENCE, |writer| {
        writer.integer(ber::INTEGER, i64::from(id));
        operation(writer);
    });
    writer.into_bytes()
}

fn attribute(writer: &mut Writer, name: &str, values: &[&str]) {
    writer.nested(ber::SEQUENCE, |writer| {
        writer.octets(ber::OCTETS, name.as_bytes());
        writer.nested(ber::SET, |writer| values.iter().for_each(|value| writer.octets(ber::OCTETS, value.as_bytes())));
    });
}

fn ended(id: i32, code: i64) -> Vec<u8> {
    message(id, |writer| {
        writer.nested(tag::DONE, |writer| {
            writer.integer(ber::ENUMERATED, code);
            writer.octets(ber::OCTETS, b"");
            writer.octets(ber::OCTETS, b"");
        });
    })
}

/// Reads a group from a server that gives these answers, one after the other; members, or the error.
async fn read(answers: Vec<Answer>) -> Result<String, String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        for answer in answers {
            let length = loop {
                match ber::element_length(&bytes, 1 << 20) {
                    Ok(Some(length)) if bytes.len() >= length => break length,
                    _ if stream.read_buf(&mut bytes).await.unwrap() == 0 => return,
                    _ => {}
                }
            };
            let request: Vec<u8> = bytes.drain(..length).collect();
            let id = Message::read(&request).unwrap().id;
            let said = match answer {
                None => ended(id, 32),
                Some((range, members, version)) => {
                    let entry = message(id, |writer| {
                        writer.nested(tag::ENTRY, |writer| {
                            writer.octets(ber::OCTETS, b"CN=all");
                            writer.nested(ber::SEQUENCE, |writer| {
                                if !range.is_empty() {
                                    attribute(writer, &format!("member;range={range}"), &members);
                                }
                                attribute(writer, "uSNChanged", &[version]);
                            });
                        });
                    });
                    [entry, ended(id, 0)].concat()
                }
            };
            stream.write_all(&said).await.unwrap();
        }
        // Whoever asks more than there are answers is not answered.
        let _ = stream.shutdown().await;
    });
    let values = vec![(Symbol::new("url"), Value::text(url.as_str())), (Symbol::new("base"), Value::text("DC=test"))];
    let settings = Settings { system: "ad".into(), values, ..Settings::default() };
    let connection = Connection::open(&LdapSettings::read(&settings, false).unwrap()).await.unwrap();
    let read = all_members(&connection, &ActiveDirectory, "member", "CN=all").await;
    serving.abort();
    read.map(|members| members.join(" ")).map_err(|error| error.message.replace(&url, "URL"))
}

#[tokio::test]
async fn a_group_is_read_whole_or_not_at_all() {
    let part = |range, members: &[&'static str], version| Some((range, members.to_vec(), version));
    let moving = || vec![part("0-1", &["a", "b"], "7"), part("2-*", &["c"], "8")];
    let empty = || vec![part("0-1", &["a", "b"], "7"), part("", &[], "7")];
    let table = [
        (vec![part("0-1", &["a", "b"], "7"), part("2-3", &["c", "d"], "7"), part("4-*", &["e"], "7")], Ok("a b c d e")),
        (vec![part("0-*", &["a"], "7")], Ok("a")),
        // Somebody was taken out between the parts: it is read again.
        ([moving(), vec![part("0-1", &["b", "c"], "8"), part("2-*", &["d"], "8")]].concat(), Ok("b c d")),
        (
            [moving(), moving(), moving()].concat(),
            Err("URL: CN=all was changed each time while its members were read: what was read is not all"),
        ),
        (
            [empty(), empty(), empty()].concat(),
            Err("URL: CN=all was changed each time while its members were read: what was read is not all"),
        ),
        (vec![part("0-1", &["a"], "7")], Err("URL: CN=all: 1 members were sent where 2 were announced")),
        (
            vec![part("0-x", &["a"], "7")],
            Err("URL: CN=all: the server answered with `member;range=0-x`, which is no range of values"),
        ),
        (vec![part("0-1", &["a", "b"], "7"), None], Err("URL: CN=all went away while it was read")),
    ];
    for (answers, expected) in table {
        let shown = format!("{answers:?}");
        assert_eq!(read(answers).await, expected.map(str::to_owned).map_err(str::to_owned), "{shown}");
    }
}
