//! A person or service: what they have, why, and what became of it; and whom a search finds.

use state::record::Text;
use state::{Address, Symbol, Timestamp};

use super::html::{address, breaking, escaped, page as whole, path_of, section, table};
use crate::commands::history::{self, Asked, Run};
use crate::commands::who::{self, Access};
use crate::edge::record::damaged;
use crate::edge::{Record, Store};
use crate::render::history::{Tone, telling};
use crate::render::who::{approval, because, full_name, given, moment};
use crate::{Error, render};

/// Whom a search shows, at most.
const FOUND: usize = 50;

/// What somebody has, and their history; none where the record does not know them.
///
/// # Errors
/// Where the record cannot be read.
pub fn page(store: &dyn Store, service: bool, key: &str, now: Timestamp) -> Result<Option<String>, Error> {
    let bytes = store.load()?;
    let damage = |damage| damaged(&store.name(), &damage);
    let text = Text::new(&bytes).map_err(damage)?;
    text.verify(0..text.lines.len()).map_err(damage)?;
    let past = text.at(now).map_err(damage)?;
    let key = Symbol::new(key);
    let who = if service { Address::Service(key) } else { Address::Person(key) };
    // An account says its holder and not of which kind it is.
    let other = if service { Address::Person(key) } else { Address::Service(key) };
    let who = if past.recorded.identities.contains_key(&other) { other } else { who };
    let runs = history::collect(&text, &Asked { address: Some(who), ..Asked::default() }).map_err(damage)?;
    let known = past.recorded.identities.get(&who);
    if known.is_none() && runs.is_empty() {
        return Ok(None);
    }
    let mut body = String::new();
    if let Some(known) = known {
        body.push_str("<dl>\n");
        for (name, value) in known.iter().filter(|(name, _)| !name.as_str().starts_with('@')) {
            let value = value.as_text().map_or_else(|| value.to_string(), |text| text.to_string());
            body += &format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escaped(name.as_str()), escaped(&value));
        }
        body.push_str("</dl>\n");
    }
    if let Some(hold) = past.recorded.suspension(who) {
        let words = format!("Suspended since {} by {}: {}", moment(hold.since), hold.by, hold.reason);
        body += &format!("<p class=\"bad\">{}</p>\n", escaped(&words));
    }
    let mut access = who::collect(&past, who);
    access.sort_by_cached_key(|access| (access.account, access.to, access.through.clone()));
    let rows = table("Access", &["To", "State", "Since", "Why", "Given by"], access.iter().map(row));
    section(&mut body, "access", "Access", access.len(), "No access.", &rows);
    let history: String = runs.iter().rev().map(run).collect();
    section(&mut body, "history", "History", runs.len(), "Nothing is recorded.", &history);
    let title = known.and_then(full_name).map_or_else(|| who.to_string(), |name| format!("{name} ({who})"));
    Ok(Some(whole(&title, &body)))
}

fn row(access: &Access<'_>) -> Vec<String> {
    let through: String =
        access.through.iter().map(|group| format!("<br>through {}", breaking(&escaped(&group.to_string())))).collect();
    let state = if access.active { "in use" } else { "<strong class=\"hold\">switched off</strong>" };
    let until = access.object.until.map_or_else(String::new, |until| format!("<br>until {}", moment(until)));
    let why: Vec<String> = access.object.why.iter().map(|reason| breaking(&escaped(&because(reason)))).collect();
    let approvals: String =
        access.approvals.iter().map(|approved| format!("<br>{}", escaped(&approval(approved)))).collect();
    vec![
        format!("{}{through}", breaking(&escaped(&access.to.to_string()))),
        state.to_owned(),
        format!("{}{until}", moment(access.since)),
        why.join("<br>"),
        format!("{}{approvals}", escaped(&given(access.run))),
    ]
}

fn run(run: &Run) -> String {
    let heading = match &run.started {
        None => format!("run {}, which began in an archived file", run.id),
        Some((at, started)) => {
            let commit = started.commit.as_ref().map_or_else(String::new, |commit| format!(", commit {commit}"));
            let ended = run.finished.as_ref().map_or("not finished", |(_, status)| status.as_str());
            format!("{} by {} on {}{commit}: {ended}", moment(*at), started.actor, started.host)
        }
    };
    let mut text = format!("<h3>{}</h3>\n<ul class=\"run\">\n", escaped(&render::text::clean(&heading)));
    for told in run.entries.iter().filter_map(|entry| telling(entry, run)) {
        let because =
            told.because.map_or_else(String::new, |why| format!(" <span class=\"quiet\">{}</span>", escaped(&why)));
        let answer = told.answer.map_or_else(String::new, |(tone, answer)| {
            let class = match tone {
                Tone::Good => "good",
                Tone::Bad => "bad",
                Tone::Doubt => "hold",
            };
            format!(" <span class=\"{class}\">{}</span>", escaped(&answer))
        });
        text += &format!(
            "<li><code>{} {}</code> {} {}{because}{answer}</li>\n",
            escaped(&told.at),
            escaped(&told.sign.to_string()),
            escaped(&told.subject),
            escaped(&told.words)
        );
    }
    text + "</ul>\n"
}

/// People and services of whom key, name or an attribute that is text holds `asked`; always something.
///
/// # Errors
/// Where the record cannot be read.
pub fn search(store: &dyn Store, asked: &str) -> Result<Option<String>, Error> {
    let recorded = Record::read(store, &[])?.recorded;
    let lower = asked.to_lowercase();
    let holds = |text: &str| text.to_lowercase().contains(&lower);
    let mut found: Vec<_> = recorded
        .identities
        .iter()
        .filter(|(who, known)| {
            let texts = known.iter().filter(|(name, _)| !name.as_str().starts_with('@'));
            let mut texts = texts.filter_map(|(_, value)| value.as_text());
            !lower.is_empty()
                && (who.holder().is_some_and(|key| holds(key.as_str()))
                    || full_name(known).is_some_and(|name| holds(&name))
                    || texts.any(|text| holds(text.as_str())))
        })
        .collect();
    found.sort_unstable_by_key(|(who, _)| **who);
    let rows = found.iter().take(FOUND).map(|(who, known)| {
        let text = |name: &str| known.get(Symbol::new(name)).and_then(|value| value.as_text());
        let link = path_of(**who).map_or_else(String::new, |_| address(**who));
        let email = text("email").map_or_else(String::new, |email| escaped(email.as_str()));
        vec![link, escaped(&full_name(known).unwrap_or_default()), email]
    });
    let mut rows = table("People and services", &["Who", "Name", "Email"], rows);
    if found.len() > FOUND {
        rows += &format!("<p class=\"quiet\">and {} more: say more of the name</p>\n", found.len() - FOUND);
    }
    let mut body = String::new();
    section(&mut body, "found", "Found", found.len(), "The record knows nobody like that.", &rows);
    Ok(Some(whole(&format!("People and services: {asked}"), &body)))
}
