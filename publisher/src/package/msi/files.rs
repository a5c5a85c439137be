//! Files and folders as rows: a component for each file, whose identity follows from its path.

use std::collections::{BTreeMap, BTreeSet};

use consign_metadata::digest::Sha256;
use consign_metadata::msi::CABINET;

use super::cabinet::{MAXIMUM_FILE, MAXIMUM_FILES, Member, Packed};
use super::control::{AGENT, DATA, INSTALL, MsiControl};
use super::database::{Database, Value, row};
use super::identity::Guid;
use super::names::{self, ShortNames};
use super::pe::{self, Pe};
use crate::file::OnFile;
use crate::package::{Architecture, PackageError};
use crate::stage::{Node, Source};

/// The folder of the package in `%ProgramFiles%`, which the site may choose.
pub const INSTALL_FOLDER: &str = "INSTALLDIR";
/// The folder of the package in `%ProgramData%`.
pub const DATA_FOLDER: &str = "DATADIR";
/// What a new default of a file that the site may edit is called, beside it.
pub const NEW_DEFAULT: &str = ".default";
const VITAL: i32 = 512;
const IS_64_BIT: i32 = 256;
/// Left there when the package goes.
const PERMANENT: i32 = 16;
/// Left as it is where it is there already.
const NEVER_OVERWRITTEN: i32 = 128;

/// A file that is installed.
#[derive(Debug)]
pub struct Installed {
    /// Its key in the database.
    pub key: String,
    /// In the tree, without the leading `/`.
    pub path: String,
    pub source: Source,
    pub program: Option<Pe>,
    attributes: i32,
}

/// Everything that is installed, in the order of the cabinet.
#[derive(Debug)]
pub struct Layout {
    pub files: Vec<Installed>,
    folders: BTreeSet<String>,
    /// Folders that are made even where nothing is in them.
    empty: Vec<String>,
    install: Vec<String>,
    data: Vec<String>,
}

/// The key of a row, by what it is of.
pub fn key(prefix: &str, path: &str) -> String {
    format!("{prefix}_{}", &Sha256::of(names::folded(path).as_bytes()).to_string()[..16])
}

impl Layout {
    /// What a package installs.
    ///
    /// # Errors
    /// A sentence on what Windows cannot hold, or a file that cannot be read.
    pub fn of(control: &MsiControl, architecture: Architecture) -> Result<Self, LayoutError> {
        let mut layout = Self {
            files: Vec::new(),
            folders: BTreeSet::new(),
            empty: Vec::new(),
            install: control.install_folder.clone(),
            data: control.data_folder.clone(),
        };
        for (path, entry) in control.tree.entries() {
            layout.fits(path)?;
            match &entry.node {
                Node::Folder => layout.folder(path, control),
                Node::Symlink { .. } => {
                    return Err(LayoutError::Unfit(format!(
                        "{} is a link, which no .msi can carry",
                        layout.shown(path)
                    )));
                }
                Node::HardLink { to } => {
                    let Some(Node::File { source, config }) = control.tree.get(to).map(|entry| &entry.node) else {
                        continue;
                    };
                    layout.file(path, source, *config, architecture)?;
                }
                Node::File { source, config } => layout.file(path, source, *config, architecture)?,
            }
        }
        layout.one_case()?;
        Ok(layout)
    }

    fn folder(&mut self, path: &str, control: &MsiControl) {
        self.folders.insert(path.to_owned());
        let below = format!("{path}/");
        let is_named = control.access.iter().any(|access| access.path.trim_start_matches('/') == path);
        let is_root = [INSTALL, DATA, AGENT].iter().any(|root| root.trim_start_matches('/') == path);
        let is_empty = !control.tree.entries().any(|(other, _)| other.starts_with(&below));
        if is_named || (is_empty && !is_root) {
            self.empty.push(path.to_owned());
        }
    }

    fn file(
        &mut self,
        path: &str,
        source: &Source,
        config: bool,
        architecture: Architecture,
    ) -> Result<(), LayoutError> {
        if source.size() > MAXIMUM_FILE {
            let (size, path) = (source.size(), self.shown(path));
            let reason = format!("{path} has {size} bytes, and a file in an .msi has at most {MAXIMUM_FILE}");
            return Err(LayoutError::Unfit(reason));
        }
        let program = match source {
            Source::Path { path, .. } => {
                let mut file = std::fs::File::open(path).on("read", path).map_err(PackageError::from)?;
                pe::inspect(&mut file).on("read", path).map_err(PackageError::from)?
            }
            _ => None,
        };
        // The other way round Windows has an emulator.
        let found = program.as_ref().and_then(|program| program.architecture);
        if found == Some(Architecture::Arm64) && architecture != Architecture::Arm64 {
            let reason = format!("{} is a program for arm64, and the package is for x64", self.shown(path));
            return Err(LayoutError::Unfit(reason));
        }
        let mut add = |path: String, attributes| {
            let (key, source, program) = (key("f", &path), source.clone(), program.clone());
            self.files.push(Installed { key, path, source, program, attributes });
        };
        match config {
            false => add(path.to_owned(), IS_64_BIT),
            true => {
                // The site's own stays, and the new default is put beside it.
                add(path.to_owned(), IS_64_BIT | PERMANENT | NEVER_OVERWRITTEN);
                add(format!("{path}{NEW_DEFAULT}"), IS_64_BIT);
            }
        }
        Ok(())
    }

    /// Refuses what Windows would not hold, or would take for one.
    fn fits(&self, path: &str) -> Result<(), LayoutError> {
        let (_, below) = path.split_once('/').unwrap_or((path, ""));
        let bad = below.split('/').filter(|_| !below.is_empty()).find_map(|name| Some((name, names::problem(name)?)));
        let shown = self.shown(path);
        match bad {
            Some((name, why)) => Err(LayoutError::Unfit(format!("Windows cannot hold {name:?} of {shown}: {why}"))),
            None if names::is_too_long(&shown) => {
                Err(LayoutError::Unfit(format!("{shown} is longer than the 259 characters that programs can open")))
            }
            None => Ok(()),
        }
    }

    fn one_case(&self) -> Result<(), LayoutError> {
        if self.files.len() > MAXIMUM_FILES {
            let reason = format!("it has {} files, and an .msi has at most {MAXIMUM_FILES}", self.files.len());
            return Err(LayoutError::Unfit(reason));
        }
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        let paths = self.files.iter().map(|file| &file.path).chain(&self.folders);
        for path in paths {
            if let Some(other) = seen.insert(names::folded(path), path) {
                let (one, other) = (self.shown(path), self.shown(other));
                return Err(LayoutError::Unfit(format!("{one} and {other} are one file to Windows")));
            }
        }
        Ok(())
    }

    /// A path as an administrator sees it, where nothing else was chosen.
    pub fn shown(&self, path: &str) -> String {
        let (root, below) = path.split_once('/').unwrap_or((path, ""));
        let start = match format!("/{root}").as_str() {
            INSTALL => format!("C:\\Program Files\\{}", self.install.join("\\")),
            DATA => format!("C:\\ProgramData\\{}", self.data.join("\\")),
            _ => "C:\\Program Files\\Consignee".to_owned(),
        };
        if below.is_empty() { start } else { format!("{start}\\{}", below.replace('/', "\\")) }
    }

    /// What the cabinet holds.
    pub fn members(&self) -> Vec<Member> {
        self.files.iter().map(|file| Member { key: file.key.clone(), source: file.source.clone() }).collect()
    }

    /// The folder of a path, as the key of its row.
    pub fn folder_key(path: &str) -> String {
        match format!("/{path}").as_str() {
            INSTALL => INSTALL_FOLDER.to_owned(),
            DATA => DATA_FOLDER.to_owned(),
            AGENT => "AGENTDIR".to_owned(),
            _ => key("d", path),
        }
    }

    /// The component of a file.
    pub fn component_key(path: &str) -> String {
        key("c", path)
    }

    /// Writes the rows. `upgrade_code` is what the identities of components are derived from.
    pub fn describe(&self, database: &mut Database, upgrade_code: Guid, packed: &[Packed], architecture: &str) {
        let identity =
            |path: &str| upgrade_code.derived(&format!("{architecture}\\{}", names::folded(&self.shown(path))));
        self.describe_folders(database);
        for path in &self.empty {
            let (component, folder) = (key("e", path), Self::folder_key(path));
            let identity = upgrade_code.derived(&format!("{architecture}\\{}\\", names::folded(&self.shown(path))));
            // What lies in it is the site's: it stays, and so does who may write there.
            let attributes = IS_64_BIT | PERMANENT;
            database.add("Component", row![&component, identity.to_string(), &folder, attributes, "", ""]);
            database.add("CreateFolder", row![folder, &component]);
            database.add("FeatureComponents", row![feature(0), component]);
        }
        let mut short: BTreeMap<&str, ShortNames> = BTreeMap::new();
        for (index, (file, packed)) in self.files.iter().zip(packed).enumerate() {
            let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
            let (component, folder_key) = (Self::component_key(&file.path), Self::folder_key(folder));
            let id = identity(&file.path).to_string();
            database.add("Component", row![&component, id, folder_key, file.attributes, "", &file.key]);
            database.add("FeatureComponents", row![feature(index), &component]);
            let (version, language) = file.program.as_ref().and_then(|program| program.version.clone()).unzip();
            let name = short.entry(folder).or_default().of(name);
            let (size, number) = (number(packed.size), number(index as u64 + 1));
            let is_versioned = version.is_some();
            database.add("File", row![&file.key, component, name, size, version, language, VITAL, number]);
            if !is_versioned {
                let mut hash: Vec<Value> = row![&file.key, 0];
                hash.extend(
                    packed
                        .md5
                        .chunks(4)
                        .map(|four| Value::Number(i32::from_le_bytes([four[0], four[1], four[2], four[3]]))),
                );
                database.add("MsiFileHash", hash);
            }
        }
        let cabinet = (!self.files.is_empty()).then(|| format!("#{CABINET}"));
        database.add("Media", row![1, number(self.files.len() as u64), "", cabinet, "", ""]);
    }

    fn describe_folders(&self, database: &mut Database) {
        database.add("Directory", row!["TARGETDIR", "", "SourceDir"]);
        for (system, own, parts) in [
            ("ProgramFiles64Folder", INSTALL_FOLDER, &self.install),
            ("CommonAppDataFolder", DATA_FOLDER, &self.data),
            ("ProgramFiles64Folder", "AGENTDIR", &vec!["Consignee".to_owned()]),
        ] {
            if !database.rows("Directory").iter().any(|row| row[0] == Value::from(system)) {
                database.add("Directory", row![system, "TARGETDIR", "."]);
            }
            let mut parent = system.to_owned();
            for (index, part) in parts.iter().enumerate() {
                let is_last = index + 1 == parts.len();
                let own =
                    if is_last { own.to_owned() } else { key("p", &format!("{own}/{}", parts[..=index].join("/"))) };
                database.add("Directory", row![&own, parent, ShortNames::default().of(part)]);
                parent = own;
            }
        }
        let mut short: BTreeMap<&str, ShortNames> = BTreeMap::new();
        for path in &self.folders {
            let Some((parent, name)) = path.rsplit_once('/') else { continue };
            let name = short.entry(parent).or_default().of(name);
            database.add("Directory", row![Self::folder_key(path), Self::folder_key(parent), name]);
        }
    }

    /// How many features there are.
    pub fn features(&self) -> usize {
        self.files.len().div_ceil(COMPONENTS).max(1)
    }
}

/// As many components as old installers take in a feature (ICE47).
const COMPONENTS: usize = 700;

/// The feature of a file, by its place. All are installed, and nobody is asked.
pub fn feature(index: usize) -> String {
    match index / COMPONENTS {
        0 => "Main".to_owned(),
        part => format!("Main{part}"),
    }
}

fn number(size: u64) -> i32 {
    i32::try_from(size).unwrap_or(i32::MAX)
}

/// Why files cannot be in a package.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// Windows cannot hold it.
    #[error("{0}")]
    Unfit(String),
    /// It cannot be read.
    #[error(transparent)]
    Package(#[from] PackageError),
}
