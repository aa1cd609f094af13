//! Bulk requests (RFC 7644 section 3.7): operations one after the other, each of which is done or not. All become durable
//! together, before the answer.
//!
//! `request` reads them, and gives each new resource its id beforehand, so that whatever refers to it can be resolved;
//! `order` puts what is referred to first.

mod order;
mod request;

use serde_json::{Value, json};
use state::Timestamp;

use self::request::{Asked, Job};
use super::contents::Change;
use super::incoming::Id;
use super::operation::{Deed, Operation};
use super::outgoing::View;
use super::refusal::{Refusal, quoted};
use super::schema::Kind;
use super::store::Draft;

pub use self::request::{OPERATIONS, Request};

/// What became of one operation.
struct Done {
    status: u16,
    /// Its version, where it is there.
    version: Option<String>,
    refusal: Option<Refusal>,
}

/// Carries a request out; the body of the answer. `base` is the URL that clients reach the endpoint at.
pub fn carry_out(draft: &mut Draft<'_>, request: &Request, base: &str, now: Timestamp) -> Value {
    let asked = &request.operations;
    let mut done: Vec<Option<Done>> = asked.iter().map(|_| None).collect();
    let links: Vec<_> = asked.iter().map(|asked| asked.links.clone()).collect();
    let mut errors = 0;
    for group in order::groups(&links) {
        if request.fail_on_errors.is_some_and(|most| errors >= most) {
            break;
        }
        let results = match group.as_slice() {
            [one] => vec![(*one, single(draft, asked, *one, &done, now))],
            several => circle(draft, asked, several, &done, now),
        };
        for (number, result) in results {
            errors += usize::from(result.is_err());
            let Some(own) = asked.get(number) else { continue };
            let version = own.place().and_then(|(_, id)| {
                let contents = draft.contents();
                let resource = contents.get(id)?;
                Some(View { resource, contents, base }.version())
            });
            let outcome = match result {
                Ok(status) => Done { status, version, refusal: None },
                Err(refusal) => Done { status: refusal.status, version: None, refusal: Some(refusal) },
            };
            if let Some(place) = done.get_mut(number) {
                *place = Some(outcome);
            }
        }
    }
    let told = asked.iter().zip(&done).filter_map(|(asked, done)| Some(told(asked, done.as_ref()?, base)));
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],
        "Operations": told.collect::<Vec<Value>>(),
    })
}

fn single(
    draft: &mut Draft<'_>,
    asked: &[Asked],
    number: usize,
    done: &[Option<Done>],
    now: Timestamp,
) -> Result<u16, Refusal> {
    let (status, changes) = decide(draft, asked, number, &[], done, now)?;
    draft.take(changes)?;
    Ok(status)
}

/// Resources that refer to each other: all of them are made, or none, so that no reference leads nowhere.
fn circle(
    draft: &mut Draft<'_>,
    asked: &[Asked],
    numbers: &[usize],
    done: &[Option<Done>],
    now: Timestamp,
) -> Vec<(usize, Result<u16, Refusal>)> {
    let mut all: Vec<Change> = Vec::new();
    let mut made: Vec<Id> = Vec::new();
    for number in numbers {
        match decide(draft, asked, *number, numbers, done, now) {
            Ok((_, changes)) => {
                draft.try_on(&changes);
                all.extend(changes);
                made.extend(asked.get(*number).and_then(Asked::place).map(|(_, id)| id.clone()));
            }
            Err(refusal) => {
                // What was made only just is in nothing else: this leaves all as it was.
                draft.try_on(&made.into_iter().map(Change::Delete).collect::<Vec<_>>());
                let others =
                    || Refusal::new(409, "operations that it refers to, and they to it, cannot be carried out");
                let result = |own: &usize| Err(if own == number { refusal.clone() } else { others() });
                return numbers.iter().map(|own| (*own, result(own))).collect();
            }
        }
    }
    let kept = draft.keep(all);
    numbers.iter().map(|number| (*number, kept.clone().map(|()| 201))).collect()
}

fn decide(
    draft: &Draft<'_>,
    asked: &[Asked],
    number: usize,
    together: &[usize],
    done: &[Option<Done>],
    now: Timestamp,
) -> Result<(u16, Vec<Change>), Refusal> {
    let Some(own) = asked.get(number) else { return Err(Refusal::new(500, "there is no such operation")) };
    let (kind, id, job) = own.job.as_ref().map_err(Clone::clone)?;
    for link in own.links.iter().filter(|link| **link != number && !together.contains(link)) {
        let went_well = done.get(*link).and_then(Option::as_ref).is_some_and(|done| done.refusal.is_none());
        if !went_well {
            let name = asked.get(*link).and_then(|asked| asked.bulk_id.as_deref()).unwrap_or_default();
            let what = format!("the operation {} that it refers to was not carried out", quoted(name));
            return Err(Refusal::new(409, what));
        }
    }
    let (status, deed) = match job {
        Job::Create(wanted) => (201, Deed::Create(wanted.clone())),
        Job::Replace(wanted) => (200, Deed::Replace(wanted.clone())),
        Job::Patch(sent) => (200, Deed::Patch(sent)),
        Job::Delete => (204, Deed::Delete),
    };
    let operation = Operation { kind: *kind, id: id.clone(), deed, tags: (own.version.as_deref(), None) };
    Ok((status, operation.decide(draft.contents(), now)?))
}

fn told(asked: &Asked, done: &Done, base: &str) -> Value {
    let mut told = json!({"method": asked.method, "status": done.status.to_string()});
    let Some(members) = told.as_object_mut() else { return told };
    if let Some(bulk_id) = &asked.bulk_id {
        members.insert("bulkId".to_owned(), bulk_id.as_str().into());
    }
    let is_there = done.refusal.is_none() || asked.method != "POST";
    if let Some((kind, id)) = asked.place().filter(|_| is_there) {
        let kind: Kind = kind;
        members.insert("location".to_owned(), format!("{base}/{}/{id}", kind.segment()).into());
    }
    if let Some(version) = &done.version {
        members.insert("version".to_owned(), version.as_str().into());
    }
    if let Some(refusal) = &done.refusal {
        members.insert("response".to_owned(), refusal.body());
    }
    told
}
