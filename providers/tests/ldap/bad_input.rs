//! Wrong orders and wrong credentials: refused, with what is wrong and what to do.

use state::{Action, Kind, Target, Value};

use crate::helper::{Half, connect, person, refused, settings, try_connect};
use crate::openldap::{BASE, READER, Slapd};

#[tokio::test]
async fn wrong_credentials_and_addresses_are_told() {
    let server = Slapd::start();
    let mut wrong = settings(&server, &[]);
    wrong.secrets[0].1 = "a wrong one".into();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let table = [
        wrong,
        settings(&server, &[("url", format!("ldap://127.0.0.1:{closed}").as_str().into())]),
        settings(&server, &[("url", "ldapi://%2Fnowhere%2Fldapi".into())]),
        settings(&server, &[("start_tls", true.into())]),
        settings(&server, &[("url", server.url.replace("ldap:", "ldaps:").as_str().into())]),
    ];
    let mut said = String::new();
    for settings in table {
        let error = try_connect(settings).await.err().unwrap();
        said.push_str(
            &format!("{} ({})\n", error.message, error.hint)
                .replace(&server.url[7..], "HOST")
                .replace(&closed.to_string(), "CLOSED"),
        );
        assert!(!said.contains("wrong one"), "a password is printed");
    }
    insta::assert_snapshot!(said, @"
    system.corp: ldap://HOST: bind as cn=prov,dc=example,dc=test: invalidCredentials (49) (check bind and password; the account may be locked or its password expired)
    system.corp: ldap://127.0.0.1:CLOSED: Connection refused (os error 111) (check url in the system block, the network, and whether the server runs)
    system.corp: ldapi://%2Fnowhere%2Fldapi: No such file or directory (os error 2) (check url in the system block, the network, and whether the server runs)
    system.corp: ldap://HOST: StartTLS: protocolError (2): unsupported extended operation (the server's log may say more)
    system.corp: ldaps://HOST: no TLS: tls handshake eof (does the server speak TLS on that port?)
    ");
}

async fn create(system: &Half, kind: Kind, pairs: &[(&str, Value)]) -> String {
    refused(system.create(kind, pairs).await)
}

#[tokio::test]
async fn wrong_entries_are_refused() {
    let server = Slapd::start();
    let url = server.url.clone();
    let system = connect(&server, &[]).await;
    system.created(Kind::Account, &person("ada")).await;
    let with = |more: &[(&'static str, Value)]| [person("grace"), more.to_vec()].concat();
    let two = Value::list(["a".into(), "b".into()]);
    let table = [
        person("ada"),
        person("ADA"),
        with(&[("favouriteColour", "red".into())]),
        with(&[("uidNumber", "many".into())]),
        with(&[("preferredLanguage", two)]),
        with(&[("dn", "grace".into())]),
        with(&[("dn", "uid=grace,ou=nowhere,dc=example,dc=test".into())]),
        with(&[("dn", "uid=mary,ou=people,dc=example,dc=test".into())]),
        with(&[("displayName", Value::map([("a".into(), 1.into())]))]),
        vec![("uid", "grace".into()), ("cn", "Grace".into())],
        vec![("cn", "Grace".into()), ("sn", "Hopper".into())],
    ];
    let mut said = String::new();
    for pairs in table {
        said.push_str(&create(&system, Kind::Account, &pairs).await.replace(&url, "URL"));
        said.push('\n');
    }
    insta::assert_snapshot!(said, @"
    URL: add uid=ada,ou=people,dc=example,dc=test: entryAlreadyExists (68); an entry with this DN is there already: adopt it, or choose another name
    URL: add uid=ADA,ou=people,dc=example,dc=test: entryAlreadyExists (68); an entry with this DN is there already: adopt it, or choose another name
    account.corp.ada: the server's schema has no attribute `favouriteColour` for it
    URL: add uid=grace,ou=people,dc=example,dc=test: invalidAttributeSyntax (21): uidNumber: value #0 invalid per syntax; check the value against what the server's schema and policies allow
    URL: add uid=grace,ou=people,dc=example,dc=test: constraintViolation (19): preferredLanguage: multiple values provided; check the value against what the server's schema and policies allow
    account.corp.ada: its DN grace has no `=` in `grace`
    URL: add uid=grace,ou=nowhere,dc=example,dc=test: noSuchObject (32); what is there is dc=example,dc=test; it is not there, or the bind name may not see it: check its rights and the base
    account.corp.ada: its DN uid=mary,ou=people,dc=example,dc=test says another `uid` than its attributes
    account.corp.ada: `displayName` is of the type object, and LDAP holds texts, numbers, truths and lists of them
    URL: add uid=grace,ou=people,dc=example,dc=test: objectClassViolation (65): object class 'inetOrgPerson' requires attribute 'sn'; the entry does not fit its object classes: check the attributes, and account_classes or group_classes
    account.corp.ada: needs `uid`, by which it is named, or `dn`
    ");
    assert_eq!(system.inventory().await.unwrap().accounts.len(), 1, "nothing was made");
}

#[tokio::test]
async fn wrong_changes_are_refused() {
    let server = Slapd::start();
    let url = server.url.clone();
    let system = connect(&server, &[]).await;
    let ada = system.created(Kind::Account, &person("ada")).await;
    system.created(Kind::Account, &person("grace")).await;
    let dn = |text: &str| [("dn", Value::text(text))];
    let table: [&[(&str, Value)]; 5] = [
        &[("uid", "grace".into())],
        &[("uid", "".into())],
        &[("sn", "".into())],
        &[("employeeNumber", Value::list(["1".into(), "2".into()]))],
        &dn("uid=ada,ou=nowhere,dc=example,dc=test"),
    ];
    let mut said = String::new();
    for pairs in table {
        said.push_str(&refused(system.change(Action::Update, Target::Account(ada), pairs).await).replace(&url, "URL"));
        said.push('\n');
    }
    insta::assert_snapshot!(said, @"
    URL: rename uid=ada,ou=people,dc=example,dc=test to uid=grace,ou=people,dc=example,dc=test: entryAlreadyExists (68); an entry with this DN is there already: adopt it, or choose another name
    account.corp.ada: `uid` names it and cannot be cleared
    URL: modify uid=ada,ou=people,dc=example,dc=test: objectClassViolation (65): object class 'inetOrgPerson' requires attribute 'sn'; the entry does not fit its object classes: check the attributes, and account_classes or group_classes
    URL: modify uid=ada,ou=people,dc=example,dc=test: constraintViolation (19): employeeNumber: multiple values provided; check the value against what the server's schema and policies allow
    URL: rename uid=ada,ou=people,dc=example,dc=test to uid=ada,ou=nowhere,dc=example,dc=test: noSuchObject (32): new superior not found; it is not there, or the bind name may not see it: check its rights and the base
    ");
    assert_eq!(server.show(&format!("uid=ada,ou=people,{BASE}"), &["uid", "sn"]), "sn: ada\nuid: ada");
}

#[tokio::test]
async fn who_may_only_read_changes_nothing() {
    let server = Slapd::start();
    let writes = connect(&server, &[]).await;
    let ada = writes.created(Kind::Account, &person("ada")).await;
    let system = connect(&server, &[("bind", READER.into())]).await;
    let said = create(&system, Kind::Account, &person("grace")).await;
    assert!(said.contains("insufficientAccessRights (50)"), "{said}");
    let said = refused(system.change(Action::Update, Target::Account(ada), &[("title", "x".into())]).await);
    assert!(said.contains("insufficientAccessRights (50)"), "{said}");
    // Separate credentials: the reader's bind reads, the other one writes.
    let mut separate = settings(&server, &[("bind", READER.into()), ("write_bind", crate::openldap::PROV.into())]);
    separate.secrets.push(("write_password".into(), crate::openldap::PASSWORD.to_owned()));
    let system = try_connect(separate).await.unwrap();
    system.created(Kind::Account, &person("grace")).await;
}
