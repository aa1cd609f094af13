//! Files with syntax errors, and what is said about them: `language/syntax.txt`. After `===` stand a title and the
//! text of a file; after `---` one line for each error: line, column, message and hint.

#![allow(clippy::unwrap_used)] // a test fails by panicking

use std::sync::Arc;

use tenure_engine::language::parse::{self, parse};
use tenure_engine::language::{Diagnostic, Failure, File, FileId, Files, Reference, Scope, Value, evaluate};

fn files(texts: &[&str]) -> Files {
    let file =
        |(number, text): (usize, &&str)| File { path: Arc::from(format!("{number}.hcl")), text: Arc::from(*text) };
    Files(texts.iter().enumerate().map(file).collect())
}

fn shown(files: &Files, diagnostic: &Diagnostic) -> String {
    let (line, column) = diagnostic.span.map_or((0, 0), |span| files.line_column(span));
    let hint = diagnostic.hint.as_ref().map_or_else(String::new, |hint| format!(" | {hint}"));
    format!("{line}:{column} {}{hint}", diagnostic.message)
}

fn errors(text: &str) -> Vec<String> {
    let files = files(&[text]);
    parse(&files).1.iter().map(|diagnostic| shown(&files, diagnostic)).collect()
}

#[test]
fn common_mistakes_are_named() {
    let mut wrong = String::new();
    let mut cases = 0;
    for case in include_str!("language/syntax.txt").split("=== ").skip(1) {
        let (title, rest) = case.split_once('\n').unwrap();
        let (text, expected) = rest.split_once("---\n").unwrap();
        let got = errors(text).join("\n");
        cases += 1;
        if got.trim() != expected.trim() {
            wrong.push_str(&format!("=== {title}\n{text}---\n{got}\n\n"));
        }
    }
    assert!(cases > 20);
    assert!(wrong.is_empty(), "what is said now:\n{wrong}");
}

#[test]
fn errors_of_all_files_come_at_once_and_sound_blocks_with_them() {
    let files =
        files(&["person \"a\" { x = ' }", "person \"b\" {}\n", "person \"c\" {\n x = \"\n}\nperson \"d\" {}\n"]);
    let (blocks, diagnostics) = parse(&files);
    let places: Vec<_> = diagnostics.iter().map(|diagnostic| files.place(diagnostic.span.unwrap())).collect();
    assert_eq!(places, ["0.hcl:1", "2.hcl:2"]);
    let names: Vec<_> = blocks.iter().map(|block| &*block.labels[0].0).collect();
    assert_eq!(names, ["b", "d"]);
}

#[test]
fn blocks_know_their_places() {
    let files =
        files(&["\u{feff}# people\nperson \"ada\" {\n  email = lower(\"Ä\")\n  on_create {\n    x = 1\n  }\n}\n"]);
    let (blocks, diagnostics) = parse(&files);
    assert_eq!(diagnostics, []);
    let source = |span: tenure_engine::language::Span| &files.0[0].text[span.start as usize..span.end as usize];
    assert_eq!(source(blocks[0].span), "person \"ada\"");
    assert_eq!(source(blocks[0].labels[0].1), "\"ada\"");
    assert_eq!(source(blocks[0].attributes[0].span), "email");
    assert_eq!(blocks[0].attributes[0].value.source(&files), "lower(\"Ä\")");
    assert_eq!(source(blocks[0].blocks[0].span), "on_create");
    assert_eq!(files.line_column(blocks[0].attributes[0].value.span), (3, 11));
}

#[test]
fn what_is_too_deep_is_an_error_and_not_a_crash() {
    let many = |text: &str| text.repeat(100_000);
    let texts = [
        format!("locals {{ a = {}1{} }}", many("("), many(")")),
        format!("locals {{ a = {}{} }}", many("["), many("]")),
        format!("locals {{ a = {} }}", many("[")),
        format!("locals {{ a = {}1{} }}", many("{ b = "), many("}")),
        format!("locals {{ a = 1{} }}", many(" + 1")),
        format!("locals {{ a = {}true }}", many("!")),
        format!("locals {{ a = {}1 }}", many("- ")),
        format!("locals {{ a = {}1 }}", many("b ? 1 : ")),
        format!("locals {{ a = {}1{} }}", many("f("), many(")")),
        format!("locals {{ a = {}1{} }}", many("\"${"), many("}\"")),
        format!("locals {{ a = \"{}{}\" }}", many("%{if b}"), many("%{endif}")),
        format!("locals {{ a = b{} }}", many("[*]")),
        format!("locals {{ a = b{}0{} }}", many("["), many("]")),
        many("a {\n"),
        many("}"),
    ];
    for text in texts {
        let errors = errors(&text);
        assert!(!errors.is_empty(), "{}", &text[..40]);
        assert!(errors.iter().all(|error| error.len() < 300), "{errors:?}");
    }
    // Long is not deep.
    assert_eq!(errors(&format!("locals {{ a = b{} }}", many(".c"))), [""; 0]);
    assert_eq!(errors(&format!("locals {{ a = [{}] }}", many("1,"))), [""; 0]);
}

#[test]
fn an_object_with_too_many_keys_is_an_error_and_many_attributes_are_none() {
    let keys = |count: usize, end: &str| (0..count).map(|n| format!("  key{n} = {n}{end}")).collect::<String>();
    let error = "2:7 this object has more than 10000 keys | keep data in files of its own, and read it with csvdecode(file(...)) or jsondecode(file(...))";
    assert_eq!(errors(&format!("locals {{\n  a = {{\n{}  }}\n}}\n", keys(10_001, "\n"))), [error]);
    assert_eq!(errors(&format!("locals {{\n  a = {{ {} }}\n}}\n", keys(10_001, ","))), [error]);
    assert_eq!(errors(&format!("locals {{\n  a = {{\n{}  }}\n}}\n", keys(2_000, ",\n"))), [""; 0]);
    assert_eq!(errors(&format!("locals {{\n{}}}\n", keys(20_000, "\n"))), [""; 0]);
}

/// A test has 2 MiB of stack and no optimisation: what parses must evaluate, and be dropped, in that.
#[test]
fn what_is_as_deep_as_allowed_evaluates() {
    struct Nothing;
    impl Scope for Nothing {
        fn root(&self, _: &str) -> Option<Value> {
            Some(Value::Bool(true))
        }
        fn roots(&self) -> Vec<String> {
            Vec::new()
        }
        fn attribute(&self, _: &Reference, _: &str) -> Result<Value, Failure> {
            Ok(Value::Null)
        }
        fn index(&self, _: &Reference, _: &Value) -> Result<Value, Failure> {
            Ok(Value::Null)
        }
        fn items(&self, _: &Reference) -> Result<Value, Failure> {
            Ok(Value::Null)
        }
        fn call(&self, _: &str, _: &[Value]) -> Option<Result<Value, Failure>> {
            None
        }
        fn calls(&self) -> Vec<&'static str> {
            Vec::new()
        }
    }
    let nested = |count: usize, open: &str, middle: &str, close: &str| {
        format!("{}{middle}{}", open.repeat(count), close.repeat(count))
    };
    let sum = format!("1{}", " + 1".repeat(64));
    let table: [(&str, &str, &str); 12] = [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("{ b = ", "1", " }"),
        ("[for x in [1] : ", "x", "]"),
        ("{ for x in [1] : x => ", "x", " }"),
        ("try(", "1", ")"),
        ("tolist([", "1", "])"),
        ("b ? ", "1", " : 2"),
        ("!", "true", ""),
        ("\"${", "1", "}x\""),
        ("1 + (", &sum, ")"),
        ("[0][", "0", "]"),
    ];
    for (open, middle, close) in table {
        // The deepest that still parses.
        let deepest = (1..=64).rev().find_map(|count| {
            let files = files(&[&nested(count, open, middle, close)]);
            parse::parse_expression(&files, FileId(0)).ok().map(|expr| (count, expr))
        });
        let (count, expr) = deepest.unwrap();
        assert!(count >= 20, "{open}: {count}");
        evaluate(&expr, &Nothing).unwrap();
        assert!(!expr.references().iter().any(|mention| mention.path.is_empty()));
    }
    let text = format!("\"{}{}\"", "%{if b}".repeat(60), "%{endif}".repeat(60));
    let files = files(&[&text]);
    evaluate(&parse::parse_expression(&files, FileId(0)).unwrap(), &Nothing).unwrap();
}

#[test]
fn what_is_too_large_is_an_error() {
    let large = "# 0123456789\n".repeat(100 << 20 >> 4);
    assert_eq!(
        errors(&large[..parse::MAX_FILE + 1]),
        [
            "1:1 this file has 8 MiB, and 8 MiB are the most | keep data in files of its own, and read it with csvdecode(file(...)) or jsondecode(file(...))"
        ]
    );
    assert_eq!(
        errors(&large),
        [
            "0:0 the configuration has 81 MiB, and 64 MiB are the most | keep data in files of its own, and read it with csvdecode(file(...)) or jsondecode(file(...))"
        ]
    );
}

#[test]
fn bytes_that_are_no_text_are_shown_at_their_place() {
    let decode = |bytes: &[u8]| parse::decode(FileId(0), Arc::from("a.hcl"), bytes);
    let (file, diagnostic) = decode(b"person \"ada\" {\n  name = \"J\xf6rg\"\n}\n");
    assert_eq!(&*file.text, "person \"ada\" {\n  name = \"J\u{fffd}rg\"\n}\n");
    let diagnostic = diagnostic.unwrap();
    assert_eq!(shown(&Files(vec![file]), &diagnostic), "2:12 this file is not UTF-8 text | save the file as UTF-8");
    assert_eq!(diagnostic.label, "byte 0xf6");
    let (_, diagnostic) = decode(&[0xff, 0xfe, b'a', 0]);
    assert_eq!(diagnostic.unwrap().hint.unwrap(), "it looks like UTF-16: save it as UTF-8");
    assert_eq!(decode("ö".as_bytes()).1, None);
}

#[test]
fn mentions_are_read_off_the_text() {
    let table = [
        ("local.teams[\"core\"].x", "local.teams.core.x"),
        ("person[row.manager].email", "person row.manager"),
        ("[for p in people : p.login if p.x != self.x]", "people self.x"),
        ("{ for k, v in local.a : k => v.x[k][each.key] }", "local.a each.key"),
        ("\"${var.a}%{for x in b}${x}${c[x]}%{endfor}%{if d}${e}%{else}${f.g}%{endif}\"", "var.a b c d e f.g"),
        ("people[*].login", "people"),
        ("self.accounts.corp.id", "self.accounts.corp.id"),
        ("f(a...).b[g(c)]", "a c"),
        ("a ? b : -c + d[0].e", "a b c d.0.e"),
        ("{ a = b, (c) = d, \"${e}\" = 1 }", "b c d e"),
        ("[for x in x : x]", "x"),
    ];
    for (text, expected) in table {
        let files = files(&[text]);
        let expr = parse::parse_expression(&files, FileId(0)).unwrap();
        let mentions: Vec<_> = expr.references().iter().map(|mention| mention.path.join(".")).collect();
        assert_eq!(mentions.join(" "), expected, "{text}");
    }
}

#[test]
fn unknown_functions_are_found_without_evaluation() {
    let files = files(&["true ? try(1, env(\"X\")) : tryy(nothing(1))"]);
    let expr = parse::parse_expression(&files, FileId(0)).unwrap();
    let errors: Vec<_> = expr.unknown_functions(&["env"]).iter().map(|diagnostic| shown(&files, diagnostic)).collect();
    assert_eq!(
        errors,
        ["1:27 there is no function \"tryy\" | did you mean \"try\"?", "1:32 there is no function \"nothing\""]
    );
}
