//! Tables of expressions and results: `language/*.txt`. A row is an expression, `==>`, and the result as JSON or
//! `error: ` with the message (and ` | ` with the hint). Lines that start with `##` are comments.
//!
//! Rows of `terraform_*.txt` were checked against Terraform by `tests/terraform/check.py`.

#![allow(clippy::unwrap_used)] // a test fails by panicking

use std::sync::Arc;

use state::{Address, Symbol};
use tenure_engine::language::parse::parse_expression;
use tenure_engine::language::{Diagnostic, Expr, Failure, File, FileId, Files, Reference, Scope, Value, evaluate};

/// What the rows can see: `pending` is known only after apply, `hush` and `secrets` are sensitive, `people` are
/// references (`people.ada.email` and so on).
struct Roots;

fn person(key: &str) -> Value {
    Value::Reference(Reference::To(Address::Person(Symbol::new(key))))
}

impl Scope for Roots {
    fn root(&self, name: &str) -> Option<Value> {
        Some(match name {
            "pending" => Value::unknown(vec![Address::System(Symbol::new("corp"))], false),
            "hush" => Value::sensitive("hunter2".into()),
            "secrets" => Value::object([(Arc::from("token"), Value::sensitive("t0ken".into()))]),
            "people" => Value::Reference(Reference::Path(Arc::from("people"))),
            _ => return None,
        })
    }
    fn roots(&self) -> Vec<String> {
        ["hush", "pending", "people", "secrets"].map(String::from).to_vec()
    }
    fn attribute(&self, of: &Reference, name: &str) -> Result<Value, Failure> {
        match (of, name) {
            (Reference::Path(_), "ada" | "bob") => Ok(person(name)),
            (Reference::To(Address::Person(key)), "email") => Ok(Value::string(format!("{key}@acme.example"))),
            (Reference::To(Address::Person(key)), "manager") if *key == "bob" => Ok(person("ada")),
            (Reference::To(Address::Person(_)), "manager") => Ok(Value::Null),
            (Reference::To(Address::Person(_)), "id") => {
                Ok(Value::unknown(vec![Address::System(Symbol::new("chat"))], false))
            }
            _ => Err(Failure::new(format!("{of} has no {name:?}")).hint("try email")),
        }
    }
    fn index(&self, of: &Reference, key: &Value) -> Result<Value, Failure> {
        self.attribute(of, &key.to_text()?)
    }
    fn items(&self, of: &Reference) -> Result<Value, Failure> {
        match of {
            Reference::Path(_) => {
                Ok(Value::object([(Arc::from("ada"), person("ada")), (Arc::from("bob"), person("bob"))]))
            }
            Reference::To(_) => Err(Failure::new(format!("{of} is one thing"))),
        }
    }
    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, Failure>> {
        match (name, arguments) {
            ("env", [Value::String(name)]) => Some(Ok(Value::sensitive(Value::string(format!("value of {name}"))))),
            _ => None,
        }
    }
    fn calls(&self) -> Vec<&'static str> {
        vec!["env"]
    }
}

fn one_file(text: &str) -> Files {
    Files(vec![File { path: Arc::from("table"), text: Arc::from(text) }])
}

/// A result as the tables write it: JSON, references as `@address`, marks as calls.
fn shown(value: &Value) -> String {
    match value {
        Value::Sensitive(inner) => format!("sensitive({})", shown(inner)),
        Value::Unknown(unknown) => {
            let needs: Vec<_> = unknown.needs.iter().map(Address::to_string).collect();
            format!("{}unknown({})", if unknown.sensitive { "sensitive " } else { "" }, needs.join(", "))
        }
        Value::Reference(reference) => format!("@{reference}"),
        Value::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(",")),
        Value::Set(items) => format!("toset([{}])", items.iter().map(shown).collect::<Vec<_>>().join(",")),
        Value::Object(object) => {
            let pairs: Vec<_> = object.iter().map(|(key, value)| format!("{key:?}:{}", shown(value))).collect();
            format!("{{{}}}", pairs.join(","))
        }
        plain => plain.to_json_text().unwrap(),
    }
}

/// The value, and that it is the same when it is asked for again, of what was kept the first time.
fn twice(expr: &Expr) -> Result<Value, Diagnostic> {
    let (first, again) = (evaluate(expr, &Roots), evaluate(expr, &Roots));
    assert_eq!(first, again);
    first
}

fn outcome(expression: &str) -> String {
    let files = one_file(expression);
    let result =
        parse_expression(&files, FileId(0)).and_then(|expr| twice(&expr).map_err(|diagnostic| vec![diagnostic]));
    match result {
        Ok(value) => shown(&value),
        Err(diagnostics) => diagnostics
            .iter()
            .map(|diagnostic| match &diagnostic.hint {
                Some(hint) => format!("error: {} | {hint}", diagnostic.message),
                None => format!("error: {}", diagnostic.message),
            })
            .collect::<Vec<_>>()
            .join("; "),
    }
}

/// The rows of a table: line number, expression, result.
fn rows(table: &str) -> Vec<(usize, String, String)> {
    let mut rows = Vec::new();
    let mut expression = String::new();
    for (number, line) in table.lines().enumerate() {
        if line.starts_with("##") || (line.is_empty() && expression.is_empty()) {
            continue;
        }
        match line.split_once("==>") {
            Some((last, result)) => {
                expression.push_str(last);
                rows.push((number + 1, expression.trim_end().to_owned(), result.trim().to_owned()));
                expression.clear();
            }
            None => {
                expression.push_str(line);
                expression.push('\n');
            }
        }
    }
    rows
}

/// JSON without the difference between `[1, 2]` and `[1,2]`.
fn compact(text: &str) -> String {
    serde_json::from_str::<Value>(text).map_or_else(|_| text.to_owned(), |value| value.to_json_text().unwrap())
}

fn check(name: &str, table: &str) {
    let rows = rows(table);
    assert!(rows.len() > 5, "{name}: the table is not read");
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|(line, expression, expected)| {
            let got = outcome(expression);
            (compact(&got) != compact(expected))
                .then(|| format!("{name}:{line}: {expression}\n    expected {expected}\n    got      {got}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

macro_rules! tables {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check(stringify!($name), include_str!(concat!("language/", stringify!($name), ".txt")));
        })*
    };
}

tables! { terraform_operators terraform_templates terraform_collections marks }

/// A table of thousands of exceptions would else be made anew for each account that looks into it.
#[test]
fn lists_and_objects_of_literals_are_made_once() {
    let kept = |text: &str| {
        let expr = parse_expression(&one_file(text), FileId(0)).unwrap();
        match (evaluate(&expr, &Roots).unwrap(), evaluate(&expr, &Roots).unwrap()) {
            (Value::List(first), Value::List(again)) => Arc::ptr_eq(&first, &again),
            (Value::Object(first), Value::Object(again)) => Arc::ptr_eq(&first, &again),
            other => panic!("{text}: {other:?}"),
        }
    };
    for (text, once) in [
        ("{ P1 = \"Countess\", \"P 2\" = null }", true),
        ("{ a = [1, [-2, { b = true }]], c = {} }", true),
        ("[]", true),
        ("(([1, 2]))", true),
        ("lookup({ a = [1, 2], b = [3] }, \"a\", [])", true),
        ("[1, people.ada]", false),
        ("{ a = [1, people.ada.email] }", false),
        ("{ (people.ada.email) = 1 }", false),
        ("[1, pending]", false),
        ("[hush]", false),
        ("[[1], [\"${people.ada.email}\"]]", false),
        // Who asks for it may get something else.
        ("[for n in [1, 2] : [n]]", false),
        ("[max(1, 2)]", false),
    ] {
        assert_eq!(kept(text), once, "{text}");
    }
}
