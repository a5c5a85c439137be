//! What publishing wants to know of a manifest. The files that it names need not be there: a release is
//! often published by another runner than the one that built it.

use std::path::{Path, PathBuf};

use consign_metadata::name::{ChannelName, PackageName};
use consign_metadata::plan::NativeVersions;

use super::error::Fault;
use super::files::Ground;
use super::{Build, Product, ProjectError, Repository, authored, build};
use crate::file::OnFile;
use crate::package::Architecture;

/// The part of a manifest that says what is published, and where.
#[derive(Debug, Clone)]
pub struct Outline {
    /// Folder of the manifest.
    pub root: PathBuf,
    /// The release.
    pub product: Product,
    /// The builds of the release; none where there is but one.
    pub builds: Vec<Build>,
    modules: Vec<(PackageName, Architecture)>,
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

impl Outline {
    /// The names of the package files that go into a channel.
    pub fn packages(&self, channel: &ChannelName) -> Vec<String> {
        let usual = self.repository.as_ref().map(|repository| &repository.channel);
        let versions: Vec<NativeVersions> = match &*self.builds {
            [] => vec![self.product.native()],
            builds => {
                let goes_there = |build: &&Build| build.channel.as_ref().or(usual) == Some(channel);
                builds.iter().filter(goes_there).map(|build| build.native(&self.product)).collect()
            }
        };
        let mut files = Vec::new();
        for version in versions {
            let NativeVersions { deb, rpm, .. } = &version;
            let modules = || self.modules.iter();
            files.extend(deb.iter().flat_map(|deb| modules().map(move |(n, a)| format!("{n}_{deb}_{}.deb", a.deb()))));
            files.extend(rpm.iter().flat_map(|rpm| modules().map(move |(n, a)| format!("{n}-{rpm}.{}.rpm", a.rpm()))));
        }
        files
    }
}

impl authored::Manifest {
    fn outline(&self, ground: &Ground) -> Result<Outline, Fault> {
        let product = self.product.validate(self)?;
        let old = self.old_names(&product.id.vendor)?.into_keys().map(|name| (name, Architecture::All));
        let modules = self.modules.iter().map(|m| (m.package.get_ref().clone(), m.architecture));
        Ok(Outline {
            root: ground.path().to_owned(),
            builds: build::validate(&self.builds, &product)?,
            modules: modules.chain(old).collect(),
            repository: self.repository.as_ref().map(|r| r.validate(ground)).transpose()?,
            product,
        })
    }
}
