//! Files that an installation could not replace, because somebody had them open: `unsettled.json`.
//!
//! Windows Installer leaves such a file to the next reboot and says that all is done. A package counts as configured
//! once each of its files is the new one, and how often that was tried is counted for each version.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use consign_metadata::digest::Sha256;
use consign_metadata::name::PackageName;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::content::Installed;
use crate::durable;
use crate::host::open_files::{self, Holder, Sought};
use crate::host::{HostError, at};
use crate::places::Places;

const FORMAT: u32 = 1;
const FILE: &str = "unsettled.json";
/// As often a version is tried before a person is asked.
pub const TRIES: u32 = 3;
/// How long the first pause is; each is twice the one before.
const PAUSE: SignedDuration = SignedDuration::from_mins(5);
/// As many holders are named.
const NAMED: usize = 5;

/// All of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Unsettled {
    format: u32,
    /// By package.
    pub packages: BTreeMap<PackageName, Package>,
}

/// A package with files that are still the old ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Package {
    /// The native version that was installed.
    pub version: String,
    /// How often.
    pub attempts: u32,
    /// When last.
    pub at: Timestamp,
    /// The files.
    pub files: Vec<OldFile>,
}

/// A file that is still the old one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OldFile {
    /// Where.
    pub path: PathBuf,
    /// What it should be.
    pub sha256: Sha256,
    /// Who had it open then, as far as that could be told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holders: Vec<Who>,
}

/// A process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Who {
    /// Its name.
    pub process: String,
    /// Its number.
    pub pid: u32,
    /// The service that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

impl Package {
    /// Whether every file is the new one by now, as after a reboot.
    pub fn is_settled(&self) -> bool {
        self.files.iter().all(|old| Installed { path: old.path.clone(), sha256: old.sha256 }.is_there())
    }

    /// When it may be tried again; `None` once that was enough.
    pub fn due(&self) -> Option<Timestamp> {
        let pause = PAUSE.checked_mul(1 << self.attempts.saturating_sub(1).min(8))?;
        (self.attempts < TRIES).then(|| self.at + pause)
    }

    /// Who has which of them open.
    pub fn holders(&self) -> impl Iterator<Item = Holder> + '_ {
        let held = self.files.iter().flat_map(|file| file.holders.iter().map(move |who| (file, who)));
        held.map(|(file, who)| Holder {
            file: file.path.clone(),
            pid: who.pid,
            process: who.process.clone(),
            unit: who.unit.clone(),
        })
    }

    /// What is in the way, for the log and for whoever asks why.
    pub fn reason(&self) -> String {
        let files: Vec<String> = self.files.iter().take(NAMED).map(OldFile::words).collect();
        let more = self.files.len().saturating_sub(NAMED);
        let more = if more == 0 { String::new() } else { format!(", and {more} more") };
        let (attempts, files) = (self.attempts, files.join(", "));
        format!(
            "still old after {attempts} of {TRIES} attempts, until that is closed or Windows restarts: {files}{more}"
        )
    }
}

impl OldFile {
    fn words(&self) -> String {
        match &*self.holders {
            [] => self.path.display().to_string(),
            holders => {
                let names: Vec<String> = holders.iter().map(|who| format!("{} ({})", who.process, who.pid)).collect();
                format!("{} (held by {})", self.path.display(), names.join(", "))
            }
        }
    }
}

impl Unsettled {
    /// What is known on this host.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(places: &Places) -> Result<Self, HostError> {
        let path = file(places);
        let read = durable::read(&path, FORMAT, |this: &Self| this.format);
        Ok(read.map_err(|cause| at("read", &path, cause))?.unwrap_or(Self { format: FORMAT, ..Self::default() }))
    }

    /// Whether a version of a package has files that are still the old ones. One that has settled is forgotten.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn has(places: &Places, package: &PackageName, version: &str) -> Result<bool, HostError> {
        let mut this = Self::read(places)?;
        match this.packages.get(package) {
            Some(found) if found.version == version && !found.is_settled() => Ok(true),
            Some(_) => {
                this.packages.remove(package);
                this.keep(places).map(|()| false)
            }
            None => Ok(false),
        }
    }

    /// Remembers which files of a version are still the old ones, after an attempt; none: it has settled.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn note(
        places: &Places,
        package: &PackageName,
        version: &str,
        old: &[Installed],
    ) -> Result<Option<Package>, HostError> {
        let mut this = Self::read(places)?;
        let before = this.packages.remove(package).filter(|before| before.version == version);
        let noted = (!old.is_empty()).then(|| Package {
            version: version.to_owned(),
            attempts: before.map_or(0, |before| before.attempts) + 1,
            at: Timestamp::now(),
            files: with_holders(old),
        });
        this.packages.extend(noted.clone().map(|noted| (package.clone(), noted)));
        this.keep(places)?;
        Ok(noted)
    }

    fn keep(&self, places: &Places) -> Result<(), HostError> {
        let path = file(places);
        if self.packages.is_empty() && !path.exists() {
            return Ok(());
        }
        let written = serde_json::to_vec_pretty(self).map_err(io::Error::other);
        written.and_then(|text| durable::replace(&path, &text)).map_err(|cause| at("write", &path, cause))
    }
}

fn file(places: &Places) -> PathBuf {
    places.state().join(FILE)
}

fn with_holders(old: &[Installed]) -> Vec<OldFile> {
    let sought = Sought { files: old.iter().map(|file| file.path.clone()).collect(), below: Vec::new() };
    let held = open_files::holders(&sought, &|_| false).unwrap_or_else(|problem| {
        log::warn!("{problem}");
        Vec::new()
    });
    let of = |path: &Path| {
        let holders = held.iter().filter(|held| held.file == path);
        holders.map(|held| Who { process: held.process.clone(), pid: held.pid, unit: held.unit.clone() }).collect()
    };
    old.iter().map(|file| OldFile { path: file.path.clone(), sha256: file.sha256, holders: of(&file.path) }).collect()
}
