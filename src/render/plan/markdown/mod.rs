//! A plan for a pull request: a summary that stands alone, what is held, what is taken, then everything by system.
//!
//! Names of attributes are shown, values and names of people only when asked for: a pull request has more readers than
//! the plan's author may think.

mod bounded;
pub mod escape;

use std::collections::BTreeMap;
use std::io::{self, Write};

use state::{Address, Finding, Plan, Severity, Symbol};

use self::bounded::Bounded;
use self::escape::{code, code_in_table, html, words};
use super::counts::Counts;
use super::details::{self, What};
use super::items::{Item, Lookup, items};
use super::sections::Weight;
use super::{findings, systems};
use crate::cli::plan::Shown;
use crate::render::text::{self, number};

/// Addresses named of one finding.
const NAMED: usize = 10;
/// A longer address of the run that made the plan is not put into the page.
const LONGEST_URL: usize = 300;

/// Writes the plan, shortened to `--max-bytes` where that was given.
pub fn write(to: &mut dyn Write, plan: &Plan, shown: &Shown) -> io::Result<()> {
    let lookup = Lookup::new(plan);
    let mut page = Bounded::new(shown.limit());
    let by_system = by_system(&lookup);
    page.always(&format!("### tenure plan: {}\n", Counts::of(plan)));
    page.always(&origin(plan, shown));
    summary(&mut page, &by_system);
    held(&mut page, plan);
    taken(&mut page, &lookup, shown.values);
    notices(&mut page, plan);
    left(&mut page, plan);
    for (heading, part) in &by_system {
        system(&mut page, *heading, part, &lookup, shown.values);
    }
    to.write_all(page.finish().as_bytes())
}

/// What stands under one system.
#[derive(Default)]
struct Part<'a> {
    items: Vec<Item<'a>>,
    counts: Counts,
    remarks: Vec<String>,
}

/// By system; under none what is about people alone.
fn by_system<'a>(lookup: &Lookup<'a>) -> BTreeMap<Option<Symbol>, Part<'a>> {
    let mut parts: BTreeMap<Option<Symbol>, Part<'a>> = BTreeMap::new();
    for (name, summary) in &lookup.plan.systems {
        let remarks = systems::remarks(lookup.plan, *name, summary);
        if !remarks.is_empty() {
            parts.entry(Some(*name)).or_default().remarks = remarks;
        }
    }
    for item in items(lookup.plan) {
        let part = parts.entry(item.address().system()).or_default();
        part.counts.add(item, lookup);
        part.items.push(item);
    }
    for part in parts.values_mut() {
        part.items.sort_by_cached_key(|item| (Weight::of(*item, lookup), item.address().holder(), item.address()));
    }
    parts
}

/// Which plan this is: the digest, which leads to the run that made it, and the commit.
fn origin(plan: &Plan, shown: &Shown) -> String {
    let digest = code(&plan.digest.to_string());
    let url = shown.run_url.as_ref().filter(|url| url.len() <= LONGEST_URL);
    let digest = url.map_or(digest.clone(), |url| format!("[{digest}]({url})"));
    let commit = plan.commit.as_ref().map(text::commit);
    let commit = commit.map_or_else(String::new, |commit| format!(", of commit {}", words(&commit)));
    format!("\nDigest {digest}{commit}.\n")
}

fn summary(page: &mut Bounded, by_system: &BTreeMap<Option<Symbol>, Part<'_>>) {
    page.list(
        "the table of systems",
        "\n| system | give | change | take | adopt | other | held |\n| --- | --: | --: | --: | --: | --: | --: |\n",
        "",
        by_system.iter().map(|(name, part)| row(*name, &part.counts)),
    );
}

fn row(name: Option<Symbol>, counts: &Counts) -> String {
    let name = name.map_or_else(|| "people".to_owned(), |name| code_in_table(name.as_str()));
    let other = counts.hand_over + counts.destroy + counts.forget;
    let cells = [counts.give, counts.change, counts.take, counts.adopt, other, counts.held];
    let cells: Vec<String> =
        cells.iter().map(|count| if *count == 0 { String::new() } else { number(*count) }).collect();
    format!("| {name} | {} |\n", cells.join(" | "))
}

fn held(page: &mut Bounded, plan: &Plan) {
    page.list("Held by safeguards", "\n#### Held by safeguards\n\n", "", of_severity(plan, Severity::Holds));
}

fn notices(page: &mut Bounded, plan: &Plan) {
    page.list("Observed only", "\n#### Observed only\n\n", "", of_severity(plan, Severity::Observes));
    page.list("Approved", "\n#### Approved\n\n", "", of_severity(plan, Severity::Approved));
    page.list("To know", "\n#### To know\n\n", "", of_severity(plan, Severity::Notice));
}

/// What an undo leaves as it is.
fn left(page: &mut Bounded, plan: &Plan) {
    for (heading, lines) in plan.undoes.iter().flat_map(crate::render::undo::lines) {
        let lines = lines.into_iter().map(|line| format!("- {}\n", words(&line)));
        page.list(&words(heading), &format!("\n#### {}\n\n", words(heading)), "", lines);
    }
}

fn of_severity(plan: &Plan, severity: Severity) -> impl Iterator<Item = String> {
    findings::ordered(plan).into_iter().filter(move |finding| finding.severity == severity).map(finding)
}

fn finding(finding: &Finding) -> String {
    let mut text = format!("- **{}**{}: {}\n", finding.code, words(&findings::scope(finding)), words(&finding.message));
    if !finding.hint.is_empty() {
        text.push_str(&format!("  - {}\n", words(&finding.hint)));
    }
    if !finding.addresses.is_empty() {
        let named: Vec<String> =
            finding.addresses.iter().take(NAMED).map(|address| code(&address.to_string())).collect();
        let more = finding.addresses.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {} more", number(more as u64)) } else { String::new() };
        text.push_str(&format!("  - {}{more}\n", named.join(", ")));
    }
    text
}

/// Removals stand in sight, not inside a fold.
fn taken(page: &mut Bounded, lookup: &Lookup<'_>, values: bool) {
    let mut taken: Vec<Item<'_>> = items(lookup.plan).filter(|item| matches!(item.symbol(), '-' | '!' | '>')).collect();
    taken.sort_by_key(|item| (item.address().holder(), item.address()));
    page.list("Taken away", "\n#### Taken away\n\n", "", taken.iter().map(|item| line(*item, lookup, values)));
}

fn system(page: &mut Bounded, name: Option<Symbol>, part: &Part<'_>, lookup: &Lookup<'_>, values: bool) {
    let name = name.map_or_else(|| "people".to_owned(), |name| Address::System(name).to_string());
    let open = format!("\n<details><summary>{}: {}</summary>\n\n", html(&name), part.counts);
    let remarks = part.remarks.iter().map(|remark| format!("- {}\n", words(&remark.replace('\n', " "))));
    let items = part.items.iter().map(|item| line(*item, lookup, values));
    page.list(&code(&name), &open, "\n</details>\n", remarks.chain(items));
}

fn line(item: Item<'_>, lookup: &Lookup<'_>, values: bool) -> String {
    let mut text = String::from("- ");
    if item.symbol() != ' ' {
        text.push_str(&format!("`{}` ", item.symbol()));
    }
    text.push_str(&code(&item.address().to_string()));
    if values && let Some(name) = lookup.identity(item.address()).and_then(|identity| lookup.name(identity)) {
        text.push_str(&format!(" {}", words(name)));
    }
    if let Some(remark) = item.remark() {
        text.push_str(&format!(" ({})", words(&remark)));
    }
    if let Some(held) = lookup.held_words(item) {
        text.push_str(&format!(" **held: {held}**"));
    }
    let change = match item {
        Item::Change(change) => Some(change),
        Item::Fact(_) => None,
    };
    if let Some(change) = change.filter(|change| !values && !change.action.removes()) {
        let names: Vec<String> = details::names(change).iter().map(|name| code(name)).collect();
        if !names.is_empty() {
            text.push_str(&format!(" {}", names.join(", ")));
        }
    }
    let reasons: Vec<String> = lookup.reasons(item).map(|reason| why(reason, item.address())).collect();
    if !reasons.is_empty() {
        text.push_str(&format!(": {}", reasons.join(", ")));
    }
    text.push('\n');
    for remark in change.into_iter().flat_map(|change| lookup.remarks(change)) {
        text.push_str(&format!("  - {}\n", words(&remark)));
    }
    if let Some(change) = change.filter(|_| values) {
        details::details(change).iter().for_each(|detail| push_detail(&mut text, &detail.name, &detail.what));
    }
    text
}

fn why(reason: &state::Reason, address: Address) -> String {
    match reason.place {
        // A block that asks for itself.
        Some(place) if reason.because.as_str() == address.to_string() => code(place.as_str()),
        Some(place) => format!("{} ({})", words(reason.because.as_str()), code(place.as_str())),
        None => words(reason.because.as_str()),
    }
}

fn push_detail(to: &mut String, name: &str, what: &What) {
    let name = code(name);
    match what {
        What::Set(value) => to.push_str(&format!("  - {name} = {}\n", code(value))),
        What::Replaced(before, after) => to.push_str(&format!("  - {name} {} → {}\n", code(before), code(after))),
        What::Diff(lines) => {
            let lines: Vec<String> =
                lines.iter().map(|(sign, line)| format!("    {sign} {line}").trim_end().to_owned()).collect();
            let body = lines.join("\n");
            let longest = body.split(|character| character != '`').map(str::len).max().unwrap_or(0);
            let fence = "`".repeat((longest + 1).max(3));
            to.push_str(&format!("  - {name}\n    {fence}diff\n{body}\n    {fence}\n"));
        }
    }
}
