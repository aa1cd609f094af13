//! A system on which stories can be told: started with people and groups, changed by hand outside of tenure, broken.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One system, as others than tenure see it. Names are those that the stories give: logins begin with `login`.
pub trait World: Send + Sync {
    /// The provider.
    fn provider(&self) -> &'static str;
    /// What stands in the system block besides `match` and `account`.
    fn settings(&self) -> String;
    /// What the system calls the name of an account, the name of a group, and an attribute that is free text.
    fn words(&self) -> [&'static str; 3];
    /// What the program is given in its environment.
    fn environment(&self) -> Vec<(String, String)>;

    /// What stands there now, asked without tenure.
    fn look(&self) -> Standing;
    /// Everything that a change would show in, to be compared: also while there is trouble.
    fn fingerprint(&self) -> String;
    /// Remembers what stands there, for [`Trouble::Stale`].
    fn keep(&self);

    /// Somebody makes an account by hand.
    fn add(&self, login: &str);
    /// Somebody renames an account by hand.
    fn rename(&self, login: &str, to: &str);
    /// Somebody switches an account on or off by hand.
    fn switch(&self, login: &str, on: bool);
    /// Somebody puts an account into a group by hand.
    fn join(&self, group: &str, login: &str);

    /// Breaks the system in this way until it is mended.
    fn trouble(&self, trouble: Trouble);
    /// Everything is as it was before the trouble, but for what was written since.
    fn mend(&self);
}

/// What can be wrong with the answers of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It answers, with nothing.
    Empty,
    /// It answers with an error.
    Error,
    /// It does not let tenure in.
    Forbidden,
    /// It answers with a part, and that can be seen.
    Half,
    /// It answers with a part as if that were the whole.
    HalfUnseen,
    /// The same, and whatever is read by its id is not found.
    HalfBlind,
    /// It answers with the accounts, and with no group, as if that were the whole.
    NoGroups,
    /// It does not answer at all.
    Down,
    /// It answers as it was when that was [kept](World::keep).
    Stale,
}

/// What stands on a system: accounts and whether they are on, and the groups with their members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    pub accounts: BTreeMap<String, bool>,
    pub groups: BTreeMap<String, BTreeSet<String>>,
    /// What the system calls each account, so that a new one is told from a renamed one.
    pub ids: BTreeMap<String, String>,
}

impl Standing {
    /// What changed, a line each: `- login07 on`, `+ login07 off`, `- all: login07`.
    pub fn until(&self, later: &Standing) -> String {
        let (before, after) = (self.lines(), later.lines());
        let gone = before.difference(&after).map(|line| format!("- {line}\n"));
        gone.chain(after.difference(&before).map(|line| format!("+ {line}\n"))).collect()
    }

    fn lines(&self) -> BTreeSet<String> {
        let accounts = self.accounts.iter().map(|(login, on)| format!("{login} {}", if *on { "on" } else { "off" }));
        let groups = self.groups.iter().flat_map(|(group, members)| {
            let members = members.iter().map(move |member| format!("{group}: {member}"));
            std::iter::once(format!("group {group}")).chain(members)
        });
        accounts.chain(groups).collect()
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines().iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
