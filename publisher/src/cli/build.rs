//! `consign build`: the packages of a release.

use std::path::{Path, PathBuf};

use clap::Args;
use consign_metadata::document::Role;
use jiff::Timestamp;

use super::passphrase::PassphraseArgs;
use super::progress::Spinner;
use super::{Failure, Outcome, failure, key, overview, say, tell};
use crate::build::{Built, Release, default_output};
use crate::manifest::{self, Outline, Project, Strictness};
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
    /// The manifest
    #[arg(long, default_value = manifest::FILE)]
    manifest: PathBuf,
    /// Where the packages go [default: dist beside the manifest]
    #[arg(long)]
    output: Option<PathBuf>,
    /// The key with the role "package" [default: keys/package.secret.pgp beside the manifest]
    #[arg(long)]
    key: Option<PathBuf>,
    /// Show what would be built, and build nothing
    #[arg(long)]
    plan: bool,
    /// Refuse steps that do not say what an interruption means and how they are taken back, secrets that
    /// everybody could read, and users, programs and links that lead out of the release
    #[arg(long)]
    strict: bool,
    /// Only the build of this name, of a manifest with several [default: all]
    #[arg(long, value_name = "NAME")]
    build: Option<String>,
    /// Write the result as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

impl Build {
    pub fn run(self) -> Outcome {
        let strictness = if self.strict { Strictness::Strict } else { Strictness::Lenient };
        let projects = self.projects(strictness)?;
        let (project, releases) = (&projects[0], projects.iter().map(Release::prepare));
        let releases = releases.collect::<Result<Vec<_>, _>>()?;
        for release in &releases {
            loose_ends(release, strictness)?;
            exposed(release, strictness)?;
        }
        if self.plan {
            overview::show(&releases, self.json);
            return Ok(());
        }
        let output = self.output.clone().unwrap_or_else(|| default_output(project));
        let path = self.key.clone().unwrap_or_else(|| project.root.join("keys/package.secret.pgp"));
        let signer = key::open(&path, Role::Package, &self.passphrase)?;
        let spinner = Spinner::start();
        let mut built = Vec::new();
        for release in releases {
            built.extend(self.build(release, &signer, &output, &spinner)?);
        }
        drop(spinner);
        report(&built, self.json);
        Ok(())
    }

    /// The project, as each of its builds that is wanted.
    fn projects(&self, strictness: Strictness) -> Result<Vec<Project>, Failure> {
        let load = |build: &str| Project::load_build(&self.manifest, strictness, build).map_err(failure::of_project);
        if let Some(build) = &self.build {
            return Ok(vec![load(build)?]);
        }
        let builds = Outline::load(&self.manifest).map_err(failure::of_project)?.builds;
        match &*builds {
            [] => Ok(vec![Project::load(&self.manifest, strictness).map_err(failure::of_project)?]),
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

/// Says what the release refers to and does not bring.
fn loose_ends(release: &Release, strictness: Strictness) -> Outcome {
    for loose_end in &release.loose_ends {
        tell(format_args!("warning: {loose_end}"));
    }
    if strictness == Strictness::Strict && !release.loose_ends.is_empty() {
        return Err(Failure::refused("a release refers to what it does not bring, which --strict refuses")
            .hint("bring it in a module, or build without --strict where a dependency brings it"));
    }
    Ok(())
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

/// The time of a reproducible build, as reproducible-builds.org defines it.
pub fn source_date_epoch() -> Result<Option<Timestamp>, Failure> {
    let Some(text) = std::env::var_os("SOURCE_DATE_EPOCH") else { return Ok(None) };
    let seconds = text.to_str().and_then(|text| text.parse().ok()).and_then(|s| Timestamp::from_second(s).ok());
    seconds.map(Some).ok_or_else(|| Failure::usage("SOURCE_DATE_EPOCH is not a number of seconds since 1970"))
}

pub fn report(built: &[Built], json: bool) {
    let packages: Vec<_> = built.iter().map(|built| &built.package).collect();
    if json {
        let list: Vec<_> = packages
            .iter()
            .map(|p| {
                serde_json::json!({
                    "package": p.name(), "version": p.version(), "architecture": p.architecture(),
                    "path": p.path(), "size": p.file_size(), "sha256": p.file_digest(),
                    "content": p.content_digest(), "signer": p.signer(),
                    "plan": p.plan().map(|signed| signed.plan.digest),
                })
            })
            .collect();
        say(serde_json::json!({ "packages": list }));
    }
    for (built, package) in built.iter().zip(packages) {
        if !json {
            say(format_args!("{}  {} KiB", package.path().display(), package.file_size().div_ceil(1024)));
        }
        for warning in &built.warnings {
            tell(format_args!("warning: {warning}"));
        }
    }
}
