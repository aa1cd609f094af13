//! Plans as they are shown.

mod json;
mod markdown;
mod text;

use super::*;

fn shown(format: Format) -> Shown {
    Shown { format, ..Shown::default() }
}

fn plain(plan: &Plan, shown: &Shown) -> String {
    let mut out = anstream::StripStream::new(Vec::new());
    write(&mut out, plan, shown).unwrap();
    String::from_utf8(out.into_inner()).unwrap()
}
