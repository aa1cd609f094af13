//! SCIM attribute definitions (RFC 7643 section 7) and what tenure makes of them.

use state::{AttributeSchema, AttributeType, Mutability, Shape, Symbol};

use super::json::{self, Json};

/// An attribute as `/Schemas` defines it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    pub name: String,
    pub kind: Kind,
    pub many: bool,
    pub required: bool,
    pub case_exact: bool,
    pub mutability: Mutability,
    /// Whether the server refuses a second object with the same value (`server` or `global`).
    pub unique: bool,
    /// `returned` is `request`: it comes only when it is asked for.
    pub on_request: bool,
    /// `referenceTypes` and `canonicalValues`, together.
    pub values: Vec<String>,
    pub parts: Vec<Attribute>,
}

/// The data types of RFC 7643 section 2.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Bool,
    Decimal,
    Integer,
    Moment,
    Binary,
    Reference,
    Complex,
}

impl Attribute {
    /// A definition out of a schema; none where it has no name.
    pub fn read(object: &Json) -> Option<Attribute> {
        let kind = match json::text(object, "type").unwrap_or("string").to_ascii_lowercase().as_str() {
            "boolean" => Kind::Bool,
            "decimal" => Kind::Decimal,
            "integer" => Kind::Integer,
            "datetime" => Kind::Moment,
            "binary" => Kind::Binary,
            "reference" => Kind::Reference,
            "complex" => Kind::Complex,
            _ => Kind::Text,
        };
        let is =
            |name: &str, value: &str| json::text(object, name).is_some_and(|text| text.eq_ignore_ascii_case(value));
        let strings = |name: &str| {
            let list = json::member(object, name).and_then(serde_json::Value::as_array);
            list.into_iter().flatten().filter_map(serde_json::Value::as_str).map(str::to_owned)
        };
        Some(Attribute {
            name: json::text(object, "name").filter(|name| !name.is_empty())?.to_owned(),
            kind,
            many: json::truth(object, "multiValued").unwrap_or(false),
            required: json::truth(object, "required").unwrap_or(false),
            case_exact: json::truth(object, "caseExact").unwrap_or(false),
            mutability: if is("mutability", "readOnly") {
                Mutability::ReadOnly
            } else if is("mutability", "immutable") {
                Mutability::Immutable
            } else if is("mutability", "writeOnly") {
                Mutability::WriteOnly
            } else {
                Mutability::ReadWrite
            },
            unique: is("uniqueness", "server") || is("uniqueness", "global"),
            on_request: is("returned", "request"),
            values: strings("referenceTypes").chain(strings("canonicalValues")).collect(),
            parts: json::objects(object, "subAttributes")
                .unwrap_or_default()
                .into_iter()
                .filter_map(Attribute::read)
                .collect(),
        })
    }

    /// The sub-attribute `name`.
    pub fn part(&self, name: &str) -> Option<&Attribute> {
        find(&self.parts, name)
    }

    /// How its values are compared: e-mails and the like by `type`, other lists as sets (RFC 7643 section 2.4: the
    /// order says nothing).
    pub fn shape(&self) -> Shape {
        const TYPED: [&str; 5] = ["emails", "phoneNumbers", "addresses", "ims", "photos"];
        if !self.many {
            Shape::One
        } else if TYPED.iter().any(|name| self.name.eq_ignore_ascii_case(name))
            && self.part("type").is_some_and(|part| part.mutability != Mutability::ReadOnly)
        {
            Shape::Keyed(Symbol::new("type"))
        } else {
            Shape::Set
        }
    }

    /// This attribute and its parts, in tenure's words; `prefix` stands before its name (`name.`).
    ///
    /// Most schemas say of every text that its case does not matter. That is how servers search; a name in the wrong
    /// case is still to be mended. So it counts for identifiers and e-mail addresses only, which servers do fold.
    fn lower(&self, prefix: &str, to: &mut Vec<AttributeSchema>) {
        let name = format!("{prefix}{}", self.name);
        to.push(AttributeSchema {
            name: Symbol::new(&name),
            value: match self.kind {
                Kind::Text | Kind::Reference => AttributeType::Text,
                Kind::Bool => AttributeType::Bool,
                Kind::Decimal => AttributeType::Number,
                Kind::Integer => AttributeType::Integer,
                Kind::Moment => AttributeType::Moment,
                Kind::Binary => AttributeType::Binary,
                Kind::Complex => AttributeType::Object,
            },
            shape: self.shape(),
            mutability: self.mutability,
            case_exact: self.case_exact || !(self.unique || prefix.eq_ignore_ascii_case("emails.")),
            required: self.required,
        });
        for part in &self.parts {
            part.lower(&format!("{name}."), to);
        }
    }
}

/// The attribute `name`, without regard to case.
pub fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// The attributes of a kind of resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceSchema {
    /// URN of the core schema.
    pub core: String,
    pub attributes: Vec<Attribute>,
    /// Extensions by URN.
    pub extensions: Vec<(String, Vec<Attribute>)>,
    /// Whether the server published it; else it is what RFC 7643 says.
    pub published: bool,
}

/// What stands for itself in tenure, or is the server's own business.
const APART: [&str; 6] = ["id", "meta", "schemas", "groups", "members", "active"];

/// Whether an attribute of a resource is none of the attributes that tenure manages.
pub fn is_apart(name: &str) -> bool {
    APART.iter().any(|apart| name.eq_ignore_ascii_case(apart))
}

impl ResourceSchema {
    /// In tenure's words.
    pub fn lower(&self) -> Vec<AttributeSchema> {
        let mut lowered = Vec::new();
        // A common attribute (RFC 7643 section 3.1): there without being listed.
        if find(&self.attributes, "externalId").is_none() {
            let external = Attribute { case_exact: true, ..plain("externalId", Kind::Text) };
            external.lower("", &mut lowered);
        }
        for attribute in self.attributes.iter().filter(|attribute| !is_apart(&attribute.name)) {
            attribute.lower("", &mut lowered);
        }
        for (urn, attributes) in &self.extensions {
            Attribute { parts: attributes.clone(), ..plain(urn, Kind::Complex) }.lower("", &mut lowered);
        }
        lowered
    }

    /// The attributes of the extension `urn`.
    pub fn extension(&self, urn: &str) -> Option<&(String, Vec<Attribute>)> {
        self.extensions.iter().find(|(own, _)| own.eq_ignore_ascii_case(urn))
    }
}

/// An optional attribute of one value.
pub fn plain(name: &str, kind: Kind) -> Attribute {
    Attribute {
        name: name.to_owned(),
        kind,
        many: false,
        required: false,
        case_exact: false,
        mutability: Mutability::ReadWrite,
        unique: false,
        on_request: false,
        values: Vec::new(),
        parts: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_matters_but_for_identifiers_and_addresses() {
        let lowered = crate::scim::rfc::user().lower();
        let folded: Vec<&str> =
            lowered.iter().filter(|attribute| !attribute.case_exact).map(|attribute| attribute.name.as_str()).collect();
        assert_eq!(folded, ["userName", "emails.value", "emails.type", "emails.display", "emails.primary"]);
    }

    #[test]
    fn a_definition_is_read_whatever_the_case_and_with_defaults() {
        let json: serde_json::Value = serde_json::from_str(
            r#"{"name": "emails", "TYPE": "complex", "multiValued": true, "subAttributes": [
                {"name": "value", "caseExact": true, "uniqueness": "server"}, {"name": "type", "mutability": "readWrite"}, {}]}"#,
        )
        .unwrap();
        let emails = Attribute::read(json.as_object().unwrap()).unwrap();
        assert_eq!(emails.shape(), Shape::Keyed(Symbol::new("type")));
        assert_eq!(
            emails.parts.iter().map(|part| (part.name.as_str(), part.case_exact, part.unique)).collect::<Vec<_>>(),
            [("value", true, true), ("type", false, false)]
        );
    }
}
