//! The agent's own package, `consignee`: two programs, their manual, and the files of `client/dist`: those
//! that are on every host, and those in the folder of a format.
//!
//! It is built for Consign's own releases only; vendors republish it unchanged.

mod apt;
mod rpm;
mod windows;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use consign_metadata::plan::NativeVersions;
use consign_metadata::version::Version;

use super::{BuildError, elf, manual};
use crate::file::OnFile;
use crate::package::deb::DebControl;
use crate::package::rpm::RpmControl;
use crate::package::{Architecture, Copyright, PackageContents, Release};
use crate::stage::{Copy, StagedTree};

pub use apt::agent_package;
pub use rpm::agent_rpm;
pub use windows::agent_msi;

/// Where each program goes.
const PROGRAMS: [(&str, &str); 2] =
    [("consignee", "/usr/bin/consignee"), ("consignee-hook", "/usr/lib/consignee/consignee-hook")];
/// The folders of `dist` with what one format has beside the common files.
const FORMATS: [&str; 2] = [apt::FOLDER, rpm::FOLDER];
const MAINTAINER: &str = "Consign <packages@consign.example>";

/// What the agent's package is made of.
#[derive(Debug, Clone)]
pub struct AgentPackage {
    /// Folder of the two programs.
    pub binaries: PathBuf,
    /// The same `consignee` for this machine, which writes the manual; where there is none, the one in `binaries`.
    pub manual: Option<PathBuf>,
    /// Files as they are installed, and a folder with those of each format.
    pub dist: PathBuf,
    /// Version of the agent.
    pub version: Version,
    /// Packaging revision.
    pub revision: u32,
}

/// What both formats are made of; the version, the relations and the scripts are the format's.
fn contents(from: &AgentPackage, format: &str, scripts: &str) -> Result<(PackageContents, Option<u32>), BuildError> {
    let mut payload = StagedTree::default();
    let mut glibc = None;
    let mut architectures = BTreeSet::new();
    for (name, to) in PROGRAMS {
        let program = from.binaries.join(name);
        let bytes = fs::read(&program).on("read", &program)?;
        glibc = glibc.max(elf::glibc(&bytes));
        architectures.extend(elf::architecture(&bytes));
        payload.copy(&program, to, &as_root(Some(0o755), false))?;
    }
    copy_dist(&from.dist, &FORMATS, &mut payload)?;
    copy_dist(&from.dist.join(format), &[scripts], &mut payload)?;
    let manual = from.manual.clone().unwrap_or_else(|| from.binaries.join("consignee"));
    manual::add(&manual, &mut payload)?;
    let [architecture] = architectures.into_iter().collect::<Vec<_>>()[..] else {
        let folder = from.binaries.display();
        return Err(BuildError::Agent(format!("{folder} has no programs for 64-bit PCs or 64-bit ARM, or for both")));
    };
    Ok((described(from, architecture, payload), glibc))
}

/// What the package is, whatever its format.
fn described(from: &AgentPackage, architecture: Architecture, payload: StagedTree) -> PackageContents {
    PackageContents {
        msi: None,
        name: "consignee".parse().expect("it is a package name"),
        native: NativeVersions { deb: None, rpm: None, msi: None },
        architecture,
        maintainer: MAINTAINER.to_owned(),
        section: "admin".to_owned(),
        priority: "optional".to_owned(),
        summary: "finishes upgrades of vendor software after the package manager".to_owned(),
        description: "Gates the upgrade of a managed product before it is unpacked, stops its engines, \
            carries out the vendor's upgrade plan afterwards, and says what happened."
            .to_owned(),
        homepage: None,
        copyright: Copyright {
            holder: "The Consign authors".to_owned(),
            license: "Apache-2.0 or Expat".to_owned(),
            text: None,
        },
        release: Release { changes: vec![format!("Version {} of the agent.", from.version)] },
        payload,
        deb: DebControl::default(),
        rpm: RpmControl::default(),
    }
}

fn as_root(mode: Option<u32>, config: bool) -> Copy {
    Copy { owner: "root".to_owned(), group: "root".to_owned(), mode, config }
}

/// Everything below a folder as it is installed but these; what lies in `etc` is the site's to edit.
fn copy_dist(dist: &Path, but: &[&str], payload: &mut StagedTree) -> Result<(), BuildError> {
    let mut folders: Vec<_> =
        fs::read_dir(dist).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect()).on("read", dist)?;
    folders.sort();
    for folder in folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !but.contains(&name.as_str()) {
            payload.copy(&folder, &format!("/{name}"), &as_root(None, name == "etc"))?;
        }
    }
    Ok(())
}

fn optional(path: &Path) -> Result<Option<Vec<u8>>, BuildError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(cause).on("read", path).map_err(BuildError::File),
    }
}

fn text(path: &Path) -> Result<Option<String>, BuildError> {
    let not_text = |_| BuildError::Agent(format!("{} is not text", path.display()));
    optional(path)?.map(|bytes| String::from_utf8(bytes).map_err(not_text)).transpose()
}
