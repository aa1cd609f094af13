//! The pure functions: tables of expressions and results in `functions/*.txt`, one per family, and their list in
//! `docs/functions.md`.
//!
//! A row of a table is an expression, ` ==> `, and the result as JSON or `error: ` with the message (and ` | ` with the
//! hint). Sets are written as lists. Lines that start with `##` are comments; `## differs: ` above a row says why the
//! result is not Terraform's. `tests/terraform/compare.py` asks Terraform about every row.

// Helpers of tests may panic, and the list of functions stands on the disk.
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods)]

use std::collections::BTreeSet;
use std::sync::Arc;

use state::{Address, Symbol};
use tenure_engine::language::parse::parse_expression;
use tenure_engine::language::{Failure, File, FileId, Files, Reference, Scope, Value, evaluate, functions};

/// `ada` and `bob` are references to people; there is nothing else.
struct People;

impl Scope for People {
    fn root(&self, name: &str) -> Option<Value> {
        let person = || Value::Reference(Reference::To(Address::Person(Symbol::new(name))));
        matches!(name, "ada" | "bob").then(person)
    }
    fn roots(&self) -> Vec<String> {
        vec!["ada".into(), "bob".into()]
    }
    fn attribute(&self, of: &Reference, name: &str) -> Result<Value, Failure> {
        Err(Failure::new(format!("{of} has no {name}")))
    }
    fn index(&self, of: &Reference, _: &Value) -> Result<Value, Failure> {
        Err(Failure::new(format!("{of} has no index")))
    }
    fn items(&self, of: &Reference) -> Result<Value, Failure> {
        Err(Failure::new(format!("{of} has no items")))
    }
    fn call(&self, _: &str, _: &[Value]) -> Option<Result<Value, Failure>> {
        None
    }
    fn calls(&self) -> Vec<&'static str> {
        Vec::new()
    }
}

fn value_of(expression: &str) -> Result<Value, String> {
    let files = Files(vec![File { path: Arc::from("table"), text: Arc::from(expression) }]);
    parse_expression(&files, FileId(0))
        .and_then(|expr| evaluate(&expr, &People).map_err(|diagnostic| vec![diagnostic]))
        .map_err(|diagnostics| {
            let shown = diagnostics.iter().map(|diagnostic| match &diagnostic.hint {
                Some(hint) => format!("error: {} | {hint}", diagnostic.message),
                None => format!("error: {}", diagnostic.message),
            });
            shown.collect::<Vec<_>>().join("; ")
        })
}

fn outcome(expression: &str) -> String {
    value_of(expression).map_or_else(|error| error, |value| value.to_json_text().unwrap())
}

/// Line, expression and result of each row.
fn rows(table: &'static str) -> Vec<(usize, &'static str, &'static str)> {
    let lines = table.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with("##"));
    lines
        .map(|(at, line)| {
            let (expression, result) = line.split_once("==>").unwrap_or_else(|| panic!("line {}: no ==>", at + 1));
            (at + 1, expression.trim(), result.trim())
        })
        .collect()
}

macro_rules! tables {
    ($($name:ident)*) => {
        const TABLES: &[(&str, &str)] = &[$((stringify!($name), include_str!(concat!("functions/", stringify!($name), ".txt")))),*];
        $(#[test]
        fn $name() {
            let table = include_str!(concat!("functions/", stringify!($name), ".txt"));
            let wrong: Vec<String> = rows(table)
                .into_iter()
                .filter_map(|(line, expression, expected)| {
                    let got = outcome(expression);
                    (got != expected).then(|| format!("line {line}: {expression}\n    expected {expected}\n    got      {got}"))
                })
                .collect();
            assert!(wrong.is_empty(), "{} rows of functions/{}.txt:\n{}", wrong.len(), stringify!($name), wrong.join("\n"));
        })*
    };
}

tables! { collections conversion csv dates encoding format hashes json lists maps networks numbers regexes sets strings toml yaml }

#[test]
fn every_function_has_rows_that_succeed_and_rows_that_fail() {
    let rows: Vec<_> = TABLES.iter().flat_map(|(_, table)| rows(table)).collect();
    assert!(rows.len() > 900, "the tables are not read: {} rows", rows.len());
    let called = |fails: bool| -> BTreeSet<&str> {
        let rows = rows.iter().filter(|(_, _, result)| result.starts_with("error: ") == fails);
        rows.filter_map(|(_, expression, _)| expression.split('(').next()).collect()
    };
    let (succeed, fail) = (called(false), called(true));
    for name in functions::names() {
        assert!(succeed.contains(name), "no row of {name} succeeds");
        assert!(fail.contains(name), "no row of {name} fails");
    }
}

/// References are identities: collections carry them, compare them by address, and never take them for text.
#[test]
fn references_survive_collections() {
    let table = [
        ("concat([ada], [bob, ada])", "[person.ada, person.bob, person.ada]"),
        ("distinct([ada, bob, ada])", "[person.ada, person.bob]"),
        (
            r#"distinct([ada, { who = bob, role = "maintainer" }])"#,
            r#"[person.ada, {"role": "maintainer", "who": person.bob}]"#,
        ),
        ("flatten([[ada], [[bob]]])", "[person.ada, person.bob]"),
        ("contains([ada, bob], bob)", "true"),
        ("contains([ada], bob)", "false"),
        ("index([ada, bob], bob)", "1"),
        ("length([ada])", "1"),
        ("merge({ a = ada }, { b = bob })", r#"{"a": person.ada, "b": person.bob}"#),
        ("lookup({ a = ada }, \"a\", null)", "person.ada"),
        ("setunion([bob], [ada, bob])", "toset([person.ada, person.bob])"),
        ("setsubtract([ada, bob], [ada])", "toset([person.bob])"),
        ("coalesce(null, ada)", "person.ada"),
        ("one([ada])", "person.ada"),
        ("element([ada, bob], 3)", "person.bob"),
        ("zipmap([\"x\"], [ada])", r#"{"x": person.ada}"#),
        ("tolist([1, ada])", "[1, person.ada]"),
    ];
    for (expression, expected) in table {
        assert_eq!(value_of(expression).map(|value| format!("{value:?}")), Ok(expected.to_owned()), "{expression}");
    }
    assert_eq!(
        value_of("join(\",\", [ada])").unwrap_err(),
        "error: join: item 0 of argument 2 must be a string, and is the reference person.ada"
    );
    assert_eq!(
        value_of("jsonencode([ada])").unwrap_err(),
        "error: jsonencode: JSON cannot say the reference person.ada"
    );
}

/// What a file may hold does not take the process down: depth, width and repetition end in errors.
#[test]
fn hostile_input_ends_in_errors() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    let lines = (0..30).map(|n| format!("a{}: &a{} [*a{n}, *a{n}]\\n", n + 1, n + 1)).collect::<String>();
    let table = [
        (format!("jsondecode({:?})", deep("[", "]")), "more than 128"),
        (format!("yamldecode({:?})", deep("[", "]")), "error: yamldecode"),
        (format!("tomldecode(\"a = {}\")", deep("[", "]")), "error: tomldecode"),
        (format!("yamldecode(\"a0: &a0 x\\n{lines}\")"), "more than 10000000 values"),
        (format!("regex({:?}, \"a\")", deep("(", ")")), "not a regular expression"),
        ("regex(\"((a{1000}){1000}){1000}\", \"a\")".to_owned(), "too large"),
        ("format(\"%99999999999999999999d\", 1)".to_owned(), "larger than 1000"),
        ("indent(999999999, \"a\\nb\")".to_owned(), "between 0 and 1000"),
        ("setproduct(range(1000), range(1000), range(1000))".to_owned(), "more than 10000000 rows"),
        ("pow(10, 1000000000)".to_owned(), "no finite number"),
        (format!("parseint(\"{}\", 10)", "9".repeat(100_000)), "does not read as a whole number"),
        (format!("chunklist([1], {})", i64::MAX), "[[1]]"),
        (format!("substr(\"abc\", {}, {})", i64::MIN, i64::MAX), "abc"),
        (format!("element([1, 2], {})", i64::MIN), "1"),
        (format!("timeadd(\"2026-01-01T00:00:00Z\", \"{}h\")", "9".repeat(40)), "not a duration"),
    ];
    for (expression, expected) in table {
        let got = outcome(&expression);
        assert!(got.contains(expected), "{:.60}... gives {got:.200}, and should hold {expected}", expression);
    }
}

/// `docs/functions.md` lists what there is. `WRITE_DOCS=1 cargo test -p tenure-engine --test functions` writes it.
#[test]
fn the_documentation_lists_all_functions() {
    let mut page = String::from(HEAD);
    for function in functions::all() {
        page.push_str(&format!("| `{}` | {} |\n", function.signature(), function.about.replace('|', "\\|")));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/functions.md");
    if std::env::var_os("WRITE_DOCS").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(path).unwrap_or_default(),
        page,
        "docs/functions.md is stale: run with WRITE_DOCS=1"
    );
}

const HEAD: &str = "\
# Functions

<!-- Written by `WRITE_DOCS=1 cargo test -p tenure-engine --test functions`, out of engine/src/language/functions/table.rs. -->

Names and meanings are Terraform's, and so are the results: `tests/terraform/compare.py` compares the test tables below
`engine/tests/functions/` with Terraform, where rows that differ on purpose say why. `...` after a parameter takes any
number of arguments; a list is spread over them with `...` in the call: `merge(local.teams...)`.

Besides these there are the functions that look at how an expression comes out (`try`, `can`, `sensitive`,
`nonsensitive`, `issensitive`), and those that reach outside of the files or depend on the run (`file`, `env`,
`command`, `timestamp` and their like).

| function | gives |
|---|---|
";
