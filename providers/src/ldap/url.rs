//! Where a server is.

use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;

/// The URL of a server (RFC 4516), without a path: `ldaps://ldap.acme.example`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Url {
    Plain {
        host: String,
        port: u16,
    },
    Tls {
        host: String,
        port: u16,
    },
    /// A socket of this machine.
    Socket(PathBuf),
}

impl Url {
    /// Reads a URL.
    ///
    /// # Errors
    /// What is wrong with it, completing "url ...".
    pub fn parse(text: &str) -> Result<Url, String> {
        let Some((scheme, rest)) = text.split_once("://") else { return Err(format!("is {text:?}, which is no URL")) };
        let rest = rest.trim_end_matches('/');
        if rest.contains(['@', '?', '#', ' ']) {
            return Err("has more in it than scheme, host and port".to_owned());
        }
        match scheme.to_ascii_lowercase().as_str() {
            "ldapi" => {
                let path = unescaped(rest).ok_or("has a socket that is not written with %2F for slashes")?;
                Ok(Url::Socket(if path.is_empty() { "/var/run/slapd/ldapi".into() } else { path.into() }))
            }
            "ldap" => host_and_port(rest, 389).map(|(host, port)| Url::Plain { host, port }),
            "ldaps" => host_and_port(rest, 636).map(|(host, port)| Url::Tls { host, port }),
            other => Err(format!("has the scheme {other}")),
        }
    }

    /// Whether what is sent there is encrypted, or does not leave this machine.
    pub fn is_private(&self) -> bool {
        match self {
            Url::Tls { .. } | Url::Socket(_) => true,
            Url::Plain { host, .. } => {
                host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
            }
        }
    }
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bracketed = |host: &str| if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        match self {
            Url::Plain { host, port: 389 } => write!(f, "ldap://{}", bracketed(host)),
            Url::Plain { host, port } => write!(f, "ldap://{}:{port}", bracketed(host)),
            Url::Tls { host, port: 636 } => write!(f, "ldaps://{}", bracketed(host)),
            Url::Tls { host, port } => write!(f, "ldaps://{}:{port}", bracketed(host)),
            Url::Socket(path) => write!(f, "ldapi://{}", path.display().to_string().replace('/', "%2F")),
        }
    }
}

fn host_and_port(text: &str, port: u16) -> Result<(String, u16), String> {
    if text.contains('/') {
        return Err("has a path; write the base as base".to_owned());
    }
    let (host, port_text) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) if host.parse::<Ipv6Addr>().is_ok() => (host, rest),
        Some(_) => return Err("has brackets around what is no IPv6 address".to_owned()),
        None => text.find(':').map_or((text, ""), |at| text.split_at(at)),
    };
    let port = match port_text.strip_prefix(':') {
        Some(text) => text.parse().ok().filter(|port| *port > 0).ok_or(format!("has the port {text:?}"))?,
        None if port_text.is_empty() => port,
        None => return Err(format!("has {port_text:?} behind the host")),
    };
    if host.is_empty() { Err("names no host".to_owned()) } else { Ok((host.to_ascii_lowercase(), port)) }
}

/// Without `%2F`.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
                let (high, low) = (digit()?, digit()?);
                bytes.push((high * 16 + low) as u8);
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok().filter(|path| !path.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_and_written() {
        let table = [
            ("ldaps://ldap.acme.example", Ok("ldaps://ldap.acme.example")),
            ("LDAPS://Ldap.Acme.example:636/", Ok("ldaps://ldap.acme.example")),
            ("ldap://127.0.0.1:3890", Ok("ldap://127.0.0.1:3890")),
            ("ldap://[::1]:3890", Ok("ldap://[::1]:3890")),
            ("ldapi://%2Frun%2Fldapi", Ok("ldapi://%2Frun%2Fldapi")),
            ("ldapi:///", Ok("ldapi://%2Fvar%2Frun%2Fslapd%2Fldapi")),
            ("ldaps://", Err("names no host")),
            ("ldaps://a:b@x.example", Err("has more in it than scheme, host and port")),
            ("ldaps://x.example:0", Err("has the port \"0\"")),
            ("ldaps://x.example/dc=acme", Err("has a path; write the base as base")),
            ("ldaps://[x]", Err("has brackets around what is no IPv6 address")),
            ("https://x.example", Err("has the scheme https")),
            ("x.example", Err("is \"x.example\", which is no URL")),
        ];
        for (text, expected) in table {
            let url = Url::parse(text).map(|url| url.to_string());
            assert_eq!(url.as_deref().map_err(String::as_str), expected, "{text}");
        }
    }
}
