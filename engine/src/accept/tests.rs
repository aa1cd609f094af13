//! The splicer: what is wanted changes, and every other byte stays.

use proptest::prelude::*;

use super::set_cell;
use super::splice::{add_attributes, add_items, range, remove_items, splice};
use crate::language::expr::Kind;
use crate::language::functions::csv;
use crate::language::{Block, Expr, File, Files, parse};

fn block(text: &str) -> Block {
    let files = Files(vec![File { path: "a.hcl".into(), text: text.into() }]);
    let (blocks, wrong) = parse(&files);
    assert!(wrong.is_empty(), "{text}\n{wrong:?}");
    blocks.into_iter().next().unwrap()
}

/// The list `m` of the first block.
fn list(text: &str) -> (Expr, Vec<Expr>) {
    let value = block(text).attribute("m").unwrap().value.clone();
    let Kind::List(items) = &*value.kind else { panic!("{text}") };
    (value.clone(), items.to_vec())
}

fn sources(text: &str) -> Vec<String> {
    let files = Files(vec![File { path: "a.hcl".into(), text: text.into() }]);
    list(text).1.iter().map(|item| item.source(&files).to_owned()).collect()
}

fn removed(text: &str, number: usize) -> String {
    let items: Vec<_> = list(text).1.iter().map(|item| range(item.span)).collect();
    splice(text, &remove_items(text, &items, &[number].into()).unwrap()).unwrap()
}

fn added(text: &str, item: &str) -> String {
    let (list, items) = list(text);
    let items: Vec<_> = items.iter().map(|item| range(item.span)).collect();
    splice(text, &add_items(text, range(list.span), &items, &[item.to_owned()]).unwrap()).unwrap()
}

#[test]
fn items_are_taken_out() {
    for (text, number, expected) in [
        ("x \"y\" { m = [a.b] }", 0, "x \"y\" { m = [] }"),
        ("x \"y\" { m = [a.b, c.d] }", 0, "x \"y\" { m = [c.d] }"),
        ("x \"y\" { m = [a.b, c.d] }", 1, "x \"y\" { m = [a.b] }"),
        ("x \"y\" { m = [a.b, c.d, ] }", 1, "x \"y\" { m = [a.b ] }"),
        ("x {\n  m = [\n    a.b, # one\n    c.d, # two\n  ]\n}\n", 0, "x {\n  m = [\n    c.d, # two\n  ]\n}\n"),
        ("x {\n  m = [\n    a.b, // one\n    c.d  // two\n  ]\n}\n", 1, "x {\n  m = [\n    a.b, // one\n  ]\n}\n"),
        ("x {\r\n  m = [\r\n    a.b,\r\n    c.d\r\n  ]\r\n}\r\n", 1, "x {\r\n  m = [\r\n    a.b,\r\n  ]\r\n}\r\n"),
        ("x {\n  m = [a.b, /* , */ c.d]\n}\n", 0, "x {\n  m = [ /* , */ c.d]\n}\n"),
        ("x {\n  m = [a.b /* , */, c.d]\n}\n", 0, "x {\n  m = [c.d]\n}\n"),
        ("x {\n  m = [\n    a.b, c.d,\n    e.f ]\n}\n", 2, "x {\n  m = [\n    a.b, c.d ]\n}\n"),
        ("x {\n  m = [\n    { who = a.b, until = \"x\" }, c.d\n  ]\n}\n", 0, "x {\n  m = [\n    c.d\n  ]\n}\n"),
    ] {
        assert_eq!(removed(text, number), expected);
        let mut items = sources(text);
        items.remove(number);
        assert_eq!(sources(expected), items, "{expected}");
    }
}

#[test]
fn items_are_added() {
    for (text, expected) in [
        ("x \"y\" { m = [] }", "x \"y\" { m = [p.q] }"),
        ("x \"y\" { m = [ ] }", "x \"y\" { m = [p.q ] }"),
        ("x \"y\" { m = [a.b] }", "x \"y\" { m = [a.b, p.q] }"),
        ("x \"y\" { m = [a.b,] }", "x \"y\" { m = [a.b, p.q,] }"),
        ("x {\n  m = [\n    a.b, # one\n  ]\n}\n", "x {\n  m = [\n    a.b, # one\n    p.q,\n  ]\n}\n"),
        ("x {\n  m = [\n    a.b # one\n  ]\n}\n", "x {\n  m = [\n    a.b, # one\n    p.q,\n  ]\n}\n"),
        ("x {\n  m = [\n    a.b\n  ]\n}\n", "x {\n  m = [\n    a.b,\n    p.q,\n  ]\n}\n"),
        ("x {\r\n\tm = [\r\n\t\ta.b,\r\n\t]\r\n}\r\n", "x {\r\n\tm = [\r\n\t\ta.b,\r\n\t\tp.q,\r\n\t]\r\n}\r\n"),
        ("x {\n  m = [\n    a.b]\n}\n", "x {\n  m = [\n    a.b, p.q]\n}\n"),
    ] {
        assert_eq!(added(text, "p.q"), expected);
        let mut items = sources(text);
        items.push("p.q".to_owned());
        assert_eq!(sources(expected), items, "{expected}");
    }
}

#[test]
fn attributes_are_added() {
    for (text, expected) in [
        ("x \"y\" {}", "x \"y\" {\n  new = 1\n}"),
        ("x \"y\" { }\n", "x \"y\" {\n  new = 1\n}\n"),
        ("x \"y\" {\n}\n", "x \"y\" {\n  new = 1\n}\n"),
        ("x \"y\" { # a comment\n}\n", "x \"y\" { # a comment\n  new = 1\n}\n"),
        ("x \"y\" { a = 2 }\n", "x \"y\" {\n  a = 2\n  new = 1\n}\n"),
        ("x {\n  long = 2 # two\n}\n", "x {\n  long = 2 # two\n  new  = 1\n}\n"),
        ("x {\n  a = 2\n\n  # inner\n  b {}\n}\n", "x {\n  a = 2\n  new = 1\n\n  # inner\n  b {}\n}\n"),
        ("x {\r\n  a = 2\r\n}\r\n", "x {\r\n  a = 2\r\n  new = 1\r\n}\r\n"),
        ("x {\n  a = [\n    1,\n  ] # end\n}\n", "x {\n  a = [\n    1,\n  ] # end\n  new = 1\n}\n"),
    ] {
        let edits = add_attributes(text, &block(text), &[("new".to_owned(), "1".to_owned())]).unwrap();
        assert_eq!(splice(text, &edits).unwrap(), expected);
        assert!(block(expected).attribute("new").is_some());
    }
}

#[test]
fn cells_are_set() {
    let table = "id,name\r\n1,\"a, b\"\r\n\r\n2,c";
    for (text, key, id, column, value, expected) in [
        (table, "id", "1", "name", "d", Some("id,name\r\n1,\"d\"\r\n\r\n2,c")),
        (table, "id", "2", "name", "say \"x\"", Some("id,name\r\n1,\"a, b\"\r\n\r\n2,\"say \"\"x\"\"\"")),
        (table, "name", "a, b", "id", "", Some("id,name\r\n,\"a, b\"\r\n\r\n2,c")),
        (table, "id", "3", "name", "d", None),
        (table, "id", "1", "nome", "d", None),
        ("id\n1\n", "id", "1", "id", "", Some("id\n\"\"\n")),
        ("\u{feff}id,x\n1,y\r", "id", "1", "x", "z", Some("\u{feff}id,x\n1,z\r")),
        ("id,x\n1,\"y\"\r", "id", "1", "x", "z", Some("id,x\n1,\"z\"\r")),
        ("id,x\n1,y\n1,z\n", "id", "1", "x", "w", None),
        ("id,x\n1\n", "id", "1", "x", "w", None),
        ("", "id", "1", "x", "w", None),
    ] {
        assert_eq!(set_cell(text, key, id, column, value).as_deref(), expected, "{text:?}");
    }
}

/// A field, and whether it stands in quotes though it need not.
type Field = (String, bool);

fn field() -> impl Strategy<Value = Field> {
    ("[a-z ,\"\n;é]{0,6}", any::<bool>())
}

fn written((text, quote): &Field) -> String {
    let needs = *quote || text.is_empty() || text.contains([',', '"', '\n']);
    if needs { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.clone() }
}

proptest! {
    #[test]
    fn only_the_wanted_cell_changes(
        rows in prop::collection::vec((field(), field()), 1..6),
        crlf in any::<bool>(),
        end in any::<bool>(),
        at in any::<prop::sample::Index>(),
        second in any::<bool>(),
        value in "[a-z ,\"\né]{0,6}",
    ) {
        let newline = if crlf { "\r\n" } else { "\n" };
        let line = |(n, (a, b)): (usize, &(Field, Field))| {
            format!("{n},{},{}", written(a), written(b))
        };
        let lines: Vec<String> = rows.iter().enumerate().map(line).collect();
        let text = format!("id,a,b{newline}{}{}", lines.join(newline), if end { newline } else { "" });
        let (at, column) = (at.index(rows.len()), if second { "b" } else { "a" });
        let changed = set_cell(&text, "id", &at.to_string(), column, &value).unwrap();
        let (before, after) = (csv::records(&text).unwrap(), csv::records(&changed).unwrap());
        prop_assert_eq!(before.len(), after.len());
        let number = if second { 2 } else { 1 };
        for (row, (old, new)) in before.iter().zip(&after).enumerate() {
            for (field, (old, new)) in old.fields.iter().zip(&new.fields).enumerate() {
                let expected = if (row, field) == (at + 1, number) { &value } else { &old.0 };
                prop_assert_eq!(&new.0, expected);
            }
        }
        // Byte by byte: what stands before and behind the cell is what stood there.
        let (old, new) = (&before[at + 1].fields[number].1, &after[at + 1].fields[number].1);
        prop_assert_eq!(&text[..old.start], &changed[..new.start]);
        prop_assert_eq!(&text[old.end..], &changed[new.end..]);
    }

    #[test]
    fn only_the_wanted_item_comes_or_goes(
        items in prop::collection::vec((0..4usize, 0..5usize, 0..4usize), 0..6),
        trailing in any::<bool>(),
        crlf in any::<bool>(),
        at in any::<prop::sample::Index>(),
        several in any::<u8>(),
    ) {
        const BEFORE: [&str; 4] = ["", " ", "\n    ", " /* , ] */ "];
        const AFTER: [&str; 5] = ["", " ", " # x, ]\n", "\n", " /* y */ "];
        const ITEM: [&str; 4] = ["a.b", "p[\"x, ]\"]", "{ who = a.b, n = \"#\" }", "\"${a.b}, //\""];
        let mut text = String::from("x \"y\" {\n  # m = [z]\n  m = [");
        for (n, (before, after, item)) in items.iter().enumerate() {
            let comma = if n + 1 < items.len() || trailing { "," } else { "" };
            text += &[BEFORE[*before], ITEM[*item], AFTER[*after], comma].concat();
        }
        text += "\n  ] # end\n  other = 1\n}\n";
        let text = if crlf { text.replace('\n', "\r\n") } else { text };
        let whole = sources(&text);
        let more = added(&text, "new.one");
        prop_assert_eq!(sources(&more), whole.iter().cloned().chain(["new.one".to_owned()]).collect::<Vec<_>>());
        let less = if items.is_empty() { None } else { Some(at.index(items.len())) };
        for changed in [Some(more), less.map(|at| removed(&text, at))].into_iter().flatten() {
            prop_assert!(changed.starts_with(&text[..text.find("m = [z]").unwrap()]));
            prop_assert!(changed.ends_with(&text[text.find("] # end").unwrap()..]), "{changed}");
        }
        // Several at once, of which none stands in the way of another; and then one more.
        let (list, places) = list(&text);
        let places: Vec<_> = places.iter().map(|item| range(item.span)).collect();
        let gone: std::collections::BTreeSet<usize> = (0..items.len()).filter(|at| several >> at & 1 == 1).collect();
        let fewer = splice(&text, &remove_items(&text, &places, &gone).unwrap()).unwrap();
        let stays = |(at, item): (usize, &String)| (!gone.contains(&at)).then(|| item.clone());
        let left: Vec<String> = whole.iter().enumerate().filter_map(stays).collect();
        prop_assert_eq!(sources(&fewer), left.clone(), "{}", fewer);
        // The same with two more, written as one change of the file.
        let mut changes = super::render::Changes::default();
        for number in &gone {
            changes.add(super::step::Edit::Remove { list: list.clone(), number: *number, within: None });
        }
        for item in ["new.one", "new.two"] {
            changes.add(super::step::Edit::Add { list: list.clone(), item: item.to_owned() });
        }
        let changed = changes.render(&text).unwrap();
        let wanted: Vec<String> = left.into_iter().chain(["new.one".to_owned(), "new.two".to_owned()]).collect();
        prop_assert_eq!(sources(&changed), wanted, "{}", changed);
        if let Some(at) = less {
            let mut rest = whole;
            rest.remove(at);
            prop_assert_eq!(sources(&removed(&text, at)), rest);
        }
    }
}
