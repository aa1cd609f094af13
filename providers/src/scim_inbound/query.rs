//! Lists of resources: filtered, sorted, a page at a time (RFC 7644 section 3.4.2), by index or by cursor (RFC 9865).

use std::borrow::Cow;
use std::cmp::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::contents::{Contents, INDEXED, Resource, folded};
use super::filter::Filter;
use super::matching::{At, Look as _, Test};
use super::outgoing::{Projection, View};
use super::path::Name;
use super::refusal::{Refusal, quoted};
use super::schema::{Kind, Place, find_place};
use crate::scim::json::{Json, member};

/// Resources of a page where nobody says how many.
pub const PAGE: usize = 100;
/// Resources of a page at most.
pub const LARGEST: usize = 1_000;

/// What a request asks for, in its URL or in the body of a search.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    filter: Option<String>,
    sort_by: Option<String>,
    descending: bool,
    start: usize,
    count: Option<usize>,
    /// Empty at the beginning.
    cursor: Option<String>,
    pub projection: Projection,
}

impl Query {
    /// Out of the part of a URL behind `?`. Names are compared without regard to case; what is not known is passed over.
    ///
    /// # Errors
    /// 400 where a value is none of its kind.
    pub fn of_url(query: &str) -> Result<Query, Refusal> {
        let mut parameters = Json::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name)?.to_ascii_lowercase(), decoded(value)?);
            let value = match name.as_str() {
                "attributes" | "excludedattributes" => value.split(',').map(str::to_owned).collect(),
                _ => Value::from(value),
            };
            parameters.insert(name, value);
        }
        Query::read(&parameters)
    }

    /// Out of the body of a search (section 3.4.3).
    ///
    /// # Errors
    /// 400 where it is none.
    pub fn of_search(sent: &Json) -> Result<Query, Refusal> {
        const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
        let schemas = member(sent, "schemas").and_then(Value::as_array);
        if !schemas.is_some_and(|schemas| schemas.iter().any(|schema| schema == SEARCH)) {
            return Err(Refusal::bad("invalidSyntax", format!("`schemas` must be a list that names {SEARCH}")));
        }
        Query::read(sent)
    }

    fn read(parameters: &Json) -> Result<Query, Refusal> {
        let text = |name: &str| match member(parameters, name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Refusal::value(format!("{name} must be a string"))),
        };
        let number = |name: &str| match member(parameters, name) {
            Some(Value::Number(number)) => number.as_i64(),
            Some(Value::String(text)) => text.trim().parse::<i64>().ok(),
            _ => None,
        };
        let whole = |name: &str| match (number(name), member(parameters, name)) {
            (None, Some(value)) if !value.is_null() => {
                Err(Refusal::value(format!("{name} must be a whole number, not {}", quoted(&value.to_string()))))
            }
            (number, _) => Ok::<_, Refusal>(number),
        };
        let names = |name: &str| match member(parameters, name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(items)) => Ok(Some(
                items.iter().filter_map(Value::as_str).filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            )),
            Some(_) => Err(Refusal::value(format!("{name} must be a list of names"))),
        };
        let descending = match text("sortOrder")?.as_deref() {
            None => false,
            Some(order) if order.eq_ignore_ascii_case("ascending") => false,
            Some(order) if order.eq_ignore_ascii_case("descending") => true,
            Some(order) => {
                return Err(Refusal::value(format!("sortOrder is ascending or descending, not {}", quoted(order))));
            }
        };
        // What is less than possible means the least (section 3.4.2.4).
        let at_least = |least: i64| move |number: i64| usize::try_from(number.max(least)).unwrap_or(usize::MAX);
        let (only, without): (Option<Vec<String>>, Option<Vec<String>>) =
            (names("attributes")?, names("excludedAttributes")?);
        let only = only.filter(|only| !only.is_empty());
        Ok(Query {
            filter: text("filter")?,
            sort_by: text("sortBy")?.filter(|name| !name.is_empty()),
            descending,
            start: whole("startIndex")?.map_or(1, at_least(1)),
            count: whole("count")?.map(at_least(0)),
            cursor: text("cursor")?,
            projection: Projection::new(only.as_deref(), without.as_deref()),
        })
    }

    /// Whether there is a filter.
    pub fn is_filtered(&self) -> bool {
        self.filter.is_some()
    }

    /// The answer: a page of the resources of these kinds.
    ///
    /// # Errors
    /// 400 `invalidFilter`, `invalidPath` (a name to sort by), `invalidCursor`.
    pub fn list(&self, contents: &Contents, kinds: &[Kind], base: &str) -> Result<Json, Refusal> {
        let tests = self.tests(kinds)?;
        let mut found: Vec<View<'_>> = Vec::new();
        for (kind, test) in &tests {
            let view = |resource| View { resource, contents, base };
            let meets = |view: &View<'_>| test.as_ref().is_none_or(|test| test.holds(view));
            match test.as_ref().and_then(|test| looked_up(contents, *kind, test)) {
                Some(some) => found.extend(some.into_iter().map(view).filter(meets)),
                None => {
                    let all = contents.all().map(|resource| &**resource);
                    found.extend(all.filter(|resource| resource.kind == *kind).map(view).filter(meets));
                }
            }
        }
        if let Some(name) = &self.sort_by {
            sort(&mut found, kinds, name, self.descending)?;
        }
        let total = found.len();
        let count = self.count.unwrap_or(PAGE).min(LARGEST);
        let (skip, next) = match &self.cursor {
            None => (self.start.saturating_sub(1), None),
            Some(cursor) => self.cursor(cursor, &found, count)?,
        };
        let page: Vec<Value> =
            found.iter().skip(skip).take(count).map(|view| Value::Object(view.show(&self.projection))).collect();
        Ok(answer(total, self.cursor.is_none().then_some(self.start), next, page))
    }

    /// The filter for each kind that it can be asked of.
    fn tests(&self, kinds: &[Kind]) -> Result<Vec<(Kind, Option<Test>)>, Refusal> {
        let Some(filter) = &self.filter else { return Ok(kinds.iter().map(|kind| (*kind, None)).collect()) };
        let filter = Filter::parse(filter)?;
        let mut tests = Vec::new();
        let mut wrong = None;
        for kind in kinds {
            match Test::of(*kind, &filter) {
                Ok(test) => tests.push((*kind, Some(test))),
                Err(what) => wrong = Some(what),
            }
        }
        match (tests.is_empty(), wrong) {
            (true, Some(what)) => Err(Refusal::bad("invalidFilter", what)),
            _ => Ok(tests),
        }
    }

    /// How many to skip, and the cursor of the page behind this one. In the order of creation a cursor names the last
    /// resource that was seen, so what comes and goes before it moves nothing; in another order it is a number.
    fn cursor(&self, cursor: &str, found: &[View<'_>], count: usize) -> Result<(usize, Option<String>), Refusal> {
        let wrong = || Refusal::bad("invalidCursor", "this cursor was not made here");
        let skip = if cursor.is_empty() {
            0
        } else {
            let text = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let text = text.ok_or_else(wrong)?;
            match (text.split_once(':'), &self.sort_by) {
                (Some(("after", id)), None) => {
                    found.iter().position(|view| &*view.resource.id > id).unwrap_or(found.len())
                }
                (Some(("at", number)), Some(_)) => number.parse().map_err(|_| wrong())?,
                _ => return Err(wrong()),
            }
        };
        let end = skip.saturating_add(count);
        let last = found.get(end.wrapping_sub(1)).filter(|_| count > 0 && end < found.len());
        let next = last.map(|last| match &self.sort_by {
            None => format!("after:{}", last.resource.id),
            Some(_) => format!("at:{end}"),
        });
        Ok((skip, next.map(|next| URL_SAFE_NO_PAD.encode(next))))
    }
}

fn decoded(text: &str) -> Result<String, Refusal> {
    let plain = text.replace('+', " ");
    let plain = percent_encoding::percent_decode_str(&plain).decode_utf8();
    plain.map(Cow::into_owned).map_err(|_| Refusal::value(format!("the parameter {} is no UTF-8", quoted(text))))
}

/// A list as it is answered.
pub fn answer(total: usize, start: Option<usize>, next: Option<String>, page: Vec<Value>) -> Json {
    let mut answer = Json::new();
    answer.insert("schemas".into(), json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]));
    answer.insert("totalResults".into(), total.into());
    answer.insert("itemsPerPage".into(), page.len().into());
    answer.extend(start.map(|start| ("startIndex".into(), start.into())));
    answer.extend(next.map(|next| ("nextCursor".into(), next.into())));
    answer.insert("Resources".into(), page.into());
    answer
}

/// The few that may meet a filter, where an index tells them.
fn looked_up<'a>(contents: &'a Contents, kind: Kind, test: &Test) -> Option<Vec<&'a Resource>> {
    let (attribute, value) = test.must_equal()?;
    if attribute == "id" {
        return Some(contents.of_kind(kind, value).map(|resource| &**resource).into_iter().collect());
    }
    let attribute = INDEXED.into_iter().find(|indexed| *indexed == attribute)?;
    let ids = contents.with(kind, attribute, value);
    Some(ids.into_iter().flatten().filter_map(|id| contents.get(id)).map(|resource| &**resource).collect())
}

/// By what is compared: nothing comes last.
#[derive(Clone, Debug, PartialEq)]
enum By {
    Bool(bool),
    Number(f64),
    Text(String),
    Nothing,
}

impl By {
    fn of(value: &Value, exact: bool) -> By {
        match value {
            // The primary value stands for a list, else its first (section 3.4.2.3).
            Value::Array(items) => {
                let primary = items.iter().find(|item| super::incoming::is_primary(item));
                primary.or(items.first()).map_or(By::Nothing, |item| By::of(item, exact))
            }
            Value::Object(members) => members.get("value").map_or(By::Nothing, |value| By::of(value, exact)),
            Value::Bool(truth) => By::Bool(*truth),
            Value::Number(number) => number.as_f64().map_or(By::Nothing, By::Number),
            Value::String(text) if exact => By::Text(text.clone()),
            Value::String(text) => By::Text(folded(text)),
            Value::Null => By::Nothing,
        }
    }

    fn order(&self, other: &By) -> Ordering {
        let rank = |by: &By| match by {
            By::Bool(_) => 0,
            By::Number(_) => 1,
            By::Text(_) => 2,
            By::Nothing => 3,
        };
        match (self, other) {
            (By::Bool(one), By::Bool(other)) => one.cmp(other),
            (By::Number(one), By::Number(other)) => one.total_cmp(other),
            (By::Text(one), By::Text(other)) => one.cmp(other),
            (one, other) => rank(one).cmp(&rank(other)),
        }
    }
}

fn sort(found: &mut Vec<View<'_>>, kinds: &[Kind], name: &str, descending: bool) -> Result<(), Refusal> {
    let wrong = |what: String| Refusal::bad("invalidPath", format!("sortBy: {what}"));
    let read = Name::read(name).ok_or_else(|| wrong(format!("{} is no name of an attribute", quoted(name))))?;
    let mut place = Err(String::new());
    for kind in kinds {
        place = find_place(*kind, &read);
        if place.is_ok() {
            break;
        }
    }
    let (at, exact) = match place.map_err(wrong)? {
        Place::Core(found) => (
            At { urn: None, attribute: found.attribute.name.clone(), part: found.part.map(|part| part.name.clone()) },
            found.part.unwrap_or(found.attribute).case_exact,
        ),
        Place::Extension(urn, found) => (
            At {
                urn: Some(urn),
                attribute: found.attribute.name.clone(),
                part: found.part.map(|part| part.name.clone()),
            },
            found.part.unwrap_or(found.attribute).case_exact,
        ),
        Place::Open { urn, attribute, part } => (At { urn: Some(urn), attribute, part }, true),
        Place::Whole(urn) => return Err(wrong(format!("{} is a schema", quoted(&urn)))),
    };
    let key = |view: &View<'_>| {
        let whole = view.attribute(at.urn.as_deref().unwrap_or(&at.attribute));
        let mut value = whole.as_deref();
        if at.urn.is_some() {
            value = value.and_then(Value::as_object).and_then(|extension| member(extension, &at.attribute));
        }
        match (value, &at.part) {
            (None, _) => By::Nothing,
            (Some(value), None) => By::of(value, exact),
            (Some(Value::Array(items)), Some(part)) => {
                let chosen = items.iter().find(|item| super::incoming::is_primary(item)).or(items.first());
                let chosen = chosen.and_then(|item| item.get(part));
                chosen.map_or(By::Nothing, |value| By::of(value, exact))
            }
            (Some(value), Some(part)) => value.get(part).map_or(By::Nothing, |value| By::of(value, exact)),
        }
    };
    let mut keyed: Vec<(By, View<'_>)> = found.drain(..).map(|view| (key(&view), view)).collect();
    keyed.sort_by(|(one, _), (other, _)| if descending { other.order(one) } else { one.order(other) });
    found.extend(keyed.into_iter().map(|(_, view)| view));
    Ok(())
}
