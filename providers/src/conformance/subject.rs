//! What the list needs to know about a provider's systems.

use async_trait::async_trait;
use state::{Attributes, Symbol};

use crate::{Reader, Writer};

/// One system, connected.
pub struct System {
    pub reader: Box<dyn Reader>,
    pub writer: Box<dyn Writer>,
}

/// A provider and how its systems are had. What a system can do it declares itself
/// ([`state::Capabilities`], [`state::Schema`]); the rest is said here.
#[async_trait]
pub trait Subject: Sync {
    /// A system of its own for one check. What is in it already stays and is expected to stay.
    async fn fresh(&self) -> Result<System, String>;

    /// What the account called `name` needs at creation; other names give other attributes, and where there is a key
    /// its value is `name`, but for what must stand around it (a domain).
    fn account(&self, name: &str) -> Attributes;

    /// What the group called `name` needs at creation.
    fn group(&self, name: &str) -> Attributes;

    /// An attribute of accounts that holds one text and may be absent.
    fn account_text(&self) -> Symbol;

    /// An attribute of groups that holds one text and may be absent, where there is one.
    fn group_text(&self) -> Option<Symbol>;

    /// The `n`th grant of a group, another for each `n`, where there are grants.
    fn grant(&self, _n: usize) -> Attributes {
        Attributes::new()
    }

    /// A change of a grant that leaves its key ([`state::Schema::grant_key`]) as it is; empty where there is none.
    fn grant_change(&self) -> Attributes {
        Attributes::new()
    }

    /// Lets the account with this id own the thing called `name`, another for each name, where accounts own things
    /// ([`state::Capabilities::transfer`]). It need not exist before.
    async fn give(&self, _system: &System, _account: Symbol, _name: &str) -> Result<(), String> {
        Err("the subject does not say how an account comes to own something".into())
    }

    /// Texts that must survive in [`Subject::account_text`].
    fn odd_texts(&self) -> Vec<&'static str> {
        vec![
            "Zoë Ångström-Çelik",
            "山田 太郎",
            "🦀 with a crab",
            "e\u{301} is not é",
            r#"O'Brien "the \ slash" / <b>&amp;</b>"#,
            "a,b=c+d;e#f",
            "%41 $HOME ${x} {{y}}",
            "null",
            "0",
            "שלום",
        ]
    }

    /// Why a change made by somebody else between reading and writing cannot be noticed, where that is so.
    fn misses_stale(&self) -> Option<&'static str> {
        None
    }

    /// Why members that are not there are accepted, where that is so.
    fn takes_absent_members(&self) -> Option<&'static str> {
        None
    }

    /// How many objects are many.
    fn many(&self) -> usize {
        1_000
    }
}
