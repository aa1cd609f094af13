//! Hearing of changes: the files are looked at.

use std::time::Duration;

use async_trait::async_trait;

use super::settings::Options;
use super::{files, log};
use crate::listener::Probe;
use crate::provider::{ConnectError, Settings};

/// Between two looks.
const EVERY: Duration = Duration::from_millis(500);

/// What the file system says of the files of one directory.
#[derive(Default)]
pub struct Marks {
    options: Option<Options>,
}

#[async_trait]
impl Probe for Marks {
    async fn open(&mut self, settings: &Settings) -> Result<Result<&'static str, String>, ConnectError> {
        self.options = Some(Options::new(settings)?);
        Ok(Ok("polling files"))
    }

    async fn mark(&mut self) -> Result<String, ConnectError> {
        let Some(options) = &self.options else { return Ok(String::new()) };
        let log = std::fs::metadata(options.folder.join(log::NAME)).ok().map(|log| (log.len(), log.modified().ok()));
        Ok(format!("{:?} {log:?}", files::stamps(&options.folder)))
    }

    fn every(&self) -> Duration {
        EVERY
    }
}
