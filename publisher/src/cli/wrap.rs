//! `consign wrap`: a plan for packages that were built by others.

use std::path::PathBuf;

use clap::Args;
use consign_metadata::document::Role;

use super::build::{report, source_date_epoch};
use super::passphrase::PassphraseArgs;
use super::progress::Spinner;
use super::{Outcome, failure, key};
use crate::build::default_output;
use crate::manifest::{self, Project, Strictness};
use crate::wrap::WrappedRelease;

/// Add the upgrade plan to packages that were built by others, and sign them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign wrap target/debian/erp_1.2.0-1_amd64.deb
  consign wrap --output dist build/bookworm/*.deb build/trixie/*.deb
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) consign wrap --strict --json ../erp_1.2.0-1_amd64.deb

The manifest's modules have a package and nothing else: files, scripts and fields stay those of the
packages. Give all packages of the release in one call, those of every architecture and of every build for
a release of Debian, since their one plan names all their versions.")]
pub struct Wrap {
    /// The packages of the release
    #[arg(required = true, value_name = "DEB")]
    packages: Vec<PathBuf>,
    /// The manifest
    #[arg(long, default_value = manifest::FILE)]
    manifest: PathBuf,
    /// Where the wrapped packages go [default: dist beside the manifest]
    #[arg(long)]
    output: Option<PathBuf>,
    /// The key with the role "package" [default: keys/package.secret.pgp beside the manifest]
    #[arg(long)]
    key: Option<PathBuf>,
    /// Refuse steps that do not say what an interruption means and how they are taken back
    #[arg(long)]
    strict: bool,
    /// Write the result as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

impl Wrap {
    pub fn run(self) -> Outcome {
        let strictness = if self.strict { Strictness::Strict } else { Strictness::Lenient };
        let project = Project::load_foreign(&self.manifest, strictness).map_err(failure::of_project)?;
        let output = self.output.clone().unwrap_or_else(|| default_output(&project));
        let path = self.key.clone().unwrap_or_else(|| project.root.join("keys/package.secret.pgp"));
        let time = source_date_epoch()?;
        let signer = key::open(&path, Role::Package, &self.passphrase)?;
        let spinner = Spinner::start();
        let release =
            WrappedRelease::prepare(project, &self.packages, &output, &mut |progress| spinner.progress(progress))?;
        let built = release.build(&signer, time, &output, &mut |progress| spinner.progress(progress))?;
        drop(spinner);
        report(&built, self.json);
        Ok(())
    }
}
