//! `consign key`: the keys of a vendor.

mod extend;
mod import;
mod list;
mod rotate;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand, ValueEnum};
use consign_metadata::document::Role;
use consign_metadata::name::VendorName;

use super::passphrase::PassphraseArgs;
use super::progress::Spinner;
use super::{Failure, Outcome, say, tell};
use crate::sign::key_set::{KeySet, KeySetError};
use crate::sign::{self, Algorithm, KeyFile, KeyFileError, KeyRequest, KeyRoles, Primary, VendorKeys};

/// Make and look at signing keys.
#[derive(Debug, Subcommand)]
pub enum Key {
    /// Make the keys of a vendor
    New(New),
    /// Take a vendor's existing OpenPGP key over, or say what is wrong with it
    Import(import::Import),
    /// Show which keys there are, which sign, and until when they are good
    #[command(visible_alias = "show")]
    List(list::List),
    /// Let the same keys live longer: once a year, in time
    Extend(extend::Extend),
    /// Replace the signing keys by new ones, in four phases
    Rotate(rotate::Rotate),
}

impl Key {
    pub fn run(self) -> Outcome {
        match self {
            Self::New(command) => command.run(),
            Self::Import(command) => command.run(),
            Self::List(command) => command.run(),
            Self::Extend(command) => command.run(),
            Self::Rotate(command) => command.run(),
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
            "Now take {} offline: it is needed only to renew or replace the others.",
            name(&files.primary_secret)
        ));
        Ok(())
    }
}

/// Opens the key for a role; a key that was made for another is refused.
pub fn open(path: &Path, role: Role, passphrase: &PassphraseArgs) -> Result<KeyFile, Failure> {
    let key = KeyFile::open(path, || passphrase.existing(&path.display().to_string())).map_err(unusable)?;
    let fingerprint = sign::OpenPgpSigner::fingerprint(&key);
    if let Some(roles) = KeyRoles::beside(path)?
        && !roles.of(&fingerprint).contains(&role)
    {
        let name = role.as_str();
        return Err(Failure::refused(format!("cannot use {}: it has not the role {name:?}", path.display())));
    }
    Ok(key)
}

/// A key file that cannot be used, with what to do about it.
fn unusable(error: KeyFileError) -> Failure {
    let hint = match &error {
        KeyFileError::File(cause) if cause.cause.kind() == std::io::ErrorKind::NotFound => {
            "make keys with: consign key new --vendor <vendor>"
        }
        KeyFileError::Public { .. } => "the secret keys are in files named *.secret.pgp; consign key list shows them",
        KeyFileError::Expired { .. } => {
            "let it live longer with: consign key extend; then replace certificate.pgp beside it"
        }
        KeyFileError::Revoked { .. } => "it cannot come back; begin anew with: consign key new",
        _ => return Failure::failed(error),
    };
    let ruled = matches!(&error, KeyFileError::Expired { .. } | KeyFileError::Revoked { .. });
    let failure = Failure::failed(error).hint(hint);
    if ruled { failure.as_refusal() } else { failure }
}

/// A change of the keys that is not possible.
fn refused(error: KeySetError) -> Failure {
    match error {
        KeySetError::File(error) => unusable(error),
        error @ (KeySetError::NotNow { .. } | KeySetError::OtherPrimary { .. }) => Failure::failed(error).as_refusal(),
        error => Failure::failed(error),
    }
}

/// Where the keys are, for the commands that change them.
#[derive(Debug, Args)]
struct PrimaryArgs {
    /// The folder of the keys
    #[arg(long, default_value = "keys")]
    folder: PathBuf,
    /// The file of the primary key [default: primary.secret.pgp in the folder]
    #[arg(long, value_name = "FILE")]
    primary: Option<PathBuf>,
    /// How long the keys are good from now on, in days
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u64).range(1..=3650))]
    valid_days: u64,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

impl PrimaryArgs {
    fn open(&self, keys: &KeySet) -> Result<Primary, Failure> {
        let path = self.primary.clone().unwrap_or_else(|| keys.primary_file().to_owned());
        let missing = !path.exists();
        let ask = || self.passphrase.existing(&path.display().to_string());
        Primary::open(&path, ask).map_err(|error| match missing {
            true => {
                Failure::failed(error).hint("bring the primary key from where it is kept, and name it with --primary")
            }
            false => unusable(error),
        })
    }

    fn valid_for(&self) -> Duration {
        Duration::from_secs(self.valid_days * 86400)
    }
}
