//! `tenure fmt`.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use engine::language::{File, Files, parse};
use similar::TextDiff;

use crate::cli::FmtArgs;
use crate::format::format;
use crate::render::text::{clean, number};
use crate::{Error, Exit, render};

/// Formats files in place, or says which are not in form. A file that is wrong does not keep the others from their
/// form.
pub fn run(args: &FmtArgs) -> Result<Exit, Error> {
    if args.paths.iter().any(|path| path.as_os_str() == "-") {
        return standard_input(args);
    }
    let here = [PathBuf::from(".")];
    let mut files = Vec::new();
    for path in if args.paths.is_empty() { &here[..] } else { &args.paths } {
        collect(path, &mut files)?;
    }
    files.sort();
    files.dedup();
    let (mut changed, mut wrong) = (0, 0);
    for path in &files {
        match one(path, args) {
            Ok(true) => changed += 1,
            Ok(false) => {}
            Err(Error::Output(error)) => return Err(Error::Output(error)),
            Err(error) => {
                error.report(&mut anstream::stderr().lock());
                wrong += 1;
            }
        }
    }
    if wrong > 0 {
        let were = if wrong == 1 { "1 file was left as it is" } else { "files were left as they are" };
        let count = if wrong == 1 { String::new() } else { format!("{} ", number(wrong)) };
        return Err(Error::new(format!("{count}{were}")));
    }
    Ok(if args.check && changed > 0 { Exit::Changes } else { Exit::Done })
}

/// All `*.hcl` files below a folder, or the file itself. Links to folders and folders with a leading dot (`.git`) are
/// not entered.
pub(super) fn collect(path: &Path, to: &mut Vec<PathBuf>) -> Result<(), Error> {
    let fail = |error: std::io::Error| {
        Error::new(format!("cannot read {}: {error}", path.display())).hint("name files and folders that are there")
    };
    if !std::fs::metadata(path).map_err(fail)?.is_dir() {
        to.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let path = entry.path();
        let path = path.strip_prefix("./").unwrap_or(&path);
        if entry.file_type().map_err(fail)?.is_dir() {
            if !hidden {
                collect(path, to)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "hcl") {
            to.push(path.to_owned());
        }
    }
    Ok(())
}

/// Whether the file was not in form.
fn one(path: &Path, args: &FmtArgs) -> Result<bool, Error> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| Error::new(format!("cannot read {name}: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        Error::new(format!("{name} is not UTF-8: byte {} is not", error.utf8_error().valid_up_to()))
            .hint("save it as UTF-8")
    })?;
    let formatted = formatted(&name, &text)?;
    if formatted == text {
        return Ok(false);
    }
    let mut out = anstream::stdout().lock();
    if args.diff {
        write_diff(&mut out, &name, &text, &formatted)?;
    } else {
        writeln!(out, "{}", clean(&name))?;
    }
    if !args.check {
        replace(path, &formatted).map_err(|error| {
            Error::new(format!("cannot write {name}: {error}")).hint("it was left as it is; see its owner and rights")
        })?;
    }
    Ok(true)
}

/// The text in form, or what is wrong with it.
fn formatted(name: &str, text: &str) -> Result<String, Error> {
    let files = Files(vec![File { path: name.into(), text: text.into() }]);
    let (_, diagnostics) = parse(&files);
    if !diagnostics.is_empty() {
        return Err(Error::Configuration { files, diagnostics });
    }
    format(text).map_err(|error| Error::new(format!("{name}: {error}")))
}

/// Puts the new text in the place of the old one, whole or not at all, with the old one's rights.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    // A link stays a link: what it leads to is replaced.
    let path = std::fs::canonicalize(path)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(std::fs::metadata(&path)?.permissions())?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

fn write_diff(to: &mut dyn std::io::Write, name: &str, before: &str, after: &str) -> std::io::Result<()> {
    let name = clean(name);
    let diff = TextDiff::from_lines(before, after);
    let unified = diff.unified_diff().context_radius(2).header(&name, &format!("{name} in form")).to_string();
    for line in unified.lines() {
        let style = match line.as_bytes().first() {
            Some(b'+') => render::plan::style('+'),
            Some(b'-') => render::plan::style('-'),
            Some(b'@') => render::plan::style('='),
            _ => anstyle::Style::new(),
        };
        writeln!(to, "{style}{}{style:#}", clean(line).replace("\\t", "\t"))?;
    }
    Ok(())
}

fn standard_input(args: &FmtArgs) -> Result<Exit, Error> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Error::new(format!("cannot read standard input: {error}")))?;
    let formatted = formatted("standard input", &text)?;
    if args.diff {
        write_diff(&mut anstream::stdout().lock(), "standard input", &text, &formatted)?;
    } else if !args.check {
        std::io::stdout().lock().write_all(formatted.as_bytes())?;
    }
    Ok(if args.check && formatted != text { Exit::Changes } else { Exit::Done })
}
