//! Changes of single places, by the texts as they were read.

use std::sync::Arc;

use crate::language::write::key;
use crate::language::{Block, Expr};

/// What accepting one difference comes to: what is told of it, and the changes. They are made together or not at all.
pub struct Draft {
    pub verdict: super::Verdict,
    pub(super) steps: Vec<Step>,
}

/// One change of one place.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// What is changed, for whoever wants to change it too: `people.csv:2 (title)`. It gets one value.
    pub what: String,
    pub edit: Edit,
}

/// How a place changes.
#[derive(Clone, Debug)]
pub(super) enum Edit {
    /// The expression becomes this text.
    Value { of: Expr, text: String },
    /// For one alone it is something else: `self.key == "P1" ? "x" : EXPRESSION`.
    Exception { of: Expr, case: Case, value: String },
    /// A condition leaves one out: `self.key != "P1" && CONDITION`.
    Unless { of: Expr, case: Case },
    /// The list gets an item at its end.
    Add { list: Expr, item: String },
    /// The list loses an item; where it loses all, `within` loses that item of its own.
    Remove { list: Expr, number: usize, within: Option<(Expr, usize)> },
    /// What an expression makes gets an item on top, for one `each.key` alone where one is named.
    Join { of: Expr, each: Option<Arc<str>>, item: String },
    /// An object gets a pair.
    Pair { object: Expr, name: String, value: String },
    /// A block gets an attribute.
    Attribute { block: Arc<Block>, name: String, value: Added },
    /// A file gets a block at its end.
    Block { file: usize, text: String },
    /// A field of a table gets another text.
    Cell { path: String, range: std::ops::Range<usize>, text: String },
}

/// What an attribute that a block has not yet gets.
#[derive(Clone, Debug)]
pub(super) enum Added {
    Value(String),
    /// An item of a list, for one `each.key` alone where one is named.
    Item(Option<Arc<str>>, String),
    /// A value for one case, and for all others.
    Case(Case, String, &'static str),
    /// A condition that leaves one out.
    Unless(Case),
}

/// Whom an exception is for: the one that `subject` is `key` for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Case {
    /// `self.key`, `each.key`, `row.id`.
    pub subject: String,
    pub key: String,
    /// What must hold too: `each.key == "eu"`.
    pub and: Option<String>,
}

impl Case {
    pub(super) fn new(subject: impl Into<String>, key: impl Into<String>) -> Case {
        Case { subject: subject.into(), key: key.into(), and: None }
    }

    /// `self.key == "P1"`
    pub(super) fn condition(&self) -> String {
        let own = format!("{} == {}", self.subject, crate::language::write::quoted(&self.key));
        match &self.and {
            Some(and) => format!("{and} && {own}"),
            None => own,
        }
    }
}

/// Text in front of an expression, and behind it, that makes exceptions of it.
pub(super) fn exceptions(cases: &[(Case, String)], compound: bool) -> (String, String) {
    let (open, close) = if compound { ("(", ")") } else { ("", "") };
    let subject = cases.first().filter(|(case, _)| case.and.is_none()).map(|(case, _)| &case.subject);
    let alike = |(case, _): &(Case, String)| case.and.is_none() && Some(&case.subject) == subject;
    match subject {
        Some(subject) if cases.len() > 1 && cases.iter().all(alike) => {
            (format!("lookup({}, {subject}, ", table(cases)), ")".to_owned())
        }
        _ => {
            let one = |(case, value): &(Case, String)| format!("{} ? {value} : ", case.condition());
            let chain: String = cases.iter().map(one).collect();
            (format!("{chain}{open}"), close.to_owned())
        }
    }
}

/// A condition that leaves these out: `self.key != "P1"`, `!contains(["P1", "P2"], self.key)`.
pub(super) fn unless(cases: &[Case]) -> String {
    let quoted = |case: &Case| crate::language::write::quoted(&case.key);
    let conditions: Vec<String> = match cases {
        [first, _, ..] if cases.iter().all(|case| case.and.is_none() && case.subject == first.subject) => {
            let keys: Vec<String> = cases.iter().map(quoted).collect();
            vec![format!("!contains([{}], {})", keys.join(", "), first.subject)]
        }
        cases => {
            let one = |case: &Case| match &case.and {
                None => format!("{} != {}", case.subject, quoted(case)),
                Some(_) => format!("!({})", case.condition()),
            };
            cases.iter().map(one).collect()
        }
    };
    conditions.join(" && ")
}

/// `{ P1 = "x", P2 = "y" }`
fn table(cases: &[(Case, String)]) -> String {
    let pairs: Vec<String> = cases.iter().map(|(case, value)| format!("{} = {value}", key(&case.key))).collect();
    format!("{{ {} }}", pairs.join(", "))
}

/// Lists that stand behind one another in `concat`: items for all, and those of one `each.key`.
pub(super) fn lists(items: &[(Option<Arc<str>>, String)]) -> Vec<String> {
    let mut lists = Vec::new();
    let all: Vec<&str> = items.iter().filter(|(each, _)| each.is_none()).map(|(_, item)| item.as_str()).collect();
    if !all.is_empty() {
        lists.push(format!("[{}]", all.join(", ")));
    }
    let mut by_key: std::collections::BTreeMap<&str, Vec<&str>> = std::collections::BTreeMap::new();
    for (each, item) in items {
        if let Some(each) = each {
            by_key.entry(each).or_default().push(item);
        }
    }
    if !by_key.is_empty() {
        let pair = |(each, items): (&&str, &Vec<&str>)| format!("{} = [{}]", key(each), items.join(", "));
        let pairs: Vec<String> = by_key.iter().map(pair).collect();
        lists.push(format!("lookup({{ {} }}, each.key, [])", pairs.join(", ")));
    }
    lists
}

/// The value of an attribute that a block gets.
pub(super) fn added(all: &[Added]) -> Option<String> {
    match all.first()? {
        Added::Value(value) => Some(value.clone()),
        Added::Item(..) => {
            let item = |one: &Added| match one {
                Added::Item(each, item) => Some((each.clone(), item.clone())),
                _ => None,
            };
            let items: Vec<_> = all.iter().map(item).collect::<Option<_>>()?;
            match &lists(&items)[..] {
                [only] => Some(only.clone()),
                several => Some(format!("concat({})", several.join(", "))),
            }
        }
        Added::Case(_, _, otherwise) => {
            let case = |one: &Added| match one {
                Added::Case(case, value, _) => Some((case.clone(), value.clone())),
                _ => None,
            };
            let cases: Vec<_> = all.iter().map(case).collect::<Option<_>>()?;
            let (before, after) = exceptions(&cases, false);
            Some(format!("{before}{otherwise}{after}"))
        }
        Added::Unless(_) => {
            let case = |one: &Added| match one {
                Added::Unless(case) => Some(case.clone()),
                _ => None,
            };
            Some(unless(&all.iter().map(case).collect::<Option<Vec<_>>>()?))
        }
    }
}
