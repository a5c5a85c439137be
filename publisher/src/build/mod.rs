//! A release in the making: from a checked project to signed packages.
//!
//! [`Release::prepare`] reads and checks everything, [`Release::build`] writes and signs. The plan is
//! signed once, so that every package of the release carries the same bytes.

mod agent;
mod contents;
mod elf;
mod inspection;
mod loose_ends;
mod manual;
mod secret;
mod windows;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use consign_metadata::plan::UpgradePlan;
use jiff::Timestamp;

pub use agent::{AgentPackage, agent_msi, agent_package, agent_rpm};
pub(crate) use contents::{agent_relation, agent_rpm_relation, condition, notes};
pub use loose_ends::LooseEnd;
pub(crate) use loose_ends::note as missing_note;

use crate::file::{FileError, OnFile};
use crate::manifest::Project;
use crate::package::{PackageContents, PackageError, SignedPackage, packagers};
use crate::sign::{FileSigner, OpenPgpSigner, SignError};
use crate::stage::{Node, Source, StageError, StagedTree};
use crate::wrap::WrapError;

/// Why a release could not be built.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each is the error of that part")]
pub enum BuildError {
    #[error(transparent)]
    Stage(#[from] StageError),
    #[error(transparent)]
    Package(#[from] PackageError),
    #[error(transparent)]
    Sign(#[from] SignError),
    #[error(transparent)]
    File(#[from] FileError),
    /// One path in two packages.
    #[error("cannot build a release in which {} and {} both have {path}: {reason}", .modules[0], .modules[1])]
    Shared { path: String, modules: [String; 2], reason: &'static str },
    #[error(transparent)]
    Wrap(#[from] WrapError),
    /// The folder of the agent is not as it should be.
    #[error("cannot build the agent's package: {0}")]
    Agent(String),
}

/// A release whose every part is known, and nothing of it written.
#[derive(Debug)]
pub struct Release {
    /// The plan that every package will carry.
    pub plan: UpgradePlan,
    /// What it refers to and does not bring.
    pub loose_ends: Vec<LooseEnd>,
    plan_bytes: Vec<u8>,
    packages: Vec<PackageContents>,
    exposed: Vec<String>,
    windows: Option<Arc<dyn FileSigner>>,
}

/// What has just happened, for whoever watches.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// A package that was built by others is being read.
    Reading(&'a str),
    /// A package is being packed.
    Packing(&'a str),
    /// A package is being signed.
    Signing(&'a str),
}

/// A package that was built.
#[derive(Debug, Clone)]
pub struct Built {
    /// The package.
    pub package: SignedPackage,
    /// What is legal but deserves a look.
    pub warnings: Vec<String>,
}

impl Release {
    /// Reads and checks everything that will be packaged.
    ///
    /// # Errors
    /// [`BuildError`]
    pub fn prepare(project: &Project) -> Result<Self, BuildError> {
        let (plan, plan_bytes) = project.plan();
        let packages =
            project.modules.iter().map(|module| contents::of(project, module)).collect::<Result<Vec<_>, _>>()?;
        inspection::inspect(project, &packages)?;
        let loose_ends = loose_ends::of(project, &packages);
        let exposed = packages.iter().map(secret::readable).collect::<Result<Vec<_>, _>>()?.concat();
        Ok(Self { plan, loose_ends, plan_bytes, packages, exposed, windows: None })
    }

    /// Has packages for Windows signed for it as well.
    #[must_use]
    pub fn signed_for_windows(self, signer: Option<Arc<dyn FileSigner>>) -> Self {
        Self { windows: signer, ..self }
    }

    /// Secrets that everybody on a host could read, a sentence for each.
    pub fn exposed(&self) -> &[String] {
        &self.exposed
    }

    /// The packages, without the plan they will carry.
    pub fn packages(&self) -> &[PackageContents] {
        &self.packages
    }

    /// When the newest packaged file was written: the time of a build that was given no other.
    ///
    /// # Errors
    /// [`BuildError::File`]
    pub fn newest_source(&self) -> Result<Timestamp, BuildError> {
        let mut newest = SystemTime::UNIX_EPOCH;
        let trees = self.packages.iter().flat_map(|PackageContents { payload, msi, .. }| {
            let windows: Option<&StagedTree> = msi.as_ref().map(|msi| &msi.tree);
            std::iter::once(payload).chain(windows)
        });
        for (_, entry) in trees.flat_map(StagedTree::entries) {
            if let Node::File { source: Source::Path { path, .. }, .. } = &entry.node {
                newest = newest.max(path.metadata().and_then(|m| m.modified()).on("read", path)?);
            }
        }
        let seconds = newest.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs());
        Ok(i64::try_from(seconds).ok().and_then(|s| Timestamp::from_second(s).ok()).unwrap_or(Timestamp::UNIX_EPOCH))
    }

    /// Writes and signs every package, in each of its formats, below `output`.
    ///
    /// # Errors
    /// [`BuildError`]
    pub fn build(
        self,
        signer: &dyn OpenPgpSigner,
        time: Timestamp,
        output: &Path,
        watch: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Vec<Built>, BuildError> {
        let plan = Source::Salted { bytes: signer.message(&self.plan_bytes)?, stands_for: self.plan.digest };
        let mut built = Vec::new();
        for mut package in self.packages {
            contents::add_plan(&mut package, &plan)?;
            for packager in packagers(&package.native, self.windows.as_ref()) {
                watch(Progress::Packing(package.name.as_str()));
                let unsigned = packager.build(&package, time, output)?;
                watch(Progress::Signing(package.name.as_str()));
                let warnings = unsigned.warnings().to_vec();
                built.push(Built { package: unsigned.sign(signer)?, warnings });
            }
        }
        Ok(built)
    }
}

/// Where the packages of a project go, where nothing else is said.
pub fn default_output(project: &Project) -> PathBuf {
    project.root.join("dist")
}
