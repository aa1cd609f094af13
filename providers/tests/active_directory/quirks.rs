//! What Active Directory does in its own way.

use state::{Action, Address, Attributes, Kind, Object, Order, Outcome, Presence, Symbol, Target, Timestamp, Value};
use tenure_providers::conformance::System;
use tenure_providers::{Ask, Unannounced};

use crate::domain::{Unit, attributes, domain, ldif, search, signs_on};
use crate::servers::active_directory::DOMAIN;

const PASSWORD: &str = "Correct-horse-7";

fn order(action: Action, target: Option<Target>, after: Attributes) -> Order {
    let address = Address::Account { system: "ad".into(), holder: "ada".into() };
    let kind = target.map_or(Kind::Account, Target::kind);
    Order { address, action, target, kind, before: None, after, secrets: Default::default() }
}

fn membership(action: Action, group: Symbol, member: Symbol) -> Order {
    order(action, Some(Target::Membership { group, member, nested: false }), Attributes::new())
}

async fn answer(system: &System, order: Order) -> Outcome {
    system.writer.execute(&[order], &Unannounced).await.remove(0)
}

async fn done(system: &System, order: Order) -> Object {
    match answer(system, order).await {
        Outcome::Done(object) => object,
        other => panic!("{other:?}"),
    }
}

async fn refused(system: &System, order: Order) -> String {
    match answer(system, order).await {
        Outcome::Refused { error, .. } => error,
        other => panic!("{other:?}"),
    }
}

async fn create(system: &System, unit: &Unit, name: &str) -> Symbol {
    done(system, order(Action::Create, None, unit.account(name))).await.id
}

async fn create_group(system: &System, unit: &Unit, name: &str) -> Symbol {
    done(system, Order { kind: Kind::Group, ..order(Action::Create, None, unit.group(name)) }).await.id
}

async fn inventory(system: &System) -> state::Observed {
    let ask = Ask { now: Timestamp::default(), grants: &[], accounts: &[], progress: &|_| {} };
    system.reader.inventory(&ask).await.unwrap()
}

async fn look(system: &System, target: Target) -> Presence {
    system.reader.read(&[target]).await.unwrap().remove(0)
}

fn text<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.attributes.get(Symbol::new(name)).and_then(Value::as_text).map(Symbol::as_str)
}

#[tokio::test]
async fn an_account_is_made_with_its_password_and_switched_by_one_bit() {
    let unit = Unit::new();
    let system = unit.system().await;
    let name = unit.name("ada");
    let mut new = order(Action::Create, None, unit.account("ada"));
    new.secrets.0.push(("unicodePwd".into(), PASSWORD.to_owned()));
    let made = done(&system, new).await;
    assert!(made.active);
    assert_eq!(signs_on(&name, PASSWORD), Ok(()));
    // The id is written as Windows writes it: the server finds the entry by it.
    let by_id = search(&format!("<GUID={}>", made.id), "(objectClass=*)", &["sAMAccountName"]);
    assert_eq!(by_id, format!("dn: CN={name},{}\nsAMAccountName: {name}\n", unit.dn));

    // The password does not expire: a flag that is not tenure's.
    let dn = format!("CN={name},{}", unit.dn);
    ldif(&format!("dn: {dn}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 66048\n"));
    let target = Some(Target::Account(made.id));
    for (action, active, flags) in [
        (Action::Deactivate, false, "66050"),
        (Action::Deactivate, false, "66050"),
        (Action::Reactivate, true, "66048"),
    ] {
        assert_eq!(done(&system, order(action, target, Attributes::new())).await.active, active);
        let stands = search(&dn, "(objectClass=*)", &["userAccountControl"]);
        assert_eq!(stands, format!("dn: {dn}\nuserAccountControl: {flags}\n"));
        match signs_on(&name, PASSWORD) {
            Ok(()) => assert!(active),
            Err(said) => assert!(!active && said.contains("data 533"), "{said}"),
        }
    }
}

#[tokio::test]
async fn a_password_that_the_domain_refuses_makes_no_account() {
    let unit = Unit::new();
    let system = unit.system().await;
    let mut new = order(Action::Create, None, unit.account("ada"));
    new.secrets.0.push(("unicodePwd".into(), "weak".to_owned()));
    let said = refused(&system, new).await;
    assert!(said.contains("constraintViolation (19)") && said.contains("password"), "{said}");
    assert!(!said.contains("weak"), "{said}");
    assert!(inventory(&system).await.accounts.is_empty());
}

#[tokio::test]
async fn computers_deleted_entries_and_primary_groups_are_passed_over() {
    let unit = Unit::new();
    let system = unit.system().await;
    let (ada, gone) = (create(&system, &unit, "ada").await, create(&system, &unit, "gone").await);
    let name = unit.name("pc");
    ldif(&format!("dn: CN={name},{}\nchangetype: add\nobjectClass: computer\nsAMAccountName: {name}$\n", unit.dn));
    ldif(&format!("dn: CN={},{}\nchangetype: delete\n", unit.name("gone"), unit.dn));
    let accounts: Vec<Symbol> = inventory(&system).await.accounts.iter().map(|account| account.id).collect();
    assert_eq!(accounts, [ada]);
    assert_eq!(look(&system, Target::Account(gone)).await, Presence::Gone);

    // The whole domain: everybody is in "Domain Users" by primaryGroupID, which is no membership that could be taken.
    let whole = unit.settings(&[("base", DOMAIN), ("account_base", DOMAIN), ("group_base", DOMAIN)]);
    let whole = unit.connect(&whole).await.unwrap();
    let domain = inventory(&whole).await;
    let users = domain.groups.iter().find(|group| text(group, "cn") == Some("Domain Users")).unwrap();
    assert!(domain.accounts.iter().any(|account| account.id == ada));
    assert!(domain.memberships.iter().all(|place| place.group != users.id && place.member != ada));
    // Who is bound is known by what the domain calls it.
    let (user, _) = crate::domain::domain().user.split_once('@').unwrap();
    let own: Vec<&str> = domain
        .own
        .iter()
        .filter_map(|id| text(domain.accounts.iter().find(|account| account.id == *id)?, "sAMAccountName"))
        .collect();
    assert!(matches!(own[..], [name] if name.eq_ignore_ascii_case(user)), "{own:?} is not {user}");
    // What the domain refers to elsewhere is told, not followed.
    assert!(domain.complete.proof.contains("referrals were not followed"), "{}", domain.complete.proof);
}

#[tokio::test]
async fn a_moved_account_stays_the_same() {
    let unit = Unit::new();
    let system = unit.system().await;
    let ada = create(&system, &unit, "ada").await;
    let group = create_group(&system, &unit, "staff").await;
    done(&system, membership(Action::Grant, group, ada)).await;
    ldif(&format!("dn: OU=left,{}\nchangetype: add\nobjectClass: organizationalUnit\n", unit.dn));
    // Somebody else renames it, then tenure moves it.
    let (old, new) = (unit.name("ada"), unit.name("countess"));
    ldif(&format!("dn: CN={old},{}\nchangetype: modrdn\nnewrdn: CN={new}\ndeleteoldrdn: 1\n", unit.dn));
    let there = format!("CN={new},OU=left,{}", unit.dn);
    let moved = done(&system, order(Action::Rename, Some(Target::Account(ada)), attributes(&[("dn", &there)]))).await;
    assert_eq!((moved.id, text(&moved, "dn"), text(&moved, "cn")), (ada, Some(there.as_str()), Some(new.as_str())));
    assert_eq!(text(&moved, "sAMAccountName"), Some(old.as_str()));
    let observed = inventory(&system).await;
    let places: Vec<(Symbol, Symbol)> = observed.memberships.iter().map(|place| (place.group, place.member)).collect();
    assert_eq!(places, [(group, ada)]);
}

/// Two operations: what was done and what was not is told.
#[tokio::test]
async fn a_rename_with_other_attributes_says_what_was_done() {
    let unit = Unit::new();
    let system = unit.system().await;
    let ada = create(&system, &unit, "ada").await;
    create(&system, &unit, "grace").await;
    let rename = |name: &str, title: String| {
        let target = Some(Target::Account(ada));
        order(Action::Rename, target, attributes(&[("cn", &unit.name(name)), ("title", &title)]))
    };
    let said = refused(&system, rename("countess", "x".repeat(4_000))).await;
    assert!(said.contains(&format!("modify CN={}", unit.name("ada"))), "{said}");
    match answer(&system, rename("grace", "Lady".to_owned())).await {
        Outcome::Partly(now, said) => {
            assert_eq!((text(&now, "cn"), text(&now, "title")), (Some(unit.name("ada").as_str()), Some("Lady")));
            assert!(said.contains("were changed") && said.contains("was not renamed to"), "{said}");
            assert!(said.contains("entryAlreadyExists (68)"), "{said}");
        }
        other => panic!("{other:?}"),
    }
    let moved = done(&system, rename("countess", "Countess".to_owned())).await;
    assert_eq!((moved.id, text(&moved, "title")), (ada, Some("Countess")));
}

#[tokio::test]
async fn memberships_that_are_as_they_are_to_be_are_done() {
    let unit = Unit::new();
    let system = unit.system().await;
    let (ada, bob) = (create(&system, &unit, "ada").await, create(&system, &unit, "bob").await);
    let group = create_group(&system, &unit, "staff").await;
    // Somebody else was faster: 68 and 53.
    done(&system, membership(Action::Grant, group, ada)).await;
    let again = [membership(Action::Grant, group, ada), membership(Action::Grant, group, bob)];
    let outcomes = system.writer.execute(&again, &Unannounced).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done(_))), "{outcomes:?}");
    done(&system, membership(Action::Revoke, group, ada)).await;
    let gone = [membership(Action::Revoke, group, ada), membership(Action::Revoke, group, bob)];
    let outcomes = system.writer.execute(&gone, &Unannounced).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done(_))), "{outcomes:?}");
    assert!(inventory(&system).await.memberships.is_empty());
    // Who was deleted meanwhile cannot become a member, and others can.
    ldif(&format!("dn: CN={},{}\nchangetype: delete\n", unit.name("bob"), unit.dn));
    let both = [membership(Action::Grant, group, bob), membership(Action::Grant, group, ada)];
    let outcomes = system.writer.execute(&both, &Unannounced).await;
    assert!(matches!(&outcomes[0], Outcome::Refused { error, .. } if error.contains("is not there")), "{outcomes:?}");
    assert!(matches!(outcomes[1], Outcome::Done(_)), "{outcomes:?}");
}

#[tokio::test]
async fn a_group_is_what_its_type_says() {
    let unit = Unit::new();
    let system = unit.system().await;
    let group = create_group(&system, &unit, "staff").await;
    let Presence::Here(made) = look(&system, Target::Group(group)).await else { panic!("it was made") };
    // Global, security.
    assert_eq!(made.attributes.get("groupType".into()), Some(&Value::Integer(-2_147_483_646)));
    assert_eq!(text(&made, "sAMAccountName"), Some(unit.name("staff").as_str()));
    let universal: Attributes = [("groupType".into(), Value::Integer(-2_147_483_640))].into_iter().collect();
    let changed = done(&system, order(Action::Update, Some(Target::Group(group)), universal)).await;
    assert_eq!(changed.attributes.get("groupType".into()), Some(&Value::Integer(-2_147_483_640)));
}

#[tokio::test]
async fn what_the_schema_does_not_allow_is_known_before_anything_is_sent() {
    let unit = Unit::new();
    let system = unit.system().await;
    let (schema, capabilities) = system.reader.describe().await.unwrap();
    assert!(schema.account_attribute("shoeSize".into()).is_none() && !schema.account_open);
    let shape = |name: &str| schema.account_attribute(name.into()).map(|attribute| attribute.shape);
    assert_eq!(shape("title"), Some(state::Shape::One));
    assert_eq!(shape("otherTelephone"), Some(state::Shape::Set));
    let mutability = |name: &str| schema.account_attribute(name.into()).map(|attribute| attribute.mutability);
    for kept in ["objectGUID", "whenChanged", "uSNChanged", "userAccountControl", "lastLogon", "primaryGroupID"] {
        assert!(mutability(kept).is_none_or(|kept| kept == state::Mutability::ReadOnly), "{kept}");
    }
    let key = capabilities.account_key.unwrap();
    assert_eq!((key.attribute.as_str(), key.unique, key.case_exact), ("sAMAccountName", true, false));
    assert!(capabilities.outlasts.unwrap().as_str().starts_with("Kerberos tickets"));

    let ada = create(&system, &unit, "ada").await;
    let change = |name: &str, value: Value| {
        order(Action::Update, Some(Target::Account(ada)), [(Symbol::new(name), value)].into_iter().collect())
    };
    let unknown = refused(&system, change("shoeSize", Value::text("41"))).await;
    assert!(unknown.contains("schema has no attribute `shoeSize`"), "{unknown}");
    let long = refused(&system, change("title", Value::text("x".repeat(4_000)))).await;
    assert!(long.contains(&format!("CN={},{}", unit.name("ada"), unit.dn)), "{long}");
}

#[tokio::test]
async fn an_inventory_is_read_page_by_page() {
    let unit = Unit::new();
    let system = unit.system().await;
    let group = create_group(&system, &unit, "staff").await;
    let orders: Vec<Order> = (0..7).map(|n| order(Action::Create, None, unit.account(&format!("p{n}")))).collect();
    let made = system.writer.execute(&orders, &Unannounced).await;
    let ids: Vec<Symbol> = made
        .into_iter()
        .map(|outcome| match outcome {
            Outcome::Done(object) => object.id,
            other => panic!("{other:?}"),
        })
        .collect();
    let given: Vec<Order> = ids.iter().map(|id| membership(Action::Grant, group, *id)).collect();
    system.writer.execute(&given, &Unannounced).await;
    let mut settings = unit.settings(&[]);
    settings.values.push(("page_size".into(), Value::Integer(3)));
    let paged = inventory(&unit.connect(&settings).await.unwrap()).await;
    assert_eq!((paged.accounts.len(), paged.memberships.len()), (7, 7));
    assert!(paged.complete.proof.contains("7 accounts over 3 pages"), "{}", paged.complete.proof);
    assert!(!paged.complete.proof.contains(domain().password.as_str()));
}
