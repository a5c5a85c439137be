//! A package that others built, of whichever format begins as it does.

use std::fs::File;
use std::ops::Deref;
use std::path::Path;

use consign_metadata::plan::NativeVersions;

use crate::file::OnFile;
use crate::package::deb::{ForeignDeb, version as deb_version};
use crate::package::foreign::ForeignPackage;
use crate::package::rpm::{ForeignRpm, version as rpm_version};
use crate::package::{PackageError, PackageFormat, is_rpm};

/// A package that others built.
#[derive(Debug)]
pub enum Foreign {
    /// For dpkg.
    Deb(ForeignDeb),
    /// For rpm.
    Rpm(ForeignRpm),
}

impl Foreign {
    /// Reads a package; where its payload has to be unpacked, into an unnamed file below `work`.
    ///
    /// # Errors
    /// [`PackageError`]
    pub fn open(path: &Path, work: &Path) -> Result<Self, PackageError> {
        let mut file = File::open(path).on("read", path)?;
        match is_rpm(&mut file).on("read", path)? {
            true => Ok(Self::Rpm(ForeignRpm::open(path)?)),
            false => Ok(Self::Deb(ForeignDeb::open(path, work)?)),
        }
    }
}

impl Deref for Foreign {
    type Target = dyn ForeignPackage;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Deb(package) => package,
            Self::Rpm(package) => package,
        }
    }
}

/// The versions of a module in each format, those of one format ascending: one entry for each build.
#[derive(Debug, Default)]
pub struct Versions {
    debs: Vec<String>,
    rpms: Vec<String>,
}

impl Versions {
    /// Adds that of a package, where it is not known yet.
    pub fn add(&mut self, package: &Foreign) {
        let known = match package.format() {
            PackageFormat::Deb => &mut self.debs,
            PackageFormat::Rpm => &mut self.rpms,
            // Those of others are no compound files that a plan could be added to.
            PackageFormat::Msi => return,
        };
        if !known.iter().any(|version| version == package.version()) {
            known.push(package.version().to_owned());
        }
    }

    /// As a plan names them.
    pub fn natives(mut self) -> Vec<NativeVersions> {
        self.debs.sort_by(|a, b| deb_version::compare(a, b));
        self.rpms.sort_by(|a, b| rpm_version::compare(a, b));
        let builds = self.debs.len().max(self.rpms.len());
        let build = |index: usize| NativeVersions {
            deb: self.debs.get(index).cloned(),
            rpm: self.rpms.get(index).cloned(),
            msi: None,
        };
        (0..builds).map(build).collect()
    }
}
