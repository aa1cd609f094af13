//! Properties of the language: no text makes it panic, and its work grows with its input.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use std::cell::Cell;
use std::sync::Arc;

use proptest::prelude::*;
use tenure_engine::language::parse::{parse, parse_expression, parse_template};
use tenure_engine::language::{Failure, File, FileId, Files, Reference, Scope, Value, evaluate};

/// A scope with one large object, that counts what is asked of it.
struct Large {
    object: Value,
    roots: Cell<usize>,
}

impl Scope for Large {
    fn root(&self, name: &str) -> Option<Value> {
        self.roots.set(self.roots.get() + 1);
        (name == "m").then(|| self.object.clone())
    }
    fn roots(&self) -> Vec<String> {
        vec!["m".to_owned()]
    }
    fn attribute(&self, of: &Reference, _: &str) -> Result<Value, Failure> {
        Err(Failure::new(of.to_string()))
    }
    fn index(&self, of: &Reference, _: &Value) -> Result<Value, Failure> {
        Err(Failure::new(of.to_string()))
    }
    fn items(&self, of: &Reference) -> Result<Value, Failure> {
        Err(Failure::new(of.to_string()))
    }
    fn call(&self, _: &str, _: &[Value]) -> Option<Result<Value, Failure>> {
        None
    }
    fn calls(&self) -> Vec<&'static str> {
        Vec::new()
    }
}

fn one_file(text: &str) -> Files {
    Files(vec![File { path: Arc::from("a.hcl"), text: Arc::from(text) }])
}

fn value(text: &str, scope: &Large) -> Value {
    let expr = parse_expression(&one_file(text), FileId(0)).unwrap();
    evaluate(&expr, scope).unwrap()
}

fn large(length: usize) -> Large {
    let item = |number: usize| Value::object([(Arc::from("x"), Value::number(number))]);
    let pairs = (0..length).map(|number| (Arc::from(format!("key{number:06}")), item(number)));
    Large { object: Value::object(pairs), roots: Cell::new(0) }
}

/// Whether two values are one in memory.
fn shared(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => Arc::ptr_eq(a, b),
        _ => false,
    }
}

#[test]
fn values_are_shared_and_not_copied() {
    let scope = large(1000);
    let Value::List(items) = value("[for k, u in m : m]", &scope) else { unreachable!() };
    assert_eq!(items.len(), 1000);
    assert!(items.iter().all(|item| shared(item, &scope.object)));
    let Value::List(items) = value("[for k, u in m : m[k]]", &scope) else { unreachable!() };
    let object = scope.object.as_object().unwrap();
    assert!(items.iter().zip(object.values()).all(|(item, own)| shared(item, own)));
    assert!(shared(&value("true ? m : null", &scope), &scope.object));
    assert!(shared(&value("[m][0]", &scope), &scope.object));
    assert!(shared(&value("try(m.nothing, m)", &scope), &scope.object));
    assert!(shared(&value("{ a = m }.a", &scope), &scope.object));
    // Each mention asks the scope once: three for the loop, two more per item.
    assert_eq!(scope.roots.get(), 1 + 1000 + 1 + 1000 + 1 + 1 + 2 + 1);
}

/// With a copy of `m` for each item, or a walk through it, this would take 10^10 steps and never end.
#[test]
fn looking_up_each_of_many_is_linear() {
    let scope = large(100_000);
    let Value::List(items) = value("[for k, u in m : m[k].x]", &scope) else { unreachable!() };
    assert_eq!(items.len(), 100_000);
    assert_eq!(items.last(), Some(&Value::number(99_999_i64)));
    let Value::List(items) = value("[for k, u in m : lookup(m, k, null).x + length(m)]", &scope) else {
        unreachable!()
    };
    assert_eq!(items.last(), Some(&Value::number(199_999_i64)));
    let Value::Object(groups) = value("{ for k, u in m : u.x % 10 => k... }", &scope) else { unreachable!() };
    assert_eq!(groups.len(), 10);
}

fn run(text: &str) {
    let scope = Large { object: Value::list(vec![Value::sensitive(1_i64.into()), Value::Null]), roots: Cell::new(0) };
    let files = one_file(text);
    let (blocks, diagnostics) = parse(&files);
    for diagnostic in diagnostics {
        let span = diagnostic.span.unwrap();
        assert!(span.start <= span.end && span.end as usize <= text.len(), "{span:?}");
        assert!(text.is_char_boundary(span.start as usize) && text.is_char_boundary(span.end as usize), "{span:?}");
    }
    for attribute in blocks.iter().flat_map(|block| &block.attributes) {
        let _ = evaluate(&attribute.value, &scope);
    }
    for expr in [parse_expression(&files, FileId(0)), parse_template(&files, FileId(0))].into_iter().flatten() {
        let _ = evaluate(&expr, &scope);
        expr.references();
        assert!(text.contains(expr.source(&files)));
    }
}

/// Texts made of what means something to HCL.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "\"",
        "${",
        "%{",
        "}",
        "{",
        "[",
        "]",
        "(",
        ")",
        "~",
        "=",
        "=>",
        "==",
        "!",
        "!=",
        "<",
        "<<E",
        "<<-E",
        "\nE\n",
        "\n",
        " ",
        ",",
        ".",
        "..",
        "...",
        "*",
        "[*]",
        ".*",
        "-",
        "+",
        "/",
        "%",
        "&&",
        "||",
        "?",
        ":",
        "#",
        "//",
        "/*",
        "*/",
        "for ",
        "in ",
        "if ",
        "else",
        "endif",
        "endfor",
        "x",
        "m",
        "null",
        "true",
        "1",
        "0.5",
        "1e9",
        "9999999999",
        "try(",
        "upper(",
        "length(",
        "\\",
        "\\u00e9",
        "ü",
        "'",
        "locals {\n",
        "a = ",
        "\n}\n",
        "[for x in m : x]",
        "\"a${x}\"",
        "{ a = 1 }",
        "\u{feff}",
        "\r\n",
        "\t",
        ";",
        "$${",
        "::",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        run(&text);
        run(&format!("locals {{\n  a = {text}\n}}\n"));
    }

    #[test]
    fn no_near_hcl_makes_it_panic(text in pieces()) {
        run(&text);
        run(&format!("locals {{\n  a = {text}\n}}\nperson \"ada\" {{\n  email = \"a\"\n}}\n"));
    }
}
