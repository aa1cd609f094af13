//! The accounts whose credentials tenure itself uses here.

use state::{Object, Symbol, Value};

use super::connection::Connection;
use super::dn::{self, Dn};
use super::error::LdapError;
use super::protocol::message::Request;
use super::protocol::{Code, control};
use super::server::{DN, RootDse, Server};
use super::settings::{Credential, LdapSettings};

/// As whom a server knows a connection: `dn:cn=tenure,dc=test`, `u:ACME\tenure`. None where it does not tell.
pub(super) async fn authorized(connection: &Connection, root: &RootDse) -> Result<Option<String>, LdapError> {
    if !root.texts("supportedExtension").iter().any(|oid| oid == control::WHO_AM_I) {
        return Ok(None);
    }
    let answer =
        connection.call(&Request::extended(control::WHO_AM_I), &[]).await.map_err(super::error::Failure::error)?;
    let said = answer.value.filter(|_| answer.code == Code::SUCCESS).and_then(|value| String::from_utf8(value).ok());
    Ok(said.filter(|said| !said.is_empty()))
}

/// The ids of the accounts that tenure reads and writes as.
pub(super) fn accounts<'a>(
    server: &Server,
    settings: &LdapSettings,
    accounts: impl Iterator<Item = &'a Object> + Clone,
) -> Vec<Symbol> {
    let bound = match &settings.credential {
        Credential::Simple { bind, .. } => Some(bind),
        _ => None,
    };
    let reads = server.authorized.as_ref().or(bound);
    let key = Symbol::new(server.dialect.account_key(&server.rdn).0);
    let mut ids: Vec<Symbol> = Vec::new();
    for who in reads.into_iter().chain(&settings.writes_as) {
        let who = Who::parse(who);
        ids.extend(accounts.clone().find(|account| who.is(account, key)).map(|account| account.id));
    }
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Who somebody is said to be.
enum Who {
    Dn(String),
    Name(String),
}

impl Who {
    /// An authorization identity (RFC 4513 section 5.2.1.8), or what is bound as: a DN, or with Active Directory
    /// `NAME@DOMAIN` and `DOMAIN\NAME`.
    fn parse(text: &str) -> Who {
        let bare = text.strip_prefix("dn:").unwrap_or(text);
        match Dn::parse(bare) {
            Ok(dn) if !dn.0.is_empty() => Who::Dn(dn.to_string()),
            _ => {
                let name = text.strip_prefix("u:").unwrap_or(text);
                Who::Name(name.rsplit_once('\\').map_or(name, |(_, name)| name).to_owned())
            }
        }
    }

    fn is(&self, account: &Object, key: Symbol) -> bool {
        let own = |name: &str| account.attributes.get(Symbol::new(name)).and_then(Value::as_text).map(Symbol::as_str);
        match self {
            Who::Dn(dn) => own(DN).is_some_and(|own| {
                own.eq_ignore_ascii_case(dn) || !own.is_ascii() && dn::normal(own) == dn::normal(dn)
            }),
            Who::Name(name) => {
                let local = name.split_once('@').map_or(name.as_str(), |(local, _)| local);
                own("userPrincipalName").is_some_and(|own| own.eq_ignore_ascii_case(name))
                    || own(key.as_str()).is_some_and(|own| own.eq_ignore_ascii_case(local))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_known_however_it_is_called() {
        let pairs = [
            ("dn", r"CN=Ada\, Countess,OU=Staff,DC=test"),
            ("sAMAccountName", "ada"),
            ("userPrincipalName", "countess@ad.test"),
        ];
        let pairs = pairs.map(|(name, value)| (Symbol::new(name), Value::text(value)));
        let ada = Object::new("1", pairs.into_iter().collect());
        for (who, is) in [
            (r"dn:cn=ada\2c countess, ou=staff,dc=test", true),
            (r"CN=Ada\, Countess,OU=Staff,DC=test", true),
            ("dn:cn=ada,ou=staff,dc=test", false),
            (r"u:ACME\Ada", true),
            (r"ACME\grace", false),
            ("Countess@ad.test", true),
            ("ada@ad.test", true),
            ("adam@ad.test", false),
            ("", false),
        ] {
            assert_eq!(Who::parse(who).is(&ada, "sAMAccountName".into()), is, "{who}");
        }
    }
}
