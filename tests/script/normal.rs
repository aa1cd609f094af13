//! What differs from run to run, replaced by names.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

/// Patterns and what stands for them, in this order.
static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"\b\d{8}T\d{6}Z-[0-9a-f]{8}\b", "[RUN]"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[TIME]"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?(Z| UTC)?", "[TIME]"),
        (r"\b\d\d:\d\d:\d\d\b", "[TIME]"),
        (r"\b[0-9a-f]{64}\b", "[DIGEST]"),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "[UUID]"),
        (r"\b\d+(\.\d+)?(ms|µs| ms)\b", "[DURATION]"),
        (r"\bin \d+(\.\d+)? ?s\b", "in [DURATION]"),
        (r"\bby \w+ on \[HOST\]", "by [USER] on [HOST]"),
        (r"\b[0-9a-f]{32}\b", "[LINEAGE]"),
        (r"approved by \w+", "approved by [USER]"),
        (r"since \[TIME\] by \w+", "since [TIME] by [USER]"),
        (r"\(by \w+\)", "(by [USER])"),
        (r#""(by)":( ?)"[^"]*""#, "\"$1\":$2\"[WHO]\""),
        (r"\bpid \d+\b", "pid [PID]"),
        (r"tenure 0\.\d+\.\d+ \([^)]*\)", "tenure [VERSION]"),
    ]
    .into_iter()
    .map(|(pattern, name)| (Regex::new(pattern).unwrap(), name))
    .collect()
});

/// `text` as it would be on any other day and machine. White space at the ends of lines is left out: nobody sees it.
pub fn normal(text: &str, work: &Path) -> String {
    let mut text = text.replace(&work.display().to_string(), "[DIR]");
    if let Ok(host) = std::fs::read_to_string("/proc/sys/kernel/hostname") {
        text = Regex::new(&format!(r"\b{}\b", regex::escape(host.trim())))
            .unwrap()
            .replace_all(&text, "[HOST]")
            .into_owned();
    }
    for (pattern, name) in PATTERNS.iter() {
        text = pattern.replace_all(&text, *name).into_owned();
    }
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
