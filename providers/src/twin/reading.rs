//! Reading a twin: page by page, with a proof that nothing is missing, as a provider's reader does.

use std::collections::BTreeSet;

use state::{Complete, Grant, Membership, Object, Observed, Presence, Target, Timestamp};

use super::{Kind, Twin};
use crate::ReadError;
use crate::directory::Contents;

/// How often a reader tries before it gives up.
const TRIES: usize = 3;

impl Twin {
    /// Everything that is seen at `now`, or why that cannot be told. `asked` is what the clock of whoever reads says: it
    /// dates the answer, and has no part in what is seen.
    ///
    /// # Errors
    /// Where a fault keeps it from being told.
    pub fn inventory(&mut self, now: Timestamp, asked: Timestamp) -> Result<Observed, ReadError> {
        let mut last = error("nothing was asked", "");
        for _ in 0..TRIES {
            let listing = self.listing(now, asked);
            self.whole = listing.is_ok();
            match listing {
                Ok(observed) => return Ok(observed),
                Err(problem) => last = problem,
            }
        }
        Err(last)
    }

    /// Whether whoever asked for everything last was told everything, as far as anybody could see.
    pub fn was_read(&self) -> bool {
        self.whole
    }

    fn listing(&mut self, now: Timestamp, asked: Timestamp) -> Result<Observed, ReadError> {
        self.unavailable(now)?;
        self.listed = Some(now);
        if let Some(absent) = self.rights(now) {
            return match absent {
                true => Ok(Contents::default().observed(Complete::proved("an empty listing", asked))),
                false => Err(error("403 forbidden", "give the credential the right to read")),
            };
        }
        let as_of = self.as_of(now);
        let mut observed = self.visible(now, as_of, asked);
        let total = observed.accounts.len() + observed.groups.len();
        if self.faults.strikes(Kind::ReorderedPages, Kind::ReorderedPages.word(), now).is_some() {
            self.reorder(&mut observed);
        }
        // Half of such servers tell the true number, which the reader's proof compares with; the other half lies, and
        // only a direct read of what the record knows shows it.
        let mut told = total;
        if self.faults.strikes(Kind::PartialPages, Kind::PartialPages.word(), now).is_some() {
            let lies = self.lacks_unique(&observed) || self.faults.rng().chance(0.5);
            self.drop_page(&mut observed);
            if !lies || self.capabilities().account_key.is_none_or(|key| !key.unique) {
                told = total;
            } else {
                told = observed.accounts.len() + observed.groups.len();
            }
        }
        let mut ids = BTreeSet::new();
        let listed =
            observed.accounts.iter().map(|a| (false, a.id)).chain(observed.groups.iter().map(|g| (true, g.id)));
        let distinct = listed.filter(|id| ids.insert(*id)).count();
        if distinct != told {
            let message = format!("the listing has {distinct} of {told} objects");
            return Err(error(&message, "run again: the listing was not whole"));
        }
        Ok(observed)
    }

    fn lacks_unique(&self, observed: &Observed) -> bool {
        observed.accounts.is_empty() && observed.groups.is_empty()
    }

    /// Reads these targets directly, in the same order.
    ///
    /// # Errors
    /// Where a fault keeps them from being read.
    pub fn read(&mut self, now: Timestamp, targets: &[Target]) -> Result<Vec<Presence>, ReadError> {
        let mut last = Ok(());
        for _ in 0..TRIES {
            last = self.unavailable(now);
            if last.is_ok() {
                break;
            }
        }
        last?;
        if let Some(absent) = self.rights(now) {
            // A listing that shows nothing, and reads right behind it, may look as if nothing were there: later ones know
            // better, since what was seen before must be seen again.
            let looks_gone = absent && self.listed == Some(now);
            let one = if looks_gone { Presence::Gone } else { Presence::Hidden("403 forbidden".to_owned()) };
            return Ok(vec![one; targets.len()]);
        }
        let as_of = self.as_of(now);
        let seen = targets.iter().map(|target| self.presence(*target, self.seen(*target, now, as_of)));
        Ok(seen.collect())
    }

    /// A server that is busy or broken at this moment.
    fn unavailable(&mut self, now: Timestamp) -> Result<(), ReadError> {
        for kind in [Kind::Busy, Kind::ServerError] {
            if self.faults.strikes(kind, kind.word(), now).is_some() {
                let message = if kind == Kind::Busy { "429 too many requests" } else { "503 service unavailable" };
                return Err(error(message, "run again"));
            }
        }
        Ok(())
    }

    /// Whether the rights to read are lost, and, where they are, whether what is there looks absent.
    fn rights(&mut self, now: Timestamp) -> Option<bool> {
        if let Some(lasts) = self.faults.strikes(Kind::RightsLost, Kind::RightsLost.word(), now) {
            let absent = self.faults.rng().chance(0.3);
            self.hidden = Some((now.plus_millis(lasts), absent));
        }
        self.hidden.filter(|(until, _)| now < *until).map(|(_, absent)| absent)
    }

    /// The youngest change that a read at `now` shows.
    fn as_of(&mut self, now: Timestamp) -> Timestamp {
        let stale = self.faults.strikes(Kind::StaleRead, Kind::StaleRead.word(), now);
        // Staleness beyond the visibility that a system declares is another thing: see `delay`.
        stale.map_or(now, |back| now.plus_millis(-back))
    }

    fn visible(&self, now: Timestamp, as_of: Timestamp, asked: Timestamp) -> Observed {
        let mut contents = self.heart.contents();
        for (target, object) in self.unseen(now, as_of) {
            replace(&mut contents, target, object, self);
        }
        let pages = (contents.len().saturating_sub(1) / self.manners.page.max(1)) + 1;
        let proof =
            format!("{} accounts and {} groups in {pages} pages", contents.accounts.len(), contents.groups.len());
        let mut observed = contents.observed(Complete::proved(proof, asked)).with_own(self.own.clone());
        for account in &mut observed.accounts {
            *account = self.heart.versioned(Target::Account(account.id), account.clone());
        }
        for group in &mut observed.groups {
            *group = self.heart.versioned(Target::Group(group.id), group.clone());
        }
        observed
    }

    /// The second page begins where the first ended in another order: some come twice, as many are missing.
    fn reorder(&mut self, observed: &mut Observed) {
        let count = observed.accounts.len();
        let page = self.manners.page.min(count);
        if page < count && page > 0 {
            let (twice, lost) = (self.faults.rng().below(page), page + self.faults.rng().below(count - page));
            let again = observed.accounts[twice].clone();
            observed.accounts[lost] = again;
        }
    }

    /// A page is missing, with everything that hangs on its objects.
    fn drop_page(&mut self, observed: &mut Observed) {
        let count = observed.accounts.len();
        if count == 0 {
            return;
        }
        let most = self.manners.page.min(count.div_ceil(2));
        let first = self.faults.rng().below(count);
        let gone: BTreeSet<_> = observed.accounts.iter().skip(first).take(most).map(|account| account.id).collect();
        observed.accounts.retain(|account| !gone.contains(&account.id));
        observed.memberships.retain(|place| place.nested || !gone.contains(&place.member));
    }
}

fn error(message: &str, hint: &str) -> ReadError {
    ReadError { message: message.to_owned(), hint: hint.to_owned() }
}

/// Puts a thing into a list of contents, or takes it out.
fn replace(contents: &mut Contents, target: Target, object: Option<Object>, twin: &Twin) {
    match target {
        Target::Account(id) => put(&mut contents.accounts, |one| one.id == id, object),
        Target::Group(id) => put(&mut contents.groups, |one| one.id == id, object),
        Target::Membership { group, member, nested } => put(
            &mut contents.memberships,
            |one| (one.group, one.member, one.nested) == (group, member, nested),
            object.map(|object| Membership { group, member, nested, attributes: object.attributes }),
        ),
        Target::Grant { group, grant } => put(
            &mut contents.grants,
            |one| one.group == group && twin.schema().grant_text(&one.attributes) == grant,
            object.map(|object| Grant {
                group,
                attributes: object.attributes,
                partial: None,
                in_parts: false,
                within: Vec::new(),
            }),
        ),
        Target::Owned(account) => put(
            &mut contents.owned,
            |one| one.account == account,
            object.map(|object| crate::directory::Possession::of(account, &object)),
        ),
    }
}

fn put<T>(list: &mut Vec<T>, same: impl Fn(&T) -> bool, thing: Option<T>) {
    list.retain(|one| !same(one));
    list.extend(thing);
}
