//! Faults of a simulation: of systems (see [`providers::twin::Kind`]) and of the process that applies.

use providers::twin;
use state::Symbol;

/// Kinds of faults of the process that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Process {
    /// Its clock is wrong by so much.
    ClockSkew,
    /// It is killed; the next one starts after so long.
    Killed,
    /// The disk with the state file is full.
    DiskFull,
    /// Its lock is lost, and another process begins beside it.
    LockLost,
}

impl Process {
    /// All of them.
    pub const ALL: [Process; 4] = [Process::ClockSkew, Process::Killed, Process::DiskFull, Process::LockLost];

    /// As written in `kind = "..."`.
    pub fn word(self) -> &'static str {
        match self {
            Process::ClockSkew => "clock-skew",
            Process::Killed => "killed",
            Process::DiskFull => "disk-full",
            Process::LockLost => "lock-lost",
        }
    }
}

/// A fault of the process.
pub type Fault = twin::Fault<Process>;

/// Any kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    System(twin::Kind),
    Process(Process),
}

impl Kind {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Kind> {
        let systems = twin::Kind::ALL.into_iter().map(Kind::System);
        systems.chain(Process::ALL.into_iter().map(Kind::Process))
    }

    /// As written in `kind = "..."`.
    pub fn word(self) -> &'static str {
        match self {
            Kind::System(kind) => kind.word(),
            Kind::Process(kind) => kind.word(),
        }
    }
}

/// A `fault` block.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub fault: twin::Fault<Kind>,
    /// Only this system; none: every one.
    pub system: Option<Symbol>,
}

impl Rule {
    /// A fault of that kind on every system.
    pub fn new(kind: Kind, rate: f64, between: (i64, i64)) -> Rule {
        Rule { fault: twin::Fault::new(kind.word(), kind, rate, between), system: None }
    }

    /// As a fault of this system, if it is one.
    pub fn of_system(&self, name: Symbol) -> Option<twin::Fault<twin::Kind>> {
        match self.fault.kind {
            Kind::System(kind) if self.system.is_none_or(|own| own == name) => Some(self.with(kind)),
            _ => None,
        }
    }

    /// As a fault of the process, if it is one.
    pub fn of_process(&self) -> Option<Fault> {
        match self.fault.kind {
            Kind::Process(kind) => Some(self.with(kind)),
            Kind::System(_) => None,
        }
    }

    fn with<K>(&self, kind: K) -> twin::Fault<K> {
        let twin::Fault { name, rate, between, from, until, at, .. } = self.fault.clone();
        twin::Fault { name, kind, rate, between, from, until, at }
    }
}
