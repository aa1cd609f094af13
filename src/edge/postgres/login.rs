//! As whom and how to connect, as libpq would find it: the address, then the environment (PGHOST, PGPORT, PGDATABASE,
//! PGUSER, PGPASSWORD, PGSSLMODE, ...), then the password file (PostgreSQL documentation, 34.15 and 34.16).

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use providers::Settings;
use providers::sql::{Client, Options};
use state::{Symbol, Value};

use super::Table;
use crate::edge::Failure;

/// What connects to the database of `table`.
///
/// # Errors
/// Where address and environment do not make up a connection.
pub fn client(table: &Table) -> Result<Client, Failure> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let whole = whole(table, &set);
    let mut values =
        vec![("url", format!("postgres://{}@{}:{}/{}", whole.user, whole.host, whole.port, whole.database))];
    for (name, variable) in
        [("sslmode", "PGSSLMODE"), ("sslrootcert", "PGSSLROOTCERT"), ("sslcert", "PGSSLCERT"), ("sslkey", "PGSSLKEY")]
    {
        let own = table.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        values.extend(own.or_else(|| set(variable)).map(|value| (name, value)));
    }
    let values =
        values.into_iter().map(|(name, value)| (Symbol::new(name), Value::Text(Symbol::new(&value)))).collect();
    let password = match set("PGPASSWORD") {
        Some(password) => Some(password),
        None => passfile(&set, &whole)?,
    };
    let secrets = password.map(|password| (Symbol::new("password"), password)).into_iter().collect();
    let folder = std::env::current_dir().unwrap_or_default();
    let settings = Settings { system: "state".to_owned(), folder, values, secrets };
    let options = Options::read(&settings).map_err(|error| {
        let hint = match error.setting.as_str() {
            "sslmode" => "use verify-full (PGSSLMODE), with PGSSLROOTCERT for an authority of your own".to_owned(),
            _ => error.hint,
        };
        Failure::new(format!("{table}: {} {}", error.setting, error.what)).hint(hint)
    })?;
    Client::writing(Arc::new(options))
        .map_err(|error| Failure::new(format!("{table}: {}", error.message)).hint(error.hint))
}

/// Everything that a connection needs.
#[derive(Debug, PartialEq, Eq)]
struct Whole {
    user: String,
    /// As in the address: an IPv6 address stands in brackets.
    host: String,
    port: String,
    database: String,
}

fn whole(table: &Table, set: &impl Fn(&str) -> Option<String>) -> Whole {
    let (place, database) = table.authority.split_once('/').unwrap_or((&table.authority, ""));
    let (user, place) = place.rsplit_once('@').map_or(("", place), |(user, place)| (user, place));
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (place, ""),
    };
    let or = |own: &str, variable: &str, otherwise: &str| match own {
        "" => set(variable).unwrap_or_else(|| otherwise.to_owned()),
        own => own.to_owned(),
    };
    let user = or(user, "PGUSER", &set("USER").unwrap_or_else(|| "postgres".to_owned()));
    let database = or(database, "PGDATABASE", &user);
    Whole { host: or(host, "PGHOST", "localhost"), port: or(port, "PGPORT", "5432"), database, user }
}

/// The password in PGPASSFILE or ~/.pgpass.
fn passfile(set: &impl Fn(&str) -> Option<String>, whole: &Whole) -> Result<Option<String>, Failure> {
    let named = set("PGPASSFILE").map(PathBuf::from);
    let Some(path) = named.or_else(|| Some(PathBuf::from(set("HOME")?).join(".pgpass"))) else { return Ok(None) };
    let Ok(metadata) = std::fs::metadata(&path) else { return Ok(None) };
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(Failure::new(format!("the password file {} can be read by others", path.display()))
            .hint(format!("chmod 0600 {}", path.display())));
    }
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Failure::new(format!("cannot read the password file {}: {error}", path.display())))?;
    Ok(password(&text, whole))
}

/// `HOST:PORT:DATABASE:USER:PASSWORD`, each but the last may be `*`; `\` takes the meaning from `:` and `\`.
fn password(text: &str, whole: &Whole) -> Option<String> {
    let host = whole.host.trim_start_matches('[').trim_end_matches(']');
    let sought = [host, &whole.port, &whole.database, &whole.user];
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut fields = vec![String::new()];
        let mut letters = line.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => fields.last_mut()?.extend(letters.next()),
                ':' if fields.len() < 5 => fields.push(String::new()),
                letter => fields.last_mut()?.push(letter),
            }
        }
        let fits =
            fields.len() == 5 && fields.iter().zip(sought).all(|(field, sought)| field == "*" || field == sought);
        if fits { fields.pop() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        Table::parse(text).unwrap()
    }

    #[test]
    fn what_the_address_leaves_out_the_environment_says() {
        let set = |name: &str| match name {
            "PGHOST" => Some("db.acme".to_owned()),
            "PGUSER" => Some("ci".to_owned()),
            _ => None,
        };
        let shown = |text: &str| {
            let Whole { user, host, port, database } = whole(&table(text), &set);
            format!("{user} {host} {port} {database}")
        };
        assert_eq!(shown("postgres:///?table=t"), "ci db.acme 5432 ci");
        assert_eq!(shown("postgres://ada@h:5433/iam?table=t"), "ada h 5433 iam");
        assert_eq!(shown("postgres://[::1]:5433/iam?table=t"), "ci [::1] 5433 iam");
        assert_eq!(shown("postgres://[::1]/iam?table=t"), "ci [::1] 5432 iam");
    }

    #[test]
    fn passwords_are_found_as_libpq_finds_them() {
        let whole = |host: &str| Whole {
            user: "ci".to_owned(),
            host: host.to_owned(),
            port: "5432".to_owned(),
            database: "iam".to_owned(),
        };
        let text = "# db:*:*:*:no\nother:5432:iam:ci:no\ndb:5432:iam:ci:a\\:b\\\\:c\n*:*:*:*:all\n";
        assert_eq!(password(text, &whole("db")).as_deref(), Some("a:b\\:c"));
        assert_eq!(password(text, &whole("[::1]")).as_deref(), Some("all"));
        assert_eq!(password("db:5432:iam:ci", &whole("db")), None);
    }
}
