//! `consign key`: the keys of a vendor.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand, ValueEnum};
use consign_metadata::document::Role;
use consign_metadata::name::VendorName;

use super::passphrase::PassphraseArgs;
use super::progress::Spinner;
use super::{Failure, Outcome, say, tell};
use crate::sign::{self, Algorithm, KeyFile, KeyFileError, KeyRequest, KeyRoles, VendorKeys};

/// Make and look at signing keys.
#[derive(Debug, Subcommand)]
pub enum Key {
    /// Make the keys of a vendor
    New(New),
}

impl Key {
    pub fn run(self) -> Outcome {
        match self {
            Self::New(command) => command.run(),
        }
    }
}

/// Make the keys of a vendor: a primary to keep offline, and signing subkeys for packages and for indexes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign key new --vendor acme
  consign key new --vendor acme --algorithm ed25519 --folder secrets --valid-days 180
  consign key new --vendor acme --passphrase-fd 3 3< passphrase.txt")]
pub struct New {
    /// Whose keys they are
    #[arg(long)]
    vendor: VendorName,
    /// Where the files go
    #[arg(long, default_value = "keys")]
    folder: PathBuf,
    /// Name and address that the certificate shows [default: "<vendor> package signing"]
    #[arg(long)]
    user_id: Option<String>,
    /// RSA is accepted everywhere; Ed25519 is not known to rpm on Enterprise Linux 7 and 8
    #[arg(long, value_enum, default_value_t = AlgorithmName::Rsa4096)]
    algorithm: AlgorithmName,
    /// How long the signing subkeys are good, in days
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u64).range(1..=3650))]
    valid_days: u64,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    /// Leave the secret files unprotected
    #[arg(long, conflicts_with = "passphrase_fd")]
    no_passphrase: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum AlgorithmName {
    Rsa4096,
    Ed25519,
}

impl New {
    fn run(self) -> Outcome {
        let passphrase = match self.no_passphrase {
            true => None,
            false => Some(self.passphrase.new_one().map_err(|why| Failure::failed(std::io::Error::other(why)))?),
        };
        let request = KeyRequest {
            user_id: self.user_id.clone().unwrap_or_else(|| format!("{} package signing", self.vendor)),
            algorithm: match self.algorithm {
                AlgorithmName::Rsa4096 => Algorithm::Rsa4096,
                AlgorithmName::Ed25519 => Algorithm::Ed25519,
            },
            valid_for: Duration::from_secs(self.valid_days * 86400),
            now: SystemTime::now(),
        };
        let spinner = Spinner::start();
        spinner.now("making keys");
        let keys = VendorKeys::generate(&request);
        drop(spinner);
        let keys =
            keys.map_err(|cause| Failure::failed(std::io::Error::other(format!("cannot make keys: {cause:#}"))))?;
        let files = sign::write_keys(&self.folder, &self.vendor, &keys, passphrase.as_ref())?;
        let name = |path: &Path| path.display().to_string();
        say(format_args!("primary {}  {}", keys.primary(), name(&files.primary_secret)));
        say(format_args!("package {}  {}", keys.key_of(Role::Package), name(&files.package_secret)));
        say(format_args!("index   {}  {}", keys.key_of(Role::Index), name(&files.index_secret)));
        say(format_args!("certificate {}", name(&files.certificate)));
        tell(format_args!(
            "Now take {} offline: it is needed only to replace the others.",
            name(&files.primary_secret)
        ));
        Ok(())
    }
}

/// Opens the key for a role; a key that was made for another is refused.
pub fn open(path: &Path, role: Role, passphrase: &PassphraseArgs) -> Result<KeyFile, Failure> {
    let key = KeyFile::open(path, || passphrase.existing(&path.display().to_string())).map_err(|error| {
        let missing = matches!(&error, KeyFileError::File(e) if e.cause.kind() == std::io::ErrorKind::NotFound);
        let failure = Failure::failed(error);
        if missing { failure.hint("make keys with: consign key new --vendor <vendor>") } else { failure }
    })?;
    let fingerprint = sign::OpenPgpSigner::fingerprint(&key);
    if let Some(roles) = KeyRoles::beside(path)?
        && !roles.of(&fingerprint).contains(&role)
    {
        let name = role.as_str();
        return Err(Failure::refused(format!("cannot use {}: it has not the role {name:?}", path.display())));
    }
    Ok(key)
}
