//! What a system block says: where the cluster is, as whom to connect, and how far tenure may go.

use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use reqwest::Url;
use state::{Symbol, Value};

use crate::http::Secret;
use crate::http::settings::{bool_of, number, secret, text_of, value_of, wrong};
use crate::provider::{SettingError, SettingSchema, SettingType, Settings};

/// The settings of a system block.
pub const SETTINGS: [SettingSchema; 18] = [
    setting("url", SettingType::Text, true, "postgres://USER@HOST:PORT/DATABASE, the database that tenure connects to"),
    setting("password", SettingType::Secret, false, "password of the user in url"),
    setting("write_user", SettingType::Text, false, "role that apply connects as [the user in url]"),
    setting("write_password", SettingType::Secret, false, "password of write_user"),
    setting("databases", SettingType::Any, false, "databases whose privileges and owners are looked at [all]"),
    setting("allow_superuser", SettingType::Bool, false, "let files make superusers [false]"),
    setting("sslmode", SettingType::Text, false, "as in libpq [verify-full; on this machine prefer]"),
    setting("sslrootcert", SettingType::Text, false, "PEM file of the authorities to trust [the machine's own]"),
    setting("ca_file", SettingType::Text, false, "the same as sslrootcert"),
    setting("sslcert", SettingType::Text, false, "PEM file of the client's certificate"),
    setting("sslkey", SettingType::Text, false, "PEM file of its key"),
    setting("timeout", SettingType::Integer, false, "seconds until a statement counts as lost [30]"),
    setting("lock_timeout", SettingType::Integer, false, "seconds to wait for other sessions' locks [5]"),
    setting("concurrency", SettingType::Integer, false, "transactions at once [1]"),
    setting("batch", SettingType::Integer, false, "changes in one transaction at most [2000]"),
    setting(
        "server_log",
        SettingType::Bool,
        false,
        "read the server's own log, so that drift tells who and when [false]",
    ),
    setting("server_log_limit", SettingType::Integer, false, "MiB of that log to read at most [16]"),
    setting("insecure", SettingType::Bool, false, "allow an unverified connection to other machines [false]"),
];

const fn setting(name: &'static str, value: SettingType, required: bool, help: &'static str) -> SettingSchema {
    SettingSchema { name, value, required, help }
}

/// What is wrong with the settings by themselves.
pub fn check(settings: &Settings) -> Vec<SettingError> {
    Options::read(settings).err().into_iter().collect()
}

/// How far TLS is asked for and checked, as libpq's `sslmode` (PostgreSQL documentation, 34.19.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl SslMode {
    const ALL: [(&'static str, SslMode); 6] = [
        ("disable", SslMode::Disable),
        ("allow", SslMode::Allow),
        ("prefer", SslMode::Prefer),
        ("require", SslMode::Require),
        ("verify-ca", SslMode::VerifyCa),
        ("verify-full", SslMode::VerifyFull),
    ];

    /// Whether the server must prove who it is.
    pub fn verifies(self) -> bool {
        matches!(self, SslMode::VerifyCa | SslMode::VerifyFull)
    }
}

/// As whom to connect.
#[derive(Clone, Debug)]
pub struct Login {
    pub user: String,
    pub password: Option<Secret>,
}

/// A system block, checked.
#[derive(Clone, Debug)]
pub struct Options {
    /// The system's name, for messages.
    pub system: String,
    /// A host name, an address, or the folder of a Unix socket (begins with `/`).
    pub host: String,
    pub port: u16,
    /// The database for everything that belongs to the cluster.
    pub database: String,
    /// Whoever reads.
    pub reader: Login,
    /// Whoever writes.
    pub writer: Login,
    /// The databases in scope; none: all that take connections.
    pub databases: Option<Vec<String>>,
    pub allow_superuser: bool,
    pub sslmode: SslMode,
    /// Authorities to trust in place of the machine's own.
    pub root_certificates: Option<PathBuf>,
    /// The client's certificate and key.
    pub client_certificate: Option<(PathBuf, PathBuf)>,
    /// For each statement.
    pub timeout: Duration,
    pub lock_timeout: Duration,
    pub concurrency: usize,
    /// Changes in one transaction at most.
    pub batch: usize,
    /// Bytes of the server's own log to read at most; none where it is not read.
    pub server_log: Option<u64>,
}

impl Options {
    /// Reads the settings of a system block; nothing outside is touched.
    pub fn read(settings: &Settings) -> Result<Options, SettingError> {
        let text = text_of(settings, "url")?.ok_or_else(|| wrong(settings, "url", "is not set", URL_HINT))?;
        let url = Address::parse(settings, &text)?;
        let here = url.host.starts_with('/')
            || url.host == "localhost"
            || url.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        let asked = |name: &str| -> Result<Option<String>, SettingError> {
            let own = text_of(settings, name)?;
            let in_url = url.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
            match (own, in_url) {
                (Some(a), Some(b)) if a != b => {
                    Err(wrong(settings, name, "stands in url too, and says otherwise", "keep one of them"))
                }
                (own, in_url) => Ok(own.or(in_url)),
            }
        };
        let sslmode = sslmode(settings, asked("sslmode")?, here)?;
        let root = match (asked("sslrootcert")?, text_of(settings, "ca_file")?) {
            (Some(_), Some(_)) => {
                return Err(wrong(settings, "ca_file", "stands beside sslrootcert", "keep one of them"));
            }
            (one, other) => one.or(other).map(|path| settings.folder.join(path)),
        };
        let client_certificate = match (asked("sslcert")?, asked("sslkey")?) {
            (Some(certificate), Some(key)) => Some((settings.folder.join(certificate), settings.folder.join(key))),
            (None, None) => None,
            (Some(_), None) => return Err(wrong(settings, "sslcert", "needs sslkey", "name the file of its key")),
            (None, Some(_)) => {
                return Err(wrong(settings, "sslkey", "needs sslcert", "name the file of the certificate"));
            }
        };
        let reader = Login { user: url.user, password: secret(settings, "password") };
        let writer = match (text_of(settings, "write_user")?, secret(settings, "write_password")) {
            (Some(user), password) => Login { user, password },
            (None, None) => reader.clone(),
            (None, Some(_)) => {
                return Err(wrong(settings, "write_password", "needs write_user", "name the role that it belongs to"));
            }
        };
        Ok(Options {
            system: settings.system.clone(),
            host: url.host,
            port: url.port,
            database: url.database,
            reader,
            writer,
            databases: databases(settings)?,
            allow_superuser: bool_of(settings, "allow_superuser")?.unwrap_or(false),
            sslmode,
            root_certificates: root,
            client_certificate,
            timeout: Duration::from_secs(number(settings, "timeout", 1, 3600)?.unwrap_or(30)),
            lock_timeout: Duration::from_secs(number(settings, "lock_timeout", 1, 3600)?.unwrap_or(5)),
            concurrency: number(settings, "concurrency", 1, 64)?.map_or(1, |number| number as usize),
            server_log: server_log(settings)?,
            batch: number(settings, "batch", 1, 10_000)?.map_or(2_000, |number| number as usize),
        })
    }

    /// The cluster, for messages: `postgres://db.acme.example:5432`.
    pub fn place(&self) -> String {
        format!("postgres://{}:{}", self.host, self.port)
    }
}

const URL_HINT: &str = "write it as postgres://USER@HOST:PORT/DATABASE";

/// The parts of a connection URL.
struct Address {
    host: String,
    port: u16,
    user: String,
    database: String,
    parameters: Vec<(String, String)>,
}

impl Address {
    fn parse(settings: &Settings, text: &str) -> Result<Address, SettingError> {
        let wrong = |what: &str, hint: &str| wrong(settings, "url", what, hint);
        let url = Url::parse(text).map_err(|error| wrong(&format!("is not a URL: {error}"), URL_HINT))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(wrong(&format!("has the scheme {}", url.scheme()), URL_HINT));
        }
        if url.password().is_some() {
            return Err(wrong("carries a password", "set password in the system block: URLs are printed"));
        }
        if url.fragment().is_some() {
            return Err(wrong("has a fragment", URL_HINT));
        }
        let decoded = |part: &str| {
            let text = percent_decode_str(part).decode_utf8().map_err(|_| wrong("is not UTF-8", URL_HINT))?;
            if text.contains('\0') { Err(wrong("holds a NUL", URL_HINT)) } else { Ok(text.into_owned()) }
        };
        let parameters: Vec<(String, String)> =
            url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        const KNOWN: [&str; 5] = ["sslmode", "sslrootcert", "sslcert", "sslkey", "host"];
        if let Some((name, _)) = parameters.iter().find(|(name, _)| !KNOWN.contains(&name.as_str())) {
            return Err(wrong(
                &format!("has the parameter {name}"),
                "sslmode, sslrootcert, sslcert, sslkey and host are taken",
            ));
        }
        let mut host = decoded(url.host_str().unwrap_or(""))?;
        if let Some((_, folder)) = parameters.iter().find(|(name, _)| name == "host") {
            if !host.is_empty() {
                return Err(wrong("names two hosts", "keep one of them"));
            }
            host = folder.clone();
        }
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(wrong("names no host", URL_HINT));
        }
        let user = decoded(url.username())?;
        if user.is_empty() {
            return Err(wrong("names no user", "write whom to connect as: postgres://tenure@..."));
        }
        let database = decoded(url.path().trim_start_matches('/'))?;
        Ok(Address {
            host,
            port: url.port().unwrap_or(5432),
            user,
            database: if database.is_empty() { "postgres".to_owned() } else { database },
            parameters,
        })
    }
}

fn sslmode(settings: &Settings, asked: Option<String>, here: bool) -> Result<SslMode, SettingError> {
    let mode = match asked {
        None if here => SslMode::Prefer,
        None => SslMode::VerifyFull,
        Some(text) => match SslMode::ALL.iter().find(|(name, _)| *name == text) {
            Some((_, mode)) => *mode,
            None => {
                let names: Vec<&str> = SslMode::ALL.iter().map(|(name, _)| *name).collect();
                return Err(wrong(
                    settings,
                    "sslmode",
                    &format!("is {text}"),
                    &format!("write one of {}", names.join(", ")),
                ));
            }
        },
    };
    if !mode.verifies() && !here && !bool_of(settings, "insecure")?.unwrap_or(false) {
        return Err(wrong(
            settings,
            "sslmode",
            "does not verify who answers: passwords and personal data could be read on the way",
            "use verify-full, with sslrootcert for an authority of your own, or set insecure = true in the system block",
        ));
    }
    Ok(mode)
}

/// Bytes of the log at most, where it is to be read.
fn server_log(settings: &Settings) -> Result<Option<u64>, SettingError> {
    let limit = number(settings, "server_log_limit", 1, 4096)?;
    match (bool_of(settings, "server_log")?.unwrap_or(false), limit) {
        (true, limit) => Ok(Some(limit.unwrap_or(16) << 20)),
        (false, None) => Ok(None),
        (false, Some(_)) => {
            Err(wrong(settings, "server_log_limit", "needs server_log = true", "set that, or leave the limit out"))
        }
    }
}

fn databases(settings: &Settings) -> Result<Option<Vec<String>>, SettingError> {
    let what = |value: &Value| {
        wrong(
            settings,
            "databases",
            &format!("holds a {}", value.type_name()),
            "write a list of names, or leave it out for all of them",
        )
    };
    let Some(value) = value_of(settings, "databases") else { return Ok(None) };
    let items = value.as_list().ok_or_else(|| what(value))?;
    let mut names = Vec::with_capacity(items.len());
    for item in items {
        names.push(item.as_text().map(Symbol::as_str).ok_or_else(|| what(item))?.to_owned());
    }
    names.sort_unstable();
    names.dedup();
    Ok(Some(names))
}
