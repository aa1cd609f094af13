//! Tokens to lines in form.

use super::token::{Kind, Token};
use crate::render::text::width;

/// One line: its tokens, and where its parts start.
struct Line<'a, 't> {
    tokens: &'a [Token<'t>],
    indent: usize,
    /// Number of the token `=`, where the line is an attribute whose value ends on it.
    assign: Option<usize>,
    /// Whether it ends in a comment that follows something.
    trailing: bool,
}

/// Writes all lines.
pub fn write(tokens: &[Token<'_>]) -> String {
    let lines = lines(tokens);
    let assigns = align(&lines, |line| line.assign.map(|assign| columns(line, 0, assign)));
    let comments = align(&lines, |line| line.trailing.then_some(0));
    let mut out = String::with_capacity(tokens.iter().map(|token| token.text.len() + 1).sum());
    let mut starts = Vec::with_capacity(lines.len());
    for (line, assign) in lines.iter().zip(&assigns) {
        let start = out.len();
        let body = line.tokens.len() - usize::from(line.trailing);
        push(&mut out, line, body, *assign);
        starts.push((start, out.len()));
    }
    // Comments are aligned behind the bodies, which only now have their widths.
    let widths: Vec<usize> = starts.iter().map(|(start, end)| last_line_width(&out[*start..*end])).collect();
    let mut text = String::with_capacity(out.len() + lines.len() * 2);
    let mut at = 0;
    while at < lines.len() {
        let run = comments[at].map_or(1, |_| lines[at..].iter().take_while(|line| line.trailing).count());
        let widest = widths[at..at + run].iter().max().copied().unwrap_or(0);
        for number in at..at + run {
            let (start, end) = starts[number];
            text.push_str(&out[start..end]);
            if let (true, Some(comment)) = (lines[number].trailing, lines[number].tokens.last()) {
                let pad = widest - widths[number] + 1;
                text.extend(std::iter::repeat_n(' ', pad));
                text.push_str(comment.text.trim_end());
            }
            text.push('\n');
        }
        at += run;
    }
    text
}

/// Cuts tokens into lines, drops blank lines that have no place, and gives each its indentation.
fn lines<'a, 't>(tokens: &'a [Token<'t>]) -> Vec<Line<'a, 't>> {
    let mut lines: Vec<Line<'a, 't>> = Vec::new();
    // For each bracket that is open: the number of the line that opened it.
    let mut open: Vec<usize> = Vec::new();
    for line in tokens.split(|token| token.kind == Kind::Newline) {
        let opens_block = |line: &Line<'_, '_>| {
            line.tokens
                .iter()
                .rev()
                .find(|token| token.kind != Kind::Comment)
                .is_some_and(|token| token.kind == Kind::Open)
        };
        let closes = line.first().is_some_and(|token| token.kind == Kind::Close);
        match lines.last() {
            None if line.is_empty() => continue,
            Some(last) if line.is_empty() && (last.tokens.is_empty() || opens_block(last)) => continue,
            Some(last) if closes && last.tokens.is_empty() => {
                lines.pop();
            }
            _ => {}
        }
        let number = lines.len();
        let leading = line.iter().take_while(|token| token.kind == Kind::Close).count();
        let indent_of = |opener: Option<&usize>| opener.and_then(|opener| lines.get(*opener)).map(|line| line.indent);
        // A line that starts by closing stands below the line that opened, any other one step further in.
        let indent = match open.len().checked_sub(leading) {
            Some(rest) if leading > 0 => indent_of(open.get(rest)).unwrap_or(0),
            _ => indent_of(open.last()).map_or(0, |indent| indent + 1),
        };
        open.truncate(open.len().saturating_sub(leading));
        for token in &line[leading..] {
            match token.kind {
                Kind::Open => open.push(number),
                Kind::Close => {
                    open.pop();
                }
                _ => {}
            }
        }
        let trailing = line.len() > 1 && line.last().is_some_and(|token| token.kind == Kind::Comment);
        lines.push(Line { tokens: line, indent, assign: assign(line), trailing });
    }
    while lines.last().is_some_and(|line| line.tokens.is_empty()) {
        lines.pop();
    }
    lines
}

/// Where the `=` of an attribute stands whose value ends on this line.
fn assign(line: &[Token<'_>]) -> Option<usize> {
    let mut depth = 0i32;
    let mut found = None;
    for (at, token) in line.iter().enumerate() {
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth -= 1,
            Kind::Assign if depth == 0 && at > 0 => found = found.or(Some(at)),
            _ => {}
        }
        if token.text.contains('\n') || depth < 0 {
            return None;
        }
    }
    found.filter(|_| depth == 0)
}

/// For each line that `measure` measures: the widest of the consecutive lines that it measures.
fn align(lines: &[Line<'_, '_>], measure: impl Fn(&Line<'_, '_>) -> Option<usize>) -> Vec<Option<usize>> {
    let measured: Vec<Option<usize>> = lines.iter().map(measure).collect();
    let mut aligned = Vec::with_capacity(measured.len());
    for run in measured.chunk_by(|one, other| one.is_some() == other.is_some()) {
        let widest = run.iter().flatten().max().copied();
        aligned.extend(run.iter().map(|_| widest));
    }
    aligned
}

/// Columns of the tokens `from..to` with their spaces, without indentation.
fn columns(line: &Line<'_, '_>, from: usize, to: usize) -> usize {
    let mut text = String::new();
    push_tokens(&mut text, &line.tokens[from..to]);
    width(&text)
}

fn last_line_width(text: &str) -> usize {
    width(text.rsplit('\n').next().unwrap_or(text))
}

fn push(out: &mut String, line: &Line<'_, '_>, end: usize, assign_column: Option<usize>) {
    if line.tokens.is_empty() {
        return;
    }
    out.extend(std::iter::repeat_n("  ", line.indent));
    match (line.assign, assign_column) {
        (Some(assign), Some(column)) => {
            push_tokens(out, &line.tokens[..assign]);
            let pad = column - columns(line, 0, assign) + 1;
            out.extend(std::iter::repeat_n(' ', pad));
            push_tokens(out, &line.tokens[assign..end]);
        }
        _ => push_tokens(out, &line.tokens[..end]),
    }
}

fn push_tokens(out: &mut String, tokens: &[Token<'_>]) {
    for (at, token) in tokens.iter().enumerate() {
        if at > 0 && spaced(tokens, at) {
            out.push(' ');
        }
        // Spaces at the end of a comment are nothing that anybody wrote.
        out.push_str(if token.kind == Kind::Comment { token.text.trim_end() } else { token.text });
    }
}

/// Whether a space stands before the token `at` (not the first).
fn spaced(tokens: &[Token<'_>], at: usize) -> bool {
    let (before, token) = (tokens[at - 1], tokens[at]);
    match (before.kind, before.text, token.kind, token.text) {
        (_, _, Kind::Comment | Kind::BlockComment, _) | (Kind::BlockComment, ..) => true,
        (_, "{", _, "}") => false,
        (_, "{", ..) | (_, _, _, "}") => true,
        (Kind::Open, ..) | (_, _, Kind::Close | Kind::Comma, _) => false,
        (Kind::Comma, ..) => true,
        (Kind::Dot, ..) | (_, _, Kind::Dot, _) => false,
        (_, "::", ..) | (_, _, _, "::") => false,
        (_, _, Kind::Ellipsis, _) => false,
        (Kind::Operator, "!" | "-", ..) if is_unary(tokens, at - 1) => false,
        (_, _, Kind::Open, "(") => before.kind != Kind::Identifier || is_keyword(before.text),
        (_, _, Kind::Open, "[") => !is_operand(tokens, at - 1),
        _ => true,
    }
}

/// Whether `-` or `!` at `at` has nothing to its left that it could join with what follows.
fn is_unary(tokens: &[Token<'_>], at: usize) -> bool {
    tokens[at].text == "!" || at == 0 || !is_operand(tokens, at - 1)
}

/// Whether an expression may end with the token at `at`.
fn is_operand(tokens: &[Token<'_>], at: usize) -> bool {
    match tokens[at].kind {
        Kind::Identifier => !is_keyword(tokens[at].text),
        Kind::Number | Kind::Quoted | Kind::Heredoc | Kind::Close => true,
        // The star of a splat, `a.*`.
        Kind::Operator => tokens[at].text == "*" && at > 0 && tokens[at - 1].kind == Kind::Dot,
        _ => false,
    }
}

/// Words after which a value starts.
fn is_keyword(text: &str) -> bool {
    matches!(text, "in" | "if" | "for")
}
