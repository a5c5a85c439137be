//! A plan for packages that were built by others: cargo-deb, nfpm, dpkg-buildpackage, rpmbuild.
//!
//! The manifest says what an upgrade is, the packages say what they install. All packages of a release are
//! given at once, every format, every architecture and every build for a release of a distribution, because
//! the one plan that they carry names the versions of them all.
//!
//! - `foreign`: a package of either format, and the versions of a module
//! - `deb`, `rpm`: what a package of that format is given
//! - `conffiles`: what keeps dpkg from asking
//! - `release`: whether the packages are the release, and which versions they have
//! - `engines`, `siblings`: what else the packages tell of it

mod conffiles;
mod deb;
mod engines;
mod foreign;
mod release;
mod rpm;
mod siblings;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use consign_metadata::name::PackageName;
use consign_metadata::plan::{self, UpgradePlan};
use jiff::Timestamp;

use crate::build::{BuildError, Built, Progress, condition, notes};
use crate::file::OnFile;
use crate::manifest::{Project, UNIT_FOLDER};
use crate::package::foreign::ForeignPackage;
use crate::sign::OpenPgpSigner;
use crate::stage::{Attributes, Entry, Node, Source, StagedTree};

pub use foreign::Foreign;

/// A release of packages that were built by others; everything is known, and nothing written.
#[derive(Debug)]
pub struct WrappedRelease {
    /// The plan that every package will carry.
    pub plan: UpgradePlan,
    plan_bytes: Vec<u8>,
    project: Project,
    packages: Vec<Foreign>,
}

/// Why a package cannot get a plan.
#[derive(Debug, thiserror::Error)]
pub enum WrapError {
    /// A file.
    #[error("cannot wrap {path}: {reason}", path = path.display())]
    Package {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The release as a whole.
    #[error("cannot wrap {release}: {reason}")]
    Release {
        /// Product and version.
        release: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// What a package is given, whatever its format.
#[derive(Debug)]
struct Part {
    /// The signed plan.
    plan: Source,
    /// What it installs besides.
    payload: StagedTree,
    /// The other modules, each with the version that belongs to the package.
    siblings: Vec<(PackageName, String)>,
}

fn refused(package: &dyn ForeignPackage, reason: impl Into<String>) -> WrapError {
    WrapError::Package { path: package.path().to_owned(), reason: reason.into() }
}

impl WrappedRelease {
    /// Reads all packages, and checks that they are the release that the manifest describes. They are
    /// unpacked into unnamed files below `work`.
    ///
    /// # Errors
    /// [`BuildError`]
    pub fn prepare(
        mut project: Project,
        files: &[PathBuf],
        work: &Path,
        watch: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Self, BuildError> {
        std::fs::create_dir_all(work).on("create", work)?;
        let mut packages = Vec::new();
        for file in files {
            watch(Progress::Reading(&file.display().to_string()));
            packages.push(Foreign::open(file, work)?);
        }
        project.foreign = release::versions(&project, &packages)?;
        release::check_formats(&project, &packages)?;
        project.product.formats = packages.iter().map(|package| package.format()).collect();
        project.engines = engines::of(&project, &packages)?;
        siblings::check(&project, &packages)?;
        let (plan, plan_bytes) = project.plan();
        Ok(Self { plan, plan_bytes, project, packages })
    }

    /// The packages, as they were given.
    pub fn packages(&self) -> &[Foreign] {
        &self.packages
    }

    /// Writes and signs every package below `output`. Their time is that of their newest file where no
    /// other is given.
    ///
    /// # Errors
    /// [`BuildError`]
    pub fn build(
        mut self,
        signer: &dyn OpenPgpSigner,
        time: Option<Timestamp>,
        output: &Path,
        watch: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Vec<Built>, BuildError> {
        let plan = Source::Salted { bytes: signer.message(&self.plan_bytes)?, stands_for: self.plan.digest };
        replaces_no_input(&self.packages, output)?;
        let parts: Vec<_> = self.packages.iter().map(|package| self.part(package, &plan)).collect::<Result<_, _>>()?;
        let mut built = Vec::new();
        for (package, (part, mut warnings)) in self.packages.iter_mut().zip(parts) {
            let name = package.name().to_string();
            watch(Progress::Packing(&name));
            let seconds = time.map(|time| u64::try_from(time.as_second()).unwrap_or(0));
            let seconds = seconds.unwrap_or(package.newest());
            let (unsigned, more) = match package {
                Foreign::Deb(package) => deb::write(&self.project, package, &part, seconds, output)?,
                Foreign::Rpm(package) => rpm::write(&self.project, package, &part, seconds, output)?,
            };
            watch(Progress::Signing(&name));
            warnings.extend(more);
            warnings.extend_from_slice(unsigned.warnings());
            built.push(Built { package: unsigned.sign(signer)?, warnings });
        }
        Ok(built)
    }

    /// What a package is given, with a warning where its documentation cannot be.
    fn part(&self, package: &Foreign, plan: &Source) -> Result<(Part, Vec<String>), BuildError> {
        let (project, name) = (&self.project, package.name());
        let (mut payload, mut warnings) = (StagedTree::default(), Vec::new());
        let node = Node::File { source: plan.clone(), config: false };
        let path = format!("{}/{name}.pgp", plan::INSTALLED_FOLDER);
        payload.add(&path, Entry { attributes: Attributes::root(0o644), node })?;
        for engine in project.engines.iter().filter(|engine| package.installs_unit(&engine.file())) {
            let drop_in = format!("{UNIT_FOLDER}/{}.d/50-consign.conf", engine.file());
            payload.add_bytes(&drop_in, condition(project).into_bytes(), 0o644)?;
        }
        if package.is_no_folder(&format!("/usr/share/doc/{name}")) {
            warnings
                .push(format!("{name}: its documentation is a link, so the release notes are not installed with it"));
        } else {
            for (path, _, text) in notes(project, name) {
                payload.add_bytes(&path, text, 0o644)?;
            }
        }
        let siblings = siblings::of(project, &self.packages, &**package);
        Ok((Part { plan: plan.clone(), payload, siblings }, warnings))
    }
}

/// Refuses an output that would take the place of a package that was given, which nobody could wrap again.
fn replaces_no_input(packages: &[Foreign], output: &Path) -> Result<(), WrapError> {
    let real = |path: &Path| path.canonicalize().ok();
    let inputs: BTreeSet<_> = packages.iter().filter_map(|package| real(package.path())).collect();
    for package in packages {
        let file = output.join(package.file_name());
        if real(&file).is_some_and(|file| inputs.contains(&file)) {
            let reason = format!("{} is one of the packages to wrap; give another --output", file.display());
            return Err(refused(&**package, reason));
        }
    }
    Ok(())
}
