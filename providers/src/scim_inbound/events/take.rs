//! What a token changes, decided on what was pushed before: all of it in one transaction, or nothing.

use serde_json::Value;
use state::Timestamp;

use super::super::contents::{Change, Contents};
use super::super::incoming::{self, Id, Wanted};
use super::super::operation::replace;
use super::super::refusal::quoted;
use super::super::schema::Kind;
use super::super::store::Draft;
use super::super::{patch, resources};
use super::claims::{Claims, Subject};
use super::heard::{Mark, WINDOW};
use super::{Rejection, Taken};
use crate::scim::json::{self, Json};

/// What a token asks for: the events of one token are of one transaction at their origin.
#[derive(Debug, Default)]
struct Wish<'a> {
    /// All of the resource, or a change of it.
    data: Option<Data<'a>>,
    /// Whether it is active from now on.
    active: Option<bool>,
    delete: bool,
    /// Events without data, and the attributes that they name.
    notices: Vec<(&'a str, Vec<&'a str>)>,
}

#[derive(Debug)]
enum Data<'a> {
    Whole(&'a Json),
    Patch(&'a Json),
}

/// Decides, and takes up what is decided.
///
/// # Errors
/// Why it cannot be taken: nothing is changed then.
pub fn take(draft: &mut Draft<'_>, claims: &Claims, now: Timestamp, told: &mut Taken) -> Result<(), Rejection> {
    let heard = draft.contents().heard();
    if let Some(before) = heard.token(&claims.token) {
        // Sent again, since the answer was lost: answered again.
        return match before.digest == claims.digest {
            true => Ok(()),
            false => Err(Rejection::request("another token with this `jti` was taken: each needs its own")),
        };
    }
    let wish = wish(claims, told)?;
    let subject = claims.subject.as_ref();
    let mut changes = match (wish, subject) {
        (None, _) => Vec::new(),
        (Some(_), None) => return Err(Rejection::request("the claim `sub_id` is missing: whom is it about?")),
        (Some(wish), Some(subject)) => {
            in_order(draft.contents(), claims, subject)?;
            decide(draft.contents(), &wish, subject, now, told)?
        }
    };
    // Nothing fails from here on.
    draft.try_on(&changes);
    let about = subject.map_or_else(String::new, Subject::path);
    let digest = claims.digest.clone();
    let (token, time) = (claims.token.clone(), claims.happened);
    let told = told.iter().cloned().chain(resources::absent(draft.contents(), &changes)).collect();
    let mut marks = vec![Change::Heard(Mark { token, digest, about: about.into(), time, told })];
    let before = now.millis().div_euclid(1_000) - WINDOW;
    if draft.contents().heard().has_before(before) {
        marks.push(Change::Forget { before });
    }
    draft.try_on(&marks);
    changes.extend(marks);
    Ok(draft.keep(changes)?)
}

/// What comes late would put back what has changed since: somebody who was switched off would be on again.
fn in_order(contents: &Contents, claims: &Claims, subject: &Subject) -> Result<(), Rejection> {
    match contents.heard().newest(&subject.path()) {
        Some(newest) if newest > claims.happened => Err(Rejection::request(format!(
            "the token is older than one about {} that was taken before: send how it is now, by prov:put:full",
            subject.path()
        ))),
        _ => Ok(()),
    }
}

/// None where nothing of it is about a change.
fn wish<'a>(claims: &'a Claims, told: &mut Taken) -> Result<Option<Wish<'a>>, Rejection> {
    const PREFIX: &str = "urn:ietf:params:scim:event:";
    let mut wish = Wish::default();
    let mut any = false;
    for (uri, event) in &claims.events {
        // Drafts had capitals in it.
        let lower = uri.to_ascii_lowercase();
        let whom = claims.subject.as_ref().map_or_else(|| "nobody".to_owned(), Subject::path);
        let name = lower.strip_prefix(PREFIX).unwrap_or_default();
        if name.starts_with("prov:") {
            any = true;
            provisioning(name, uri, event, &mut wish)?;
            continue;
        }
        told.push(match name {
            "feed:add" => format!("{whom} was added to the feed of events; it is here once its data is sent"),
            "feed:remove" => {
                format!(
                    "{whom} was taken out of the feed of events, and stays as it is: nothing is heard of it any more"
                )
            }
            "misc:asyncresp" => {
                format!("passed over the outcome of a request about {whom} that was not made from here")
            }
            _ => format!("passed over the event {} about {whom}", quoted(uri)),
        });
    }
    Ok(any.then_some(wish))
}

fn provisioning<'a>(name: &str, uri: &str, event: &'a Json, wish: &mut Wish<'a>) -> Result<(), Rejection> {
    let twice = || Rejection::request(format!("{} says something else than another event of the token", quoted(uri)));
    let (attributes, data) = (json::member(event, "attributes"), json::member(event, "data"));
    let operation = name.strip_prefix("prov:").unwrap_or_default();
    match operation {
        "create:full" | "put:full" | "patch:full" => {
            let data = data.and_then(Value::as_object).filter(|_| attributes.is_none());
            let data =
                data.ok_or_else(|| Rejection::request(format!("{} needs `data`, and that alone", quoted(uri))))?;
            let data = if operation == "patch:full" { Data::Patch(data) } else { Data::Whole(data) };
            if wish.data.replace(data).is_some() {
                return Err(twice());
            }
        }
        "create:notice" | "put:notice" | "patch:notice" => {
            let names = attributes.and_then(Value::as_array).filter(|_| data.is_none());
            let names: Option<Vec<&str>> = names.map(|names| names.iter().filter_map(Value::as_str).collect());
            let what = || Rejection::request(format!("{} needs `attributes`, and that alone", quoted(uri)));
            let word = operation.split_once(':').map_or("", |(word, _)| word);
            let word = ["create", "put", "patch"].into_iter().find(|own| *own == word).unwrap_or_default();
            wish.notices.push((word, names.ok_or_else(what)?));
        }
        "activate" | "deactivate" => {
            if wish.active.replace(operation == "activate").is_some() {
                return Err(twice());
            }
        }
        "delete" => wish.delete = true,
        _ => return Err(Rejection::request(format!("the event {} is not known", quoted(uri)))),
    }
    match wish.delete && (wish.data.is_some() || wish.active.is_some()) {
        true => Err(twice()),
        false => Ok(()),
    }
}

fn decide(
    contents: &Contents,
    wish: &Wish<'_>,
    subject: &Subject,
    now: Timestamp,
    told: &mut Taken,
) -> Result<Vec<Change>, Rejection> {
    has_data(wish, subject)?;
    let kind = subject.kind;
    if wish.active.is_some() && kind == Kind::Group {
        return Err(Rejection::request("a group is neither active nor inactive"));
    }
    let own = find(contents, subject)?;
    if wish.delete {
        return match own {
            Some(own) => Ok(resources::delete(contents, kind, &own, now)?),
            None => {
                told.push(format!("{} was deleted at its origin, and was not here", subject.path()));
                Ok(Vec::new())
            }
        };
    }
    let whole = match wish.data {
        Some(Data::Whole(data)) => Some(whole(data, subject)?),
        _ => None,
    };
    let changes = match (own, whole) {
        (Some(own), whole) => resources::update(contents, kind, &own, now, |before, wanted| {
            if let Some(whole) = whole {
                replace(kind, &before.body, whole, wanted);
            }
            if let Some(Data::Patch(sent)) = wish.data {
                patch::patch(kind, sent, wanted)?;
            }
            if let Some(active) = wish.active {
                wanted.body.insert("active".to_owned(), active.into());
            }
            Ok(())
        })?,
        (None, Some(mut whole)) => {
            if let Some(active) = wish.active {
                whole.body.insert("active".to_owned(), active.into());
            }
            // Replicas may have the same ids (section 2.4.1): members are named by them.
            if contents.get(&subject.id).is_some() {
                let what = format!("{} is the id of a resource of the other kind here", quoted(&subject.id));
                return Err(Rejection::request(what));
            }
            resources::create(contents, kind, whole, subject.id.clone(), now)?
        }
        (None, None) => {
            let what = format!("{} is not here: send all of it, by prov:put:full", subject.path());
            return Err(Rejection::request(what));
        }
    };
    Ok(changes)
}

/// An event without data is one to ask for it (section 2.4), which nobody does from here. It is enough only where
/// another event of the token says the same with data.
fn has_data(wish: &Wish<'_>, subject: &Subject) -> Result<(), Rejection> {
    for (word, attributes) in &wish.notices {
        let is_active = |attribute: &&str| attribute.eq_ignore_ascii_case("active");
        let said = !attributes.is_empty() && wish.active.is_some() && attributes.iter().all(is_active);
        if wish.data.is_none() && !wish.delete && !said {
            let names = quoted(&attributes.join(", "));
            return Err(Rejection::request(format!(
                "prov:{word}:notice tells that {names} of {} changed, without the data, and this receiver does not ask \
                 for it: send prov:{word}:full",
                subject.path()
            )));
        }
    }
    Ok(())
}

fn whole(data: &Json, subject: &Subject) -> Result<Wanted, Rejection> {
    if json::text(data, "id").is_some_and(|id| id != &*subject.id) {
        return Err(Rejection::request("the `id` in `data` is not that of `sub_id`"));
    }
    let mut whole = incoming::resource(subject.kind, data)?;
    if let Some(external) = &subject.external {
        whole.body.entry("externalId").or_insert_with(|| external.as_str().into());
    }
    Ok(whole)
}

/// The resource that is meant: by the issuer's id; else by what else `sub_id` says of it, where it was pushed by SCIM
/// and has an id of tenure's own. Two that do not agree are an error: nobody is taken for somebody else.
fn find(contents: &Contents, subject: &Subject) -> Result<Option<Id>, Rejection> {
    let kind = subject.kind;
    let by = |attribute: &'static str, value: &Option<String>, exact: bool| {
        let ids = value.as_deref().and_then(|value| Some((value, contents.with(kind, attribute, value)?)));
        let ids = ids.into_iter().flat_map(|(value, ids)| {
            let same = move |id: &&Id| !exact || contents.get(id).is_some_and(|own| own.text(attribute) == Some(value));
            ids.iter().filter(same)
        });
        ids.cloned().collect::<Vec<Id>>()
    };
    let own = contents.of_kind(kind, &subject.id).map(|own| own.id.clone());
    let mut found = by("externalId", &subject.external, true);
    found.extend(by(kind.key(), &subject.key, false));
    found.extend(own);
    found.sort();
    found.dedup();
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.clone())),
        _ => Err(Rejection::request("what `sub_id` says is true of several resources here: which one is meant?")),
    }
}
