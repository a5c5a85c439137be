//! The vendor: keys that last as long as keys may, publications that do not.

use std::path::{Path, PathBuf};
use std::process::Command;

use consign_lab::{AgentPackage, Lab, Vendor};
use tempfile::TempDir;

use crate::Result;

/// Over before any test reads it, so that an expired feed is what every run of the tests finds.
const VALID_FOR: &str = "5m";
const LASTING_KEY: [&str; 5] = ["--algorithm", "ed25519", "--no-passphrase", "--valid-days", "3650"];

/// A vendor and the agent's package that it republishes.
pub struct Publisher {
    pub vendor: Vendor,
    agent: AgentPackage,
    _work: TempDir,
}

impl Publisher {
    pub fn new(name: &str) -> Result<Publisher> {
        let vendor = Vendor::new(name)?;
        fs_err::remove_dir_all(vendor.keys())?;
        new_keys(&vendor, name, &vendor.keys())?;
        let work = tempfile::tempdir()?;
        let agent = stand_in(&vendor, work.path())?;
        Ok(Publisher { vendor, agent, _work: work })
    }

    pub fn repository(&self) -> PathBuf {
        self.vendor.repository()
    }

    /// Builds and publishes a release project.
    pub fn publish(&self, project: &Path) -> Result<()> {
        let packages = self.vendor.build(project)?;
        let mut arguments = self.vendor.publish_arguments(project, &self.agent);
        arguments.extend(["--valid-for".to_owned(), VALID_FOR.to_owned()]);
        arguments.extend(packages.iter().map(|package| package.display().to_string()));
        self.vendor.consign(&arguments.iter().map(String::as_str).collect::<Vec<_>>())?;
        Ok(())
    }

    /// The repository as a web server shows it, and what everybody may know of the keys.
    pub fn write_to(&self, folder: &Path) -> Result<()> {
        copy(&self.repository(), &folder.join("repository"))?;
        // The store's own, served to nobody.
        fs_err::remove_dir_all(folder.join("repository/.consign"))?;
        fs_err::create_dir_all(folder.join("vendor"))?;
        for file in ["certificate.pgp", "roles.json"] {
            fs_err::copy(self.vendor.keys().join(file), folder.join("vendor").join(file))?;
        }
        Ok(())
    }
}

/// Packages `consignee` with two programs that do nothing, older than every real one: the real one is
/// too large to be kept, and the agent that finishes a golden host is that of the tree.
fn stand_in(vendor: &Vendor, work: &Path) -> Result<AgentPackage> {
    let (keys, binaries) = (work.join("keys"), work.join("programs"));
    new_keys(vendor, "consign", &keys)?;
    fs_err::create_dir_all(&binaries)?;
    for program in ["consignee", "consignee-hook"] {
        compile(&binaries.join(program))?;
    }
    let (dist, key) = (Lab::repository().join("client/dist"), keys.join("package.secret.pgp"));
    let text = |path: &Path| path.display().to_string();
    vendor.consign(&[
        "agent-package",
        "--binaries",
        &text(&binaries),
        "--dist",
        &text(&dist),
        "--version",
        "0.0.1-1",
        "--key",
        &text(&key),
        "--output",
        &text(work),
    ])?;
    Ok(AgentPackage { package: work.join("consignee_0.0.1-1_amd64.deb"), certificate: keys.join("certificate.pgp") })
}

/// A program that is run when it is packaged, to write its own manual, and says nothing.
fn compile(program: &Path) -> Result<()> {
    let source = program.with_extension("c");
    fs_err::write(&source, "int main(void) { return 0; }\n")?;
    let status = Command::new("cc").args(["-Os", "-s", "-o"]).arg(program).arg(&source).status()?;
    fs_err::remove_file(source)?;
    if status.success() { Ok(()) } else { Err("cc cannot compile a program that does nothing".into()) }
}

fn new_keys(vendor: &Vendor, name: &str, folder: &Path) -> Result<()> {
    let folder = folder.display().to_string();
    vendor.consign(&[&["key", "new", "--vendor", name, "--folder", &folder], &LASTING_KEY[..]].concat())?;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs_err::create_dir_all(to)?;
    for entry in fs_err::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &to)?,
            false => fs_err::write(to, fs_err::read(entry.path())?)?,
        }
    }
    Ok(())
}
