//! The agent's package for Windows, as whoever builds agents makes it.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::{Doing, Result};
use crate::lab::Lab;
use crate::vendor::Vendor;

/// Who builds agents, with keys of its own.
#[derive(Debug)]
pub struct AgentMaker {
    keys: Vendor,
    folder: TempDir,
}

impl AgentMaker {
    /// One that has built none yet.
    pub fn new() -> Result<Self> {
        Ok(Self { keys: Vendor::new("consign")?, folder: TempDir::new().doing("make a folder for agents")? })
    }

    /// The agent of this tree under a version. Its program ends with that version, so it is another one in each.
    pub fn package(&self, version: &str) -> Result<PathBuf> {
        let built = Lab::repository().join("target/agent/windows/consignee.exe");
        let binaries = self.folder.path().join(version);
        fs_err::create_dir_all(&binaries).doing("build an agent")?;
        let mut program = fs_err::read(built).doing("build an agent")?;
        program.extend_from_slice(version.as_bytes());
        fs_err::write(binaries.join("consignee.exe"), program).doing("build an agent")?;
        let (key, output) = (self.keys.keys().join("package.secret.pgp"), self.folder.path());
        let [binaries, key, to] = [&binaries, &key, output].map(text);
        let arguments = ["agent-package", "--format", "msi", "--binaries", &binaries, "--version", version];
        self.keys.consign(&[&arguments[..], &["--key", &key, "--output", &to]].concat())?;
        Ok(output.join(format!("consignee-{version}-1.x64.msi")))
    }

    /// The certificate of what it signs.
    pub fn certificate(&self) -> PathBuf {
        self.keys.keys().join("certificate.pgp")
    }
}

fn text(path: impl AsRef<Path>) -> String {
    path.as_ref().to_string_lossy().into_owned()
}
