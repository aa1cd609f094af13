//! What a server says about itself, and what follows from it and the settings: dialect, schema, where things are.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use state::{AttributeSchema, AttributeType, Capabilities, Key, Mutability, Schema, Shape, Symbol};

use super::active_directory::ActiveDirectory;
use super::client;
use super::connection::{Connection, Frame};
use super::dialect::Dialect;
use super::dn::{self, Dn};
use super::error::LdapError;
use super::openldap::OpenLdap;
use super::protocol::message::Message;
use super::protocol::{Entry, Filter, Scope, Search, control};
use super::schema::{ClassKind, DirectorySchema, lower};
use super::settings::{GroupKind, LdapSettings, Lock};

/// The DN of an entry, as an attribute of accounts and groups.
pub const DN: &str = "dn";

/// One server, as it was found.
#[derive(Debug)]
pub struct Server {
    pub dialect: Arc<dyn Dialect>,
    pub schema: DirectorySchema,
    controls: FxHashSet<String>,
    /// Everything is below this.
    pub base: Dn,
    pub account: Kind,
    pub group: Kind,
    pub group_kind: GroupKind,
    /// Of new entries, where the settings name them.
    pub account_classes: Vec<String>,
    pub group_classes: Vec<String>,
    pub lock: Lock,
    /// The branch of accounts that were put away.
    pub archive: Option<Dn>,
    /// As whom the server knows the connection (RFC 4532), where it tells.
    pub authorized: Option<String>,
    /// The attribute that names accounts in their DNs.
    pub rdn: String,
    /// Entries that were seen at the start, and must be seen whenever something is said not to be there.
    pub sentinels: Vec<Sentinel>,
    /// What is worth saying about the reading.
    pub notes: Vec<String>,
}

/// An entry that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentinel {
    pub dn: String,
    pub id: Symbol,
}

/// Where objects of a kind are, and what is read of them.
#[derive(Debug)]
pub struct Kind {
    /// They are looked for below this.
    pub base: Dn,
    /// New ones are made directly below this.
    pub place: Dn,
    pub filter: Filter,
    /// In tenure's words, the frequent ones first.
    pub attributes: Vec<AttributeSchema>,
    /// What is asked for, besides operational attributes.
    pub select: Vec<String>,
    /// Of attributes by their names in lower case.
    pub types: FxHashMap<String, Known>,
}

/// How an attribute's values are read.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// In the server's own spelling.
    pub name: Symbol,
    pub value: AttributeType,
    /// Whether they are DNs.
    pub dn: bool,
    /// Whether single values can be deleted: the server can compare them.
    pub comparable: bool,
}

/// The root DSE (RFC 4512 section 5.1).
pub struct RootDse(Frame);

impl RootDse {
    /// Reads it.
    pub async fn read(connection: &Connection) -> Result<RootDse, LdapError> {
        let frame = client::entry(connection, "", vec!["*", "+"]).await?;
        frame.map(RootDse).ok_or_else(|| {
            LdapError::new(
                "the server shows no root DSE",
                "give the bind name the right to read the entry with the empty DN",
            )
        })
    }

    /// The naming context that holds a DN: the DN itself where the server does not say.
    pub fn context_of(&self, base: &Dn) -> Dn {
        let contexts = self.texts("namingContexts").into_iter().filter_map(|context| Dn::parse(&context).ok());
        contexts
            .filter(|context| base.is_within(context))
            .min_by_key(|context| context.0.len())
            .unwrap_or_else(|| base.clone())
    }

    /// All values of an attribute that are text.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let Ok(entry) = Message::read(&self.0).and_then(|message| message.entry()) else { return Vec::new() };
        entry.texts(name).map(str::to_owned).collect()
    }
}

impl Server {
    /// Asks the server.
    pub async fn discover(connection: &Connection, settings: &LdapSettings) -> Result<Server, LdapError> {
        let root = RootDse::read(connection).await?;
        let base = base(settings, &root)?;
        if client::entry(connection, &base.to_string(), vec!["1.1"]).await?.is_none() {
            return Err(unseen(&base.to_string()));
        }
        let schema = read_schema(connection, &root).await?;
        let mut notes = Vec::new();
        if schema.is_empty() {
            notes.push("the server shows no schema: attributes are taken as they come".to_owned());
        }
        let (dialect, lock) = dialect(connection, settings, &root, &schema, &base, &mut notes).await?;
        let mut sentinels = vec![sentinel(connection, dialect.as_ref(), &base).await?];
        let mut bases = Vec::with_capacity(2);
        let configured = [&settings.account_base, &settings.group_base];
        for (configured, (attribute, usual)) in configured.into_iter().zip(dialect.usual_places()) {
            bases.push(match configured {
                Some(own) => {
                    sentinels.push(sentinel(connection, dialect.as_ref(), own).await?);
                    (own.clone(), own.clone())
                }
                None => {
                    let place = base.child(attribute, usual);
                    let there = client::entry(connection, &place.to_string(), vec!["1.1"]).await?.is_some();
                    if there {
                        sentinels.push(sentinel(connection, dialect.as_ref(), &place).await?);
                    }
                    (base.clone(), if there { place } else { base.clone() })
                }
            });
        }
        let (groups, accounts) = (bases.pop().unwrap_or_default(), bases.pop().unwrap_or_default());
        if let Some(bind) = own_entry(settings)
            && let Ok(own) = sentinel(connection, dialect.as_ref(), &bind).await
        {
            sentinels.push(own);
        }
        if let Some(archive) = &settings.archive_base {
            super::archive::check(settings, &accounts.1, &lock)?;
            sentinels.push(sentinel(connection, dialect.as_ref(), archive).await?);
        }
        if let Lock::Branch(branch) = &lock {
            sentinels.push(sentinel(connection, dialect.as_ref(), branch).await?);
        }
        let mut seen = FxHashSet::default();
        sentinels.retain(|sentinel| seen.insert(sentinel.id));
        let group_kind = settings.group_kind.unwrap_or_else(|| dialect.group_kind());
        let rdn = settings.rdn.clone().unwrap_or_else(|| dialect.rdn().to_owned());
        let (account, group) = kinds(settings, dialect.as_ref(), &schema, group_kind, &rdn, accounts, groups);
        let controls = root.texts("supportedControl").into_iter().collect();
        let authorized = super::own::authorized(connection, &root).await?;
        Ok(Server {
            account_classes: settings.account_classes.clone(),
            group_classes: settings.group_classes.clone(),
            dialect,
            schema,
            controls,
            base,
            account,
            group,
            group_kind,
            lock,
            archive: settings.archive_base.clone(),
            authorized,
            rdn,
            sentinels,
            notes,
        })
    }

    /// Whether the server knows a control.
    pub fn offers(&self, oid: &str) -> bool {
        self.controls.contains(oid)
    }

    /// Whether operations can be made to depend on an entry being as it was read.
    pub fn asserts(&self) -> bool {
        self.offers(control::ASSERTION) && self.dialect.version_attribute().is_some()
    }

    /// Where objects of a kind are.
    pub fn kind(&self, account: bool) -> &Kind {
        if account { &self.account } else { &self.group }
    }

    /// Whether the schema says that groups of this kind must have a member.
    pub fn needs_member(&self) -> bool {
        let lineage = self.schema.lineage(self.group_kind.class());
        let member = self.group_kind.member_attribute();
        lineage.iter().any(|class| class.must.iter().any(|name| name.eq_ignore_ascii_case(member)))
    }

    /// In tenure's words.
    pub fn schema(&self) -> Schema {
        Schema {
            account: self.account.attributes.clone(),
            account_open: self.schema.is_empty(),
            group: self.group.attributes.clone(),
            group_open: self.schema.is_empty(),
            ..Schema::default()
        }
    }

    /// What it can do.
    pub fn capabilities(&self, settings: &LdapSettings) -> Capabilities {
        let (key, unique) = self.dialect.account_key(&self.rdn);
        let outlasts = (self.lock != Lock::None).then(|| Symbol::new(&self.dialect.outlasts(&self.lock)));
        Capabilities {
            nested_groups: self.group_kind.by_dn(),
            deactivate: self.lock != Lock::None,
            account_key: Some(Key { attribute: Symbol::new(key), unique, case_exact: false }),
            outlasts,
            ..capabilities(settings)
        }
    }
}

/// What is known without asking a server.
pub fn capabilities(settings: &LdapSettings) -> Capabilities {
    Capabilities {
        groups: true,
        nested_groups: settings.group_kind.is_none_or(GroupKind::by_dn),
        deactivate: settings.lock != Some(Lock::None),
        account_key: Some(Key {
            attribute: Symbol::new(settings.rdn.as_deref().unwrap_or("uid")),
            unique: true,
            case_exact: false,
        }),
        group_key: Some(Key { attribute: Symbol::new("cn"), unique: true, case_exact: false }),
        archive: settings.archive_base.is_some(),
        delete: true,
        batch: BATCH,
        batch_objects: true,
        concurrency: settings.concurrency,
        deadline: client::milliseconds(settings.timeout),
        visibility: client::milliseconds(settings.visibility),
        outlives: client::milliseconds(settings.timeout).min(OUTLIVES),
        ..Capabilities::default()
    }
}

/// For how long a server may still be at operations whose client has died, in milliseconds. Nothing that had not reached it
/// by then will (`Connection` has the kernel drop it). A server drops what it has not begun when a connection ends (OpenLDAP),
/// or ends what it has read: 64 operations at most are in flight on a connection, each a change of one entry; the slowest
/// server that was measured (Samba, 39 a second, each flushed) needs less than two seconds for them.
const OUTLIVES: u64 = 5_000;

/// Orders that travel together: they are in flight at the same time.
const BATCH: usize = 100;

/// The entry below which everything is.
pub(super) fn base(settings: &LdapSettings, root: &RootDse) -> Result<Dn, LdapError> {
    if let Some(base) = &settings.base {
        return Ok(base.clone());
    }
    let mut contexts = root.texts("defaultNamingContext");
    if contexts.is_empty() {
        // cn=accesslog and the like are no places for people.
        contexts = root
            .texts("namingContexts")
            .into_iter()
            .filter(|context| !context.to_ascii_lowercase().starts_with("cn="))
            .collect();
    }
    match contexts.as_slice() {
        [only] => Dn::parse(only)
            .map_err(|what| LdapError::new(format!("the server's naming context {only:?} {what}"), "write the base")),
        [] => Err(LdapError::new("the server names no base", "write base = \"dc=...\" in the system block")),
        several => Err(LdapError::new(
            format!("the server holds {}", several.join(", ")),
            "write one of them, or what is below it, as base in the system block",
        )),
    }
}

/// Which dialect the server speaks, and how accounts are locked there.
async fn dialect(
    connection: &Connection,
    settings: &LdapSettings,
    root: &RootDse,
    schema: &DirectorySchema,
    base: &Dn,
    notes: &mut Vec<String>,
) -> Result<(Arc<dyn Dialect>, Lock), LdapError> {
    if ActiveDirectory::is(root) {
        let (dialect, lock) = ActiveDirectory::discover(settings)?;
        return Ok((Arc::new(dialect), lock));
    }
    let (dialect, lock) = OpenLdap::discover(connection, settings, schema, &root.context_of(base), notes).await?;
    Ok((Arc::new(dialect), lock))
}

async fn read_schema(connection: &Connection, root: &RootDse) -> Result<DirectorySchema, LdapError> {
    let Some(place) = root.texts("subschemaSubentry").into_iter().next() else { return Ok(DirectorySchema::default()) };
    let frame = client::entry(connection, &place, vec!["attributeTypes", "objectClasses"]).await?;
    let Some(frame) = frame else { return Ok(DirectorySchema::default()) };
    let entry = Message::read(&frame).and_then(|message| message.entry()).map_err(|error| connection.odd(&error))?;
    Ok(DirectorySchema::new(entry.texts("attributeTypes"), entry.texts("objectClasses")))
}

fn unseen(dn: &str) -> LdapError {
    LdapError::new(
        format!("{dn} is not there, or the bind name may not see it"),
        "check base, account_base and group_base, and the rights of the bind name",
    )
}

/// Proves that an entry can be seen, with its id.
async fn sentinel(connection: &Connection, dialect: &dyn Dialect, dn: &Dn) -> Result<Sentinel, LdapError> {
    let dn = dn.to_string();
    let frame = client::entry(connection, &dn, vec![dialect.id_attribute()]).await?;
    let Some(frame) = frame else { return Err(unseen(&dn)) };
    let entry = Message::read(&frame).and_then(|message| message.entry()).map_err(|error| connection.odd(&error))?;
    match entry.first(dialect.id_attribute()).and_then(|value| dialect.id(value)) {
        Some(id) => Ok(Sentinel { dn, id }),
        None => Err(LdapError::new(
            format!("{dn} shows no {}", dialect.id_attribute()),
            "give the bind name the right to read it: entries are known by it",
        )),
    }
}

/// The entry that is bound as, where that is a DN.
fn own_entry(settings: &LdapSettings) -> Option<Dn> {
    match &settings.credential {
        super::settings::Credential::Simple { bind, .. } => Dn::parse(bind).ok(),
        _ => None,
    }
}

/// Where accounts and groups are, and what is read of them.
fn kinds(
    settings: &LdapSettings,
    dialect: &dyn Dialect,
    schema: &DirectorySchema,
    group_kind: GroupKind,
    rdn: &str,
    accounts: (Dn, Dn),
    groups: (Dn, Dn),
) -> (Kind, Kind) {
    let parsed = |text: &str| Filter::parse(text).unwrap_or_else(|_| Filter::all());
    let classes = |configured: &[String]| Filter::And(configured.iter().map(|class| Filter::class(class)).collect());
    let account_filter = match (&settings.account_filter, settings.account_classes.as_slice()) {
        (Some(filter), _) => filter.clone(),
        (None, []) => parsed(dialect.account_filter()),
        // New entries have all of these; what has the first is an account whoever made it.
        (None, [first, ..]) => Filter::class(first),
    };
    let group_filter = match (&settings.group_filter, settings.group_classes.as_slice()) {
        (Some(filter), _) => filter.clone(),
        (None, []) => parsed(&dialect.group_filter(group_kind)),
        (None, own) => classes(own),
    };
    let account_class = [dialect.account_class().to_owned()];
    let account_classes =
        if settings.account_classes.is_empty() { &account_class } else { settings.account_classes.as_slice() };
    let group_class = [group_kind.class().to_owned()];
    let group_classes =
        if settings.group_classes.is_empty() { &group_class } else { settings.group_classes.as_slice() };
    let key = dialect.account_key(rdn).0;
    let account = kind(settings, dialect, schema, account_classes, &[rdn, key], &[], accounts, account_filter);
    let group = kind(settings, dialect, schema, group_classes, &["cn"], &MEMBERS, groups, group_filter);
    (account, group)
}

/// What stands for itself in tenure.
const MEMBERS: [&str; 3] = ["member", "uniqueMember", "memberUid"];

#[allow(clippy::too_many_arguments, reason = "called at one place, twice")]
fn kind(
    settings: &LdapSettings,
    dialect: &dyn Dialect,
    schema: &DirectorySchema,
    classes: &[String],
    keys: &[&str],
    apart: &[&str],
    (base, place): (Dn, Dn),
    filter: Filter,
) -> Kind {
    let (own, must) = schema.allowed(classes.iter().map(String::as_str));
    let auxiliary = schema.classes().filter(|class| class.kind == ClassKind::Auxiliary).map(|class| class.name());
    let (more, _) = schema.allowed(auxiliary);
    let mut names: Vec<&str> = own.iter().copied().collect();
    names.sort_unstable();
    let mut others: Vec<&str> = more.iter().copied().filter(|name| !own.contains(name)).collect();
    others.sort_unstable();
    names.extend(others);
    // Keys first: they are looked up most.
    names.sort_by_key(|name| !keys.iter().any(|key| key.eq_ignore_ascii_case(name)));
    let mut attributes = vec![AttributeSchema {
        name: Symbol::new(DN),
        value: AttributeType::DistinguishedName,
        shape: Shape::One,
        mutability: Mutability::ReadWrite,
        case_exact: false,
        required: false,
    }];
    for name in names.into_iter().filter(|name| !apart.iter().any(|apart| apart.eq_ignore_ascii_case(name))) {
        let Some(definition) = schema.attribute(name) else { continue };
        let key = keys.iter().any(|key| key.eq_ignore_ascii_case(name));
        let lowered = lower::attribute(definition, key, must.contains(name), &settings.binary);
        attributes.extend(lowered.map(|mut attribute| {
            if dialect.is_read_only(name) {
                attribute.mutability = Mutability::ReadOnly;
            }
            attribute
        }));
    }
    let types = attributes.iter().map(|attribute| {
        let definition = schema.attribute(attribute.name.as_str());
        let known = Known {
            name: attribute.name,
            value: attribute.value,
            dn: definition.is_some_and(lower::is_dn),
            comparable: dialect.compares_without_rules() || definition.is_none_or(lower::comparable),
        };
        (attribute.name.as_str().to_ascii_lowercase(), known)
    });
    let types: FxHashMap<_, _> = types.collect();
    let select = if schema.is_empty() {
        vec!["*".to_owned()]
    } else {
        let readable = attributes.iter().skip(1).filter(|attribute| attribute.mutability != Mutability::WriteOnly);
        readable.map(|attribute| binary_name(settings, attribute.name.as_str())).collect()
    };
    Kind { base, place, filter, attributes, select, types }
}

/// The name by which an attribute is asked for: with `;binary` where the settings say so (RFC 4522).
fn binary_name(settings: &LdapSettings, name: &str) -> String {
    settings
        .binary
        .iter()
        .find(|own| lower::bare(own).eq_ignore_ascii_case(name))
        .cloned()
        .unwrap_or_else(|| name.to_owned())
}

/// The id in an entry.
pub fn id_of(server: &Server, entry: &Entry<'_>) -> Option<Symbol> {
    entry.first(server.dialect.id_attribute()).and_then(|value| server.dialect.id(value))
}

/// A search for the entries of a kind.
pub fn search_of<'a>(base: &'a str, filter: Filter, attributes: Vec<&'a str>) -> Search<'a> {
    Search { base, scope: Scope::Sub, filter, attributes }
}

/// Whether a DN is that of a sentinel's.
pub fn is_same(a: &str, b: &str) -> bool {
    dn::normal(a) == dn::normal(b)
}
