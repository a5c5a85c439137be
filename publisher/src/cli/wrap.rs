//! `consign wrap`: a plan for packages that were built by others.

use std::path::PathBuf;

use clap::Args;

use super::overview::{self, Content};
use super::progress::Spinner;
use super::release::{ReleaseArgs, loose_ends, report, source_date_epoch};
use super::{Outcome, failure};
use crate::build::missing_note;
use crate::manifest::Project;
use crate::wrap::WrappedRelease;

/// Add the upgrade plan to packages that were built by others, and sign them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign wrap --plan target/debian/erp_1.2.0-1_amd64.deb
  consign wrap target/debian/erp_1.2.0-1_amd64.deb
  consign wrap --output dist build/bookworm/*.deb build/trixie/*.deb
  consign wrap --output dist erp_1.2.0-1_amd64.deb erp-1.2.0-1.x86_64.rpm
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) consign wrap --strict --json ../erp_1.2.0-1_amd64.deb

The manifest's modules have a package and nothing else: files, scripts and fields stay those of the \
packages. Give all packages of the release in one call, those of every format, of every architecture and of \
every build for a release of a distribution, since their one plan names all their versions.")]
pub struct Wrap {
    /// The packages of the release
    #[arg(required = true, value_name = "PACKAGE")]
    packages: Vec<PathBuf>,
    #[command(flatten)]
    release: ReleaseArgs,
    /// Show the plan that they would carry, and write nothing
    #[arg(long)]
    plan: bool,
}

impl Wrap {
    pub fn run(self) -> Outcome {
        let Self { packages, release, plan } = self;
        let project = Project::load_foreign(&release.manifest, release.strictness()).map_err(failure::of_project)?;
        loose_ends(missing_note(&project).as_slice(), release.strictness())?;
        let (output, time) = (release.output(&project), source_date_epoch()?);
        let signer = if plan { None } else { Some(release.signer(&project)?) };
        let spinner = Spinner::start();
        // What is unpacked has no name; but its folder would be there afterwards.
        let work = if plan { std::env::temp_dir() } else { output.clone() };
        let wrapped = WrappedRelease::prepare(project, &packages, &work, &mut |progress| spinner.progress(progress))?;
        let Some(signer) = signer else {
            drop(spinner);
            let packages: Vec<_> = wrapped.packages().iter().map(|package| Content::of_foreign(&**package)).collect();
            overview::show(&wrapped.plan, &packages, release.json);
            return Ok(());
        };
        let built = wrapped.build(&signer, time, &output, &mut |progress| spinner.progress(progress))?;
        drop(spinner);
        report(&built, release.json);
        Ok(())
    }
}
