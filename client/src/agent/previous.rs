//! The packages to go back to are in the product's own folder before the engines stop, and those of the
//! release that comes beside them: at the next upgrade they are the ones to go back to.
//!
//! A link costs nothing, a copy or a download needs room, and for want of room nothing begins. What cannot be
//! had, because no repository has it any more or none can be reached, keeps no upgrade back.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use consign_metadata::digest::Sha256;
use consign_metadata::document::Role;
use consign_metadata::openpgp::Keyring;

use super::situation::Situation;
use super::{Agent, AgentError, room};
use crate::durable;
use crate::feed::Kept;
use crate::host::kernel::files;
use crate::host::{HostError, Identity, Source};
use crate::previous::{self, PackageVersion};
use crate::request::PackageAction;

/// How long downloads may hold a transaction up, all together.
pub const LIMIT: Duration = Duration::from_secs(600);
/// Where a file is until it is verified.
pub(super) const INCOMING: &str = ".incoming";

/// How a package can be had that is not there yet.
#[derive(Debug)]
enum Way {
    Copy(PathBuf),
    Download,
}

#[derive(Debug)]
struct Missing {
    wanted: PackageVersion,
    way: Way,
    bytes: u64,
}

/// The packages of one product.
pub struct Keeping<'a> {
    agent: &'a Agent,
    folder: PathBuf,
    keyring: Keyring,
    published: Vec<(PackageVersion, Sha256)>,
    missing: Vec<Missing>,
    /// Those that cannot be had, of the ones to go back to.
    lost: Vec<PackageVersion>,
    /// How much room the packages take that arrive, once they are unpacked.
    unpacked: BTreeMap<PackageVersion, u64>,
}

/// How it looks for the packages to go back to, ahead of time.
#[derive(Debug, Clone, Default)]
pub struct Outlook {
    /// Those that are not here and that no repository has.
    pub missing: Vec<PackageVersion>,
    /// How much room the others take that are still to come.
    pub bytes: u64,
}

/// Looks where the packages to go back to could be had. Nothing is fetched, and nothing verified yet.
///
/// # Errors
/// When the package manager cannot be asked.
pub fn outlook(agent: &Agent, situation: &Situation<'_>) -> Result<Outlook, HostError> {
    let (mut outlook, folder) = (Outlook::default(), situation.product.packages());
    for wanted in to_go_back_to(situation) {
        if agent.packages.file_in(&folder, &wanted.package, &wanted.version).is_some() {
            continue;
        }
        match agent.packages.source(&wanted.package, &wanted.version)? {
            // Another name for it is all that it takes, unless it is elsewhere.
            Source { file: Some(file), .. } => outlook.bytes += room::to_bring(&file, &folder),
            Source { download: Some(bytes), .. } => outlook.bytes = outlook.bytes.saturating_add(bytes),
            Source { .. } => outlook.missing.push(wanted),
        }
    }
    Ok(outlook)
}

impl<'a> Keeping<'a> {
    /// Keeps what costs no room, and finds out what the rest needs.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn begin(agent: &'a Agent, situation: &Situation<'_>, arriving: &[&PackageAction]) -> Result<Self, AgentError> {
        let mut keeping = Self::of(agent, situation)?;
        let folder = &keeping.folder;
        std::fs::create_dir_all(folder).map_err(AgentError::io(format!("create {}", folder.display())))?;
        entries(folder).iter().filter(|path| is_unfinished(path)).for_each(|path| remove(path));
        for wanted in to_go_back_to(situation) {
            keeping.look_for(wanted, None);
        }
        // Of what arrives no file is lost, and what it takes is counted from here on.
        keeping.unpacked.clear();
        for action in arriving {
            let of = (action.package.parse(), action.after.clone(), &action.archive);
            // Without an archive it is only configured, which is an action of its own.
            if let (Ok(package), Some(version), Some(archive)) = of {
                keeping.look_for(PackageVersion { package, version }, Some(archive));
            }
        }
        Ok(keeping)
    }

    /// What is there, with nothing looked for and nothing removed.
    ///
    /// # Errors
    /// When the vendor is not trusted any more.
    pub fn of(agent: &'a Agent, situation: &Situation<'_>) -> Result<Self, AgentError> {
        let folder = situation.product.packages();
        let keyring = situation.trust.vendor(&situation.product.id.vendor)?.keyring(Role::Package)?;
        let published = published(agent, situation);
        let (missing, lost, unpacked) = Default::default();
        Ok(Self { agent, folder, keyring, published, missing, lost, unpacked })
    }

    /// The file of a package that is kept, verified.
    ///
    /// # Errors
    /// Why there is none.
    pub fn file(&self, wanted: &PackageVersion) -> Result<PathBuf, String> {
        let PackageVersion { package, version } = wanted;
        let file = self.agent.packages.file_in(&self.folder, package, version);
        let file = file.ok_or_else(|| format!("{package} {version} is not in {}", self.folder.display()))?;
        self.identify(&file, wanted).map(|_| file)
    }

    /// Where they are kept.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Those to go back to that cannot be had.
    pub fn lost(&self) -> &[PackageVersion] {
        &self.lost
    }

    /// The room that the files of those that arrive take.
    pub fn unpacked(&self) -> u64 {
        self.unpacked.values().copied().fold(0, u64::saturating_add)
    }

    /// The room that what is missing takes.
    pub fn bytes(&self) -> u64 {
        self.missing.iter().map(|missing| missing.bytes).sum()
    }

    /// How much of it comes from a repository.
    pub fn to_fetch(&self) -> u64 {
        self.missing.iter().filter(|missing| matches!(missing.way, Way::Download)).map(|missing| missing.bytes).sum()
    }

    /// Copies and fetches what is missing, until the deadline. Answers whether anything had to be waited for, and
    /// what could not be had after all.
    pub fn carry_out(mut self, deadline: Instant) -> (bool, Vec<PackageVersion>) {
        let missing = std::mem::take(&mut self.missing);
        let (has_waited, mut can_be_had) = (!missing.is_empty(), true);
        for Missing { wanted, way, .. } in missing {
            let taken = match &way {
                Way::Copy(path) => self.copy(&wanted, path),
                // Where one cannot be had the others cannot either, or are of no use.
                Way::Download if !can_be_had => Err("another could not be fetched".to_owned()),
                Way::Download => self.download(&wanted, deadline),
            };
            if let Err(problem) = taken {
                log::warn!("{} {} is not kept: {problem}", wanted.package, wanted.version);
                can_be_had &= !matches!(way, Way::Download);
                self.lost.push(wanted);
            }
        }
        (has_waited, self.lost)
    }

    fn look_for(&mut self, wanted: PackageVersion, archive: Option<&Path>) {
        if let Some(path) = self.agent.packages.file_in(&self.folder, &wanted.package, &wanted.version) {
            match self.verify(&path, &wanted) {
                Ok(_) => return,
                Err(problem) => {
                    log::warn!("{problem}");
                    remove(&path);
                }
            }
        }
        let source = match archive {
            Some(path) => Source { file: Some(path.to_owned()), download: None },
            None => self.agent.packages.source(&wanted.package, &wanted.version).unwrap_or_else(|problem| {
                log::warn!("{problem}");
                Source::default()
            }),
        };
        match self.way(&wanted, source) {
            Ok(Some((way, bytes))) => self.missing.push(Missing { wanted, way, bytes }),
            Ok(None) => {}
            Err(problem) => {
                log::warn!("{} {} is not kept: {problem}", wanted.package, wanted.version);
                if archive.is_none() {
                    self.lost.push(wanted);
                }
            }
        }
    }

    /// The cheapest way that leads to the right file; `None` when it is there now.
    fn way(&mut self, wanted: &PackageVersion, source: Source) -> Result<Option<(Way, u64)>, String> {
        let mut problem = "no repository has it".to_owned();
        if let Some(path) = source.file {
            let found = match link(&path, &self.incoming()) {
                Ok(()) => self.take_in(wanted).map(|()| None),
                Err(_) => self.verify(&path, wanted).map(|(_, bytes)| Some((Way::Copy(path), bytes))),
            };
            match found {
                Ok(way) => return Ok(way),
                Err(reason) => problem = reason,
            }
        }
        source.download.map(|bytes| Some((Way::Download, bytes))).ok_or(problem)
    }

    fn copy(&mut self, wanted: &PackageVersion, path: &Path) -> Result<(), String> {
        copy(path, &self.incoming()).map_err(|problem| problem.to_string())?;
        self.take_in(wanted)
    }

    fn download(&mut self, wanted: &PackageVersion, deadline: Instant) -> Result<(), String> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err("there is no time left".to_owned());
        }
        let folder = tempfile::Builder::new().prefix(INCOMING).tempdir_in(&self.folder).map_err(|e| e.to_string())?;
        let fetched = self.agent.packages.fetch_package(&wanted.package, &wanted.version, folder.path(), left);
        let fetched = fetched.map_err(|problem| problem.to_string())?;
        std::fs::rename(&fetched, self.incoming()).map_err(|problem| problem.to_string())?;
        self.take_in(wanted)
    }

    fn incoming(&self) -> PathBuf {
        self.folder.join(INCOMING)
    }

    /// What came in is a kept file once it is verified, where only root can change it, and synced.
    fn take_in(&mut self, wanted: &PackageVersion) -> Result<(), String> {
        let incoming = self.incoming();
        let taken = self.verify(&incoming, wanted).and_then(|(name, _)| {
            let path = self.folder.join(name);
            settle(&incoming, &path).map_err(|problem| problem.to_string())
        });
        let _ = std::fs::remove_file(&incoming);
        taken
    }

    /// The name and the size of a file that is this very package: signed by the vendor, and the one that was
    /// published where the feed tells.
    fn verify(&mut self, path: &Path, wanted: &PackageVersion) -> Result<(String, u64), String> {
        let (found, bytes) = self.identify(path, wanted)?;
        self.unpacked.insert(wanted.clone(), found.unpacked);
        Ok((found.file, bytes))
    }

    fn identify(&self, path: &Path, wanted: &PackageVersion) -> Result<(Identity, u64), String> {
        let found = self.agent.packages.identify(path, &self.keyring).map_err(|problem| problem.to_string())?;
        if (&found.package, &found.version) != (&wanted.package, &wanted.version) {
            return Err(format!("{} is {} {}", path.display(), found.package, found.version));
        }
        let mut published = self.published.iter().filter(|(package, _)| package == wanted).peekable();
        let (digest, bytes) = File::open(path).and_then(Sha256::of_reader).map_err(|problem| problem.to_string())?;
        if published.peek().is_some() && !published.any(|(_, known)| *known == digest) {
            return Err(format!("{} is not the file that the feed names", path.display()));
        }
        Ok((found, bytes))
    }
}

/// As they were before the upgrade that is under way; else as they are.
fn to_go_back_to(situation: &Situation<'_>) -> Vec<PackageVersion> {
    match situation.to_replace() {
        Some(upgrade) => previous::before(situation.product, &upgrade),
        None => {
            let installed = situation.database.iter();
            let installed = installed.map(|(package, found)| (package.clone(), found.version.clone()));
            installed.map(|(package, version)| PackageVersion { package, version }).collect()
        }
    }
}

/// The files of packages by digest, as the feeds on this host name them.
fn published(agent: &Agent, situation: &Situation<'_>) -> Vec<(PackageVersion, Sha256)> {
    let Ok(vendor) = situation.trust.vendor(&situation.product.id.vendor) else { return Vec::new() };
    let shards = Kept::all(&agent.places, vendor).into_iter();
    let shards = shards.filter_map(|kept| kept.shard(&situation.product.id).ok().flatten());
    let packages = shards.flat_map(|shard| shard.releases).flat_map(|release| release.packages);
    let known = packages.filter_map(|found| {
        let version = agent.packages.native(&found.native)?.to_owned();
        Some((PackageVersion { package: found.package, version }, found.file.sha256))
    });
    known.collect()
}

pub(super) fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

pub(super) fn remove(path: &Path) {
    let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    if let Err(problem) = removed {
        log::warn!("cannot remove {}: {problem}", path.display());
    }
}

fn is_unfinished(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(INCOMING))
}

/// Another name for a file that only root can change.
fn link(path: &Path, incoming: &Path) -> io::Result<()> {
    let found = path.symlink_metadata()?;
    let is_safe = found.is_file() && files::is_own(path, &found);
    if !is_safe {
        return Err(io::Error::from(io::ErrorKind::PermissionDenied));
    }
    std::fs::hard_link(path, incoming)
}

fn copy(path: &Path, incoming: &Path) -> io::Result<()> {
    std::fs::copy(path, incoming)?;
    files::set_mode(incoming, 0o644)
}

fn settle(incoming: &Path, path: &Path) -> io::Result<()> {
    files::sync_file(incoming)?;
    std::fs::rename(incoming, path)?;
    durable::sync_folder_of(path)
}
