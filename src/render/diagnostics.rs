//! Errors on standard error: message, `file:line:column`, the source line with its mark, and what to do next.

use std::collections::BTreeSet;
use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use anstyle::{AnsiColor, Style};
use engine::language::{Diagnostic, Files, Span};

use super::text::{clean_lines, counted};

mod source;

/// So many errors are shown with their lines; of more only the number, since nobody reads a thousand.
const SHOWN: usize = 50;

/// Columns; longer lines are trimmed around the mark.
const WIDTH: usize = 120;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// All errors of a configuration in the order of their places, and a line that counts them.
pub fn write(to: &mut dyn Write, files: &Files, diagnostics: &[Diagnostic]) -> io::Result<()> {
    let mut ordered: Vec<&Diagnostic> = diagnostics.iter().collect();
    ordered.sort_by_key(|diagnostic| diagnostic.span);
    for diagnostic in ordered.iter().take(SHOWN) {
        writeln!(to, "{}\n", one(files, diagnostic))?;
    }
    if ordered.len() > SHOWN {
        writeln!(to, "... and {} that are not shown\n", counted(ordered.len() - SHOWN, "error", "errors"))?;
    }
    let places: BTreeSet<_> = ordered.iter().filter_map(|diagnostic| diagnostic.span).map(|span| span.file).collect();
    let errors = counted(ordered.len(), "error", "errors");
    match places.len() {
        0 => writeln!(to, "{ERROR}{errors}{ERROR:#}"),
        many => writeln!(to, "{ERROR}{errors} in {}{ERROR:#}", counted(many, "file", "files")),
    }
}

/// Some errors in the order of their places, without a line that counts them.
pub fn each(to: &mut dyn Write, files: &Files, diagnostics: &[Diagnostic]) -> io::Result<()> {
    let mut ordered: Vec<&Diagnostic> = diagnostics.iter().collect();
    ordered.sort_by_key(|diagnostic| diagnostic.span);
    ordered.iter().take(SHOWN).try_for_each(|diagnostic| writeln!(to, "{}\n", one(files, diagnostic)))
}

/// An error without a place in a file.
pub fn write_error(to: &mut dyn Write, message: &str, hint: Option<&str>) -> io::Result<()> {
    titled(to, "error", ERROR, message, hint)
}

/// Something that stops nothing, but should be known.
pub fn write_warning(to: &mut dyn Write, message: &str, hint: Option<&str>) -> io::Result<()> {
    titled(to, "warning", WARNING, message, hint)
}

fn titled(to: &mut dyn Write, title: &str, style: Style, message: &str, hint: Option<&str>) -> io::Result<()> {
    writeln!(to, "{style}{title}{style:#}: {}", indented(message, 2))?;
    match hint {
        Some(hint) if !hint.is_empty() => writeln!(to, "  {HINT}hint{HINT:#}: {}", indented(hint, 8)),
        _ => Ok(()),
    }
}

/// Further lines stand below the first.
fn indented(text: &str, columns: usize) -> String {
    clean_lines(text).replace('\n', &format!("\n{:columns$}", ""))
}

fn one(files: &Files, diagnostic: &Diagnostic) -> String {
    let message = clean_lines(&diagnostic.message).into_owned();
    let mut group = Group::with_title(Level::ERROR.primary_title(message));
    if let Some(span) = diagnostic.span {
        group = group.elements(place(files, span, AnnotationKind::Primary, &diagnostic.label));
    }
    for (span, words) in &diagnostic.related {
        group = group.elements(place(files, *span, AnnotationKind::Context, words));
    }
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.with_name("hint").message(clean_lines(hint).into_owned()));
    }
    Renderer::styled().term_width(WIDTH).render(&[group])
}

fn place(files: &Files, span: Span, kind: AnnotationKind, label: &str) -> Vec<Element<'static>> {
    let Some(file) = files.get(span.file) else { return Vec::new() };
    let (line, column) = files.line_column(span);
    let path = clean_lines(&file.path).into_owned();
    let excerpt = source::excerpt(&file.text, span);
    let mut mark = kind.span(excerpt.mark);
    if !label.is_empty() {
        mark = mark.label(clean_lines(label).into_owned());
    }
    let snippet = Snippet::source(excerpt.text).line_start(line).annotation(mark);
    if excerpt.whole {
        return vec![Element::from(snippet.path(path))];
    }
    // The renderer counts columns in what it is handed: of a piece of a line the true ones are told.
    vec![Element::from(Origin::path(path).line(line).char_column(column)), Element::from(snippet)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::language::{File, FileId};

    fn files(texts: &[(&str, &str)]) -> Files {
        Files(texts.iter().map(|(path, text)| File { path: (*path).into(), text: (*text).into() }).collect())
    }

    /// The place of the `n`th occurrence of `words`.
    fn span(files: &Files, file: u32, words: &str, n: usize) -> Span {
        let (start, found) = files.0[file as usize].text.match_indices(words).nth(n).unwrap();
        Span { file: FileId(file), start: start as u32, end: (start + found.len()) as u32 }
    }

    fn shown(files: &Files, diagnostics: &[Diagnostic]) -> String {
        let mut out = anstream::StripStream::new(Vec::new());
        write(&mut out, files, diagnostics).unwrap();
        String::from_utf8(out.into_inner()).unwrap()
    }

    #[test]
    fn all_errors_with_place_mark_and_hint() {
        let files = files(&[
            ("people.hcl", "person \"ada\" {\n\temail = lenght(\"x\")\n}\n"),
            ("teams/core.hcl", "role \"core\" {}\n\nrole \"core\" {\n  members = [person.adda]\n}\n"),
        ]);
        let diagnostics = [
            Diagnostic::new(span(&files, 1, "person.adda", 0), "person \"adda\" is not declared")
                .hint("did you mean \"ada\"?"),
            Diagnostic::new(span(&files, 0, "lenght", 0), "unknown function \"lenght\"")
                .hint("did you mean \"length\"?"),
            Diagnostic::new(span(&files, 1, "role \"core\"", 1), "role \"core\" is declared twice")
                .label("declared again")
                .related(span(&files, 1, "role \"core\"", 0), "first declared here"),
        ];
        insta::assert_snapshot!(shown(&files, &diagnostics), @r#"
        error: unknown function "lenght"
         --> people.hcl:2:10
          |
        2 |     email = lenght("x")
          |             ^^^^^^
          |
          = hint: did you mean "length"?

        error: role "core" is declared twice
         --> teams/core.hcl:3:1
          |
        3 | role "core" {
          | ^^^^^^^^^^^ declared again
          |
         ::: teams/core.hcl:1:1
          |
        1 | role "core" {}
          | ----------- first declared here

        error: person "adda" is not declared
         --> teams/core.hcl:4:14
          |
        4 |   members = [person.adda]
          |              ^^^^^^^^^^^
          |
          = hint: did you mean "ada"?

        3 errors in 2 files
        "#);
    }

    #[test]
    fn without_a_place() {
        let nothing = Diagnostic {
            message: "no *.hcl files here".into(),
            span: None,
            label: String::new(),
            related: Vec::new(),
            hint: Some("`tenure init` writes a small configuration".into()),
        };
        insta::assert_snapshot!(shown(&Files::default(), &[nothing]), @"
        error: no *.hcl files here
         |
         = hint: `tenure init` writes a small configuration

        1 error
        ");
    }

    #[test]
    fn long_lines_are_trimmed() {
        let (wide, huge) = ("1, ".repeat(80), "1, ".repeat(9000));
        let text = format!("x = [{wide}here, {wide}]\ny = [{huge}there, {huge}]\n");
        let files = files(&[("a.hcl", &text)]);
        let places = [span(&files, 0, " here", 0), span(&files, 0, "there", 0)];
        let diagnostics = places.map(|place| Diagnostic::new(place, "not a number"));
        insta::assert_snapshot!(shown(&files, &diagnostics), @"
        error: not a number
         --> a.hcl:1:245
          |
        1 | ..., 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, here, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, ...
          |                                                        ^^^^^

        error: not a number
         --> a.hcl:2:27006
          |
         ::: 
        2 | ... 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, there, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, ...
          |                                                        ^^^^^

        2 errors in 1 file
        ");
    }

    #[test]
    fn many_errors_are_counted() {
        let text = "x\n".repeat(60);
        let files = files(&[("a.hcl", &text)]);
        let diagnostics: Vec<_> = (0..60).map(|n| Diagnostic::new(span(&files, 0, "x", n), "unknown name")).collect();
        let shown = shown(&files, &diagnostics);
        assert_eq!(shown.matches("error: unknown name").count(), SHOWN);
        assert!(shown.ends_with("... and 10 errors that are not shown\n\n60 errors in 1 file\n"), "{shown}");
    }

    #[test]
    fn what_comes_from_outside_steers_nothing() {
        let files = files(&[("a\u{1b}[2J.hcl", "x = \"\u{1b}[31m\u{202e}\" + y\n")]);
        let shown = shown(&files, &[Diagnostic::new(span(&files, 0, "y", 0), "bad \u{1b}[0m thing").hint("\u{7}")]);
        assert!(!shown.chars().any(|character| character.is_control() && character != '\n'), "{shown:?}");
        assert!(!shown.contains('\u{202e}'));
    }

    #[test]
    fn places_that_are_not_there_do_no_harm() {
        let files = files(&[("a.hcl", "é\n")]);
        for (file, start, end) in [(0, 0, 0), (0, 1, 1), (0, 3, 3), (0, 3, 900), (0, 2, 1), (7, 0, 1)] {
            let span = Span { file: FileId(file), start, end };
            assert!(shown(&files, &[Diagnostic::new(span, "bad")]).contains("bad"));
        }
    }

    #[test]
    fn errors_without_files() {
        let mut out = anstream::StripStream::new(Vec::new());
        write_error(&mut out, "the state file is locked\nby ada on host1", Some("--lock-timeout waits")).unwrap();
        insta::assert_snapshot!(String::from_utf8(out.into_inner()).unwrap(), @"
        error: the state file is locked
          by ada on host1
          hint: --lock-timeout waits
        ");
    }
}
