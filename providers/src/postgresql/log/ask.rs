//! Differences as questions to the log, and its answers.

use std::collections::HashMap;

use state::{Symbol, Target, Touched, Value};

use super::author::{Author, Index, Question, Silence, Wanted, author, setting};
use super::deed::Setting;
use super::history::{Event, events};
use super::read::{Log, read};
use crate::postgresql::catalog;
use crate::postgresql::connection::Client;
use crate::postgresql::failure::Failure;
use crate::postgresql::reader::oid;
use crate::postgresql::role::Role;
use crate::provider::{Authors, Difference, Outside};

/// What the log tells of the differences; of `limit` bytes of it at most. `own` are the roles that tenure connects as.
pub async fn ask(client: &Client, own: &[String], differences: &[Difference], limit: u64) -> Result<Authors, Failure> {
    let session = client.connect().await?;
    let targets = differences.iter().filter_map(|difference| difference.target);
    let ids = targets.flat_map(|target| match target {
        Target::Account(id) | Target::Group(id) => [Some(id), None],
        Target::Membership { group, member, .. } => [Some(group), Some(member)],
        Target::Grant { .. } | Target::Owned(_) => [None, None],
    });
    let mut oids: Vec<u32> = ids.flatten().filter_map(oid).collect();
    oids.sort_unstable();
    oids.dedup();
    let roles = catalog::some_roles(&session, &oids, &[]).await?;
    let questions: Vec<Option<Question>> = differences.iter().map(|difference| question(difference, &roles)).collect();
    if questions.iter().all(Option::is_none) {
        client.keep(session);
        return Ok(Authors::nothing(differences));
    }
    // Where the record does not know since when (what others gave), as far as it goes.
    let since = questions.iter().flatten().map(|question| question.since).min().flatten();
    let log = read(&session, since, limit).await?;
    client.keep(session);
    let index = Index::new(events(&log.lines, &log.zones, &log.open, log.until));
    let by_tenure = |event: &Event<'_>| event.line.application == "tenure" && own.contains(&event.line.user);
    let answer = |question: &Question| {
        // Which role of that name was dropped is known from all that became of the name.
        let whole = question.since.zip(log.begins).is_some_and(|(since, begins)| begins < since);
        match question.wanted {
            Wanted::Dropped { .. } if !whole => Err(Silence::Nobody),
            _ => author(&index, question, by_tenure),
        }
    };
    let answers: Vec<Option<Result<Author, Silence>>> =
        questions.iter().map(|question| question.as_ref().map(answer)).collect();
    let silence = answers.iter().flatten().filter_map(|answer| answer.as_ref().err()).min();
    let limits = silence.and_then(|silence| limits(*silence, &log, since, limit));
    let touched = answers.into_iter().map(|answer| answer?.ok().map(touched)).collect();
    Ok(Authors { touched, limits })
}

/// What is looked for in the log; none where nothing in it would tell.
fn question(difference: &Difference, roles: &HashMap<u32, Role>) -> Option<Question> {
    let name = |id: Symbol| Some(roles.get(&oid(id)?)?.name.clone());
    let recorded = || difference.recorded.get(Symbol::new("name"))?.as_text().map(|name| name.as_str().to_owned());
    let wanted = match (difference.target?, &difference.what) {
        (Target::Account(_) | Target::Group(_), Outside::Gone) => Wanted::Dropped { role: recorded()? },
        (Target::Account(id) | Target::Group(id), Outside::Changed { attribute, after }) => {
            let role = name(id)?;
            match attribute.as_str() {
                "name" => Wanted::Named { now: role, before: recorded()? },
                attribute => Wanted::Set { role, attribute: known(attribute)?, to: setting(after.as_ref()) },
            }
        }
        (Target::Account(id), Outside::SwitchedOff | Outside::SwitchedOn) => {
            let on = difference.what == Outside::SwitchedOn;
            Wanted::Set { role: name(id)?, attribute: "login", to: Some(Setting::Truth(on)) }
        }
        (Target::Membership { group, member, .. }, Outside::Given | Outside::Taken) => {
            let given = difference.what == Outside::Given;
            Wanted::Member { group: name(group)?, member: name(member)?, given }
        }
        (Target::Membership { group, member, .. }, Outside::Changed { attribute, after }) => {
            let options = ["admin", "inherit", "set"];
            let option = options.into_iter().find(|option| *option == attribute.as_str())?;
            let on = after.as_ref().and_then(Value::as_bool)?;
            Wanted::Option { group: name(group)?, member: name(member)?, option, on }
        }
        _ => return None,
    };
    Some(Question { wanted, since: difference.since })
}

/// Attributes that statements set by an option of the same name, or by one of their own.
fn known(attribute: &str) -> Option<&'static str> {
    const ALL: [&str; 10] = [
        "comment",
        "createdb",
        "createrole",
        "inherit",
        "replication",
        "bypassrls",
        "superuser",
        "connection_limit",
        "valid_until",
        "config",
    ];
    ALL.into_iter().find(|known| *known == attribute)
}

fn touched(author: Author) -> Touched {
    let client = match (author.application.as_str(), author.from.as_str()) {
        ("", "") => None,
        ("", from) => Some(format!("from {from}")),
        (application, "") => Some(application.to_owned()),
        (application, from) => Some(format!("{application} from {from}")),
    };
    Touched {
        by: Some(author.user),
        at: Some(author.at),
        command: Some(author.command.to_owned()),
        client,
        before: author.before,
    }
}

/// Why the log may not have told of something.
fn limits(silence: Silence, log: &Log, since: Option<state::Timestamp>, limit: u64) -> Option<String> {
    if log.statements == "none" {
        return Some("log_statement is none at the server (set log_statement = 'ddl' there)".to_owned());
    }
    if silence == Silence::Undecided && log.statements != "all" {
        return Some(
            "the server's log has statements that would have done it, and not whether their transactions were committed \
             (log_statement = 'all' tells)"
                .to_owned(),
        );
    }
    let begins = log.begins.filter(|begins| since.is_none_or(|since| *begins >= since))?;
    Some(match log.bounded {
        true => format!(
            "{} MiB of the server's log were read, back to {begins} (raise server_log_limit in the system block)",
            limit >> 20
        ),
        false => format!("the server's log goes back to {begins}"),
    })
}
