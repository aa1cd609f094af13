//! Accounts that are put away and brought back, and accounts that are deleted.

use state::object::ARCHIVED;
use state::{Action, Kind, Object, Order, Outcome, Presence, Symbol, Target, Value};

use crate::helper::{Half, connect, done, object, order, person, refused, settings, try_connect};
use crate::openldap::Slapd;

const DEFAULT: &str = "cn=default,ou=policies,dc=example,dc=test";

async fn system(server: &Slapd, more: &[(&str, Value)]) -> (Half, String) {
    let base = server.branch();
    let own = [
        ("base", base.as_str().into()),
        ("account_base", format!("ou=people,{base}").as_str().into()),
        ("archive_base", format!("ou=archive,{base}").as_str().into()),
    ];
    let settings: Vec<(&str, Value)> = more.iter().cloned().chain(own).collect();
    (connect(server, &settings).await, base)
}

fn is_archived(object: &Object) -> bool {
    object.attributes.get(Symbol::new(ARCHIVED)) == Some(&Value::Bool(true))
}

#[tokio::test]
async fn an_account_is_put_away_and_comes_back_to_where_it_stood() {
    let server = Slapd::start();
    let (system, base) = system(&server, &[("policy", DEFAULT.into())]).await;
    for unit in [format!("ou=berlin,ou=people,{base}"), format!("ou=berlin,ou=archive,{base}")] {
        server.add(&format!("dn: {unit}\nobjectClass: organizationalUnit\n"));
    }
    let there = format!("uid=ada,ou=berlin,ou=people,{base}");
    let pairs = [person("ada"), vec![("dn", there.as_str().into()), ("title", "Countess".into())]].concat();
    let id = system.created(Kind::Account, &pairs).await;
    let staff = system.created(Kind::Group, &[("cn", "staff".into())]).await;
    let place = Target::Membership { group: staff, member: id, nested: false };
    done(system.change(Action::Grant, place, &[]).await);
    // In any order: a rename writes the naming attribute anew.
    let shown = || {
        let mut lines: Vec<String> = server.show(&there, &["*", "entryUUID"]).lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    let before = shown();

    done(system.change(Action::Deactivate, Target::Account(id), &[]).await);
    let away = done(system.change(Action::Archive, Target::Account(id), &[]).await);
    assert!(is_archived(&away) && !away.active, "{away:?}");
    assert!(shown().is_empty());
    assert!(server.show(&format!("uid=ada,ou=berlin,ou=archive,{base}"), &["uid"]).contains("ada"));
    // It is still listed and read, with what it is a member of.
    let observed = system.inventory().await.unwrap();
    assert!(observed.accounts.iter().any(|account| account.id == id && is_archived(account) && !account.active));
    assert_eq!(observed.memberships.len(), 1);
    assert!(matches!(system.look(Target::Account(id)).await, Presence::Here(account) if is_archived(&account)));

    let back = done(system.change(Action::Reactivate, Target::Account(id), &[]).await);
    assert!(!is_archived(&back) && back.active, "{back:?}");
    assert_eq!(shown(), before);
    assert!(matches!(system.look(place).await, Presence::Here(_)));
}

#[tokio::test]
async fn what_could_not_be_brought_back_is_not_put_away() {
    let server = Slapd::start();
    let (system, base) = system(&server, &[("policy", DEFAULT.into())]).await;
    // Its unit is not in the archive.
    server.add(&format!("dn: ou=berlin,ou=people,{base}\nobjectClass: organizationalUnit\n"));
    let there = format!("uid=ada,ou=berlin,ou=people,{base}");
    let id = system.created(Kind::Account, &[person("ada"), vec![("dn", there.as_str().into())]].concat()).await;
    let said = refused(system.change(Action::Archive, Target::Account(id), &[]).await);
    assert!(
        said.contains(&format!("to uid=ada,ou=berlin,ou=archive,{base}")) && said.contains("noSuchObject"),
        "{said}"
    );
    assert!(server.show(&there, &["uid"]).contains("ada"));
    // There is another one of that name already.
    server.add(&format!(
        "dn: uid=grace,ou=archive,{base}\nobjectClass: inetOrgPerson\nuid: grace\ncn: Grace\nsn: Hopper\n"
    ));
    let grace = system.created(Kind::Account, &person("grace")).await;
    let said = refused(system.change(Action::Archive, Target::Account(grace), &[]).await);
    assert!(said.contains("entryAlreadyExists (68)"), "{said}");
    // It stands where none are made: nobody would know later.
    let wide = connect(
        &server,
        &[("base", base.as_str().into()), ("archive_base", format!("ou=archive,{base}").as_str().into())],
    )
    .await;
    let apart = format!("uid=mary,ou=former,{base}");
    let mary = wide.created(Kind::Account, &[person("mary"), vec![("dn", apart.as_str().into())]].concat()).await;
    let said = refused(wide.change(Action::Archive, Target::Account(mary), &[]).await);
    assert!(said.contains("does not stand below ou=people"), "{said}");
}

#[tokio::test]
async fn a_branch_that_cannot_be_one_is_told() {
    let server = Slapd::start();
    let base = server.branch();
    let archive = format!("ou=archive,{base}");
    for (more, said) in [
        (vec![("archive_base", Value::text(format!("ou=nowhere,{base}")))], "ou=nowhere,"),
        (vec![("archive_base", Value::text(&base))], "new accounts are made below it"),
        (
            vec![("archive_base", Value::text(&archive)), ("lock", object(&[("branch", &archive)]))],
            "accounts that are locked stand below it",
        ),
    ] {
        let more = [more, vec![("base", Value::text(&base))]].concat();
        let error = try_connect(settings(&server, &more)).await.err().unwrap();
        assert!(error.message.contains(said) && !error.hint.is_empty(), "{error:?}");
    }
}

#[tokio::test]
async fn a_deleted_account_leaves_no_place_in_a_group_behind() {
    let server = Slapd::start();
    for kind in ["groupOfNames", "groupOfUniqueNames", "posixGroup"] {
        let (system, base) = system(&server, &[("group_kind", kind.into())]).await;
        let (ada, grace) = (
            system.created(Kind::Account, &person("ada")).await,
            system.created(Kind::Account, &person("grace")).await,
        );
        for (name, members) in [("staff", vec![ada, grace]), ("alone", vec![ada])] {
            let mut pairs = vec![("cn", Value::text(name))];
            pairs.extend((kind == "posixGroup").then_some(("gidNumber", Value::Integer(5000))));
            let group = system.created(Kind::Group, &pairs).await;
            for member in members {
                done(system.change(Action::Grant, Target::Membership { group, member, nested: false }, &[]).await);
            }
        }
        let outcome = system.change(Action::Delete, Target::Account(ada), &[]).await;
        assert!(matches!(outcome, Outcome::Done(_)), "{kind}: {outcome:?}");
        assert!(matches!(system.look(Target::Account(ada)).await, Presence::Gone), "{kind}");
        // Whoever gets that name next is nowhere a member.
        system.created(Kind::Account, &person("ada")).await;
        let observed = system.inventory().await.unwrap();
        let members: Vec<Symbol> = observed.memberships.iter().map(|place| place.member).collect();
        assert_eq!(members, [grace], "{kind} below {base}");
    }
}

#[tokio::test]
async fn what_changed_since_it_was_read_is_not_deleted() {
    let server = Slapd::start();
    let (system, base) = system(&server, &[]).await;
    let id = system.created(Kind::Account, &person("ada")).await;
    let Presence::Here(before) = system.look(Target::Account(id)).await else { panic!() };
    let delete = Order { before: Some(before), ..order(Action::Delete, Some(Target::Account(id)), Kind::Account, &[]) };
    let dn = format!("uid=ada,ou=people,{base}");
    server.modify(&format!("dn: {dn}\nchangetype: modify\nreplace: title\ntitle: Admiral\n"));
    let outcome = system.execute(delete).await;
    assert!(matches!(&outcome, Outcome::Stale(Some(now)) if now.id == id), "{outcome:?}");
    // An entry that others stand below.
    server.add(&format!("dn: ou=devices,{dn}\nobjectClass: organizationalUnit\n"));
    let said = refused(system.change(Action::Delete, Target::Account(id), &[]).await);
    assert!(said.contains(&dn) && said.contains("notAllowedOnNonLeaf (66)"), "{said}");
    assert!(server.show(&dn, &["title"]).contains("Admiral"));
}
