//! By what accounts of one person are known on several systems: addresses of mail, employee numbers, logins.

use std::collections::BTreeSet;

use serde::Serialize;
use state::{Object, Symbol, Value};

/// What a value says about whose an account is; the stronger first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trait {
    EmployeeNumber,
    Mail,
    Login,
    /// What stands before the `@` of an address of mail, where it is a login elsewhere: see [`mail_names`].
    MailName,
}

impl Trait {
    /// As it is shown.
    pub fn word(self) -> &'static str {
        match self {
            Trait::EmployeeNumber => "employee number",
            Trait::Mail => "mail",
            Trait::Login => "login",
            Trait::MailName => "name before the @",
        }
    }
}

/// Names of attributes, in lower case and without `_` and `-`, that say who somebody is. `cn` and the like are no
/// logins: two people may share a name.
const MAIL: [&str; 6] = ["mail", "email", "emails", "emailaddress", "userprincipalname", "proxyaddresses"];
const NUMBER: [&str; 4] = ["employeenumber", "employeeid", "personnelnumber", "staffid"];
const LOGIN: [&str; 6] = ["uid", "login", "username", "samaccountname", "loginname", "userid"];

/// All by which an account may be known: its [`traits`] and its [`mail_names`].
pub fn known_by(account: &Object, key: Option<Symbol>) -> BTreeSet<(Trait, String)> {
    let mut found = traits(account, key);
    found.append(&mut mail_names(&found));
    found
}

/// The traits of an account, folded to one spelling, each once. `key` is the attribute by which its system tells
/// accounts apart for humans.
fn traits(account: &Object, key: Option<Symbol>) -> BTreeSet<(Trait, String)> {
    let mut found = BTreeSet::new();
    for (name, value) in &account.attributes {
        let mut each = |name: &str, value: &Value, is_key| look(name, value, is_key, &mut found);
        leaves(name.as_str(), value, key == Some(*name), &mut each);
    }
    found
}

/// By what else an account may be known beside its `traits`: `ada` on one system and `ada@acme.example` on another are one
/// person's more often than not.
fn mail_names(traits: &BTreeSet<(Trait, String)>) -> BTreeSet<(Trait, String)> {
    let name = |(kind, text): &(Trait, String)| match kind {
        Trait::Mail => text.split('@').next().map(str::to_owned),
        Trait::Login => Some(text.clone()),
        Trait::EmployeeNumber | Trait::MailName => None,
    };
    traits.iter().filter_map(name).map(|name| (Trait::MailName, name)).collect()
}

/// The name of an attribute in lower case and without `_` and `-`.
pub(crate) fn folded(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

/// Which trait an attribute of this name is, by its name alone.
pub fn of_name(name: &str) -> Option<Trait> {
    let name = folded(name);
    let name = name.as_str();
    match () {
        () if MAIL.contains(&name) => Some(Trait::Mail),
        () if NUMBER.contains(&name) => Some(Trait::EmployeeNumber),
        () if LOGIN.contains(&name) => Some(Trait::Login),
        () => None,
    }
}

/// Whether a text is an address of mail: something on both sides of one `@`, no space.
pub fn is_mail(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, host)| {
        !local.is_empty() && !host.is_empty() && !host.contains('@') && !text.contains(char::is_whitespace)
    })
}

fn look(name: &str, value: &Value, is_key: bool, found: &mut BTreeSet<(Trait, String)>) {
    match value {
        Value::Text(text) => {
            let text = text.as_str().trim().to_lowercase();
            let kind = match of_name(name) {
                None if is_key => Some(Trait::Login),
                kind => kind,
            };
            // What is called a user name is an address of mail on many systems.
            let kind = if kind.is_some_and(|kind| kind != Trait::EmployeeNumber) && is_mail(&text) {
                Some(Trait::Mail)
            } else {
                kind.filter(|kind| *kind != Trait::Mail)
            };
            if let Some(kind) = kind.filter(|_| !text.is_empty()) {
                found.insert((kind, text));
            }
        }
        Value::Integer(number) if of_name(name) == Some(Trait::EmployeeNumber) => {
            found.insert((Trait::EmployeeNumber, number.to_string()));
        }
        _ => {}
    }
}

/// How deep lists and objects are looked into.
const DEPTH: u32 = 3;

/// Tells `each` of every value in an attribute that is no list or object, by the name that says what it is, and whether
/// it is the one (`is_key`) by which accounts are told apart.
pub(crate) fn leaves(name: &str, value: &Value, is_key: bool, each: &mut dyn FnMut(&str, &Value, bool)) {
    within(name, value, is_key, 0, each);
}

fn within(name: &str, value: &Value, is_key: bool, depth: u32, each: &mut dyn FnMut(&str, &Value, bool)) {
    match value {
        Value::List(_) | Value::Map(_) if depth == DEPTH => {}
        Value::List(items) => items.iter().for_each(|item| within(name, item, is_key, depth + 1, each)),
        Value::Map(pairs) => {
            for (inner, value) in pairs.iter() {
                // `emails[].value`: the outer name says what it is.
                let inner = if inner.as_str() == "value" { name } else { inner.as_str() };
                within(inner, value, false, depth + 1, each);
            }
        }
        leaf => each(name, leaf, is_key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_addresses() {
        let of = |attributes: &str| {
            let account = Object::new("1", serde_json::from_str(attributes).unwrap());
            let found = mail_names(&traits(&account, None));
            found.iter().map(|(kind, text)| format!("{} {text}", kind.word())).collect::<Vec<_>>().join(", ")
        };
        let two = of(r#"{"uid":"Ada","mail":["a.l@x.test","ada@x.test"],"employeeNumber":"7"}"#);
        assert_eq!(two, "name before the @ a.l, name before the @ ada");
        assert_eq!(of(r#"{"employeeNumber":"7"}"#), "");
    }

    #[test]
    fn traits_of_accounts() {
        for (attributes, key, expected) in [
            (
                r#"{"uid":"Ada","cn":"Ada L","mail":["A@x.test","b@x.test"]}"#,
                "uid",
                "mail a@x.test, mail b@x.test, login ada",
            ),
            (
                r#"{"userName":"ada@x.test","emails":[{"value":"Ada@X.test","type":"work"}]}"#,
                "userName",
                "mail ada@x.test",
            ),
            (r#"{"name":"ada","comment":"no"}"#, "name", "login ada"),
            (r#"{"name":{"givenName":"Ada"}}"#, "userName", ""),
            (
                r#"{"urn:x:User":{"employeeNumber":"E1"},"employeeID":7}"#,
                "uid",
                "employee number 7, employee number e1",
            ),
            (r#"{"mail":"not one","uid":" "}"#, "uid", ""),
        ] {
            let account = Object::new("1", serde_json::from_str(attributes).unwrap());
            let found = traits(&account, Some(key.into()));
            let found: Vec<String> = found.iter().map(|(kind, text)| format!("{} {text}", kind.word())).collect();
            assert_eq!(found.join(", "), expected, "{attributes}");
        }
    }
}
