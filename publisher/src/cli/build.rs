//! `consign build`: the packages of a release.

use std::path::Path;

use clap::Args;

use super::overview::{self, Content};
use super::progress::Spinner;
use super::release::{ReleaseArgs, loose_ends, report, source_date_epoch};
use super::windows::WindowsArgs;
use super::{Failure, Outcome, failure, tell};
use crate::build::{Built, Release};
use crate::manifest::{Outline, Project, Strictness};
use crate::sign::KeyFile;

/// Build the packages of a release, each signed and with its upgrade plan inside.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign build --plan
  consign build --key keys/package.secret.pgp --output dist
  consign build --build deb13
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) consign build --strict --json

The time in the packages is SOURCE_DATE_EPOCH, else that of the newest packaged file.")]
pub struct Build {
    #[command(flatten)]
    release: ReleaseArgs,
    #[command(flatten)]
    windows: WindowsArgs,
    /// Show what would be built, and build nothing
    #[arg(long)]
    plan: bool,
    /// Only the build of this name, of a manifest with several [default: all]
    #[arg(long, value_name = "NAME")]
    build: Option<String>,
}

impl Build {
    pub fn run(self) -> Outcome {
        let strictness = self.release.strictness();
        let projects = self.projects(strictness)?;
        let (project, releases) = (&projects[0], projects.iter().map(Release::prepare));
        let releases = releases.collect::<Result<Vec<_>, _>>()?;
        for release in &releases {
            loose_ends(&release.loose_ends, strictness)?;
            exposed(release, strictness)?;
        }
        if self.plan {
            let packages: Vec<_> = releases.iter().flat_map(Release::packages).flat_map(Content::of).collect();
            overview::show(&releases[0].plan, &packages, self.release.json);
            return Ok(());
        }
        let (output, signer) = (self.release.output(project), self.release.signer(project)?);
        let windows = self.windows.signer(project.windows.as_ref())?;
        if windows.is_none() && releases.iter().flat_map(Release::packages).any(|package| package.msi.is_some()) {
            unsigned(project.windows.is_some(), strictness)?;
        }
        let spinner = Spinner::start();
        let mut built = Vec::new();
        for release in releases {
            let release = release.signed_for_windows(windows.clone());
            built.extend(self.build(release, &signer, &output, &spinner)?);
        }
        drop(spinner);
        report(&built, self.release.json);
        Ok(())
    }

    /// The project, as each of its builds that is wanted.
    fn projects(&self, strictness: Strictness) -> Result<Vec<Project>, Failure> {
        let load =
            |build: &str| Project::load_build(&self.release.manifest, strictness, build).map_err(failure::of_project);
        if let Some(build) = &self.build {
            return Ok(vec![load(build)?]);
        }
        let builds = Outline::load(&self.release.manifest).map_err(failure::of_project)?.builds;
        match &*builds {
            [] => Ok(vec![Project::load(&self.release.manifest, strictness).map_err(failure::of_project)?]),
            builds => builds.iter().map(|build| load(&build.name)).collect(),
        }
    }

    fn build(
        &self,
        release: Release,
        signer: &KeyFile,
        output: &Path,
        spinner: &Spinner,
    ) -> Result<Vec<Built>, Failure> {
        let time = match source_date_epoch()? {
            Some(time) => time,
            None => release.newest_source()?,
        };
        let built = release.build(signer, time, output, &mut |progress| spinner.progress(progress))?;
        Ok(built)
    }
}

/// Windows asks twice before it runs what nobody it knows has signed; hosts that are told a certificate refuse it.
/// It may still be signed by other means before it is published.
fn unsigned(has_certificate: bool, strictness: Strictness) -> Outcome {
    let (said, help) = match has_certificate {
        true => (
            "nobody signs the packages for Windows, and hosts want the certificate of [windows]: consign publish refuses them as they are",
            "say which key signs, with --windows-key or CONSIGN_WINDOWS_KEY, or sign them before they are published",
        ),
        false => (
            "the packages for Windows carry your own signature, and none that Windows looks at",
            "name a certificate below [windows] in the manifest, and the key with --windows-key",
        ),
    };
    match strictness {
        Strictness::Strict => {
            Err(Failure::refused("nobody signs the packages for Windows, which --strict refuses").hint(help))
        }
        Strictness::Lenient => {
            tell(format_args!("warning: {said}\nhelp: {help}"));
            Ok(())
        }
    }
}

/// Secrets that everybody could read are told, and refused where nothing is left to chance.
fn exposed(release: &Release, strictness: Strictness) -> Outcome {
    match (strictness, release.exposed()) {
        (Strictness::Strict, [first, ..]) => Err(Failure::refused(format!("cannot build with --strict: {first}"))),
        (_, all) => {
            all.iter().for_each(|warning| tell(format_args!("warning: {warning}")));
            Ok(())
        }
    }
}
