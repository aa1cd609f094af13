//! Hearing of pushes: the file is looked at, so that a process hears of them whichever one takes them.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;

use super::log;
use super::settings::Options;
use crate::listener::Probe;
use crate::provider::{ConnectError, Settings};

/// Between two looks at one file.
const EVERY: Duration = Duration::from_millis(100);

/// What the file system says of the file of one system.
#[derive(Debug, Default)]
pub struct Mark(PathBuf);

#[async_trait]
impl Probe for Mark {
    async fn open(&mut self, settings: &Settings) -> Result<Result<&'static str, String>, ConnectError> {
        self.0 = Options::new(settings)?.folder.join(log::NAME);
        Ok(Ok("what is pushed"))
    }

    async fn mark(&mut self) -> Result<String, ConnectError> {
        let file = std::fs::metadata(&self.0).ok();
        Ok(format!("{:?}", file.map(|file| (file.ino(), file.len(), file.modified().ok()))))
    }

    fn every(&self) -> Duration {
        EVERY
    }
}
