//! Stories of access that was lost, or given to the wrong, to users of other tools, told again on whole systems: the
//! embedded directory, a real scim2-server, a real PostgreSQL.
//!
//! Each story is written once, against [`world::World`], and runs the program as people do: init, plan, apply; what it
//! refuses, with which code and words; that nothing was changed by that, on the system and in the record; then the one
//! command that allows exactly this, and what that did. `docs/safeguards.md` lists them, and where one has no meaning.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

#[path = "../../providers/tests/servers/postgresql.rs"]
mod cluster;
#[path = "../../providers/tests/servers/misbehaving.rs"]
mod misbehaving;
#[path = "../run/mod.rs"]
mod run;
#[path = "../../providers/tests/servers/mod.rs"]
mod servers;
#[path = "../run/terminal.rs"]
mod terminal;

mod directory;
mod end;
mod postgresql;
mod scim;
mod tale;
mod world;

/// The tests of a story: one on each of the systems on which it is told.
macro_rules! told {
    ($story:ident) => {
        told!($story on directory scim postgresql);
    };
    ($story:ident on $($system:ident)*) => {
        mod $story {
            $(
                #[test]
                fn $system() {
                    // Every system is to say the same.
                    insta::allow_duplicates! { super::$story(crate::$system::start) }
                }
            )*
        }
    };
}

mod answers;
mod commits;
mod groups;
mod leavers;
mod meanwhile;
mod names;
mod sources;
mod table;
