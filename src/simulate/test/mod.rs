//! `*.test.hcl`: what is given, what happens, and what is expected.
//!
//! [`Test`] is one `test` block; `scene` makes the world that it begins in, `when` what happens there, `expect` looks at
//! the plan and at the systems after it was applied.

mod expect;
mod scene;
mod when;

use engine::language::{Block, Diagnostic, Files, parse::parse};

pub use scene::{Scene, Stage};

use super::words;

/// One test, as it stands in its file.
#[derive(Clone, Debug)]
pub struct Test {
    pub name: String,
    /// The `given` block of the whole file, and its own.
    pub given: Vec<Block>,
    /// `when` and `expect` blocks, in their order.
    pub steps: Vec<Block>,
    pub block: Block,
}

/// All tests of these files.
///
/// # Errors
/// Everything that is wrong with them.
pub fn read(files: &Files) -> Result<Vec<Test>, Vec<Diagnostic>> {
    let (blocks, mut wrong) = parse(files);
    let mut tests: Vec<Test> = Vec::new();
    for block in &blocks {
        match (&*block.kind, block.labels.as_slice()) {
            ("given", []) => {}
            ("test", [(name, span)]) => {
                if tests.iter().any(|known| known.name == **name && known.block.span.file == block.span.file) {
                    wrong.push(Diagnostic::new(*span, format!("there are two tests {name:?} in this file")));
                }
                words::only(block, &[], &["given", "when", "expect"], &mut wrong);
                let given = blocks.iter().filter(|other| &*other.kind == "given" && other.span.file == block.span.file);
                let own = block.blocks.iter().filter(|inner| &*inner.kind == "given");
                let steps: Vec<Block> = block.blocks.iter().filter(|inner| &*inner.kind != "given").cloned().collect();
                if !steps.iter().any(|step| &*step.kind == "expect") {
                    let hint = "write expect { ... }: without it, a test cannot fail";
                    wrong.push(Diagnostic::new(block.span, format!("test {name:?} expects nothing")).hint(hint));
                }
                let given = given.chain(own).cloned().collect();
                tests.push(Test { name: name.to_string(), given, steps, block: block.clone() });
            }
            _ => {
                let hint = "a test file has `given { ... }` for all its tests, and `test \"name\" { ... }`";
                wrong.push(
                    Diagnostic::new(block.span, format!("there is no such block `{}` here", block.kind)).hint(hint),
                );
            }
        }
    }
    if wrong.is_empty() { Ok(tests) } else { Err(wrong) }
}

/// Plays a test in a world that `scene` begins; what was expected and is not so.
pub fn play(test: &Test, scene: &mut Scene) -> Vec<Diagnostic> {
    let mut stage = match scene.begin(test) {
        Ok(stage) => stage,
        Err(wrong) => return wrong,
    };
    let mut wrong = Vec::new();
    for step in &test.steps {
        let found = match &*step.kind {
            "when" => when::happens(&mut stage, step),
            _ => {
                stage.apply_if_due();
                expect::look(&stage, step)
            }
        };
        wrong.extend(found.err().into_iter().flatten());
    }
    wrong
}
