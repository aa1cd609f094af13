//! For a comment on a pull request.

use super::super::sample::{Sample, company, large};
use super::*;

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
