//! Inventories: whole, or an error.

use state::{Kind, Presence, Symbol, Target, Value};

use tenure_providers::{Difference, Outside};

use crate::helper::{connect, person, settings, try_connect};
use crate::openldap::{BASE, PROV, READER, STRANGER, Slapd};

/// LDIF of `n` people.
fn people(n: usize) -> String {
    let person = |n: usize| {
        format!(
            "dn: uid=p{n},ou=people,{BASE}\nobjectClass: inetOrgPerson\nuid: p{n}\ncn: Person {n}\nsn: {n}\nmail: p{n}@acme.example\n\n"
        )
    };
    (0..n).map(person).collect()
}

fn with_people(n: usize) -> Slapd {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), people(n)).unwrap();
    Slapd::start_with(&["--data", file.path().to_str().unwrap()])
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_reach_over_a_size_limit_that_allows_it_and_no_other_is_taken_for_the_end() {
    let server = with_people(1_234);
    let system = connect(&server, &[("page_size", 100.into())]).await;
    let observed = system.inventory().await.unwrap();
    assert_eq!(observed.accounts.len(), 1_234);
    let proof = observed.complete.proof.replace(&server.url, "URL");
    insta::assert_snapshot!(proof, @"URL: 1234 accounts over 13 pages, 0 groups over 1 pages, each page ended well and the last without a cookie; 4 entries seen before and after; accounts cannot be locked: which password policy is in force cannot be seen, and not all of them have pwdLockout TRUE");
    // cn=reader may see 500 entries in all, paged or not.
    let system = connect(&server, &[("bind", READER.into()), ("page_size", 100.into())]).await;
    let error = system.inventory().await.unwrap_err().replace(&server.url, "URL");
    insta::assert_snapshot!(error, @"URL: search below dc=example,dc=test: sizeLimitExceeded (4) after 5 pages: what was read is not all (raise the server's size limit for the bind name (OpenLDAP: olcLimits size=unlimited), or narrow base and filters)");
}

/// What ldapadd says of so many is more than a pipe holds.
#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_grew_is_read_whole() {
    let server = Slapd::start();
    let system = connect(&server, &[]).await;
    assert_eq!(system.inventory().await.unwrap().accounts.len(), 0);
    server.add(&people(2_500));
    assert_eq!(system.inventory().await.unwrap().accounts.len(), 2_500);
}

#[tokio::test]
async fn who_may_not_see_the_base_learns_nothing() {
    let server = Slapd::start();
    let error = try_connect(settings(&server, &[("bind", STRANGER.into())])).await.err().unwrap();
    insta::assert_snapshot!(format!("{} ({})", error.message, error.hint).replace(&server.url, "URL"), @"system.corp: URL: dc=example,dc=test is not there, or the bind name may not see it (check base, account_base and group_base, and the rights of the bind name)");
    let error = try_connect(settings(&server, &[("base", "dc=elsewhere".into())])).await.err().unwrap();
    assert!(error.message.contains("dc=elsewhere is not there, or the bind name may not see it"), "{error}");
}

/// Takes rights away from everybody but the root, in front of all others.
fn access(server: &Slapd, rule: &str) {
    server.configure(&format!(
        "dn: olcDatabase={{2}}mdb,cn=config\nchangetype: modify\nadd: olcAccess\nolcAccess: {{0}}{rule}\n"
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_fall_make_the_reading_incomplete() {
    let cases = [
        ("to dn.subtree=\"ou=people,dc=example,dc=test\" by * none", "cannot be seen any more"),
        ("to attrs=entryUUID by * none", "does not show its id any more"),
        ("to dn.children=\"ou=people,dc=example,dc=test\" attrs=uid by * none", "does not show its uid"),
        ("to dn.children=\"ou=people,dc=example,dc=test\" attrs=entryUUID by * none", "shows no entryUUID"),
    ];
    for (rule, said) in cases {
        let server = Slapd::start();
        let system = connect(&server, &[]).await;
        let id = system.created(Kind::Account, &person("ada")).await;
        assert_eq!(system.inventory().await.unwrap().accounts.len(), 1);
        access(&server, rule);
        let error = system.inventory().await.unwrap_err();
        assert!(error.contains(said), "{rule}: {error}");
        let presence = system.look(Target::Account(id)).await;
        assert!(!matches!(presence, Presence::Here(_)), "{rule}: {presence:?}");
        if !said.starts_with("shows no") {
            assert!(matches!(presence, Presence::Hidden(_)), "{rule}: {presence:?}");
        }
    }
}

#[tokio::test]
async fn a_base_that_vanishes_is_not_an_empty_directory() {
    let server = Slapd::start();
    let base = server.branch();
    let system = connect(&server, &[("base", base.as_str().into())]).await;
    let id = system.created(Kind::Account, &person("ada")).await;
    for dn in ["uid=ada,ou=people,", "ou=people,", "ou=groups,", "ou=former,", "ou=archive,", ""] {
        server.delete(&format!("{dn}{base}"));
    }
    assert!(system.inventory().await.is_err());
    let presence = system.reader.read(&[Target::Account(id)]).await;
    assert!(presence.is_err() || matches!(presence.as_deref(), Ok([Presence::Hidden(_)])), "{presence:?}");
}

#[tokio::test]
async fn ghosts_and_referrals_are_reported() {
    let server = Slapd::start();
    let system = connect(&server, &[]).await;
    let ada = system.created(Kind::Account, &person("ada")).await;
    server.add(&format!(
        "dn: cn=staff,ou=groups,{BASE}\nobjectClass: groupOfNames\ncn: staff\nmember: UID=Ada, ou=People,{BASE}\nmember: uid=gone,ou=people,{BASE}\n"
    ));
    server.add(&format!(
        "dn: ou=elsewhere,{BASE}\nobjectClass: referral\nobjectClass: extensibleObject\nou: elsewhere\nref: ldap://other.example/ou=elsewhere,{BASE}\n"
    ));
    let observed = system.inventory().await.unwrap();
    let members: Vec<Symbol> = observed.memberships.iter().map(|place| place.member).collect();
    let ghost = Symbol::new(&format!("uid=gone,ou=people,{BASE}"));
    assert!(members.len() == 2 && members.contains(&ada) && members.contains(&ghost), "{members:?}");
    let proof = &observed.complete.proof;
    assert!(proof.contains("1 members are neither accounts nor groups here, such as uid=gone,"), "{proof}");
    assert!(proof.contains("1 referrals were not followed, such as ldap://other.example/"), "{proof}");
    // A ghost can be looked at and taken.
    let place = Target::Membership { group: observed.groups[0].id, member: ghost, nested: false };
    assert!(matches!(system.look(place).await, Presence::Here(_)));
    crate::helper::done(system.change(state::Action::Revoke, place, &[]).await);
    assert!(matches!(system.look(place).await, Presence::Gone));
}

#[tokio::test]
async fn the_schema_is_the_servers() {
    let server = Slapd::start();
    let system = connect(&server, &[]).await;
    let (schema, capabilities) = system.reader.describe().await.unwrap();
    let shown: Vec<String> = [
        "dn",
        "uid",
        "cn",
        "mail",
        "manager",
        "displayName",
        "uidNumber",
        "entryUUID",
        "userPassword",
        "jpegPhoto",
        "member",
    ]
    .iter()
    .map(|name| match schema.account_attribute(Symbol::new(name)) {
        None => format!("{name} -"),
        Some(it) => format!("{name} {:?} {:?} case {} required {}", it.value, it.shape, it.case_exact, it.required),
    })
    .collect();
    insta::assert_snapshot!(shown.join("\n"), @"
    dn DistinguishedName One case false required false
    uid Text Set case false required false
    cn Text Set case true required true
    mail Text Set case false required false
    manager DistinguishedName Set case false required false
    displayName Text One case true required false
    uidNumber Integer One case true required false
    entryUUID -
    userPassword Text Set case true required false
    jpegPhoto -
    member -
    ");
    assert!(!schema.account_open && !schema.group_open && schema.group_attribute("member".into()).is_none());
    let key = capabilities.account_key.unwrap();
    assert_eq!((key.attribute.as_str(), key.unique, key.case_exact), ("uid", true, false));
}

#[tokio::test]
async fn settings_narrow_what_accounts_and_groups_are() {
    let server = Slapd::start();
    let all = connect(&server, &[]).await;
    for name in ["ada", "grace"] {
        all.created(Kind::Account, &person(name)).await;
    }
    let table = [
        (vec![("account_filter", Value::text("(&(objectClass=person)(uid=a*))"))], 1),
        (vec![("account_base", Value::text(format!("ou=former,{BASE}")))], 0),
        (vec![("account_classes", Value::text("inetOrgPerson"))], 2),
        (vec![("account_classes", Value::text("account"))], 0),
    ];
    for (more, accounts) in table {
        let system = connect(&server, &more).await;
        assert_eq!(system.inventory().await.unwrap().accounts.len(), accounts, "{more:?}");
    }
}

/// Something about an account or group that others changed.
fn difference(object: Target) -> Difference {
    let what = Outside::SwitchedOff;
    Difference { object: Some(object), target: Some(object), what, recorded: Default::default(), since: None }
}

#[tokio::test]
async fn the_directory_tells_who_changed_an_entry_last_and_when() {
    let server = Slapd::start();
    let system = connect(&server, &[]).await;
    let id = system.created(Kind::Account, &person("ada")).await;
    let absent = Symbol::new("00000000-0000-0000-0000-000000000000");
    let differences = [Target::Account(id), Target::Account(absent)].map(difference);
    let touched = system.reader.touched(&differences).await.unwrap().touched;
    let [Some(ada), None] = &touched[..] else { panic!("{touched:?}") };
    assert_eq!(ada.by.as_deref(), Some(PROV));
    // Servers tell whole seconds.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    let at = ada.at.unwrap().millis();
    assert!((now - 60_000..=now + 1_000).contains(&at), "{at} is not about {now}");
}
