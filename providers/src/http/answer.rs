//! An answer: status, headers and a bounded body.

use reqwest::header::{HeaderMap, HeaderName};
use reqwest::{Method, StatusCode, Url};

use super::error::{HttpError, clean};

/// What a server answered, whole.
#[derive(Debug, Clone)]
pub struct Answer {
    pub method: Method,
    pub url: Url,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// `GET https://chat.acme.example/scim/v2/Users answered 404 Not Found`.
    pub fn said(&self) -> String {
        format!("{} {} answered {}", self.method, self.url, self.status)
    }

    /// A header's text.
    pub fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON: HTML, a cut body and anything else is an error that says what came instead.
    pub fn json(&self) -> Result<serde_json::Value, HttpError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let kind = self.header(reqwest::header::CONTENT_TYPE).unwrap_or("no content type");
            if self.body.trim_ascii().is_empty() {
                return HttpError::new(
                    format!("{}, but with an empty body where JSON was expected", self.said()),
                    "check that the URL is the base of the API",
                );
            }
            let html = self.body.trim_ascii_start().first() == Some(&b'<');
            if html {
                return HttpError::new(
                    format!("{}, but with an HTML page where JSON was expected (content type {})", self.said(), clean(kind)),
                    "check that the URL is the base of the API, not of its web pages, and that no proxy or login page stands before it",
                );
            }
            if error.is_eof() {
                return HttpError::new(
                    format!("{}, but its body is cut off after {} bytes", self.said(), self.body.len()),
                    "try again; where it stays, a proxy may limit the size of answers: a smaller page_size may help",
                );
            }
            HttpError::new(
                format!("{}, but its body is not JSON (content type {}): {}", self.said(), clean(kind), clean(&error.to_string())),
                "check that the URL is the base of the API",
            )
        })
    }

    /// Milliseconds that `Retry-After` asks to wait (RFC 9110 section 10.2.3: seconds or a date); `now` in
    /// milliseconds since 1970.
    pub fn retry_after(&self, now: i64) -> Option<u64> {
        let text = self.header(reqwest::header::RETRY_AFTER)?.trim();
        if let Ok(seconds) = text.parse::<u64>() {
            return Some(seconds.saturating_mul(1000));
        }
        let then = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_millisecond();
        Some(u64::try_from(then.saturating_sub(now)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(header: Option<(&'static str, &'static str)>, body: &str) -> Answer {
        let mut headers = HeaderMap::new();
        if let Some((name, value)) = header {
            headers.insert(name, value.parse().unwrap());
        }
        Answer {
            method: Method::GET,
            url: "http://localhost/Users".parse().unwrap(),
            status: StatusCode::OK,
            headers,
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn a_body_that_is_not_json_is_named_for_what_it_is() {
        let errors: Vec<String> = ["", "<html>", r#"{"a": [1, 2"#, "hello", "{} {}"]
            .into_iter()
            .map(|body| answer(Some(("content-type", "text/x")), body).json().unwrap_err().message)
            .collect();
        insta::assert_snapshot!(errors.join("\n"), @r"
        GET http://localhost/Users answered 200 OK, but with an empty body where JSON was expected
        GET http://localhost/Users answered 200 OK, but with an HTML page where JSON was expected (content type text/x)
        GET http://localhost/Users answered 200 OK, but its body is cut off after 11 bytes
        GET http://localhost/Users answered 200 OK, but its body is not JSON (content type text/x): expected value at line 1 column 1
        GET http://localhost/Users answered 200 OK, but its body is not JSON (content type text/x): trailing characters at line 1 column 4
        ");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let table = [
            ("7", Some(7000)),
            ("Thu, 01 Jan 1970 00:01:00 GMT", Some(50_000)),
            ("Thu, 01 Jan 1970 00:00:01 GMT", Some(0)),
            ("soon", None),
        ];
        for (text, expected) in table {
            assert_eq!(answer(Some(("retry-after", text)), "").retry_after(10_000), expected, "{text}");
        }
    }
}
