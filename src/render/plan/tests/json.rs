//! For programs, as the schema in the documentation says it.

use super::super::json::FORMAT_VERSION;
use super::super::sample::{Sample, company, large};
use super::*;

fn json(plan: &Plan) -> serde_json::Value {
    let text = plain(plan, &Shown { json: true, ..shown(Format::Text) });
    assert!(text.ends_with("}\n") && !text.trim_end().contains('\n'), "one line");
    serde_json::from_str(&text).unwrap()
}

/// The schema as readers have it, and the same without room for members that it does not name.
fn schemas() -> [serde_json::Value; 2] {
    let schema: serde_json::Value = serde_json::from_str(include_str!("../../../../docs/plan.schema.json")).unwrap();
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
    let (major, minor) = FORMAT_VERSION.split_once('.').unwrap();
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
        if version == FORMAT_VERSION {
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
