//! The values of a group's member attribute, also where a server sends them in parts: a part is never taken for all.

use super::client;
use super::connection::Connection;
use super::dialect::Dialect;
use super::error::LdapError;
use super::protocol::Entry;
use super::protocol::message::Message;

/// How often a long list is read from its beginning, where others change it meanwhile.
const ATTEMPTS: usize = 3;

/// What an entry shows of a group's members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    pub values: Vec<String>,
    /// The number of the first value that was not sent; none where these are all.
    pub next: Option<u64>,
}

impl Members {
    /// Of the entry of a group.
    ///
    /// # Errors
    /// Where it cannot be told whether these are all.
    pub fn of(dialect: &dyn Dialect, attribute: &str, entry: &Entry<'_>) -> Result<Members, String> {
        let mut members = Members::default();
        for (name, values) in &entry.attributes {
            match dialect.range(name) {
                Some(part) => {
                    let (bare, next) = part.map_err(|what| format!("{}: {what}", entry.dn))?;
                    if !bare.eq_ignore_ascii_case(attribute) {
                        continue;
                    }
                    members.next = next;
                }
                None if name.eq_ignore_ascii_case(attribute) => {}
                None => continue,
            }
            members.values.extend(values.iter().map(|value| String::from_utf8_lossy(value).into_owned()));
        }
        Ok(members)
    }
}

/// All members of the group with this DN, part by part. Between the first part and the last one the group must not
/// change: values move up when one before them goes, and one would be missed.
pub async fn all_members(
    connection: &Connection,
    dialect: &dyn Dialect,
    attribute: &str,
    dn: &str,
) -> Result<Vec<String>, LdapError> {
    for _ in 0..ATTEMPTS {
        if let Some(values) = unchanged(connection, dialect, attribute, dn).await? {
            return Ok(values);
        }
    }
    Err(LdapError::new(
        format!(
            "{}: {dn} was changed each time while its members were read: what was read is not all",
            connection.place()
        ),
        "try again when nobody changes it",
    ))
}

/// All members; none where the group was changed meanwhile.
async fn unchanged(
    connection: &Connection,
    dialect: &dyn Dialect,
    attribute: &str,
    dn: &str,
) -> Result<Option<Vec<String>>, LdapError> {
    let mark = dialect.version_attribute().unwrap_or("modifyTimestamp");
    let (mut values, mut start, mut version) = (Vec::new(), 0, None);
    loop {
        let name = format!("{attribute};range={start}-*");
        let frame = client::entry(connection, dn, vec![&name, mark]).await?.ok_or_else(|| {
            LdapError::new(format!("{}: {dn} went away while it was read", connection.place()), "try again")
        })?;
        let entry =
            Message::read(&frame).and_then(|message| message.entry()).map_err(|error| connection.odd(&error))?;
        let part = Members::of(dialect, attribute, &entry)
            .map_err(|what| LdapError::new(format!("{}: {what}", connection.place()), "is this Active Directory?"))?;
        let now = entry.text(mark).map(str::to_owned);
        let (empty, next) = (part.values.is_empty(), part.next);
        values.extend(part.values);
        if start == 0 {
            version = now;
        } else if now != version || empty {
            return Ok(None);
        }
        match next {
            None => return Ok(Some(values)),
            Some(next) if next == values.len() as u64 => start = next,
            Some(next) => {
                return Err(LdapError::new(
                    format!(
                        "{}: {dn}: {} members were sent where {next} were announced",
                        connection.place(),
                        values.len()
                    ),
                    "what was read is not all: give the bind name the right to see all members",
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::active_directory::ActiveDirectory;
    use super::super::openldap::OpenLdap;
    use super::*;

    #[test]
    fn members_say_whether_they_are_all() {
        let of = |dialect: &dyn Dialect, name: &str| {
            let attributes = vec![("cn", vec![&b"all"[..]]), (name, vec![&b"CN=a"[..], &b"CN=b"[..]])];
            Members::of(dialect, "member", &Entry { dn: "CN=all", attributes }).map(|all| (all.values.len(), all.next))
        };
        for (name, expected) in [
            ("member", Ok((2, None))),
            ("Member", Ok((2, None))),
            ("member;range=0-1", Ok((2, Some(2)))),
            ("member;range=2-*", Ok((2, None))),
            ("other;range=0-1", Ok((0, None))),
            ("memberOf", Ok((0, None))),
            (
                "member;range=x",
                Err("CN=all: the server answered with `member;range=x`, which is no range of values".to_owned()),
            ),
        ] {
            assert_eq!(of(&ActiveDirectory, name), expected, "{name}");
        }
        assert_eq!(of(&OpenLdap::default(), "member"), Ok((2, None)));
    }
}
