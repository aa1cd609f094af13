//! The settings of an LDAP system block.

use std::path::PathBuf;
use std::time::Duration;

use state::{Symbol, Value};

use crate::http::authorization::Secret;
use crate::http::settings::{bool_of, number, text_of, value_of};
use crate::provider::{ConnectError, SettingSchema, SettingType, Settings};

use super::dn::Dn;
use super::protocol::Filter;
use super::url::Url;

/// What a system block may say.
pub const SETTINGS: &[SettingSchema] = &[
    setting("url", SettingType::Text, true, "ldaps://HOST, ldap://HOST or ldapi://SOCKET (slashes as %2F)"),
    setting("bind", SettingType::Text, false, "DN to bind as [cn=admin and the base, where there is a password]"),
    setting("password", SettingType::Secret, false, "password of bind; without one, the bind is SASL EXTERNAL or none"),
    setting("write_bind", SettingType::Text, false, "DN to bind as for writing [bind]"),
    setting("write_password", SettingType::Secret, false, "password of write_bind"),
    setting("base", SettingType::Text, false, "DN below which everything is [the server's, where it has one only]"),
    setting("start_tls", SettingType::Bool, false, "encrypt an ldap:// connection by StartTLS [false]"),
    setting(
        "ca_file",
        SettingType::Text,
        false,
        "PEM file of a certificate authority to trust besides the machine's own",
    ),
    setting(
        "certificate_file",
        SettingType::Text,
        false,
        "PEM file of a client certificate: the bind is SASL EXTERNAL then",
    ),
    setting("key_file", SettingType::Text, false, "PEM file of the key of certificate_file"),
    setting(
        "insecure",
        SettingType::Bool,
        false,
        "allow a bind over plain ldap:// to other hosts than this one [false]",
    ),
    setting(
        "account_base",
        SettingType::Text,
        false,
        "DN below which accounts are [base; made below ou=people where that is there]",
    ),
    setting("account_filter", SettingType::Text, false, "filter of the entries that are accounts [by account_classes]"),
    setting(
        "account_classes",
        SettingType::Any,
        false,
        "object classes of new accounts [by their attributes and the server's schema]",
    ),
    setting(
        "binary",
        SettingType::Any,
        false,
        "binary attributes that are managed, such as [\"jpegPhoto\", \"userCertificate;binary\"] [none]",
    ),
    setting("rdn", SettingType::Text, false, "attribute that names an account in its DN [uid]"),
    setting(
        "group_base",
        SettingType::Text,
        false,
        "DN below which groups are [base; made below ou=groups where that is there]",
    ),
    setting("group_filter", SettingType::Text, false, "filter of the entries that are groups [by group_kind]"),
    setting("group_kind", SettingType::Text, false, "groupOfNames, groupOfUniqueNames or posixGroup [groupOfNames]"),
    setting("group_classes", SettingType::Any, false, "object classes of new groups [group_kind]"),
    setting(
        "placeholder",
        SettingType::Text,
        false,
        "member of groups that must not be empty, and counts as none [the empty DN]",
    ),
    setting(
        "lock",
        SettingType::Any,
        false,
        "how accounts are deactivated: \"ppolicy\", \"none\", { attribute, value } or { branch }",
    ),
    setting(
        "archive_base",
        SettingType::Text,
        false,
        "DN of the branch that accounts are moved to when they are archived [they cannot be]",
    ),
    setting("policy", SettingType::Text, false, "DN of the password policy in force by default [as the server says]"),
    setting("page_size", SettingType::Integer, false, "entries asked for at once [1000]"),
    setting("timeout", SettingType::Integer, false, "seconds until an operation counts as lost [30]"),
    setting("visibility", SettingType::Integer, false, "seconds until a change shows when it is read, at most [0]"),
    setting("concurrency", SettingType::Integer, false, "calls in flight at once [8]"),
];

const fn setting(name: &'static str, value: SettingType, required: bool, help: &'static str) -> SettingSchema {
    SettingSchema { name, value, required, help }
}

/// As whom operations are carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// Nothing is said: anonymous.
    None,
    Simple {
        bind: String,
        password: Secret,
    },
    /// What the connection says of itself: a client certificate, or the user at the other end of a socket.
    External,
}

/// What the members of groups are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupKind {
    GroupOfNames,
    GroupOfUniqueNames,
    PosixGroup,
    /// `group` of Active Directory.
    ActiveDirectory,
}

impl GroupKind {
    /// The object class.
    pub fn class(self) -> &'static str {
        match self {
            GroupKind::GroupOfNames => "groupOfNames",
            GroupKind::GroupOfUniqueNames => "groupOfUniqueNames",
            GroupKind::PosixGroup => "posixGroup",
            GroupKind::ActiveDirectory => "group",
        }
    }

    /// The attribute that lists the members.
    pub fn member_attribute(self) -> &'static str {
        match self {
            GroupKind::GroupOfNames | GroupKind::ActiveDirectory => "member",
            GroupKind::GroupOfUniqueNames => "uniqueMember",
            GroupKind::PosixGroup => "memberUid",
        }
    }

    /// Whether members are DNs; else they are values of `uid`.
    pub fn by_dn(self) -> bool {
        self != GroupKind::PosixGroup
    }
}

/// How an account is deactivated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lock {
    /// By `pwdAccountLockedTime` (draft-behera-ldap-password-policy section 5.3.3).
    PasswordPolicy,
    /// An attribute has this value; reactivated, it has `active`, or no value.
    Attribute { attribute: String, value: String, active: Option<String> },
    /// It stands below this branch.
    Branch(Dn),
    /// As Active Directory does it: bit 2 of `userAccountControl`.
    AccountControl,
    /// It cannot be.
    None,
}

/// A system block, checked.
#[derive(Clone, Debug)]
pub struct LdapSettings {
    /// The system's name, for messages.
    pub system: String,
    pub url: Url,
    pub credential: Credential,
    pub base: Option<Dn>,
    pub start_tls: bool,
    pub ca_file: Option<PathBuf>,
    /// Client certificate and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
    pub account_base: Option<Dn>,
    pub account_filter: Option<Filter>,
    pub account_classes: Vec<String>,
    /// Binary attributes that are managed, with their options: others are not read.
    pub binary: Vec<String>,
    pub rdn: Option<String>,
    pub group_base: Option<Dn>,
    pub group_filter: Option<Filter>,
    pub group_kind: Option<GroupKind>,
    pub group_classes: Vec<String>,
    pub placeholder: String,
    /// None: what the server offers.
    pub lock: Option<Lock>,
    /// Where archived accounts stand.
    pub archive_base: Option<Dn>,
    /// As whom is written, where that is another than `credential` says.
    pub writes_as: Option<String>,
    pub policy: Option<Dn>,
    pub page_size: u32,
    pub timeout: Duration,
    pub visibility: Duration,
    pub concurrency: usize,
}

impl LdapSettings {
    /// Reads a system block; with `writing`, the credentials for writing where it names them. No file is read.
    pub fn read(settings: &Settings, writing: bool) -> Result<LdapSettings, ConnectError> {
        let text = |name| text_of(settings, name);
        let url = text("url")?.ok_or_else(|| wrong(settings, "url", "is not set", "write url = \"ldaps://HOST\""))?;
        let url = Url::parse(&url).map_err(|what| wrong(settings, "url", &what, "write url = \"ldaps://HOST\""))?;
        let base = dn(settings, "base")?;
        let start_tls = bool_of(settings, "start_tls")?.unwrap_or(false);
        if start_tls && !matches!(url, Url::Plain { .. }) {
            return Err(wrong(
                settings,
                "start_tls",
                "needs an ldap:// URL",
                "leave it out: ldaps:// is encrypted already",
            ));
        }
        let path = |name| Ok::<_, ConnectError>(text(name)?.map(|path| settings.folder.join(path)));
        let identity = match (path("certificate_file")?, path("key_file")?) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (Some(_), None) => return Err(wrong(settings, "certificate_file", "needs key_file", "set both")),
            (None, Some(_)) => return Err(wrong(settings, "key_file", "needs certificate_file", "set both")),
        };
        let credential = credential(settings, &url, base.as_ref(), identity.is_some(), writing)?;
        let insecure = bool_of(settings, "insecure")?.unwrap_or(false);
        if credential != Credential::None && !start_tls && !insecure && !url.is_private() {
            return Err(wrong(
                settings,
                "url",
                &format!("is plain ldap to {url}: the password and personal data could be read on the way"),
                "use ldaps://, or set start_tls = true (or insecure = true) in the system block",
            ));
        }
        Ok(LdapSettings {
            system: settings.system.clone(),
            start_tls,
            ca_file: path("ca_file")?,
            identity,
            account_base: dn(settings, "account_base")?,
            account_filter: filter(settings, "account_filter")?,
            account_classes: texts(settings, "account_classes")?,
            binary: texts(settings, "binary")?,
            rdn: text("rdn")?,
            group_base: dn(settings, "group_base")?,
            group_filter: filter(settings, "group_filter")?,
            group_kind: group_kind(settings)?,
            group_classes: texts(settings, "group_classes")?,
            placeholder: dn(settings, "placeholder")?.map(|dn| dn.to_string()).unwrap_or_default(),
            lock: lock(settings)?,
            archive_base: dn(settings, "archive_base")?,
            writes_as: text("write_bind")?,
            policy: dn(settings, "policy")?,
            page_size: number(settings, "page_size", 1, 100_000)?.map_or(1000, |number| number as u32),
            timeout: Duration::from_secs(number(settings, "timeout", 1, 3600)?.unwrap_or(30)),
            visibility: Duration::from_secs(number(settings, "visibility", 0, 3600)?.unwrap_or(0)),
            concurrency: number(settings, "concurrency", 1, 256)?.map_or(8, |number| number as usize),
            credential,
            base,
            url,
        })
    }
}

fn wrong(settings: &Settings, name: &str, what: &str, hint: &str) -> ConnectError {
    ConnectError { message: format!("system.{}: {name} {what}", settings.system), hint: hint.to_owned() }
}

fn credential(
    settings: &Settings,
    url: &Url,
    base: Option<&Dn>,
    certificate: bool,
    writing: bool,
) -> Result<Credential, ConnectError> {
    let own =
        |bind: &str, password: &str| Ok::<_, ConnectError>((text_of(settings, bind)?, secret(settings, password)));
    let (mut bind, mut password) = own("bind", "password")?;
    let mut names = ("bind", "password");
    let separate = own("write_bind", "write_password")?;
    if writing && separate != (None, None) {
        (bind, password) = separate;
        names = ("write_bind", "write_password");
    }
    match (bind, password) {
        // An empty password would be an anonymous bind, which servers answer with success (RFC 4513 section 5.1.2).
        (_, Some(password)) if password.expose().is_empty() => {
            Err(wrong(settings, names.1, "is empty", "set it with env(...) or command(...) to what is not empty"))
        }
        (Some(bind), Some(password)) => Ok(Credential::Simple { bind, password }),
        (None, Some(password)) => match base {
            Some(base) => Ok(Credential::Simple { bind: base.child("cn", "admin").to_string(), password }),
            None => Err(wrong(settings, names.1, &format!("needs {}", names.0), "write the DN to bind as")),
        },
        (Some(_), None) => {
            Err(wrong(settings, names.0, &format!("needs {}", names.1), "set it with env(...) or command(...)"))
        }
        (None, None) if certificate || matches!(url, Url::Socket(_)) => Ok(Credential::External),
        (None, None) => Ok(Credential::None),
    }
}

fn group_kind(settings: &Settings) -> Result<Option<GroupKind>, ConnectError> {
    const KINDS: [GroupKind; 4] =
        [GroupKind::GroupOfNames, GroupKind::GroupOfUniqueNames, GroupKind::PosixGroup, GroupKind::ActiveDirectory];
    let Some(text) = text_of(settings, "group_kind")? else { return Ok(None) };
    let kind = KINDS.into_iter().find(|kind| kind.class().eq_ignore_ascii_case(&text));
    kind.map(Some).ok_or_else(|| {
        wrong(
            settings,
            "group_kind",
            &format!("is {text:?}"),
            "write groupOfNames, groupOfUniqueNames, posixGroup or (Active Directory) group",
        )
    })
}

fn lock(settings: &Settings) -> Result<Option<Lock>, ConnectError> {
    const HINT: &str =
        "write lock = \"ppolicy\", \"none\", { attribute = \"...\", value = \"...\" } or { branch = \"ou=...\" }";
    let Some(value) = value_of(settings, "lock") else { return Ok(None) };
    let part = |name: &str| value.get(Symbol::new(name)).and_then(Value::as_text).map(Symbol::as_str);
    let keys: Vec<&str> = value.as_map().unwrap_or_default().iter().map(|(name, _)| name.as_str()).collect();
    let only = |known: &[&str]| keys.iter().all(|key| known.contains(key));
    match (value.as_text().map(Symbol::as_str), part("attribute"), part("value"), part("branch")) {
        (Some("ppolicy"), ..) => Ok(Some(Lock::PasswordPolicy)),
        (Some("none"), ..) => Ok(Some(Lock::None)),
        (Some("userAccountControl"), ..) => Ok(Some(Lock::AccountControl)),
        (None, Some(attribute), Some(value), None) if only(&["attribute", "value", "active"]) => {
            Ok(Some(Lock::Attribute {
                attribute: attribute.into(),
                value: value.into(),
                active: part("active").map(str::to_owned),
            }))
        }
        (None, None, None, Some(branch)) if only(&["branch"]) => match Dn::parse(branch) {
            Ok(branch) => Ok(Some(Lock::Branch(branch))),
            Err(what) => Err(wrong(settings, "lock", &format!("names a branch whose DN {what}"), HINT)),
        },
        _ => Err(wrong(settings, "lock", "is none of the ways to lock an account", HINT)),
    }
}

fn dn(settings: &Settings, name: &str) -> Result<Option<Dn>, ConnectError> {
    let Some(text) = text_of(settings, name)? else { return Ok(None) };
    Dn::parse(&text).map(Some).map_err(|what| {
        wrong(
            settings,
            name,
            &format!("is {text:?}, a DN that {what}"),
            "write a DN such as \"ou=people,dc=acme,dc=example\"",
        )
    })
}

fn filter(settings: &Settings, name: &str) -> Result<Option<Filter>, ConnectError> {
    let Some(text) = text_of(settings, name)? else { return Ok(None) };
    Filter::parse(&text).map(Some).map_err(|what| {
        wrong(
            settings,
            name,
            &format!("is no filter: {what}"),
            "write a filter such as \"(objectClass=inetOrgPerson)\"",
        )
    })
}

fn texts(settings: &Settings, name: &str) -> Result<Vec<String>, ConnectError> {
    let Some(value) = value_of(settings, name) else { return Ok(Vec::new()) };
    let one = value.as_text().map(|text| vec![text.as_str().to_owned()]);
    let list = || value.as_list()?.iter().map(|item| item.as_text().map(|text| text.as_str().to_owned())).collect();
    one.or_else(list).ok_or_else(|| wrong(settings, name, "is no list of names", "write [\"inetOrgPerson\", \"...\"]"))
}

fn secret(settings: &Settings, name: &str) -> Option<Secret> {
    let name = Symbol::new(name);
    settings.secrets.iter().find(|(own, _)| *own == name).map(|(_, text)| Secret::new(text.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(values: &[(&str, Value)], secrets: &[&str]) -> Settings {
        Settings {
            system: "corp".into(),
            folder: "/nowhere".into(),
            values: values.iter().map(|(name, value)| (Symbol::new(name), value.clone())).collect(),
            secrets: secrets.iter().map(|name| (Symbol::new(name), format!("the {name}"))).collect(),
        }
    }

    #[test]
    fn wrong_settings_are_told_with_what_to_do() {
        let url = ("url", Value::text("ldaps://x.example"));
        let plain = |text: &str| ("url", Value::text(text));
        let table = [
            settings(&[], &[]),
            settings(&[plain("x.example")], &[]),
            settings(&[plain("http://x.example")], &[]),
            settings(&[plain("ldap://x.example"), ("bind", "cn=a".into())], &["password"]),
            settings(&[url.clone(), ("bind", "cn=a".into())], &[]),
            settings(std::slice::from_ref(&url), &["password"]),
            settings(&[url.clone(), ("base", "acme".into())], &[]),
            settings(&[url.clone(), ("start_tls", true.into())], &[]),
            settings(&[url.clone(), ("key_file", "k.pem".into())], &[]),
            settings(&[url.clone(), ("account_filter", "(uid=".into())], &[]),
            settings(&[url.clone(), ("account_classes", 1.into())], &[]),
            settings(&[url.clone(), ("group_kind", "team".into())], &[]),
            settings(&[url.clone(), ("lock", "hard".into())], &[]),
            settings(&[url, ("page_size", 0.into())], &[]),
        ];
        let errors: Vec<String> = table
            .iter()
            .map(|settings| LdapSettings::read(settings, false).map(|_| ()).unwrap_err())
            .map(|error| format!("{} ({})", error.message, error.hint))
            .collect();
        insta::assert_snapshot!(errors.join("\n"), @r#"
        system.corp: url is not set (write url = "ldaps://HOST")
        system.corp: url is "x.example", which is no URL (write url = "ldaps://HOST")
        system.corp: url has the scheme http (write url = "ldaps://HOST")
        system.corp: url is plain ldap to ldap://x.example: the password and personal data could be read on the way (use ldaps://, or set start_tls = true (or insecure = true) in the system block)
        system.corp: bind needs password (set it with env(...) or command(...))
        system.corp: password needs bind (write the DN to bind as)
        system.corp: base is "acme", a DN that has no `=` in `acme` (write a DN such as "ou=people,dc=acme,dc=example")
        system.corp: start_tls needs an ldap:// URL (leave it out: ldaps:// is encrypted already)
        system.corp: key_file needs certificate_file (set both)
        system.corp: account_filter is no filter: byte 5: expected `)` (write a filter such as "(objectClass=inetOrgPerson)")
        system.corp: account_classes is no list of names (write ["inetOrgPerson", "..."])
        system.corp: group_kind is "team" (write groupOfNames, groupOfUniqueNames, posixGroup or (Active Directory) group)
        system.corp: lock is none of the ways to lock an account (write lock = "ppolicy", "none", { attribute = "...", value = "..." } or { branch = "ou=..." })
        system.corp: page_size is 0 (write a number from 1 to 100000)
        "#);
    }

    #[test]
    fn who_binds_follows_from_the_settings() {
        let ldaps = ("url", Value::text("ldaps://x.example"));
        let base = ("base", Value::text("dc=acme,dc=example"));
        let simple =
            |bind: &str, password: &str| Credential::Simple { bind: bind.into(), password: Secret::new(password) };
        let table = [
            (settings(std::slice::from_ref(&ldaps), &[]), Credential::None, Credential::None),
            (
                settings(&[ldaps.clone(), base.clone()], &["password"]),
                simple("cn=admin,dc=acme,dc=example", "the password"),
                simple("cn=admin,dc=acme,dc=example", "the password"),
            ),
            (
                settings(
                    &[ldaps, base, ("bind", "cn=r".into()), ("write_bind", "cn=w".into())],
                    &["password", "write_password"],
                ),
                simple("cn=r", "the password"),
                simple("cn=w", "the write_password"),
            ),
            (
                settings(&[("url", Value::text("ldapi://%2Frun%2Fldapi"))], &[]),
                Credential::External,
                Credential::External,
            ),
        ];
        for (settings, reading, writing) in table {
            assert_eq!(LdapSettings::read(&settings, false).unwrap().credential, reading, "{settings:?}");
            assert_eq!(LdapSettings::read(&settings, true).unwrap().credential, writing, "{settings:?}");
        }
    }
}
