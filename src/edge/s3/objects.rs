//! Objects below a prefix: read, created, replaced, each on its condition.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use object_store::path::Path;
use object_store::{
    ClientOptions, Error, GetOptions, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, RetryConfig,
};

use super::{Bucket, profile};
use crate::edge::Failure;
use crate::edge::background::Background;

/// Objects that are read at the same time.
const AT_ONCE: usize = 16;
/// How often a write whose answer was lost is looked after, and tried again where it is not there.
const ATTEMPTS: u32 = 5;

/// The objects of one record. Cheap to clone.
#[derive(Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    pub bucket: Bucket,
    pub background: Arc<Background>,
}

/// An object as it was read.
pub struct Found {
    pub bytes: Vec<u8>,
    /// When it was written, by the service's clock, in milliseconds.
    pub written: i64,
}

impl Objects {
    pub fn new(bucket: Bucket) -> Result<Objects, Failure> {
        let cannot = |error: Error| {
            Failure::new(format!("{bucket} cannot be used: {}", cause(&error))).hint(
                "credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or a web identity",
            )
        };
        let mut builder = AmazonS3Builder::from_env();
        let endpoint = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        let mut endpoint = endpoint.unwrap_or_default();
        if let Some(profile) = profile::needed()? {
            if endpoint.is_empty()
                && let Some(own) = &profile.endpoint
            {
                builder = builder.with_endpoint(own);
                endpoint.clone_from(own);
            }
            builder = profile.apply(builder);
        }
        if endpoint.starts_with("http://") && !is_loopback(&endpoint) {
            return Err(Failure::new(format!(
                "{bucket}: the endpoint {endpoint} is plain http: the record would be readable on the way"
            ))
            .hint("use https; plain http is taken on this machine only"));
        }
        let options = ClientOptions::new()
            .with_allow_http(is_loopback(&endpoint))
            .with_connect_timeout(Duration::from_secs(5))
            .with_timeout(Duration::from_secs(20));
        let retry = RetryConfig { max_retries: 4, retry_timeout: Duration::from_secs(15), ..RetryConfig::default() };
        let store = builder
            .with_bucket_name(&bucket.bucket)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .with_client_options(options)
            .with_retry(retry)
            .build()
            .map_err(cannot)?;
        Ok(Objects { store: Arc::new(store), bucket, background: Background::start()? })
    }

    /// The record, for messages.
    pub fn name(&self) -> String {
        self.bucket.to_string()
    }

    fn path(&self, name: &str) -> Path {
        match self.bucket.prefix.as_str() {
            "" => Path::from(name),
            prefix => Path::from(format!("{prefix}/{name}")),
        }
    }

    /// The names below the prefix that begin with `begin`: nothing, or the name of a folder with its slash.
    pub async fn list(&self, begin: &str) -> Result<Vec<String>, Failure> {
        let prefix = Some(self.path(begin)).filter(|path| !path.as_ref().is_empty());
        let found: Result<Vec<_>, Error> =
            self.store.list(prefix.as_ref()).map_ok(|object| object.location).try_collect().await;
        let found = found.map_err(|error| self.failed("list the objects of", "", &error))?;
        let below = |path: Path| -> Option<String> {
            let text = path.as_ref();
            match self.bucket.prefix.as_str() {
                "" => Some(text.to_owned()),
                prefix => Some(text.strip_prefix(prefix)?.strip_prefix('/')?.to_owned()),
            }
        };
        Ok(found.into_iter().filter_map(below).collect())
    }

    /// Reads an object; none where there is none.
    pub async fn get(&self, name: &str) -> Result<Option<Found>, Failure> {
        self.read(name).await.map_err(|error| self.failed("read", name, &error))
    }

    async fn read(&self, name: &str) -> Result<Option<Found>, Error> {
        let answer = match self.store.get_opts(&self.path(name), GetOptions::default()).await {
            Err(Error::NotFound { .. }) => return Ok(None),
            answer => answer?,
        };
        let written = answer.meta.last_modified.timestamp_millis();
        let bytes = answer.bytes().await?.to_vec();
        Ok(Some(Found { bytes, written }))
    }

    /// Reads many objects side by side, in the order of their names; none for one that is not there.
    pub async fn get_all(&self, names: Vec<String>) -> Result<Vec<Option<Found>>, Failure> {
        let reads = names.into_iter().map(|name| async move { self.get(&name).await });
        futures_util::stream::iter(reads).buffered(AT_ONCE).try_collect().await
    }

    /// Creates an object, unless there is one under this name: then the answer is false, and nothing was changed. An
    /// answer that was lost is settled by reading back.
    pub async fn create(&self, name: &str, bytes: &[u8]) -> Result<bool, Failure> {
        let mut attempt = 1;
        loop {
            let put = self.put(name, bytes, PutMode::Create).await;
            let error = match put {
                Ok(_) => return Ok(true),
                Err(error) => error,
            };
            // Whatever the answer was (a retry below may have met its own first attempt), what stands there says it.
            match self.read(name).await {
                Ok(Some(found)) => return Ok(found.bytes == bytes),
                Ok(None) if attempt < ATTEMPTS && !is_final(&error) => {}
                Ok(None) => return Err(self.failed("write", name, &error)),
                Err(_) if attempt < ATTEMPTS && !is_final(&error) => {}
                Err(_) => {
                    return Err(self.failed("write", name, &error).hint(
                        "whether it was written is not known; the next run reads what is there before it does anything",
                    ));
                }
            }
            tokio::time::sleep(Duration::from_millis(100) * 2u32.pow(attempt)).await;
            attempt += 1;
        }
    }

    /// Writes an object whatever stands there.
    pub async fn overwrite(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        self.put(name, bytes, PutMode::Overwrite).await.map_err(|error| self.failed("write", name, &error))
    }

    /// When an object was written, by the service's clock, in milliseconds.
    pub async fn written(&self, name: &str) -> Result<i64, Failure> {
        let head = self.store.head(&self.path(name)).await.map_err(|error| self.failed("read", name, &error))?;
        Ok(head.last_modified.timestamp_millis())
    }

    /// Creates an object on the service's word alone.
    pub(super) async fn create_once(&self, name: &str, bytes: &[u8]) -> Result<bool, Failure> {
        match self.put(name, bytes, PutMode::Create).await {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(false),
            Err(error) => Err(self.failed("write", name, &error)),
        }
    }

    async fn put(&self, name: &str, bytes: &[u8], mode: PutMode) -> Result<(), Error> {
        let payload = PutPayload::from(bytes.to_vec());
        let options = PutOptions { mode, ..PutOptions::default() };
        self.store.put_opts(&self.path(name), payload, options).await.map(drop)
    }

    /// Removes objects that nobody needs any more. Where that is not allowed, they stay.
    pub async fn remove(&self, names: Vec<String>) {
        let removals = names.into_iter().map(|name| async move { self.store.delete(&self.path(&name)).await });
        let _: Vec<_> = futures_util::stream::iter(removals).buffer_unordered(AT_ONCE).collect().await;
    }

    fn failed(&self, to: &str, name: &str, error: &Error) -> Failure {
        let object = if name.is_empty() { String::new() } else { format!("{name} of ") };
        let failure = Failure::new(format!("cannot {to} {object}{}: {}", self.bucket, cause(error)));
        match error {
            error if is_forbidden(error) => failure.hint(
                "the credentials need s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject (to tidy up also \
                 s3:DeleteObject) below the prefix",
            ),
            Error::NotFound { .. } => failure.hint("check the bucket's name and region (AWS_REGION)"),
            _ => failure.hint("check the endpoint, the region (AWS_REGION) and the network; nothing more is called"),
        }
    }
}

/// Whether the credentials do not do. Of listings the error's kind does not tell, its text does.
fn is_forbidden(error: &Error) -> bool {
    matches!(error, Error::PermissionDenied { .. } | Error::Unauthenticated { .. })
        || ["status code: 401", "status code: 403"].iter().any(|status| error.to_string().contains(status))
}

/// Whether trying again is of no use.
fn is_final(error: &Error) -> bool {
    is_forbidden(error)
        || matches!(
            error,
            Error::NotFound { .. }
                | Error::NotImplemented { .. }
                | Error::NotSupported { .. }
                | Error::InvalidPath { .. }
        )
}

fn is_loopback(endpoint: &str) -> bool {
    let Some(rest) = endpoint.strip_prefix("http://") else { return false };
    let authority = rest.split('/').next().unwrap_or(rest);
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The innermost reason, and what the service said where it said something.
fn cause(error: &Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    let text = inner.to_string();
    let between = |open: &str, close: &str| text.split_once(open)?.1.split_once(close).map(|(text, _)| text.trim());
    let said = match (between("<Code>", "</Code>"), between("<Message>", "</Message>")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        _ => text.lines().next().unwrap_or_default().to_owned(),
    };
    said.chars().filter(|character| !character.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        for (endpoint, loopback) in [
            ("http://127.0.0.1:5000", true),
            ("http://localhost", true),
            ("http://[::1]:9000/x", true),
            ("http://minio.acme.example:9000", false),
            ("http://127.0.0.1.acme.example", false),
            ("https://localhost", false),
            ("", false),
        ] {
            assert_eq!(is_loopback(endpoint), loopback, "{endpoint}");
        }
    }
}
