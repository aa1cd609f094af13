//! What Users and Groups are made of here: RFC 7643 sections 4.1 to 4.3, without what a source of people has no use for
//! (passwords), and how that is published (section 7).

use std::sync::LazyLock;

use serde_json::{Value, json};
use state::Mutability;

use super::path::Name;
use super::refusal::{Refusal, quoted};
use crate::scim::json::Json;
use crate::scim::rfc;
use crate::scim::schema::{Attribute, Kind as Type, ResourceSchema, find, plain};

/// The two kinds of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Kind {
    User,
    Group,
}

impl Kind {
    pub const ALL: [Kind; 2] = [Kind::User, Kind::Group];

    /// `User`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::User => "User",
            Kind::Group => "Group",
        }
    }

    /// `Users`: the segment of its URLs.
    pub fn segment(self) -> &'static str {
        match self {
            Kind::User => "Users",
            Kind::Group => "Groups",
        }
    }

    /// What it is made of.
    pub fn schema(self) -> &'static ResourceSchema {
        match self {
            Kind::User => &USER,
            Kind::Group => &GROUP,
        }
    }

    /// The attribute that no two of the kind share.
    pub fn key(self) -> &'static str {
        match self {
            Kind::User => "userName",
            Kind::Group => "displayName",
        }
    }
}

/// Attributes of every resource that no schema lists (RFC 7643 section 3.1).
static COMMON: LazyLock<Vec<Attribute>> = LazyLock::new(|| {
    let exact = |name: &str, kind| Attribute { case_exact: true, ..plain(name, kind) };
    let fixed = |attribute: Attribute| Attribute { mutability: Mutability::ReadOnly, ..attribute };
    let meta = vec![
        fixed(exact("resourceType", Type::Text)),
        fixed(plain("created", Type::Moment)),
        fixed(plain("lastModified", Type::Moment)),
        fixed(exact("location", Type::Reference)),
        fixed(exact("version", Type::Text)),
    ];
    vec![
        fixed(exact("id", Type::Text)),
        exact("externalId", Type::Text),
        fixed(Attribute { parts: meta, ..plain("meta", Type::Complex) }),
        fixed(Attribute { many: true, ..exact("schemas", Type::Reference) }),
    ]
});

static USER: LazyLock<ResourceSchema> = LazyLock::new(|| {
    let mut user = rfc::user();
    user.published = true;
    user.attributes.retain(|attribute| attribute.name != "password");
    for attribute in user.attributes.iter_mut() {
        match attribute.name.as_str() {
            "profileUrl" => refers(attribute, &["external"]),
            "photos" => part(attribute, "value", |part| refers(part, &["external"])),
            "x509Certificates" => part(attribute, "value", |part| {
                part.kind = Type::Binary;
                part.case_exact = true;
            }),
            _ => {}
        }
    }
    let groups = ["value", "$ref", "display", "type"].map(|name| plain(name, Type::Text));
    let mut groups = Attribute { many: true, parts: groups.into(), ..plain("groups", Type::Complex) };
    part(&mut groups, "$ref", |part| refers(part, &["Group"]));
    part(&mut groups, "value", |part| part.case_exact = true);
    part(&mut groups, "type", |part| part.values = vec!["direct".into(), "indirect".into()]);
    fix(&mut groups);
    user.attributes.push(groups);
    for (_, attributes) in &mut user.extensions {
        for manager in attributes.iter_mut().filter(|attribute| attribute.name == "manager") {
            part(manager, "value", |part| part.case_exact = true);
            part(manager, "$ref", |part| refers(part, &["User"]));
            part(manager, "$ref", fix);
            part(manager, "displayName", fix);
        }
    }
    user
});

static GROUP: LazyLock<ResourceSchema> = LazyLock::new(|| {
    let mut group = rfc::group();
    group.published = true;
    for attribute in group.attributes.iter_mut() {
        if attribute.name == "displayName" {
            attribute.unique = true;
        } else {
            let once = |part: &mut Attribute| part.mutability = Mutability::Immutable;
            part(attribute, "value", |part| part.case_exact = true);
            part(attribute, "value", once);
            part(attribute, "type", once);
            part(attribute, "type", |part| part.values = vec!["User".into(), "Group".into()]);
            part(attribute, "$ref", |part| refers(part, &["User", "Group"]));
            part(attribute, "$ref", fix);
            part(attribute, "display", fix);
        }
    }
    group
});

fn part(of: &mut Attribute, name: &str, change: impl FnOnce(&mut Attribute)) {
    if let Some(part) = of.parts.iter_mut().find(|part| part.name == name) {
        change(part);
    }
}

fn refers(attribute: &mut Attribute, to: &[&str]) {
    attribute.kind = Type::Reference;
    attribute.case_exact = true;
    attribute.values = to.iter().map(|to| (*to).to_owned()).collect();
}

fn fix(attribute: &mut Attribute) {
    attribute.mutability = Mutability::ReadOnly;
    attribute.parts.iter_mut().for_each(fix);
}

/// A written name, found in a schema.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// An attribute of the core schema, or a common one.
    Core(Found),
    /// An attribute of an extension (its URN as the schema writes it).
    Extension(String, Found),
    /// A whole extension.
    Whole(String),
    /// An attribute of an extension that is not known: taken as it comes.
    Open { urn: String, attribute: String, part: Option<String> },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub attribute: &'static Attribute,
    pub part: Option<&'static Attribute>,
}

/// Finds a written name.
///
/// # Errors
/// What is not there, for people.
pub fn find_place(kind: Kind, name: &Name) -> Result<Place, String> {
    let schema = kind.schema();
    let found = |attributes: &'static [Attribute], attribute: &str| {
        let own = find(attributes, attribute).ok_or_else(|| missing(kind, attribute))?;
        let part = match &name.part {
            None => None,
            Some(part) => Some(own.part(part).ok_or_else(|| missing(kind, &format!("{attribute}.{part}")))?),
        };
        Ok::<_, String>(Found { attribute: own, part })
    };
    match (&name.urn, &name.attribute) {
        (None, None) => Err(missing(kind, "")),
        (None, Some(attribute)) if find(&COMMON, attribute).is_some() => found(&COMMON, attribute).map(Place::Core),
        (None, Some(attribute)) => found(&schema.attributes, attribute).map(Place::Core),
        (Some(urn), Some(attribute)) if urn.eq_ignore_ascii_case(&schema.core) => {
            let attributes = if find(&COMMON, attribute).is_some() { &*COMMON } else { &schema.attributes };
            found(attributes, attribute).map(Place::Core)
        }
        (Some(urn), attribute) => match (schema.extension(urn), attribute) {
            (Some((urn, attributes)), Some(attribute)) => {
                Ok(Place::Extension(urn.clone(), found(attributes, attribute)?))
            }
            (Some((urn, _)), None) => Ok(Place::Whole(urn.clone())),
            (None, _) if is_foreign(urn) => Err(format!("{} is a schema of another kind of resource", quoted(urn))),
            (None, Some(attribute)) => {
                Ok(Place::Open { urn: urn.clone(), attribute: attribute.clone(), part: name.part.clone() })
            }
            (None, None) => Ok(Place::Whole(urn.clone())),
        },
    }
}

fn missing(kind: Kind, name: &str) -> String {
    format!("a {} has no attribute {}", kind.name(), quoted(name))
}

/// Whether a URN is that of a schema of the RFCs, which is no extension that a client could bring.
pub fn is_foreign(urn: &str) -> bool {
    let core = Kind::ALL.iter().any(|kind| kind.schema().core.eq_ignore_ascii_case(urn));
    core || urn.eq_ignore_ascii_case(rfc::ENTERPRISE)
        || urn.to_ascii_lowercase().starts_with("urn:ietf:params:scim:api:")
}

/// All schemas as they are published.
pub fn published(base: &str) -> Vec<Json> {
    let mut all = Vec::new();
    for kind in Kind::ALL {
        let schema = kind.schema();
        let description = match kind {
            Kind::User => "A person, as the source of people knows them",
            Kind::Group => "A set of people and groups",
        };
        all.push(document(base, &schema.core, kind.name(), description, &schema.attributes));
        for (urn, attributes) in &schema.extensions {
            all.push(document(base, urn, "EnterpriseUser", "A person's place in an organisation", attributes));
        }
    }
    all
}

fn document(base: &str, urn: &str, name: &str, description: &str, attributes: &[Attribute]) -> Json {
    let document = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": urn,
        "name": name,
        "description": description,
        "attributes": attributes.iter().map(publish).collect::<Vec<_>>(),
        "meta": {"resourceType": "Schema", "location": format!("{base}/Schemas/{urn}")},
    });
    match document {
        Value::Object(document) => document,
        _ => Json::new(),
    }
}

fn publish(attribute: &Attribute) -> Value {
    let kind = match attribute.kind {
        Type::Text => "string",
        Type::Bool => "boolean",
        Type::Decimal => "decimal",
        Type::Integer => "integer",
        Type::Moment => "dateTime",
        Type::Binary => "binary",
        Type::Reference => "reference",
        Type::Complex => "complex",
    };
    let mutability = match attribute.mutability {
        Mutability::ReadWrite => "readWrite",
        Mutability::ReadOnly => "readOnly",
        Mutability::Immutable => "immutable",
        Mutability::WriteOnly => "writeOnly",
    };
    let mut document = json!({
        "name": attribute.name,
        "type": kind,
        "multiValued": attribute.many,
        "description": format!("RFC 7643: {}", attribute.name),
        "required": attribute.required,
        "caseExact": attribute.case_exact,
        "mutability": mutability,
        "returned": "default",
        "uniqueness": if attribute.unique { "server" } else { "none" },
    });
    if let Some(document) = document.as_object_mut() {
        if !attribute.parts.is_empty() {
            document.insert("subAttributes".into(), attribute.parts.iter().map(publish).collect());
        }
        if !attribute.values.is_empty() {
            let name = if attribute.kind == Type::Reference { "referenceTypes" } else { "canonicalValues" };
            document.insert(name.into(), attribute.values.iter().map(String::as_str).collect());
        }
    }
    document
}

/// An attribute that cannot be set by clients.
///
/// # Errors
/// 400 `mutability`.
pub fn is_writable(attribute: &Attribute) -> Result<(), Refusal> {
    match attribute.mutability {
        Mutability::ReadOnly => {
            Err(Refusal::bad("mutability", format!("{} is set by the server alone", attribute.name)))
        }
        _ => Ok(()),
    }
}
