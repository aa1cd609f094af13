//! What the files say, evaluated: the planner's input.

use std::collections::BTreeMap;
use std::sync::Arc;

use state::record::ApprovalRules;
use state::{Action, Address, Attributes, Digest, Member, Object, SourceRead, Symbol, Timestamp};

use crate::language::{Diagnostic, Span};

/// An evaluated configuration at one moment: who there is, what there is, who is to have what. What depends on
/// observed systems (attributes of accounts and groups) is evaluated on demand: see [`Evaluate`].
pub struct Configuration {
    pub settings: Settings,
    /// People and services, sorted by key.
    pub identities: Vec<Identity>,
    /// The `people` blocks: what their sources had.
    pub sources: Vec<Source>,
    /// Systems by name, instances each for itself (`k8s["kubernetes"]`).
    pub systems: BTreeMap<Symbol, System>,
    /// Systems so that each stands behind those whose accounts or groups its own attributes mention.
    pub system_order: Vec<Symbol>,
    /// How many of them, from the first on, do not mention each other; how many behind these; and so on.
    pub side_by_side: Vec<usize>,
    /// Sorted by system, then name.
    pub groups: Vec<Group>,
    /// In force now, `except` applied, not expanded; sorted by system, group, member; each once.
    pub memberships: Vec<Membership>,
    /// Who is to have an account where, and why; before `account.when`. Sorted by system, then holder; each once.
    /// Leavers are not in it.
    pub accounts: Vec<AccountEntry>,
    /// Entries whose time has not come yet or is over, for messages: not in force.
    pub not_in_force: Vec<Membership>,
    /// `protect` blocks, sorted by name.
    pub protects: Vec<Protect>,
    /// `conflict` blocks, sorted by name.
    pub conflicts: Vec<Conflict>,
    /// `offboarding` blocks.
    pub offboardings: BTreeMap<Symbol, Offboarding>,
    pub adopts: Vec<Adopt>,
    pub forgets: Vec<(Address, Span)>,
    pub removes: Vec<(Address, Span)>,
    /// Former names, from `previously` on people, services, groups, roles.
    pub moves: Vec<Move>,
    /// Digests of all files, variables and answers of the outside that something rests on but the credentials of systems,
    /// by name (`people/hr.csv`, `var.domain`, `env.FIRST_PASSWORD`; what is secret by its HMAC).
    pub inputs: BTreeMap<String, Digest>,
    /// Evaluates what depends on observed systems.
    pub evaluate: Arc<dyn Evaluate + Send + Sync>,
}

/// The `settings` block.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Path of the state file, relative to the configuration folder.
    pub state: Option<String>,
    /// IANA name; UTC where the block says nothing.
    pub timezone: Symbol,
    pub safeguards: Safeguards,
    /// What approvals must be like (`approvals {}`).
    pub approvals: ApprovalRules,
    /// What `tenure watch` may do by itself (`watch {}`).
    pub watch: Watching,
}

impl Configuration {
    /// The person or service with this key.
    pub fn identity(&self, key: Symbol) -> Option<&Identity> {
        let at = self.identities.binary_search_by_key(&key, |identity| identity.key).ok()?;
        self.identities.get(at)
    }

    /// Whether there is to be this account (before `account.when`) or group.
    pub fn makes(&self, address: Address) -> bool {
        match address {
            Address::Account { system, holder } => {
                self.accounts.binary_search_by_key(&(system, holder), |entry| (entry.system, entry.holder)).is_ok()
            }
            Address::Group { system, group } => {
                self.groups.binary_search_by_key(&(system, group), |entry| (entry.system, entry.name)).is_ok()
            }
            _ => false,
        }
    }
}

/// The `watch` block of the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watching {
    /// Milliseconds between rounds where nothing is heard.
    pub interval: Option<i64>,
    /// The kinds of change that are applied at once, sorted; all others wait for somebody.
    pub apply: Vec<Action>,
    /// Where the patch goes that accepts what others changed, relative to the configuration folder.
    pub propose: Option<String>,
}

/// Limits of the safeguards; of a system or group block those it sets itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Safeguards {
    /// Share of the population that may be removed in 24 h, 0.0 to 1.0 (`mass_removal = "10%"`).
    pub mass_removal: Option<f64>,
    /// Share of the accounts and groups whose attributes may change in 24 h (`mass_change = "30%"`).
    pub mass_change: Option<f64>,
    /// Share of the accounts, memberships and grants that may be added in 24 h (`mass_grant = "20%"`).
    pub mass_grant: Option<f64>,
    /// Share of its rows that a source may lose (`source_shrank = "10%"`).
    pub source_shrank: Option<f64>,
    /// Changes that may fail in a system before the rest of it is left (`max_failures = 5`).
    pub max_failures: Option<u32>,
}

/// A person or service.
#[derive(Clone, Debug)]
pub struct Identity {
    /// `person.KEY` or `service.NAME`.
    pub address: Address,
    /// The key or name: one space for both, unique without regard to case.
    pub key: Symbol,
    /// All attributes that are known and not sensitive, references as their address text (`manager = "person.E0002"`).
    pub attributes: Attributes,
    /// For messages: `Ada Lovelace <ada@acme.example>`, else the key.
    pub display: String,
    /// Why this identity is a leaver though it stands in the files: `ended 2026-11-30`, `status = "left"`.
    pub leaver: Option<String>,
    /// The `offboarding` block that its own attribute names.
    pub offboarding: Option<Symbol>,
    /// The `offboarding` blocks of the roles that it holds, sorted, each once.
    pub role_offboardings: Vec<Symbol>,
    /// `legal_hold`: nothing but deactivation may happen to its accounts.
    pub legal_hold: bool,
    /// Not yet there: `starts` lies ahead.
    pub starts_later: bool,
    /// The `people` block that it comes from.
    pub source: Option<Symbol>,
    /// The block that declares it.
    pub span: Span,
}

/// What the source of a `people` block had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its columns are sorted.
    pub read: SourceRead,
    /// What the files speak of, the system knows and no row has, sorted: null in all of them.
    pub lacks: Vec<Symbol>,
    pub span: Span,
}

/// A setting's value.
#[derive(Clone)]
pub enum Setting {
    Known(state::Value),
    Secret(String),
    /// From a variable that is not set, which only some need: what to tell these.
    Absent(Box<Diagnostic>),
}

/// Shows no secret.
impl std::fmt::Debug for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Setting::Known(value) => value.fmt(f),
            Setting::Secret(_) => f.write_str("(sensitive)"),
            Setting::Absent(_) => f.write_str("(not set)"),
        }
    }
}

/// A system block, or one instance of it.
#[derive(Clone, Debug)]
pub struct System {
    pub name: Symbol,
    pub provider: Symbol,
    /// The provider's own settings, by name, with the place of each.
    pub settings: Vec<(Symbol, Setting, Span)>,
    /// Accounts that no file explains are deactivated.
    pub exclusive: bool,
    /// Whether it only serves as a source of people: read, never written.
    pub read_only: bool,
    /// `manage = "observe"`: what would change is shown, and nothing is written to it.
    pub observe: bool,
    pub has_account_block: bool,
    /// The `offboarding` block that holds for all accounts on it.
    pub offboarding: Option<Symbol>,
    pub safeguards: Safeguards,
    pub span: Span,
}

/// A group block, or one instance of it. Its attributes come from [`Evaluate::group`].
#[derive(Clone, Debug)]
pub struct Group {
    pub system: Symbol,
    pub name: Symbol,
    /// Memberships that no file explains are revoked.
    pub exclusive: bool,
    /// `manage = "all"`: managed though its system is only observed.
    pub manage: bool,
    /// Whether the block says `grants` at all: only then are grants managed.
    /// As the system writes them ([`state::GrantForm`]), sorted, each once.
    pub grants: Option<Vec<Attributes>>,
    pub safeguards: Safeguards,
    pub span: Span,
}

/// Why something is wanted: the chain that leads to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Why {
    /// `role.analyst`, `role.analyst > role.basic`, `group.chat.engineering`; with `until 2026-12-31 (forecast
    /// project)` behind it where the entry says so.
    pub because: Symbol,
    /// The block that asks for it.
    pub span: Span,
}

/// A membership that the files want.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    pub system: Symbol,
    pub group: Symbol,
    pub member: Member,
    /// Qualifiers in the provider's own names (`role = "maintainer"`).
    pub qualifiers: Attributes,
    pub from: Option<Timestamp>,
    /// When it ends (exclusive); none: never.
    pub until: Option<Timestamp>,
    pub why: Arc<[Why]>,
}

/// Someone who is to have an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountEntry {
    pub system: Symbol,
    pub holder: Symbol,
    pub until: Option<Timestamp>,
    pub why: Arc<[Why]>,
}

/// A `protect` block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protect {
    pub name: Symbol,
    /// The groups that it protects, sorted.
    pub groups: Vec<Address>,
    /// Active people and services that each of them must have, nested groups counted; 0 where nothing is said.
    pub minimum_members: u32,
    /// Identities that must be in each of them, sorted.
    pub always: Vec<Address>,
    /// The folder below which every block that leads into one of them stands, with `/` at its end.
    pub only_from: Option<Symbol>,
    pub span: Span,
}

/// A `conflict` block: roles that nobody may hold together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    pub name: Symbol,
    pub roles: Vec<ConflictingRole>,
    pub span: Span,
}

/// One role of a conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictingRole {
    pub role: Symbol,
    /// Who holds it now, sorted.
    pub holders: Vec<Symbol>,
    /// The groups that it gives and the other roles of the conflict do not, sorted: whoever is in one of them, however
    /// they came there, has what the role is about.
    pub groups: Vec<Address>,
}

/// An `offboarding` block: what happens to the account of somebody who left, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offboarding {
    pub name: Symbol,
    /// `account = "keep"`: it stays as it is.
    pub keep: bool,
    /// Whether it says to whom goes what the account owns: [`Evaluate::heir`].
    pub transfers: bool,
    /// Milliseconds from the observed deactivation to what comes next.
    pub archive_after: Option<i64>,
    /// Milliseconds from the stage before to the deletion; none: never.
    pub delete_after: Option<i64>,
    pub span: Span,
}

/// An `adopt` block: this object is the one of that address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopt {
    pub address: Address,
    pub id: Symbol,
    pub span: Span,
}

/// A former name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// `person.old`, `group.chat.old`, ...
    pub from: Address,
    pub to: Address,
    pub span: Span,
}

/// An attribute as the files want it.
#[derive(Clone, PartialEq)]
pub enum WantedValue {
    /// Null is not among them: it says nothing, and the attribute is left out.
    Known(state::Value),
    /// Known once what it needs exists. `expression` is its source text.
    Deferred {
        expression: Arc<str>,
        needs: Vec<Address>,
    },
    Secret(String),
}

/// Shows no secret.
impl std::fmt::Debug for WantedValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            WantedValue::Known(value) => value.fmt(f),
            WantedValue::Deferred { expression, .. } => write!(f, "(known after apply: {expression})"),
            WantedValue::Secret(_) => f.write_str("(sensitive)"),
        }
    }
}

/// An account as the files want it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WantedAccount {
    /// Enforced, sorted by name.
    pub attributes: Vec<(Symbol, WantedValue)>,
    /// Written at creation only, sorted by name. Where the block leaves out the attribute that `match` compares
    /// (`match = self.login == account.uid`), it is here: what tenure creates must match its own identity.
    pub on_create: Vec<(Symbol, WantedValue)>,
}

/// What has been made or is planned on other systems, as far as the planner or apply has got.
pub trait Known {
    /// The account of `holder` on `system`: none where there is none and none is planned.
    fn account(&self, system: Symbol, holder: Symbol) -> Option<KnownObject>;
    /// A group: none where there is none and none is planned.
    fn group(&self, system: Symbol, group: Symbol) -> Option<KnownObject>;
    /// A number from `low..=high` that was never given to anybody else for `attribute` on `system`, always the same
    /// one for the same holder; none where all are taken. Behind `next(low, high)`.
    fn next(&self, system: Symbol, attribute: Symbol, holder: Symbol, low: i64, high: i64) -> Option<i64>;
}

/// An object as far as it is known.
#[derive(Clone, Debug)]
pub struct KnownObject {
    /// None until it was created.
    pub id: Option<Symbol>,
    /// Attributes observed, with those planned laid over them.
    pub attributes: Attributes,
    /// Attributes that are known only after apply.
    pub deferred: Vec<Symbol>,
    /// To be created and not planned yet, or out of sight: attributes that are not here are not known, rather than not
    /// there.
    pub unplanned: bool,
}

/// Evaluates what depends on observed systems. Used by the planner, and again by apply for deferred values.
pub trait Evaluate {
    /// Whether an identity is to have an account there: false where `account.when` leaves it out.
    fn wants_account(&self, system: Symbol, holder: Symbol, known: &dyn Known) -> Result<bool, Diagnostic>;
    /// The wanted account of an identity: none where `account.when` leaves it out.
    fn account(&self, system: Symbol, holder: Symbol, known: &dyn Known) -> Result<Option<WantedAccount>, Diagnostic> {
        self.account_like(system, holder, &Attributes::default(), known)
    }
    /// The same; `seen` are attributes that it is likely to have: what comes out the same is not made a second time.
    fn account_like(
        &self,
        system: Symbol,
        holder: Symbol,
        seen: &Attributes,
        known: &dyn Known,
    ) -> Result<Option<WantedAccount>, Diagnostic>;
    /// The wanted attributes of a group, sorted by name; a reference to a group or account is its remote id.
    fn group(&self, system: Symbol, group: Symbol, known: &dyn Known)
    -> Result<Vec<(Symbol, WantedValue)>, Diagnostic>;
    /// The keys by which `match` finds the account of an identity, alternatives in order of preference (`a || b`);
    /// within one alternative `a && b` is a list. None stands where a part is null: it matches nothing. The outer
    /// vector has the same length for all identities and accounts of a system; empty without `match`.
    fn identity_keys(
        &self,
        system: Symbol,
        holder: Symbol,
        known: &dyn Known,
    ) -> Result<Vec<Option<state::Value>>, Diagnostic>;
    /// The same of an observed account: equal keys at the same place are a match.
    fn account_keys(&self, system: Symbol, account: &Object) -> Result<Vec<Option<state::Value>>, Diagnostic>;
    /// Whether the system's `ignore` covers this account: as if it were not there.
    fn ignored(&self, system: Symbol, account: &Object) -> Result<bool, Diagnostic>;
    /// To whom `transfer_to` of an `offboarding` block gives what a leaver owns: `own` are the leaver's attributes as
    /// the record knows them, references as their address. None where it comes to null.
    fn heir(&self, offboarding: Symbol, own: &Attributes) -> Result<Option<Address>, Diagnostic>;
    /// Digests of all inputs that were used until now: those of [`Configuration::inputs`], and what evaluating accounts
    /// and groups has read since.
    fn inputs(&self) -> BTreeMap<String, Digest>;
}
