//! Who decides an attribute.

use crate::support::{Case, errors, evaluated};

#[test]
fn an_attribute_has_one_authority() {
    insta::assert_snapshot!(evaluated(r#"
system "corp" {
  provider = "ldap"
  match    = self.login == account.uid
  account {
    authority = ["phone", "room", "title"]
    title     = "x"
    on_create {
      room = "y"
    }
  }
}
system "hr" {
  provider = "ldap"
  account {
    authority = ["phone", "status", "city"]
  }
}
system "several" {
  for_each = toset(["a"])
  provider = "ldap"
  account {
    authority = ["shoe"]
  }
}
system "computed" {
  provider = "ldap"
  match    = self.hat == account.hat
  account {
    authority = ["hat", lower("COAT")]
  }
}
person "ada" {
  login = "ada"
  city  = "Berlin"
}
"#), @r#"
main.hcl:6:27: `room` is what system.corp decides, and would be written there
  main.hcl:9: here
  hint: take it out of one of the two: what a system decides, tenure never writes there
main.hcl:6:35: `title` is what system.corp decides, and would be written there
  main.hcl:7: here
  hint: take it out of one of the two: what a system decides, tenure never writes there
main.hcl:16:18: `phone` has two authorities
  main.hcl:6: the other is here
  hint: keep one of the two
main.hcl:16:27: `status` is not for a system to decide
  hint: who there is, and until when, comes from person, people and service blocks
main.hcl:16:37: `city` has two authorities: system.hr and the files
  main.hcl:35: the files say it here
  hint: take it out of one of the two
main.hcl:23:17: system.several has several instances: which of them decides?
  main.hcl:20: it has several by this
  hint: give one system a block of its own, and the authority to it
main.hcl:30:17: `authority` is a list of names of attributes, written out
  hint: such as authority = ["phone", "room"]
main.hcl:30:18: `hat` is what system.computed decides, and `match` compares it
  hint: compare something else: a new account gets what `match` compares, and this is never written
"#);
}

#[test]
fn what_a_system_decides_stands_in_attributes_of_accounts_alone() {
    insta::assert_snapshot!(evaluated(r#"
system "corp" {
  provider = "ldap"
  match    = self.login == account.uid
  account {
    authority = ["phone"]
  }
}
role "r" {
  when   = self.phone == "1"
  access = [system.corp]
}
person "ada" {
  login = "ada"
  card  = "${self.phone}"
}
rule "phones" {
  condition = self.phone != null
  message   = "no phone"
}
"#), @"
main.hcl:10:12: `when` is known only after apply [for person.ada]
  hint: what is made by apply may stand in attributes of accounts and groups only
main.hcl:15:11: this is known only after apply [for person.ada]
  hint: what is made by apply may stand in attributes of accounts and groups only
main.hcl:18:15: `condition` is known only after apply [for person.ada]
  hint: what is made by apply may stand in attributes of accounts and groups only
");
}

#[test]
fn authorities_in_a_circle_are_told_with_the_path() {
    insta::assert_snapshot!(evaluated(r#"
system "corp" {
  provider = "ldap"
  match    = self.login == account.uid
  account {
    authority = ["phone"]
    title     = self.title
  }
}
system "hr" {
  provider = "ldap"
  match    = self.login == account.uid
  account {
    authority = ["title"]
    number    = self.phone
  }
}
role "r" {
  when   = true
  access = [system.corp, system.hr]
}
person "ada" {
  login = "ada"
}
"#), @"
main.hcl:2:1: attributes of systems lead in a circle: system.corp -> system.hr -> system.corp
  main.hcl:10: part of the circle
  hint: what one system makes can stand in another's attributes in one direction only
");
}

#[test]
fn a_map_of_attributes_writes_nothing_that_a_system_decides() {
    let text = r#"
system "corp" {
  provider = "ldap"
  match    = self.login == account.uid
  account {
    authority  = ["phone"]
    attributes = { "phone" = self.login }
  }
}
role "r" {
  when   = true
  access = [system.corp]
}
person "ada" {
  login = "ada"
}
"#;
    let rejected = Case::new(text).load().unwrap_or_else(|_| panic!("does not load")).validate(Default::default());
    insta::assert_snapshot!(errors(&rejected.unwrap_err()), @r#"
    main.hcl:7:18: "phone" is what the system decides (`authority`), and would be written there [for person.ada]
      hint: take it out of one of the two
    "#);
}
