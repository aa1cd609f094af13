//! Attribute type and object class descriptions (RFC 4512 sections 4.1.1 and 4.1.2).

/// An attribute type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttributeType {
    pub oid: String,
    pub names: Vec<String>,
    pub superior: Option<String>,
    /// The matching rule for equality.
    pub equality: Option<String>,
    /// The syntax's number, without a length.
    pub syntax: Option<String>,
    pub single: bool,
    /// Only the server sets it.
    pub no_user_modification: bool,
    /// Kept by the server: sent only when it is asked for.
    pub operational: bool,
}

/// An object class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectClass {
    pub oid: String,
    pub names: Vec<String>,
    pub superiors: Vec<String>,
    pub kind: ClassKind,
    pub must: Vec<String>,
    pub may: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClassKind {
    Abstract,
    #[default]
    Structural,
    Auxiliary,
}

impl AttributeType {
    /// Reads a description; none where it is not one.
    pub fn read(text: &str) -> Option<AttributeType> {
        let mut words = Words::new(text)?;
        let mut attribute = AttributeType { oid: words.next()?.text()?, ..AttributeType::default() };
        while let Some(word) = words.next() {
            match word.text()?.as_str() {
                "NAME" => attribute.names = words.next()?.texts(),
                "SUP" => attribute.superior = words.next()?.text(),
                "EQUALITY" => attribute.equality = words.next()?.text(),
                "SYNTAX" => {
                    let syntax = words.next()?.text()?;
                    attribute.syntax = Some(syntax.split('{').next().unwrap_or(&syntax).to_owned());
                }
                "SINGLE-VALUE" => attribute.single = true,
                "NO-USER-MODIFICATION" => attribute.no_user_modification = true,
                "USAGE" => attribute.operational = words.next()?.text()? != "userApplications",
                "OBSOLETE" | "COLLECTIVE" => {}
                // DESC, ORDERING, SUBSTR and extensions have one value.
                _ => drop(words.next()),
            }
        }
        Some(attribute)
    }

    /// The name that the server itself uses.
    pub fn name(&self) -> &str {
        self.names.first().unwrap_or(&self.oid)
    }
}

impl ObjectClass {
    /// Reads a description; none where it is not one.
    pub fn read(text: &str) -> Option<ObjectClass> {
        let mut words = Words::new(text)?;
        let mut class = ObjectClass { oid: words.next()?.text()?, ..ObjectClass::default() };
        while let Some(word) = words.next() {
            match word.text()?.as_str() {
                "NAME" => class.names = words.next()?.texts(),
                "SUP" => class.superiors = words.next()?.texts(),
                "ABSTRACT" => class.kind = ClassKind::Abstract,
                "STRUCTURAL" => class.kind = ClassKind::Structural,
                "AUXILIARY" => class.kind = ClassKind::Auxiliary,
                "MUST" => class.must = words.next()?.texts(),
                "MAY" => class.may = words.next()?.texts(),
                "OBSOLETE" => {}
                _ => drop(words.next()),
            }
        }
        Some(class)
    }

    /// The name that the server itself uses.
    pub fn name(&self) -> &str {
        self.names.first().unwrap_or(&self.oid)
    }
}

/// A word, a text in quotes, or a list in parentheses.
enum Word<'a> {
    One(&'a str),
    List(Vec<&'a str>),
}

impl Word<'_> {
    fn text(self) -> Option<String> {
        match self {
            Word::One(text) => Some(text.to_owned()),
            Word::List(_) => None,
        }
    }

    fn texts(self) -> Vec<String> {
        match self {
            Word::One(text) => vec![text.to_owned()],
            Word::List(texts) => texts.into_iter().map(str::to_owned).collect(),
        }
    }
}

struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    fn new(text: &'a str) -> Option<Words<'a>> {
        Some(Words { rest: text.trim().strip_prefix('(')?.strip_suffix(')')? })
    }

    fn next(&mut self) -> Option<Word<'a>> {
        let one = self.one()?;
        if one != "(" {
            return Some(Word::One(one));
        }
        let mut list = Vec::new();
        loop {
            match self.one()? {
                ")" => return Some(Word::List(list)),
                "$" => {}
                word => list.push(word),
            }
        }
    }

    /// The next word: what is in quotes, a sign, or letters up to a space or sign.
    fn one(&mut self) -> Option<&'a str> {
        self.rest = self.rest.trim_start();
        if let Some(quoted) = self.rest.strip_prefix('\'') {
            let (text, rest) = quoted.split_once('\'')?;
            self.rest = rest;
            return Some(text);
        }
        let end = match self.rest.find(|c: char| c.is_whitespace() || "()$".contains(c)) {
            Some(0) => 1,
            Some(end) => end,
            None => self.rest.len(),
        };
        let word = self.rest.get(..end).filter(|word| !word.is_empty())?;
        self.rest = self.rest.get(end..).unwrap_or_default();
        Some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn descriptions_are_read() {
        let sn =
            "( 2.5.4.4 NAME ( 'sn' 'surname' ) DESC 'RFC2256: last (family) name(s)' SUP name X-ORIGIN ( 'a' 'b' ) )";
        let read = AttributeType::read(sn).unwrap();
        assert_eq!((read.name(), read.names.len(), read.superior.as_deref()), ("sn", 2, Some("name")));
        let locked = "( 1.3.6.1.4.1.42.2.27.8.1.17 NAME 'pwdAccountLockedTime' EQUALITY generalizedTimeMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24{32} SINGLE-VALUE USAGE directoryOperation )";
        let read = AttributeType::read(locked).unwrap();
        assert_eq!(read.syntax.as_deref(), Some("1.3.6.1.4.1.1466.115.121.1.24"));
        assert!(read.single && read.operational && !read.no_user_modification);
        let person = "( 2.5.6.6 NAME 'person' SUP top STRUCTURAL MUST ( sn $ cn ) MAY ( userPassword $ telephoneNumber$seeAlso ) )";
        let read = ObjectClass::read(person).unwrap();
        assert_eq!(
            (read.must.join(" "), read.may.join(" ")),
            ("sn cn".into(), "userPassword telephoneNumber seeAlso".into())
        );
        for odd in ["", "()", "( 1.2 NAME", "( 1.2 NAME 'x )", "2.5.4.4"] {
            assert_eq!(AttributeType::read(odd), None, "{odd}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\(?[ ()$'A-Z0-9.ü{}]{0,40}\\)?") {
            let _ = (AttributeType::read(&text), ObjectClass::read(&text));
        }
    }
}
