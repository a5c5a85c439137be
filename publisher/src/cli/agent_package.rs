//! `consign agent-package`: the agent's own package, for Consign's own releases.

use std::path::PathBuf;

use clap::Args;
use consign_metadata::document::Role;
use consign_metadata::version::Version;
use jiff::Timestamp;

use super::passphrase::PassphraseArgs;
use super::{Outcome, key, release};
use crate::build::{AgentPackage as Source, Built, agent_package, agent_rpm};
use crate::package::{Packager, deb::Deb, rpm::Rpm};

/// Build the package `consignee` from the agent's programs and the files of client/dist.
#[derive(Debug, Args)]
pub struct AgentPackage {
    /// Folder with the programs consignee and consignee-hook
    #[arg(long)]
    binaries: PathBuf,
    /// The program consignee for this machine, where the one in the folder is for other processors: it writes
    /// the manual
    #[arg(long)]
    manual: Option<PathBuf>,
    /// Files as they are installed, and a folder with those of each format
    #[arg(long)]
    dist: PathBuf,
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
}

/// What is built.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    /// For apt and dpkg
    Deb,
    /// For dnf, zypper and rpm
    Rpm,
}

impl AgentPackage {
    pub fn run(self) -> Outcome {
        let (binaries, manual, dist) = (self.binaries, self.manual, self.dist);
        let (version, revision) = self.version;
        let from = Source { binaries, manual, dist, version, revision };
        let signer = key::open(&self.key, Role::Package, &self.passphrase)?;
        let time = release::source_date_epoch()?.unwrap_or_else(Timestamp::now);
        let unsigned = match self.format {
            Format::Deb => Deb.build(&agent_package(&from)?, time, &self.output)?,
            Format::Rpm => Rpm::default().build(&agent_rpm(&from)?, time, &self.output)?,
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
