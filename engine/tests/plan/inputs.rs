//! What a plan's digest covers of what came from outside: everything that decides, and no credential.

use crate::story::Story;

/// Plans by one token, then by another (`TOKEN`, also in `token.txt`): what stands among the inputs beside the files, and
/// whether the plan is still the same.
fn with_another(text: &str) -> String {
    let rest = "
        person \"ada\" {}
        role \"all\" {
          when   = true
          access = [system.chat]
        }
        --- token.txt
        old";
    let mut story = Story::new(&format!("{text}\n{}", rest.replace("\n        ", "\n")));
    story.environment.insert("TOKEN".to_owned(), "old".to_owned());
    let before = story.planned();
    story.tell("--- token.txt\nnew");
    story.environment.insert("TOKEN".to_owned(), "new".to_owned());
    let after = story.planned();
    let inputs: Vec<&str> = before.inputs.keys().map(String::as_str).filter(|name| *name != "main.hcl").collect();
    assert_eq!(before.inputs.len(), inputs.len() + 1, "main.hcl is not among the inputs");
    let same = if before.digest == after.digest { "same" } else { "another" };
    format!("{} -> {same}", inputs.join(" "))
}

/// A system that signs in by `token`, whose accounts get `on_create`.
fn system(token: &str, on_create: &str, more: &str) -> String {
    format!(
        "system \"chat\" {{
  provider = \"scim\"
  token    = {token}
  account {{
    userName = self.key
    on_create {{ {on_create} }}
  }}
}}
{more}"
    )
}

#[test]
fn a_credential_decides_nothing() {
    let locals = "locals {\n  token = env(\"TOKEN\")\n  sum = \"${local.token}!\"\n}";
    let variable = "variable \"token\" {\n  default = \"t\"\n  sensitive = true\n}";
    for (token, more) in [
        (r#"env("TOKEN")"#, ""),
        (r#""Bearer ${env("TOKEN")}""#, ""),
        (r#"env("TOKEN") == "old" ? env("A") : env("B")"#, ""),
        (r#"try(env("TOKEN"), null)"#, ""),
        (r#"env("TOKEN") == "old" ? null : env("TOKEN")"#, ""),
        (r#"command("printenv", "TOKEN")"#, ""),
        (r#"sensitive(file("token.txt"))"#, ""),
        ("local.token", locals),
        ("local.sum", locals),
        // Only looked at.
        ("null", locals),
        ("var.token", variable),
    ] {
        assert_eq!(with_another(&system(token, "", more)), " -> same", "{token}");
    }
    // Instances each by their own.
    let each = "system \"chat\" {
  for_each = toset([\"eu\", \"us\"])
  provider = \"scim\"
  token    = env(\"TOKEN\")
}
system \"more\" {
  provider = \"scim\"
  token    = env(\"TOKEN\")
}";
    let mut story = Story::new(each);
    let before = story.planned().digest;
    story.environment.insert("TOKEN".to_owned(), "new".to_owned());
    assert_eq!(story.planned().digest, before);
}

#[test]
fn whatever_is_planned_by_decides() {
    let local = "locals { token = env(\"TOKEN\") }";
    let deep = "locals {\n  token = env(\"TOKEN\")\n  sum = \"${local.token}!\"\n}";
    let variable = "variable \"token\" {\n  default = \"t\"\n  sensitive = true\n}";
    let person = "person \"bob\" { pin = env(\"TOKEN\") }";
    let cases = [
        ("null", r#"password = env("TOKEN")"#, "", "env.TOKEN -> another"),
        // As a credential, and elsewhere.
        (r#"env("TOKEN")"#, r#"password = env("TOKEN")"#, "", "env.TOKEN -> another"),
        ("local.token", "password = local.token", local, "env.TOKEN -> another"),
        ("local.sum", "password = local.token", deep, "env.TOKEN -> another"),
        ("local.token", "password = local.sum", deep, "env.TOKEN -> another"),
        ("var.token", "password = var.token", variable, "var.token -> same"),
        ("var.token", "password = [for name, value in var : value][0]", variable, "var.token -> same"),
        // Through what people are.
        ("person.bob.pin", "", person, "env.TOKEN -> another"),
        // What does not show in a value shows in a choice, also where what is asked for fails.
        ("null", r#"nick = nonsensitive(env("TOKEN")) == "old" ? "a" : "b""#, "", "env.TOKEN -> another"),
        ("null", r#"nick = try(tonumber(local.token), "none")"#, local, "env.TOKEN -> another"),
        // Where the system is, is no credential; nor is what its provider does not know as one.
        ("null\n  url = \"https://${env(\"TOKEN\")}.example\"", "", "", "env.TOKEN -> another"),
        ("null\n  other = local.token", "", local, "env.TOKEN -> another"),
        (
            r#"command("printenv", "TOKEN")"#,
            r#"p = command("printenv", "TOKEN")"#,
            "",
            "command.printenv TOKEN -> another",
        ),
        (r#"sensitive(file("token.txt"))"#, r#"p = filesha256("token.txt")"#, "", "token.txt -> another"),
        ("null", r#"p = fileexists("token.txt")"#, "", "token.txt -> another"),
        // A variable that is not sensitive always stands there.
        ("null", "", "variable \"domain\" { default = \"x\" }", "var.domain -> same"),
    ];
    for (token, on_create, more, expected) in cases {
        assert_eq!(with_another(&system(token, on_create, more)), expected, "{token}, {on_create}");
    }
}

#[test]
fn a_file_of_the_configuration_decides_whoever_reads_it() {
    let text = system(r#"sensitive(filesha256("main.hcl"))"#, "", "");
    assert_eq!(with_another(&text), " -> same");
}
