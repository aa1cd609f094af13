//! Systems and orders in a few words.

use state::{
    Action, Address, Attributes, Kind, Member, Object, Observed, Order, Outcome, Presence, Symbol, Target, Timestamp,
    Value,
};
use tenure_providers::ldap::Ldap;
use tenure_providers::{Ask, ConnectError, Provider as _, Reader, Settings, Unannounced, Writer};

use crate::openldap::{BASE, PASSWORD, PROV, Slapd};

/// A system with both its halves.
pub struct Half {
    pub reader: Box<dyn Reader>,
    pub writer: Box<dyn Writer>,
}

/// Settings of a system: those of `cn=prov`, with `more` over them.
pub fn settings(server: &Slapd, more: &[(&str, Value)]) -> Settings {
    let usual = [("url", Value::text(&server.url)), ("bind", PROV.into()), ("base", BASE.into())];
    let usual = usual.iter().filter(|(name, _)| !more.iter().any(|(own, _)| own == name));
    let values = usual.chain(more).map(|(name, value)| (Symbol::new(name), value.clone())).collect();
    let secrets = vec![(Symbol::new("password"), PASSWORD.to_owned())];
    Settings { system: "corp".into(), folder: ".".into(), values, secrets }
}

pub async fn connect(server: &Slapd, more: &[(&str, Value)]) -> Half {
    try_connect(settings(server, more)).await.unwrap()
}

pub async fn try_connect(settings: Settings) -> Result<Half, ConnectError> {
    Ok(Half { reader: Ldap.reader(settings.clone()).await?, writer: Ldap.writer(settings).await? })
}

/// An object in HCL's own words: `{ branch = "ou=x" }`.
pub fn object(pairs: &[(&str, &str)]) -> Value {
    Value::map(pairs.iter().map(|(name, value)| (Symbol::new(name), Value::text(*value))))
}

pub fn attributes(pairs: &[(&str, Value)]) -> Attributes {
    pairs.iter().map(|(name, value)| (Symbol::new(name), value.clone())).collect()
}

impl Half {
    pub async fn inventory(&self) -> Result<Observed, String> {
        let ask = Ask { now: Timestamp::default(), grants: &[], accounts: &[], progress: &|_| {} };
        self.reader.inventory(&ask).await.map_err(|error| format!("{} ({})", error.message, error.hint))
    }

    pub async fn look(&self, target: Target) -> Presence {
        self.reader.read(&[target]).await.unwrap().pop().unwrap()
    }

    /// Carries out one order with the object as it is now before it.
    pub async fn change(&self, action: Action, target: Target, after: &[(&str, Value)]) -> Outcome {
        let before = match self.look(target).await {
            Presence::Here(object) => Some(object),
            _ => None,
        };
        self.execute(Order { before, ..order(action, Some(target), target.kind(), after) }).await
    }

    pub async fn create(&self, kind: Kind, after: &[(&str, Value)]) -> Outcome {
        self.execute(order(Action::Create, None, kind, after)).await
    }

    /// Creates what must be created; its id.
    pub async fn created(&self, kind: Kind, after: &[(&str, Value)]) -> Symbol {
        done(self.create(kind, after).await).id
    }

    pub async fn execute(&self, order: Order) -> Outcome {
        self.writer.execute(&[order], &Unannounced).await.pop().unwrap()
    }
}

pub fn order(action: Action, target: Option<Target>, kind: Kind, after: &[(&str, Value)]) -> Order {
    let system = Symbol::new("corp");
    let address = match kind {
        Kind::Account => Address::Account { system, holder: "ada".into() },
        Kind::Group => Address::Group { system, group: "staff".into() },
        _ => Address::Membership { system, group: "staff".into(), member: Member::Holder("ada".into()) },
    };
    Order { address, action, target, kind, before: None, after: attributes(after), secrets: Default::default() }
}

pub fn done(outcome: Outcome) -> Object {
    match outcome {
        Outcome::Done(object) => object,
        other => panic!("{other:?}"),
    }
}

/// The words of a refusal.
pub fn refused(outcome: Outcome) -> String {
    match outcome {
        Outcome::Refused { error, .. } => error,
        other => panic!("{other:?}"),
    }
}

/// A person's attributes.
pub fn person(login: &str) -> Vec<(&'static str, Value)> {
    vec![("uid", login.into()), ("cn", login.into()), ("sn", login.into())]
}
