use super::sample::{Sample, company, large};
use super::*;
use crate::cli::By;

fn shown(format: Format) -> Shown {
    Shown { format, ..Shown::default() }
}

fn plain(plan: &Plan, shown: &Shown) -> String {
    let mut out = anstream::StripStream::new(Vec::new());
    write(&mut out, plan, shown).unwrap();
    String::from_utf8(out.into_inner()).unwrap()
}

#[test]
fn text_by_person() {
    insta::assert_snapshot!(plain(&company(), &shown(Format::Text)), @r#"
    person.bob  Bob Kahn <bob@acme.example>
      - group.corp.admins                 ended 2026-11-20 (people/people.hcl:4)  held: mass-removal
      - account.corp (deactivate)         ended 2026-11-20 (people/people.hcl:4)
          owns 1 function in crm, 14 tables in sales
          does not stop tickets that were issued before

    person.ada  Ada Lovelace <ada@acme.example>
      ~ account.corp                      account of system.corp (systems.hcl:12)
          groups
              "one-long-name-of-a-group"
              "another-long-name-of-a-group"
            - "a-third"
            + "a-fourth"
          mail            = "ada@old.example" -> "ada@acme.example"
          postalAddress
            - Dorset Square
            + St James's Square
              London
              England
          telephoneNumber = (none) -> "+44 20 7946 0000"
          title           = "Countess" -> (cleared)
        account.chat (changed by others)
      + account.chat                      role.employee (teams/company.hcl:1)
          cannot be undone: password would be lost
          emails          = [{ primary = true, type = "work", value = "ada@acme.example" }]
          externalId      = (known after apply)
          password        = (sensitive)
          "urn:acme:User" = { department = "Platform" }
          userName        = "ada@acme.example"
      + group.chat.core as maintainer     role.core (teams/core.hcl:3)
                                          role.lead > role.core (teams/core.hcl:14)

    person.eve  Eve Polastri
      ~ account.chat (rename)             account of system.chat (systems.hcl:30)
          userName = (none) -> "eve@acme.example"
      = account.corp                      match (systems.hcl:10)

    service.deployer  Deployer
      + group.chat.core                   role.deploy (teams/core.hcl:30)
                                          until 2026-12-31

    system.corp
      ~ group.corp.core (moved from group.corp.platform)  previously (teams/core.hcl:9)

    system.chat
      + group.chat.core                   (teams/core.hcl:9)
          displayName = "Core"
      + membership.chat.all.group.core    group.chat.all (teams/core.hcl:40)
      + grant.chat.core["channel=ops"]    group.chat.core (teams/core.hcl:9)
          channel = "ops"
          level   = 2

    system.corp  person.E7, person.E8 left out by account.when
                 cannot nest groups: members of group.corp.all were expanded

    held: mass-removal on group.corp.admins
      would revoke 1 of 2 members within 24 h: halves a group
      membership.corp.admins.bob
      hint: see whether person.bob is to leave

    held: incomplete-read on system.wiki
      GET https://wiki.acme.example/scim/v2/Users answered 503
      hint: try again when it answers

    notice: unmanaged on system.chat
      3 accounts are explained by no file
      hint: `adopt` takes one over, `ignore` says that it is known

    approve: tenure plan --out FILE; tenure approve FILE --finding mass-removal --reason TEXT

    Plan: 6 to give, 3 to change, 2 to take, 1 to adopt; 1 held
    "#);
}

#[test]
fn text_by_system() {
    insta::assert_snapshot!(plain(&company(), &Shown { by: By::System, ..shown(Format::Text) }), @r#"
    system.corp
      - membership.corp.admins.bob              ended 2026-11-20 (people/people.hcl:4)  held: mass-removal
      - account.corp.bob (deactivate)           ended 2026-11-20 (people/people.hcl:4)
          owns 1 function in crm, 14 tables in sales
          does not stop tickets that were issued before
      ~ account.corp.ada                        account of system.corp (systems.hcl:12)
          groups
              "one-long-name-of-a-group"
              "another-long-name-of-a-group"
            - "a-third"
            + "a-fourth"
          mail            = "ada@old.example" -> "ada@acme.example"
          postalAddress
            - Dorset Square
            + St James's Square
              London
              England
          telephoneNumber = (none) -> "+44 20 7946 0000"
          title           = "Countess" -> (cleared)
      ~ group.corp.core (moved from group.corp.platform)  previously (teams/core.hcl:9)
      = account.corp.eve                        match (systems.hcl:10)

    system.chat
      ~ account.chat.eve (rename)               account of system.chat (systems.hcl:30)
          userName = (none) -> "eve@acme.example"
        account.chat.ada (changed by others)
      + account.chat.ada                        role.employee (teams/company.hcl:1)
          cannot be undone: password would be lost
          emails          = [{ primary = true, type = "work", value = "ada@acme.example" }]
          externalId      = (known after apply)
          password        = (sensitive)
          "urn:acme:User" = { department = "Platform" }
          userName        = "ada@acme.example"
      + group.chat.core                         (teams/core.hcl:9)
          displayName = "Core"
      + membership.chat.all.group.core          group.chat.all (teams/core.hcl:40)
      + membership.chat.core.ada as maintainer  role.core (teams/core.hcl:3)
                                                role.lead > role.core (teams/core.hcl:14)
      + membership.chat.core.deployer           role.deploy (teams/core.hcl:30)
                                                until 2026-12-31
      + grant.chat.core["channel=ops"]          group.chat.core (teams/core.hcl:9)
          channel = "ops"
          level   = 2

    system.corp  person.E7, person.E8 left out by account.when
                 cannot nest groups: members of group.corp.all were expanded

    held: mass-removal on group.corp.admins
      would revoke 1 of 2 members within 24 h: halves a group
      membership.corp.admins.bob
      hint: see whether person.bob is to leave

    held: incomplete-read on system.wiki
      GET https://wiki.acme.example/scim/v2/Users answered 503
      hint: try again when it answers

    notice: unmanaged on system.chat
      3 accounts are explained by no file
      hint: `adopt` takes one over, `ignore` says that it is known

    approve: tenure plan --out FILE; tenure approve FILE --finding mass-removal --reason TEXT

    Plan: 6 to give, 3 to change, 2 to take, 1 to adopt; 1 held
    "#);
}

#[test]
fn text_of_a_large_plan() {
    insta::assert_snapshot!(plain(&large(400), &shown(Format::Text)), @r#"
    person.gone
      - group.k8s["kubernetes"].team["kubernetes/sig-a0"]  no longer in group.k8s["kubernetes"].team["kubernetes/sig-a0"]

    person.p0000
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-a0"]  group.k8s.team (org.hcl:25)

    266 alike  person.p0001, person.p0002, person.p0004, person.p0005, person.p0007, person.p0008, person.p0010, person.p0011 and 258 more
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)

    person.p0003
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-d0"]  group.k8s.team (org.hcl:25)

    person.p0006
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-g0"]  group.k8s.team (org.hcl:25)

    person.p0009
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-j0"]  group.k8s.team (org.hcl:25)

    person.p0012
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-m0"]  group.k8s.team (org.hcl:25)

    person.p0015
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-p0"]  group.k8s.team (org.hcl:25)

    person.p0018
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-s0"]  group.k8s.team (org.hcl:25)

    person.p0021
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-v0"]  group.k8s.team (org.hcl:25)

    person.p0024
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-y0"]  group.k8s.team (org.hcl:25)

    person.p0027
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-b1"]  group.k8s.team (org.hcl:25)

    person.p0030
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-e1"]  group.k8s.team (org.hcl:25)

    person.p0033
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-h1"]  group.k8s.team (org.hcl:25)

    person.p0036
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-k1"]  group.k8s.team (org.hcl:25)

    person.p0039
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-n1"]  group.k8s.team (org.hcl:25)

    person.p0042
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-q1"]  group.k8s.team (org.hcl:25)

    person.p0045
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-t1"]  group.k8s.team (org.hcl:25)

    person.p0048
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-w1"]  group.k8s.team (org.hcl:25)

    person.p0051
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-z1"]  group.k8s.team (org.hcl:25)

    person.p0054
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-c2"]  group.k8s.team (org.hcl:25)

    person.p0057
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-f2"]  group.k8s.team (org.hcl:25)

    person.p0060
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-i2"]  group.k8s.team (org.hcl:25)

    person.p0063
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-l2"]  group.k8s.team (org.hcl:25)

    person.p0066
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-o2"]  group.k8s.team (org.hcl:25)

    person.p0069
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-r2"]  group.k8s.team (org.hcl:25)

    person.p0072
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-u2"]  group.k8s.team (org.hcl:25)

    person.p0075
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-x2"]  group.k8s.team (org.hcl:25)

    person.p0078
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-a3"]  group.k8s.team (org.hcl:25)

    person.p0081
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-d3"]  group.k8s.team (org.hcl:25)

    person.p0084
      + account.k8s["kubernetes"]  role.org["kubernetes"] (org.hcl:19)
      + group.k8s["kubernetes"].team["kubernetes/sig-g3"]  group.k8s.team (org.hcl:25)

    system.k8s["kubernetes"]
      + group.k8s["kubernetes"].team["kubernetes/sig-a0"]  group.k8s.team (org.hcl:25)
      + group.k8s["kubernetes"].team["kubernetes/sig-a1"]  group.k8s.team (org.hcl:25)
      + group.k8s["kubernetes"].team["kubernetes/sig-a2"]  group.k8s.team (org.hcl:25)
      + ... and 101 more groups

    ... and 105 others: 210 to give
    A large plan, shortened: --full shows every line and every attribute.

    Plan: 638 to give, 1 to take
    "#);
}

#[test]
fn text_of_a_large_plan_by_system() {
    insta::assert_snapshot!(plain(&large(400), &Shown { by: By::System, ..shown(Format::Text) }), @r#"
    system.k8s["kubernetes"]
      - membership.k8s["kubernetes"].team["kubernetes/sig-a0"].gone  no longer in group.k8s["kubernetes"].team["kubernetes/sig-a0"]
      + account.k8s["kubernetes"].p0000  role.org["kubernetes"] (org.hcl:19)
      + account.k8s["kubernetes"].p0001  role.org["kubernetes"] (org.hcl:19)
      + account.k8s["kubernetes"].p0002  role.org["kubernetes"] (org.hcl:19)
      + ... and 397 more accounts
      + group.k8s["kubernetes"].team["kubernetes/sig-a0"]  group.k8s.team (org.hcl:25)
      + group.k8s["kubernetes"].team["kubernetes/sig-a1"]  group.k8s.team (org.hcl:25)
      + group.k8s["kubernetes"].team["kubernetes/sig-a2"]  group.k8s.team (org.hcl:25)
      + ... and 101 more groups
      + membership.k8s["kubernetes"].team["kubernetes/sig-a0"].p0000  group.k8s.team (org.hcl:25)
      + membership.k8s["kubernetes"].team["kubernetes/sig-a0"].p0312  group.k8s.team (org.hcl:25)
      + membership.k8s["kubernetes"].team["kubernetes/sig-a1"].p0234  group.k8s.team (org.hcl:25)
      + ... and 131 more memberships

    A large plan, shortened: --full shows every line and every attribute.

    Plan: 638 to give, 1 to take
    "#);
}

#[test]
fn full_shows_every_change() {
    let plan = large(400);
    let text = plain(&plan, &Shown { full: true, by: By::System, ..shown(Format::Text) });
    for change in &plan.changes {
        assert!(text.contains(&format!("{} {}", change.action.symbol(), change.address)), "{}", change.address);
    }
}

#[test]
fn text_of_nothing() {
    insta::assert_snapshot!(plain(&Sample::empty().0, &shown(Format::Text)), @"Nothing to change.");
}

#[test]
fn markdown_without_values() {
    insta::assert_snapshot!(plain(&company(), &shown(Format::Markdown)), @r#"
    ### tenure plan: 6 to give, 3 to change, 2 to take, 1 to adopt; 1 held

    Digest `eb754423433dfd24e615b542b93e0e80f5a9bf43c6872e681214189501db4f03`.

    | system | give | change | take | adopt | other | held |
    | --- | --: | --: | --: | --: | --: | --: |
    | `chat` | 6 | 1 |  |  |  |  |
    | `corp` |  | 2 | 2 | 1 |  | 1 |

    #### Held by safeguards

    - **mass-removal** on group.corp.admins: would revoke 1 of 2 members within 24 h: halves a group
      - see whether person.bob is to leave
      - `membership.corp.admins.bob`
    - **incomplete-read** on system.wiki: GET https:<!-- -->//wiki.acme.example/scim/v2/Users answered 503
      - try again when it answers

    #### Taken away

    - `-` `account.corp.bob` (deactivate): ended 2026-11-20 (`people/people.hcl:4`)
      - owns 1 function in crm, 14 tables in sales
      - does not stop tickets that were issued before
    - `-` `membership.corp.admins.bob` **held: mass-removal**: ended 2026-11-20 (`people/people.hcl:4`)

    #### To know

    - **unmanaged** on system.chat: 3 accounts are explained by no file
      - `adopt` takes one over, `ignore` says that it is known

    <details><summary>system.chat: 6 to give, 1 to change</summary>

    - `account.chat.ada` (changed by others)
    - `~` `account.chat.eve` (rename) `userName`: account of system.chat (`systems.hcl:30`)
    - `+` `group.chat.core` `displayName`: `teams/core.hcl:9`
    - `+` `membership.chat.all.group.core`: group.chat.all (`teams/core.hcl:40`)
    - `+` `grant.chat.core["channel=ops"]` `channel`, `level`: group.chat.core (`teams/core.hcl:9`)
    - `+` `account.chat.ada` `emails`, `externalId`, `password`, `"urn:acme:User"`, `userName`: role.employee (`teams/company.hcl:1`)
    - `+` `membership.chat.core.ada` `role`: role.core (`teams/core.hcl:3`), role.lead &gt; role.core (`teams/core.hcl:14`)
    - `+` `membership.chat.core.deployer`: role.deploy (`teams/core.hcl:30`)

    </details>

    <details><summary>system.corp: 2 to change, 2 to take, 1 to adopt; 1 held</summary>

    - person.E7, person.E8 left out by account.when
    - cannot nest groups: members of group.corp.all were expanded
    - `-` `account.corp.bob` (deactivate): ended 2026-11-20 (`people/people.hcl:4`)
      - owns 1 function in crm, 14 tables in sales
      - does not stop tickets that were issued before
    - `-` `membership.corp.admins.bob` **held: mass-removal**: ended 2026-11-20 (`people/people.hcl:4`)
    - `~` `group.corp.core` (moved from group.corp.platform): previously (`teams/core.hcl:9`)
    - `~` `account.corp.ada` `groups`, `mail`, `postalAddress`, `telephoneNumber`, `title`: account of system.corp (`systems.hcl:12`)
    - `=` `account.corp.eve`: match (`systems.hcl:10`)

    </details>
    "#);
}

#[test]
fn markdown_with_values() {
    insta::assert_snapshot!(plain(&company(), &Shown { values: true, ..shown(Format::Markdown) }), @r#"
    ### tenure plan: 6 to give, 3 to change, 2 to take, 1 to adopt; 1 held

    Digest `eb754423433dfd24e615b542b93e0e80f5a9bf43c6872e681214189501db4f03`.

    | system | give | change | take | adopt | other | held |
    | --- | --: | --: | --: | --: | --: | --: |
    | `chat` | 6 | 1 |  |  |  |  |
    | `corp` |  | 2 | 2 | 1 |  | 1 |

    #### Held by safeguards

    - **mass-removal** on group.corp.admins: would revoke 1 of 2 members within 24 h: halves a group
      - see whether person.bob is to leave
      - `membership.corp.admins.bob`
    - **incomplete-read** on system.wiki: GET https:<!-- -->//wiki.acme.example/scim/v2/Users answered 503
      - try again when it answers

    #### Taken away

    - `-` `account.corp.bob` Bob Kahn &lt;bob@<!-- -->acme.example&gt; (deactivate): ended 2026-11-20 (`people/people.hcl:4`)
      - owns 1 function in crm, 14 tables in sales
      - does not stop tickets that were issued before
    - `-` `membership.corp.admins.bob` Bob Kahn &lt;bob@<!-- -->acme.example&gt; **held: mass-removal**: ended 2026-11-20 (`people/people.hcl:4`)

    #### To know

    - **unmanaged** on system.chat: 3 accounts are explained by no file
      - `adopt` takes one over, `ignore` says that it is known

    <details><summary>system.chat: 6 to give, 1 to change</summary>

    - `account.chat.ada` Ada Lovelace &lt;ada@<!-- -->acme.example&gt; (changed by others)
    - `~` `account.chat.eve` Eve Polastri (rename): account of system.chat (`systems.hcl:30`)
      - `userName` `(none)` → `"eve@acme.example"`
    - `+` `group.chat.core`: `teams/core.hcl:9`
      - `displayName` = `"Core"`
    - `+` `membership.chat.all.group.core`: group.chat.all (`teams/core.hcl:40`)
    - `+` `grant.chat.core["channel=ops"]`: group.chat.core (`teams/core.hcl:9`)
      - `channel` = `"ops"`
      - `level` = `2`
    - `+` `account.chat.ada` Ada Lovelace &lt;ada@<!-- -->acme.example&gt;: role.employee (`teams/company.hcl:1`)
      - `emails` = `[{ primary = true, type = "work", value = "ada@acme.example" }]`
      - `externalId` = `(known after apply)`
      - `password` = `(sensitive)`
      - `"urn:acme:User"` = `{ department = "Platform" }`
      - `userName` = `"ada@acme.example"`
    - `+` `membership.chat.core.ada` Ada Lovelace &lt;ada@<!-- -->acme.example&gt;: role.core (`teams/core.hcl:3`), role.lead &gt; role.core (`teams/core.hcl:14`)
      - `role` = `"maintainer"`
    - `+` `membership.chat.core.deployer` Deployer: role.deploy (`teams/core.hcl:30`)

    </details>

    <details><summary>system.corp: 2 to change, 2 to take, 1 to adopt; 1 held</summary>

    - person.E7, person.E8 left out by account.when
    - cannot nest groups: members of group.corp.all were expanded
    - `-` `account.corp.bob` Bob Kahn &lt;bob@<!-- -->acme.example&gt; (deactivate): ended 2026-11-20 (`people/people.hcl:4`)
      - owns 1 function in crm, 14 tables in sales
      - does not stop tickets that were issued before
    - `-` `membership.corp.admins.bob` Bob Kahn &lt;bob@<!-- -->acme.example&gt; **held: mass-removal**: ended 2026-11-20 (`people/people.hcl:4`)
    - `~` `group.corp.core` (moved from group.corp.platform): previously (`teams/core.hcl:9`)
    - `~` `account.corp.ada` Ada Lovelace &lt;ada@<!-- -->acme.example&gt;: account of system.corp (`systems.hcl:12`)
      - `groups`
        ```diff
          "one-long-name-of-a-group"
          "another-long-name-of-a-group"
        - "a-third"
        + "a-fourth"
        ```
      - `mail` `"ada@old.example"` → `"ada@acme.example"`
      - `postalAddress`
        ```diff
        - Dorset Square
        + St James's Square
          London
          England
        ```
      - `telephoneNumber` `(none)` → `"+44 20 7946 0000"`
      - `title` `"Countess"` → `(cleared)`
    - `=` `account.corp.eve` Eve Polastri: match (`systems.hcl:10`)

    </details>
    "#);
}

fn json(plan: &Plan) -> serde_json::Value {
    let text = plain(plan, &Shown { json: true, ..shown(Format::Text) });
    assert!(text.ends_with("}\n") && !text.trim_end().contains('\n'), "one line");
    serde_json::from_str(&text).unwrap()
}

/// The schema as readers have it, and the same without room for members that it does not name.
fn schemas() -> [serde_json::Value; 2] {
    let schema: serde_json::Value = serde_json::from_str(include_str!("../../../docs/plan.schema.json")).unwrap();
    let mut strict = schema.clone();
    fn close(schema: &mut serde_json::Value) {
        match schema {
            serde_json::Value::Object(members) => {
                members.values_mut().for_each(close);
                if members.get("properties").is_some_and(serde_json::Value::is_object) && members.contains_key("type") {
                    members.entry("additionalProperties").or_insert(false.into());
                }
            }
            serde_json::Value::Array(items) => items.iter_mut().for_each(close),
            _ => {}
        }
    }
    close(&mut strict);
    [schema, strict]
}

#[test]
fn json_is_as_its_schema_says() {
    for schema in schemas() {
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        for plan in [Sample::empty().0, company(), newest(), large(50)] {
            let wrong: Vec<String> = validator
                .iter_errors(&json(&plan))
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(wrong.is_empty(), "{wrong:#?}");
        }
    }
}

/// A plan with everything that the newest version tells.
fn newest() -> Plan {
    let mut plan = company();
    plan.commit = Some(state::Commit { id: "4f2a1c3b5d6e7f8091a2b3c4d5e6f708192a3b4c".to_owned(), clean: true });
    let left = state::Left {
        kind: state::LeftKind::Lost,
        address: super::sample::address("account.chat.bob"),
        why: "password".to_owned(),
    };
    let run = state::Symbol::new("20261123T090000Z-0a1b2c3d");
    plan.undoes = Some(state::Undoes { run, targets: Vec::new(), left: vec![left] });
    plan
}

/// What programs have kept of any version fits the schema still, the newest is what is printed, and the changelog tells
/// of each.
#[test]
fn samples_of_every_version_are_understood() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let changelog = std::fs::read_to_string(root.join("docs/plan-json.md")).unwrap();
    let [schema, _] = schemas();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let (major, minor) = super::json::FORMAT_VERSION.split_once('.').unwrap();
    assert_eq!(major, "1", "the schema of version 1 stays, and has its samples; that of {major} is another file");
    for minor in 0..=minor.parse::<u32>().unwrap() {
        let version = format!("1.{minor}");
        assert!(changelog.contains(&format!("\n## {version}\n")), "docs/plan-json.md does not tell of {version}");
        let path = root.join(format!("tests/samples/plan/{version}.json"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let sample: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(sample["format_version"], version);
        let wrong: Vec<String> =
            validator.iter_errors(&sample).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(wrong.is_empty(), "{version}: {wrong:#?}");
        if version == super::json::FORMAT_VERSION {
            let mut printed = json(&newest());
            printed["tenure_version"] = sample["tenure_version"].clone();
            let printed = serde_json::to_string_pretty(&printed).unwrap();
            assert_eq!(
                printed.trim(),
                text.trim(),
                "members were added: a new minor version, a sample, a line in the changelog"
            );
        }
    }
}

#[test]
fn the_schema_refuses_what_it_should() {
    let [_, strict] = schemas();
    let validator = jsonschema::draft202012::new(&strict).unwrap();
    let good = json(&company());
    assert!(validator.is_valid(&good));
    for (pointer, value) in [
        ("/format_version", "2.0".into()),
        ("/digest", "abc".into()),
        ("/changes/0/action", "destroy".into()),
        ("/changes/0/address", "ada".into()),
        ("/changes/3/after/password", serde_json::json!({"sensitive": true, "value": "x"})),
        ("/systems/wiki/read", "partial".into()),
        ("/counts/give", (-1).into()),
        ("/facts/0/kind", "unknown".into()),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        assert!(!validator.is_valid(&bad), "{pointer}");
    }
}

#[test]
fn json_of_changes() {
    let document = json(&company());
    let change = |n: usize| serde_json::to_string_pretty(&document["changes"][n]).unwrap();
    insta::assert_snapshot!(change(1), @r#"
    {
      "action": "revoke",
      "address": "membership.corp.admins.bob",
      "after": {},
      "held_by": "mass-removal",
      "identity": "person.bob",
      "name": "Bob Kahn <bob@acme.example>",
      "reasons": [
        {
          "because": "ended 2026-11-20",
          "place": "people/people.hcl:4"
        }
      ],
      "symbol": "-",
      "system": "corp",
      "undo": {
        "possible": "any_time"
      }
    }
    "#);
    insta::assert_snapshot!(change(3), @r#"
    {
      "action": "create",
      "address": "account.chat.ada",
      "after": {
        "emails": {
          "value": [
            {
              "primary": true,
              "type": "work",
              "value": "ada@acme.example"
            }
          ]
        },
        "externalId": {
          "known_after_apply": {
            "expression": "self.accounts.corp.id",
            "needs": [
              "account.corp.ada"
            ]
          }
        },
        "password": {
          "sensitive": true
        },
        "urn:acme:User": {
          "value": {
            "department": "Platform"
          }
        },
        "userName": {
          "value": "ada@acme.example"
        }
      },
      "identity": "person.ada",
      "name": "Ada Lovelace <ada@acme.example>",
      "reasons": [
        {
          "because": "role.employee",
          "place": "teams/company.hcl:1"
        }
      ],
      "symbol": "+",
      "system": "chat",
      "undo": {
        "lost": "password",
        "possible": "never"
      }
    }
    "#);
    insta::assert_snapshot!(document["counts"].to_string(), @r#"{"adopt":1,"change":3,"destroy":0,"forget":0,"give":6,"hand_over":0,"held":1,"take":2}"#);
    insta::assert_snapshot!(document["batches"].to_string(), @r#"[{"after":[],"end":3,"first":0,"system":"corp"},{"after":[0],"end":10,"first":3,"system":"chat"}]"#);
    assert!(!document.to_string().contains("5ec4e7"), "no trace of a secret");
}

#[test]
fn markdown_never_grows_beyond_its_bound() {
    let plan = large(400);
    let whole = plain(&plan, &shown(Format::Markdown));
    for max_bytes in [1024, 1500, 4096, 20_000, whole.len() as u32 - 1] {
        let text = plain(&plan, &Shown { max_bytes: Some(max_bytes), ..shown(Format::Markdown) });
        assert!(text.len() <= max_bytes as usize, "{} of {max_bytes}", text.len());
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
        assert!(text.contains("Shortened: ") && text.contains("Taken away"), "{text}");
        let lines: std::collections::BTreeSet<&str> = whole.lines().collect();
        let footer = text.lines().last().unwrap();
        assert!(text.lines().all(|line| line == footer || lines.contains(line)), "a line was cut within");
    }
    let bound = Shown { max_bytes: Some(whole.len() as u32 + 1000), ..shown(Format::Markdown) };
    assert_eq!(plain(&plan, &bound), whole);
    insta::assert_snapshot!(plain(&plan, &Shown { max_bytes: Some(1500), ..shown(Format::Markdown) }), @r#"
    ### tenure plan: 638 to give, 1 to take

    Digest `1a5a3ee6dbc2958b441e7021d73d588979cd18c03c756c7c3ce7c4805e1988f2`.

    | system | give | change | take | adopt | other | held |
    | --- | --: | --: | --: | --: | --: | --: |
    | `k8s["kubernetes"]` | 638 |  | 1 |  |  |  |

    #### Taken away

    - `-` `membership.k8s["kubernetes"].team["kubernetes/sig-a0"].gone`: no longer in group.k8s\["kubernetes"\].team\["kubernetes/sig-a0"\]

    <details><summary>system.k8s[&quot;kubernetes&quot;]: 638 to give, 1 to take</summary>

    - `-` `membership.k8s["kubernetes"].team["kubernetes/sig-a0"].gone`: no longer in group.k8s\["kubernetes"\].team\["kubernetes/sig-a0"\]
    - `+` `group.k8s["kubernetes"].team["kubernetes/sig-a0"]`: group.k8s.team (`org.hcl:25`)
    - `+` `group.k8s["kubernetes"].team["kubernetes/sig-a1"]`: group.k8s.team (`org.hcl:25`)
    - `+` `group.k8s["kubernetes"].team["kubernetes/sig-a2"]`: group.k8s.team (`org.hcl:25`)
    - `+` `group.k8s["kubernetes"].team["kubernetes/sig-a3"]`: group.k8s.team (`org.hcl:25`)
    - `+` `group.k8s["kubernetes"].team["kubernetes/sig-b0"]`: group.k8s.team (`org.hcl:25`)

    </details>

    **Shortened: 633 lines of 641 are not shown**, to stay within 1,500 bytes: 633 under `system.k8s["kubernetes"]`. `tenure show FILE --full` shows all of a kept plan.
    "#);
}

/// What a service takes as one comment, in characters.
const GITHUB: usize = 65_536;
const GITLAB: usize = 1_000_000;

#[test]
fn markdown_fits_into_a_comment() {
    let removals = |count: usize| {
        let mut plan = Sample::empty();
        plan.system("chat", "scim");
        for n in 0..count {
            plan.change(state::Action::Revoke, &format!("membership.chat.all.\u{f6}{n}"), &["left the files"]);
        }
        let held = ["5,000 of 5,000", "look at the source"];
        plan.finding(state::Code::MassRemoval, state::Severity::Holds, state::Scope::Plan, &[], held);
        plan.batched()
    };
    for (plan, whole) in [(large(70), true), (large(3_671), false), (removals(100), true), (removals(5_000), false)] {
        let changes = plan.changes.len();
        let text = plain(&plan, &shown(Format::Markdown));
        assert!(text.len() + 500 <= GITHUB, "{changes} changes: {} bytes", text.len());
        assert_eq!(text.contains("**Shortened: "), !whole, "{changes} changes");
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
        let at = |part: &str| text.find(part).unwrap_or(usize::MAX);
        assert!(at("Digest `") < at("#### Taken away") && at("#### Taken away") < at("<details>"));
        assert!(at("#### Held by safeguards") == usize::MAX || at("#### Held by") < at("#### Taken away"));
        let full = plain(&plan, &Shown { full: true, ..shown(Format::Markdown) });
        let gitlab = plain(&plan, &Shown { max_bytes: Some(GITLAB as u32), ..shown(Format::Markdown) });
        assert_eq!(full, gitlab, "{changes} changes are whole there");
        // A line for each, and removals stand in sight besides.
        assert!(full.lines().count() > changes);
        if !whole {
            let footer = text.lines().last().unwrap();
            let lines: usize = text.lines().filter(|line| line.starts_with("- `")).count();
            let of = full.lines().filter(|line| line.starts_with("- `")).count();
            let left_out = footer.split(' ').nth(1).unwrap().replace(',', "").parse::<usize>().unwrap();
            assert_eq!(lines + left_out, of, "{footer}");
        }
    }
    let footer = |plan: &Plan| plain(plan, &shown(Format::Markdown)).lines().last().unwrap().to_owned();
    insta::assert_snapshot!(footer(&large(3_671)), @r#"**Shortened: 4,295 lines of 5,002 are not shown**, to stay within 65,000 bytes: 4,295 under `system.k8s["kubernetes"]`. `tenure show FILE --full` shows all of a kept plan."#);
    insta::assert_snapshot!(footer(&removals(5_000)), @"**Shortened: 8,738 lines of 10,002 are not shown**, to stay within 65,000 bytes: 3,738 under Taken away, 5,000 under `system.chat`. `tenure show FILE --full` shows all of a kept plan.");
}

#[test]
fn markdown_leads_to_where_it_was_made() {
    let mut plan = Sample::empty().0;
    let first = |plan: &Plan, run_url: Option<&str>| {
        let shown = Shown { run_url: run_url.map(str::to_owned), ..shown(Format::Markdown) };
        plain(plan, &shown).lines().nth(2).unwrap().replace(&"0".repeat(64), "DIGEST")
    };
    let url = "https://github.com/acme/access/actions/runs/7";
    insta::assert_snapshot!(first(&plan, None), @"Digest `DIGEST`.");
    insta::assert_snapshot!(first(&plan, Some(url)), @"Digest [`DIGEST`](https://github.com/acme/access/actions/runs/7).");
    plan.commit = Some(state::Commit { id: "4f2a1c3b5d6e".to_owned(), clean: false });
    insta::assert_snapshot!(first(&plan, Some(url)), @"Digest [`DIGEST`](https://github.com/acme/access/actions/runs/7), of commit 4f2a1c3b5d with changes that are not in it.");
    assert_eq!(first(&plan, Some(&url.repeat(20))), first(&plan, None));
}

#[test]
fn markdown_cannot_be_broken_by_names() {
    let mut plan = Sample::empty();
    plan.system("chat", "scim").notes = vec!["</details> @acme/all\n# heading ![x](y)".to_owned()];
    plan.name("person.ada", "<script>|`*@ada*");
    let at = r#"account.chat["`</details>| @ada"]"#;
    plan.change(state::Action::Create, at, &["role.x|`> @y @ </summary>.hcl:3"]).after =
        Box::new([(state::Symbol::new("a|`b"), super::sample::known("\"```\\n</details>\""))]);
    let change = plan.change(state::Action::Update, "account.chat.ada", &[]);
    change.before = Some(Box::new(state::Object::new("1", super::sample::attributes(r#"{"note": "a\n```\n# b"}"#))));
    change.after = Box::new([(state::Symbol::new("note"), super::sample::known(r#""a\n````\n</details>""#))]);
    let plan = plan.batched();
    insta::assert_snapshot!(plain(&plan, &shown(Format::Markdown)), @r#"
    ### tenure plan: 1 to give, 1 to change

    Digest `fdeb8b934d10b9149ec0adf2d4a6c37cdc1bc7e81c611fb10e1b7e3594e27e15`.

    | system | give | change | take | adopt | other | held |
    | --- | --: | --: | --: | --: | --: | --: |
    | `chat` | 1 | 1 |  |  |  |  |

    <details><summary>system.chat: 1 to give, 1 to change</summary>

    - &lt;/details&gt; @<!-- -->acme/all #<!-- --> heading \!\[x\]\(y\)
    - `~` `account.chat.ada` `note`
    - `+` ``account.chat["`</details>| @ada"]`` ``"a|`b"``: role.x\|\`&gt; @<!-- -->y (`</summary>.hcl:3`)

    </details>
    "#);
    insta::assert_snapshot!(plain(&plan, &Shown { values: true, ..shown(Format::Markdown) }), @r#"
    ### tenure plan: 1 to give, 1 to change

    Digest `fdeb8b934d10b9149ec0adf2d4a6c37cdc1bc7e81c611fb10e1b7e3594e27e15`.

    | system | give | change | take | adopt | other | held |
    | --- | --: | --: | --: | --: | --: | --: |
    | `chat` | 1 | 1 |  |  |  |  |

    <details><summary>system.chat: 1 to give, 1 to change</summary>

    - &lt;/details&gt; @<!-- -->acme/all #<!-- --> heading \!\[x\]\(y\)
    - `~` `account.chat.ada` &lt;script&gt;\|\`\*@<!-- -->ada\*
      - `note`
        `````diff
          a
        - ```
        - # b
        + ````
        + </details>
        `````
    - `+` ``account.chat["`</details>| @ada"]``: role.x\|\`&gt; @<!-- -->y (`</summary>.hcl:3`)
      - ``"a|`b"`` = ````"```\n</details>"````

    </details>
    "#);
}

#[test]
fn colours() {
    let mut plan = Sample::empty();
    plan.name("person.ada", "Ada Lovelace");
    plan.change(state::Action::Grant, "membership.chat.core.ada", &["role.core @ core.hcl:3"]);
    plan.change(state::Action::Deactivate, "account.corp.ada", &["ended 2026-11-20"]);
    let mut out = Vec::new();
    write(&mut out, &plan.0, &shown(Format::Text)).unwrap();
    let text = String::from_utf8(out).unwrap().replace('\u{1b}', "^");
    insta::assert_snapshot!(text, @"
    ^[1mperson.ada^[0m  ^[2mAda Lovelace^[0m
      ^[31m- account.corp (deactivate)^[0m  ^[2mended 2026-11-20^[0m
      ^[32m+ group.chat.core^[0m            ^[2mrole.core (core.hcl:3)^[0m

    ^[1mPlan:^[0m 1 to give, 1 to take
    ");
}

#[test]
fn names_cannot_steer_the_terminal() {
    let mut plan = Sample::empty();
    plan.name("person.ada", "\u{1b}[2JAda\nperson.root  \u{202e}");
    plan.change(state::Action::Create, "account.chat.ada", &["role.\u{1b}]0;x\u{7} @ a\u{1b}.hcl:1"]).after =
        Box::new([(state::Symbol::new("t\u{1b}"), super::sample::known(r#""\u001b[31m\u0007\u009b""#))]);
    for format in [Format::Text, Format::Markdown, Format::Json] {
        let mut out = Vec::new();
        write(&mut out, &plan.0, &Shown { values: true, ..shown(format) }).unwrap();
        let text = String::from_utf8(out).unwrap();
        // Colours are ours; they go first.
        let ours = anstream::adapter::strip_str(&text.replace("\u{1b}[1m", "").replace("\u{1b}[0m", "")).to_string();
        // JSON is for programs: there the characters below U+0020 are escaped, and no others.
        let steers = |c: char| match format {
            Format::Json => c < ' ' && c != '\n',
            _ => (c.is_control() && c != '\n') || c == '\u{202e}',
        };
        assert!(!ours.chars().any(steers), "{ours:?}");
        assert!(!text.contains("\u{1b}[2J") && !text.contains("\u{1b}]0;"), "{text:?}");
    }
}
