//! Which existing account is whose: by the recorded id, by an `adopt` block, by the `match` keys; in this order.

use rustc_hash::FxHashMap;
use state::{Address, FactKind, Symbol, Value};

use super::accounts::is_nobody;
use super::book::Entry;
use super::planner::Planner;
use super::site::Site;
use super::world::{Place, Stand, Standing};
use crate::guard;
use crate::language::Diagnostic;
use crate::mutations::on;

impl<'a> Planner<'a> {
    /// Binds accounts to holders, and says in findings what stands in the way.
    pub(super) fn correlate_accounts(&mut self, site: &mut Site<'a>) {
        let gone = self.bind_recorded(site);
        self.bind_adopted(site);
        let wanted = site.wanted_entries.iter().map(|entry| entry.holder);
        site.without = wanted.filter(|holder| !self.stands(site, *holder)).collect();
        let mut matcher = None;
        let mut claims: FxHashMap<u32, Vec<Symbol>> = FxHashMap::default();
        for holder in site.without.clone() {
            if matcher.is_none() {
                matcher = Some(Matcher::new(self, site));
            }
            let Some(matcher) = &matcher else { continue };
            match self.find(site, matcher, holder) {
                Found::One(number) => claims.entry(number).or_default().push(holder),
                Found::None => {}
                Found::Blocked => self.stand(site, holder, Place::New, Standing::Held),
            }
        }
        let mut claims: Vec<_> = claims.into_iter().collect();
        claims.sort_unstable();
        for (number, holders) in claims {
            if let [holder] = holders[..] {
                self.bind(site, holder, number, Standing::Adopted);
            } else {
                self.findings.push(guard::collision::several_claim(site.name, &holders, site.account(number).id));
                holders.iter().for_each(|holder| self.stand(site, *holder, Place::New, Standing::Held));
            }
        }
        self.judge_vanished(site, &gone, matcher);
    }

    fn bind_recorded(&mut self, site: &mut Site<'a>) -> Vec<Symbol> {
        let mut gone = Vec::new();
        self.world.systems.entry(site.name).or_default().accounts.reserve(site.entries.len());
        for Entry { address, object: recorded } in self.book.on(site.name).iter().copied() {
            let Address::Account { holder, .. } = address else { continue };
            match site.account_numbers.get(&recorded.id) {
                // Nobody's: switched off because the system is exclusive, and still to be had by whoever it is.
                Some(_) if is_nobody(holder) => drop(site.nobodys.insert(recorded.id)),
                Some(&number) => {
                    let held = self.in_doubt(address);
                    self.bind(site, holder, number, if held { Standing::Held } else { Standing::Managed });
                }
                None if on("vanished-is-new") => {}
                None => {
                    let world = self.world.systems.entry(site.name).or_default();
                    world.recorded.insert(recorded.id, &recorded.attributes);
                    self.stand(site, holder, Place::Recorded(recorded.id), Standing::Held);
                    gone.push(holder);
                }
            }
        }
        gone
    }

    fn bind_adopted(&mut self, site: &mut Site<'a>) {
        for adopt in &self.inputs.configuration.adopts {
            let Address::Account { system, holder } = adopt.address else { continue };
            if system != site.name || self.book.object(adopt.address).is_some() {
                continue;
            }
            match site.account_numbers.get(&adopt.id).copied() {
                Some(number) => match site.holders[number as usize] {
                    None => self.bind(site, holder, number, Standing::Adopted),
                    Some(other) => {
                        let other = Address::Account { system, holder: other };
                        let message = format!("the account {:?} is {other} already", adopt.id.as_str());
                        self.diagnostics.push(Diagnostic::new(adopt.span, message).hint("take this `adopt` block out"));
                    }
                },
                None => {
                    let message = format!("{} has no account with the id {:?}", site.name, adopt.id.as_str());
                    self.diagnostics.push(Diagnostic::new(adopt.span, message).hint("look the id up in the system"));
                }
            }
        }
    }

    /// Who vanished from a system though the record holds them: never a creation, never an adoption by itself.
    fn judge_vanished(&mut self, site: &Site<'a>, gone: &[Symbol], mut matcher: Option<Matcher>) {
        for holder in gone {
            let address = Address::Account { system: site.name, holder: *holder };
            if !site.wanted.contains(holder) {
                // It was never seen switched off, and a replica that lags shows it again.
                if let Some(active) = self.book.object(address).filter(|object| object.active) {
                    self.findings.push(guard::vanished::unwanted(address, active.id));
                    continue;
                }
                // Nothing to take away any more: the record lets go of it.
                let reason = self.reasons.plain("gone from the system");
                self.fact(FactKind::Forgotten, address, None, Box::from([reason]));
                continue;
            }
            if matcher.is_none() {
                matcher = Some(Matcher::new(self, site));
            }
            let replacement = matcher.as_ref().map(|matcher| self.find(site, matcher, *holder));
            let recorded = self.book.object(address).map_or(Symbol::new(""), |object| object.id);
            self.findings.push(match replacement {
                Some(Found::One(number)) => guard::replaced::finding(address, recorded, site.account(number).id),
                _ => guard::vanished::finding(address, recorded),
            });
        }
    }

    pub(super) fn stands(&self, site: &Site<'a>, holder: Symbol) -> bool {
        self.world.systems.get(&site.name).is_some_and(|system| system.accounts.contains_key(&holder))
    }

    fn bind(&mut self, site: &mut Site<'a>, holder: Symbol, number: u32, standing: Standing) {
        site.holders[number as usize] = Some(holder);
        self.stand(site, holder, Place::Observed(number), standing);
    }

    pub(super) fn stand(&mut self, site: &Site<'a>, holder: Symbol, place: Place, standing: Standing) {
        let wanted = site.wanted.contains(&holder);
        let stand = Stand { place, standing, wanted, planned: Box::default() };
        self.world.systems.entry(site.name).or_default().accounts.insert(holder, stand);
    }

    /// Looks an account up by the keys of `match`, alternatives in order.
    fn find(&mut self, site: &Site<'a>, matcher: &Matcher, holder: Symbol) -> Found {
        let address = Address::Account { system: site.name, holder };
        if self.in_doubt(address) {
            return Found::Blocked;
        }
        let keys = match self.inputs.configuration.evaluate.identity_keys(site.name, holder, &self.world) {
            Ok(keys) => keys,
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                return Found::Blocked;
            }
        };
        for (key, table) in keys.iter().zip(&matcher.alternatives) {
            let Some(numbers) = key.as_ref().and_then(|key| table.get(key)) else { continue };
            let free: Vec<u32> = numbers.iter().copied().filter(|n| site.holders[*n as usize].is_none()).collect();
            return match (&free[..], &numbers[..]) {
                ([number], [_]) => Found::One(*number),
                ([], [number, ..]) => {
                    // The matched account is somebody's already, as the record says.
                    let other = site.holders[*number as usize];
                    if let Some(other) = other {
                        self.claimed(site, holder, other, *number);
                    }
                    Found::Blocked
                }
                _ => {
                    let ids: Vec<Symbol> = numbers.iter().map(|number| site.account(*number).id).collect();
                    self.findings.push(guard::collision::several_match(address, &ids));
                    Found::Blocked
                }
            };
        }
        Found::None
    }

    /// A newcomer matches the account of somebody else: of someone who just vanished, it is probably a rename.
    fn claimed(&mut self, site: &Site<'a>, holder: Symbol, other: Symbol, number: u32) {
        let id = site.account(number).id;
        if self.leavers.get(&other).is_some_and(|leaver| leaver.gone) {
            let pair = (self.identity_address(other), self.identity_address(holder));
            self.renames.entry(pair).or_insert_with(|| format!("{:?} on system.{}", id.as_str(), site.name));
        } else {
            self.findings.push(guard::collision::taken_by(site.name, holder, other, id));
        }
    }
}

enum Found {
    One(u32),
    None,
    Blocked,
}

/// Observed accounts by their `match` keys, one table an alternative.
struct Matcher {
    alternatives: Vec<FxHashMap<Value, Vec<u32>>>,
}

impl Matcher {
    fn new(planner: &mut Planner<'_>, site: &Site<'_>) -> Matcher {
        let evaluate = &planner.inputs.configuration.evaluate;
        let mut alternatives: Vec<FxHashMap<Value, Vec<u32>>> = Vec::new();
        for (number, account) in (0u32..).zip(&site.observed.accounts) {
            match evaluate.ignored(site.name, account).and_then(|ignored| match ignored {
                true => Ok(Vec::new()),
                false => evaluate.account_keys(site.name, account),
            }) {
                Ok(keys) => {
                    alternatives.resize_with(alternatives.len().max(keys.len()), FxHashMap::default);
                    for (key, table) in keys.into_iter().zip(&mut alternatives) {
                        if let Some(key) = key {
                            table.entry(key).or_default().push(number);
                        }
                    }
                }
                Err(diagnostic) => {
                    // One expression fails alike for all accounts.
                    planner.diagnostics.push(diagnostic);
                    break;
                }
            }
        }
        Matcher { alternatives }
    }
}
