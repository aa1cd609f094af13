//! What is known of a person, out of the attributes of an account.

use state::{Object, Symbol, Value};

use crate::discover::traits::{Trait, folded, is_mail, leaves, of_name};

/// The names of the attributes of people that are written, in the order in which one writes them, and the names (lower
/// case, without `_` and `-`) that systems have for them beside those that `traits` knows.
pub(super) const FIELDS: [(&str, &[&str]); 8] = [
    ("name", &["displayname", "cn", "formatted", "fullname", "gecos"]),
    ("given_name", &["givenname", "firstname"]),
    ("family_name", &["familyname", "sn", "surname", "lastname"]),
    ("email", &[]),
    ("login", &[]),
    ("employee_number", &[]),
    ("department", &["department", "departmentnumber", "ou"]),
    ("title", &["title", "jobtitle"]),
];

/// Fields with their values, in the order of the attributes. `key` is the attribute by which the system tells accounts
/// apart.
pub(super) fn fields(account: &Object, key: Option<Symbol>) -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    // What tells accounts apart says more than what else may be called a login.
    let keyed = account.attributes.iter().filter(|(name, _)| key == Some(*name));
    let others = account.attributes.iter().filter(|(name, _)| key != Some(*name));
    for (name, value) in keyed.chain(others) {
        leaves(name.as_str(), value, key == Some(*name), &mut |name, value, is_key| {
            if let Value::Text(text) = value
                && !text.as_str().trim().is_empty()
            {
                found.extend(field(name, text.as_str(), is_key).map(|field| (field, text.as_str())));
            }
        });
    }
    found
}

/// The one text of a value: of a list of one too.
pub(super) fn text(value: &Value) -> Option<&'static str> {
    match value {
        Value::Text(text) if !text.is_blank() => Some(text.as_str()),
        Value::List(items) if items.len() == 1 => items.first().and_then(text),
        _ => None,
    }
}

fn field(name: &str, text: &str, is_key: bool) -> Option<&'static str> {
    let login = if is_mail(text.trim()) { "email" } else { "login" };
    match of_name(name) {
        Some(Trait::Mail) => return is_mail(text.trim()).then_some("email"),
        Some(Trait::EmployeeNumber) => return Some("employee_number"),
        Some(Trait::Login) => return Some(login),
        None if is_key => return Some(login),
        Some(Trait::MailName) | None => {}
    }
    let name = folded(name);
    FIELDS.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(field, _)| *field)
}
