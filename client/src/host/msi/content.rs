//! The files of a package on the host, against those in the package: `msiexec` says that it is done also where a
//! file that somebody has open is still the old one.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use consign_metadata::digest::Sha256;
use consign_metadata::msi::{MsiError, MsiFile, Tables};

use super::record::Record;
use crate::host::{HostError, at};
use crate::places::Places;

/// Of components whose file stays as the site has it (`msidbComponentAttributesNeverOverwrite`).
const NEVER_OVERWRITTEN: i32 = 128;
/// Where the chain of folders of a file ends at the latest.
const DEPTH: usize = 64;

/// A file that a package has put on this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Where.
    pub path: PathBuf,
    /// What the package has there.
    pub sha256: Sha256,
}

impl Installed {
    /// Whether it is there, as the package has it. What cannot be read is not.
    pub fn is_there(&self) -> bool {
        File::open(&self.path).and_then(Sha256::of_reader).is_ok_and(|(digest, _)| digest == self.sha256)
    }
}

/// The files that are on the host otherwise than a package has them; those that the site may edit are left out.
///
/// # Errors
/// When the package cannot be read.
pub fn unlike(places: &Places, package: &Path, record: &Record) -> Result<Vec<Installed>, HostError> {
    let cannot = |cause: MsiError| at("compare what is installed with", package, cause);
    let mut file = open(package).map_err(|cause| at("open", package, cause))?.map_err(cannot)?;
    let tables = file.tables().map_err(cannot)?;
    let members = file.members().map_err(cannot)?;
    let places = Folders { tables: &tables, roots: roots(places, record), parents: parents(&tables) };
    let paths: BTreeMap<String, PathBuf> = places.files();
    let installed = members.into_iter().filter_map(|member| {
        let path = paths.get(&member.key)?.clone();
        Some(Installed { path, sha256: member.sha256 })
    });
    Ok(installed.filter(|installed| !installed.is_there()).collect())
}

fn open(package: &Path) -> io::Result<Result<MsiFile<BufReader<File>>, MsiError>> {
    Ok(MsiFile::open(BufReader::new(File::open(package)?)))
}

/// The folders that a package's files are below, by the keys that our packages give them.
fn roots(places: &Places, record: &Record) -> BTreeMap<&'static str, PathBuf> {
    let own = Some(places.at("/usr/share/consignee"));
    let known = [("INSTALLDIR", record.folder.clone()), ("DATADIR", record.data.clone()), ("AGENTDIR", own)];
    known.into_iter().filter_map(|(key, folder)| Some((key, folder?))).collect()
}

/// The folder above each, and its own name.
fn parents(tables: &Tables) -> BTreeMap<String, (String, String)> {
    let [keys, parents, names] =
        ["Directory", "Directory_Parent", "DefaultDir"].map(|column| tables.column("Directory", column));
    let named = keys.into_iter().zip(parents.into_iter().zip(names.iter().map(|name| long(name))));
    named.collect()
}

struct Folders<'a> {
    tables: &'a Tables,
    roots: BTreeMap<&'static str, PathBuf>,
    parents: BTreeMap<String, (String, String)>,
}

impl Folders<'_> {
    /// Where each file is that the package may replace, by its key.
    fn files(&self) -> BTreeMap<String, PathBuf> {
        let [components, folders, attributes] =
            ["Component", "Directory_", "Attributes"].map(|column| self.tables.column("Component", column));
        let is_replaced = |attributes: &String| attributes.parse::<i32>().unwrap_or(0) & NEVER_OVERWRITTEN == 0;
        let replaced = components.into_iter().zip(folders.into_iter().zip(attributes));
        let replaced: BTreeMap<String, String> = replaced
            .filter(|(_, (_, attributes))| is_replaced(attributes))
            .map(|(component, (folder, _))| (component, folder))
            .collect();
        let [files, of, names] = ["File", "Component_", "FileName"].map(|column| self.tables.column("File", column));
        let files = files.into_iter().zip(of.into_iter().zip(names));
        files
            .filter_map(|(file, (component, name))| {
                let folder = self.folder(replaced.get(&component)?)?;
                Some((file, folder.join(long(&name))))
            })
            .collect()
    }

    fn folder(&self, key: &str) -> Option<PathBuf> {
        let (mut key, mut below) = (key, Vec::new());
        while below.len() < DEPTH {
            if let Some(root) = self.roots.get(key) {
                return Some(below.iter().rev().fold(root.clone(), |path, name| path.join(name)));
            }
            let (parent, name) = self.parents.get(key)?;
            below.push(name);
            key = parent;
        }
        None
    }
}

/// The long one of two names that a file has.
fn long(name: &str) -> String {
    name.rsplit('|').next().unwrap_or_default().to_owned()
}
