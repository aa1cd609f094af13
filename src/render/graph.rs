//! The order of a plan as a drawing: one box a batch (what is called together), one arrow from a batch to each that
//! waits for it.

use std::io::{self, Write};

use state::{Batch, Change, Plan};

use super::text::{clean, number};
use crate::cli::GraphFormat;

/// Changes named in a box.
const NAMED: usize = 8;

/// Writes the drawing in the language of a program that draws it.
pub fn write(to: &mut dyn Write, plan: &Plan, format: GraphFormat) -> io::Result<()> {
    match format {
        GraphFormat::Dot => dot(to, plan),
        GraphFormat::Mermaid => mermaid(to, plan),
    }
}

fn dot(to: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    writeln!(to, "digraph plan {{\n  rankdir=LR\n  node [shape=box, fontname=monospace]")?;
    for (number, batch) in plan.batches.iter().enumerate() {
        let lines: Vec<String> = lines(plan, batch).iter().map(|line| dot_text(line)).collect();
        // `\l` ends a line that starts at the left.
        writeln!(to, "  b{number} [label=\"{}\\l\"]", lines.join("\\l"))?;
    }
    arrows(plan).try_for_each(|(from, at)| writeln!(to, "  b{from} -> b{at}"))?;
    writeln!(to, "}}")
}

fn mermaid(to: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    writeln!(to, "flowchart LR")?;
    for (number, batch) in plan.batches.iter().enumerate() {
        let lines: Vec<String> = lines(plan, batch).iter().map(|line| mermaid_text(line)).collect();
        writeln!(to, "  b{number}[\"{}\"]", lines.join("<br>"))?;
    }
    arrows(plan).try_for_each(|(from, at)| writeln!(to, "  b{from} --> b{at}"))
}

fn arrows(plan: &Plan) -> impl Iterator<Item = (u32, usize)> {
    plan.batches.iter().enumerate().flat_map(|(at, batch)| batch.after.iter().map(move |from| (*from, at)))
}

/// The system, then what is done there.
fn lines(plan: &Plan, batch: &Batch) -> Vec<String> {
    let range = batch.changes.start as usize..batch.changes.end as usize;
    let changes = plan.changes.get(range).unwrap_or_default();
    let line = |change: &Change| format!("{} {}", change.action.symbol(), change.address);
    let mut lines = vec![format!("system.{}", batch.system)];
    lines.extend(changes.iter().take(NAMED).map(line));
    if changes.len() > NAMED {
        lines.push(format!("... and {} more", number((changes.len() - NAMED) as u64)));
    }
    lines
}

/// Inside a quoted string of DOT (Graphviz, "The DOT Language"): quotes and backslashes are escaped.
fn dot_text(text: &str) -> String {
    clean(text).replace('\\', "\\\\").replace('"', "\\\"")
}

/// Inside a quoted label of Mermaid, which reads HTML and knows characters by their numbers (`#34;`).
fn mermaid_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in clean(text).chars() {
        match character {
            '"' | '#' | ';' | '<' | '>' | '&' | '`' | '\\' | '*' | '_' | '~' | '@' => {
                escaped.push_str(&format!("#{};", u32::from(character)));
            }
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::plan::sample::{Sample, company, large};

    fn drawn(plan: &Plan, format: GraphFormat) -> String {
        let mut out = Vec::new();
        write(&mut out, plan, format).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn for_graphviz() {
        insta::assert_snapshot!(drawn(&company(), GraphFormat::Dot), @r#"
        digraph plan {
          rankdir=LR
          node [shape=box, fontname=monospace]
          b0 [label="system.corp\l- account.corp.bob\l- membership.corp.admins.bob\l~ account.corp.ada\l"]
          b1 [label="system.chat\l+ account.chat.ada\l+ group.chat.core\l+ membership.chat.core.ada\l+ membership.chat.core.deployer\l+ membership.chat.all.group.core\l+ grant.chat.core[\"channel=ops\"]\l~ account.chat.eve\l"]
          b0 -> b1
        }
        "#);
    }

    #[test]
    fn for_mermaid() {
        insta::assert_snapshot!(drawn(&company(), GraphFormat::Mermaid), @r#"
        flowchart LR
          b0["system.corp<br>- account.corp.bob<br>- membership.corp.admins.bob<br>#126; account.corp.ada"]
          b1["system.chat<br>+ account.chat.ada<br>+ group.chat.core<br>+ membership.chat.core.ada<br>+ membership.chat.core.deployer<br>+ membership.chat.all.group.core<br>+ grant.chat.core[#34;channel=ops#34;]<br>#126; account.chat.eve"]
          b0 --> b1
        "#);
    }

    #[test]
    fn keys_cannot_break_out_of_their_box() {
        let mut plan = Sample::empty();
        plan.change(state::Action::Create, r#"account.chat["\"];b0 -> b1;[\\\n<b>`"]"#, &[]);
        let plan = plan.batched();
        insta::assert_snapshot!(drawn(&plan, GraphFormat::Dot), @r#"
        digraph plan {
          rankdir=LR
          node [shape=box, fontname=monospace]
          b0 [label="system.chat\l+ account.chat[\"\\\"];b0 -> b1;[\\\\\\n<b>`\"]\l"]
        }
        "#);
        insta::assert_snapshot!(drawn(&plan, GraphFormat::Mermaid), @r#"
        flowchart LR
          b0["system.chat<br>+ account.chat[#34;#92;#34;]#59;b0 -#62; b1#59;[#92;#92;#92;n#60;b#62;#96;#34;]"]
        "#);
    }

    #[test]
    fn large_batches_are_shortened() {
        let drawn = drawn(&large(400), GraphFormat::Dot);
        assert!(drawn.contains("... and 631 more"), "{drawn}");
        assert!(drawn.len() < 2_000);
    }
}
