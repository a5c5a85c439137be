//! What publishing wants to know of a manifest. The files that it names need not be there: a release is
//! often published by another runner than the one that built it.

use std::path::{Path, PathBuf};

use super::error::Fault;
use super::files::Ground;
use super::{Product, ProjectError, Repository, authored};
use crate::file::OnFile;
use crate::package::Architecture;

/// The part of a manifest that says what is published, and where.
#[derive(Debug, Clone)]
pub struct Outline {
    /// Folder of the manifest.
    pub root: PathBuf,
    /// The release.
    pub product: Product,
    /// The names of its package files.
    pub packages: Vec<String>,
    /// Where it is published.
    pub repository: Option<Repository>,
}

impl Outline {
    /// Reads a manifest.
    ///
    /// # Errors
    /// [`ProjectError`]
    pub fn load(manifest: &Path) -> Result<Self, ProjectError> {
        let text = std::fs::read_to_string(manifest).on("read", manifest)?;
        let ground = Ground::of(manifest).on("read", manifest)?;
        let authored: Result<authored::Manifest, Fault> = toml::from_str(&text).map_err(Fault::from);
        let outline = authored.and_then(|authored| authored.outline(&ground));
        Ok(outline.map_err(|fault| fault.in_file(manifest, &text))?)
    }
}

impl authored::Manifest {
    fn outline(&self, ground: &Ground) -> Result<Outline, Fault> {
        let product = self.product.validate(self)?;
        let version = &product.deb_version;
        let file = |m: &authored::Module| format!("{}_{version}_{}.deb", m.package.get_ref(), m.architecture.deb());
        let old = self.old_names(&product.id.vendor)?.into_keys();
        let transitional = old.map(|name| format!("{name}_{version}_{}.deb", Architecture::All.deb()));
        Ok(Outline {
            root: ground.path().to_owned(),
            packages: self.modules.iter().map(file).chain(transitional).collect(),
            repository: self.repository.as_ref().map(|r| r.validate(ground)).transpose()?,
            product,
        })
    }
}
