//! Files and folders as rows: a component for each file, whose identity follows from its path.

use std::collections::BTreeMap;

use consign_metadata::digest::Sha256;
use consign_metadata::msi::CABINET;

use super::cabinet::Packed;
use super::control::{AGENT, AGENT_FOLDER, DATA, INSTALL};
use super::database::{Database, Value, row};
use super::identity::Guid;
use super::layout::Layout;
use super::names::{self, ShortNames};

/// The folder of the package in `%ProgramFiles%`, which the site may choose.
pub const INSTALL_FOLDER: &str = "INSTALLDIR";
/// The folder of the package in `%ProgramData%`.
pub const DATA_FOLDER: &str = "DATADIR";
const VITAL: i32 = 512;
const IS_64_BIT: i32 = 256;
/// Left there when the package goes.
const PERMANENT: i32 = 16;
/// Left as it is where it is there already.
const NEVER_OVERWRITTEN: i32 = 128;

/// The key of a row, by what it is of.
pub fn key(prefix: &str, path: &str) -> String {
    format!("{prefix}_{}", &Sha256::of(names::folded(path).as_bytes()).to_string()[..16])
}

/// What a file is called in the cabinet, by its path in the tree.
pub fn member(path: &str) -> String {
    key("f", path.trim_start_matches('/'))
}

impl Layout {
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
            let attributes = if file.is_the_sites { IS_64_BIT | PERMANENT | NEVER_OVERWRITTEN } else { IS_64_BIT };
            database.add("Component", row![&component, id, folder_key, attributes, "", &file.key]);
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
            ("ProgramFiles64Folder", "AGENTDIR", &vec![AGENT_FOLDER.to_owned()]),
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
