//! What a module installs: files and folders of the project, with owner and mode.

use std::path::{Path, PathBuf};

use super::spanned::Spanned;

use super::account::UserName;
use super::authored;
use super::build::{self, Build};
use super::capabilities;
use super::error::Fault;
use crate::stage::{Attributes, Copy};

/// A file or folder of the project and where it is installed.
#[derive(Debug, Clone)]
pub struct Files {
    /// Inside the project, links followed.
    pub from: PathBuf,
    /// On the host.
    pub to: String,
    /// Owner and mode.
    pub how: Copy,
    /// What a program may do that others may not.
    pub capabilities: Option<String>,
}

/// A folder that is made on the host.
#[derive(Debug, Clone)]
pub struct Folder {
    /// On the host.
    pub path: String,
    /// Owner and mode.
    pub attributes: Attributes,
}

/// The project folder, which nothing in a manifest may leave.
pub(super) struct Ground(PathBuf);

impl Ground {
    /// The folder of a manifest.
    pub fn of(manifest: &Path) -> std::io::Result<Self> {
        let folder = match manifest.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        folder.canonicalize().map(Self)
    }

    /// The folder, canonical.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The file or folder of the project that was named.
    pub fn existing(&self, name: &Spanned<String>) -> Result<PathBuf, Fault> {
        let written = name.get_ref();
        let outside = || {
            Fault::at(name.span(), format!("{written:?} is outside the project"))
                .help("copy or build it into the folder of the manifest first")
        };
        // Told apart from a missing file even where there is nothing: `..` is never right.
        if Path::new(written)
            .components()
            .any(|part| !matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir))
        {
            return Err(outside());
        }
        let path = self.0.join(written);
        match path.canonicalize() {
            Ok(real) if real.starts_with(&self.0) => Ok(real),
            Ok(_) => Err(outside()),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
                Err(Fault::at(name.span(), format!("there is no {written:?} in the project"))
                    .help(format!("it was looked for at {}", path.display())))
            }
            Err(cause) => Err(Fault::at(name.span(), format!("{written:?} cannot be read: {cause}"))),
        }
    }
}

/// An absolute path on the host, as it is written.
pub(super) fn host_path(path: &Spanned<String>) -> Result<String, Fault> {
    let text = path.get_ref();
    let fault = |what: &str| Err(Fault::at(path.span(), format!("{text:?} {what}")));
    if !text.starts_with('/') {
        return fault("is not an absolute path on the host");
    }
    if text.split('/').any(|part| part == "..") {
        return fault("has a part '..'");
    }
    if text.chars().any(char::is_control) {
        return fault("has a line break or another control character");
    }
    Ok(text.clone())
}

/// One line of text with something on it.
pub(super) fn one_line(text: &Spanned<String>, what: &str) -> Result<String, Fault> {
    let value = text.get_ref().trim();
    if value.is_empty() || value.chars().any(char::is_control) {
        return Err(Fault::at(text.span(), format!("{what} must be one line of text")));
    }
    Ok(value.to_owned())
}

fn mode(mode: &Option<Spanned<String>>) -> Result<Option<u32>, Fault> {
    let Some(written) = mode else { return Ok(None) };
    let text = written.get_ref();
    match u32::from_str_radix(text, 8) {
        Ok(mode) if mode <= 0o7777 && (3..=4).contains(&text.len()) => Ok(Some(mode)),
        _ => Err(Fault::at(
            written.span(),
            format!("{text:?} is not a mode: three or four octal digits, as in \"0640\""),
        )),
    }
}

fn names(owner: Option<&UserName>, group: Option<&UserName>) -> (String, String) {
    let owner = owner.cloned().unwrap_or_else(UserName::root);
    // Users are made with a group of their own name.
    let group = group.cloned().unwrap_or_else(|| owner.clone());
    (owner.into(), group.into())
}

impl authored::Files {
    pub(super) fn validate(&self, ground: &Ground, build: Option<&Build>) -> Result<Files, Fault> {
        let (owner, group) = names(self.owner.as_ref(), self.group.as_ref());
        let how = Copy { owner, group, mode: mode(&self.mode)?, config: self.config };
        let from = ground.existing(&build::path(&self.from, build)?)?;
        let capabilities = self.capabilities.as_ref().map(capabilities::validate).transpose()?;
        if let Some(said) = self.capabilities.as_ref().filter(|_| from.is_dir()) {
            return Err(Fault::at(said.span(), "capabilities are for one file, and this is a folder"));
        }
        Ok(Files { from, to: host_path(&self.to)?, how, capabilities })
    }
}

impl authored::Folder {
    pub(super) fn validate(&self) -> Result<Folder, Fault> {
        let (owner, group) = names(self.owner.as_ref(), self.group.as_ref());
        let mode = mode(&self.mode)?.unwrap_or(0o755);
        Ok(Folder { path: host_path(&self.path)?, attributes: Attributes { owner, group, mode } })
    }
}
