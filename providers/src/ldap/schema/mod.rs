//! The schema that a server publishes (RFC 4512 section 4.2): [`definition`] reads its texts, [`lower`] says it in
//! tenure's words.

pub mod definition;
pub mod lower;

use rustc_hash::{FxHashMap, FxHashSet};

pub use definition::{AttributeType, ClassKind, ObjectClass};

/// The attribute types and object classes of a server.
#[derive(Clone, Debug, Default)]
pub struct DirectorySchema {
    attributes: Vec<AttributeType>,
    classes: Vec<ObjectClass>,
    /// Places of attributes by each of their names and their number, in lower case.
    attribute_names: FxHashMap<String, usize>,
    class_names: FxHashMap<String, usize>,
}

impl DirectorySchema {
    /// Out of the values of `attributeTypes` and `objectClasses`. What cannot be read is passed over: it can then not be
    /// used, and nothing else depends on it.
    pub fn new<'a>(
        attributes: impl Iterator<Item = &'a str>,
        classes: impl Iterator<Item = &'a str>,
    ) -> DirectorySchema {
        let mut schema = DirectorySchema {
            attributes: attributes.filter_map(AttributeType::read).collect(),
            classes: classes.filter_map(ObjectClass::read).collect(),
            ..DirectorySchema::default()
        };
        for (place, attribute) in schema.attributes.iter().enumerate() {
            for name in attribute.names.iter().chain([&attribute.oid]) {
                schema.attribute_names.entry(name.to_ascii_lowercase()).or_insert(place);
            }
        }
        for (place, class) in schema.classes.iter().enumerate() {
            for name in class.names.iter().chain([&class.oid]) {
                schema.class_names.entry(name.to_ascii_lowercase()).or_insert(place);
            }
        }
        schema.inherit();
        schema
    }

    /// Whether the server published nothing.
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty()
    }

    /// An attribute type by one of its names, without options such as `;binary`.
    pub fn attribute(&self, name: &str) -> Option<&AttributeType> {
        let name = name.split(';').next().unwrap_or(name);
        self.attribute_names.get(&name.to_ascii_lowercase()).and_then(|place| self.attributes.get(*place))
    }

    /// An object class by one of its names.
    pub fn class(&self, name: &str) -> Option<&ObjectClass> {
        self.class_names.get(&name.to_ascii_lowercase()).and_then(|place| self.classes.get(*place))
    }

    /// All object classes.
    pub fn classes(&self) -> impl Iterator<Item = &ObjectClass> {
        self.classes.iter()
    }

    /// A class and all above it.
    pub fn lineage(&self, name: &str) -> Vec<&ObjectClass> {
        let mut found: Vec<&ObjectClass> = Vec::new();
        let mut next: Vec<&ObjectClass> = self.class(name).into_iter().collect();
        while let Some(class) = next.pop() {
            if !found.iter().any(|own| own.oid == class.oid) {
                found.push(class);
                next.extend(class.superiors.iter().filter_map(|name| self.class(name)));
            }
        }
        found
    }

    /// The canonical names of what entries of these classes may hold; second, of what they must.
    pub fn allowed<'c>(&self, classes: impl Iterator<Item = &'c str>) -> (FxHashSet<&str>, FxHashSet<&str>) {
        let (mut may, mut must) = (FxHashSet::default(), FxHashSet::default());
        for class in classes.flat_map(|name| self.lineage(name)) {
            may.extend(class.may.iter().filter_map(|name| self.attribute(name)).map(AttributeType::name));
            must.extend(class.must.iter().filter_map(|name| self.attribute(name)).map(AttributeType::name));
        }
        may.extend(must.iter().copied());
        (may, must)
    }

    /// Attribute types have the syntax and the matching rule of those above them where they name none.
    fn inherit(&mut self) {
        for place in 0..self.attributes.len() {
            let (mut syntax, mut equality) = (None, None);
            let mut at = Some(place);
            // No chain is longer than there are types: a circle ends.
            for _ in 0..self.attributes.len() {
                let Some(attribute) = at.and_then(|at| self.attributes.get(at)) else { break };
                syntax = syntax.or_else(|| attribute.syntax.clone());
                equality = equality.or_else(|| attribute.equality.clone());
                if syntax.is_some() && equality.is_some() {
                    break;
                }
                let above = attribute.superior.as_ref();
                at = above.and_then(|name| self.attribute_names.get(&name.to_ascii_lowercase()).copied());
            }
            if let Some(attribute) = self.attributes.get_mut(place) {
                (attribute.syntax, attribute.equality) = (syntax, equality);
            }
        }
    }
}
