//! A server of a site's own that carries packages and makes and signs their indexes itself, as Artifactory, Satellite
//! and Pulp do: aptly for hosts of apt, createrepo_c for those of dnf. What else a vendor publishes it does not carry.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::error::{Doing, Result};
use crate::outcome::{Outcome, tool};

/// Who signs.
const SIGNER: &str = "Site <site@consign.example>";
const ACT: &str = "make an index of the site's own";

/// The server's folder, and its key.
#[derive(Debug)]
pub struct OwnIndex {
    folder: tempfile::TempDir,
}

impl OwnIndex {
    /// One that has nothing yet.
    pub fn new() -> Result<OwnIndex> {
        let index = OwnIndex { folder: tempfile::tempdir().doing(ACT)? };
        for path in [index.keys(), index.debs(), index.rpms()] {
            fs_err::create_dir_all(&path).doing(ACT)?;
        }
        fs_err::set_permissions(index.keys(), PermissionsExt::from_mode(0o700)).doing(ACT)?;
        index.gpg(&["--passphrase", "", "--quick-gen-key", SIGNER, "rsa2048", "sign", "never"])?;
        let configuration = format!("{{\"rootDir\": \"{}\", \"gpgProvider\": \"gpg\"}}", index.debs().display());
        fs_err::write(index.configuration(), configuration).doing(ACT)?;
        index.aptly(&["repo", "create", "site"])?;
        Ok(index)
    }

    /// Takes over the packages of a vendor's repository, and nothing else of it.
    pub fn carry(&self, repository: &Path) -> Result<()> {
        let from = repository.join("pool").display().to_string();
        self.aptly(&["repo", "add", "site", &from])?;
        let published = ["-batch", "-passphrase=", "-skip-contents"];
        match self.debs().join("public/dists").exists() {
            true => self.aptly(&[&["publish", "update"], &published[..], &["site"]].concat())?,
            false => {
                let origin = ["-distribution=site", "-origin=site", "-label=site"];
                self.aptly(&[&["publish", "repo"], &published[..], &origin[..], &["site"]].concat())?
            }
        };
        Ok(())
    }

    /// The same for hosts of dnf: packages that lie below a folder, wherever.
    pub fn carry_rpms(&self, repository: &Path) -> Result<()> {
        let (from, to) = (repository.display().to_string(), self.rpms().display().to_string());
        tool(ACT, &["find", &from, "-name", "*.rpm", "-exec", "cp", "-f", "{}", &to, ";"])?;
        tool(ACT, &["createrepo_c", "--quiet", &to])?;
        let index = self.rpms().join("repodata/repomd.xml").display().to_string();
        self.gpg(&["--yes", "--armor", "--detach-sign", &index]).map(drop)
    }

    /// What hosts of apt are served.
    pub fn apt(&self) -> PathBuf {
        self.debs().join("public")
    }

    /// What hosts of dnf are served.
    pub fn rpms(&self) -> PathBuf {
        self.folder.path().join("rpms")
    }

    /// The certificate of its key, armoured.
    pub fn certificate(&self) -> Result<String> {
        self.gpg(&["--armor", "--export"])
    }

    fn debs(&self) -> PathBuf {
        self.folder.path().join("aptly")
    }

    fn configuration(&self) -> PathBuf {
        self.folder.path().join("aptly.conf")
    }

    fn keys(&self) -> PathBuf {
        self.folder.path().join("keys")
    }

    fn aptly(&self, arguments: &[&str]) -> Result<Outcome> {
        let (home, configuration) = (self.keys().display().to_string(), self.configuration().display().to_string());
        let (home, configuration) = (format!("GNUPGHOME={home}"), format!("-config={configuration}"));
        tool(ACT, &[&["env", &home, "aptly", &configuration], arguments].concat())
    }

    fn gpg(&self, arguments: &[&str]) -> Result<String> {
        let keys = self.keys().display().to_string();
        let command = [&["gpg", "--homedir", &keys, "--batch", "--quiet", "--pinentry-mode", "loopback"], arguments];
        Ok(tool("use a key of the site's", &command.concat())?.stdout)
    }
}

impl Drop for OwnIndex {
    fn drop(&mut self) {
        let home = self.keys().display().to_string();
        let _gone = tool("end a key agent", &["gpgconf", "--homedir", &home, "--kill", "gpg-agent"]);
    }
}
