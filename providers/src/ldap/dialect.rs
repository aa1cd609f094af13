//! What differs between servers: how entries are told apart, how accounts are locked, what passwords look like. Which
//! dialect a server speaks its root DSE says ([`super::server`]).

use state::{Object, Symbol};

use super::protocol::{Code, Entry, Modification};
use super::server::Server;
use super::settings::{GroupKind, Lock};

/// A kind of server.
pub trait Dialect: Send + Sync + std::fmt::Debug {
    /// For messages: `OpenLDAP`.
    fn name(&self) -> &'static str;

    /// The attribute that tells an entry from all others for good.
    fn id_attribute(&self) -> &'static str {
        "entryUUID"
    }

    /// An id in the form in which tenure keeps it; none where it cannot be one.
    fn id(&self, value: &[u8]) -> Option<Symbol> {
        let text = std::str::from_utf8(value).ok()?;
        (text.len() == 36 && text.is_ascii()).then(|| Symbol::new(&text.to_ascii_lowercase()))
    }

    /// An id as a filter asks for it; none where it cannot be one.
    fn id_value(&self, id: &str) -> Option<Vec<u8>> {
        let digits =
            |(at, c): (usize, char)| if matches!(at, 8 | 13 | 18 | 23) { c == '-' } else { c.is_ascii_hexdigit() };
        (id.len() == 36 && id.char_indices().all(digits)).then(|| id.as_bytes().to_vec())
    }

    /// The attribute that changes with every change of an entry, where the assertion control can compare it.
    fn version_attribute(&self) -> Option<&'static str> {
        Some("entryCSN")
    }

    /// The attribute that names an account in its DN, where the settings do not say.
    fn rdn(&self) -> &'static str {
        "uid"
    }

    /// The attribute by which tenure tells accounts apart, and whether the server refuses a second one.
    fn account_key<'a>(&self, rdn: &'a str) -> (&'a str, bool) {
        (rdn, true)
    }

    /// What groups are, where the settings do not say.
    fn group_kind(&self) -> GroupKind {
        GroupKind::GroupOfNames
    }

    /// The object classes of entries that are accounts, where the settings do not say.
    fn account_filter(&self) -> &'static str {
        "(|(objectClass=person)(objectClass=account)(objectClass=posixAccount))"
    }

    /// The structural object class of new accounts, where the settings do not say.
    fn account_class(&self) -> &'static str {
        "inetOrgPerson"
    }

    /// The filter of entries that are groups of a kind.
    fn group_filter(&self, kind: GroupKind) -> String {
        format!("(objectClass={})", kind.class())
    }

    /// What every reading of an account asks for besides its attributes: what [`Dialect::is_active`] looks at.
    fn state_attributes(&self, lock: &Lock) -> Vec<String>;

    /// Whether an account may be used.
    fn is_active(&self, lock: &Lock, entry: &Entry<'_>) -> bool;

    /// What switches an account off or on; nothing where it is so already. The entry holds what
    /// [`Dialect::state_attributes`] asks for.
    ///
    /// # Errors
    /// Why it cannot be.
    fn switch(&self, lock: &Lock, entry: &Entry<'_>, active: bool) -> Result<Vec<Modification>, String>;

    /// Whether an answer says that a membership is as it is to be already.
    fn is_already(&self, code: Code, gives: bool) -> bool {
        code == if gives { Code::ATTRIBUTE_OR_VALUE_EXISTS } else { Code::NO_SUCH_ATTRIBUTE }
    }

    /// Whether the server itself has members follow an entry that is renamed.
    fn members_follow(&self) -> bool {
        false
    }

    /// What deactivation by `lock` does not stop, for reading.
    fn outlasts(&self, lock: &Lock) -> String;

    /// A sensitive attribute as it is sent: its name there, and its bytes. `unicodePwd` is UTF-16 in quotes.
    fn secret(&self, name: &str, text: &str) -> (String, Vec<u8>) {
        (name.to_owned(), text.as_bytes().to_vec())
    }

    /// Attributes that every new account gets where files and settings do not say.
    fn defaults(&self, _server: &Server, _attributes: &mut Vec<(String, Vec<Vec<u8>>)>) {}

    /// Attributes that the server sets by itself, though its schema does not say so: read only.
    fn is_read_only(&self, _attribute: &str) -> bool {
        false
    }

    /// An attribute's values that the server sent in parts (`member;range=0-1499`): the name without the part, and
    /// where the next part starts, if there is one. None where it is not such a part.
    ///
    /// # Errors
    /// Where it is one, and makes no sense.
    fn range<'a>(&self, _name: &'a str) -> Option<Result<(&'a str, Option<u64>), String>> {
        None
    }

    /// Attribute and value of the entries below the base where accounts and groups usually are: `ou=people`.
    fn usual_places(&self) -> [(&'static str, &'static str); 2] {
        [("ou", "people"), ("ou", "groups")]
    }

    /// Whether values of an attribute can be compared though the schema names no rule for it.
    fn compares_without_rules(&self) -> bool {
        false
    }

    /// A last word on an object as it was read.
    fn finish(&self, _object: &mut Object, _entry: &Entry<'_>) {}
}
