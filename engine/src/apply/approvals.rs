//! The approvals that a run makes use of: they stand in the record before anything that they allow.

use state::record::{Approved, Event};

use super::machine::Apply;

impl Apply<'_> {
    /// Records `approved` right behind the beginning of the run. To be called before the first step is asked for.
    pub fn approvals(&mut self, approved: impl IntoIterator<Item = Approved>) {
        for approved in approved {
            self.journal.push(Event::Approved(Box::new(approved)));
        }
    }
}
