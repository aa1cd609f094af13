//! A script as its parts, and back.

/// A piece of a `script.md`.
pub enum Part {
    /// Prose, and the lines of fences.
    Line(String),
    Step(Step),
}

/// One command with what it is expected to print.
pub struct Step {
    /// The command's lines, without `$ ` and `> `.
    pub lines: Vec<String>,
    /// None where a signal ended it.
    pub code: Option<i32>,
    /// Ends in a line break unless it is empty.
    pub output: String,
}

impl Part {
    pub fn step(&mut self) -> Option<&mut Step> {
        match self {
            Part::Line(_) => None,
            Part::Step(step) => Some(step),
        }
    }
}

/// Reads a script. Lines of a console block before its first command are prose.
pub fn read(text: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut console = false;
    for line in text.lines() {
        if line.starts_with("```") {
            console = !console && line == "```console";
            parts.push(Part::Line(line.to_owned()));
            continue;
        }
        match (console, line.strip_prefix("$ "), parts.last_mut()) {
            (true, Some(command), _) => {
                parts.push(Part::Step(Step { lines: vec![command.to_owned()], code: Some(0), output: String::new() }));
            }
            (true, None, Some(Part::Step(step))) => {
                // An empty line in the middle of a command is written as `>` alone: editors cut spaces at ends of lines.
                let more = line.strip_prefix("> ").or((line == ">").then_some(""));
                if let (Some(more), true) = (more, step.output.is_empty()) {
                    step.lines.push(more.to_owned());
                } else if let (Some(code), true) = (line.strip_prefix("? "), step.output.is_empty()) {
                    step.code = code.parse().ok();
                } else {
                    step.output.push_str(line);
                    step.output.push('\n');
                }
            }
            _ => parts.push(Part::Line(line.to_owned())),
        }
    }
    parts
}

/// Writes it back.
pub fn write(parts: &[Part]) -> String {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Line(line) => text.push_str(&format!("{line}\n")),
            Part::Step(Step { lines, code, output }) => {
                text.push_str(&format!("$ {}\n", lines.join("\n> ")).replace("\n> \n", "\n>\n"));
                match code {
                    Some(0) => {}
                    Some(code) => text.push_str(&format!("? {code}\n")),
                    None => text.push_str("? signal\n"),
                }
                text.push_str(output);
                if !output.is_empty() && !output.ends_with('\n') {
                    text.push('\n');
                }
            }
        }
    }
    text
}
