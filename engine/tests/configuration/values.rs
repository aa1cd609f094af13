//! Variables, locals, references, `for_each`: values and how they refer to each other.

use tenure_engine::configuration::{Given, GivenValue, read_variables};

use crate::support::{Case, dump, error, errors, evaluated};

fn given(name: &str, text: &str) -> Given {
    Given { name: name.into(), value: GivenValue::Text(text.into()), origin: "--var".into(), must_exist: true }
}

fn with(text: &str, given: &[Given]) -> String {
    Case { given: given.to_vec(), ..Case::new(text) }.text()
}

#[test]
fn variables_are_given_or_have_defaults_and_fit_their_types() {
    let text = r#"
variable "domain" { default = "acme.example" }
variable "teams" {
  type    = list(string)
  default = []
}
variable "limits" {
  type    = object({ low = number, high = optional(number, 9) })
  default = { low = "1" }
}
person "ada" {
  email  = "ada@${var.domain}"
  teams  = var.teams
  limits = var.limits
}
"#;
    insta::assert_snapshot!(with(text, &[]), @r#"person.ada {"email": "ada@acme.example", "limits": {"high":9,"low":1}, "teams": []}"#);
    insta::assert_snapshot!(
        with(text, &[given("domain", "[not an expression"), given("teams", "[\"a\", 1]"), given("domain", "b.example")]),
        @r#"person.ada {"email": "ada@b.example", "limits": {"high":9,"low":1}, "teams": ["a","1"]}"#
    );
    insta::assert_snapshot!(with(text, &[given("domian", "x"), given("teams", "[1,"), given("limits", "{}")]), @r#"
    --var: variable "domian" is not declared
      hint: did you mean "domain"?
    main.hcl:7:1: variable "limits", given by --var: the attribute "low" is missing
    (--var teams):1:4: something is missing at the end of this line
      hint: expected: ]
    "#);
}

#[test]
fn a_variable_without_value_and_wrong_declarations() {
    insta::assert_snapshot!(evaluated(r#"
variable "region" {}
variable "count" {
  type    = number
  default = "many"
}
variable "odd" {
  type    = strin
  default = 1
}
variable "reach" { default = file("x") }
variable "other" { default = var.region }
person "ada" { region = var.regon }
"#), @r#"
    main.hcl:2:1: variable "region" has no value
      hint: give it one with --var region=VALUE, in a --var-file, as TENURE_VAR_region, or a `default`
    main.hcl:5:13: variable "count": "many" does not read as a number
    main.hcl:8:13: this is not a type
      hint: types are string, number, bool, any, list(...), set(...), map(...), tuple([...]) and object({...})
    main.hcl:11:30: file: variables cannot reach outside
      hint: put `file(...)` into locals, or give the value with --var or TENURE_VAR_*
    main.hcl:12:30: there is no "var" here
      hint: for text, write "var" with quotation marks
    main.hcl:13:29: var.regon is not declared [for person.ada]
      hint: did you mean "region"?
    "#);
}

#[test]
fn files_of_variables() {
    let read = |path: &str, text: &str| match read_variables(path, text) {
        Ok(given) => with(
            "variable \"a\" { type = any }\nvariable \"b\" { default = null }\nperson \"p\" {\n x = var.a\n y = var.b\n}",
            &given,
        ),
        Err(diagnostic) => error(&diagnostic, &Case::new("").files),
    };
    insta::assert_snapshot!(read("prod.vars", "# comment\na = [1, 2]\nb = \"x\"\n"), @r#"person.p {"x": [1,2], "y": "x"}"#);
    insta::assert_snapshot!(read("prod.json", r#"{"a": {"k": [true]}}"#), @r#"person.p {"x": {"k":[true]}}"#);
    insta::assert_snapshot!(read("prod.vars", "a = \n"), @r#"
    prod.vars: 1:5: invalid expression; expected `"`, `[`, `{`, `-`, `!`, `(`, `_`, `<`, letter or digit
      hint: a file of variables has lines such as `region = "eu"`
    "#);
    insta::assert_snapshot!(read("prod.vars", "a {}\n"), @r#"
    prod.vars: there is a block `a`
      hint: a file of variables has lines such as `region = "eu"`
    "#);
    insta::assert_snapshot!(read("prod.vars", "a = 1\nc = 2\n"), @r#"
    prod.vars: variable "c" is not declared
      hint: declare it: variable "c" {}
    "#);
    insta::assert_snapshot!(read("prod.json", "[]"), @r#"
    prod.json: not an object in JSON: invalid type: sequence, expected a map at line 1 column 0
      hint: a file of variables has lines such as `region = "eu"`
    "#);
}

#[test]
fn cycles_of_values_are_errors_with_their_path() {
    insta::assert_snapshot!(evaluated(r#"
locals {
  a = local.b
  b = [local.c]
  c = { x = local.a }
  d = local.d
  e = local.a
}
person "ada" {
  x = self.y
  y = person.bob.z
  l = local.d
}
person "bob" { z = person.ada.x }
person "cy" { a = local.e }
"#), @"
    main.hcl:5:19: values lead in a circle: local.a -> local.b -> local.c -> local.a [for person.cy]
      main.hcl:15: needed here
      hint: references to whole blocks may go in circles, values cannot: break it at one of these
    main.hcl:6:13: values lead in a circle: local.d -> local.d [for person.ada]
      main.hcl:12: needed here
      hint: references to whole blocks may go in circles, values cannot: break it at one of these
    main.hcl:14:31: values lead in a circle: person.ada.x -> person.ada.y -> person.bob.z -> person.ada.x [for person.ada and 2 others]
      main.hcl:10: needed here
      hint: references to whole blocks may go in circles, values cannot: break it at one of these
    ");
    insta::assert_snapshot!(evaluated(r#"
locals { keys = [for p in people : p.key] }
people "hr" {
  from = local.keys
  key  = row
}
"#), @"
    main.hcl:2:27: values lead in a circle: local.keys -> people -> local.keys
      main.hcl:4: needed here
      hint: references to whole blocks may go in circles, values cannot: break it at one of these
    ");
    insta::assert_snapshot!(evaluated(r#"
service "a" {
  for_each = toset([for s in service.b : s.key])
}
service "b" {
  for_each = toset([for s in service.a : s.key])
}
"#), @"
    main.hcl:6:30: values lead in a circle: service.a -> service.b -> service.a
      hint: references to whole blocks may go in circles, values cannot: break it at one of these
    ");
}

#[test]
fn references_may_go_in_circles() {
    insta::assert_snapshot!(evaluated(r#"
person "ada" {
  manager = person.bob
  upper   = self.manager.manager.key
}
person "bob" { manager = person.ada }
"#), @r#"
    person.ada {"manager": "person.bob", "upper": "ada"}
    person.bob {"manager": "person.ada"}
    "#);
}

#[test]
fn a_long_chain_of_values_is_an_error_and_no_crash() {
    let mut text = String::from("locals {\n  v0 = 1\n");
    for n in 1..5000 {
        text.push_str(&format!("  v{n} = local.v{}\n", n - 1));
    }
    text.push_str("}\nperson \"ada\" {\n  x = local.v4999\n}\n");
    insta::assert_snapshot!(evaluated(&text), @"
    main.hcl:4903:17: more than 100 values wait for each other, from person.ada.x to local.v4900 [for person.ada]
      main.hcl:5004: needed here
      hint: shorten the chain: compute such a thing over a list instead
    ");
}

#[test]
fn what_is_not_there_is_named_with_what_is_near() {
    insta::assert_snapshot!(evaluated(r#"
locals { domain = "x" }
system "chat" { provider = "scim" }
system "k8s" {
  for_each = toset(["dev", "prod"])
  provider = "x"
}
group "chat" "engineering" {}
group "chat" "team" {
  for_each = toset(["core"])
}
role "basic" {}
role "org" {
  for_each = toset(["a"])
}
service "bot" {}
service "admin" {
  for_each = toset(["ada"])
}
person "ada" { email = "x" }
person "p" {
  a = local.domian
  b = person.adda
  c = [service.bt, service.admin["adda"], service.admin.ada]
  d = system.k8s["pro"]
  e = group.chat.enginering
  f = group.chta.x
  g = group.chat.team["coer"]
  h = role.basics
  i = role.org["b"]
  j = person.ada.emial
  k = slef.x
  l = row.x
  m = each.key
  n = self.accounts.chta.id
  o = offboarding.x
  q = service.admin
  r = system.chat["x"]
  s = people["ada"]
  t = lenght("x")
}
"#), @r#"
    main.hcl:22:13: local.domian is not declared [for person.p]
      hint: did you mean "domain"?
    main.hcl:23:14: person.adda is not declared [for person.p]
      hint: did you mean "ada"?
    main.hcl:24:16: service.bt is not declared [for person.p]
      hint: did you mean "bot"?
    main.hcl:25:18: system.k8s has no instance "pro" [for person.p]
      hint: did you mean "prod"?
    main.hcl:26:18: group.chat.enginering is not declared [for person.p]
      hint: did you mean "engineering"?
    main.hcl:27:13: there are no groups on a system "chta" [for person.p]
      hint: did you mean "chat"?
    main.hcl:28:23: group.chat.team has no instance "coer" [for person.p]
      hint: did you mean "core"?
    main.hcl:29:12: role.basics is not declared [for person.p]
      hint: did you mean "basic"?
    main.hcl:30:16: role.org has no instance "b" [for person.p]
      hint: its only instance is role.org["a"]
    main.hcl:31:18: person.ada has no attribute "emial", nor has any other person or service [for person.p]
      hint: did you mean "email"?
    main.hcl:32:7: there is no "slef" here [for person.p]
      hint: did you mean "self"?
    main.hcl:33:7: there is no "row" here [for person.p]
      hint: names that are known here: group, local, offboarding, people, person, role, self, service, system, var; for text, write "row"
    main.hcl:34:7: there is no "each" here [for person.p]
      hint: names that are known here: group, local, offboarding, people, person, role, self, service, system, var; for text, write "each"
    main.hcl:35:21: system.chta is not declared [for person.p]
      hint: did you mean "chat"?
    main.hcl:36:19: offboarding.x is not declared [for person.p]
      hint: declare it: offboarding "x" { ... }
    main.hcl:37:7: this is a name on the way to something, not a value [for person.p]
      hint: name one thing, or make a list: [for x in ... : x]
    main.hcl:38:19: system.chat has no instances [for person.p]
      hint: its block has no for_each
    main.hcl:39:14: people are a list, and have no keys [for person.p]
      hint: write person["ada"]
    main.hcl:40:7: there is no function "lenght" [for person.p]
      hint: did you mean "length"?
    "#);
}

#[test]
fn for_each_makes_instances() {
    insta::assert_snapshot!(evaluated(r#"
locals { orgs = { dev = { url = "d" }, prod = { url = "p" } } }
system "k8s" {
  for_each  = local.orgs
  provider  = "directory"
  url       = each.value.url
  exclusive = each.key == "prod"
}
group "k8s" "team" {
  for_each  = { for o, org in local.orgs : "${o}/core" => o }
  system    = system.k8s[each.value]
  exclusive = each.value == "prod"
  members   = [person.ada]
}
group "k8s" "all" {
  system  = system.k8s["prod"]
  members = [group.k8s.team["prod/core"]]
}
role "org" {
  for_each = toset(["dev"])
  members  = [person.ada]
  access   = [system.k8s[each.key]]
}
service "admin" {
  for_each = { ada = 1 }
  owners   = [person[each.key]]
  login    = "adm-${each.key}-${each.value}"
}
person "ada" {}
"#), @r#"
    person.ada {}
    service.admin["ada"] {"login": "adm-ada-1", "owners": ["person.ada"]}
    system.k8s["dev"] = directory url="d"
    system.k8s["prod"] = directory url="p" exclusive
    group.k8s["dev"].team["dev/core"]
    group.k8s["prod"].all
    group.k8s["prod"].team["prod/core"] exclusive
    membership.k8s["dev"].team["dev/core"].ada: group.k8s["dev"].team["dev/core"]
    membership.k8s["prod"].all.group.team["prod/core"]: group.k8s["prod"].all
    membership.k8s["prod"].team["prod/core"].ada: group.k8s["prod"].team["prod/core"]
    account.k8s["dev"].ada: group.k8s["dev"].team["dev/core"]; role.org["dev"]
    account.k8s["prod"].ada: group.k8s["prod"].team["prod/core"]
    "#);
}

#[test]
fn for_each_takes_objects_and_sets_of_strings() {
    insta::assert_snapshot!(evaluated(r#"
system "a" {
  for_each = ["x"]
  provider = "p"
}
system "b" {
  for_each = toset([1])
  provider = "p"
}
system "c" {
  for_each = "x"
  provider = "p"
}
system "d" {
  for_each = null
  provider = "p"
}
system "e" {
  for_each = { x = 1 }
  provider = "p"
}
system "f" { provider = "p" }
group "e" "g" {}
group "e" "h" { system = system.f }
group "e" "i" { system = "e" }
group "z" "j" {}
role "r" { access = [system.a["x"], group.e.g] }
service "s" { for_each = { (env("TOKEN")) = 1 } }
"#), @r#"
    main.hcl:3:14: `for_each` takes an object or a set of strings, and this is a list
      hint: make a set of it with toset(...), or an object: { for x in ... : x.name => x }
    main.hcl:7:14: `for_each` takes a set of strings, and this one has a number in it
      hint: make an object of it: { for x in ... : x.name => x }
    main.hcl:11:14: `for_each` takes an object or a set of strings, and this is a string
      hint: write toset(["a", "b"]) or { a = 1, b = 2 }
    main.hcl:15:14: `for_each` takes an object or a set of strings, and this is null
      hint: write toset(["a", "b"]) or { a = 1, b = 2 }
    main.hcl:23:1: system.e has several instances, and this group does not say on which it stands
      hint: add `system = system.e["KEY"]`
    main.hcl:24:26: `system` must be an instance of system.e, and this is the reference system.f
      hint: write `system = system.e["KEY"]`, or change the block's first label
    main.hcl:25:26: `system` must be an instance of system.e, and this is a string
      hint: write `system = system.e["KEY"]`, or change the block's first label
    main.hcl:26:7: system "z" is not declared
      hint: declare it: system "z" { ... }
    main.hcl:28:26: `for_each` is sensitive
      hint: sensitive values may stand in credentials and in on_create only
    "#);
}

#[test]
fn secrets_do_not_leave_their_places() {
    let case = Case::new(
        r#"
variable "pin" {
  default   = "1234"
  sensitive = true
}
system "chat" {
  provider = "scim"
  token    = env("TOKEN")
  url      = "https://${var.pin}.example"
  account {
    userName = self.key
    on_create { password = command("echo", "pw") }
  }
}
person "ada" {
  pin  = var.pin
  list = [sensitive("x")]
}
"#,
    );
    let configuration = case.good();
    insta::assert_snapshot!(dump(&configuration), @"
    person.ada {}
    system.chat = scim token=(sensitive) url=(sensitive)
    ");
    let inputs: Vec<&String> = configuration.inputs.keys().collect();
    insta::assert_debug_snapshot!(inputs, @r#"
    [
        "env.TOKEN",
        "main.hcl",
        "var.pin",
    ]
    "#);
    insta::assert_snapshot!(evaluated(r#"
person "ada" { pin = env("TOKEN") }
person "bob" {}
system "chat" {
  provider = env("TOKEN")
  settings = { a = env("TOKEN") }
}
role "a" { when = self.pin == "x" }
role "b" { members = [{ who = person.ada, until = env("TOKEN") }] }
rule "c" {
  condition = true
  message   = "x"
}
locals { n = env("UNSET") }
system "x" {
  provider = "scim"
  token    = local.n
  other    = command("rm")
}
"#), @"
    main.hcl:5:14: `provider` is sensitive
      hint: sensitive values may stand in credentials and in on_create only
    main.hcl:8:19: `when` is sensitive [for person.ada]
      hint: sensitive values may stand in credentials and in on_create only
    main.hcl:9:23: `until` is sensitive
      hint: sensitive values may stand in credentials and in on_create only
    main.hcl:14:14: env: the environment variable UNSET is not set
      main.hcl:17: needed here
      hint: set it where tenure runs: export UNSET=...
    main.hcl:18:14: command: rm is not allowed
    ");
}

#[test]
fn inputs_are_digested_by_name() {
    let case = Case::new(
        "locals {\n  t = file(\"a.txt\")\n  f = fileset(\".\", \"*.txt\")\n}\nvariable \"v\" { default = 1 }\nperson \"p\" {\n  t = local.t\n  n = length(local.f)\n}\n--- a.txt\nhello\n",
    );
    let configuration = case.good();
    let inputs: Vec<String> = configuration.inputs.iter().map(|(name, digest)| format!("{name} {digest}")).collect();
    insta::assert_snapshot!(inputs.join("\n"), @"
    a.txt 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
    fileset. 18b7cb099a9ea3f50ba899b5ba81e0d377a5f3b16f8f6eeb8b3e58cd4692b993
    main.hcl 79bc624688ce34a057ccb4e9abefbcbc054b211496b4e9a4048754aa071e005e
    var.v 6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b
    ");
    let Err(rejected) = Case::new("locals {\n  t = file(\"b.txt\")\n}\nperson \"p\" { t = local.t }\n").evaluate()
    else {
        panic!("read what is not there")
    };
    insta::assert_snapshot!(errors(&rejected), @"
    main.hcl:2:7: file: there is no file b.txt [for person.p]
      main.hcl:4: needed here
    ");
}
