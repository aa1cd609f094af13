//! Plays a scenario: days of an organisation, applies with faults, and an end at which nothing goes wrong any more.

use providers::twin::Rng;
use state::{Address, Code, Finding, Member, Object, Severity, Symbol, Target, Timestamp, Value};
use tenure::simulate::promises::{Broken, CONVERGES, WANTED};
use tenure::simulate::{Applied, Beginning, Kind, Options, Process, Rule, Twins, World};

use crate::organisation::{Export, Organisation};

const DAY: i64 = 86_400_000;

/// Monday, 2026-11-23, and so many days.
pub fn day(n: i64) -> Timestamp {
    Timestamp::from_millis(1_795_420_800_000 + n * DAY)
}

/// What happens on a day, beside what always does.
#[derive(Clone, Debug)]
pub enum Event {
    Hire,
    /// Out of the export, or marked.
    Leave {
        who: usize,
        marked: bool,
    },
    /// Many at once.
    ManyLeave,
    Ends {
        who: usize,
    },
    Return {
        who: usize,
    },
    Moves {
        who: usize,
        department: usize,
    },
    Renamed {
        who: usize,
    },
    Export(Export),
    Limit(u32),
    SystemMoves(usize),
    Exclusive,
    OpenNesting,
    Titles,
    Everybody,
    Admins(Vec<usize>),
    Checker(usize),
    /// Somebody else, on system s0.
    Off(usize),
    Deleted(usize),
    Replaced(usize),
    Stranger,
    Owns(usize),
    Suspend(usize),
    /// Somebody new gets the login of somebody who left.
    Reuse(usize),
    Weeks(i64),
    /// Somebody whom no file explains has the login of whoever comes next, in capitals.
    Namesake,
    /// Whoever makes checks from now on.
    Swap,
    /// While the next apply runs, unnoticed: an account owns something.
    OwnsMeanwhile(usize),
}

#[derive(Clone, Debug)]
pub struct Day {
    pub events: Vec<Event>,
    /// One apply each: where it is killed.
    pub applies: Vec<Option<u64>>,
    /// Whether somebody approves whatever can be approved.
    pub careless: bool,
}

#[derive(Clone, Debug)]
pub struct Scenario {
    pub seed: u64,
    pub organisation: Organisation,
    pub days: Vec<Day>,
    pub faults: Vec<Rule>,
}

/// What came of it.
pub struct Played {
    pub broken: Vec<Broken>,
    pub checked: std::collections::BTreeMap<&'static str, u64>,
    pub applies: u64,
    pub boundaries: u64,
    pub story: Vec<String>,
    pub record: Vec<u8>,
    pub struck: std::collections::BTreeMap<&'static str, u64>,
    pub codes: std::collections::BTreeMap<Code, u64>,
}

impl Scenario {
    /// The scenario that a seed stands for.
    pub fn some(seed: u64) -> Scenario {
        let mut rng = Rng::new(seed).fork("scenario");
        let organisation = Organisation::some(&mut rng);
        let mut days = vec![Day { events: Vec::new(), applies: vec![None], careless: true }];
        for _ in 0..2 + rng.below(4) {
            let events = (0..1 + rng.below(2)).map(|_| event(&mut rng, &organisation)).collect();
            let applies = (0..1 + rng.below(2)).map(|_| rng.chance(0.3).then(|| 1 + rng.below(60) as u64)).collect();
            days.push(Day { events, applies, careless: rng.chance(0.25) });
        }
        let mut faults = Vec::new();
        if rng.chance(0.8) {
            let kinds: Vec<Kind> = Kind::all().collect();
            for _ in 0..1 + rng.below(4) {
                let kind = kinds[rng.below(kinds.len())];
                faults.push(rule(kind, &mut rng, &organisation));
            }
        }
        Scenario { seed, organisation, days, faults }
    }
}

/// A fault as it can happen without anybody lying about how long anything takes.
fn rule(kind: Kind, rng: &mut Rng, organisation: &Organisation) -> Rule {
    use providers::twin::Kind as Own;
    let visibility = organisation.systems.iter().map(|shape| shape.visibility).min().unwrap_or(0) as i64;
    let rate = [0.02, 0.1, 0.3][rng.below(3)];
    match kind {
        Kind::System(Own::Delay | Own::StaleRead) => Rule::new(kind, rate, (0, (visibility - 100).max(0))),
        Kind::System(Own::Busy) => Rule::new(kind, rate, (50, 2_000)),
        Kind::System(Own::RightsLost) => Rule::new(kind, 0.1, (1_000, 3_600_000)),
        Kind::System(Own::Meddling) => Rule::new(kind, 0.01, (0, 0)),
        Kind::System(Own::Vanish) => Rule::new(kind, 0.002, (0, 0)),
        // Where nothing tells one request from another, a second one is a second account.
        Kind::System(Own::Duplicate) if organisation.systems.iter().any(|shape| !shape.unique) => {
            Rule::new(Kind::System(Own::LostAnswer), rate, (0, 0))
        }
        Kind::System(_) => Rule::new(kind, rate, (0, 0)),
        Kind::Process(Process::ClockSkew) => Rule::new(kind, 0.3, (-7_200_000, 1_500)),
        Kind::Process(Process::Killed) => Rule::new(kind, 0.01, (0, 0)),
        Kind::Process(_) => Rule::new(kind, 0.02, (0, 0)),
    }
}

fn event(rng: &mut Rng, organisation: &Organisation) -> Event {
    let who = rng.below(organisation.people.len());
    match rng.below(30) {
        0 | 1 => Event::Hire,
        2..=4 => Event::Leave { who, marked: rng.chance(0.5) },
        5 => Event::ManyLeave,
        6 => Event::Ends { who },
        7 => Event::Return { who },
        8 | 9 => Event::Moves { who, department: rng.below(3) },
        10 => Event::Renamed { who },
        11 => Event::Export(Export::Empty),
        12 => Event::Export(Export::Half),
        13 => Event::Export(Export::OtherId(who)),
        14 => Event::Limit(90),
        15 => Event::SystemMoves(rng.below(organisation.systems.len())),
        16 => Event::Exclusive,
        17 => Event::OpenNesting,
        18 => Event::Titles,
        19 => Event::Everybody,
        20 => Event::Admins([vec![0], vec![0, 2], vec![0, 1, 2], vec![1]][rng.below(4)].clone()),
        21 => Event::Checker(who),
        22 => Event::Off(who),
        23 => Event::Deleted(who),
        24 => Event::Replaced(who),
        25 => Event::Stranger,
        26 => Event::Owns(who),
        27 => Event::Suspend(who),
        28 => Event::Reuse(who),
        _ => Event::Weeks([1, 4, 9][rng.below(3)]),
    }
}

/// One table.
fn owned() -> Object {
    let thing = [("place", "shop"), ("kind", "table"), ("name", "orders")].map(|(n, v)| (n.into(), Value::text(v)));
    Object::new("", [(Symbol::new("owned"), Value::list([Value::map(thing)]))].into_iter().collect())
}

/// A scenario under way.
struct Stage<'a> {
    scenario: &'a Scenario,
    organisation: Organisation,
    world: World,
    day: i64,
    boundaries: u64,
    codes: std::collections::BTreeMap<Code, u64>,
    /// People of whom it is not certain what they end with: others had their hands in it, or a safeguard keeps it.
    unsure: std::collections::BTreeSet<usize>,
    /// Whose login changed, and whom an export called by another id.
    renamed: std::collections::BTreeSet<usize>,
    another: std::collections::BTreeSet<usize>,
    /// What the account of this one comes to own while the next apply runs.
    meanwhile: Option<usize>,
}

/// Plays it to its end.
pub fn play(scenario: &Scenario) -> Played {
    let organisation = scenario.organisation.clone();
    let likenesses = organisation.likenesses();
    let world = World::new(Beginning {
        now: day(0),
        tree: organisation.tree(),
        given: Vec::new(),
        systems: &likenesses,
        record: None,
        faults: &scenario.faults,
        seed: scenario.seed,
        key: None,
    });
    let mut stage = Stage {
        scenario,
        organisation,
        world,
        day: 0,
        boundaries: 0,
        codes: Default::default(),
        unsure: Default::default(),
        renamed: Default::default(),
        another: Default::default(),
        meanwhile: None,
    };
    stage.world.promises.truth.share = Some(0.1);
    for today in &scenario.days {
        stage.today(today);
    }
    stage.end();
    let Stage { world, boundaries, codes, .. } = stage;
    let mut struck = world.faults.struck.clone();
    for shared in world.twins.0.values() {
        for (word, count) in shared.with(|twin, _| twin.faults.struck.clone()) {
            *struck.entry(word).or_default() += count;
        }
    }
    Played {
        broken: world.promises.broken.clone(),
        checked: world.promises.checked.clone(),
        applies: world.runs,
        boundaries,
        record: world.store.bytes(),
        story: world.story,
        struck,
        codes,
    }
}

impl Stage<'_> {
    fn today(&mut self, today: &Day) {
        // What was wrong with the export is put right the next day.
        self.organisation.export = Export::Right;
        for event in &today.events {
            self.world.tell(format!("{event:?}"));
            self.happens(event);
        }
        self.look_at_the_truth();
        for kill in &today.applies {
            self.apply(*kill, today.careless);
            let wait = 120_000 + (self.scenario.seed % 7) as i64 * 60_000;
            let now = self.world.now();
            self.world.pass(now.plus_millis(wait));
        }
        self.day += 1;
        self.next_day();
    }

    fn next_day(&mut self) {
        let next = day(self.day);
        if next > self.world.now() {
            self.world.pass(next);
        }
        self.day = (self.world.now().millis() - day(0).millis()) / DAY;
    }

    fn apply(&mut self, kill: Option<u64>, careless: bool) -> Applied {
        let approve = |_: &Finding| careless;
        let owner = self.meanwhile.take().and_then(|who| self.account(who));
        let meanwhile = |twins: &Twins| {
            if let (Some(account), Some(shared)) = (&owner, twins.0.get(&"s0".into())) {
                shared.with(|twin, now| {
                    twin.put(now, Target::Owned(account.id), Some(owned()));
                    twin.take_deeds();
                });
            }
        };
        let applied = self.world.apply(&Options { kill, approve: &approve, meanwhile: &meanwhile });
        self.boundaries += applied.boundaries;
        if let Some(plan) = &applied.plan {
            for finding in &plan.findings {
                *self.codes.entry(finding.code).or_default() += 1;
                // What was approved is in force as soon as the run began.
                if finding.severity != Severity::Approved || applied.run.is_none() {
                    continue;
                }
                let truth = &mut self.world.promises.truth;
                match finding.code {
                    Code::GuardLowered => truth.share = None,
                    Code::OriginChanged => truth.moved.retain(|name| {
                        let about = finding.addresses.iter().any(|address| address.system() == Some(*name));
                        !about && finding.scope != state::Scope::System(*name)
                    }),
                    _ => {}
                }
            }
        }
        applied
    }

    /// Who is there whatever the export says.
    fn look_at_the_truth(&mut self) {
        let today = self.day;
        let mut there = std::collections::BTreeSet::new();
        for person in self.organisation.people.iter().filter(|person| person.works()) {
            if person.ends.is_some_and(|last| last < today) {
                continue;
            }
            for n in 0..self.organisation.systems.len() {
                there.insert((Symbol::new(&format!("s{n}")), Symbol::new(&person.id)));
            }
        }
        // A source may lose a few without anybody asking.
        let rows = self.organisation.people.iter().filter(|person| !person.gone).count();
        let had = self.world.recorded().sources.get(&"hr".into()).map_or(0, |seen| seen.rows as usize);
        if self.organisation.export == Export::Half && had <= rows / 2 + 3 {
            let kept: Vec<Symbol> = self
                .organisation
                .people
                .iter()
                .filter(|person| !person.gone)
                .take(rows / 2)
                .map(|person| Symbol::new(&person.id))
                .collect();
            there.retain(|(_, holder)| kept.contains(holder));
        }
        self.world.promises.truth.there = there;
        self.world.tree = self.organisation.tree();
    }

    fn happens(&mut self, event: &Event) {
        let people = self.organisation.people.len();
        match event {
            Event::Hire => self.organisation.hire(None, people),
            Event::Leave { who, marked } if *who > 0 => self.leave(*who, *marked),
            Event::ManyLeave => (1..people).filter(|n| n % 2 == 1).for_each(|n| self.leave(n, n % 4 == 1)),
            Event::Ends { who } if *who > 0 => {
                let last = self.day;
                if let Some(person) = self.organisation.people.get_mut(*who) {
                    person.ends = Some(last);
                }
            }
            Event::Return { who } => {
                if let Some(person) = self.organisation.people.get_mut(*who) {
                    (person.left, person.gone, person.ends) = (false, false, None);
                }
            }
            Event::Moves { who, department } => {
                let departments = self.organisation.departments;
                if let Some(person) = self.organisation.people.get_mut(*who) {
                    person.department = department % departments;
                }
            }
            // Somebody whose id and login are both new is somebody else, as far as anybody can tell.
            Event::Renamed { who } if self.another.contains(who) => {}
            Event::Export(Export::OtherId(who)) if self.renamed.contains(who) => {}
            Event::Renamed { who } => {
                let day = self.day;
                self.renamed.insert(*who);
                if let Some(person) = self.organisation.people.get_mut(*who) {
                    person.login = format!("{}{day}", person.login);
                }
            }
            Event::Export(export) => {
                // Whoever approves that they are two people means it.
                if let Export::OtherId(who) = export {
                    self.unsure.insert(*who);
                    self.another.insert(*who);
                }
                self.organisation.export = *export;
            }
            Event::Limit(percent) => self.organisation.limit = *percent,
            Event::SystemMoves(n) => {
                let name = Symbol::new(&format!("s{n}"));
                let recorded = self.world.recorded();
                let known = recorded.objects.keys().any(|address| address.system() == Some(name));
                if known && !self.organisation.moved.contains(n) {
                    self.world.promises.truth.moved.insert(name);
                }
                self.organisation.moved.push(*n);
            }
            Event::Exclusive => self.organisation.exclusive = true,
            Event::OpenNesting => self.organisation.open_nesting = true,
            Event::Titles => self.organisation.titles = true,
            Event::Everybody => self.organisation.everybody = true,
            Event::Admins(who) => self.organisation.admins = who.clone(),
            Event::Checker(who) => self.organisation.checkers = vec![*who],
            Event::Off(who) => self.off(*who),
            Event::Deleted(who) => drop(self.deleted(*who)),
            Event::Replaced(who) => {
                if let Some(account) = self.deleted(*who) {
                    let id = Symbol::new(&format!("other-{}", account.id));
                    self.put(Target::Account(id), Some(Object { id, active: true, ..account }));
                }
            }
            Event::Stranger => self.stranger(),
            Event::Owns(who) => self.owns(*who),
            Event::Suspend(who) => self.suspend(*who),
            Event::Reuse(who) => {
                let login = self.organisation.people.get(*who).map(|person| person.login.clone());
                if *who > 0
                    && let Some(login) = login
                {
                    self.unsure.extend([*who, people]);
                    self.leave(*who, false);
                    // Only once the account is gone its name is free.
                    self.weeks(9);
                    self.organisation.hire(Some(login), 0);
                }
            }
            Event::Weeks(weeks) => self.weeks(*weeks),
            Event::Namesake => {
                self.unsure.insert(people);
                self.organisation.hire(Some("yan".to_owned()), 0);
                let login = [(Symbol::new("login"), Value::text("YAN"))].into_iter().collect();
                let id = Symbol::new("namesake");
                self.put(Target::Account(id), Some(Object::new(id, login)));
            }
            Event::Swap => {
                self.organisation.checkers = std::mem::take(&mut self.organisation.makers);
            }
            Event::OwnsMeanwhile(who) => self.meanwhile = Some(*who),
            Event::Leave { .. } | Event::Ends { .. } => {}
        }
    }

    fn weeks(&mut self, weeks: i64) {
        self.look_at_the_truth();
        for _ in 0..weeks {
            self.apply(None, self.scenario.seed.is_multiple_of(2));
            self.day += 7;
            self.next_day();
            self.look_at_the_truth();
        }
    }

    fn leave(&mut self, who: usize, marked: bool) {
        if let Some(person) = self.organisation.people.get_mut(who) {
            person.left |= marked;
            person.gone |= !marked;
        }
    }

    fn account(&self, who: usize) -> Option<Object> {
        let id = self.organisation.people.get(who)?.id.clone();
        let address = Address::Account { system: "s0".into(), holder: id.into() };
        let known = self.world.recorded().objects.get(&address).map(|known| known.id)?;
        self.world.twins.0.get(&"s0".into())?.with(|twin, _| twin.get(Target::Account(known)).cloned())
    }

    fn put(&mut self, target: Target, object: Option<Object>) {
        if let Some(shared) = self.world.twins.0.get(&"s0".into()) {
            shared.with(|twin, now| twin.put(now, target, object));
        }
        self.world.others_did();
    }

    fn off(&mut self, who: usize) {
        self.unsure.insert(who);
        if let Some(account) = self.account(who) {
            self.put(Target::Account(account.id), Some(Object { active: false, ..account }));
        }
    }

    fn deleted(&mut self, who: usize) -> Option<Object> {
        self.unsure.insert(who);
        let account = self.account(who)?;
        if let Some(shared) = self.world.twins.0.get(&"s0".into()) {
            shared.with(|twin, now| twin.delete_account(now, account.id));
        }
        self.world.others_did();
        Some(account)
    }

    /// Somebody whom no file explains, in a group of ours and in one of their own.
    fn stranger(&mut self) {
        let id = Symbol::new("stranger");
        let login = [(Symbol::new("login"), Value::text("zed"))].into_iter().collect();
        self.put(Target::Account(id), Some(Object::new(id, login)));
        let group = Address::Group { system: "s0".into(), group: "staff".into() };
        let nothing = || Some(Object::new("", Default::default()));
        if let Some(known) = self.world.recorded().objects.get(&group) {
            self.put(Target::Membership { group: known.id, member: id, nested: false }, nothing());
        }
        let own = Symbol::new("club");
        let name = [(Symbol::new("name"), Value::text("club"))].into_iter().collect();
        self.put(Target::Group(own), Some(Object::new(own, name)));
        self.put(Target::Membership { group: own, member: id, nested: false }, nothing());
        if let Some(account) = self.account(0) {
            self.put(Target::Membership { group: own, member: account.id, nested: false }, nothing());
        }
    }

    fn owns(&mut self, who: usize) {
        let Some(account) = self.account(who) else { return };
        self.put(Target::Owned(account.id), Some(owned()));
    }

    /// The red button, without the calls that it makes by itself.
    fn suspend(&mut self, who: usize) {
        self.unsure.insert(who);
        let Some(id) = self.organisation.people.get(who).map(|person| person.id.clone()) else { return };
        let fact = state::Fact::suspension(Address::Person(id.into()), false, "stolen laptop", "security");
        self.world.record_fact(fact);
    }

    /// Nothing goes wrong any more, and everything that can be approved is.
    fn end(&mut self) {
        self.organisation.export = Export::Right;
        self.look_at_the_truth();
        self.world.calm();
        let mut settled = false;
        for round in 0..24 {
            let applied = self.apply(None, true);
            settled = applied.is_settled();
            if settled {
                break;
            }
            // The windows of the limits close, and stages fall due.
            let now = self.world.now();
            self.world.pass(now.plus_millis(if round < 3 { 600_000 } else { 8 * DAY }));
            self.day = (self.world.now().millis() - day(0).millis()) / DAY;
            self.look_at_the_truth();
        }
        let last = self.world.story.last().cloned().unwrap_or_default();
        self.world.promises.holds(CONVERGES, settled, || format!("after 24 applies there is something left: {last}"));
        if settled {
            self.as_wanted();
        }
    }

    /// What everybody ends with, told from the organisation and not from its files.
    fn as_wanted(&mut self) {
        let meddled = self.scenario.faults.iter().any(|rule| {
            use providers::twin::Kind as Own;
            matches!(rule.fault.kind, Kind::System(Own::Meddling | Own::Vanish))
        });
        if meddled {
            return;
        }
        let recorded = self.world.recorded();
        for (n, person) in self.organisation.people.clone().into_iter().enumerate() {
            if self.unsure.contains(&n) {
                continue;
            }
            let works = person.works() && person.ends.is_none_or(|last| last >= self.day);
            for s in 0..self.organisation.systems.len() {
                let system = Symbol::new(&format!("s{s}"));
                let holder = Symbol::new(&person.id);
                let account = recorded.objects.get(&Address::Account { system, holder });
                let active = account.is_some_and(|account| account.active);
                let clash = self.organisation.people.iter().filter(|other| other.login == person.login).count() > 1;
                if clash {
                    continue;
                }
                let id = person.id.clone();
                self.world.promises.holds(WANTED, active == works, || {
                    format!(
                        "{id} {} on {system}, and {}",
                        if works { "works" } else { "left" },
                        if active { "is active" } else { "is not" }
                    )
                });
                // A call that arrived twice and found its own first copy looks like somebody else's: what they switched
                // off stays so and is told (`suspended-outside`), and nothing is given to it.
                if self.world.promises.was_changed(Address::Account { system, holder }) {
                    continue;
                }
                for d in 0..self.organisation.departments {
                    let group = Symbol::new(&format!("d{d}"));
                    let place = Address::Membership { system, group, member: Member::Holder(holder) };
                    let has = recorded.objects.contains_key(&place);
                    let wanted = works && person.department == d;
                    self.world.promises.holds(WANTED, has == wanted, || {
                        format!("{id} is {}in {group} on {system}", if has { "" } else { "not " })
                    });
                }
            }
        }
    }
}
