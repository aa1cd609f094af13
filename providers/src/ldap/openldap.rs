//! What OpenLDAP does in its own way, and every other server that keeps to the RFCs: locking by the password policy
//! (draft-behera-ldap-password-policy), by an attribute, or by a branch.

use std::collections::BTreeSet;

use super::client;
use super::connection::Connection;
use super::dialect::Dialect;
use super::dn::{self, Dn};
use super::error::LdapError;
use super::protocol::message::Message;
use super::protocol::{Code, Entry, Filter, Modification, Scope, Search};
use super::schema::DirectorySchema;
use super::server::Server;
use super::settings::{LdapSettings, Lock};

/// The attribute by which the password policy locks, and its value for a lock without end (section 5.3.3 of the draft).
const LOCKED_TIME: &str = "pwdAccountLockedTime";
const LOCKED: &str = "000001010000Z";
/// The policy of an entry that does not have the default one.
const SUBENTRY: &str = "pwdPolicySubentry";

/// OpenLDAP and its kin.
#[derive(Debug, Default)]
pub struct OpenLdap {
    /// Normal DNs of the policies that honour a lock.
    honouring: BTreeSet<String>,
}

impl OpenLdap {
    /// Finds out how accounts are locked here, and says in `notes` what is not as one might expect.
    ///
    /// # Errors
    /// Where the settings ask for a way to lock that would not be honoured.
    pub async fn discover(
        connection: &Connection,
        settings: &LdapSettings,
        schema: &DirectorySchema,
        context: &Dn,
        notes: &mut Vec<String>,
    ) -> Result<(OpenLdap, Lock), LdapError> {
        let none = OpenLdap::default();
        let explicit = match &settings.lock {
            Some(Lock::PasswordPolicy) => true,
            None => false,
            Some(Lock::Attribute { attribute, .. }) if !schema.is_empty() && schema.attribute(attribute).is_none() => {
                return Err(LdapError::new(
                    format!("lock: the server's schema has no attribute {attribute}"),
                    "name an attribute that the entries may have",
                ));
            }
            Some(Lock::AccountControl) => {
                return Err(LdapError::new(
                    "lock: userAccountControl is Active Directory's",
                    "leave lock out, or name another way",
                ));
            }
            Some(Lock::Branch(branch)) => {
                if client::entry(connection, &branch.to_string(), vec!["1.1"]).await?.is_none() {
                    return Err(LdapError::new(
                        format!("lock: there is no branch {branch}, or no right to see it"),
                        "create it, or name another one",
                    ));
                }
                return Ok((none, Lock::Branch(branch.clone())));
            }
            Some(other) => return Ok((none, other.clone())),
        };
        let found = policies(connection, settings, schema, context).await?;
        match found {
            Ok(honouring) => Ok((OpenLdap { honouring }, Lock::PasswordPolicy)),
            Err(why) if explicit => Err(LdapError::new(
                format!("lock = \"ppolicy\": {why}"),
                "have the policy in force say pwdLockout TRUE, name it by policy, or lock by an attribute or a branch",
            )),
            Err(why) => {
                notes.push(format!("accounts cannot be locked: {why}"));
                Ok((none, Lock::None))
            }
        }
    }
}

/// The policies that honour a lock, the one in force by default among them; else why a lock would not be honoured.
async fn policies(
    connection: &Connection,
    settings: &LdapSettings,
    schema: &DirectorySchema,
    context: &Dn,
) -> Result<Result<BTreeSet<String>, String>, LdapError> {
    if schema.attribute(LOCKED_TIME).is_none() {
        return Ok(Err(format!("the server has no password policy (its schema lacks {LOCKED_TIME})")));
    }
    let base = context.to_string();
    let attributes = vec!["pwdLockout"];
    let search = Search { base: &base, scope: Scope::Sub, filter: Filter::class("pwdPolicy"), attributes };
    let mut all: Vec<(String, bool)> = Vec::new();
    for frame in client::list(connection, &search, &[]).await?.entries {
        let entry =
            Message::read(&frame).and_then(|message| message.entry()).map_err(|error| connection.odd(&error))?;
        all.push((dn::normal(entry.dn), entry.text("pwdLockout") == Some("TRUE")));
    }
    let honouring: BTreeSet<String> = all.iter().filter(|(_, honours)| *honours).map(|(dn, _)| dn.clone()).collect();
    let default = match &settings.policy {
        Some(policy) => Some(dn::normal(&policy.to_string())),
        None => configured_default(connection, &base).await?,
    };
    Ok(match default {
        Some(default) if honouring.contains(&default) => Ok(honouring),
        Some(default) if all.iter().any(|(dn, _)| *dn == default) => {
            Err(format!("the password policy {default} has not pwdLockout TRUE, so it would not honour a lock"))
        }
        Some(default) => Err(format!("the password policy {default} cannot be seen")),
        None if all.is_empty() => Err("no password policy can be seen".to_owned()),
        // Whichever of them is in force, it honours a lock.
        None if honouring.len() == all.len() => Ok(honouring),
        None => {
            Err("which password policy is in force cannot be seen, and not all of them have pwdLockout TRUE".to_owned())
        }
    })
}

/// The default policy of the database that holds the base, where the configuration may be read.
async fn configured_default(connection: &Connection, base: &str) -> Result<Option<String>, LdapError> {
    let attributes = vec!["olcPPolicyDefault"];
    let search = Search { base: "cn=config", scope: Scope::Sub, filter: Filter::class("olcPPolicyConfig"), attributes };
    let (listing, answer) = client::page(connection, &search, &[]).await?;
    if answer.code != Code::SUCCESS {
        return Ok(None);
    }
    let base = dn::normal(base);
    let mut defaults = BTreeSet::new();
    for frame in &listing.entries {
        let entry = Message::read(frame).and_then(|message| message.entry()).map_err(|error| connection.odd(&error))?;
        defaults.extend(entry.text("olcPPolicyDefault").map(dn::normal));
    }
    // Of several databases, the one whose policy stands below the base.
    Ok(defaults.iter().find(|dn| dn.ends_with(&base)).or_else(|| defaults.first()).cloned())
}

impl Dialect for OpenLdap {
    fn name(&self) -> &'static str {
        "OpenLDAP"
    }

    fn state_attributes(&self, lock: &Lock) -> Vec<String> {
        match lock {
            Lock::PasswordPolicy => vec![LOCKED_TIME.to_owned(), SUBENTRY.to_owned()],
            Lock::Attribute { attribute, .. } => vec![attribute.clone()],
            _ => Vec::new(),
        }
    }

    fn is_active(&self, lock: &Lock, entry: &Entry<'_>) -> bool {
        match lock {
            Lock::PasswordPolicy => entry.text(LOCKED_TIME) != Some(LOCKED),
            Lock::Attribute { attribute, value, .. } => {
                !entry.texts(attribute).any(|own| own.eq_ignore_ascii_case(value))
            }
            Lock::Branch(branch) => !Dn::parse(entry.dn).is_ok_and(|dn| dn.is_within(branch)),
            Lock::AccountControl | Lock::None => true,
        }
    }

    fn switch(&self, lock: &Lock, entry: &Entry<'_>, active: bool) -> Result<Vec<Modification>, String> {
        if self.is_active(lock, entry) == active {
            return Ok(Vec::new());
        }
        // Old values go by name, so that what somebody else set meanwhile is noticed.
        let mut modifications = Vec::new();
        let mut change = |attribute: &str, new: Option<&str>| {
            if let Some(old) = entry.values(attribute).filter(|old| !old.is_empty()) {
                modifications.push(Modification::delete(attribute, old.iter().map(|value| value.to_vec()).collect()));
            }
            if let Some(new) = new {
                modifications.push(Modification::add(attribute, vec![new.as_bytes().to_vec()]));
            }
        };
        match lock {
            Lock::PasswordPolicy => {
                let policy = entry.text(SUBENTRY).map(dn::normal);
                if let Some(policy) = policy.filter(|policy| !active && !self.honouring.contains(policy)) {
                    return Err(format!(
                        "the password policy {policy} in force for it has not pwdLockout TRUE, so it would not honour a lock by {LOCKED_TIME}"
                    ));
                }
                change(LOCKED_TIME, (!active).then_some(LOCKED));
            }
            Lock::Attribute { attribute, value, active: unlocked } => {
                change(attribute, if active { unlocked.as_deref() } else { Some(value) });
            }
            Lock::Branch(_) | Lock::AccountControl | Lock::None => return Err("there is no way to lock it".to_owned()),
        }
        Ok(modifications)
    }

    fn outlasts(&self, lock: &Lock) -> String {
        match lock {
            Lock::PasswordPolicy => "SSH keys, client certificates, Kerberos tickets, and sessions that are open",
            Lock::Attribute { .. } => {
                "whatever does not look at the locking attribute, SSH keys, tickets, and sessions that are open"
            }
            _ => "whatever does not look at the entry's place, SSH keys, tickets, and sessions that are open",
        }
        .to_owned()
    }

    /// A POSIX account that names no group has its own (as `useradd` does), and a home below `/home`.
    fn defaults(&self, _server: &Server, attributes: &mut Vec<(String, Vec<Vec<u8>>)>) {
        fn of<'a>(attributes: &'a [(String, Vec<Vec<u8>>)], name: &str) -> Option<&'a [Vec<u8>]> {
            attributes.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, values)| values.as_slice())
        }
        let posix = of(attributes, "objectClass")
            .unwrap_or_default()
            .iter()
            .any(|class| class.eq_ignore_ascii_case(b"posixAccount"));
        if !posix {
            return;
        }
        let mut more = Vec::new();
        if let (None, Some(number)) = (of(attributes, "gidNumber"), of(attributes, "uidNumber")) {
            more.push(("gidNumber".to_owned(), number.to_vec()));
        }
        if let (None, Some([uid, ..])) = (of(attributes, "homeDirectory"), of(attributes, "uid")) {
            more.push(("homeDirectory".to_owned(), vec![[b"/home/", uid.as_slice()].concat()]));
        }
        attributes.extend(more);
    }
}
