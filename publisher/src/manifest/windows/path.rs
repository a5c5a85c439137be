//! Places on Windows: below the package's folder in `%ProgramFiles%`, or below that of its data.

use crate::manifest::error::Fault;
use crate::manifest::spanned::Spanned;
use crate::package::msi::{DATA, INSTALL, names};

/// What a path in the folder of the data begins with.
const IN_DATA: &str = "{data}";

/// A place in one of the two folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    root: &'static str,
    parts: Vec<String>,
}

impl Place {
    /// The place that was written, with slashes of either kind.
    pub fn of(written: &Spanned<String>) -> Result<Self, Fault> {
        let text = written.get_ref().replace('\\', "/");
        let (root, below) = match text.strip_prefix(IN_DATA) {
            Some(below) if below.is_empty() || below.starts_with('/') => (DATA, below.trim_start_matches('/')),
            _ => (INSTALL, text.as_str()),
        };
        let parts: Vec<String> = below.trim_end_matches('/').split('/').map(str::to_owned).collect();
        let parts = if parts == [""] || parts == ["."] { Vec::new() } else { parts };
        check(&parts, written)?;
        Ok(Self { root, parts })
    }

    /// In the tree of the package.
    pub fn tree(self) -> String {
        std::iter::once(self.root).chain(self.parts.iter().map(String::as_str)).collect::<Vec<_>>().join("/")
    }

    /// Below the folder of the package.
    pub fn below(&self) -> String {
        self.parts.join("/")
    }

    /// Whether it is one of the two folders itself.
    pub fn is_root(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether it is in the folder of the data.
    pub fn is_data(&self) -> bool {
        self.root == DATA
    }
}

/// Folders below a folder of the system's.
pub(super) fn folders(written: &Spanned<String>) -> Result<Vec<String>, Fault> {
    let parts: Vec<String> = written.get_ref().replace('\\', "/").split('/').map(str::to_owned).collect();
    check(&parts, written)?;
    Ok(parts)
}

fn check(parts: &[String], written: &Spanned<String>) -> Result<(), Fault> {
    let text = written.get_ref();
    if parts.iter().any(|part| part == ".." || part == ".") {
        return Err(Fault::at(written.span(), format!("{text:?} has a part '.' or '..'")));
    }
    match parts.iter().find_map(|part| names::problem(part)) {
        None => Ok(()),
        Some(why) => Err(Fault::at(written.span(), format!("{text:?} cannot be a path on Windows: {why}"))
            .help("paths are relative: to the package's own folder, or with {data}/ before them to that of its data")),
    }
}
