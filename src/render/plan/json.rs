//! A plan for programs: one JSON object, described by `docs/plan.schema.json`.
//!
//! It is written as it is walked; a plan of a million changes never stands in memory a second time.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::ser::{Serialize, SerializeMap, Serializer};
use state::{
    Action, Address, Attributes, Change, Code, Digest, Fact, FactKind, Finding, Object, Plan, Scope, Severity, Symbol,
    SystemRead, SystemSummary, Timestamp, Undo, Value, Wanted, WantedAttributes,
};

use super::counts::Counts;
use super::items::{Item, Lookup, former_secrets};

/// Major: readers must look again. Minor: members were added.
pub const FORMAT_VERSION: &str = "1.2";

/// Writes the plan and a line break.
pub fn write(to: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    let lookup = Lookup::new(plan);
    let document = Document {
        format_version: FORMAT_VERSION,
        tenure_version: env!("CARGO_PKG_VERSION"),
        digest: plan.digest,
        made: plan.made,
        commit: plan.commit.as_ref(),
        lineage: plan.lineage,
        undoes: plan.undoes.as_ref(),
        counts: Counts::of(plan),
        systems: plan.systems.iter().map(|(name, summary)| (*name, System(summary))).collect(),
        findings: super::findings::ordered(plan).into_iter().map(FindingView).collect(),
        changes: Changes(&lookup),
        facts: Facts(&lookup),
        batches: plan.batches.iter().map(Batch::from).collect(),
    };
    serde_json::to_writer(&mut *to, &document)?;
    writeln!(to)
}

#[derive(serde::Serialize)]
struct Document<'a> {
    format_version: &'static str,
    tenure_version: &'static str,
    digest: Digest,
    made: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'a state::Commit>,
    lineage: Symbol,
    #[serde(skip_serializing_if = "Option::is_none")]
    undoes: Option<&'a state::Undoes>,
    counts: Counts,
    systems: BTreeMap<Symbol, System<'a>>,
    findings: Vec<FindingView<'a>>,
    changes: Changes<'a>,
    facts: Facts<'a>,
    batches: Vec<Batch<'a>>,
}

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Counts { give, change, take, hand_over, destroy, adopt, forget, held, observed: _ } = *self;
        let pairs = [
            ("give", give),
            ("change", change),
            ("take", take),
            ("hand_over", hand_over),
            ("destroy", destroy),
            ("adopt", adopt),
            ("forget", forget),
            ("held", held),
        ];
        serializer.collect_map(pairs)
    }
}

struct System<'a>(&'a SystemSummary);

impl Serialize for System<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let SystemSummary { provider, read, accounts, groups, unmanaged, left_out, notes, outlasts: _ } = self.0;
        let (status, said) = match read {
            SystemRead::Complete { proof } => ("complete", Some(("proof", proof))),
            SystemRead::Incomplete { error } => ("incomplete", Some(("error", error))),
            SystemRead::Recorded => ("recorded", None),
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("provider", provider)?;
        map.serialize_entry("read", status)?;
        if let Some((name, words)) = said {
            map.serialize_entry(name, words)?;
        }
        map.serialize_entry("accounts", accounts)?;
        map.serialize_entry("groups", groups)?;
        map.serialize_entry("unmanaged", unmanaged)?;
        map.serialize_entry("left_out", left_out)?;
        map.serialize_entry("notes", notes)?;
        map.end()
    }
}

struct FindingView<'a>(&'a Finding);

impl Serialize for FindingView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Finding { code, severity, scope, addresses, message, hint } = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("code", code)?;
        map.serialize_entry("holds", &(*severity == Severity::Holds))?;
        map.serialize_entry("approved", &(*severity == Severity::Approved))?;
        match scope {
            Scope::Plan => map.serialize_entry("scope", "plan")?,
            Scope::System(system) => map.serialize_entry("scope", &Address::System(*system))?,
            Scope::Group(group) => map.serialize_entry("scope", group)?,
            Scope::Addresses => map.serialize_entry("scope", "addresses")?,
        }
        map.serialize_entry("addresses", addresses)?;
        map.serialize_entry("message", message)?;
        map.serialize_entry("hint", hint)?;
        map.end()
    }
}

struct Changes<'a>(&'a Lookup<'a>);

impl Serialize for Changes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.plan.changes.iter().map(|change| ChangeView::of(change, self.0)))
    }
}

#[derive(serde::Serialize)]
struct ChangeView<'a> {
    address: Address,
    action: Action,
    symbol: char,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<Symbol>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<ObjectView<'a>>,
    after: After<'a>,
    reasons: Vec<&'a state::Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    undo: UndoView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outlasts: Option<Symbol>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held_by: Option<Code>,
}

impl<'a> ChangeView<'a> {
    fn of(change: &'a Change, lookup: &Lookup<'a>) -> ChangeView<'a> {
        let item = Item::Change(change);
        let identity = lookup.identity(change.address);
        ChangeView {
            address: change.address,
            action: change.action,
            symbol: change.action.symbol(),
            system: change.address.system(),
            identity,
            name: identity.and_then(|identity| lookup.name(identity)),
            before: change.before.as_deref().map(ObjectView::of),
            after: After(&change.after),
            reasons: lookup.reasons(item).collect(),
            until: change.until,
            undo: UndoView::of(change),
            outlasts: lookup.outlasts(change),
            held_by: lookup.held(item),
        }
    }
}

#[derive(serde::Serialize)]
struct ObjectView<'a> {
    id: Symbol,
    active: bool,
    attributes: &'a Attributes,
}

impl<'a> ObjectView<'a> {
    fn of(object: &'a Object) -> ObjectView<'a> {
        ObjectView { id: object.id, active: object.active, attributes: &object.attributes }
    }
}

struct After<'a>(&'a WantedAttributes);

impl Serialize for After<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, wanted)| (name, WantedView::of(wanted))))
    }
}

/// Exactly one of the three.
#[derive(serde::Serialize)]
#[serde(rename_all = "snake_case")]
enum WantedView<'a> {
    Value(&'a Value),
    KnownAfterApply { expression: &'a str, needs: &'a [Address] },
    Sensitive(bool),
}

impl<'a> WantedView<'a> {
    fn of(wanted: &'a Wanted) -> WantedView<'a> {
        match wanted {
            Wanted::Known(value) => WantedView::Value(value),
            Wanted::Deferred { expression, needs } => WantedView::KnownAfterApply { expression, needs },
            Wanted::Secret { .. } => WantedView::Sensitive(true),
        }
    }
}

#[derive(serde::Serialize)]
struct UndoView<'a> {
    possible: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lost: Option<Cow<'a, str>>,
}

impl<'a> UndoView<'a> {
    fn of(change: &'a Change) -> UndoView<'a> {
        let secrets = former_secrets(change);
        let lost = (!secrets.is_empty()).then(|| Cow::Owned(format!("the former {}", secrets.join(", "))));
        match &change.undo {
            Undo::AnyTime => UndoView { possible: "any_time", until: None, lost },
            Undo::Until(moment) => UndoView { possible: "until", until: Some(moment.as_str()), lost },
            Undo::Never { lost } => UndoView { possible: "never", until: None, lost: Some(lost.as_str().into()) },
        }
    }
}

struct Facts<'a>(&'a Lookup<'a>);

impl Serialize for Facts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.plan.facts.iter().map(|fact| FactView::of(fact, self.0)))
    }
}

#[derive(serde::Serialize)]
struct FactView<'a> {
    kind: FactKind,
    address: Address,
    #[serde(skip_serializing_if = "Option::is_none")]
    former: Option<Address>,
    /// What was found on the system; what is known of people goes into the record only.
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<ObjectView<'a>>,
    reasons: Vec<&'a state::Reason>,
}

impl<'a> FactView<'a> {
    fn of(fact: &'a Fact, lookup: &Lookup<'a>) -> FactView<'a> {
        let of_a_system = fact.kind != FactKind::Identity && fact.kind != FactKind::Source;
        FactView {
            kind: fact.kind,
            address: fact.address,
            former: fact.former,
            object: fact.object.as_deref().filter(|_| of_a_system).map(ObjectView::of),
            reasons: lookup.reasons(Item::Fact(fact)).collect(),
        }
    }
}

/// Numbers of the first change and of the one behind the last.
#[derive(serde::Serialize)]
struct Batch<'a> {
    system: Symbol,
    first: u32,
    end: u32,
    after: &'a [u32],
}

impl<'a> From<&'a state::Batch> for Batch<'a> {
    fn from(batch: &'a state::Batch) -> Batch<'a> {
        Batch { system: batch.system, first: batch.changes.start, end: batch.changes.end, after: &batch.after }
    }
}
