//! One operation on one resource: the same whether it comes as a request of its own, in a bulk request, or as a security
//! event.

use serde_json::Value;
use state::Timestamp;

use super::contents::{Change, Contents};
use super::incoming::{Id, Wanted};
use super::outgoing::View;
use super::patch;
use super::refusal::Refusal;
use super::resources;
use super::schema::Kind;
use crate::scim::json::Json;

/// What is asked for.
pub struct Operation<'a> {
    pub kind: Kind,
    /// Of a new resource the one that it gets.
    pub id: Id,
    pub deed: Deed<'a>,
    /// `If-Match` and `If-None-Match`.
    pub tags: (Option<&'a str>, Option<&'a str>),
}

/// RFC 7644 sections 3.3, 3.5 and 3.6.
pub enum Deed<'a> {
    Create(Wanted),
    Replace(Wanted),
    /// The body of PATCH.
    Patch(&'a Json),
    Delete,
}

impl Operation<'_> {
    /// The changes that it comes to; none where it is so already.
    ///
    /// # Errors
    /// What is wrong with it, in SCIM's words.
    pub fn decide(self, contents: &Contents, now: Timestamp) -> Result<Vec<Change>, Refusal> {
        let Operation { kind, id, deed, tags: (if_match, if_none_match) } = self;
        if let Deed::Create(wanted) = deed {
            return resources::create(contents, kind, wanted, id, now);
        }
        let resource = resources::there(contents, kind, &id)?;
        // Where the endpoint is reached has no part in a version.
        resources::precondition(&View { resource, contents, base: "" }, if_match, if_none_match)?;
        match deed {
            Deed::Create(_) => Ok(Vec::new()),
            Deed::Replace(new) => resources::update(contents, kind, &id, now, |own, wanted| {
                replace(kind, &own.body, new, wanted);
                Ok(())
            }),
            Deed::Patch(sent) => {
                resources::update(contents, kind, &id, now, |_, wanted| patch::patch(kind, sent, wanted))
            }
            Deed::Delete => resources::delete(contents, kind, &id, now),
        }
    }
}

/// PUT: all that is there gives way to what is sent.
pub fn replace(kind: Kind, own: &Json, mut new: Wanted, wanted: &mut Wanted) {
    // Who leaves it out does not say that somebody who was switched off is to be switched on.
    if let (Kind::User, Some(active)) = (kind, own.get("active")) {
        let active: Value = active.clone();
        new.body.entry("active").or_insert(active);
    }
    *wanted = new;
}
