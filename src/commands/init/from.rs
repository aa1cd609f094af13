//! `tenure init --from FILE`: a configuration out of what systems hold.
//!
//! The systems are read, `engine::scaffold` writes the texts, and before any of them is on the disk the first plan is made
//! from them: it takes everything over and changes nothing, or what does not fit is left out of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::configuration::Loaded;
use engine::language::expr::{Binary, Kind, Step};
use engine::language::parse::decode;
use engine::language::{Block, Expr, File, FileId, Files, parse::parse};
use engine::plan::{Inventory, Reading};
use engine::scaffold::{Extent, Given, Scaffold, scaffold};
use state::record::Recorded;
use state::{Plan, Severity, Symbol};

use super::{GITIGNORE, has_configuration, write_all};
use crate::cli::Global;
use crate::driver::{Look, Progress};
use crate::edge::{Clock as _, Outside, Overlaid, SystemClock};
use crate::session::prepare::{From, Prepared};
use crate::session::{Session, connect, folder, read, variables};
use crate::{Error, commands, format, render};

/// What may stand in the file.
const KINDS: [&str; 4] = ["settings", "variable", "locals", "system"];
/// Into which file its text goes.
const SYSTEMS: &str = "systems.hcl";

/// Reads the systems of `file` and writes a configuration into `folder`; what is to be said of it.
pub(super) fn write(global: &Global, folder: &Path, file: &Path) -> Result<String, Error> {
    let shown = file.display().to_string();
    let bytes =
        std::fs::read(file).map_err(|error| Error::new(format!("cannot read {shown}: {error}")).hint(WHAT_IT_IS))?;
    if has_configuration(folder)? {
        return Err(Error::new("there is a configuration here already, and nothing is overwritten")
            .hint("go to an empty folder; FILE itself stands outside of it, or has a name that does not end in .hcl"));
    }
    let (source, wrong) = decode(FileId(0), shown.into(), &bytes);
    let files = Files(vec![source]);
    let rejected = |diagnostics| Error::Configuration { files: files.clone(), diagnostics };
    if let Some(wrong) = wrong {
        return Err(rejected(vec![wrong]));
    }
    let (blocks, wrong) = parse(&files);
    if !wrong.is_empty() {
        return Err(rejected(wrong));
    }
    check(&files, &blocks)?;
    let path = folder::here()?;
    let outside = Outside::new(&path, global.operator.as_deref(), &global.allow_path)?;
    let given = variables::given(global)?;
    let now = SystemClock.now();
    let loaded = Loaded::load(files.clone(), Arc::new(outside.clone()), &given, now)?;
    let connections = connect::connections(loaded.systems().values(), &path).map_err(&rejected)?;
    let declared = declared(&files, &blocks)?;
    let runtime = commands::runtime()?;
    let nothing = Recorded::default();
    let progress = Arc::new(Progress::reading(&nothing, Look::detect()));
    let readings = runtime.block_on(async {
        let connected = read::connect(&connections).await;
        let all: Vec<_> = connections.iter().collect();
        read::read(&all, &connected, None, &nothing, now, &progress).await
    });
    progress.finish();
    complete(&readings)?;
    let systems: Vec<Given<'_>> = readings
        .iter()
        .filter_map(|(name, reading)| {
            let (declared, has_account) = declared.get(name).copied().unwrap_or_default();
            let (schema, capabilities) = (&reading.schema, &reading.capabilities);
            Some(Given {
                name: *name,
                observed: reading.inventory.observed()?,
                schema,
                capabilities,
                declared,
                has_account,
            })
        })
        .collect();
    let text = files.0.first().map_or("", |file| &*file.text);
    // What a system says of what groups hold may not be what it takes, and what attributes are may be told otherwise: then
    // these are left out, and that is said.
    let mut failed = None;
    for (extent, without) in EXTENTS {
        let mut made = scaffold(&systems, extent);
        made.notes.extend(without.map(str::to_owned));
        let written = texts(&made, text, &blocks)?;
        match runtime.block_on(first_plan(&written, &outside, global, &path)) {
            Ok(plan) if plan.changes.is_empty() || extent == LEAST => {
                let files: Vec<(&str, &str)> = written.iter().map(|(name, text)| (&**name, &**text)).collect();
                write_all(folder, &files, "go to an empty folder")?;
                return Ok(said(&made, &written, &plan));
            }
            Ok(_) => {}
            Err(error) => failed = Some(error),
        }
    }
    Err(failed.unwrap_or_else(|| Error::new("no configuration could be made out of what the systems hold")))
}

const WHAT_IT_IS: &str = "it is a file with system blocks: `system \"chat\" { provider = ..., url = ... }`";

const LEAST: Extent = Extent { grants: false, attributes: false };
const EXTENTS: [(Extent, Option<&str>); 3] = [
    (Extent { grants: true, attributes: true }, None),
    (
        Extent { grants: false, attributes: true },
        Some("what groups hold is left out: the systems do not take it in the form in which they tell it"),
    ),
    (
        LEAST,
        Some(
            "what groups hold and attributes of accounts are left out: with them the first plan would change something",
        ),
    ),
];

/// Nothing but connections stands in the file.
fn check(files: &Files, blocks: &[Block]) -> Result<(), Error> {
    let mut wrong = Vec::new();
    for block in blocks {
        if !KINDS.contains(&&*block.kind) {
            let message = format!("`{}` blocks are written by init: the file holds systems alone", block.kind);
            wrong.push(engine::language::Diagnostic::new(block.span, message).hint("take this block out"));
        } else if &*block.kind == "system" && block.attribute("for_each").is_some() {
            let message = "systems with `for_each` cannot be written out";
            wrong.push(engine::language::Diagnostic::new(block.span, message).hint("write each as a block of its own"));
        }
    }
    if !wrong.is_empty() {
        return Err(Error::Configuration { files: files.clone(), diagnostics: wrong });
    }
    match blocks.iter().any(|block| &*block.kind == "system") {
        true => Ok(()),
        false => Err(Error::new("there is no system block in the file").hint(WHAT_IT_IS)),
    }
}

/// What a block says by itself: its `match`, and whether it has an account block.
type Declared = (Option<(Symbol, Symbol)>, bool);

fn declared(files: &Files, blocks: &[Block]) -> Result<BTreeMap<Symbol, Declared>, Error> {
    let mut declared = BTreeMap::new();
    for block in blocks.iter().filter(|block| &*block.kind == "system") {
        let Some((name, _)) = block.labels.first() else { continue };
        let key = match block.attribute("match") {
            None => None,
            Some(attribute) => Some(compared(&attribute.value).ok_or_else(|| {
                let message = "init reads `match = self.NAME == account.ATTRIBUTE` alone";
                let wrong = engine::language::Diagnostic::new(attribute.value.span, message)
                    .hint("write it so, or leave it out: it is guessed then, and the guess is told");
                Error::Configuration { files: files.clone(), diagnostics: vec![wrong] }
            })?),
        };
        let has_account = block.blocks.iter().any(|inner| &*inner.kind == "account");
        declared.insert(Symbol::new(name), (key, has_account));
    }
    Ok(declared)
}

/// `self.NAME == account.ATTRIBUTE`, either way round.
fn compared(expr: &Expr) -> Option<(Symbol, Symbol)> {
    let Kind::Binary(Binary::Equal, left, right) = &*expr.kind else { return None };
    let (left, right) = (step(left)?, step(right)?);
    match (left.0, right.0) {
        ("self", "account") => Some((left.1, right.1)),
        ("account", "self") => Some((right.1, left.1)),
        _ => None,
    }
}

/// `ROOT.NAME`.
fn step(expr: &Expr) -> Option<(&str, Symbol)> {
    let Kind::Traversal { of, steps } = &*expr.kind else { return None };
    let (Kind::Variable(root), [Step::Attribute(name, _)]) = (&*of.kind, &steps[..]) else { return None };
    Some((root, Symbol::new(name)))
}

/// A system that could not be read completely is not an empty one.
fn complete(readings: &BTreeMap<Symbol, Reading>) -> Result<(), Error> {
    let unread: Vec<String> = readings
        .iter()
        .filter_map(|(name, reading)| match &reading.inventory {
            Inventory::Incomplete(error) => Some(format!("system.{name} could not be read completely: {error}")),
            Inventory::Complete(_) | Inventory::Recorded(_) => None,
        })
        .collect();
    match unread.is_empty() {
        true => Ok(()),
        false => {
            Err(Error::new(unread.join("\n")).hint("nothing was written: make it readable, or take it out of the file"))
        }
    }
}

/// All files in form: what was made, and the text of the given file with what is added to its blocks.
fn texts(made: &Scaffold, source: &str, blocks: &[Block]) -> Result<Vec<(String, String)>, Error> {
    let mut systems = source.to_owned();
    let mut ends: Vec<(usize, Symbol)> = blocks
        .iter()
        .filter(|block| &*block.kind == "system")
        .filter_map(|block| {
            let name = Symbol::new(&block.labels.first()?.0);
            Some((format::block_end(source, block.span.end as usize)?, name))
        })
        .collect();
    ends.sort_unstable();
    for (end, name) in ends.into_iter().rev() {
        let Some(added) = made.systems.get(&name) else { continue };
        let line = if systems[..end].ends_with('\n') { "" } else { "\n" };
        systems.insert_str(end, &format!("{line}{added}"));
        // A block of one line becomes one of several.
        if let Some(open) = systems[..end].rfind('{').filter(|open| !systems[*open..end].contains('\n')) {
            systems.insert(open + 1, '\n');
        }
    }
    let mut all = vec![(SYSTEMS.to_owned(), systems)];
    all.extend(made.files.iter().cloned());
    for (path, text) in &mut all {
        if path.ends_with(".hcl") {
            *text = format::format(text)
                .map_err(|error| Error::new(format!("what was written is not in form: {path}: {error}")))?;
        }
    }
    all.push((GITIGNORE.0.to_owned(), GITIGNORE.1.to_owned()));
    Ok(all)
}

/// The first plan, from the systems as they are now.
async fn first_plan(
    written: &[(String, String)],
    outside: &Outside,
    global: &Global,
    path: &Path,
) -> Result<Plan, Error> {
    let hcl = written.iter().filter(|(path, _)| path.ends_with(".hcl"));
    let files: Vec<File> =
        hcl.map(|(path, text)| File { path: Arc::from(&**path), text: Arc::from(&**text) }).collect();
    let texts = written.iter().map(|(path, text)| (path.clone(), Arc::from(&**text))).collect();
    let sources = Overlaid { outside: outside.clone(), texts };
    let now = SystemClock.now();
    let loaded = Loaded::load(Files(files), Arc::new(sources), &variables::given(global)?, now)?;
    let session = Session::of(loaded, PathBuf::from(path), now, None)?;
    let nothing = Recorded::default();
    let progress = Arc::new(Progress::reading(&nothing, Look::detect()));
    let prepared = Prepared::new(session, nothing, From::Systems(&progress)).await?;
    progress.finish();
    Ok(prepared.plan(&[])?.plan)
}

/// What was written, what was guessed, and what the first plan does.
fn said(made: &Scaffold, written: &[(String, String)], plan: &Plan) -> String {
    let mut said: String =
        written.iter().map(|(name, text)| format!("wrote {name}, {} lines\n", text.lines().count())).collect();
    said.push_str(&format!(
        "\n{}, {}, {}, {}.\n",
        render::text::counted(made.people, "person", "people"),
        render::text::counted(made.services, "service", "services"),
        render::text::counted(made.groups, "group", "groups"),
        render::text::counted(made.roles, "role", "roles")
    ));
    if !made.joins.is_empty() {
        said.push_str(&format!(
            "\nGuessed: {} with accounts on several systems. correlation.csv lists each with what these share; look through it,\nand delete it.\n",
            render::text::counted(made.joins.len(), "person", "people")
        ));
        let mut by: BTreeMap<&str, usize> = BTreeMap::new();
        for (kind, _) in made.joins.iter().flat_map(|join| &join.evidence) {
            *by.entry(kind.word()).or_default() += 1;
        }
        for (kind, count) in by {
            said.push_str(&format!("  by the same {kind}: {count}\n"));
        }
    }
    if !made.notes.is_empty() {
        said.push_str("\nTo know:\n");
        /// Lines that are shown.
        const MOST: usize = 20;
        for note in made.notes.iter().take(MOST) {
            said.push_str(&format!("  {}\n", render::text::clean(note)));
        }
        if made.notes.len() > MOST {
            said.push_str(&format!("  ... and {} more\n", made.notes.len() - MOST));
        }
    }
    let adopted = plan.facts.iter().filter(|fact| fact.kind == state::FactKind::Adopted).count();
    let held = plan.findings.iter().filter(|finding| finding.severity == Severity::Holds).count();
    let changes = match plan.changes.len() {
        0 => "changes nothing".to_owned(),
        n => format!("would change {n} things: `tenure plan` shows them"),
    };
    let held = if held == 0 { String::new() } else { format!("; {held} findings hold something") };
    said.push_str(&format!(
        "\nThe first plan takes {adopted} accounts and groups under management, and {changes}{held}.\n\n"
    ));
    said
}
