//! What a system can hold and do.

use serde::{Deserialize, Serialize};

use crate::{Attributes, Symbol};

/// What the values of an attribute are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttributeType {
    Text,
    Bool,
    Integer,
    Number,
    /// RFC 3339 moment.
    Moment,
    /// Base64 text.
    Binary,
    /// The name of an entry of a directory (RFC 4514): one name has many spellings ([`crate::dn::normal`]).
    DistinguishedName,
    Object,
    /// Whatever the system takes.
    Any,
}

/// How many values an attribute has, and how two lists of them are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// One value.
    One,
    /// A list whose order matters.
    List,
    /// Values without an order, each once.
    Set,
    /// Objects that are told apart by this key (`type` of SCIM e-mails): enforced key by key, others untouched.
    Keyed(Symbol),
}

/// Who may set an attribute, and when (RFC 7643 section 7, mutability).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mutability {
    ReadWrite,
    ReadOnly,
    /// At creation only.
    Immutable,
    /// Never read back (passwords).
    WriteOnly,
}

/// One attribute of a kind of object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeSchema {
    /// In the system's own name; of a nested attribute the path with dots (`name.givenName`).
    pub name: Symbol,
    pub value: AttributeType,
    pub shape: Shape,
    pub mutability: Mutability,
    /// Whether `A` and `a` are different values here.
    pub case_exact: bool,
    /// Whether a create needs it.
    pub required: bool,
}

/// The attribute by which a system tells objects of a kind apart for humans (SCIM userName, LDAP uid, role name).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    pub attribute: Symbol,
    /// Whether the server itself refuses a second object with the same value. Where it does not, a creation in doubt
    /// is never repeated unasked.
    pub unique: bool,
    /// Whether `A` and `a` are different here.
    pub case_exact: bool,
}

/// The attributes that a system's objects have. `open` kinds take attributes that are not listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    pub account: Vec<AttributeSchema>,
    pub account_open: bool,
    pub group: Vec<AttributeSchema>,
    pub group_open: bool,
    /// Qualifiers of a membership, besides `from`, `until` and `reason`; values from weakest to strongest. `false` and
    /// `true` are truth values there, not texts.
    pub qualifiers: Vec<(Symbol, Vec<Symbol>)>,
    /// Attributes and qualifiers that give rights over others (superuser, an admin option): set to anything but false
    /// or nothing, they are `privileged-grant`.
    #[serde(default)]
    pub privileged: Vec<Symbol>,
    /// The attributes that tell grants of one group apart; empty: all of them together.
    pub grant_key: Vec<Symbol>,
    /// How grants are written.
    #[serde(skip)]
    pub grant_form: GrantForm,
    /// Attributes in which two grants of one group are alike where one may cover what the other covers; empty: grants
    /// never do. When one of them is taken, the others that stay are named to the writer ([`crate::observed::KEEP`]).
    pub grant_overlap: Vec<Symbol>,
}

/// How the grants of a kind of system are written: makes of one entry of `grants` the grants that it comes to, in the
/// system's own words, each by itself; or says what is wrong with it. Pure: the same entry always comes to the same.
#[derive(Clone, Copy)]
pub struct GrantForm(pub fn(&Attributes) -> Result<Vec<Attributes>, GrantError>);

impl Default for GrantForm {
    /// Takes everything as it is written.
    fn default() -> GrantForm {
        GrantForm(|entry| Ok(vec![entry.clone()]))
    }
}

impl std::fmt::Debug for GrantForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GrantForm")
    }
}

/// Code, not data: it says nothing about whether two schemas are the same.
impl PartialEq for GrantForm {
    fn eq(&self, _: &GrantForm) -> bool {
        true
    }
}

impl Eq for GrantForm {}

/// What is wrong with an entry of `grants`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantError {
    /// What is wrong: `tables have no privilege "USAGE"`.
    pub message: String,
    /// What to do next.
    pub hint: String,
}

impl Schema {
    /// The attribute `name` of accounts.
    pub fn account_attribute(&self, name: Symbol) -> Option<&AttributeSchema> {
        self.account.iter().find(|attribute| attribute.name == name)
    }

    /// The attribute `name` of groups.
    pub fn group_attribute(&self, name: Symbol) -> Option<&AttributeSchema> {
        self.group.iter().find(|attribute| attribute.name == name)
    }

    /// The text that tells a grant from the others of its group: its key attributes as `name=value`, joined by commas.
    /// What is not a plain word is written as JSON, so that different grants never share a text. Used in addresses and
    /// in [`crate::Target::Grant`].
    pub fn grant_text(&self, attributes: &Attributes) -> Symbol {
        let mut text = String::new();
        for (name, value) in attributes {
            if !self.grant_key.is_empty() && !self.grant_key.contains(name) {
                continue;
            }
            if !text.is_empty() {
                text.push(',');
            }
            text.push_str(name.as_str());
            text.push('=');
            match value.as_text() {
                Some(word) if is_plain_word(word.as_str()) => text.push_str(word.as_str()),
                _ => text.push_str(&value.to_string()),
            }
        }
        Symbol::new(&text)
    }
}

/// The key attributes that [`Schema::grant_text`] wrote; none where the text is not one of its.
pub fn grant_attributes(text: &str) -> Option<Attributes> {
    let mut pairs = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, value) = rest.split_once('=')?;
        let plain = value.split(',').next().unwrap_or_default();
        let (value, length) = if is_plain_word(plain) {
            (crate::Value::text(plain), plain.len())
        } else {
            let mut values = serde_json::Deserializer::from_str(value).into_iter::<crate::Value>();
            (values.next()?.ok()?, values.byte_offset())
        };
        rest = rest.get(name.len() + 1 + length..)?;
        if !rest.is_empty() {
            rest = rest.strip_prefix(',').filter(|rest| !rest.is_empty())?;
        }
        pairs.push((Symbol::new(name), value));
    }
    Some(pairs.into_iter().collect())
}

/// Whether a text value needs no quotes in [`Schema::grant_text`]: it starts with a letter, and JSON's own words and
/// the separators cannot be mistaken for it.
fn is_plain_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic())
        && text.chars().all(|c| c.is_alphanumeric() || "._/@:+-".contains(c))
        && !matches!(text, "true" | "false" | "null")
}

/// What a system can do, as far as planning and applying need to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    pub groups: bool,
    /// Groups in groups; where not, members are expanded.
    pub nested_groups: bool,
    pub grants: bool,
    /// Whether an account can be switched off and on again.
    pub deactivate: bool,
    pub account_key: Option<Key>,
    pub group_key: Option<Key>,
    /// The group attribute that holds a parent group's id, where groups form a tree by it.
    pub parent_attribute: Option<Symbol>,
    /// How many changes one call may carry; 1 where calls are single.
    pub batch: usize,
    /// Whether one call may carry changes of different remote objects (a transaction, a bulk request); where not,
    /// only changes of one object travel together (members of one group).
    pub batch_objects: bool,
    /// Whether a call of several changes happens whole or not at all.
    pub atomic: bool,
    /// How many calls may be in flight at once.
    pub concurrency: usize,
    /// Milliseconds after which a call counts as lost.
    pub deadline: u64,
    /// Milliseconds until a change is seen by readers, at most.
    pub visibility: u64,
    /// Milliseconds for which a call may still take effect after the process that made it has ended: a request that its
    /// server had read by then. With 0 it cannot, and what a killed run left in doubt is settled without waiting. Each
    /// provider says how it comes to its number.
    pub outlives: u64,
    /// What deactivating an account does not stop here, for reading: `SSH keys and tickets that were issued before`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outlasts: Option<Symbol>,
    /// Whether the provider refuses every change of the accounts whose credentials tenure itself uses
    /// ([`crate::Observed::own`]).
    #[serde(default)]
    pub own_fixed: bool,
    /// Whether what an account owns can be handed over to another ([`crate::Target::Owned`]).
    #[serde(default)]
    pub transfer: bool,
    /// Whether an account can be put away so that it can be brought back whole ([`crate::object::ARCHIVED`]).
    #[serde(default)]
    pub archive: bool,
    /// Whether an account can be deleted.
    #[serde(default)]
    pub delete: bool,
}

impl Default for Capabilities {
    /// The least: accounts only, one change a call, one call at a time.
    fn default() -> Capabilities {
        Capabilities {
            groups: false,
            nested_groups: false,
            grants: false,
            deactivate: false,
            account_key: None,
            group_key: None,
            parent_attribute: None,
            batch: 1,
            batch_objects: false,
            atomic: false,
            concurrency: 1,
            deadline: 30_000,
            visibility: 10_000,
            outlives: 30_000,
            outlasts: None,
            own_fixed: false,
            transfer: false,
            archive: false,
            delete: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_named_by_their_key_attributes() {
        let grant = |json: &str| serde_json::from_str::<Attributes>(json).unwrap();
        let all = Schema::default();
        let keyed = Schema { grant_key: vec!["repository".into()], ..Schema::default() };
        for (schema, attributes, text) in [
            (&all, r#"{"schema":"public","database":"sales"}"#, "database=sales,schema=public"),
            (&all, r#"{"database":"a,b=c"}"#, r#"database="a,b=c""#),
            (&all, r#"{"privileges":["SELECT"],"on":true}"#, r#"on=true,privileges=["SELECT"]"#),
            (&all, r#"{"on":"true"}"#, r#"on="true""#),
            (&all, "{}", ""),
            (&keyed, r#"{"repository":"kubernetes/org","permission":"push"}"#, "repository=kubernetes/org"),
        ] {
            assert_eq!(schema.grant_text(&grant(attributes)), text, "{attributes}");
            let key: Attributes = grant(attributes)
                .iter()
                .filter(|(name, _)| schema.grant_key.is_empty() || schema.grant_key.contains(name))
                .cloned()
                .collect();
            assert_eq!(grant_attributes(text), Some(key), "{text}");
        }
        for text in ["database", "database=", "a=b,", "a=b c", r#"a="b"#, r#"a="b"c=d"#, "a=1x"] {
            assert_eq!(grant_attributes(text), None, "{text}");
        }
    }
}
