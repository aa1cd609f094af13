//! Members of groups: which account or group a member value means.

use rustc_hash::FxHashMap;
use state::{Attributes, Membership, Symbol};

use super::dn;
use super::entry::canonical;
use super::settings::GroupKind;

/// Accounts and groups by what members are called.
#[derive(Debug, Default)]
pub struct Names {
    /// By normal DN: the id, and whether it is a group.
    by_dn: FxHashMap<String, (Symbol, bool)>,
    /// By `uid`.
    by_login: FxHashMap<String, Symbol>,
}

/// A member value that means neither an account nor a group: kept under what the server calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ghost {
    pub group: Symbol,
    pub value: String,
}

impl Names {
    /// Adds an entry.
    pub fn add(&mut self, dn: &str, id: Symbol, group: bool) {
        self.by_dn.insert(dn::normal(dn), (id, group));
    }

    /// Adds what an account is called in `memberUid`.
    pub fn add_login(&mut self, login: &str, id: Symbol) {
        self.by_login.insert(login.to_owned(), id);
    }

    /// The memberships in a group; a value that means nobody is a ghost, and a membership of its own name.
    pub fn resolve<'v>(
        &self,
        kind: GroupKind,
        placeholder: &str,
        group: Symbol,
        values: impl Iterator<Item = &'v str>,
        memberships: &mut Vec<Membership>,
        ghosts: &mut Vec<Ghost>,
    ) {
        for value in values {
            if is_placeholder(kind, placeholder, value) {
                continue;
            }
            let (member, nested) = self.find(kind, value).unwrap_or_else(|| {
                ghosts.push(Ghost { group, value: value.to_owned() });
                (Symbol::new(&canonical(value)), false)
            });
            memberships.push(Membership { group, member, nested, attributes: Attributes::new() });
        }
    }

    fn find(&self, kind: GroupKind, value: &str) -> Option<(Symbol, bool)> {
        if kind.by_dn() {
            self.by_dn.get(&dn::normal(without_uid(kind, value))).copied()
        } else {
            self.by_login.get(value).map(|id| (*id, false))
        }
    }
}

/// Whether a value stands for nobody, so that the group is not empty.
pub fn is_placeholder(kind: GroupKind, placeholder: &str, value: &str) -> bool {
    kind.by_dn() && (value.is_empty() || dn::normal(value) == dn::normal(placeholder))
}

/// A value of `uniqueMember` without its unique identifier: `cn=x#'0101'B` (RFC 4517 section 3.3.21).
pub fn without_uid(kind: GroupKind, value: &str) -> &str {
    match value.rsplit_once('#') {
        Some((dn, bits)) if kind == GroupKind::GroupOfUniqueNames && bits.starts_with('\'') && bits.ends_with("'B") => {
            dn
        }
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_however_they_are_spelled() {
        let mut names = Names::default();
        names.add("uid=ada,ou=people,dc=test", "a".into(), false);
        names.add(r"cn=Smith\2C Anna,dc=test", "s".into(), false);
        names.add("cn=all,dc=test", "g".into(), true);
        names.add_login("ada", "a".into());
        let table = [
            (GroupKind::GroupOfNames, "UID=Ada, OU=People,dc=TEST", "a"),
            (GroupKind::GroupOfNames, r"cn=smith\, anna,dc=test", "s"),
            (GroupKind::GroupOfNames, "cn=all,dc=test", "g group"),
            (GroupKind::GroupOfNames, "", ""),
            (GroupKind::GroupOfNames, "cn=NOBODY,dc=test", ""),
            (GroupKind::GroupOfNames, "uid=gone,dc=test", "uid=gone,dc=test ghost"),
            (GroupKind::GroupOfUniqueNames, "uid=ada,ou=people,dc=test#'0101'B", "a"),
            (GroupKind::PosixGroup, "ada", "a"),
            (GroupKind::PosixGroup, "Ada", "Ada ghost"),
        ];
        for (kind, value, expected) in table {
            let (mut memberships, mut ghosts) = (Vec::new(), Vec::new());
            names.resolve(kind, "cn=nobody,dc=test", "x".into(), [value].into_iter(), &mut memberships, &mut ghosts);
            let shown: Vec<String> = memberships
                .iter()
                .map(|place| {
                    let kind = if place.nested {
                        " group"
                    } else if ghosts.is_empty() {
                        ""
                    } else {
                        " ghost"
                    };
                    format!("{}{kind}", place.member)
                })
                .collect();
            assert_eq!(shown.join(","), expected, "{kind:?} {value}");
        }
    }
}
