//! What a package installs and where; and what Windows cannot hold of it.

use std::collections::{BTreeMap, BTreeSet};

use super::cabinet::{MAXIMUM_FILE, MAXIMUM_FILES, Member};
use super::control::{AGENT, DATA, INSTALL, MsiControl};
use super::files::key;
use super::names;
use super::pe::{self, Pe};
use crate::file::OnFile;
use crate::package::{Architecture, PackageError};
use crate::stage::{Node, Source};

/// What a new default of a file that the site may edit is called, beside it.
pub const NEW_DEFAULT: &str = ".default";

/// A file that is installed.
#[derive(Debug)]
pub struct Installed {
    /// Its key in the database.
    pub key: String,
    /// In the tree, without the leading `/`.
    pub path: String,
    pub source: Source,
    pub program: Option<Pe>,
    /// Whether the site may edit it: then it is never overwritten, and never removed.
    pub is_the_sites: bool,
}

/// Everything that is installed, in the order of the cabinet.
#[derive(Debug)]
pub struct Layout {
    pub files: Vec<Installed>,
    pub folders: BTreeSet<String>,
    /// Folders that are made even where nothing is in them.
    pub empty: Vec<String>,
    /// Below `%ProgramFiles%`.
    pub install: Vec<String>,
    /// Below `%ProgramData%`.
    pub data: Vec<String>,
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
        let mut add = |path: String, is_the_sites| {
            let (key, source, program) = (key("f", &path), source.clone(), program.clone());
            self.files.push(Installed { key, path, source, program, is_the_sites });
        };
        match config {
            false => add(path.to_owned(), false),
            true => {
                // The site's own stays, and the new default is put beside it.
                add(path.to_owned(), true);
                add(format!("{path}{NEW_DEFAULT}"), false);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_files_than_a_cabinet_numbers_are_refused() {
        let file = |number: usize| Installed {
            key: String::new(),
            path: format!("install/{number}"),
            source: Source::Bytes(Vec::new()),
            program: None,
            is_the_sites: false,
        };
        let layout = |count: usize| Layout {
            files: (0..count).map(file).collect(),
            folders: BTreeSet::new(),
            empty: Vec::new(),
            install: Vec::new(),
            data: Vec::new(),
        };
        assert!(layout(MAXIMUM_FILES).one_case().is_ok());
        let refused = layout(MAXIMUM_FILES + 1).one_case().unwrap_err().to_string();
        assert_eq!(refused, "it has 65536 files, and an .msi has at most 65535");
    }
}
