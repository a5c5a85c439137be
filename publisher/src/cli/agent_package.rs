//! `consign agent-package`: the agent's own package, for Consign's own releases.

use std::path::PathBuf;

use clap::Args;
use consign_metadata::document::Role;
use consign_metadata::version::Version;
use jiff::Timestamp;

use super::passphrase::PassphraseArgs;
use super::{Outcome, build, key};
use crate::build::{AgentPackage as Source, Built, agent_package};
use crate::package::{Packager, deb::Deb};

/// Build the package `consignee` from the agent's programs and the files of client/dist.
#[derive(Debug, Args)]
pub struct AgentPackage {
    /// Folder with the programs consignee and consignee-hook
    #[arg(long)]
    binaries: PathBuf,
    /// Files as they are installed, and DEBIAN/ with the scripts
    #[arg(long)]
    dist: PathBuf,
    /// Version of the agent
    #[arg(long)]
    version: Version,
    /// Packaging revision
    #[arg(long, default_value_t = 1)]
    revision: u32,
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

impl AgentPackage {
    pub fn run(self) -> Outcome {
        let (binaries, dist) = (self.binaries, self.dist);
        let contents = agent_package(&Source { binaries, dist, version: self.version, revision: self.revision })?;
        let signer = key::open(&self.key, Role::Package, &self.passphrase)?;
        let time = build::source_date_epoch()?.unwrap_or_else(Timestamp::now);
        let unsigned = Deb.build(&contents, time, &self.output)?;
        let warnings = unsigned.warnings().to_vec();
        build::report(&[Built { package: unsigned.sign(&signer)?, warnings }], self.json);
        Ok(())
    }
}
