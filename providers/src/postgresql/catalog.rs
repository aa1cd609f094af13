//! Roles and memberships as the catalog holds them.

use std::collections::HashMap;

use state::{Attributes, Symbol, Value};
use tokio_postgres::types::Type;

use super::connection::Session;
use super::failure::Failure;
use super::role::{COLUMNS, Role, TABLES};
use super::schema::MEMBERSHIP_OPTIONS;

/// A row of `pg_auth_members`. From PostgreSQL 16 on one membership may have several, one for each grantor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    pub group: u32,
    pub member: u32,
    pub grantor: u32,
    /// May give the group to others.
    pub admin: bool,
    /// Has the group's privileges without `SET ROLE`; none before PostgreSQL 16, where that is the member's attribute.
    pub inherit: Option<bool>,
    /// May `SET ROLE` to the group; none before PostgreSQL 16.
    pub set: Option<bool>,
}

/// The rows of one membership as its qualifiers: it may what one of them allows.
pub fn qualifiers(rows: &[MemberRow]) -> Attributes {
    let any = |option: fn(&MemberRow) -> Option<bool>| rows.iter().filter_map(option).reduce(|a, b| a || b);
    [("admin", any(|row| Some(row.admin))), ("inherit", any(|row| row.inherit)), ("set", any(|row| row.set))]
        .into_iter()
        .filter_map(|(name, value)| Some((Symbol::new(name), Value::Bool(value?))))
        .collect()
}

/// All roles.
pub async fn roles(session: &Session) -> Result<Vec<Role>, Failure> {
    let rows = session.query(&format!("SELECT {COLUMNS} FROM {TABLES}"), &[]).await?;
    rows.iter().map(|row| Role::from_row(session, row)).collect()
}

/// The roles with these ids or names, by id.
pub async fn some_roles(session: &Session, oids: &[u32], names: &[String]) -> Result<HashMap<u32, Role>, Failure> {
    if oids.is_empty() && names.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE r.oid = ANY($1) OR r.rolname = ANY($2::text[]::name[])");
    let rows = session.query(&sql, &[(&oids, Type::OID_ARRAY), (&names, Type::TEXT_ARRAY)]).await?;
    rows.iter().map(|row| Role::from_row(session, row).map(|role| (role.oid, role))).collect()
}

fn member_columns(session: &Session) -> &'static str {
    match session.version >= MEMBERSHIP_OPTIONS {
        true => "m.roleid, m.member, m.grantor, m.admin_option, m.inherit_option, m.set_option",
        false => "m.roleid, m.member, m.grantor, m.admin_option, NULL::bool, NULL::bool",
    }
}

fn member_row(session: &Session, row: &tokio_postgres::Row) -> Result<MemberRow, Failure> {
    Ok(MemberRow {
        group: session.get(row, 0)?,
        member: session.get(row, 1)?,
        grantor: session.get(row, 2)?,
        admin: session.get(row, 3)?,
        inherit: session.get(row, 4)?,
        set: session.get(row, 5)?,
    })
}

/// All memberships.
pub async fn members(session: &Session) -> Result<Vec<MemberRow>, Failure> {
    let columns = member_columns(session);
    let rows = session.query(&format!("SELECT {columns} FROM pg_auth_members m"), &[]).await?;
    rows.iter().map(|row| member_row(session, row)).collect()
}

/// These memberships, by group and member.
pub async fn some_members(
    session: &Session,
    places: &[(u32, u32)],
) -> Result<HashMap<(u32, u32), Vec<MemberRow>>, Failure> {
    let mut members: HashMap<(u32, u32), Vec<MemberRow>> = HashMap::new();
    if places.is_empty() {
        return Ok(members);
    }
    let (groups, people): (Vec<u32>, Vec<u32>) = places.iter().copied().unzip();
    let columns = member_columns(session);
    let sql = format!(
        "SELECT {columns} FROM pg_auth_members m \
         JOIN (SELECT DISTINCT * FROM unnest($1::oid[], $2::oid[])) AS asked (roleid, member) USING (roleid, member)"
    );
    for row in session.query(&sql, &[(&groups, Type::OID_ARRAY), (&people, Type::OID_ARRAY)]).await? {
        let row = member_row(session, &row)?;
        members.entry((row.group, row.member)).or_default().push(row);
    }
    Ok(members)
}

/// How many rows there are in all: roles, memberships.
pub async fn counts(session: &Session) -> Result<(i64, i64), Failure> {
    let rows =
        session.query("SELECT (SELECT count(*) FROM pg_roles), (SELECT count(*) FROM pg_auth_members)", &[]).await?;
    let Some(row) = rows.first() else {
        return Err(Failure::new(
            format!("{}: a count has no row", session.place()),
            "report this as a defect of tenure",
        ));
    };
    Ok((session.get(row, 0)?, session.get(row, 1)?))
}
