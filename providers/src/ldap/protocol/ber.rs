//! The part of the Basic Encoding Rules (ITU-T X.690) that LDAP uses: one-byte tags and definite lengths (RFC 4511
//! section 5.1).

/// Bytes that are not what RFC 4511 says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed message: {0}")]
pub struct Malformed(pub &'static str);

pub const BOOLEAN: u8 = 0x01;
pub const INTEGER: u8 = 0x02;
pub const OCTETS: u8 = 0x04;
pub const ENUMERATED: u8 = 0x0a;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;

/// The length of the first element in `bytes`, tag and length included; none while too little of it is there.
///
/// # Errors
/// Where it is longer than `largest`, or its length is not a definite one.
pub fn element_length(bytes: &[u8], largest: usize) -> Result<Option<usize>, Malformed> {
    let Some(&first) = bytes.get(1) else { return Ok(None) };
    let (header, content) = match first {
        0..=0x7f => (2, usize::from(first)),
        0x80 => return Err(Malformed("an indefinite length")),
        0x81..=0x84 => {
            let more = usize::from(first - 0x80);
            let Some(digits) = bytes.get(2..2 + more) else { return Ok(None) };
            (2 + more, digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)))
        }
        _ => return Err(Malformed("a length of more than four bytes")),
    };
    match header.checked_add(content) {
        Some(length) if length <= largest => Ok(Some(length)),
        _ => Err(Malformed("a message that is too large")),
    }
}

/// Reads elements one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads `bytes`.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes }
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The tag of the next element.
    pub fn peek(&self) -> Option<u8> {
        self.bytes.first().copied()
    }

    /// The next element: its tag and content.
    pub fn any(&mut self) -> Result<(u8, &'a [u8]), Malformed> {
        let short = Malformed("an element that is cut short");
        let tag = self.peek().ok_or(short)?;
        if tag & 0x1f == 0x1f {
            return Err(Malformed("a tag of several bytes"));
        }
        let length = element_length(self.bytes, self.bytes.len())?.ok_or(short)?;
        let header = match self.bytes.get(1) {
            Some(first @ 0x81..=0x84) => 2 + usize::from(first - 0x80),
            _ => 2,
        };
        let content = self.bytes.get(header..length).ok_or(short)?;
        self.bytes = self.bytes.get(length..).unwrap_or_default();
        Ok((tag, content))
    }

    /// The content of the next element, which must have this tag.
    pub fn expect(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        match self.any()? {
            (own, content) if own == tag => Ok(content),
            _ => Err(Malformed("an element of another kind than expected")),
        }
    }

    /// The content of the next element if it has this tag.
    pub fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Malformed> {
        if self.peek() == Some(tag) { self.expect(tag).map(Some) } else { Ok(None) }
    }

    /// A nested element.
    pub fn nested(&mut self, tag: u8) -> Result<Reader<'a>, Malformed> {
        self.expect(tag).map(Reader::new)
    }

    /// A whole number of at most eight bytes.
    pub fn integer(&mut self, tag: u8) -> Result<i64, Malformed> {
        let content = self.expect(tag)?;
        let negative = content.first().is_some_and(|first| first & 0x80 != 0);
        if content.is_empty() || content.len() > 8 {
            return Err(Malformed("a number of no or more than eight bytes"));
        }
        Ok(content.iter().fold(if negative { -1 } else { 0 }, |number, byte| number << 8 | i64::from(*byte)))
    }

    /// Text in UTF-8.
    pub fn text(&mut self, tag: u8) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.expect(tag)?).map_err(|_| Malformed("text that is not UTF-8"))
    }
}

/// Writes elements one after the other.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Nothing yet.
    pub fn new() -> Writer {
        Writer::default()
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// An element of bytes.
    pub fn octets(&mut self, tag: u8, content: &[u8]) {
        self.bytes.push(tag);
        write_length(&mut self.bytes, content.len());
        self.bytes.extend_from_slice(content);
    }

    /// A whole number, in as few bytes as hold it.
    pub fn integer(&mut self, tag: u8, number: i64) {
        let bytes = number.to_be_bytes();
        let redundant = |pair: &[u8]| match pair {
            [0x00, next] => next & 0x80 == 0,
            [0xff, next] => next & 0x80 != 0,
            _ => false,
        };
        let skip = bytes.windows(2).take_while(|pair| redundant(pair)).count();
        self.octets(tag, bytes.get(skip..).unwrap_or(&bytes));
    }

    /// True or false.
    pub fn boolean(&mut self, tag: u8, truth: bool) {
        self.octets(tag, &[if truth { 0xff } else { 0 }]);
    }

    /// An element of elements.
    pub fn nested(&mut self, tag: u8, content: impl FnOnce(&mut Writer)) {
        self.bytes.push(tag);
        let start = self.bytes.len();
        content(self);
        let mut length = Vec::with_capacity(5);
        write_length(&mut length, self.bytes.len() - start);
        self.bytes.splice(start..start, length);
    }

    /// Elements that were written elsewhere.
    pub fn raw(&mut self, elements: &[u8]) {
        self.bytes.extend_from_slice(elements);
    }
}

fn write_length(to: &mut Vec<u8>, length: usize) {
    if length < 0x80 {
        to.push(length as u8);
    } else {
        let digits = length.to_be_bytes();
        let zeros = digits.iter().take_while(|digit| **digit == 0).count();
        to.push(0x80 | (digits.len() - zeros) as u8);
        to.extend(digits.iter().skip(zeros));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn elements_are_written_as_x_690_says() {
        let mut writer = Writer::new();
        writer.nested(SEQUENCE, |writer| {
            writer.integer(INTEGER, 128);
            writer.integer(INTEGER, -1);
            writer.boolean(BOOLEAN, true);
            writer.octets(OCTETS, b"ab");
        });
        let expected = [0x30, 14, 2, 2, 0, 0x80, 2, 1, 0xff, 1, 1, 0xff, 4, 2, b'a', b'b'];
        assert_eq!(writer.into_bytes(), expected);
    }

    #[test]
    fn what_is_cut_or_odd_is_refused() {
        let table: [(&[u8], &str); 6] = [
            (&[], "an element that is cut short"),
            (&[4], "an element that is cut short"),
            (&[4, 3, 1], "a message that is too large"),
            (&[4, 0x80, 0, 0], "an indefinite length"),
            (&[0x1f, 1, 0], "a tag of several bytes"),
            (&[4, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1], "a length of more than four bytes"),
        ];
        for (bytes, error) in table {
            assert_eq!(Reader::new(bytes).any(), Err(Malformed(error)), "{bytes:?}");
        }
        assert_eq!(
            element_length(&[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff], 1 << 20),
            Err(Malformed("a message that is too large"))
        );
        assert_eq!(element_length(&[0x30, 0x82, 1], 1 << 20), Ok(None));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(number: i64, bytes in proptest::collection::vec(any::<u8>(), 0..400), depth in 0usize..40) {
            fn write(writer: &mut Writer, depth: usize, number: i64, bytes: &[u8]) {
                if depth == 0 {
                    writer.integer(INTEGER, number);
                    writer.octets(OCTETS, bytes);
                } else {
                    writer.nested(SEQUENCE, |writer| write(writer, depth - 1, number, bytes));
                }
            }
            let mut writer = Writer::new();
            write(&mut writer, depth, number, &bytes);
            let written = writer.into_bytes();
            let mut reader = Reader::new(&written);
            for _ in 0..depth {
                reader = reader.nested(SEQUENCE).unwrap();
            }
            prop_assert_eq!(reader.integer(INTEGER).unwrap(), number);
            prop_assert_eq!(reader.expect(OCTETS).unwrap(), bytes.as_slice());
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut reader = Reader::new(&bytes);
            while reader.any().is_ok() {}
            let _ = element_length(&bytes, 1 << 20);
        }
    }
}
