//! Where a product is published.

use std::path::PathBuf;
use std::time::Duration;

use consign_metadata::name::ChannelName;

use super::authored;
use super::error::Fault;
use super::files::{Ground, one_line};
use super::product::web_address;

/// Where a product is published.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Repository {
    pub folder: PathBuf,
    pub url: String,
    pub channel: ChannelName,
    pub valid_for: Duration,
}

impl authored::Repository {
    pub(super) fn validate(&self, ground: &Ground) -> Result<Repository, Fault> {
        let folder = one_line(&self.folder, "folder")?;
        Ok(Repository {
            // The one path that may lie elsewhere: often a web server's folder.
            folder: ground.path().join(folder),
            url: web_address(&self.url)?,
            channel: self.channel.clone(),
            valid_for: self.valid_for.0,
        })
    }
}
