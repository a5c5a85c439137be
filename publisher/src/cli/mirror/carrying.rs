//! What every command takes that brings a mirror up to what somebody publishes, and how it is carried out.

use std::path::PathBuf;

use clap::Args;

use super::asking::Asking;
use super::bar::Bar;
use super::{PATIENCE, failed};
use crate::cli::Failure;
use crate::mirror::{Listener, Mirror, MirrorError, Upstream};

/// From where, to where, and how.
#[derive(Debug, Args)]
pub struct Carrying {
    /// Where it is published: an http:// or https:// address
    upstream: String,
    /// The mirror: a folder of its own
    folder: PathBuf,
    /// Read every file that is there again, and replace those that are damaged
    #[arg(long)]
    pub check: bool,
    /// Take over a repository that is in the folder, although the mirror knows nothing of it any more; all of it is read
    #[arg(long)]
    pub adopt: bool,
    #[command(flatten)]
    asking: Asking,
    /// Write the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// What was done, and what it took of the server.
pub struct Carried<T> {
    pub done: T,
    /// Requests.
    pub requests: u64,
    /// Bytes.
    pub received: u64,
}

impl Carrying {
    /// Does it, with a bar where a person can see one.
    pub fn carry<T>(
        self,
        act: impl FnOnce(&Mirror, &Upstream, Listener<'_>) -> Result<T, MirrorError>,
    ) -> Result<Carried<T>, Failure> {
        let upstream = Upstream::at(&self.upstream, self.asking.manner()?).map_err(failed)?;
        let mirror = Mirror::claimed(&self.folder, PATIENCE).map_err(failed)?;
        let bar = Bar::start();
        let done = act(&mirror, &upstream, &|progress| bar.progress(progress));
        drop(bar);
        let done = done.map_err(failed)?;
        Ok(Carried { done, requests: upstream.requests(), received: upstream.received() })
    }
}
