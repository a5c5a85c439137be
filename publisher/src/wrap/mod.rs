//! A plan for packages that were built by others: cargo-deb, nfpm, dpkg-buildpackage.
//!
//! The manifest says what an upgrade is, the packages say what they install. All packages of a release are
//! given at once, every architecture and every build for a release of a distribution, because the one
//! plan that they carry names the versions of them all.

mod conffiles;
mod engines;
mod siblings;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use consign_metadata::plan::{self, UpgradePlan};
use consign_metadata::version::Version;
use jiff::Timestamp;

use crate::build::{BuildError, Built, Progress, agent_relation, condition, notes};
use crate::file::OnFile;
use crate::hooks;
use crate::manifest::{Project, UNIT_FOLDER};
use crate::package::deb::{Addition, ForeignDeb, version as deb_version};
use crate::sign::OpenPgpSigner;
use crate::stage::{Attributes, Entry, Node, Source};

/// A release of packages that were built by others; everything is known, and nothing written.
#[derive(Debug)]
pub struct WrappedRelease {
    /// The plan that every package will carry.
    pub plan: UpgradePlan,
    plan_bytes: Vec<u8>,
    project: Project,
    packages: Vec<ForeignDeb>,
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

fn refused(package: &ForeignDeb, reason: impl Into<String>) -> WrapError {
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
            packages.push(ForeignDeb::open(file, work)?);
        }
        project.foreign = versions(&project, &packages)?;
        project.engines = engines::of(&project, &packages)?;
        siblings::check(&project, &packages)?;
        let (plan, plan_bytes) = project.plan();
        Ok(Self { plan, plan_bytes, project, packages })
    }

    /// The packages, as they were given.
    pub fn packages(&self) -> &[ForeignDeb] {
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
        let mut additions = Vec::new();
        replaces_no_input(&self.packages, output)?;
        for package in &self.packages {
            additions.push(self.addition(package, &plan)?);
        }
        let mut built = Vec::new();
        for (package, (addition, mut warnings)) in self.packages.iter_mut().zip(additions) {
            let name = package.name().to_string();
            watch(Progress::Packing(&name));
            let seconds = time.map(|time| u64::try_from(time.as_second()).unwrap_or(0));
            let unsigned = package.wrap(&addition, seconds.unwrap_or(package.newest()), output)?;
            watch(Progress::Signing(&name));
            warnings.extend_from_slice(unsigned.warnings());
            built.push(Built { package: unsigned.sign(signer)?, warnings });
        }
        Ok(built)
    }

    fn addition(&self, package: &ForeignDeb, plan: &Source) -> Result<(Addition, Vec<String>), BuildError> {
        let (project, name) = (&self.project, package.name());
        let mut warnings = Vec::new();
        let conffiles = package.conffiles();
        let version = conffiles.list().map(|_| package.version());
        let mut addition = Addition {
            scripts: hooks::foreign::scripts(&project.product.id, name, version, |script| package.script(script)),
            members: vec![(plan::DEB_MEMBER.to_owned(), plan.clone())],
            trigger: hooks::FINISH_TRIGGER.to_owned(),
            pre_depends: vec![agent_relation(&project.product)],
            depends: siblings::of(project, &self.packages, package),
            ..Addition::default()
        };
        let node = Node::File { source: plan.clone(), config: false };
        let path = format!("{}/{name}.pgp", plan::INSTALLED_FOLDER);
        addition.payload.add(&path, Entry { attributes: Attributes::root(0o644), node })?;
        for engine in project.engines.iter().filter(|engine| package.installs_unit(&engine.file())) {
            let drop_in = format!("{UNIT_FOLDER}/{}.d/50-consign.conf", engine.file());
            addition.payload.add_bytes(&drop_in, condition(project).into_bytes(), 0o644)?;
        }
        warnings.extend(conffiles::add(package, &mut addition)?);
        let is_linked = package.is_no_folder(&format!("/usr/share/doc/{name}"));
        for (path, member, text) in notes(project, name) {
            if !is_linked {
                addition.payload.add_bytes(&path, text.clone(), 0o644)?;
            }
            addition.members.push((member, Source::Bytes(text)));
        }
        if is_linked {
            warnings
                .push(format!("{name}: its documentation is a link, so the release notes are not installed with it"));
        }
        if !addition.scripts.contains_key("postrm") {
            warnings.push(format!("{name}: its postrm is no shell script, so the agent is not told when it is purged"));
        }
        Ok((addition, warnings))
    }
}

/// Refuses an output that would take the place of a package that was given, which nobody could wrap again.
fn replaces_no_input(packages: &[ForeignDeb], output: &Path) -> Result<(), WrapError> {
    let real = |path: &Path| path.canonicalize().ok();
    let inputs: BTreeSet<_> = packages.iter().filter_map(|package| real(package.path())).collect();
    for package in packages {
        let file = output.join(package.file_name());
        if real(&file).is_some_and(|file| inputs.contains(&file)) {
            let reason = format!("{} is one of the packages to wrap; give another --output", file.display());
            return Err(refused(package, reason));
        }
    }
    Ok(())
}

/// The versions of every module, ascending, one for each build.
fn versions(
    project: &Project,
    packages: &[ForeignDeb],
) -> Result<BTreeMap<consign_metadata::name::PackageName, Vec<String>>, WrapError> {
    let mut seen = BTreeSet::new();
    let mut versions: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for package in packages {
        if !project.modules.iter().any(|module| module.package == *package.name()) {
            return Err(refused(package, format!("the manifest has no module {}", package.name())));
        }
        if !seen.insert((package.name(), package.version(), package.architecture())) {
            return Err(refused(package, "it was given twice"));
        }
        let version = &project.product.version;
        if !is_of(package.version(), version) {
            let reason = format!("its version is {}, and the manifest's is {version}", package.version());
            return Err(refused(package, reason));
        }
        let versions = versions.entry(package.name().clone()).or_default();
        if !versions.iter().any(|known| known == package.version()) {
            versions.push(package.version().to_owned());
        }
    }
    for versions in versions.values_mut() {
        versions.sort_by(|a, b| deb_version::compare(a, b));
    }
    match project.modules.iter().find(|module| !versions.contains_key(&module.package)) {
        None => Ok(versions),
        Some(module) => Err(WrapError::Release {
            release: format!("{} {}", project.product.id, project.product.version),
            reason: format!("there is no file of its module {}", module.package),
        }),
    }
}

/// Whether a native version is one of the release: without epoch, packaging revision, and what a packager
/// put behind a `+` to say that the sources are not quite the vendor's, it is the vendor's.
fn is_of(native: &str, version: &Version) -> bool {
    let upstream = native.split_once(':').map_or(native, |(_, rest)| rest);
    let upstream = upstream.rsplit_once('-').map_or(upstream, |(upstream, _)| upstream);
    let upstream = upstream.split_once('+').map_or(upstream, |(upstream, _)| upstream);
    upstream.replace('~', "-").parse::<Version>().is_ok_and(|found| found == *version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_packagers_add_to_a_version_is_not_part_of_it() {
        let version = "3.26.0".parse().unwrap();
        for native in ["3.26.0-1", "3.26.0-1~bookworm1", "1:3.26.0-0.2+b1", "3.26.0", "3.26.0+ds1-1~deb12u1"] {
            assert!(is_of(native, &version), "{native}");
        }
        for native in ["3.26.1-1", "3.26.0~rc.1-1", "3.26.0.1-1"] {
            assert!(!is_of(native, &version), "{native}");
        }
        assert!(is_of("2.0.0~rc.1-1", &"2.0.0-rc.1".parse().unwrap()));
    }
}
