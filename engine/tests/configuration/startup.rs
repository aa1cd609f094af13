//! Thirty people, four systems: the configuration of a small company, as it would be written.

use std::fmt::Write as _;

use state::{Schema, Symbol};

use crate::support::{Case, Made, account, made, membership_line, shared};

const FILES: [&str; 5] =
    ["people/people.hcl", "security/security.hcl", "settings.hcl", "systems/systems.hcl", "teams/engineering.hcl"];
const DATA: [&str; 3] = ["people/contractors.csv", "people/hr.csv", "teams/rota.csv"];

fn case() -> Case {
    let text = |path: &str| String::from_utf8(shared(&format!("language/startup/{path}"))).unwrap();
    let mut all = String::new();
    for path in FILES {
        let _ = write!(all, "--- {path}\n{}", text(path));
    }
    let mut case = Case::new(&all);
    for path in DATA {
        case.world.files.insert(path.to_owned(), text(path).into_bytes());
    }
    for name in [
        "LDAP_PASSWORD",
        "CHAT_SCIM_TOKEN",
        "WAREHOUSE_STAGING_PASSWORD",
        "WAREHOUSE_PRODUCTION_PASSWORD",
        "GITHUB_TOKEN",
    ] {
        case.world.environment.insert(name.to_owned(), format!("value of {name}"));
    }
    let role: Symbol = "role".into();
    let github = Schema { qualifiers: vec![(role, vec!["member".into(), "maintainer".into()])], ..Schema::default() };
    case.schemas.insert("github".into(), github);
    case
}

#[test]
fn memberships_by_group() {
    let configuration = case().good();
    let mut text = String::new();
    for membership in &configuration.memberships {
        let _ = writeln!(text, "{}", membership_line(membership));
    }
    for membership in &configuration.not_in_force {
        let _ = writeln!(text, "later: {}", membership_line(membership));
    }
    insta::assert_snapshot!(text, @r#"
    membership.chat.core.C1: role.core
    membership.chat.core.E0003: role.core
    membership.chat.core.E0004: role.core
    membership.chat.core.E0005: role.core
    membership.chat.core.E0009: role.core
    membership.chat.core.E0018: role.core
    membership.chat.core.E0025: role.core
    membership.chat.core.E0026: role.core
    membership.chat.tools.E0010: role.tools
    membership.chat.tools.E0011: role.tools
    membership.chat.tools.E0020: role.tools
    membership.corp.admins.admin["alovelace"]: role.admin
    membership.corp.admins.admin["lpauling"]: role.admin
    membership.corp.admins.breakglass: role.admin
    membership.corp.staff.E0001: role.employee
    membership.corp.staff.E0002: role.employee
    membership.corp.staff.E0003: role.employee
    membership.corp.staff.E0004: role.employee
    membership.corp.staff.E0005: role.employee
    membership.corp.staff.E0006: role.employee
    membership.corp.staff.E0007: role.employee
    membership.corp.staff.E0008: role.employee
    membership.corp.staff.E0009: role.employee
    membership.corp.staff.E0010: role.employee
    membership.corp.staff.E0011: role.employee
    membership.corp.staff.E0012: role.employee
    membership.corp.staff.E0013: role.employee
    membership.corp.staff.E0014: role.employee
    membership.corp.staff.E0015: role.employee
    membership.corp.staff.E0016: role.employee
    membership.corp.staff.E0017: role.employee
    membership.corp.staff.E0018: role.employee
    membership.corp.staff.E0019: role.employee
    membership.corp.staff.E0020: role.employee
    membership.corp.staff.E0021: role.employee
    membership.corp.staff.E0022: role.employee
    membership.corp.staff.E0023: role.employee
    membership.corp.staff.E0024: role.employee
    membership.corp.staff.E0025: role.employee
    membership.corp.staff.E0026: role.employee
    membership.github.core.C1 {"role": "member"}: role.core
    membership.github.core.E0003 {"role": "maintainer"}: role.core; role.core_leads
    membership.github.core.E0004 {"role": "member"}: role.core
    membership.github.core.E0005 {"role": "member"}: role.core
    membership.github.core.E0009 {"role": "member"}: role.core
    membership.github.core.E0018 {"role": "member"}: role.core
    membership.github.core.E0025 {"role": "member"}: role.core
    membership.github.core.E0026 {"role": "member"}: role.core
    membership.warehouse["production"].analyst["production"].C1 until 2026-12-30T23:00:00.000Z: role.analyst until 2026-12-31 (forecast project)
    membership.warehouse["production"].analyst["production"].C2: role.analyst
    membership.warehouse["production"].analyst["production"].E0006: role.analyst
    membership.warehouse["production"].analyst["production"].E0007: role.analyst
    membership.warehouse["production"].analyst["production"].E0008: role.analyst
    membership.warehouse["production"].analyst["production"].E0019: role.analyst
    membership.warehouse["production"].analyst["production"].E0024: role.analyst
    membership.warehouse["production"].oncall.E0003 from 2026-11-23T09:00:00.000Z until 2026-11-30T09:00:00.000Z: role.oncall until 2026-11-30T09:00:00Z (rota)
    membership.warehouse["production"].oncall.deployer: role.deployers
    membership.warehouse["staging"].analyst["staging"].C1 until 2026-12-30T23:00:00.000Z: role.analyst until 2026-12-31 (forecast project)
    membership.warehouse["staging"].analyst["staging"].C2: role.analyst
    membership.warehouse["staging"].analyst["staging"].E0005: role.analyst_staging_only
    membership.warehouse["staging"].analyst["staging"].E0006: role.analyst
    membership.warehouse["staging"].analyst["staging"].E0007: role.analyst
    membership.warehouse["staging"].analyst["staging"].E0008: role.analyst
    membership.warehouse["staging"].analyst["staging"].E0019: role.analyst
    membership.warehouse["staging"].analyst["staging"].E0024: role.analyst
    later: membership.warehouse["production"].oncall.E0004 from 2026-11-30T09:00:00.000Z until 2026-12-07T09:00:00.000Z: role.oncall until 2026-12-07T09:00:00Z (rota)
    later: membership.warehouse["production"].oncall.E0005 from 2026-12-07T09:00:00.000Z until 2026-12-14T09:00:00.000Z: role.oncall until 2026-12-14T09:00:00Z (rota)
    "#);
}

#[test]
fn systems_stand_behind_those_that_they_mention() {
    let case = case();
    let configuration = case.good();
    insta::assert_debug_snapshot!(configuration.system_order, @r#"
    [
        "corp",
        "chat",
        "warehouse[\"production\"]",
        "warehouse[\"staging\"]",
        "github",
    ]
    "#);
    insta::assert_debug_snapshot!(configuration.systems.values().map(|system| &system.settings).collect::<Vec<_>>().len(), @"5");
    let mut text = String::new();
    for (system, holder, known) in [
        ("corp", "E0001", Made::default()),
        ("corp", "C1", Made::default()),
        ("corp", "front_desk", Made::default()),
        ("corp", "admin[\"alovelace\"]", Made::default()),
        ("chat", "E0001", Made { accounts: [(("corp", "E0001"), made(None, &[]))].into(), ..Made::default() }),
        (
            "chat",
            "E0002",
            Made { accounts: [(("corp", "E0002"), made(Some("uuid-2"), &[]))].into(), ..Made::default() },
        ),
        ("chat", "C1", Made::default()),
        ("github", "E0004", Made::default()),
        ("github", "E0003", Made::default()),
        ("warehouse[\"staging\"]", "E0006", Made::default()),
    ] {
        let _ = write!(text, "# {system} {holder}\n{}", account(&configuration, &case.files, system, holder, &known));
    }
    insta::assert_snapshot!(text, @r#"
    # corp E0001
    cn = "Ada Lovelace"
    dn = "uid=alovelace,ou=people,dc=acme,dc=example"
    mail = "ada.lovelace@acme.example"
    manager = "uid=ghopper,ou=people,dc=acme,dc=example"
    preferredLanguage = "de-DE"
    sn = "Lovelace"
    on create
    uid = "alovelace"
    uidNumber = 10000
    # corp C1
    cn = "Bob Byrne"
    dn = "uid=x-bbyrne,ou=people,dc=acme,dc=example"
    mail = "bob@contract.example"
    manager = "uid=lpauling,ou=people,dc=acme,dc=example"
    sn = "Byrne"
    on create
    uid = "x-bbyrne"
    uidNumber = 10000
    # corp front_desk
    cn = "Front desk"
    dn = "uid=frontdesk,ou=services,dc=acme,dc=example"
    mail = "frontdesk@acme.example"
    sn = "front_desk"
    on create
    uid = "frontdesk"
    uidNumber = 10000
    # corp admin["alovelace"]
    cn = "Ada Lovelace (admin)"
    dn = "uid=adm-alovelace,ou=services,dc=acme,dc=example"
    sn = "admin[\"alovelace\"]"
    on create
    uid = "adm-alovelace"
    uidNumber = 10000
    # chat E0001
    emails = [{"primary":true,"type":"work","value":"ada.lovelace@acme.example"}]
    externalId = after [account.corp.E0001]: self.accounts.corp.id
    locale = "de-DE"
    timezone = "Europe/Berlin"
    urn:ietf:params:scim:schemas:extension:enterprise:2.0:User = {"department":"Founders"}
    userName = "ada.lovelace@acme.example"
    # chat E0002
    emails = [{"primary":true,"type":"work","value":"grace.hopper@acme.example"}]
    externalId = "uuid-2"
    locale = "de-DE"
    timezone = "Europe/Berlin"
    urn:ietf:params:scim:schemas:extension:enterprise:2.0:User = {"department":"Founders"}
    userName = "grace.hopper@acme.example"
    # chat C1
    emails = [{"primary":true,"type":"work","value":"bob@contract.example"}]
    urn:ietf:params:scim:schemas:extension:enterprise:2.0:User = {"department":"Platform"}
    userName = "bob@contract.example"
    # github E0004
    on create
    login = "0xmargaret"
    # github E0003
    left out
    # warehouse["staging"] E0006
    name = "bliskov"
    "#);
}

#[test]
fn what_protects_and_what_happens_to_leavers() {
    let configuration = case().good();
    let mut text = String::new();
    for protect in &configuration.protects {
        let _ = writeln!(text, "protect {} {:?}", protect.name, protect.groups);
        let _ = writeln!(text, "  at least {}, always {:?}", protect.minimum_members, protect.always);
        let _ = writeln!(text, "  from {}", protect.only_from.unwrap_or("".into()));
    }
    for conflict in &configuration.conflicts {
        let _ = writeln!(text, "conflict {}", conflict.name);
        for role in &conflict.roles {
            let _ = writeln!(text, "  {} held by {:?}, gives {:?}", role.role, role.holders, role.groups);
        }
    }
    for policy in configuration.offboardings.values() {
        let days = |millis: Option<i64>| millis.map(|millis| millis / 86_400_000);
        let (archive, delete) = (days(policy.archive_after), days(policy.delete_after));
        let _ =
            writeln!(text, "offboarding {} keep {} archive {archive:?} delete {delete:?}", policy.name, policy.keep);
    }
    for key in ["E0004", "C1", "breakglass"] {
        let identity = configuration.identities.iter().find(|identity| identity.key == key).unwrap();
        let heir = identity.offboarding.map(|name| configuration.evaluate.heir(name, &identity.attributes).unwrap());
        let _ = writeln!(text, "{key}: {:?}, heir {heir:?}", identity.offboarding);
    }
    insta::assert_snapshot!(text, @r#"
    protect admins [group.corp.admins]
      at least 2, always [service.breakglass]
      from security/
    conflict four_eyes
      payments_checker held by ["E0015"], gives []
      payments_maker held by ["E0014"], gives []
    offboarding contractor keep false archive None delete Some(365)
    offboarding standard keep false archive Some(30) delete None
    E0004: Some("standard"), heir Some(Some(person.E0003))
    C1: Some("contractor"), heir Some(Some(person.E0003))
    breakglass: None, heir None
    "#);
}
