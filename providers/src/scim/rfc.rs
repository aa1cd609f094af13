//! The schemas of RFC 7643 section 4, for servers that publish none, and for work without a connection.

use super::schema::{Attribute, Kind, ResourceSchema, plain};

/// URN of the User schema.
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// URN of the Group schema.
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// URN of the enterprise extension.
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// URN of PATCH requests (RFC 7644 section 3.5.2).
pub const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// User with the enterprise extension.
pub fn user() -> ResourceSchema {
    let text = |name: &str| plain(name, Kind::Text);
    let complex = |name: &str, parts: &[&str]| Attribute {
        parts: parts.iter().map(|part| text(part)).collect(),
        ..plain(name, Kind::Complex)
    };
    let typed = |name: &str, parts: &[&str]| {
        let mut attribute = complex(name, parts);
        attribute.many = true;
        attribute.parts.extend([text("type"), text("display"), plain("primary", Kind::Bool)]);
        attribute
    };
    let mut attributes = vec![
        Attribute { required: true, unique: true, ..text("userName") },
        complex("name", &["formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix"]),
    ];
    attributes.extend(
        ["displayName", "nickName", "profileUrl", "title", "userType", "preferredLanguage", "locale", "timezone"]
            .map(text),
    );
    attributes.push(plain("active", Kind::Bool));
    attributes.push(Attribute { mutability: state::Mutability::WriteOnly, ..text("password") });
    attributes.extend(
        ["emails", "phoneNumbers", "ims", "photos", "entitlements", "roles", "x509Certificates"]
            .map(|name| typed(name, &["value"])),
    );
    attributes.push(typed("addresses", &["formatted", "streetAddress", "locality", "region", "postalCode", "country"]));
    let mut enterprise: Vec<Attribute> =
        ["employeeNumber", "costCenter", "organization", "division", "department"].map(text).into();
    enterprise.push(complex("manager", &["value", "$ref", "displayName"]));
    ResourceSchema {
        core: USER.to_owned(),
        attributes,
        extensions: vec![(ENTERPRISE.to_owned(), enterprise)],
        published: false,
    }
}

/// Group.
pub fn group() -> ResourceSchema {
    let text = |name: &str| plain(name, Kind::Text);
    let members = Attribute {
        many: true,
        parts: ["value", "$ref", "type", "display"].map(text).into(),
        ..plain("members", Kind::Complex)
    };
    ResourceSchema {
        core: GROUP.to_owned(),
        attributes: vec![Attribute { required: true, ..text("displayName") }, members],
        extensions: Vec::new(),
        published: false,
    }
}
