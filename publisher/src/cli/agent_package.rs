//! `consign agent-package`: the agent's own package, for Consign's own releases.

use std::path::PathBuf;

use clap::Args;
use consign_metadata::document::Role;
use consign_metadata::version::Version;
use jiff::Timestamp;

use super::passphrase::PassphraseArgs;
use super::windows::WindowsArgs;
use super::{Failure, Outcome, key, release};
use crate::build::{AgentPackage as Source, Built, agent_msi, agent_package, agent_rpm};
use crate::manifest::WindowsSigning;
use crate::package::{Packager, deb::Deb, msi::Msi, rpm::Rpm};

/// Build the package `consignee` from the agent's programs and the files of client/dist.
#[derive(Debug, Args)]
pub struct AgentPackage {
    /// Folder with the programs consignee and consignee-hook, or with consignee.exe
    #[arg(long)]
    binaries: PathBuf,
    /// The program consignee for this machine, where the one in the folder is for other processors: it writes
    /// the manual
    #[arg(long)]
    manual: Option<PathBuf>,
    /// Files as they are installed, and a folder with those of each format; needed but for Windows
    #[arg(long)]
    dist: Option<PathBuf>,
    /// Version of the agent, with the packaging revision if it is not 1: 0.1.0 or 0.1.0-2
    #[arg(long, value_parser = with_revision)]
    version: (Version, u32),
    /// For which hosts
    #[arg(long, value_enum, default_value = "deb")]
    format: Format,
    /// The key of Consign's own releases
    #[arg(long)]
    key: PathBuf,
    /// Where the package goes
    #[arg(long, default_value = "dist")]
    output: PathBuf,
    /// Write the result as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    /// The certificate by which it is signed for Windows, and those above it
    #[arg(long, value_name = "FILE", requires = "windows_key")]
    windows_certificate: Option<PathBuf>,
    /// The address of an authority that says when it was signed for Windows
    #[arg(long, value_name = "URL", requires = "windows_certificate")]
    windows_time_stamp: Option<String>,
    #[command(flatten)]
    windows: WindowsArgs,
}

/// What is built.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    /// For apt and dpkg
    Deb,
    /// For dnf, zypper and rpm
    Rpm,
    /// For Windows
    Msi,
}

impl AgentPackage {
    pub fn run(self) -> Outcome {
        let dist = match (self.dist, self.format) {
            (Some(dist), _) => dist,
            (None, Format::Msi) => PathBuf::new(),
            (None, _) => {
                return Err(Failure::usage("--dist is needed: the files that are installed beside the programs"));
            }
        };
        let (binaries, manual) = (self.binaries, self.manual);
        let (version, revision) = self.version;
        let from = Source { binaries, manual, dist, version, revision };
        if self.windows.has_key() && self.windows_certificate.is_none() {
            return Err(Failure::usage("--windows-key needs the certificate of the key")
                .hint("name its file with --windows-certificate, or unset CONSIGN_WINDOWS_KEY"));
        }
        let signing = self.windows_certificate.map(|certificate| WindowsSigning {
            certificate,
            time_stamp: self.windows_time_stamp,
            time_stamp_certificate: None,
            pinned: None,
            sign: None,
        });
        let signer = key::open(&self.key, Role::Package, &self.passphrase)?;
        let for_windows = self.windows.signer(signing.as_ref())?;
        let time = release::source_date_epoch()?.unwrap_or_else(Timestamp::now);
        let unsigned = match self.format {
            Format::Deb => Deb.build(&agent_package(&from)?, time, &self.output)?,
            Format::Rpm => Rpm::default().build(&agent_rpm(&from)?, time, &self.output)?,
            Format::Msi => Msi { signer: for_windows }.build(&agent_msi(&from)?, time, &self.output)?,
        };
        let warnings = unsigned.warnings().to_vec();
        release::report(&[Built { package: unsigned.sign(&signer)?, warnings }], self.json);
        Ok(())
    }
}

/// No pre-release begins with a digit, so digits after the last `-` are a revision.
fn with_revision(text: &str) -> Result<(Version, u32), String> {
    let (version, revision) = match text.rsplit_once('-') {
        Some((version, digits)) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            (version, digits.parse().map_err(|_| format!("{digits:?} is not a revision"))?)
        }
        _ => (text, 1),
    };
    Ok((version.parse().map_err(|e| format!("{e}"))?, revision))
}

#[cfg(test)]
mod tests {
    use super::with_revision;

    #[test]
    fn a_revision_is_told_from_a_pre_release() {
        let read = |text: &str| with_revision(text).map(|(version, revision)| (version.to_string(), revision));
        assert_eq!(read("0.1.0"), Ok(("0.1.0".to_owned(), 1)));
        assert_eq!(read("0.1.0-rc.1-2"), Ok(("0.1.0-rc.1".to_owned(), 2)));
        assert!(read("0.1").is_ok() && read("x").is_err());
    }
}
