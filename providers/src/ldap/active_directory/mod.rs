//! What Active Directory does in its own way (and Samba, which does it too): accounts are known by objectGUID ([`guid`])
//! and told apart by sAMAccountName, switched by a bit of userAccountControl ([`account_control`]), with passwords in
//! unicodePwd ([`password`]) and long lists of members that come in parts ([`range`]).

pub mod account_control;
pub mod guid;
pub mod password;
pub mod range;

use state::Symbol;

use super::dialect::Dialect;
use super::error::LdapError;
use super::protocol::{Code, Entry, Modification};
use super::server::{RootDse, Server};
use super::settings::{GroupKind, LdapSettings, Lock};
use super::url::Url;
use account_control::AccountControl;

/// What a root DSE lists as supportedCapabilities on a domain controller (MS-ADTS section 3.1.1.3.4.3.1).
const CAPABILITY: &str = "1.2.840.113556.1.4.800";
/// The flags of an account.
const ACCOUNT_CONTROL: &str = "userAccountControl";

/// A domain controller.
#[derive(Clone, Copy, Debug)]
pub struct ActiveDirectory;

impl ActiveDirectory {
    /// Whether the server is one.
    pub fn is(root: &RootDse) -> bool {
        root.texts("supportedCapabilities").iter().any(|capability| capability == CAPABILITY)
    }

    /// How accounts are locked here.
    ///
    /// # Errors
    /// Where the settings ask for what a domain controller does not do, or would have passwords sent in the clear.
    pub fn discover(settings: &LdapSettings) -> Result<(ActiveDirectory, Lock), LdapError> {
        if matches!(settings.url, Url::Plain { .. }) && !settings.start_tls {
            return Err(LdapError::new(
                "Active Directory takes passwords over TLS only",
                "use ldaps://, or set start_tls = true in the system block",
            ));
        }
        match &settings.lock {
            None | Some(Lock::AccountControl) => Ok((ActiveDirectory, Lock::AccountControl)),
            Some(Lock::None) => Ok((ActiveDirectory, Lock::None)),
            Some(_) => Err(LdapError::new(
                "lock: Active Directory locks accounts by userAccountControl",
                "leave lock out, or write lock = \"none\"",
            )),
        }
    }
}

impl Dialect for ActiveDirectory {
    fn name(&self) -> &'static str {
        "Active Directory"
    }

    fn id_attribute(&self) -> &'static str {
        "objectGUID"
    }

    fn id(&self, value: &[u8]) -> Option<Symbol> {
        guid::text(value).as_deref().map(Symbol::new)
    }

    fn id_value(&self, id: &str) -> Option<Vec<u8>> {
        guid::bytes(id)
    }

    /// There is no assertion control: only single values can be compared in a modification.
    fn version_attribute(&self) -> Option<&'static str> {
        Some("uSNChanged")
    }

    fn rdn(&self) -> &'static str {
        "cn"
    }

    fn account_key<'a>(&self, _rdn: &'a str) -> (&'a str, bool) {
        ("sAMAccountName", true)
    }

    fn group_kind(&self) -> GroupKind {
        GroupKind::ActiveDirectory
    }

    /// Computers, and the accounts that services get by themselves, are users too, by their class.
    fn account_filter(&self) -> &'static str {
        "(&(objectClass=user)(objectCategory=person)(!(objectClass=computer)))"
    }

    fn account_class(&self) -> &'static str {
        "user"
    }

    fn state_attributes(&self, _lock: &Lock) -> Vec<String> {
        vec![ACCOUNT_CONTROL.to_owned()]
    }

    fn is_active(&self, _lock: &Lock, entry: &Entry<'_>) -> bool {
        // Without the right to read the flags nothing is known; deactivation then says so.
        control_of(entry).is_none_or(AccountControl::active)
    }

    fn switch(&self, lock: &Lock, entry: &Entry<'_>, active: bool) -> Result<Vec<Modification>, String> {
        if *lock != Lock::AccountControl {
            return Err("there is no way to lock it".to_owned());
        }
        let control = control_of(entry).ok_or_else(|| {
            format!("{ACCOUNT_CONTROL} cannot be read: give the bind name the right to read and write it")
        })?;
        let switched = control.with_active(active);
        if switched == control {
            return Ok(Vec::new());
        }
        // The old value goes by name: where somebody has turned another flag meanwhile, nothing happens.
        let value = |control: AccountControl| vec![control.to_string().into_bytes()];
        Ok(vec![
            Modification::delete(ACCOUNT_CONTROL, value(control)),
            Modification::add(ACCOUNT_CONTROL, value(switched)),
        ])
    }

    /// Giving what is there is answered with 68 here, taking what is not there with 53, which means other things too:
    /// whoever asks looks.
    fn is_already(&self, code: Code, gives: bool) -> bool {
        code == if gives { Code::ENTRY_ALREADY_EXISTS } else { Code::UNWILLING_TO_PERFORM }
    }

    /// Links are kept by the server.
    fn members_follow(&self) -> bool {
        true
    }

    fn usual_places(&self) -> [(&'static str, &'static str); 2] {
        [("cn", "Users"), ("cn", "Users")]
    }

    fn compares_without_rules(&self) -> bool {
        true
    }

    fn range<'a>(&self, name: &'a str) -> Option<Result<(&'a str, Option<u64>), String>> {
        range::read(name)
    }

    fn outlasts(&self, _lock: &Lock) -> String {
        "Kerberos tickets until they expire (10 hours by default), sessions that are open, certificates".to_owned()
    }

    fn secret(&self, name: &str, text: &str) -> (String, Vec<u8>) {
        // The one attribute that holds a password here; what RFC 4519 calls it is taken for it.
        if name.eq_ignore_ascii_case(password::ATTRIBUTE) || name.eq_ignore_ascii_case("userPassword") {
            (password::ATTRIBUTE.to_owned(), password::value(text))
        } else {
            (name.to_owned(), text.as_bytes().to_vec())
        }
    }

    /// A new account can be used at once, and a new group has the name that tenure knows it by on older systems too:
    /// the server would make an account that is switched off, and invent a name.
    fn defaults(&self, _server: &Server, attributes: &mut Vec<(String, Vec<Vec<u8>>)>) {
        let own =
            |name: &str| attributes.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, values)| values);
        let is = |class: &[u8]| {
            own("objectClass").is_some_and(|classes| classes.iter().any(|own| own.eq_ignore_ascii_case(class)))
        };
        let mut more = Vec::new();
        if is(b"user") && own(ACCOUNT_CONTROL).is_none() {
            more.push((ACCOUNT_CONTROL.to_owned(), vec![AccountControl::CREATED.to_string().into_bytes()]));
        }
        if is(b"group")
            && own("sAMAccountName").is_none()
            && let Some([name, ..]) = own("cn").map(Vec::as_slice)
        {
            more.push(("sAMAccountName".to_owned(), vec![account_name(name)]));
        }
        attributes.extend(more);
    }

    /// What the server computes or keeps, though its schema lets it look like anybody's.
    fn is_read_only(&self, attribute: &str) -> bool {
        const KEPT: [&str; 20] = [
            ACCOUNT_CONTROL,
            "accountNameHistory",
            "badPasswordTime",
            "badPwdCount",
            "canonicalName",
            "distinguishedName",
            "instanceType",
            "isDeleted",
            "lastLogoff",
            "lastLogon",
            "lastLogonTimestamp",
            "logonCount",
            "name",
            "objectCategory",
            "objectGUID",
            "primaryGroupID",
            "sAMAccountType",
            "whenChanged",
            "whenCreated",
            "uSNChanged",
        ];
        KEPT.iter().any(|kept| kept.eq_ignore_ascii_case(attribute))
    }
}

/// A name without what sAMAccountName cannot hold (MS-SAMR section 3.1.1.6).
fn account_name(name: &[u8]) -> Vec<u8> {
    let held = |byte: &u8| if byte.is_ascii_control() || b"\"/\\[]:;|=,+*?<>".contains(byte) { b'_' } else { *byte };
    let mut name: Vec<u8> = name.iter().map(held).collect();
    while name.last() == Some(&b'.') {
        name.pop();
    }
    name
}

fn control_of(entry: &Entry<'_>) -> Option<AccountControl> {
    entry.text(ACCOUNT_CONTROL).and_then(AccountControl::parse)
}

#[cfg(test)]
mod tests {
    use super::super::protocol::message::ModificationKind;
    use super::*;

    #[test]
    fn an_account_is_switched_where_its_flags_are_as_they_were_read() {
        let switched = |flags: Option<&str>, active: bool| {
            let attributes = flags.map(|flags| (ACCOUNT_CONTROL, vec![flags.as_bytes()])).into_iter().collect();
            let entry = Entry { dn: "CN=Ada", attributes };
            let changes = ActiveDirectory.switch(&Lock::AccountControl, &entry, active)?;
            let shown = changes.iter().map(|change| {
                let value = String::from_utf8(change.values.concat()).unwrap_or_default();
                (change.kind, change.attribute.clone(), value)
            });
            Ok::<_, String>(shown.collect::<Vec<_>>())
        };
        let change = |old: &str, new: &str| {
            let name = || ACCOUNT_CONTROL.to_owned();
            vec![(ModificationKind::Delete, name(), old.to_owned()), (ModificationKind::Add, name(), new.to_owned())]
        };
        assert_eq!(switched(Some("512"), false), Ok(change("512", "514")));
        assert_eq!(switched(Some("66050"), true), Ok(change("66050", "66048")));
        assert_eq!(switched(Some("514"), false), Ok(Vec::new()));
        for unreadable in [None, Some("many")] {
            assert!(switched(unreadable, false).is_err_and(|why| why.contains("cannot be read")), "{unreadable:?}");
        }
    }

    #[test]
    fn names_lose_what_an_account_name_cannot_hold() {
        for (name, held) in
            [("staff", "staff"), ("R&D \"north\"", "R&D _north_"), ("a+b=c.", "a_b_c"), ("研究", "研究")]
        {
            assert_eq!(String::from_utf8(account_name(name.as_bytes())).unwrap(), held);
        }
    }

    #[test]
    fn a_password_goes_to_the_one_attribute_for_it() {
        for name in ["unicodePwd", "UnicodePwd", "userPassword"] {
            assert_eq!(ActiveDirectory.secret(name, "a"), ("unicodePwd".to_owned(), vec![b'"', 0, b'a', 0, b'"', 0]));
        }
        assert_eq!(ActiveDirectory.secret("info", "a"), ("info".to_owned(), b"a".to_vec()));
    }
}
