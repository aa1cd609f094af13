//! `tenure test`.

use std::io::Write as _;
use std::sync::Arc;

use crate::cli::{Global, TestArgs};
use crate::edge::{Clock as _, Outside, SystemClock};
use crate::render::text::counted;
use crate::session::{folder, variables};
use crate::simulate::Tree;
use crate::simulate::test::{Scene, play, read};
use crate::{Error, Exit, render};

/// Plays the tests beside the configuration. No system is contacted, and nothing secret is read.
pub fn run(global: &Global, args: &TestArgs) -> Result<Exit, Error> {
    let began = std::time::Instant::now();
    let path = folder::here()?;
    let configuration = folder::read(&path)?;
    let files = folder::beside(&path, folder::TESTS)?;
    let tests = match read(&files) {
        Ok(tests) => tests,
        Err(diagnostics) => return Err(Error::Configuration { files, diagnostics }),
    };
    let outside = Outside::new(&path, global.operator.as_deref(), &global.allow_path)?.offline();
    let hcl = configuration.0.iter().map(|file| (file.path.to_string(), Arc::clone(&file.text))).collect();
    let tree = Tree { hcl: Arc::new(hcl), data: Arc::default(), under: Some(Arc::new(outside)) };
    let mut scene = Scene::new(tree, variables::given(global)?, SystemClock.now());
    let wanted = |name: &str| args.filter.as_ref().is_none_or(|text| name.contains(text.as_str()));
    let (mut played, mut failed) = (0, 0);
    let mut out = anstream::stdout().lock();
    for test in tests.iter().filter(|test| wanted(&test.name)) {
        played += 1;
        let wrong = play(test, &mut scene);
        let place = files.place(test.block.span);
        if wrong.is_empty() {
            writeln!(out, "{}", render::simulate::passed(&test.name))?;
            continue;
        }
        failed += 1;
        writeln!(out, "{}", render::simulate::failed(&test.name, &place))?;
        render::diagnostics::each(&mut out, &files, &wrong)?;
    }
    if played == 0 {
        return Err(Error::new("there is no such test")
            .hint("tests stand in *.test.hcl files, in blocks such as test \"a leaver keeps nothing\" { ... }"));
    }
    let took = began.elapsed().as_secs_f64();
    let passed = counted(played - failed, "test passed", "tests passed");
    let more = if failed > 0 { format!(", {failed} failed") } else { String::new() };
    writeln!(out, "\n{passed}{more} ({took:.2} s)")?;
    Ok(if failed > 0 { Exit::Failed } else { Exit::Done })
}
