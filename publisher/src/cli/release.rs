//! What `consign build` and `consign wrap` have in common: a manifest, a key, and the packages that come out.

use std::path::{Path, PathBuf};

use clap::Args;
use consign_metadata::document::Role;
use jiff::Timestamp;

use super::passphrase::PassphraseArgs;
use super::{Failure, Outcome, key, say, tell};
use crate::build::{Built, LooseEnd, default_output};
use crate::manifest::{self, Project, Strictness};
use crate::sign::{KeyFile, KeyFiles};
use crate::trust::Trust;

/// Options of every command that makes the packages of a release.
#[derive(Debug, Args)]
pub struct ReleaseArgs {
    /// The manifest
    #[arg(long, default_value = manifest::FILE)]
    pub manifest: PathBuf,
    /// Where the packages go [default: dist beside the manifest]
    #[arg(long)]
    output: Option<PathBuf>,
    /// The key with the role "package" [default: keys/package.secret.pgp beside the manifest]
    #[arg(long)]
    key: Option<PathBuf>,
    /// Refuse steps that do not say what an interruption means and how they are taken back, and a version
    /// without a release note; in packages of ours also secrets that everybody could read, users, programs
    /// and links that lead out of the release, and parts of the manifest that do not go together
    #[arg(long)]
    strict: bool,
    /// Write the result as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

impl ReleaseArgs {
    /// How much is left to chance.
    pub fn strictness(&self) -> Strictness {
        if self.strict { Strictness::Strict } else { Strictness::Lenient }
    }

    /// The folder of the packages.
    pub fn output(&self, project: &Project) -> PathBuf {
        self.output.clone().unwrap_or_else(|| default_output(project))
    }

    /// The key that signs them.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn signer(&self, project: &Project) -> Result<KeyFile, Failure> {
        let path = self.key.clone().unwrap_or_else(|| project.root.join("keys/package.secret.pgp"));
        let key = key::open(&path, Role::Package, &self.passphrase)?;
        if let Some(warning) = foreign_keys(&path, project) {
            tell(format_args!("warning: {warning}"));
        }
        Ok(key)
    }
}

/// Keys of another vendor sign as well as any; only publishing would refuse what they signed.
fn foreign_keys(key: &Path, project: &Project) -> Option<String> {
    let folder = key.parent()?;
    let theirs = Trust::beside(&KeyFiles::in_folder(folder).certificate).ok()?.roles.vendor;
    let ours = &project.product.id.vendor;
    let folder = folder.display();
    (theirs != *ours).then(|| format!("the keys in {folder} are {theirs}'s, and hosts expect those of {ours}"))
}

/// Says what the release refers to and does not bring.
///
/// # Errors
/// Where nothing is left to chance and something is missing.
pub fn loose_ends(found: &[LooseEnd], strictness: Strictness) -> Outcome {
    for loose_end in found {
        tell(format_args!("warning: {loose_end}"));
    }
    if strictness == Strictness::Lenient || found.is_empty() {
        return Ok(());
    }
    if let [LooseEnd::Note(version)] = found {
        return Err(Failure::refused(format!("there is no release note on {version}, which --strict refuses")));
    }
    if found.iter().all(|end| matches!(end, LooseEnd::Contradiction(_))) {
        return Err(Failure::refused("parts of the manifest do not go together, which --strict refuses"));
    }
    Err(Failure::refused("a release refers to what it does not bring, which --strict refuses")
        .hint("bring it in a module, or build without --strict where a dependency brings it"))
}

/// Says what was made.
pub fn report(built: &[Built], json: bool) {
    if json {
        let packages: Vec<_> = built.iter().map(as_json).collect();
        say(serde_json::json!({ "packages": packages }));
    }
    for Built { package, warnings } in built {
        if !json {
            say(format_args!("{}  {} KiB", package.path().display(), package.file_size().div_ceil(1024)));
        }
        warnings.iter().for_each(|warning| tell(format_args!("warning: {warning}")));
    }
}

fn as_json(built: &Built) -> serde_json::Value {
    let package = &built.package;
    serde_json::json!({
        "package": package.name(), "version": package.version(), "architecture": package.architecture(),
        "path": package.path(), "size": package.file_size(), "sha256": package.file_digest(),
        "content": package.content_digest(), "signer": package.signer(),
        "plan": package.plan().map(|signed| signed.plan.digest),
    })
}

/// The time of a reproducible build, as reproducible-builds.org defines it.
///
/// # Errors
/// When the variable holds something else.
pub fn source_date_epoch() -> Result<Option<Timestamp>, Failure> {
    let Some(text) = std::env::var_os("SOURCE_DATE_EPOCH") else { return Ok(None) };
    let seconds = text.to_str().and_then(|text| text.parse().ok()).and_then(|s| Timestamp::from_second(s).ok());
    seconds.map(Some).ok_or_else(|| Failure::usage("SOURCE_DATE_EPOCH is not a number of seconds since 1970"))
}
