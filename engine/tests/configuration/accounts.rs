//! Accounts and groups as the files want them; `match` and `ignore`.

use state::{Object, Value};

use crate::support::{Case, Made, account, attributes, error, errors, evaluated, made, wanted};

/// One person, one system `chat` with this body; the account of the person, as text.
fn chat(body: &str) -> String {
    let text = format!(
        "person \"ada\" {{\n  login = \"ada\"\n  email = \"Ada@acme.example\"\n  nothing = null\n  boss = person.bob\n  n = 7\n}}\nperson \"bob\" {{\n  login = \"bob\"\n  secret = env(\"TOKEN\")\n}}\nsystem \"corp\" {{\n  provider = \"ldap\"\n}}\ngroup \"corp\" \"staff\" {{\n}}\nsystem \"chat\" {{\n  provider = \"scim\"\n{body}\n}}\n"
    );
    let case = Case::new(&text);
    let known = Made {
        accounts: [(("corp", "ada"), made(None, &[("mail", "x@y")])), (("corp", "bob"), made(Some("id-bob"), &[]))]
            .into(),
        groups: [(("corp", "staff"), made(Some("id-staff"), &[]))].into(),
    };
    match case.evaluate() {
        Ok(configuration) => account(&configuration, &case.files, "chat", "ada", &known),
        Err(rejected) => errors(&rejected),
    }
}

#[test]
fn attributes_are_what_the_block_says() {
    insta::assert_snapshot!(chat(r#"
  account {
    a = self.login
    b = "${self.login}@x"
    c = self.nothing
    d = ""
    e = []
    f = { x = 1, y = null, z = { q = null } }
    g = { q = null }
    h = [{ value = self.email, type = null }]
    i = self.n
    j = 1.5
    k = self.boss.login
    l = "same for all"
    attributes = { "urn:x" = { k = self.login }, "n" = null }
    on_create {
      o = next(5, 9)
      p = env("TOKEN")
      q = null
    }
  }"#), @r#"
    a = "ada"
    b = "ada@x"
    d = ""
    e = []
    f = {"x":1}
    h = [{"value":"Ada@acme.example"}]
    i = 7
    j = 1.5
    k = "bob"
    l = "same for all"
    urn:x = {"k":"ada"}
    on create
    o = 5
    p = (sensitive)
    "#);
}

#[test]
fn what_other_systems_make_is_deferred() {
    insta::assert_snapshot!(chat(r#"
  account {
    a = self.accounts.corp.id
    b = self.boss.accounts.corp.id
    c = [self.boss.accounts.corp.id, { deep = [self.accounts.corp.id] }]
    d = "x-${self.accounts.corp.id}"
    e = group.corp.staff
    f = group.corp.staff.id
    g = [group.corp.staff]
    h = self.accounts.corp.mail
    i = self.accounts.chat.id
    j = self.accounts.corp
    on_create { k = self.accounts.corp.id }
  }"#), @r#"
    a = after [account.corp.ada]: self.accounts.corp.id
    b = "id-bob"
    c = after [account.corp.ada]: [self.boss.accounts.corp.id, { deep = [self.accounts.corp.id] }]
    d = after [account.corp.ada]: "x-${self.accounts.corp.id}"
    e = "id-staff"
    f = "id-staff"
    g = ["id-staff"]
    h = "x@y"
    j = after [account.corp.ada]: self.accounts.corp
    on create
    k = after [account.corp.ada]: self.accounts.corp.id
    "#);
}

#[test]
fn what_no_system_can_hold_is_refused() {
    let bodies = [
        "account { a = self.boss }",
        "account { a = [self] }",
        "account { a = system.corp }",
        "account { a = env(\"TOKEN\") }",
        "account { a = person.bob.secret }",
        "account { a = next(1, 2) }",
        "account {\n on_create { a = next(2, 1) }\n}",
        "account {\n on_create { a = [env(\"TOKEN\")] }\n}",
        "account {\n a = 1\n attributes = { a = 2 }\n}",
        "account { attributes = [] }",
        "account { when = self.accounts.corp.id == \"x\" }",
        "account { when = self.login }",
        "account { a = self.emial }",
        "account { a = account.x }",
    ];
    let found: String = bodies.iter().map(|body| format!("# {body}\n{}", chat(body))).collect();
    insta::assert_snapshot!(found, @r#"
    # account { a = self.boss }
    main.hcl:19:15: person.bob is not a value that a system can hold [for person.ada]
      hint: name one of its attributes, such as person.bob.login, or its account: person.bob.accounts.SYSTEM.id
    # account { a = [self] }
    main.hcl:19:15: person.ada is not a value that a system can hold [for person.ada]
      hint: name one of its attributes, such as person.ada.login, or its account: person.ada.accounts.SYSTEM.id
    # account { a = system.corp }
    main.hcl:19:15: system.corp is not a value that a system can hold [for person.ada]
      hint: name a string, a number, or the id of a group or account
    # account { a = env("TOKEN") }
    main.hcl:19:15: this is sensitive, and would be stored in the clear [for person.ada]
      hint: sensitive values may stand in credentials and in on_create only
    # account { a = person.bob.secret }
    main.hcl:19:15: this is sensitive, and would be stored in the clear [for person.ada]
      hint: sensitive values may stand in credentials and in on_create only
    # account { a = next(1, 2) }
    main.hcl:19:15: next: gives a new number, and here it would give another one each time [for person.ada]
      hint: it may stand in on_create only
    # account {
     on_create { a = next(2, 1) }
    }
    main.hcl:20:18: next: there is no number from 2 to 1 [for person.ada]
      hint: put the lower one first
    # account {
     on_create { a = [env("TOKEN")] }
    }
    main.hcl:20:18: only a part of this is sensitive [for person.ada]
      hint: a sensitive attribute must be a string of its own
    # account {
     a = 1
     attributes = { a = 2 }
    }
    main.hcl:21:15: "a" stands in `attributes` and beside it, too [for person.ada]
      hint: keep one of the two
    # account { attributes = [] }
    main.hcl:19:24: `attributes` takes an object, and this is a list [for person.ada]
      hint: write attributes = { "a-name" = value }
    # account { when = self.accounts.corp.id == "x" }
    main.hcl:19:18: `when` is known only after apply [for person.ada]
      hint: what is made by apply may stand in attributes of accounts and groups only
    # account { when = self.login }
    main.hcl:19:18: `when` must be true or false, and this is a string [for person.ada]
      hint: compare with == or !=, such as self.department == "Data"
    # account { a = self.emial }
    main.hcl:19:20: person.ada has no attribute "emial", nor has any other person or service [for person.ada]
      hint: did you mean "email"?
    # account { a = account.x }
    main.hcl:19:15: there is no "account" here [for person.ada]
      hint: names that are known here: group, local, offboarding, people, person, role, self, service, system, var; for text, write "account"
    "#);
}

#[test]
fn whom_when_leaves_out_has_no_account() {
    insta::assert_snapshot!(chat("  account { when = self.email == \"else\" }"), @"left out");
    insta::assert_snapshot!(chat("  account { when = self.email != null }"), @"");
}

/// The keys of `ada` and of an account under this `match`, and what a new account gets on top.
fn keys(matching: &str) -> String {
    let text = format!(
        "person \"ada\" {{\n  login = \"Ada\"\n  nothing = null\n  list = [1]\n}}\nperson \"bob\" {{ secret = env(\"TOKEN\") }}\nlocals {{ prefix = \"p-\" }}\nsystem \"chat\" {{\n  provider = \"scim\"\n  match = {matching}\n  account {{ set = self.login }}\n}}\n"
    );
    let case = Case::new(&text);
    let configuration = match case.evaluate() {
        Ok(configuration) => configuration,
        Err(rejected) => return errors(&rejected),
    };
    let known = Made::default();
    let observed = Object::new("17", attributes(&[("uid", "ADA"), ("set", "Ada"), ("empty", "")]));
    let own = configuration.evaluate.identity_keys("chat".into(), "ada".into(), &known);
    let account = configuration.evaluate.account_keys("chat".into(), &observed);
    let text = |keys: Result<Vec<Option<Value>>, _>| match keys {
        Ok(keys) => format!("{keys:?}"),
        Err(diagnostic) => error(&diagnostic, &case.files),
    };
    let created = configuration
        .evaluate
        .account("chat".into(), "ada".into(), &known)
        .map(|account| account.map_or_else(String::new, |account| wanted(&account.on_create)));
    let created = created.unwrap_or_else(|diagnostic| error(&diagnostic, &case.files));
    format!("self {}\naccount {}\n{created}", text(own), text(account))
}

#[test]
fn match_becomes_keys_that_can_be_looked_up() {
    insta::assert_snapshot!(keys("self.login == account.uid"), @r#"
    self [Some("Ada")]
    account [Some("ADA")]
    uid = "Ada"
    "#);
    insta::assert_snapshot!(keys("account.uid == self.login"), @r#"
    self [Some("Ada")]
    account [Some("ADA")]
    uid = "Ada"
    "#);
    insta::assert_snapshot!(keys("lower(self.login) == lower(account.uid)"), @r#"
    self [Some("ada")]
    account [Some("ada")]
    uid = "Ada"
    "#);
    insta::assert_snapshot!(keys("lower(self.login) == account.uid"), @r#"
    self [Some("ada")]
    account [Some("ADA")]
    uid = "ada"
    "#);
    insta::assert_snapshot!(keys("self.login == lower(account.uid)"), @r#"
    self [Some("Ada")]
    account [Some("ada")]
    uid = "Ada"
    "#);
    insta::assert_snapshot!(keys("self.login == account.set"), @r#"
    self [Some("Ada")]
    account [Some("Ada")]
    "#);
    insta::assert_snapshot!(keys("\"${local.prefix}${self.login}\" == account.uid"), @r#"
    self [Some("p-Ada")]
    account [Some("ADA")]
    uid = "p-Ada"
    "#);
    insta::assert_snapshot!(keys("self.login == account.a && self.key == account.b"), @r#"
    self [Some(["Ada","ada"])]
    account [None]
    a = "Ada"
    b = "ada"
    "#);
    insta::assert_snapshot!(keys("self.login == account.uid || self.nothing == account.set || self.key == account.missing"), @r#"
    self [Some("Ada"), None, Some("ada")]
    account [Some("ADA"), Some("Ada"), None]
    missing = "ada"
    uid = "Ada"
    "#);
    insta::assert_snapshot!(keys("lower(self.nothing) == lower(account.uid)"), @r#"
    self [None]
    account [Some("ada")]
    "#);
    insta::assert_snapshot!(keys("self.login == account[\"urn:x\"]"), @r#"
    self [Some("Ada")]
    account [None]
    urn:x = "Ada"
    "#);
    insta::assert_snapshot!(keys("self.key == account.id"), @r#"
    self [Some("ada")]
    account [Some("17")]
    "#);
}

#[test]
fn what_cannot_be_looked_up_is_refused() {
    insta::assert_snapshot!(keys("self.login != account.uid"), @"
    main.hcl:10:11: `match` must compare something of self with something of account
      hint: compare with ==, such as match = self.login == account.uid; combine with && and ||
    ");
    insta::assert_snapshot!(keys("startswith(account.uid, self.login)"), @"
    main.hcl:10:11: `match` must compare something of self with something of account
      hint: compare with ==, such as match = self.login == account.uid; combine with && and ||
    ");
    insta::assert_snapshot!(keys("self.login == self.key"), @"
    main.hcl:10:11: neither side of this == mentions account
      hint: compare with ==, such as match = self.login == account.uid; combine with && and ||
    ");
    insta::assert_snapshot!(keys("account.a == account.b"), @"
    main.hcl:10:11: both sides of this == mention account
      hint: compare with ==, such as match = self.login == account.uid; combine with && and ||
    ");
    insta::assert_snapshot!(keys("\"x\" == \"${account.a}${self.key}\""), @"
    main.hcl:10:18: this side mentions both self and account
      hint: keep self on one side of == and account on the other
    ");
    insta::assert_snapshot!(keys("self.a == account.a && (self.login == account.b || self.login == account.c)"), @"
    main.hcl:10:34: || inside && cannot be looked up
      hint: write the alternatives out: a && b || a && c
    ");
    insta::assert_snapshot!(keys("person.bob.secret == account.a"), @"
    self main.hcl:10:11: `match` is sensitive [for person.ada]
      hint: sensitive values may stand in credentials and in on_create only

    account [None]
    a = (sensitive)
    ");
    insta::assert_snapshot!(keys("self.accounts.chat.id == account.a"), @"
    self [None]
    account [None]
    ");
    insta::assert_snapshot!(keys("lower(self.list) == account.a"), @"
    self main.hcl:10:11: lower: argument 1 must be a string, and is a list [for person.ada]

    account [None]
    main.hcl:10:11: lower: argument 1 must be a string, and is a list [for person.ada]
    ");
}

#[test]
fn accounts_that_are_ignored() {
    let ignored = |ignore: &str| {
        let text = format!("person \"ada\" {{}}\nsystem \"chat\" {{\n  provider = \"scim\"\n  ignore = {ignore}\n}}\n");
        let case = Case::new(&text);
        let configuration = case.good();
        let observed = Object::new("17", attributes(&[("userName", "svc-x")]));
        match configuration.evaluate.ignored("chat".into(), &observed) {
            Ok(truth) => truth.to_string(),
            Err(diagnostic) => error(&diagnostic, &case.files),
        }
    };
    insta::assert_snapshot!(ignored("startswith(account.userName, \"svc-\")"), @"true");
    insta::assert_snapshot!(ignored("account.nothing != null"), @"false");
    insta::assert_snapshot!(ignored("account.id == \"17\" && account.active"), @"true");
    insta::assert_snapshot!(ignored("account.userName"), @r#"
    main.hcl:4:12: `ignore` must be true or false, and this is a string [for the account with id 17 on system.chat]
      hint: compare with == or !=, such as self.department == "Data"
    "#);
    insta::assert_snapshot!(ignored("self.key == \"x\""), @r#"
    main.hcl:4:12: there is no "self" here [for the account with id 17 on system.chat]
      hint: names that are known here: account, group, local, offboarding, people, person, role, service, system, var; for text, write "self"
    "#);
}

#[test]
fn group_attributes_are_all_that_the_language_does_not_keep() {
    let case = Case::new(
        r#"
person "ada" { login = "ada" }
system "chat" { provider = "scim" }
group "chat" "core" {
  for_each    = { a = "A" }
  displayName = "Core ${each.value}"
  parent      = group.chat.top
  owner       = person.ada.accounts.chat.id
  nothing     = null
  exclusive   = true
}
group "chat" "top" {}
group "chat" "bad" { owner = person.ada }
"#,
    );
    let configuration = case.good();
    let group = |name: &str, known: &Made| match configuration.evaluate.group("chat".into(), name.into(), known) {
        Ok(attributes) => wanted(&attributes),
        Err(diagnostic) => error(&diagnostic, &case.files),
    };
    let made_now = Made {
        groups: [(("chat", "top"), made(Some("id-top"), &[]))].into(),
        accounts: [(("chat", "ada"), made(Some("id-ada"), &[]))].into(),
    };
    let later = Made {
        groups: [(("chat", "top"), made(None, &[]))].into(),
        accounts: [(("chat", "ada"), made(None, &[]))].into(),
    };
    insta::assert_snapshot!(group("core[\"a\"]", &made_now), @r#"
    displayName = "Core A"
    owner = "id-ada"
    parent = "id-top"
    "#);
    insta::assert_snapshot!(group("core[\"a\"]", &later), @r#"
    displayName = "Core A"
    owner = after [account.chat.ada]: person.ada.accounts.chat.id
    parent = after [group.chat.top]: group.chat.top
    "#);
    insta::assert_snapshot!(group("core[\"a\"]", &Made::default()), @r#"displayName = "Core A""#);
    insta::assert_snapshot!(group("bad", &made_now), @"
    main.hcl:13:30: person.ada is not a value that a system can hold [for group.chat.bad]
      hint: name one of its attributes, such as person.ada.login, or its account: person.ada.accounts.SYSTEM.id
    ");
    insta::assert_snapshot!(group("gone", &made_now), @"
    group.chat.gone is not in the configuration
      hint: this is a defect of tenure: please report it
    ");
}

#[test]
fn systems_stand_behind_those_they_mention() {
    let order = |text: &str| {
        let case = Case::new(text);
        match case.evaluate() {
            Ok(configuration) => format!("{:?}", configuration.system_order),
            Err(rejected) => errors(&rejected),
        }
    };
    insta::assert_snapshot!(order(r#"
system "a" {
  provider = "x"
  account { x = local.via }
}
system "b" {
  provider = "x"
  account {
    on_create { x = self.manager.accounts.c["k"].id }
  }
}
system "c" {
  for_each = toset(["k", "l"])
  provider = "x"
}
group "b" "g" {}
locals { via = group.b.g.id }
"#), @r#"["c[\"k\"]", "c[\"l\"]", "b", "a"]"#);
    insta::assert_snapshot!(order(r#"
system "a" {
  provider = "x"
  account { x = self.accounts.b.id }
}
system "b" {
  provider = "x"
  account { y = 1 }
}
group "b" "g" { owner = self.accounts.a.id }
group "b" "h" { owner = group.a.g }
group "a" "g" {}
"#), @"
    main.hcl:2:1: attributes of systems lead in a circle: system.a -> system.b -> system.a
      main.hcl:6: part of the circle
      hint: what one system makes can stand in another's attributes in one direction only
    ");
    assert!(
        evaluated("system \"a\" {\n provider = \"x\"\n account { x = self.accounts.a.id }\n}\n").contains("system.a")
    );
}
