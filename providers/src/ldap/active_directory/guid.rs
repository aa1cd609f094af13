//! objectGUID: the immutable id of everything in the directory (MS-ADTS section 3.1.1.1.4).

/// The text of a GUID as the server stores it: its first three numbers are little-endian (MS-DTYP section 2.3.4.2), so
/// that `E7v6...` in base64 is not `13bbfa11-...` but `11fabb13-...`, as every tool of Windows shows it. None where it is
/// not 16 bytes.
pub fn text(bytes: &[u8]) -> Option<String> {
    let [a0, a1, a2, a3, b0, b1, c0, c1, rest @ ..] = <[u8; 16]>::try_from(bytes).ok()?;
    let [d0, d1, e0, e1, e2, e3, e4, e5] = rest;
    let (a, b, c) = (u32::from_le_bytes([a0, a1, a2, a3]), u16::from_le_bytes([b0, b1]), u16::from_le_bytes([c0, c1]));
    Some(format!("{a:08x}-{b:04x}-{c:04x}-{d0:02x}{d1:02x}-{e0:02x}{e1:02x}{e2:02x}{e3:02x}{e4:02x}{e5:02x}"))
}

/// The bytes of a GUID that is written so; none where it is not one.
pub fn bytes(text: &str) -> Option<Vec<u8>> {
    let shape =
        |(n, byte): (usize, u8)| if matches!(n, 8 | 13 | 18 | 23) { byte == b'-' } else { byte.is_ascii_hexdigit() };
    if text.len() != 36 || !text.bytes().enumerate().all(shape) {
        return None;
    }
    let [a, b, c, d, e] = <[&str; 5]>::try_from(text.split('-').collect::<Vec<_>>()).ok()?;
    let (a, b, c) =
        (u32::from_str_radix(a, 16).ok()?, u16::from_str_radix(b, 16).ok()?, u16::from_str_radix(c, 16).ok()?);
    let (d, e) = (u16::from_str_radix(d, 16).ok()?, u64::from_str_radix(e, 16).ok()?);
    let mut bytes = Vec::with_capacity(16);
    bytes.extend(a.to_le_bytes());
    bytes.extend(b.to_le_bytes());
    bytes.extend(c.to_le_bytes());
    bytes.extend(d.to_be_bytes());
    bytes.extend(e.to_be_bytes().into_iter().skip(2));
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    #[test]
    fn the_first_three_numbers_are_turned_round() {
        let bytes = [0x13, 0xbb, 0xfa, 0x11, 0x4f, 0xa1, 0x4c, 0x2a, 0x8b, 0xf8, 0x03, 0x13, 0x4c, 0x55, 0x59, 0x66];
        let text = "11fabb13-a14f-2a4c-8bf8-03134c555966";
        assert_eq!(super::text(&bytes).as_deref(), Some(text));
        assert_eq!(super::bytes(text).as_deref(), Some(bytes.as_slice()));
        assert_eq!(super::bytes(&text.to_uppercase()).as_deref(), Some(bytes.as_slice()));
    }

    #[test]
    fn what_is_no_guid_is_none() {
        assert_eq!(super::text(&[0; 15]), None);
        assert_eq!(super::text(&[0; 17]), None);
        for wrong in [
            "",
            "11fabb13",
            "11fabb13-a14f-2a4c-8bf8-03134c55596g",
            "11fabb13-a14f-2a4c-8bf8-03134c5559666",
            "11fabb13a14f-2a4c-8bf8-03134c555966-",
            "+1fabb13-a14f-2a4c-8bf8-03134c555966",
        ] {
            assert_eq!(super::bytes(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn there_and_back(bytes: [u8; 16]) {
            let text = super::text(&bytes).unwrap();
            prop_assert_eq!(super::bytes(&text), Some(bytes.to_vec()));
        }
    }
}
