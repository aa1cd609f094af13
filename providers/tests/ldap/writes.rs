//! What stands in the directory after a write, attribute by attribute.

use base64::Engine as _;
use state::{Action, Kind, Outcome, Presence, Symbol, Target, Value};

use crate::helper::{Half, connect, done, order, person, refused};
use crate::openldap::Slapd;

async fn system(server: &Slapd, more: &[(&str, Value)]) -> (Half, String) {
    let base = server.branch();
    let more: Vec<_> = more.iter().cloned().chain([("base", Value::text(base.as_str()))]).collect();
    (connect(server, &more).await, base)
}

fn texts(values: &[&str]) -> Value {
    Value::list(values.iter().map(|text| Value::text(*text)))
}

/// As the example of a startup asks for it: no object class is named.
#[tokio::test]
async fn object_classes_follow_from_the_attributes() {
    let server = Slapd::start();
    let (system, base) = system(&server, &[]).await;
    let dn = format!("uid=ada,ou=people,{base}");
    let account = [
        ("dn", dn.as_str().into()),
        ("cn", "Ada Lovelace".into()),
        ("sn", "Lovelace".into()),
        ("mail", "ada@acme.example".into()),
        ("preferredLanguage", "en-GB".into()),
        ("uid", "ada".into()),
        ("uidNumber", Value::Integer(10_001)),
    ];
    system.created(Kind::Account, &account).await;
    insta::assert_snapshot!(server.show(&dn, &["*"]), @"
    cn: Ada Lovelace
    mail: ada@acme.example
    preferredLanguage: en-GB
    sn: Lovelace
    uid: ada
    uidNumber: 10001
    objectClass: inetOrgPerson
    objectClass: posixAccount
    gidNumber: 10001
    homeDirectory: /home/ada
    ");
    let group = system.create(Kind::Group, &[("cn", "staff".into())]).await;
    assert!(matches!(group, Outcome::Done(_)), "{group:?}");
    insta::assert_snapshot!(server.show(&format!("cn=staff,ou=groups,{base}"), &["*"]), @"
    cn: staff
    objectClass: groupOfNames
    member:
    ");
}

#[tokio::test]
async fn an_attribute_of_another_class_brings_its_class() {
    let server = Slapd::start();
    let (system, _) = system(&server, &[]).await;
    let id = system.created(Kind::Account, &person("ada")).await;
    let outcome = system.change(Action::Update, Target::Account(id), &[("shadowExpire", Value::Integer(20_000))]).await;
    let classes = done(outcome).attributes.get("objectClass".into()).cloned();
    assert_eq!(classes, Some(texts(&["inetOrgPerson", "shadowAccount"])));
}

#[tokio::test]
async fn sets_binaries_case_and_odd_names_survive() {
    let server = Slapd::start();
    let (system, base) = system(&server, &[("binary", texts(&["jpegPhoto", "userCertificate;binary"]))]).await;
    let photo = base64::engine::general_purpose::STANDARD.encode([0xff, 0xd8, 0xff, 0x00, 0x10]);
    let id = system.created(Kind::Account, &person("ada")).await;
    let table = [
        ("mail", texts(&["a@x.example", "b@x.example", "c@x.example"])),
        ("mail", texts(&["a@x.example", "c@x.example", "d@x.example"])),
        ("mail", Value::text("d@x.example")),
        ("mail", Value::text("")),
        ("displayName", Value::text("ada")),
        ("displayName", Value::text("Ada")),
        ("jpegPhoto", Value::text(photo.as_str())),
        ("jpegPhoto", Value::text("")),
        ("manager", Value::text(format!(r"cn=King\, Ada,{base}"))),
    ];
    for (name, value) in table {
        let object = done(system.change(Action::Update, Target::Account(id), &[(name, value.clone())]).await);
        let Presence::Here(read) = system.look(Target::Account(id)).await else { panic!("{name}") };
        for held in [&object, &read] {
            let held = held.attributes.get(name.into()).cloned().unwrap_or_default();
            assert_eq!(if held.is_null() { Value::text("") } else { held }, value, "{name}");
        }
    }
    // A name that a DN has to escape, and its rename.
    let odd = system.created(Kind::Group, &[("cn", r#"R&D, "north" + #1 \ süd"#.into())]).await;
    let renamed = done(system.change(Action::Rename, Target::Group(odd), &[("cn", "#2, <new>".into())]).await);
    assert_eq!(renamed.attributes.get("dn".into()), Some(&Value::text(format!(r"cn=\#2\, \<new\>,ou=groups,{base}"))));
    assert_eq!((renamed.id, renamed.attributes.get("cn".into())), (odd, Some(&Value::text("#2, <new>"))));
}

#[tokio::test]
async fn an_entry_that_is_moved_stays_the_same_account_in_its_groups() {
    for (kind, attribute) in
        [("groupOfNames", "member"), ("groupOfUniqueNames", "uniqueMember"), ("posixGroup", "memberUid")]
    {
        let server = Slapd::start();
        let (system, base) = system(&server, &[("group_kind", kind.into())]).await;
        let ada = system.created(Kind::Account, &person("ada")).await;
        let mut group = vec![("cn", "staff".into())];
        if kind == "posixGroup" {
            group.push(("gidNumber", Value::Integer(5000)));
        }
        let staff = system.created(Kind::Group, &group).await;
        let place = Target::Membership { group: staff, member: ada, nested: false };
        done(system.change(Action::Grant, place, &[]).await);
        let to = format!("uid=countess,ou=former,{base}");
        let moved = done(
            system
                .change(Action::Update, Target::Account(ada), &[("dn", to.as_str().into()), ("sn", "King".into())])
                .await,
        );
        assert_eq!((moved.id, moved.attributes.get("uid".into())), (ada, Some(&"countess".into())), "{kind}");
        assert!(matches!(system.look(place).await, Presence::Here(_)), "{kind}");
        let observed = system.inventory().await.unwrap();
        assert_eq!(observed.memberships.iter().map(|place| place.member).collect::<Vec<_>>(), [ada], "{kind}");
        assert!(!server.show(&format!("cn=staff,ou=groups,{base}"), &[attribute]).contains("ada"), "{kind}");
    }
}

/// Servers often have no index of ids: what was seen before is found by its name, without going through all entries.
#[tokio::test]
async fn what_was_seen_is_found_on_a_server_without_an_index_of_ids() {
    let server = Slapd::start();
    let (system, base) = system(&server, &[]).await;
    let mut people = Vec::new();
    for n in 0..40 {
        people.push(system.created(Kind::Account, &person(&format!("p{n}"))).await);
    }
    let staff = system.created(Kind::Group, &[("cn", "staff".into())]).await;
    system.inventory().await.unwrap();
    // From now on a search that has to look at more than 20 entries is refused.
    server.configure(
        "dn: olcDatabase={2}mdb,cn=config\nchangetype: modify\n\
         delete: olcDbIndex\nolcDbIndex: objectClass,entryCSN,entryUUID eq\n-\n\
         add: olcDbIndex\nolcDbIndex: objectClass,entryCSN eq\n-\n\
         replace: olcLimits\nolcLimits: {0}dn.exact=cn=prov,dc=example,dc=test size.unchecked=20\n",
    );
    let place = |member| Target::Membership { group: staff, member, nested: false };
    done(system.change(Action::Grant, place(people[7]), &[]).await);
    assert!(server.show(&format!("cn=staff,ou=groups,{base}"), &["member"]).contains("uid=p7,"));
    // What was renamed meanwhile has to be looked for by its id.
    let there = format!("uid=p8,ou=people,{base}");
    server.modify(&format!("dn: {there}\nchangetype: modrdn\nnewrdn: uid=q8\ndeleteoldrdn: 1\n"));
    let said = system.execute(order(Action::Grant, Some(place(people[8])), Kind::Membership, &[])).await;
    assert!(format!("{said:?}").contains("adminLimitExceeded"), "{said:?}");
}

/// Two operations of LDAP: what was done and what was not is told.
#[tokio::test]
async fn a_rename_with_other_attributes_says_what_was_done() {
    let server = Slapd::start();
    let (system, base) = system(&server, &[]).await;
    let ada = system.created(Kind::Account, &person("ada")).await;
    system.created(Kind::Account, &person("grace")).await;
    let change = async |pairs: &[(&str, Value)]| system.change(Action::Rename, Target::Account(ada), pairs).await;
    let place = format!("uid=ada,ou=people,{base}");
    // The values are refused: nothing was done.
    let said = refused(change(&[("uid", "countess".into()), ("employeeNumber", texts(&["1", "2"]))]).await);
    assert!(said.contains("constraintViolation (19)"), "{said}");
    assert_eq!(server.show(&place, &["uid", "employeeNumber"]), "uid: ada");
    // The name is refused: the values are changed, and that is told.
    let Outcome::Partly(now, said) = change(&[("uid", "grace".into()), ("title", "Countess".into())]).await else {
        panic!()
    };
    assert_eq!(
        (now.attributes.get("title".into()), now.attributes.get("uid".into())),
        (Some(&"Countess".into()), Some(&"ada".into()))
    );
    insta::assert_snapshot!(said.replace(&server.url, "URL").replace(&base, "BASE"), @"account.corp.ada: the attributes of uid=ada,ou=people,BASE were changed; uid=ada,ou=people,BASE was not renamed to uid=grace,ou=people,BASE: URL: rename uid=ada,ou=people,BASE to uid=grace,ou=people,BASE: entryAlreadyExists (68); an entry with this DN is there already: adopt it, or choose another name");
    // The next order is about the rest.
    let moved = done(change(&[("uid", "countess".into()), ("sn", "King".into()), ("title", "".into())]).await);
    assert_eq!((moved.id, moved.attributes.get("sn".into())), (ada, Some(&"King".into())));
    assert_eq!(
        server.show(&format!("uid=countess,ou=people,{base}"), &["uid", "sn", "title"]),
        "sn: King\nuid: countess"
    );
}

/// What names an entry changes from one attribute to another, and both have new values.
#[tokio::test]
async fn an_entry_gets_another_kind_of_name() {
    let server = Slapd::start();
    let (system, base) = system(&server, &[]).await;
    let ada = system.created(Kind::Account, &person("ada")).await;
    let by_name = format!("cn=Ada King,ou=people,{base}");
    let pairs = [("dn", by_name.as_str().into()), ("cn", "Ada King".into()), ("uid", "countess".into())];
    let moved = done(system.change(Action::Rename, Target::Account(ada), &pairs).await);
    assert_eq!(moved.attributes.get("dn".into()), Some(&by_name.as_str().into()));
    assert_eq!(server.show(&by_name, &["uid", "cn"]), "uid: countess\ncn: Ada King");
}

/// As the server writes it, or otherwise: a name is a name.
#[tokio::test]
async fn spellings_of_one_name_are_no_change() {
    let server = Slapd::start();
    let (system, base) = system(&server, &[]).await;
    let ada = system.created(Kind::Account, &person("ada")).await;
    let boss = format!("UID=Ada, OU=People,{base}");
    let pairs = [("manager", boss.as_str().into()), ("dn", format!("UID=ada, ou=people,{base}").as_str().into())];
    let now = done(system.change(Action::Update, Target::Account(ada), &pairs).await);
    let same = |name: &str, text: &str| {
        state::dn::normal(now.attributes.get(name.into()).unwrap().as_text().unwrap().as_str())
            == state::dn::normal(text)
    };
    assert!(same("manager", &boss) && same("dn", &boss), "{now:?}");
}

#[tokio::test]
async fn the_last_member_leaves_to_the_placeholder() {
    let server = Slapd::start();
    for placeholder in ["", "cn=nobody,dc=example,dc=test"] {
        let (system, base) = system(&server, &[("placeholder", placeholder.into())]).await;
        let ada = system.created(Kind::Account, &person("ada")).await;
        let dn = format!("cn=staff,ou=groups,{base}");
        server.add(&format!("dn: {dn}\nobjectClass: groupOfNames\ncn: staff\nmember: uid=ada,ou=people,{base}\n"));
        let staff = system.inventory().await.unwrap().groups[0].id;
        let place = Target::Membership { group: staff, member: ada, nested: false };
        assert!(matches!(system.look(place).await, Presence::Here(_)));
        done(system.change(Action::Revoke, place, &[]).await);
        assert_eq!(server.show(&dn, &["member"]).trim_end(), format!("member: {placeholder}").trim_end());
        let observed = system.inventory().await.unwrap();
        assert_eq!((observed.memberships.len(), observed.groups.len()), (0, 1));
        assert!(!observed.complete.proof.contains("neither"), "{}", observed.complete.proof);
    }
}

#[tokio::test]
async fn one_bad_member_among_many_does_not_keep_the_others_out() {
    let server = Slapd::start();
    let (system, _) = system(&server, &[]).await;
    let staff = system.created(Kind::Group, &[("cn", "staff".into())]).await;
    let mut ids = Vec::new();
    for name in ["ada", "grace", "mary"] {
        ids.push(system.created(Kind::Account, &person(name)).await);
    }
    let grant = |member: Symbol| {
        order(Action::Grant, Some(Target::Membership { group: staff, member, nested: false }), Kind::Membership, &[])
    };
    done(system.execute(grant(ids[0])).await);
    let nobody = Symbol::new("3a9f1c52-0000-4000-8000-00000000dead");
    let orders = [grant(ids[0]), grant(nobody), grant(ids[1]), grant(ids[2])];
    let outcomes = system.writer.execute(&orders, &tenure_providers::Unannounced).await;
    let done: Vec<bool> = outcomes.iter().map(|outcome| matches!(outcome, Outcome::Done(_))).collect();
    assert_eq!(done, [true, false, true, true], "{outcomes:?}");
    assert_eq!(system.inventory().await.unwrap().memberships.len(), 3);
}

#[tokio::test]
async fn what_others_change_is_not_overwritten() {
    let server = Slapd::start();
    let (system, base) = system(&server, &[]).await;
    let id = system.created(Kind::Account, &person("ada")).await;
    let Presence::Here(before) = system.look(Target::Account(id)).await else { panic!() };
    let dn = format!("uid=ada,ou=people,{base}");
    let update = state::Order {
        before: Some(before),
        ..order(Action::Update, Some(Target::Account(id)), Kind::Account, &[("title", "Countess".into())])
    };
    // Beside what the order is about: that does not matter.
    server.modify(&format!("dn: {dn}\nchangetype: modify\nreplace: description\ndescription: new\n"));
    done(system.execute(update.clone()).await);
    server.modify(&format!("dn: {dn}\nchangetype: modify\nreplace: title\ntitle: Admiral\n"));
    let outcome = system.execute(update).await;
    assert!(
        matches!(&outcome, Outcome::Stale(Some(now)) if now.attributes.get("title".into()) == Some(&"Admiral".into())),
        "{outcome:?}"
    );
    assert_eq!(server.show(&dn, &["title"]), "title: Admiral");
}

#[tokio::test]
async fn passwords_are_written_and_never_read() {
    let server = Slapd::start();
    let (system, base) = system(&server, &[]).await;
    let create = |login: &str, password: &str| {
        let mut order =
            order(Action::Create, None, Kind::Account, &person(if login == "ada" { "ada" } else { "grace" }));
        order.secrets.0.push(("userPassword".into(), password.to_owned()));
        order
    };
    let made = done(system.execute(create("ada", "correct horse")).await);
    assert_eq!(made.attributes.get("userPassword".into()), None);
    assert!(server.bind(&format!("uid=ada,ou=people,{base}"), "correct horse").is_ok());
    // ppolicy cannot judge what is hashed already.
    let said = refused(system.execute(create("grace", "{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=")).await);
    assert!(said.contains("constraintViolation (19)") && !said.contains("SSHA"), "{said}");
}
