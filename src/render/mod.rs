//! What people and programs read: diagnostics on standard error, plans on standard output.

pub mod accept;
pub mod diagnostics;
pub mod discover;
pub mod drift;
pub mod graph;
pub mod history;
pub mod plan;
pub mod report;
pub mod simulate;
pub mod state;
pub mod status;
pub mod text;
pub mod undo;
pub mod who;

/// Says something in passing, on standard error.
pub fn note(text: &str) {
    let style = anstyle::Style::new().dimmed();
    anstream::eprintln!("{style}{}{style:#}", text::clean_lines(text));
}
