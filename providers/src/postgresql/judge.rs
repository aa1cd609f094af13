//! One order against what the catalog holds: the statements that carry it out, or why not.

use std::collections::{HashMap, HashSet};

use state::{Action, Attributes, Kind, Object, Order, Outcome, Symbol, Target, Value};

use super::catalog::{MemberRow, qualifiers};
use super::quote::{checked, identifier, literal};
use super::reader::oid;
use super::role::{Role, marked};
use super::schema::MEMBERSHIP_OPTIONS;
use super::statement::{Clauses, clauses, qualifier, set_config};

/// What was read under the locks of the transaction.
pub struct Facts {
    pub roles: HashMap<u32, Role>,
    /// By name; those among [`Facts::roles`].
    pub names: HashMap<String, u32>,
    pub members: HashMap<(u32, u32), Vec<MemberRow>>,
    /// Roles whose password is an MD5 hash, as far as that may be read: a rename clears it.
    pub md5: HashSet<u32>,
    pub version: i32,
    pub allow_superuser: bool,
    /// Roles that tenure connects as.
    pub own: Vec<String>,
}

/// Why an order is not carried out.
#[derive(Debug)]
pub enum No {
    Refused(String),
    Stale(Option<Object>),
}

impl From<String> for No {
    fn from(error: String) -> No {
        No::Refused(error)
    }
}

impl From<No> for Outcome {
    fn from(no: No) -> Outcome {
        match no {
            No::Refused(error) => Outcome::Refused { error, retry_after: None },
            No::Stale(object) => Outcome::Stale(object),
        }
    }
}

/// What is to be looked up before orders can be judged: ids and names of roles, memberships.
#[derive(Default)]
pub struct Needs {
    pub oids: Vec<u32>,
    pub names: Vec<String>,
    pub places: Vec<(u32, u32)>,
}

impl Needs {
    pub fn of<'o>(orders: impl Iterator<Item = &'o Order>) -> Needs {
        let mut needs = Needs::default();
        for order in orders {
            match order.target {
                Some(Target::Account(id) | Target::Group(id)) => needs.oids.extend(oid(id)),
                Some(Target::Membership { group, member, .. }) => {
                    let (group, member) = (oid(group), oid(member));
                    needs.oids.extend(group.into_iter().chain(member));
                    needs.places.extend(group.zip(member));
                }
                _ => {}
            }
            // A name that no role can have is refused when it is judged.
            let name = name_in(&order.after).filter(|name| checked(name).is_ok());
            needs.names.extend(name.map(str::to_owned));
        }
        needs
    }
}

/// The name that an order gives.
pub fn name_in(attributes: &Attributes) -> Option<&'static str> {
    attributes.get(Symbol::new("name")).and_then(Value::as_text).map(Symbol::as_str)
}

impl Facts {
    /// The statements of an order.
    pub fn judge(&self, order: &Order) -> Result<Vec<String>, No> {
        match (order.action, order.kind, order.target) {
            (Action::Create, Kind::Account | Kind::Group, _) => self.create(order),
            (
                Action::Update | Action::Rename | Action::Deactivate | Action::Reactivate,
                Kind::Account | Kind::Group,
                Some(target),
            ) => self.alter(order, target),
            (action, Kind::Membership, Some(Target::Membership { group, member, nested })) => {
                self.membership(order, action, group, member, nested)
            }
            (action, kind, _) => Err(No::Refused(format!(
                "PostgreSQL has no `{}` of {kind:?}: report this as a defect of tenure",
                action.word()
            ))),
        }
    }

    fn create(&self, order: &Order) -> Result<Vec<String>, No> {
        let name = name_in(&order.after).ok_or_else(|| "a role needs a name".to_owned())?;
        self.may_be_called(name, None)?;
        let role = identifier(name).map_err(|wrong| wrong.message)?;
        let clauses = clauses(order, self.allow_superuser)?;
        let login = if order.kind == Kind::Account { "LOGIN" } else { "NOLOGIN" };
        let mut statements = vec![format!("CREATE ROLE {role} {login}{}", clauses.options)];
        if let Some(comment) = clauses.comment.as_deref().filter(|comment| !comment.is_empty()) {
            statements.push(comment_on(&role, comment)?);
        }
        statements.extend(set_config(&role, &clauses.config)?);
        Ok(statements)
    }

    fn alter(&self, order: &Order, target: Target) -> Result<Vec<String>, No> {
        let role = oid(target.remote()).and_then(|oid| self.roles.get(&oid)).ok_or(No::Stale(None))?;
        self.in_bounds(role)?;
        let (object, account) = match target {
            Target::Group(_) if role.is_account() => return Err(No::Stale(None)),
            Target::Group(_) => (role.group(), false),
            _ => (role.account(), true),
        };
        if differs(order.before.as_ref(), &object, &order.after) {
            return Err(No::Stale(Some(object)));
        }
        let Clauses { mut options, comment, config } = clauses(order, self.allow_superuser)?;
        let mut statements = Vec::new();
        let mut name = identifier(&role.name).map_err(|wrong| wrong.message)?;
        if let Some(to) = name_in(&order.after).filter(|to| *to != role.name) {
            self.may_be_called(to, Some(role.oid))?;
            let to = identifier(to).map_err(|wrong| wrong.message)?;
            statements.push(format!("ALTER ROLE {name} RENAME TO {to}"));
            name = to;
        }
        let active = match order.action {
            Action::Deactivate => false,
            Action::Reactivate => true,
            _ => object.active,
        };
        if account && active != role.login {
            options.insert_str(0, if active { " LOGIN" } else { " NOLOGIN" });
        }
        if !options.is_empty() {
            statements.push(format!("ALTER ROLE {name}{options}"));
        }
        // The mark stands as long as the account is switched off.
        let mark = account && !active && (role.marked || order.action == Action::Deactivate);
        if comment.is_some() || mark != role.marked {
            let text = comment.as_deref().or(role.comment.as_deref()).filter(|comment| !comment.is_empty());
            let text = if mark { marked(text) } else { text.unwrap_or("").to_owned() };
            statements.push(comment_on(&name, &text)?);
        }
        statements.extend(set_config(&name, &config)?);
        Ok(statements)
    }

    fn membership(
        &self,
        order: &Order,
        action: Action,
        group: Symbol,
        member: Symbol,
        nested: bool,
    ) -> Result<Vec<String>, No> {
        let role = |id: Symbol| oid(id).and_then(|oid| self.roles.get(&oid));
        let (Some(group), Some(member)) = (role(group), role(member)) else {
            return match action {
                Action::Grant => Err(No::Refused("the group or the member is not there any more".to_owned())),
                _ => Err(No::Stale(None)),
            };
        };
        self.in_bounds(group)?;
        self.in_bounds(member)?;
        if action == Action::Grant && (group.is_account() || nested == member.is_account()) {
            return Err(No::Refused("an account has become a group, or a group an account: plan again".to_owned()));
        }
        let rows = self.members.get(&(group.oid, member.oid)).map_or(&[][..], Vec::as_slice);
        let there = (!rows.is_empty()).then(|| Object::new("", qualifiers(rows)));
        let (of, to) = (identifier(&group.name), identifier(&member.name));
        let (of, to) = (of.map_err(|wrong| wrong.message)?, to.map_err(|wrong| wrong.message)?);
        match (action, there) {
            (Action::Grant, None) => {
                let options = self.options(&order.after)?;
                let on: Vec<String> = options.iter().filter_map(|(name, on)| self.option(name, *on)).collect();
                let with = if on.is_empty() { String::new() } else { format!(" WITH {}", on.join(", ")) };
                Ok(vec![format!("GRANT {of} TO {to}{with}")])
            }
            // Somebody else gave it meanwhile.
            (Action::Grant, there) => Err(No::Stale(there)),
            (_, None) => Err(No::Stale(None)),
            (_, Some(there)) if differs(order.before.as_ref(), &there, &order.after) => Err(No::Stale(Some(there))),
            (Action::Update, Some(_)) => {
                let statement = |(name, on): (&'static str, bool)| match (self.option(name, on), on) {
                    (Some(option), _) => format!("GRANT {of} TO {to} WITH {option}"),
                    (None, _) => format!("REVOKE ADMIN OPTION FOR {of} FROM {to}"),
                };
                Ok(self.options(&order.after)?.into_iter().map(statement).collect())
            }
            (Action::Revoke, Some(_)) => self.revoke(rows, &of, &to),
            (action, Some(_)) => Err(No::Refused(format!("a membership has no `{}`", action.word()))),
        }
    }

    fn revoke(&self, rows: &[MemberRow], of: &str, to: &str) -> Result<Vec<String>, No> {
        if self.version < MEMBERSHIP_OPTIONS {
            return Ok(vec![format!("REVOKE {of} FROM {to}")]);
        }
        // Each who gave it, by name: without GRANTED BY only what tenure gave itself would be taken.
        let statement = |row: &MemberRow| {
            let grantor =
                self.roles.get(&row.grantor).ok_or_else(|| "who gave the membership is not there".to_owned())?;
            let by = identifier(&grantor.name).map_err(|wrong| wrong.message)?;
            Ok(format!("REVOKE {of} FROM {to} GRANTED BY {by}"))
        };
        rows.iter().map(statement).collect()
    }

    /// The qualifiers that an order sets.
    fn options(&self, attributes: &Attributes) -> Result<Vec<(&'static str, bool)>, No> {
        let mut options = Vec::new();
        for name in ["admin", "inherit", "set"] {
            match qualifier(attributes, name)? {
                Some(_) if name != "admin" && self.version < MEMBERSHIP_OPTIONS => {
                    return Err(No::Refused(format!(
                        "{name} needs PostgreSQL 16: before, it is the member's own attribute"
                    )));
                }
                Some(on) => options.push((name, on)),
                None => {}
            }
        }
        Ok(options)
    }

    /// A qualifier in `GRANT ... WITH`; none where saying nothing says it.
    fn option(&self, name: &str, on: bool) -> Option<String> {
        match (self.version >= MEMBERSHIP_OPTIONS, on) {
            (true, on) => Some(format!("{} {}", name.to_uppercase(), if on { "TRUE" } else { "FALSE" })),
            (false, true) => Some("ADMIN OPTION".to_owned()),
            (false, false) => None,
        }
    }

    fn in_bounds(&self, role: &Role) -> Result<(), No> {
        if role.is_out_of_bounds(&self.own) {
            return Err(No::Refused(format!(
                "{} is a role that tenure never touches: predefined, the first superuser, or the role that it connects as",
                role.name
            )));
        }
        Ok(())
    }

    /// Whether a role may have this name: the server would cut it, or has it already.
    fn may_be_called(&self, name: &str, itself: Option<u32>) -> Result<(), No> {
        checked(name).map_err(|wrong| format!("{} ({})", wrong.message, wrong.hint))?;
        if name.starts_with("pg_") || matches!(name, "public" | "none") {
            return Err(No::Refused(format!("the name {name} is PostgreSQL's own")));
        }
        match self.names.get(name) {
            Some(oid) if Some(*oid) != itself => {
                let what = match self.roles.get(oid) {
                    Some(role) if role.is_out_of_bounds(&self.own) => "a role that tenure never touches",
                    Some(role) if role.login => "an account",
                    Some(role) if role.marked => "an account that is switched off",
                    _ => "a group",
                };
                Err(No::Refused(format!("a role of the name {name} is there already: {what}, with the id {oid}")))
            }
            _ => Ok(()),
        }
    }
}

fn comment_on(role: &str, comment: &str) -> Result<String, String> {
    let text = match comment {
        "" => "NULL".to_owned(),
        comment => literal(comment).map_err(|wrong| wrong.message)?,
    };
    Ok(format!("COMMENT ON ROLE {role} IS {text}"))
}

/// Whether an object is not as it was when it was read again before the change.
fn differs(before: Option<&Object>, now: &Object, after: &Attributes) -> bool {
    let Some(before) = before else { return false };
    let empty = |value: Option<&Value>| value.is_none_or(Value::is_empty);
    before.active != now.active
        || before
            .attributes
            .iter()
            .any(|(name, value)| now.attributes.get(*name).map_or(!value.is_empty(), |now| now != value))
        || after.iter().any(|(name, _)| before.attributes.get(*name).is_none() && !empty(now.attributes.get(*name)))
}
