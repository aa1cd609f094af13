//! Where a leaver's account stands in its offboarding, and since when: the clock of the next stage.

use serde::{Deserialize, Serialize};

use super::recorded::{Recorded, RecordedObject};
use crate::{Address, Attributes, Fact, FactKind, Object, Symbol, Timestamp, Value};

/// The stages that an account of a leaver goes through, in this order; deletion ends them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageKind {
    Deactivated,
    /// What it owned was handed over.
    Transferred,
    /// Put away, so that it can be brought back whole.
    Archived,
}

impl StageKind {
    pub(super) const ALL: [StageKind; 3] = [StageKind::Deactivated, StageKind::Transferred, StageKind::Archived];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            StageKind::Deactivated => "deactivated",
            StageKind::Transferred => "transferred",
            StageKind::Archived => "archived",
        }
    }
}

/// The last stage of an account, and since when it was seen there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    pub stage: StageKind,
    /// None while the deactivation that begins it was planned and not seen yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

impl Fact {
    /// The offboarding of `account` stands at `stage`; of an account that is active it begins once it is deactivated.
    pub fn stage(account: Address, stage: StageKind) -> Fact {
        let attributes: Attributes = [(Symbol::new("stage"), Value::text(stage.word()))].into_iter().collect();
        Fact::new(FactKind::Stage, account).object(Object::new("", attributes))
    }

    /// The stage, for a fact that [`Fact::stage`] made.
    pub fn as_stage(&self) -> Option<StageKind> {
        let object = self.object.as_deref().filter(|_| self.kind == FactKind::Stage)?;
        let word = object.attributes.get(Symbol::new("stage"))?.as_text()?;
        StageKind::ALL.into_iter().find(|stage| word == stage.word())
    }
}

impl Recorded {
    /// A fact says where an account's offboarding stands.
    pub(super) fn staged(&mut self, address: Address, stage: StageKind, at: Timestamp) {
        if let Some(known) = self.objects.get_mut(&address) {
            known.stage = Some(Stage { stage, since: (!known.active).then_some(at) });
        }
    }
}

impl RecordedObject {
    /// It was seen to be inactive: the clock of an offboarding that was planned starts.
    pub(super) fn seen_inactive(&mut self, at: Timestamp) {
        if let Some(stage) = self.stage.as_mut().filter(|stage| stage.since.is_none()) {
            stage.since = Some(at);
        }
    }
}
