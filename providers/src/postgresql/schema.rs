//! What a cluster can hold and do.

use state::{AttributeSchema, AttributeType, Capabilities, Key, Mutability, Schema, Shape, Symbol};

use super::settings::Options;

/// PostgreSQL 16: memberships have the options INHERIT and SET, and each who granted it.
pub const MEMBERSHIP_OPTIONS: i32 = 160_000;

/// Attributes of accounts and groups.
const BOTH: [(&str, AttributeType); 8] = [
    ("name", AttributeType::Text),
    ("comment", AttributeType::Text),
    ("createdb", AttributeType::Bool),
    ("createrole", AttributeType::Bool),
    ("inherit", AttributeType::Bool),
    ("replication", AttributeType::Bool),
    ("bypassrls", AttributeType::Bool),
    ("superuser", AttributeType::Bool),
];

/// Attributes of accounts only.
const ACCOUNT: [(&str, AttributeType); 4] = [
    ("connection_limit", AttributeType::Integer),
    ("valid_until", AttributeType::Moment),
    ("config", AttributeType::Object),
    ("password", AttributeType::Text),
];

/// The attributes; `version` is `server_version_num` where it is known.
pub fn schema(options: Option<&Options>, version: Option<i32>) -> Schema {
    let allow_superuser = options.is_some_and(|options| options.allow_superuser);
    let attribute = |(name, value): &(&str, AttributeType)| AttributeSchema {
        name: Symbol::new(name),
        value: *value,
        shape: Shape::One,
        mutability: match *name {
            "password" => Mutability::WriteOnly,
            "superuser" if !allow_superuser => Mutability::ReadOnly,
            _ => Mutability::ReadWrite,
        },
        case_exact: true,
        required: *name == "name",
    };
    let truths = || vec![Symbol::new("false"), Symbol::new("true")];
    // Where the version is not known, the newest: what the server lacks is refused by its reader.
    let options = version.is_none_or(|version| version >= MEMBERSHIP_OPTIONS);
    let qualifiers = ["admin", "inherit", "set"].into_iter().take(if options { 3 } else { 1 });
    Schema {
        account: BOTH.iter().chain(&ACCOUNT).map(attribute).collect(),
        account_open: false,
        group: BOTH.iter().map(attribute).collect(),
        group_open: false,
        qualifiers: qualifiers.map(|name| (Symbol::new(name), truths())).collect(),
        // Each of them reaches beyond what is granted (CREATE ROLE, "Role Attributes"; GRANT, WITH ADMIN OPTION).
        privileged: ["superuser", "createrole", "bypassrls", "replication", "admin"].map(Symbol::new).to_vec(),
        ..super::privileges::read::schema()
    }
}

/// What a cluster can do.
pub fn capabilities(options: Option<&Options>) -> Capabilities {
    let key = Key { attribute: Symbol::new("name"), unique: true, case_exact: true };
    let timeout = options.map_or(30, |options| options.timeout.as_secs());
    Capabilities {
        groups: true,
        nested_groups: true,
        grants: true,
        transfer: true,
        deactivate: true,
        account_key: Some(key),
        group_key: Some(key),
        batch: options.map_or(2_000, |options| options.batch),
        batch_objects: true,
        // One transaction, but a wrong order is left out of it and the others are done.
        atomic: false,
        concurrency: options.map_or(1, |options| options.concurrency),
        deadline: (timeout + 5) * 1_000,
        // What is committed is seen by the next who looks, and the answers come from a look inside the transaction.
        visibility: 0,
        // The one statement that makes anything last is COMMIT. It is sent when the transaction stands in the record, and is
        // asked for then: without one there, nothing was committed, and nothing will be.
        outlives: 0,
        own_fixed: true,
        outlasts: Some(Symbol::new(
            "prepared transactions, and jobs that run as the role without logging in (pg_cron)",
        )),
        ..Capabilities::default()
    }
}
