//! Controls (RFC 4511 section 4.1.11) that are in use here.

use super::ber::{self, Malformed, Reader, Writer};
use super::filter::Filter;

/// Paged results (RFC 2696).
pub const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";
/// Assertion (RFC 4528).
pub const ASSERTION: &str = "1.3.6.1.1.12";
/// Post-read (RFC 4527).
pub const POST_READ: &str = "1.3.6.1.1.13.2";
/// ManageDsaIT (RFC 3296): referral entries are entries.
pub const MANAGE_DSA_IT: &str = "2.16.840.1.113730.3.4.2";
/// StartTLS (RFC 4511 section 4.14): an extended operation.
pub const START_TLS: &str = "1.3.6.1.4.1.1466.20037";
/// Who am I? (RFC 4532): an extended operation.
pub const WHO_AM_I: &str = "1.3.6.1.4.1.4203.1.11.3";

/// A control of a request or an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    pub oid: String,
    pub critical: bool,
    pub value: Option<Vec<u8>>,
}

impl Control {
    fn critical(oid: &str, value: Option<Vec<u8>>) -> Control {
        Control { oid: oid.to_owned(), critical: true, value }
    }

    /// A control without a value that need not be obeyed.
    pub fn plain(oid: &str, critical: bool) -> Control {
        Control { oid: oid.to_owned(), critical, value: None }
    }

    /// The next page of at most `size` entries, after the one that ended with `cookie`.
    pub fn page(size: u32, cookie: &[u8]) -> Control {
        let mut writer = Writer::new();
        writer.nested(ber::SEQUENCE, |writer| {
            writer.integer(ber::INTEGER, i64::from(size));
            writer.octets(ber::OCTETS, cookie);
        });
        Control::critical(PAGED_RESULTS, Some(writer.into_bytes()))
    }

    /// The operation is carried out only if its entry matches `filter`.
    pub fn assertion(filter: &Filter) -> Control {
        let mut writer = Writer::new();
        filter.write(&mut writer);
        Control::critical(ASSERTION, Some(writer.into_bytes()))
    }

    /// The entry after the operation comes with the answer, with these attributes.
    pub fn post_read(attributes: &[&str]) -> Control {
        let mut writer = Writer::new();
        writer.nested(ber::SEQUENCE, |writer| {
            for attribute in attributes {
                writer.octets(ber::OCTETS, attribute.as_bytes());
            }
        });
        Control { oid: POST_READ.to_owned(), critical: false, value: Some(writer.into_bytes()) }
    }

    /// Adds this to a request.
    pub fn write(&self, writer: &mut Writer) {
        writer.nested(ber::SEQUENCE, |writer| {
            writer.octets(ber::OCTETS, self.oid.as_bytes());
            if self.critical {
                writer.boolean(ber::BOOLEAN, true);
            }
            if let Some(value) = &self.value {
                writer.octets(ber::OCTETS, value);
            }
        });
    }

    /// All controls of an answer.
    pub fn read_all(mut reader: Reader<'_>) -> Result<Vec<Control>, Malformed> {
        let mut controls = Vec::new();
        while !reader.is_empty() {
            let mut control = reader.nested(ber::SEQUENCE)?;
            let oid = control.text(ber::OCTETS)?.to_owned();
            let critical = control.optional(ber::BOOLEAN)?.is_some_and(|content| content != [0]);
            let value = control.optional(ber::OCTETS)?.map(<[u8]>::to_vec);
            controls.push(Control { oid, critical, value });
        }
        Ok(controls)
    }
}

/// The cookie in an answer to a paged search: empty after the last page, none where the server did not page.
pub fn cookie(controls: &[Control]) -> Result<Option<Vec<u8>>, Malformed> {
    let Some(control) = controls.iter().find(|control| control.oid == PAGED_RESULTS) else { return Ok(None) };
    let value = control.value.as_deref().ok_or(Malformed("a page without a cookie"))?;
    let mut value = Reader::new(value).nested(ber::SEQUENCE)?;
    // What servers estimate of the size is of no use.
    let _ = value.expect(ber::INTEGER)?;
    Ok(Some(value.expect(ber::OCTETS)?.to_vec()))
}

/// The entry in an answer to a request with a post-read control.
pub fn post_read(controls: &[Control]) -> Option<&[u8]> {
    controls.iter().find(|control| control.oid == POST_READ)?.value.as_deref()
}
