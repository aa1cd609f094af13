//! What is wrong with the files, with its place.

use std::sync::Arc;

/// Number of a file in [`Files`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A place: bytes `start..end` of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

/// One configuration file: its path relative to the configuration folder, with `/`, and its text.
#[derive(Clone, Debug)]
pub struct File {
    pub path: Arc<str>,
    pub text: Arc<str>,
}

/// The files of a configuration, in the order of their paths.
#[derive(Clone, Debug, Default)]
pub struct Files(pub Vec<File>);

impl Files {
    /// The file of a place.
    pub fn get(&self, id: FileId) -> Option<&File> {
        self.0.get(id.0 as usize)
    }

    /// Line and column (both from 1, columns in characters) where `span` starts.
    pub fn line_column(&self, span: Span) -> (usize, usize) {
        let text = self.get(span.file).map_or("", |file| &file.text);
        let before = text.get(..(span.start as usize).min(text.len())).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        // Bytes, since their count is many times faster than that of matches, and large files have many places.
        (before.bytes().filter(|byte| *byte == b'\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    /// `teams/engineering.hcl:12`: where the block or value of `span` stands, for reasons in plans.
    pub fn place(&self, span: Span) -> String {
        let path = self.get(span.file).map_or("?", |file| &file.path);
        format!("{path}:{}", self.line_column(span).0)
    }
}

/// The places of many spans: what [`Files::place`] says, without counting lines from the beginning for each.
#[derive(Debug)]
pub struct Places<'a> {
    files: &'a Files,
    /// Where the lines behind the first begin, by file; found when first asked for.
    lines: Vec<Option<Vec<u32>>>,
}

impl<'a> Places<'a> {
    pub fn new(files: &'a Files) -> Places<'a> {
        Places { files, lines: vec![None; files.0.len()] }
    }

    /// `teams/engineering.hcl:12`.
    pub fn place(&mut self, span: Span) -> String {
        let (Some(file), Some(lines)) = (self.files.get(span.file), self.lines.get_mut(span.file.0 as usize)) else {
            return self.files.place(span);
        };
        let lines = lines.get_or_insert_with(|| {
            let ends = (0u32..).zip(file.text.bytes()).filter(|(_, byte)| *byte == b'\n');
            ends.map(|(at, _)| at + 1).collect()
        });
        format!("{}:{}", file.path, lines.partition_point(|start| *start <= span.start) + 1)
    }
}

/// Of `candidates` the one that `name` was most likely meant to be; none where nothing is near.
pub fn suggest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let mut best: Option<(f64, &str)> = None;
    for candidate in candidates {
        let likeness = if candidate.to_lowercase() == lower {
            1.0
        } else {
            // The lengths alone may rule a candidate out, before the costly comparison.
            let (short, long) = (candidate.len().min(name.len()), candidate.len().max(name.len()));
            if long > 2 * short + 4 {
                continue;
            }
            let candidate = candidate.to_lowercase();
            let winkler = strsim::jaro_winkler(&lower, &candidate);
            let levenshtein = strsim::normalized_damerau_levenshtein(&lower, &candidate);
            if winkler >= 0.9 { winkler.max(levenshtein) } else { levenshtein }
        };
        // Of equally near ones the first in the order of text, so that the order of candidates does not matter.
        if candidate != name
            && likeness >= 0.65
            && best.is_none_or(|(most, other)| likeness > most || (likeness == most && candidate < other))
        {
            best = Some((likeness, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The hint `did you mean "..."?`, where something is near.
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    suggest(name, candidates).map(|candidate| format!("did you mean {candidate:?}?"))
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What failed, in one line, without the place: `unknown function "lenght"`.
    pub message: String,
    /// Where; none where no file is to blame (an empty folder).
    pub span: Option<Span>,
    /// Words at the place (`not a number`), often empty.
    pub label: String,
    /// Further places that belong to it: `first declared here`.
    pub related: Vec<(Span, String)>,
    /// What to do next: `did you mean "length"?`.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn new(span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { message: message.into(), span: Some(span), label: String::new(), related: Vec::new(), hint: None }
    }

    /// With what to do next.
    pub fn hint(mut self, hint: impl Into<String>) -> Diagnostic {
        self.hint = Some(hint.into());
        self
    }

    /// With words at the place.
    pub fn label(mut self, label: impl Into<String>) -> Diagnostic {
        self.label = label.into();
        self
    }

    /// With a further place.
    pub fn related(mut self, span: Span, words: impl Into<String>) -> Diagnostic {
        self.related.push((span, words.into()));
        self
    }
}
