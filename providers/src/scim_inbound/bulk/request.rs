//! A bulk request as it is sent (RFC 7644 sections 3.7 and 3.7.1), with the references within it resolved.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::super::incoming::{self, Id, Wanted};
use super::super::refusal::{Refusal, quoted};
use super::super::schema::Kind;
use crate::scim::json::{self, Json, member};

/// Operations of one request.
pub const OPERATIONS: usize = 1_000;

const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const REFERENCE: &str = "bulkId:";

/// A whole request.
pub struct Request {
    /// After so many errors nothing more is done.
    pub fail_on_errors: Option<usize>,
    pub operations: Vec<Asked>,
}

/// One operation.
pub struct Asked {
    /// In capitals.
    pub method: String,
    pub bulk_id: Option<String>,
    /// `If-Match`.
    pub version: Option<String>,
    /// The numbers of the operations that it refers to.
    pub links: BTreeSet<usize>,
    /// What is asked for; or what is wrong with it by itself.
    pub job: Result<(Kind, Id, Job), Refusal>,
}

pub enum Job {
    Create(Wanted),
    Replace(Wanted),
    Patch(Json),
    Delete,
}

impl Asked {
    /// The resource that it is about, also one that is to be made.
    pub fn place(&self) -> Option<(Kind, &Id)> {
        self.job.as_ref().ok().map(|(kind, id, _)| (*kind, id))
    }
}

impl Request {
    /// # Errors
    /// 400 where it is no such request, 413 where it has too many operations. What is wrong with one operation is the
    /// answer to that one.
    pub fn read(sent: &Json, new_id: impl Fn() -> Id) -> Result<Request, Refusal> {
        let schemas = member(sent, "schemas").and_then(Value::as_array);
        let is_named = |schemas: &Vec<Value>| {
            schemas.iter().filter_map(Value::as_str).any(|schema| schema.eq_ignore_ascii_case(SCHEMA))
        };
        if !schemas.is_some_and(is_named) {
            return Err(Refusal::bad("invalidSyntax", format!("`schemas` must be a list that names {SCHEMA}")));
        }
        let operations = member(sent, "Operations").and_then(Value::as_array);
        let Some(operations) = operations.filter(|operations| !operations.is_empty()) else {
            return Err(Refusal::bad("invalidSyntax", "`Operations` must be a list with at least one operation"));
        };
        if operations.len() > OPERATIONS {
            return Err(Refusal::new(413, format!("more than {OPERATIONS} operations: send them in several requests")));
        }
        let fail_on_errors = match member(sent, "failOnErrors") {
            None | Some(Value::Null) => None,
            Some(most) => match most.as_u64().and_then(|most| usize::try_from(most).ok()) {
                Some(most) => Some(most.max(1)),
                None => return Err(Refusal::value("`failOnErrors` must be a whole number")),
            },
        };
        let mut names = Names::default();
        for (number, operation) in operations.iter().enumerate() {
            let is_new = text(operation, "method").is_some_and(|method| method.eq_ignore_ascii_case("POST"));
            if let Some(name) = text(operation, "bulkId").filter(|_| is_new) {
                names.0.entry(name.to_owned()).or_insert_with(|| (number, new_id()));
            }
        }
        let operations = operations.iter().enumerate().map(|(number, operation)| names.read(number, operation));
        Ok(Request { fail_on_errors, operations: operations.collect() })
    }
}

fn text<'a>(operation: &'a Value, name: &str) -> Option<&'a str> {
    json::text(operation.as_object()?, name)
}

/// New resources by their `bulkId`: the number of the operation that makes one, and the id that it gets.
#[derive(Default)]
struct Names(HashMap<String, (usize, Id)>);

impl Names {
    fn read(&self, number: usize, operation: &Value) -> Asked {
        let mut links = BTreeSet::new();
        Asked {
            method: text(operation, "method").unwrap_or_default().to_ascii_uppercase(),
            bulk_id: text(operation, "bulkId").map(str::to_owned),
            version: text(operation, "version").map(str::to_owned),
            job: self.job(number, operation, &mut links),
            links,
        }
    }

    fn job(&self, number: usize, operation: &Value, links: &mut BTreeSet<usize>) -> Result<(Kind, Id, Job), Refusal> {
        let wrong = |what: &str| Refusal::bad("invalidSyntax", what);
        let operation = operation.as_object().ok_or_else(|| wrong("an operation must be an object"))?;
        let method = json::text(operation, "method").ok_or_else(|| wrong("`method` is missing"))?.to_ascii_uppercase();
        let path = json::text(operation, "path").ok_or_else(|| wrong("`path` is missing"))?;
        let nothing = || Refusal::not_found(format_args!("path {}", quoted(path)));
        let mut segments = path.strip_prefix('/').unwrap_or(path).split('/');
        let kind = segments.next().and_then(|name| Kind::ALL.into_iter().find(|kind| kind.segment() == name));
        let kind = kind.ok_or_else(nothing)?;
        let place = segments.next();
        if segments.next().is_some() {
            return Err(nothing());
        }
        let id = match (method.as_str(), place) {
            ("POST", None) => {
                let name = json::text(operation, "bulkId").filter(|name| !name.is_empty());
                let name = name.ok_or_else(|| wrong("POST needs a `bulkId` (section 3.7)"))?;
                match self.0.get(name) {
                    Some((own, id)) if *own == number => id.clone(),
                    _ => return Err(wrong("another operation has the same `bulkId`")),
                }
            }
            ("PUT" | "PATCH" | "DELETE", Some(place)) => {
                let place = percent_encoding::percent_decode_str(place).decode_utf8().map_err(|_| nothing())?;
                match place.strip_prefix(REFERENCE) {
                    Some(name) => Id::from(self.resolved(name, links)?),
                    None => Id::from(&*place),
                }
            }
            ("POST" | "PUT" | "PATCH" | "DELETE", _) => {
                return Err(Refusal::new(405, format!("{method} is not for the path {}", quoted(path))));
            }
            _ => return Err(wrong("`method` must be POST, PUT, PATCH or DELETE")),
        };
        if method == "DELETE" {
            return Ok((kind, id, Job::Delete));
        }
        let data = member(operation, "data").filter(|data| data.is_object());
        let mut data = data.cloned().ok_or_else(|| wrong("`data` must be an object"))?;
        self.resolve(&mut data, links)?;
        let Value::Object(data) = data else { return Err(wrong("`data` must be an object")) };
        let job = match method.as_str() {
            "POST" => Job::Create(incoming::resource(kind, &data)?),
            "PUT" => Job::Replace(incoming::resource(kind, &data)?),
            _ => Job::Patch(data),
        };
        Ok((kind, id, job))
    }

    /// Puts ids in the place of references, wherever one stands as a value. As deep as JSON may be.
    fn resolve(&self, value: &mut Value, links: &mut BTreeSet<usize>) -> Result<(), Refusal> {
        match value {
            Value::String(text) => {
                if let Some(name) = text.strip_prefix(REFERENCE) {
                    *text = self.resolved(name, links)?;
                }
                Ok(())
            }
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.resolve(item, links)),
            Value::Object(members) => members.values_mut().try_for_each(|member| self.resolve(member, links)),
            _ => Ok(()),
        }
    }

    fn resolved(&self, name: &str, links: &mut BTreeSet<usize>) -> Result<String, Refusal> {
        let Some((number, id)) = self.0.get(name) else {
            return Err(Refusal::new(409, format!("no operation makes a resource with the bulkId {}", quoted(name))));
        };
        links.insert(*number);
        Ok(id.to_string())
    }
}
