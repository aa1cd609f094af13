//! Accounts that bear the same mail, number or login: one person whom no file brings together, or a name that several
//! share. Linear in the accounts.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::Serialize;
use state::{Address, Symbol};

use super::traits::Trait;

/// Accounts that are alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alike {
    pub verdict: Verdict,
    /// In what they are alike.
    pub evidence: Vec<(Trait, String)>,
    /// Sorted.
    pub accounts: Vec<Address>,
    /// The people and services behind them whom the files know, sorted.
    pub people: Vec<Address>,
}

/// What to make of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// One person, it seems, on several systems, and the files do not say so.
    SamePerson,
    /// Accounts of several people, or several accounts of one system, share it.
    Shared,
}

/// An account in the eyes of this module.
pub(super) struct Face {
    pub address: Address,
    pub system: Symbol,
    /// Whose it is, as the files say.
    pub identity: Option<Address>,
    pub traits: std::collections::BTreeSet<(Trait, String)>,
}

/// Those that are alike, each set once with all its evidence, sorted.
pub(super) fn alike(faces: &[Face]) -> Vec<Alike> {
    let mut bearers: FxHashMap<&(Trait, String), Vec<usize>> = FxHashMap::default();
    for (number, face) in faces.iter().enumerate() {
        face.traits.iter().for_each(|one| bearers.entry(one).or_default().push(number));
    }
    let mut sets: BTreeMap<Vec<usize>, Vec<(Trait, String)>> = BTreeMap::new();
    for (one, numbers) in bearers {
        if numbers.len() > 1 && (one.0 != Trait::MailName || tells(faces, &numbers, &one.1)) {
            sets.entry(numbers).or_default().push(one.clone());
        }
    }
    let mut found: Vec<Alike> = sets
        .into_iter()
        .filter_map(|(numbers, mut evidence)| {
            evidence.sort();
            // What says it better says it alone.
            if evidence.iter().any(|(kind, _)| *kind != Trait::MailName) {
                evidence.retain(|(kind, _)| *kind != Trait::MailName);
            }
            let of: Vec<&Face> = numbers.iter().filter_map(|number| faces.get(*number)).collect();
            let (mut accounts, mut systems): (Vec<Address>, Vec<Symbol>) =
                of.iter().map(|face| (face.address, face.system)).unzip();
            let mut people: Vec<Address> = of.iter().filter_map(|face| face.identity).collect();
            let nobodys = of.iter().any(|face| face.identity.is_none());
            accounts.sort_unstable();
            people.sort_unstable();
            people.dedup();
            systems.sort_unstable();
            let twice = systems.array_windows().any(|[a, b]| a == b);
            let weak = evidence.iter().all(|(kind, _)| *kind == Trait::MailName);
            let verdict = match (twice || people.len() > 1, nobodys) {
                (true, _) if weak => return None,
                (true, _) => Verdict::Shared,
                (false, true) => Verdict::SamePerson,
                // The files bring them together.
                (false, false) => return None,
            };
            Some(Alike { verdict, evidence, accounts, people })
        })
        .collect();
    found.sort_by(|a, b| (a.verdict, &a.accounts).cmp(&(b.verdict, &b.accounts)));
    found
}

/// Whether this name stands before the `@` of one address among these, and is the login of others.
fn tells(faces: &[Face], numbers: &[usize], name: &str) -> bool {
    let mut mails: Vec<&str> = Vec::new();
    let mut logins = false;
    for face in numbers.iter().filter_map(|number| faces.get(*number)) {
        let own = face.traits.iter().filter(|(kind, _)| *kind == Trait::Mail).map(|(_, mail)| mail.as_str());
        let own: Vec<&str> = own.filter(|mail| mail.split('@').next() == Some(name)).collect();
        logins |= own.is_empty();
        mails.extend(own);
    }
    mails.sort_unstable();
    mails.dedup();
    logins && mails.len() == 1
}
