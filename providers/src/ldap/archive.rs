//! The branch of accounts that were put away. It mirrors where they stood, so that they can be brought back to there:
//! `uid=ada,ou=berlin,PLACE` becomes `uid=ada,ou=berlin,ARCHIVE`.

use super::dn::{self, Dn};
use super::error::LdapError;
use super::server::Server;
use super::settings::{LdapSettings, Lock};

impl Server {
    /// Whether an entry was put away.
    pub fn is_archived(&self, entry: &Dn) -> bool {
        self.archive.as_ref().is_some_and(|archive| entry.is_within(archive))
    }

    /// The same for the DN of an entry as it came.
    pub fn is_archived_text(&self, entry: &str) -> bool {
        self.archive.is_some() && Dn::parse(entry).is_ok_and(|dn| self.is_archived(&dn))
    }

    /// Where an account stands once it is put away.
    ///
    /// # Errors
    /// Why it cannot be: where it stood could not be told later.
    pub(super) fn put_away(&self, current: &Dn) -> Result<Dn, String> {
        let archive = self.archive.as_ref().ok_or("archive_base is not set")?;
        let locked = match &self.lock {
            Lock::Branch(branch) if current.is_within(branch) => Some(branch),
            _ => None,
        };
        let from = locked.unwrap_or(&self.account.place);
        if self.is_archived(current) {
            return Ok(current.clone());
        }
        if !current.is_within(from) {
            return Err(format!(
                "{current} does not stand below {from}, so that it could not be told later where it stood: set account_base to a DN that both are below"
            ));
        }
        Ok(rebased(current, from, archive))
    }

    /// Where an account that was put away stood before; where it is not to be in use (again), among those that are locked.
    pub(super) fn brought_back(&self, current: &Dn, active: bool) -> Dn {
        let place = match &self.lock {
            Lock::Branch(branch) if !active => branch,
            _ => &self.account.place,
        };
        match &self.archive {
            Some(archive) => rebased(current, archive, place),
            None => current.clone(),
        }
    }
}

fn rebased(dn: &Dn, from: &Dn, to: &Dn) -> Dn {
    let own = dn.0.len().saturating_sub(from.0.len());
    Dn(dn.0.iter().take(own).chain(&to.0).cloned().collect())
}

/// What is wrong with the branch of the settings, by where accounts are made and how they are locked.
///
/// # Errors
/// What is wrong, with what to do.
pub fn check(settings: &LdapSettings, place: &Dn, lock: &Lock) -> Result<(), LdapError> {
    let Some(archive) = &settings.archive_base else { return Ok(()) };
    let wrong = |what: String| {
        LdapError::new(
            format!("archive_base: {what}"),
            "name a branch that holds accounts that were put away and nothing else",
        )
    };
    if place.is_within(archive) {
        return Err(wrong(format!("new accounts are made below it, at {place}")));
    }
    match lock {
        Lock::Branch(branch) if branch.is_within(archive) || dn::same(branch, archive) => {
            Err(wrong(format!("accounts that are locked stand below it, at {branch}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_branch_mirrors_where_accounts_stood() {
        let dn = |text| Dn::parse(text).unwrap();
        let (place, archive) = (dn("ou=people,dc=test"), dn("ou=archive,ou=people,dc=test"));
        for (there, away) in [
            ("uid=ada,ou=people,dc=test", "uid=ada,ou=archive,ou=people,dc=test"),
            ("uid=ada,ou=berlin,OU=People,dc=test", "uid=ada,ou=berlin,ou=archive,ou=people,dc=test"),
        ] {
            let moved = rebased(&dn(there), &place, &archive);
            assert_eq!(moved.to_string(), away);
            assert!(dn::same(&rebased(&moved, &archive, &place), &dn(there)));
        }
    }
}
