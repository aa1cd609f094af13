//! Texts: names, strings, people as blocks or as CSV.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use state::Symbol;

use super::BY_HAND;
use super::people::{Join, Someone, columns};
use crate::language::write::{csv_field, quoted};

/// A name for a block: the text itself where it can be one.
pub(super) fn slug(text: &str) -> String {
    if state::address::is_identifier(text) && !text.starts_with("_id") {
        return text.to_owned();
    }
    let mut slug = String::new();
    for character in text.chars().flat_map(char::to_lowercase) {
        match character.is_alphanumeric() {
            true => slug.push(character),
            false if slug.ends_with('_') || slug.is_empty() => {}
            false => slug.push('_'),
        }
    }
    let slug = slug.trim_end_matches('_').to_owned();
    if state::address::is_identifier(&slug) { slug } else { format!("n_{slug}").trim_end_matches('_').to_owned() }
}

/// The name, or the first of `name_2`, `name_3`, ... (`_` is `separator`) that is not taken without regard to case.
pub(super) fn unique(name: String, separator: char, taken: &mut BTreeSet<String>) -> String {
    let mut found = name.clone();
    let mut n = 1;
    while !taken.insert(found.to_lowercase()) {
        n += 1;
        found = format!("{name}{separator}{n}");
    }
    found
}

/// `person.ada`, `person["E 1"]`, `service.backup`.
pub(super) fn reference(one: &Someone<'_>) -> String {
    match (one.service, state::address::is_identifier(&one.key)) {
        (true, _) => format!("service.{}", one.key),
        (false, true) => format!("person.{}", one.key),
        (false, false) => format!("person[{}]", quoted(&one.key)),
    }
}

/// `account.chat.ada`, `account.chat["E 1"]`.
pub(super) fn account_reference(system: Symbol, holder: &str) -> String {
    match state::address::is_identifier(holder) {
        true => format!("account.{system}.{holder}"),
        false => format!("account.{system}[{}]", quoted(holder)),
    }
}

/// People and services.
pub(super) fn people(all: &[Someone<'_>]) -> Vec<(String, String)> {
    let (services, people): (Vec<&Someone>, Vec<&Someone>) = all.iter().partition(|one| one.service);
    let mut files = Vec::new();
    if people.len() > BY_HAND {
        files.extend(table(&people));
    } else if !people.is_empty() {
        files.push(("people.hcl".to_owned(), people.iter().map(|one| block("person", one)).collect()));
    }
    if !services.is_empty() {
        let head = "# Accounts of machines, as it seems. Say who looks after each: `owners = [person.KEY]`.\n\n";
        let blocks: String = services.iter().map(|one| block("service", one)).collect();
        files.push(("services.hcl".to_owned(), format!("{head}{blocks}")));
    }
    files
}

fn block(kind: &str, one: &Someone<'_>) -> String {
    let mut text = format!("{kind} {} {{", quoted(&one.key));
    if one.fields.is_empty() {
        return format!("{text}}}\n\n");
    }
    text.push('\n');
    for name in columns(&[one]) {
        if let Some(value) = one.fields.get(&name) {
            let _ = writeln!(text, "{name} = {}", quoted(value));
        }
    }
    text.push_str("}\n\n");
    text
}

/// Many people: a table, and the block that reads it.
fn table(people: &[&Someone<'_>]) -> [(String, String); 2] {
    let columns = columns(people);
    let mut csv = format!("id,{}\n", columns.join(","));
    let mut hcl = String::from(
        "people \"staff\" {\nfrom = csvdecode(file(\"people.csv\"))\nkey = row.id # the stable identity: it stays when name and mail change\n",
    );
    for column in &columns {
        let _ = match people.iter().all(|one| one.fields.contains_key(column)) {
            true => writeln!(hcl, "{column} = row.{column}"),
            false => writeln!(hcl, "{column} = row.{column} == \"\" ? null : row.{column}"),
        };
    }
    hcl.push_str("}\n");
    for one in people {
        let cells = columns.iter().map(|name| csv_field(one.fields.get(name).map_or("", String::as_str)));
        let cells: Vec<String> = std::iter::once(csv_field(&one.key)).chain(cells).collect();
        let _ = writeln!(csv, "{}", cells.join(","));
    }
    [("people.hcl".to_owned(), hcl), ("people.csv".to_owned(), csv)]
}

/// Which accounts were taken for one person's, and why, a line an account.
pub(super) fn joins(joins: &[Join]) -> String {
    let mut csv = String::from("person,system,account,evidence\n");
    for join in joins {
        let evidence: Vec<String> =
            join.evidence.iter().map(|(kind, text)| format!("{} {text}", kind.word())).collect();
        for (system, account) in &join.accounts {
            let cells = [&join.person, &system.to_string(), account, &evidence.join("; ")].map(|text| csv_field(text));
            let _ = writeln!(csv, "{}", cells.join(","));
        }
    }
    csv
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_strings() {
        for (text, slugged, string) in [
            ("ada", "ada", "\"ada\""),
            ("Engineering Team", "engineering_team", "\"Engineering Team\""),
            ("4eyes", "n_4eyes", "\"4eyes\""),
            ("_id", "id", "\"_id\""),
            ("***", "n", "\"***\""),
            ("Größe (alt)", "größe_alt", "\"Größe (alt)\""),
            ("a\"b\\c\n${x}%{y}$", "a_b_c_x_y", "\"a\\\"b\\\\c\\n$${x}%%{y}$\""),
        ] {
            assert_eq!((slug(text).as_str(), quoted(text).as_str()), (slugged, string), "{text:?}");
        }
    }
}
