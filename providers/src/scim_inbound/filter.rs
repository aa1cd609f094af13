//! Filters as they are written (RFC 7644 section 3.4.2.2): the grammar, and no more.
//!
//! What a filter holds together is a list (`a or b or c`), so that a long one is not a deep one; only parentheses and
//! brackets nest, and those are bounded.

use serde_json::Value;

use super::path::{Name, Path};
use super::refusal::{Refusal, quoted};

/// Parentheses in parentheses.
const DEEPEST: usize = 30;

/// A condition on a resource, or on one value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    /// `NAME pr`.
    Present(Name),
    Compare {
        name: Name,
        operator: Operator,
        /// A string, a number, a truth or null.
        value: Value,
    },
    /// `NAME[FILTER]`: one value of the attribute meets the filter.
    Values {
        name: Name,
        filter: Box<Filter>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Operator {
    fn read(word: &str) -> Option<Operator> {
        Some(match word.to_ascii_lowercase().as_str() {
            "eq" => Operator::Equal,
            "ne" => Operator::NotEqual,
            "co" => Operator::Contains,
            "sw" => Operator::StartsWith,
            "ew" => Operator::EndsWith,
            "gt" => Operator::Greater,
            "ge" => Operator::GreaterOrEqual,
            "lt" => Operator::Less,
            "le" => Operator::LessOrEqual,
            _ => return None,
        })
    }
}

impl Filter {
    /// Parses a filter.
    ///
    /// # Errors
    /// 400 `invalidFilter`, with the place.
    pub fn parse(text: &str) -> Result<Filter, Refusal> {
        Parser::new(text).whole().map_err(|wrong| Refusal::bad("invalidFilter", wrong.message))
    }
}

/// What is wrong with a text.
#[derive(Debug)]
pub struct Wrong {
    pub message: String,
    /// Whether it is in a filter, not in the name before it.
    pub in_filter: bool,
}

/// Reads filters and paths.
pub struct Parser<'a> {
    text: &'a str,
    /// In bytes, between two characters.
    at: usize,
    depth: usize,
    in_filter: bool,
}

impl<'a> Parser<'a> {
    pub fn new(text: &'a str) -> Parser<'a> {
        Parser { text, at: 0, depth: 0, in_filter: false }
    }

    /// A filter up to the end of the text.
    pub fn whole(&mut self) -> Result<Filter, Wrong> {
        self.in_filter = true;
        let filter = self.any()?;
        self.end(filter)
    }

    /// A path up to the end of the text: `NAME`, `NAME[FILTER]`, `NAME[FILTER].PART`.
    pub fn path(&mut self) -> Result<Path, Wrong> {
        let name = self.name()?;
        if !self.takes("[") {
            return self.end(Path { name, filter: None, part: None });
        }
        self.can_have_values(&name)?;
        self.in_filter = true;
        let filter = self.nested("]")?;
        self.in_filter = false;
        let part = if self.takes(".") { Some(self.part()?) } else { None };
        self.end(Path { name, filter: Some(filter), part })
    }

    fn end<T>(&mut self, read: T) -> Result<T, Wrong> {
        self.blanks();
        if self.rest().is_empty() { Ok(read) } else { Err(self.wrong("the end")) }
    }

    fn part(&mut self) -> Result<String, Wrong> {
        match self.name()? {
            Name { urn: None, attribute: Some(part), part: None } => Ok(part),
            _ => Err(self.wrong("the name of a sub-attribute")),
        }
    }

    fn can_have_values(&self, name: &Name) -> Result<(), Wrong> {
        match (&name.attribute, &name.part) {
            (Some(_), None) => Ok(()),
            _ => Err(self.wrong("an attribute, not a part of one, before ["))?,
        }
    }

    fn any(&mut self) -> Result<Filter, Wrong> {
        let mut filters = vec![self.all()?];
        while self.takes_word("or") {
            filters.push(self.all()?);
        }
        Ok(joined(filters, Filter::Any))
    }

    fn all(&mut self) -> Result<Filter, Wrong> {
        let mut filters = vec![self.one()?];
        while self.takes_word("and") {
            filters.push(self.one()?);
        }
        Ok(joined(filters, Filter::All))
    }

    fn one(&mut self) -> Result<Filter, Wrong> {
        self.blanks();
        if self.takes("(") {
            return self.nested(")");
        }
        let start = self.at;
        if self.takes_word("not") {
            self.blanks();
            if self.takes("(") {
                return Ok(Filter::Not(Box::new(self.nested(")")?)));
            }
            // An attribute may be called so.
            self.at = start;
        }
        let name = self.name()?;
        if self.takes("[") {
            self.can_have_values(&name)?;
            return Ok(Filter::Values { name, filter: Box::new(self.nested("]")?) });
        }
        self.blanks();
        let before = self.at;
        let word = self.word();
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present(name));
        }
        let Some(operator) = Operator::read(word) else {
            self.at = before;
            return Err(self.wrong("an operator (eq, ne, co, sw, ew, gt, ge, lt, le, pr)"));
        };
        Ok(Filter::Compare { name, operator, value: self.value()? })
    }

    fn nested(&mut self, close: &str) -> Result<Filter, Wrong> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.wrong(&format!("at most {DEEPEST} filters inside each other")));
        }
        let filter = self.any()?;
        self.blanks();
        if !self.takes(close) {
            return Err(self.wrong(close));
        }
        self.depth -= 1;
        Ok(filter)
    }

    fn name(&mut self) -> Result<Name, Wrong> {
        self.blanks();
        let start = self.at;
        let end = self.rest().find(|c: char| !(c.is_ascii_alphanumeric() || ":._-$".contains(c)));
        self.at = end.map_or(self.text.len(), |end| start + end);
        let text = self.text.get(start..self.at).unwrap_or_default();
        Name::read(text).ok_or_else(|| {
            self.at = start;
            self.wrong("the name of an attribute")
        })
    }

    /// A string, a number, a truth (`True` of some clients, too) or null.
    fn value(&mut self) -> Result<Value, Wrong> {
        self.blanks();
        let rest = self.rest();
        let (value, length) = if rest.starts_with('"') {
            let mut values = serde_json::Deserializer::from_str(rest).into_iter::<String>();
            let value = values.next().and_then(Result::ok).map(Value::String);
            (value, values.byte_offset())
        } else {
            let length = rest.find(|c: char| c.is_whitespace() || ")]".contains(c)).unwrap_or(rest.len());
            let word = rest.get(..length).unwrap_or_default().to_ascii_lowercase();
            let value = serde_json::from_str::<Value>(&word).ok();
            (value.filter(|value| !value.is_array() && !value.is_object()), length)
        };
        match value {
            Some(value) => {
                self.at += length;
                Ok(value)
            }
            None => Err(self.wrong("a value (a string in double quotes, a number, true, false or null)")),
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn takes(&mut self, token: &str) -> bool {
        let takes = self.rest().starts_with(token);
        self.at += if takes { token.len() } else { 0 };
        takes
    }

    /// Letters, up to the first other character.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn takes_word(&mut self, wanted: &str) -> bool {
        let start = self.at;
        self.blanks();
        let takes = self.word().eq_ignore_ascii_case(wanted);
        if !takes {
            self.at = start;
        }
        takes
    }

    fn wrong(&self, expected: &str) -> Wrong {
        let place = self.text.get(..self.at).map_or(0, |before| before.chars().count()) + 1;
        let found = if self.rest().is_empty() { "it ends".to_owned() } else { quoted(self.rest()) };
        let what = if self.in_filter { "the filter" } else { "the path" };
        Wrong {
            message: format!("{what} is not understood at character {place}: expected {expected}, found {found}"),
            in_filter: self.in_filter,
        }
    }
}

fn joined(mut filters: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    match (filters.len(), filters.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            filters.extend(last);
            join(filters)
        }
    }
}
