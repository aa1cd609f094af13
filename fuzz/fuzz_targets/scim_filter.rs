//! What a client of the SCIM endpoint may write: filters and the paths of PATCH. Taken in as files, as those of `ldap`.

#![no_main]
#![allow(dead_code, unused_imports, reason = "parts of files that hold more")]

#[path = "../../providers/src/scim_inbound/filter.rs"]
mod filter;
#[path = "../../providers/src/scim_inbound/path.rs"]
mod path;
#[path = "../../providers/src/scim_inbound/refusal.rs"]
mod refusal;

use filter::Filter;
use libfuzzer_sys::fuzz_target;
use path::{Name, Path};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Filter::parse(text) {
        // A condition is one also inside parentheses, unless these are too many, and inside brackets of a path.
        Ok(filter) => {
            if let Ok(wrapped) = Filter::parse(&format!("({text})")) {
                assert_eq!(wrapped, filter);
            }
            if let Ok(path) = Path::parse(&format!("a[{text}].b")) {
                assert_eq!((path.filter, path.part.as_deref()), (Some(filter), Some("b")));
            }
        }
        Err(refusal) => assert_eq!((refusal.status, refusal.kind), (400, Some("invalidFilter"))),
    }
    if let Ok(path) = Path::parse(text) {
        // Blanks around it say nothing.
        assert_eq!(Path::parse(&format!(" {text} ")), Ok(path));
    }
    if let Some(name) = Name::read(text) {
        assert!(name.urn.is_some() || name.attribute.is_some());
    }
});
