//! Blocks: which there are, what stands in them, and names that stand twice.

use crate::support::{Case, errors, evaluated};

#[test]
fn unknown_blocks_and_attributes_are_errors_with_the_nearest_name() {
    insta::assert_snapshot!(evaluated(r#"
persn "ada" {}
role "x" {
  acces = []
}
settings {
  timezon = "UTC"
  safegards {}
}
system "chat" {
  provider = "scim"
  account {
    on_creat {}
  }
  ignore {}
}
"#), @r#"
    main.hcl:2:1: there is no block `persn` in a configuration
      hint: did you mean "person"?
    main.hcl:4:3: `role` has no attribute `acces`
      hint: did you mean "access"?
    main.hcl:7:3: `settings` has no attribute `timezon`
      hint: did you mean "timezone"?
    main.hcl:8:3: there is no block `safegards` in a `settings` block
      hint: did you mean "safeguards"?
    main.hcl:13:5: there is no block `on_creat` in an `account` block
      hint: did you mean "on_create"?
    main.hcl:15:3: `ignore` of a `system` block is an attribute, not a block
      hint: write `ignore = ...`
    "#);
}

#[test]
fn what_blocks_of_safety_refuse() {
    insta::assert_snapshot!(evaluated(r#"
conflict "one" {
  roles = [role.a]
}
conflict "wrong" {
  roles = [role.a, group.chat.admins]
}
protect "admins" {
  groups          = [group.chat.admins, role.a]
  minimum_members = "two"
  always          = [role.a]
  only_from       = "../security"
}
protect "nothing" {}
offboarding "kept" {
  account       = "keep"
  archive_after = "30d"
  transfer_to   = self.manager
}
offboarding "wrong" {
  account      = "erase"
  delete_after = "soon"
  transfer_to  = self.login
}
person "ada" {
  login       = "ada"
  legal_hold  = "yes"
  offboarding = "wrong"
}
person "bob" {
  offboarding = offboarding.wrng
}
role "a" {
  offboarding = offboarding.wrong
}
system "chat" {
  provider    = "directory"
  offboarding = group.chat.admins
}
group "chat" "admins" {}
"#), @r#"
    main.hcl:3:11: a conflict needs two roles that nobody may hold together
      hint: write [role.payments_maker, role.payments_checker]
    main.hcl:6:20: an entry of `roles` cannot be group.chat.admins
      hint: write [role.payments_maker, role.payments_checker]
    main.hcl:9:41: an entry of `groups` cannot be role.a
      hint: write [group.corp.admins]
    main.hcl:10:21: this is not a count
      hint: write a whole number, such as 5
    main.hcl:11:22: an entry of `always` cannot be role.a
      hint: write [service.breakglass]
    main.hcl:12:21: `only_from`: "../security" is not a folder below the configuration folder
      hint: write only_from = "security/"
    main.hcl:14:1: this `protect` block lacks `groups`
      hint: add `groups = ...`
    main.hcl:17:19: `archive_after` cannot stand beside account = "keep"
      hint: an account that is kept is neither put away nor deleted: take one of the two out
    main.hcl:18:19: `transfer_to` cannot stand beside account = "keep"
      hint: an account that is kept keeps what it owns: take one of the two out
    main.hcl:21:18: `account` cannot be "erase"
      hint: write "deactivate", or "keep" to leave the account as it is
    main.hcl:22:18: this is not a length of time
      hint: write "30d", "12h" or "8w"
    main.hcl:23:18: `transfer_to` names a person or service, and this is a string [for person.ada]
      hint: write transfer_to = self.manager, or person[KEY]
    main.hcl:27:17: `legal_hold` is true or false, and this is a string [for person.ada]
      hint: write legal_hold = true
    main.hcl:28:17: `offboarding` names an offboarding block, and this is a string [for person.ada]
      hint: write offboarding = offboarding.NAME
    main.hcl:31:29: offboarding.wrng is not declared [for person.bob]
      hint: did you mean "wrong"?
    main.hcl:38:17: `offboarding` names an offboarding block, and this is the reference group.chat.admins
      hint: write offboarding = offboarding.NAME
    "#);
}

#[test]
fn only_blocks_below_the_folder_lead_into_a_protected_group() {
    insta::assert_snapshot!(evaluated(r#"
system "chat" {
  provider = "directory"
}
group "chat" "admins" {
  members = [group.chat.inner]
}
--- security/security.hcl
protect "admins" {
  groups    = [group.chat.admins]
  only_from = "security"
}
role "admin" {
  members = [role.lead]
  access  = [group.chat.admins]
}
--- security.hcl
group "chat" "inner" {
  members = [person.ada]
}
group "chat" "unused" {
  members = [group.chat.admins]
}
--- teams/teams.hcl
person "ada" {}
role "lead" {
  when = true
}
role "chief" {
  members = [person.ada]
  access  = [role.admin]
}
role "other" {
  when   = true
  access = [group.chat.unused]
}
"#), @"
    main.hcl:5:1: group.chat.admins leads into group.chat.admins, and protect.admins lets only security/ do so
      security/security.hcl:1: protected here
      hint: move the block into a file below security/, or take the group out of its reach
    security.hcl:1:1: group.chat.inner leads into group.chat.admins, and protect.admins lets only security/ do so
      security/security.hcl:1: protected here
      hint: move the block into a file below security/, or take the group out of its reach
    teams/teams.hcl:2:1: role.lead leads into group.chat.admins, and protect.admins lets only security/ do so
      security/security.hcl:1: protected here
      hint: move the block into a file below security/, or take the group out of its reach
    teams/teams.hcl:5:1: role.chief leads into group.chat.admins, and protect.admins lets only security/ do so
      security/security.hcl:1: protected here
      hint: move the block into a file below security/, or take the group out of its reach
    ");
}

#[test]
fn labels_and_names_are_checked() {
    insta::assert_snapshot!(evaluated(r#"
person {}
person "" {}
group "chat" {}
role "a b" {}
settings "x" {}
system "chat" "x" {
  provider = "scim"
}
"#), @r#"
    main.hcl:2:1: a `person` block takes one label, its key, and this one has 0
      hint: write it as `person "KEY" { ... }`
    main.hcl:3:8: "" cannot be the name of a `person` block
      hint: a person needs a key: what stays the same when name and mail change
    main.hcl:4:1: a `group` block takes 2 labels: system and name, and this one has 1
      hint: write it as `group "SYSTEM" "NAME" { ... }`
    main.hcl:5:6: "a b" cannot be the name of a `role` block
      hint: a name is a letter or `_`, then letters, digits, `_` or `-`
    main.hcl:6:1: a `settings` block takes no label, and this one has 1
      hint: write it as `settings { ... }`
    main.hcl:7:1: a `system` block takes one label, its name, and this one has 2
      hint: write it as `system "NAME" { ... }`
    "#);
}

#[test]
fn nothing_is_declared_twice() {
    insta::assert_snapshot!(evaluated(r#"
settings { state = "a" }
settings { state = "b" }
system "chat" { provider = "scim" }
system "chat" { provider = "ldap" }
group "chat" "core" {}
group "chat" "core" {}
role "r" {}
role "r" {}
locals { a = 1 }
locals { a = 2 }
variable "v" { default = 1 }
variable "v" { default = 2 }
service "s" {}
service "s" {}
people "hr" {
  from = []
  key  = row.id
}
people "hr" {
  from = []
  key  = row.id
}
rule "r" {
  condition = true
  message   = "x"
}
rule "r" {
  condition = true
  message   = "x"
}
system "corp" {
  provider = "ldap"
  provider = "scim"
  account {}
  account {}
}
--- other.hcl
role "r" {}
"#), @r#"
    main.hcl:3:1: settings is declared twice
      main.hcl:2: first declared here
      hint: rename one of the two, or put both into one block
    main.hcl:5:1: system "chat" is declared twice
      main.hcl:4: first declared here
      hint: rename one of the two, or put both into one block
    main.hcl:7:1: group "chat" "core" is declared twice
      main.hcl:6: first declared here
      hint: rename one of the two, or put both into one block
    main.hcl:9:1: role "r" is declared twice
      main.hcl:8: first declared here
      hint: rename one of the two, or put both into one block
    main.hcl:11:10: local.a is declared twice
      main.hcl:10: first declared here
      hint: rename one of the two
    main.hcl:13:1: variable "v" is declared twice
      main.hcl:12: first declared here
      hint: rename one of the two, or put both into one block
    main.hcl:15:1: service "s" is declared twice
      main.hcl:14: first declared here
      hint: rename one of the two, or put both into one block
    main.hcl:20:1: people "hr" is declared twice
      main.hcl:16: first declared here
      hint: rename one of the two, or put both into one block
    main.hcl:28:1: rule "r" is declared twice
      main.hcl:24: first declared here
      hint: rename one of the two, or put both into one block
    main.hcl:34:3: the attribute "provider" stands twice in this block
      hint: remove one of them
    other.hcl:1:1: role "r" is declared twice
      main.hcl:8: first declared here
      hint: rename one of the two, or put both into one block
    "#);
}

#[test]
fn what_must_be_there_is_missed() {
    insta::assert_snapshot!(evaluated(r#"
system "chat" {}
people "hr" {}
rule "r" {}
forget {}
adopt {}
"#), @"
    main.hcl:2:1: this `system` block lacks `provider`
      hint: add `provider = ...`
    main.hcl:3:1: this `people` block lacks `from`
      hint: add `from = ...`
    main.hcl:3:1: this `people` block lacks `key`
      hint: add `key = ...`
    main.hcl:4:1: this `rule` block lacks `condition`
      hint: add `condition = ...`
    main.hcl:4:1: this `rule` block lacks `message`
      hint: add `message = ...`
    main.hcl:5:1: this `forget` block lacks `address`
      hint: add `address = ...`
    main.hcl:6:1: this `adopt` block lacks `id`
      hint: add `id = ...`
    main.hcl:6:1: an `adopt` block names one account or one group
      hint: write account = account.chat.ada, or group = group.chat.core
    ");
}

#[test]
fn settings_are_checked() {
    insta::assert_snapshot!(evaluated(r#"
settings {
  state    = 7
  timezone = "Europe/Berlim"
  safeguards {
    mass_removal  = "200%"
    source_shrank = 0.5
    max_failures  = -1
    mass_chnge    = "1%"
  }
}
"#), @r#"
    main.hcl:3:14: `state` must be a string, and this is a number
      hint: write a string, such as "name"
    main.hcl:4:14: there is no time zone `Europe/Berlim`
      hint: write an IANA name, such as "Europe/Berlin" or "UTC"
    main.hcl:6:21: this is not a share
      hint: write "10%", or a number from 0 to 1
    main.hcl:8:21: this is not a count
      hint: write a whole number, such as 5
    main.hcl:9:5: `safeguards` has no attribute `mass_chnge`
      hint: did you mean "mass_change"?
    "#);
}

#[test]
fn an_empty_configuration_says_so() {
    insta::assert_snapshot!(evaluated(""), @"
    there is nothing in the configuration
      hint: write blocks into *.hcl files; `tenure init` writes a small working example
    ");
    insta::assert_snapshot!(evaluated("# nothing yet\n"), @"
    there is nothing in the configuration
      hint: write blocks into *.hcl files; `tenure init` writes a small working example
    ");
}

#[test]
fn errors_of_all_files_are_shown_at_once() {
    insta::assert_snapshot!(evaluated(r#"
role "a" {
  members = [person.nobody]
}
--- b.hcl
role "b" {
  access = [group.chat.nothing, role.c]
}
--- c.hcl
locals {
  x = local.y
}
role "d" { when = self.key == local.x }
person "ada" {
  email = upper(var.domain)
}
"#), @r#"
    b.hcl:2:19: there are no groups on a system "chat"
      hint: write group.SYSTEM.NAME
    c.hcl:2:13: local.y is not declared [for person.ada]
      c.hcl:4: needed here
      hint: declare it: locals { y = ... }
    c.hcl:6:21: var.domain is not declared [for person.ada]
      hint: declare it: variable "domain" {}
    main.hcl:3:21: person.nobody is not declared
      hint: no `person` or `people` block declares that key
    "#);
    insta::assert_snapshot!(evaluated(r#"
role "a" { members = [ }
--- b.hcl
role "b" = 1
"#), @r#"
    b.hcl:1:10: "=" is not expected here
      hint: expected: {
    main.hcl:2:24: ] is expected here, not }
      main.hcl:2: opened here
      hint: close with ] first
    "#);
}

#[test]
fn moves_adoptions_and_farewells_may_name_what_is_gone() {
    insta::assert_snapshot!(evaluated(r#"
person "ada" { previously = ["alovelace", "al"] }
service "bot" { previously = "robot" }
service "admin" {
  for_each   = toset(["x"])
  previously = ["old-${each.key}"]
}
system "chat" { provider = "scim" }
group "chat" "core" { previously = ["platform"] }
group "chat" "team" {
  for_each   = { "a/b" = "a/c" }
  previously = [each.value]
}
role "analyst" { previously = ["data"] }
people "hr" {
  from       = [{ id = "E1", old = "X1" }, { id = "E2", old = null }]
  key        = row.id
  previously = row.old
}
adopt {
  account = account.chat.ada
  id      = "4711"
}
adopt {
  group = group.chat.gone
  id    = 12
}
forget { address = person.gone }
forget { address = group.chat.team["x y"] }
remove { address = "account.chat.gone" }
remove { address = account.k8s["kubernetes"]["0xAda"] }
"#), @r#"
    person.E1 {}
    person.E2 {}
    person.ada {}
    service.admin["x"] {}
    service.bot {}
    system.chat = scim
    group.chat.core
    group.chat.team["a/b"]
    moved person.X1 -> person.E1
    moved person.al -> person.ada
    moved person.alovelace -> person.ada
    moved service.admin["old-x"] -> service.admin["x"]
    moved service.robot -> service.bot
    moved role.data -> role.analyst
    moved group.chat.platform -> group.chat.core
    moved group.chat.team["a/c"] -> group.chat.team["a/b"]
    adopt account.chat.ada = 4711
    adopt group.chat.gone = 12
    forget person.gone
    forget group.chat.team["x y"]
    remove account.chat.gone
    remove account.k8s["kubernetes"]["0xAda"]
    "#);
}

#[test]
fn addresses_that_are_none_and_names_that_still_stand() {
    insta::assert_snapshot!(evaluated(r#"
person "ada" { previously = ["bob", "carol"] }
person "bob" { previously = ["carol"] }
person "dan" { previously = [1] }
adopt {
  account = group.chat.x
  id      = "1"
}
adopt {
  account = account.chat.ada
  group   = group.chat.x
  id      = "1"
}
adopt {
  account = account.chat.ada
  id      = null
}
forget { address = local.x }
forget { address = 7 }
remove { address = person["a${1}"] }
"#), @r#"
    main.hcl:2:29: person.ada was person.bob before, says `previously`, but that still stands in the files
      hint: take person.bob out of the files, or out of `previously`
    main.hcl:3:29: two blocks say that they were person.carol before
      hint: only one can be what it was: take it out of the other's `previously`
    main.hcl:4:29: a former name is a string, and this is a number
      hint: write previously = ["old"]
    main.hcl:6:13: `account` must be an account, such as account.chat.ada
    main.hcl:9:1: an `adopt` block names one account or one group
      hint: write account = account.chat.ada, or group = group.chat.core
    main.hcl:16:13: a string is needed here, and this is null
    main.hcl:18:20: this is not an address
      hint: write it out: person.ada, account.chat.ada, group.chat.core, membership.chat.core.ada, or person["0xAda"]
    main.hcl:19:20: this is not an address
      hint: write it out: person.ada, account.chat.ada, group.chat.core, membership.chat.core.ada, or person["0xAda"]
    main.hcl:20:20: this is not an address
      hint: write it out: person.ada, account.chat.ada, group.chat.core, membership.chat.core.ada, or person["0xAda"]
    "#);
}

#[test]
fn validate_looks_into_accounts_and_groups_without_systems() {
    let case = Case::new(
        r#"
person "ada" { login = "ada" }
system "corp" { provider = "ldap" }
system "chat" {
  provider = "scim"
  account {
    when = self.accounts.corp.id != null
    id2  = self.accounts.corp.id
    bad  = self.lgoin
  }
}
system "db" {
  provider = "x"
  account {
    ok  = "${self.accounts.corp.dn},x"
    bad = self.lgoin
    on_create { n = next(1, 9) }
  }
}
group "corp" "staff" { owner = person.ada }
role "all" {
  members = [person.ada]
  access  = [system.chat, system.db, group.corp.staff]
}
"#,
    );
    let Err(rejected) = case.load().unwrap_or_else(|_| panic!("does not load")).validate(Default::default()) else {
        panic!("is valid")
    };
    insta::assert_snapshot!(errors(&rejected), @r#"
    main.hcl:9:17: person.ada has no attribute "lgoin", nor has any other person or service [for person.ada]
      hint: did you mean "login"?
    main.hcl:16:16: person.ada has no attribute "lgoin", nor has any other person or service [for person.ada]
      hint: did you mean "login"?
    main.hcl:20:32: person.ada is not a value that a system can hold [for group.corp.staff]
      hint: name one of its attributes, such as person.ada.login, or its account: person.ada.accounts.SYSTEM.id
    "#);
}
