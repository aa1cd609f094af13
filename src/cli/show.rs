//! `show`, `graph`, `completions`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::plan::Shown;

/// Show a plan that was kept in a file
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tenure show acme.plan
  tenure show acme.plan --by system --full
  tenure show acme.plan --format markdown --max-bytes 1000000
  tenure show acme.plan --json")]
pub struct ShowArgs {
    /// A plan that `tenure plan --out FILE` kept
    pub file: PathBuf,
    /// Where the plan is encrypted: the file with the key of one of its recipients; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub identity: Option<PathBuf>,
    #[command(flatten)]
    pub shown: Shown,
}

/// Draw the order of a plan: what is called together, and what waits for what
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tenure graph | dot -Tsvg > plan.svg
  tenure graph --format mermaid acme.plan")]
pub struct GraphArgs {
    /// A plan that `tenure plan --out FILE` kept; without, a plan is made
    pub file: Option<PathBuf>,
    /// Where the plan is encrypted: the file with the key of one of its recipients; `-` is standard input
    #[arg(long, value_name = "FILE", requires = "file")]
    pub identity: Option<PathBuf>,
    /// Language of the drawing
    #[arg(long, value_enum, default_value_t = GraphFormat::Dot)]
    pub format: GraphFormat,
}

/// Language of a drawing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// Graphviz.
    #[default]
    Dot,
    /// Mermaid, as GitHub draws it in Markdown.
    Mermaid,
}

/// Print completions for a shell
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tenure completions bash > ~/.local/share/bash-completion/completions/tenure
  tenure completions zsh > \"${fpath[1]}/_tenure\"
  tenure completions fish > ~/.config/fish/completions/tenure.fish")]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}
