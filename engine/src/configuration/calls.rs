//! Functions that reach outside or depend on the place.

use std::sync::Arc;

use super::view::View;
use crate::language::{Failure, File, FileId, Files, Span, Unknown, Value, evaluate_with, functions, parse};

/// Their names.
pub(super) const NAMES: [&str; 16] = [
    "command",
    "env",
    "file",
    "filebase64",
    "filebase64sha256",
    "filebase64sha512",
    "fileexists",
    "filemd5",
    "fileset",
    "filesha1",
    "filesha256",
    "filesha512",
    "next",
    "plantimestamp",
    "templatefile",
    "timestamp",
];

/// The answer of one of them; none for any other name.
pub(super) fn call(view: &View, name: &str, arguments: &[Value]) -> Option<Result<Value, Failure>> {
    let name = NAMES.iter().find(|own| **own == name)?;
    Some(answer(view, name, arguments))
}

fn answer(view: &View, name: &str, arguments: &[Value]) -> Result<Value, Failure> {
    let (inputs, run) = (&view.world.inputs, view.run);
    match name {
        "file" => Ok(Value::String(inputs.text(run, &path(&one(arguments)?)?).map_err(outside)?)),
        "filebase64" => {
            use base64::Engine as _;
            let bytes = inputs.bytes(run, &path(&one(arguments)?)?).map_err(outside)?;
            Ok(Value::string(base64::engine::general_purpose::STANDARD.encode(&bytes)))
        }
        "fileexists" => Ok(Value::Bool(inputs.bytes(run, &path(&one(arguments)?)?).is_ok())),
        "fileset" => fileset(view, arguments),
        "templatefile" => templatefile(view, arguments),
        "env" => {
            let variable = one(arguments)?;
            match inputs.environment(run, &variable).map_err(outside)? {
                Some(value) => Ok(Value::sensitive(Value::String(value))),
                None if inputs.offline() => Ok(absent()),
                None => Err(Failure::new(format!("the environment variable {variable} is not set"))
                    .hint(format!("set it where tenure runs: export {variable}=..."))),
            }
        }
        "command" => {
            let words: Vec<String> =
                arguments.iter().map(|word| Ok(word.to_text()?.to_string())).collect::<Result<_, Failure>>()?;
            if words.is_empty() {
                return Err(Failure::new("a program is needed").hint("write command(\"program\", \"argument\")"));
            }
            if inputs.offline() {
                return Ok(absent());
            }
            Ok(Value::sensitive(Value::String(inputs.command(run, &words).map_err(outside)?)))
        }
        "timestamp" | "plantimestamp" => {
            none(arguments)?;
            let now = view.world.now.to_jiff();
            Ok(Value::string(now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()))
        }
        "next" => next(view, arguments),
        hash => {
            let text = inputs.text(run, &path(&one(arguments)?)?).map_err(outside)?;
            let plain = hash.strip_prefix("file").unwrap_or(hash);
            let function =
                functions::find(plain).ok_or_else(|| Failure::new(format!("there is no function {plain}")))?;
            (function.call)(&[Value::String(text)])
        }
    }
}

fn outside(message: String) -> Failure {
    Failure::new(message)
}

fn none(arguments: &[Value]) -> Result<(), Failure> {
    if arguments.is_empty() { Ok(()) } else { Err(Failure::new("takes no arguments")) }
}

fn one(arguments: &[Value]) -> Result<Arc<str>, Failure> {
    match arguments {
        [only] => only.to_text(),
        _ => Err(Failure::new(format!("takes one argument, not {}", arguments.len()))),
    }
}

/// A path as [`super::Sources`] takes it: relative, without `./`.
fn path(text: &str) -> Result<String, Failure> {
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/') {
        match part {
            "." => {}
            "" if !parts.is_empty() => {}
            ".." if parts.last().is_some_and(|last| !matches!(*last, ".." | "")) => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    if parts.is_empty() || parts == [""] {
        return Err(Failure::new(format!("{text:?} is no file")).hint("paths are relative to the configuration folder"));
    }
    Ok(parts.join("/"))
}

/// A number that nobody else was given.
fn next(view: &View, arguments: &[Value]) -> Result<Value, Failure> {
    let Some(next) = view.next else {
        return Err(Failure::new("gives a new number, and here it would give another one each time")
            .hint("it may stand in on_create only"));
    };
    let [low, high] = arguments else {
        return Err(Failure::new(format!("takes two arguments, not {}", arguments.len()))
            .hint("the lowest and the highest number: next(10000, 59999)"));
    };
    let whole = |value: &Value| {
        value
            .to_number()?
            .to_i64()
            .ok_or_else(|| Failure::new("takes whole numbers").hint("such as next(10000, 59999)"))
    };
    let (low, high) = (whole(low)?, whole(high)?);
    if low > high {
        return Err(Failure::new(format!("there is no number from {low} to {high}")).hint("put the lower one first"));
    }
    view.run.volatile();
    // Without systems, files are only checked: any number of the range will do.
    let Some(known) = view.run.known else { return Ok(Value::number(low)) };
    known.next(next.system, next.attribute, next.holder, low, high).map(Value::number).ok_or_else(|| {
        Failure::new(format!("all numbers from {low} to {high} are taken on system.{}", next.system))
            .hint("widen the range: numbers are never given twice")
    })
}

/// The files of a folder whose path, seen from there, fits a pattern.
fn fileset(view: &View, arguments: &[Value]) -> Result<Value, Failure> {
    let [folder, pattern] = arguments else {
        return Err(Failure::new(format!("takes two arguments, not {}", arguments.len()))
            .hint("a folder and a pattern: fileset(\"people\", \"**/*.csv\")"));
    };
    let folder = folder.to_text()?;
    let folder = if folder.is_empty() || &*folder == "." { String::new() } else { path(&folder)? };
    let pattern = glob(&pattern.to_text()?)?;
    let files = view.world.inputs.list(view.run, &folder).map_err(outside)?;
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    // Whether the listing names files from the folder or from the configuration's root, both are understood.
    let relative = files.iter().map(|file| file.strip_prefix(&prefix).unwrap_or(file));
    Ok(Value::set(relative.filter(|file| pattern.is_match(file)).map(Value::string).collect()))
}

/// `*`, `**`, `?`, `[a-z]` and `{a,b}` as a regular expression.
fn glob(pattern: &str) -> Result<regex::Regex, Failure> {
    let mut text = String::from("^");
    let mut characters = pattern.chars().peekable();
    let mut braces = 0;
    while let Some(character) = characters.next() {
        match character {
            '*' if characters.next_if_eq(&'*').is_some() => {
                text.push_str(if characters.next_if_eq(&'/').is_some() { "(?:.*/)?" } else { ".*" });
            }
            '*' => text.push_str("[^/]*"),
            '?' => text.push_str("[^/]"),
            '[' => text.push_str(if characters.next_if_eq(&'!').is_some() { "[^" } else { "[" }),
            ']' => text.push(']'),
            '-' => text.push('-'),
            '{' => {
                braces += 1;
                text.push_str("(?:");
            }
            '}' if braces > 0 => {
                braces -= 1;
                text.push(')');
            }
            ',' if braces > 0 => text.push('|'),
            other => text.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    text.push('$');
    regex::Regex::new(&text)
        .map_err(|_| Failure::new(format!("{pattern:?} is not a pattern")).hint("such as \"*.csv\" or \"**/*.json\""))
}

/// A file filled in as a template.
fn templatefile(view: &View, arguments: &[Value]) -> Result<Value, Failure> {
    let [name, variables] = arguments else {
        return Err(Failure::new(format!("takes two arguments, not {}", arguments.len()))
            .hint("a file and an object: templatefile(\"mail.tpl\", { name = \"Ada\" })"));
    };
    let name = path(&name.to_text()?)?;
    let Some(variables) = variables.as_object() else {
        return Err(Failure::new(format!("takes an object of variables, and this is {}", variables.describe())));
    };
    let variables: Vec<(Arc<str>, Value)> =
        variables.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let text = view.world.inputs.text(view.run, &name).map_err(outside)?;
    let files = Files(vec![File { path: Arc::from(name.as_str()), text }]);
    // The template is not among the files of the configuration, so its places are told in words.
    let placed = |message: String, span: Option<Span>, hint: Option<String>| Failure {
        message: match span {
            Some(span) => format!("{}: {message}", files.place(span)),
            None => format!("{name}: {message}"),
        },
        hint,
        span: None,
    };
    let first = |found: Vec<crate::language::Diagnostic>| match found.into_iter().next() {
        Some(one) => placed(one.message, one.span, one.hint),
        None => placed("not a template".to_owned(), None, None),
    };
    let template = parse::parse_template(&files, FileId(0)).map_err(first)?;
    evaluate_with(&template, view, &variables).map_err(|one| placed(one.message, one.span, one.hint))
}

/// A secret that is not to be had here.
fn absent() -> Value {
    Value::Unknown(std::sync::Arc::new(Unknown { needs: Vec::new(), sensitive: true }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_paths_as_in_terraform() {
        for (pattern, fits, does_not) in [
            ("*.csv", vec!["a.csv"], vec!["a/b.csv", "acsv"]),
            ("**/*.csv", vec!["a.csv", "a/b/c.csv"], vec!["a.json"]),
            ("{a,b}/?.tsv", vec!["a/x.tsv", "b/y.tsv"], vec!["c/x.tsv", "a/xy.tsv"]),
            ("[!a]*", vec!["bc"], vec!["ab"]),
            ("a+(b)", vec!["a+(b)"], vec!["aab"]),
        ] {
            let glob = glob(pattern).unwrap();
            assert!(fits.iter().all(|path| glob.is_match(path)), "{pattern}");
            assert!(!does_not.iter().any(|path| glob.is_match(path)), "{pattern}");
        }
        assert!(glob("[").is_err());
    }

    #[test]
    fn paths_are_put_in_one_form() {
        for (text, expected) in
            [("./a/b", "a/b"), ("a//b", "a/b"), ("a/../b", "b"), ("../a", "../a"), ("/etc/x", "/etc/x")]
        {
            assert_eq!(path(text).unwrap(), expected);
        }
        assert!(path("").is_err() && path(".").is_err());
    }
}
