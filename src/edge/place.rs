//! Where a record is kept, as `state` in the settings or `--state` names it.

use std::fmt;
use std::path::{Path, PathBuf};

use super::filesystem::beside;
use super::postgres::{PostgresStore, Table};
use super::s3::{Bucket, S3Store};
use super::{Failure, FileStore, Store};

/// A place where a record is kept. Nothing is contacted until [`Place::store`] is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file on this host.
    File(PathBuf),
    /// `s3://BUCKET/PREFIX`.
    S3(Bucket),
    /// `postgres://HOST/DATABASE?table=NAME`.
    Postgres(Table),
}

impl Place {
    /// Reads the address; a path starts at `folder`.
    ///
    /// # Errors
    /// Where it is of no known kind, lacks a part, or carries a credential.
    pub fn parse(text: &str, folder: &Path) -> Result<Place, Failure> {
        match text.split_once("://") {
            None => Ok(Place::File(folder.join(text))),
            Some(("s3", _)) => Bucket::parse(text).map(Place::S3),
            // Both schemes are libpq's.
            Some(_) if text.starts_with("postgres://") || text.starts_with("postgresql://") => {
                Table::parse(text).map(Place::Postgres)
            }
            Some((scheme, _)) => Err(Failure::new(format!("no record can be kept at {scheme}://"))
                .hint("write a path, s3://BUCKET/PREFIX or postgres://HOST/DATABASE?table=NAME")),
        }
    }

    /// What reads and writes there.
    ///
    /// # Errors
    /// Where credentials are missing or cannot be read.
    pub fn store(&self) -> Result<Box<dyn Store>, Failure> {
        Ok(match self {
            Place::File(path) => Box::new(FileStore::new(path)),
            Place::S3(bucket) => Box::new(S3Store::new(bucket.clone())?),
            Place::Postgres(table) => Box::new(PostgresStore::new(table.clone())?),
        })
    }

    /// Where the key of a record's HMACs is: beside a file; for a shared store in the folder `state` of the
    /// configuration at `folder`, under the store's last name.
    pub fn key(&self, folder: &Path) -> PathBuf {
        match self {
            Place::File(path) => beside(path, ".key"),
            Place::S3(bucket) => folder.join("state").join(format!("{}.key", bucket.last_name())),
            Place::Postgres(table) => folder.join("state").join(format!("{}.key", table.last_name())),
        }
    }

    /// Whether other hosts reach the same record.
    pub fn is_shared(&self) -> bool {
        !matches!(self, Place::File(_))
    }
}

/// As messages call it; no credential is part of an address.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File(path) => path.display().fmt(f),
            Place::S3(bucket) => bucket.fmt(f),
            Place::Postgres(table) => table.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<(String, String), String> {
        let place = Place::parse(text, Path::new("/acme")).map_err(Failure::whole)?;
        Ok((place.to_string(), place.key(Path::new("/acme")).display().to_string()))
    }

    #[test]
    fn addresses() {
        for (text, name, key) in [
            ("state/acme.tenure", "/acme/state/acme.tenure", "/acme/state/acme.tenure.key"),
            ("s3://access/acme/prod", "s3://access/acme/prod", "/acme/state/prod.key"),
            ("s3://access", "s3://access", "/acme/state/access.key"),
            ("s3://access/prod?lease=5s", "s3://access/prod", "/acme/state/prod.key"),
            ("postgres://db.acme/iam?table=acme", "postgres://db.acme/iam?table=acme", "/acme/state/acme.key"),
            ("postgresql://t@db:5433/iam?table=a.b", "postgres://t@db:5433/iam?table=a.b", "/acme/state/a.b.key"),
        ] {
            assert_eq!(parsed(text), Ok((name.to_owned(), key.to_owned())), "{text}");
        }
    }

    #[test]
    fn addresses_that_are_none() {
        for (text, says) in [
            ("gs://acme/prod", "no record can be kept at gs://"),
            ("s3://", "names no bucket"),
            ("s3://key:secret@acme/prod", "carries a credential"),
            ("s3://acme/prod?least=5s", "has the parameter least"),
            ("s3://acme/prod?lease=soon", "lease is not a duration"),
            ("postgres://db/iam", "names no table"),
            ("postgres://u:hunter2@db/iam?table=t", "carries a password"),
            ("postgres://db/iam?table=t&colour=red", "has the parameter colour"),
            ("postgres://db/iam?table=a.b.c", "is not the name of a table"),
        ] {
            let said = parsed(text).unwrap_err();
            assert!(said.contains(says) && !said.contains("hunter2") && !said.contains("secret"), "{text}: {said}");
        }
    }
}
