//! What every command takes that brings a mirror up to what somebody publishes, and how it is carried out; and what
//! those take besides that mirror a slice of an archive which others have made.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;

use super::asking::Asking;
use super::bar::Bar;
use super::failed;
use super::owner::claimed;
use crate::cli::Failure;
use crate::file::OnFile;
use crate::mirror::{ArchiveKind, ArchiveRequest, Listener, Mirror, MirrorError, Slice, Upstream};

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

/// Which packages of an archive, and who may sign it.
#[derive(Debug, Args)]
pub struct Slicing {
    /// Who may sign it: certificates, as the archive's keyring package or /etc/pki/rpm-gpg has them
    #[arg(long, value_name = "FILE")]
    keyring: Option<PathBuf>,
    /// Carry packages for this architecture, and those for all; may be repeated [default: amd64; of yum, every one]
    #[arg(long = "architecture", value_name = "NAME")]
    architectures: Vec<String>,
    /// Carry this package, and not all; may be repeated
    #[arg(long = "package", value_name = "NAME")]
    packages: Vec<String>,
    /// And what it needs: of alternatives the first, and everything that provides it
    #[arg(long, requires = "packages")]
    dependencies: bool,
}

impl Slicing {
    /// Whether it is said what is carried.
    pub fn is_said(&self) -> bool {
        !self.packages.is_empty() || !self.architectures.is_empty()
    }

    /// What is carried.
    pub fn slice(&self) -> Slice {
        let (architectures, packages) = (set(&self.architectures), set(&self.packages));
        Slice { architectures, packages, dependencies: self.dependencies, ..Slice::default() }
    }

    /// What is to be done.
    pub fn request(
        &self,
        carrying: &Carrying,
        kind: ArchiveKind,
        slice: Option<Slice>,
    ) -> Result<ArchiveRequest, Failure> {
        let keyring = self.keyring.as_ref().map(|path| std::fs::read(path).on("read", path)).transpose()?;
        let Carrying { check, adopt, .. } = *carrying;
        Ok(ArchiveRequest { kind, keyring, slice, lacking: None, packed_by: None, check, adopt })
    }
}

/// Names that were given, each once.
pub fn set(names: &[String]) -> BTreeSet<String> {
    names.iter().cloned().collect()
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
        let mirror = claimed(&self.folder)?;
        let bar = Bar::start();
        let done = act(&mirror, &upstream, &|progress| bar.progress(progress));
        drop(bar);
        let done = done.map_err(failed)?;
        Ok(Carried { done, requests: upstream.requests(), received: upstream.received() })
    }
}
