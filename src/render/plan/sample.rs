//! Plans built by hand, for the tests of this folder.

use std::collections::BTreeMap;

use state::{
    Action, Address, Attributes, Batch, Change, Code, Digest, Fact, FactKind, Finding, Object, Plan, Reason, ReasonId,
    Scope, Severity, Symbol, SystemRead, SystemSummary, Timestamp, Undo, Value, Wanted,
};

/// Builds a plan.
pub struct Sample(pub Plan);

pub fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// `{"mail": "x"}` as attributes.
pub fn attributes(json: &str) -> Attributes {
    serde_json::from_str(json).unwrap()
}

pub fn known(json: &str) -> Wanted {
    Wanted::Known(serde_json::from_str(json).unwrap())
}

pub fn deferred(expression: &str, needs: &str) -> Wanted {
    Wanted::Deferred { expression: expression.into(), needs: vec![address(needs)] }
}

pub fn secret() -> Wanted {
    Wanted::Secret { hmac: Symbol::new("5ec4e7") }
}

impl Sample {
    pub fn empty() -> Sample {
        Sample(Plan {
            digest: Digest::ZERO,
            made: "2026-11-23T09:00:00Z".parse().unwrap(),
            inputs: BTreeMap::new(),
            lineage: Symbol::new("5a3f"),
            head: Digest::ZERO,
            head_line: 1,
            commit: None,
            undoes: None,
            systems: BTreeMap::new(),
            names: BTreeMap::new(),
            reasons: Vec::new(),
            facts: Vec::new(),
            changes: Vec::new(),
            batches: Vec::new(),
            findings: Vec::new(),
        })
    }

    fn reasons(&mut self, because: &[&str]) -> Box<[ReasonId]> {
        because
            .iter()
            .map(|text| {
                let (because, place) = match text.split_once(" @ ") {
                    Some((because, place)) => (because, Some(Symbol::new(place))),
                    None => (*text, None),
                };
                let reason = Reason { because: Symbol::new(because), place };
                let known = self.0.reasons.iter().position(|known| *known == reason).unwrap_or_else(|| {
                    self.0.reasons.push(reason);
                    self.0.reasons.len() - 1
                });
                ReasonId(known as u32)
            })
            .collect()
    }

    /// A change; reasons are written `role.core @ teams/core.hcl:3`.
    pub fn change(&mut self, action: Action, at: &str, because: &[&str]) -> &mut Change {
        let reasons = self.reasons(because);
        let address = address(at);
        let after = Box::default();
        self.0.changes.push(Change {
            address,
            action,
            before: None,
            after,
            reasons,
            until: None,
            allocated: Box::default(),
            undo: Undo::AnyTime,
        });
        self.0.changes.last_mut().unwrap()
    }

    pub fn fact(&mut self, kind: FactKind, at: &str, because: &[&str]) -> &mut Fact {
        let reasons = self.reasons(because);
        self.0.facts.push(Fact { kind, address: address(at), object: None, former: None, reasons, until: None });
        self.0.facts.last_mut().unwrap()
    }

    pub fn name(&mut self, at: &str, name: &str) {
        self.0.names.insert(address(at), name.to_owned());
    }

    pub fn finding(&mut self, code: Code, severity: Severity, scope: Scope, addresses: &[&str], words: [&str; 2]) {
        let mut addresses: Vec<Address> = addresses.iter().map(|text| address(text)).collect();
        addresses.sort();
        let [message, hint] = words.map(str::to_owned);
        self.0.findings.push(Finding { code, severity, scope, addresses, message, hint });
    }

    pub fn system(&mut self, name: &str, provider: &str) -> &mut SystemSummary {
        let read = SystemRead::Complete { proof: "read whole".to_owned() };
        let provider = Symbol::new(provider);
        let (left_out, notes) = (Vec::new(), Vec::new());
        let summary =
            SystemSummary { provider, read, accounts: 60, groups: 4, unmanaged: 0, left_out, notes, outlasts: None };
        self.0.systems.entry(Symbol::new(name)).or_insert(summary)
    }

    /// One batch a system, in the order of the changes; each waits for the one before.
    pub fn batched(mut self) -> Plan {
        let systems: Vec<_> = self.0.changes.iter().map(|change| change.address.system().unwrap()).collect();
        let mut start = 0u32;
        for run in systems.chunk_by(|a, b| a == b) {
            let end = start + run.len() as u32;
            let number = self.0.batches.len() as u32;
            let after = number.checked_sub(1).into_iter().collect();
            self.0.batches.push(Batch { system: run[0], changes: start..end, target: None, after });
            start = end;
        }
        self.0.seal();
        self.0
    }
}

/// A plan with something of everything.
pub fn company() -> Plan {
    let mut plan = Sample::empty();
    plan.system("chat", "scim").unmanaged = 3;
    let corp = plan.system("corp", "directory");
    corp.left_out = ["person.E7", "person.E8"].map(address).to_vec();
    corp.outlasts = Some(Symbol::new("tickets that were issued before"));
    corp.notes = vec!["cannot nest groups: members of group.corp.all were expanded".to_owned()];
    plan.system("wiki", "scim").read =
        SystemRead::Incomplete { error: "GET https://wiki.acme.example/scim/v2/Users answered 503".to_owned() };
    plan.name("person.ada", "Ada Lovelace <ada@acme.example>");
    plan.name("person.bob", "Bob Kahn <bob@acme.example>");
    plan.name("person.eve", "Eve Polastri");
    plan.name("service.deployer", "Deployer");

    let off = plan.change(Action::Deactivate, "account.corp.bob", &["ended 2026-11-20 @ people/people.hcl:4"]);
    let owns = r#"{"owns": [{"count": 1, "kind": "function", "place": "crm"}, {"count": 14, "kind": "table", "place": "sales"}]}"#;
    off.before = Some(Box::new(Object::new("u2", attributes(owns))));
    plan.change(Action::Revoke, "membership.corp.admins.bob", &["ended 2026-11-20 @ people/people.hcl:4"]);
    let change = plan.change(Action::Update, "account.corp.ada", &["account of system.corp @ systems.hcl:12"]);
    change.before = Some(Box::new(Object::new(
        "u1",
        attributes(
            r#"{"mail": "ada@old.example", "postalAddress": "Dorset Square\nLondon\nEngland", "title": "Countess",
                "groups": ["one-long-name-of-a-group", "another-long-name-of-a-group", "a-third"]}"#,
        ),
    )));
    change.after = Box::new([
        (Symbol::new("groups"), known(r#"["one-long-name-of-a-group", "another-long-name-of-a-group", "a-fourth"]"#)),
        (Symbol::new("mail"), known("\"ada@acme.example\"")),
        (Symbol::new("postalAddress"), known("\"St James's Square\\nLondon\\nEngland\"")),
        (Symbol::new("telephoneNumber"), known("\"+44 20 7946 0000\"")),
        (Symbol::new("title"), known("\"\"")),
    ]);
    let change = plan.change(Action::Create, "account.chat.ada", &["role.employee @ teams/company.hcl:1"]);
    change.after = Box::new([
        (Symbol::new("emails"), known(r#"[{"primary": true, "type": "work", "value": "ada@acme.example"}]"#)),
        (Symbol::new("externalId"), deferred("self.accounts.corp.id", "account.corp.ada")),
        (Symbol::new("password"), secret()),
        (Symbol::new("urn:acme:User"), known(r#"{"department": "Platform"}"#)),
        (Symbol::new("userName"), known("\"ada@acme.example\"")),
    ]);
    change.undo = Undo::Never { lost: Symbol::new("password") };
    let group = plan.change(Action::Create, "group.chat.core", &["group.chat.core @ teams/core.hcl:9"]);
    group.after = Box::new([(Symbol::new("displayName"), known("\"Core\""))]);
    let reasons = ["role.core @ teams/core.hcl:3", "role.lead > role.core @ teams/core.hcl:14"];
    plan.change(Action::Grant, "membership.chat.core.ada", &reasons).after =
        Box::new([(Symbol::new("role"), known("\"maintainer\""))]);
    plan.change(Action::Grant, "membership.chat.core.deployer", &["role.deploy @ teams/core.hcl:30"]).until =
        Some("2026-12-31T00:00:00Z".parse::<Timestamp>().unwrap());
    plan.change(Action::Grant, "membership.chat.all.group.core", &["group.chat.all @ teams/core.hcl:40"]);
    plan.change(Action::Grant, "grant.chat.core[\"channel=ops\"]", &["group.chat.core @ teams/core.hcl:9"]).after =
        Box::new([(Symbol::new("channel"), known("\"ops\"")), (Symbol::new("level"), known("2"))]);
    plan.change(Action::Rename, "account.chat.eve", &["account of system.chat @ systems.hcl:30"]).after =
        Box::new([(Symbol::new("userName"), known("\"eve@acme.example\""))]);
    plan.fact(FactKind::Adopted, "account.corp.eve", &["match @ systems.hcl:10"]);
    plan.fact(FactKind::Moved, "group.corp.core", &["previously @ teams/core.hcl:9"]).former =
        Some(address("group.corp.platform"));
    plan.fact(FactKind::Drifted, "account.chat.ada", &[]).object =
        Some(Box::new(Object::new("c1", attributes(r#"{"title": "x"}"#))));
    plan.fact(FactKind::Explained, "membership.corp.staff.ada", &["role.employee @ teams/company.hcl:1"]);

    plan.finding(
        Code::Unmanaged,
        Severity::Notice,
        Scope::System(Symbol::new("chat")),
        &[],
        ["3 accounts are explained by no file", "`adopt` takes one over, `ignore` says that it is known"],
    );
    plan.finding(
        Code::MassRemoval,
        Severity::Holds,
        Scope::Group(address("group.corp.admins")),
        &["membership.corp.admins.bob"],
        ["would revoke 1 of 2 members within 24 h: halves a group", "see whether person.bob is to leave"],
    );
    plan.finding(
        Code::IncompleteRead,
        Severity::Holds,
        Scope::System(Symbol::new("wiki")),
        &[],
        ["GET https://wiki.acme.example/scim/v2/Users answered 503", "try again when it answers"],
    );
    plan.batched()
}

/// A first plan of an organisation: `people` accounts in as many groups as there are letters.
pub fn large(people: usize) -> Plan {
    let mut plan = Sample::empty();
    plan.system("k8s[\"kubernetes\"]", "directory");
    for n in 0..people {
        let letter = char::from(b'a' + (n % 26) as u8);
        let team = format!("group.k8s[\"kubernetes\"].team[\"kubernetes/sig-{letter}{}\"]", n / 26 % 4);
        if n < 104 {
            plan.change(Action::Create, &team, &["group.k8s.team @ org.hcl:25"]);
        }
        let account = plan.change(
            Action::Create,
            &format!("account.k8s[\"kubernetes\"].p{n:04}"),
            &["role.org[\"kubernetes\"] @ org.hcl:19"],
        );
        account.after = Box::new([(Symbol::new("role"), Wanted::Known(Value::from("member")))]);
        if n % 3 == 0 {
            let member = team.replacen("group.", "membership.", 1);
            plan.change(Action::Grant, &format!("{member}.p{n:04}"), &["group.k8s.team @ org.hcl:25"]);
        }
    }
    plan.change(
        Action::Revoke,
        "membership.k8s[\"kubernetes\"].team[\"kubernetes/sig-a0\"].gone",
        &["no longer in group.k8s[\"kubernetes\"].team[\"kubernetes/sig-a0\"]"],
    );
    plan.batched()
}
