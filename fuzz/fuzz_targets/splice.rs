//! No text makes the splicer of `tenure accept` panic, and whatever it takes out of a list, adds to one, or sets in a table
//! is all that changes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tenure_engine::accept::set_cell;
use tenure_engine::accept::splice::{add_attributes, add_items, range, remove_items, splice};
use tenure_engine::language::expr::Kind;
use tenure_engine::language::{Block, File, Files, parse};

/// The blocks, and of the list `(block, attribute)` the source of each item.
fn read(text: &str) -> Option<(Files, Vec<Block>)> {
    let files = Files(vec![File { path: "a.hcl".into(), text: text.into() }]);
    let (blocks, wrong) = parse(&files);
    wrong.is_empty().then_some((files, blocks))
}

fn items(text: &str, block: usize, attribute: usize) -> Vec<String> {
    let (files, blocks) = read(text).expect("what was spliced can be read");
    let Kind::List(items) = &*blocks[block].attributes[attribute].value.kind else { panic!("a list stays one") };
    items.iter().map(|item| item.source(&files).to_owned()).collect()
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for value in ["", "x", "a,\"b\"\n"] {
        if let Some(set) = set_cell(text, "id", "1", "name", value) {
            assert_eq!(set_cell(&set, "id", "1", "name", value).as_ref(), Some(&set));
        }
    }
    let Some((_, blocks)) = read(text) else { return };
    for (b, block) in blocks.iter().enumerate() {
        if block.attribute("new").is_none()
            && let Some(edits) = add_attributes(text, block, &[("new".to_owned(), "1".to_owned())])
        {
            let changed = splice(text, &edits).expect("no overlap");
            // Behind a heredoc there is no good place: then the text cannot be read, and is not written.
            if let Some((_, again)) = read(&changed) {
                assert_eq!(again.len(), blocks.len());
            }
        }
        for (a, attribute) in block.attributes.iter().enumerate() {
            let Kind::List(list) = &*attribute.value.kind else { continue };
            // Parentheses around a list belong to its text.
            if !text[range(attribute.value.span)].starts_with('[') {
                continue;
            }
            let ranges: Vec<_> = list.iter().map(|item| range(item.span)).collect();
            let whole = items(text, b, a);
            let added = add_items(text, range(attribute.value.span), &ranges, &["new.one".to_owned()]).expect("a place");
            let added = items(&splice(text, &added).expect("no overlap"), b, a);
            assert_eq!(added[..], [&whole[..], &["new.one".to_owned()]].concat()[..]);
            for at in 0..ranges.len() {
                let edits = remove_items(text, &ranges, &[at].into()).expect("an item");
                let mut rest = whole.clone();
                rest.remove(at);
                assert_eq!(items(&splice(text, &edits).expect("no overlap"), b, a), rest);
            }
        }
    }
});
