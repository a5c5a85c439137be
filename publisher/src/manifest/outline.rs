//! What publishing wants to know of a manifest. The files that it names need not be there: a release is
//! often published by another runner than the one that built it.

use std::path::{Path, PathBuf};

use consign_metadata::name::{ChannelName, PackageName};
use consign_metadata::plan::NativeVersions;

use super::error::Fault;
use super::files::Ground;
use super::{Build, Product, ProjectError, Repository, WindowsSigning, authored, build};
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
    modules: Vec<Outlined>,
    /// Where it is published.
    pub repository: Option<Repository>,
    /// How packages are signed for Windows.
    pub windows: Option<WindowsSigning>,
}

#[derive(Debug, Clone)]
struct Outlined {
    name: PackageName,
    architecture: Architecture,
    on_windows: bool,
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
            let NativeVersions { deb, rpm, msi } = &version;
            for Outlined { name, architecture, on_windows } in &self.modules {
                files.extend(deb.iter().map(|deb| format!("{name}_{deb}_{}.deb", architecture.deb())));
                files.extend(rpm.iter().map(|rpm| format!("{name}-{rpm}.{}.rpm", architecture.rpm())));
                let msi = msi.iter().filter(|_| *on_windows);
                files.extend(msi.map(|msi| format!("{name}-{msi}.{}.msi", architecture.msi())));
            }
        }
        files
    }
}

impl authored::Manifest {
    fn outline(&self, ground: &Ground) -> Result<Outline, Fault> {
        let product = self.product.validate(self)?;
        let outlined = |name, architecture, on_windows| Outlined { name, architecture, on_windows };
        let old = self.old_names(&product.id.vendor)?.into_keys().map(|name| outlined(name, Architecture::All, false));
        let modules =
            self.modules.iter().map(|m| outlined(m.package.get_ref().clone(), m.architecture, m.windows.is_some()));
        Ok(Outline {
            root: ground.path().to_owned(),
            builds: build::validate(&self.builds, &product)?,
            modules: modules.chain(old).collect(),
            repository: self.repository.as_ref().map(|r| r.validate(ground)).transpose()?,
            windows: self.windows.as_ref().map(|windows| windows.validate(ground)).transpose()?,
            product,
        })
    }
}
