//! What the documentation shows is what the program takes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests

use std::path::{Path, PathBuf};

use engine::language::{File, Files, parse::parse};

/// Every Markdown page of the project.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec![root.join("README.md"), root.join("ARCHITECTURE.md")];
    for folder in ["docs", "docs/providers"] {
        let entries = std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        pages.extend(entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    pages.sort();
    pages
}

/// The blocks of a page that are fenced as `kind`.
fn blocks<'a>(text: &'a str, kind: &str) -> Vec<&'a str> {
    let fence = format!("```{kind}\n");
    text.split(fence.as_str()).skip(1).filter_map(|rest| rest.split("\n```").next()).collect()
}

#[test]
fn configurations_in_the_documentation_are_well_formed() {
    let mut seen = 0;
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for block in blocks(&text, "hcl") {
            seen += 1;
            // The README shows the beginning of a block of the quickstart.
            let text = if block.matches('{').count() > block.matches('}').count() {
                format!("{block}\n}}")
            } else {
                block.to_owned()
            };
            let files = Files(vec![File { path: "page".into(), text: text.as_str().into() }]);
            let (found, wrong) = parse(&files);
            assert!(wrong.is_empty() && !found.is_empty(), "{}:\n{block}\n{wrong:?}", page.display());
        }
    }
    assert!(seen >= 3, "only {seen} blocks were found");
}

#[test]
fn links_inside_the_documentation_lead_somewhere() {
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap_or_default();
            if !path.is_empty() && !path.contains("://") {
                assert!(page.parent().unwrap().join(path).exists(), "{}: {link} leads nowhere", page.display());
            }
        }
    }
}
