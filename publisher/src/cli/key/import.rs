//! `consign key import`: a vendor's existing OpenPGP key.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::Args;
use consign_metadata::anchor::Fingerprint;
use consign_metadata::document::Role;
use consign_metadata::name::VendorName;

use super::super::passphrase::PassphraseArgs;
use super::super::progress::Spinner;
use super::super::{Failure, Outcome, say, tell};
use super::unusable;
use crate::sign::import::{self, Finding, Imported, Wish};

/// Take a vendor's existing OpenPGP key over, or say everything that is wrong with it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign key import acme.asc --vendor acme
  consign key import acme.asc --vendor acme --passphrase-fd 3 3< passphrase.txt
  consign key import acme.asc --vendor acme --check

The file comes from: gpg --armor --export-secret-keys FINGERPRINT
A signing subkey that is there gets the role index, a second one the role package; what is missing is made \
and certified by the primary key. --package-key and --index-key choose otherwise.")]
pub struct Import {
    /// The secret key, armored or binary
    file: PathBuf,
    /// Whose keys they are
    #[arg(long)]
    vendor: VendorName,
    /// Where the files go
    #[arg(long, default_value = "keys")]
    folder: PathBuf,
    /// The subkey that is to sign packages
    #[arg(long, value_name = "FINGERPRINT", value_parser = fingerprint)]
    package_key: Option<Fingerprint>,
    /// The subkey that is to sign indexes and the feed
    #[arg(long, value_name = "FINGERPRINT", value_parser = fingerprint)]
    index_key: Option<Fingerprint>,
    /// How long subkeys that are made are good, in days
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u64).range(1..=3650))]
    valid_days: u64,
    /// Only say what is wrong with the key, and write nothing
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// As gpg prints it: with spaces, in either case.
fn fingerprint(text: &str) -> Result<Fingerprint, String> {
    Fingerprint::try_from(text.replace(' ', "").trim_start_matches("0x").to_uppercase())
}

impl Import {
    pub fn run(self) -> Outcome {
        let wish = Wish { package: self.package_key.clone(), index: self.index_key.clone() };
        let ask = || self.passphrase.existing(&self.file.display().to_string());
        let import = import::Import::read(&self.file, &wish, ask).map_err(unusable)?;
        for finding in &import.findings {
            tell(sentence(finding));
        }
        if import.is_refused() {
            let file = self.file.display();
            return Err(Failure::refused(format!(
                "cannot import {file}: see what is wrong with it above; nothing was written"
            )));
        }
        if self.check {
            tell(format_args!("{} can be imported", self.file.display()));
            return Ok(());
        }
        let spinner = Spinner::start();
        spinner.now("writing keys");
        let valid_for = Duration::from_secs(self.valid_days * 86400);
        let imported = import.write(&self.folder, &self.vendor, valid_for, SystemTime::now()).map_err(unusable)?;
        drop(spinner);
        show(&imported);
        Ok(())
    }
}

fn sentence(finding: &Finding) -> String {
    let kind = if finding.fault { "wrong" } else { "note" };
    let remedy = finding.remedy.as_ref().map(|remedy| format!("\n  {remedy}")).unwrap_or_default();
    format!("{kind}: {}{remedy}", finding.what)
}

fn show(imported: &Imported) {
    let name = |path: &Path| path.display().to_string();
    let Imported { files, roles, made } = imported;
    if files.primary_secret.exists() {
        say(format_args!("primary {}  {}", roles.primary, name(&files.primary_secret)));
    } else {
        say(format_args!("primary {}  its secret was not in the file", roles.primary));
    }
    for (role, path) in [(Role::Package, &files.package_secret), (Role::Index, &files.index_secret)] {
        for key in roles.roles.get(&role).into_iter().flatten() {
            let new = if made.contains(key) { "  (made now)" } else { "" };
            say(format_args!("{:<7} {key}  {}{new}", role.as_str(), name(path)));
        }
    }
    say(format_args!("certificate {}", name(&files.certificate)));
    tell("Hosts that knew the key before get the new certificate with <vendor>-release.");
}
