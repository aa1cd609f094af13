//! Hashes of texts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest;
use uuid::Uuid;

use super::super::{Failure, Value};
use super::arguments::{Answer, text};

fn hex(bytes: &[u8]) -> Value {
    Value::string(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

pub fn md5(arguments: &[Value]) -> Answer {
    Ok(hex(&md5::Md5::digest(text(arguments, 0)?.as_bytes())))
}

pub fn sha1(arguments: &[Value]) -> Answer {
    Ok(hex(&sha1::Sha1::digest(text(arguments, 0)?.as_bytes())))
}

pub fn sha256(arguments: &[Value]) -> Answer {
    Ok(hex(&sha2::Sha256::digest(text(arguments, 0)?.as_bytes())))
}

pub fn sha512(arguments: &[Value]) -> Answer {
    Ok(hex(&sha2::Sha512::digest(text(arguments, 0)?.as_bytes())))
}

pub fn base64sha256(arguments: &[Value]) -> Answer {
    Ok(Value::string(STANDARD.encode(sha2::Sha256::digest(text(arguments, 0)?.as_bytes()))))
}

pub fn base64sha512(arguments: &[Value]) -> Answer {
    Ok(Value::string(STANDARD.encode(sha2::Sha512::digest(text(arguments, 0)?.as_bytes()))))
}

/// The namespace is one of RFC 9562's four by name, or a UUID.
pub fn uuidv5(arguments: &[Value]) -> Answer {
    let (namespace, name) = (text(arguments, 0)?, text(arguments, 1)?);
    let namespace = match &*namespace {
        "dns" => Uuid::NAMESPACE_DNS,
        "url" => Uuid::NAMESPACE_URL,
        "oid" => Uuid::NAMESPACE_OID,
        "x500" => Uuid::NAMESPACE_X500,
        other => Uuid::parse_str(other)
            .map_err(|_| Failure::new("argument 1 must be a UUID, or one of dns, url, oid and x500"))?,
    };
    let digest = sha1::Sha1::new().chain_update(namespace.as_bytes()).chain_update(name.as_bytes()).finalize();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    Ok(Value::string(uuid::Builder::from_sha1_bytes(bytes).into_uuid().to_string()))
}
