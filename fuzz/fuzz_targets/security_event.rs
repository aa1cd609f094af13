//! What somebody may send as a security event token: its parts, and what it says once these are taken apart. Taken in as
//! files, as those of `scim_filter`.

#![no_main]
#![allow(dead_code, unused_imports, reason = "parts of files that hold more")]

extern crate tenure_state as state;

#[path = "../../providers/src/scim"]
mod scim {
    pub mod json;
    pub mod rfc;
    pub mod schema;
}

#[path = "../../providers/src/scim_inbound"]
mod scim_inbound {
    pub mod filter;
    pub mod path;
    pub mod refusal;
    pub mod schema;
    pub mod incoming {
        pub type Id = std::sync::Arc<str>;
    }
    pub mod events {
        pub mod claims;
        pub mod heard;
        pub mod rejection;
        pub mod token;
        pub use rejection::Rejection;
    }
}

use libfuzzer_sys::fuzz_target;
use scim_inbound::events::claims::Claims;
use scim_inbound::events::token::Token;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        match Token::read(text) {
            Ok(token) => {
                // What is signed and the signature are all of it.
                assert!(text.trim().starts_with(token.signed) && token.signed.matches('.').count() == 1);
                let _ = Claims::read(&token.payload);
            }
            Err(rejection) => assert!(["invalid_request", "invalid_key"].contains(&rejection.code)),
        }
    }
    match Claims::read(bytes) {
        Ok(claims) => {
            assert!(!claims.events.is_empty() && !claims.token.is_empty());
            for now in [i64::MIN, 0, 1_800_000_000, i64::MAX] {
                let _ = claims.is_of_now(now);
            }
            if let Some(subject) = &claims.subject {
                assert_eq!(subject.path().matches('/').count(), 2);
            }
        }
        Err(rejection) => assert_eq!((rejection.status, rejection.code), (400, "invalid_request")),
    }
});
