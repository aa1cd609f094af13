//! The address of a record in a bucket.

use std::fmt;
use std::time::Duration;

use crate::edge::Failure;

/// How long a lock stands without a sign of life of its holder, unless the address says otherwise.
const LEASE: Duration = Duration::from_secs(30);
const HINT: &str = "write it as s3://BUCKET/PREFIX; credentials come from the environment (AWS_*) or a profile";

/// `s3://BUCKET/PREFIX`, with `?lease=30s` for how long a lock stands without a sign of life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    pub bucket: String,
    /// Without a slash at either end; may be empty.
    pub prefix: String,
    pub lease: Duration,
}

impl Bucket {
    /// Reads an address.
    ///
    /// # Errors
    /// Where it names no bucket, carries a credential, or has a parameter that is not known.
    pub fn parse(text: &str) -> Result<Bucket, Failure> {
        let wrong = |what: String| Err(Failure::new(what).hint(HINT));
        let rest = text.strip_prefix("s3://").unwrap_or(text);
        let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        if path.contains('@') {
            return wrong("the address of the record in S3 carries a credential".to_owned());
        }
        let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
        if bucket.is_empty() {
            return wrong(format!("{text} names no bucket"));
        }
        let mut lease = LEASE;
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("lease", value)) => match crate::cli::parse::duration(value) {
                    Ok(duration) if duration >= Duration::from_secs(2) => lease = duration,
                    _ => return wrong(format!("{text}: lease is not a duration of 2s or more")),
                },
                _ => {
                    let name = parameter.split('=').next().unwrap_or(parameter);
                    return wrong(format!("{text} has the parameter {name}, which is not known"));
                }
            }
        }
        Ok(Bucket { bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned(), lease })
    }

    /// What files that belong to the record are called after.
    pub fn last_name(&self) -> &str {
        self.prefix.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(&self.bucket)
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix.as_str() {
            "" => write!(f, "s3://{}", self.bucket),
            prefix => write!(f, "s3://{}/{prefix}", self.bucket),
        }
    }
}
