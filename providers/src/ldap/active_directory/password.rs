//! unicodePwd: the password (MS-ADTS section 3.1.1.3.1.5.1). It can be written and never read, over TLS only.

/// The attribute.
pub const ATTRIBUTE: &str = "unicodePwd";

/// The value to write: the password between quotation marks, as UTF-16LE.
pub fn value(password: &str) -> Vec<u8> {
    let quoted = std::iter::once(0x22).chain(password.encode_utf16()).chain(std::iter::once(0x22));
    quoted.flat_map(u16::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn between_quotation_marks_as_utf_16() {
        assert_eq!(super::value("aé"), [b'"', 0, b'a', 0, 0xe9, 0, b'"', 0]);
        assert_eq!(super::value("🦀"), [b'"', 0, 0x3e, 0xd8, 0x80, 0xdd, b'"', 0]);
        assert_eq!(super::value(""), [b'"', 0, b'"', 0]);
    }
}
