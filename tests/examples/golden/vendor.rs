//! The vendor: keys that last as long as keys may, publications that do not.

use std::path::{Path, PathBuf};
use std::process::Command;

use consign_lab::Vendor;
use tempfile::TempDir;

use crate::Result;
use crate::signers::Signers;

/// Over before any test reads it, so that an expired feed is what every run of the tests finds.
const VALID_FOR: &str = "5m";
const LASTING_KEY: [&str; 5] = ["--algorithm", "ed25519", "--no-passphrase", "--valid-days", "3650"];

/// A vendor, and the agent's package that it republishes.
pub struct Publisher {
    vendor: Vendor,
    signers: Signers,
    agent: PathBuf,
    agent_certificate: PathBuf,
    work: TempDir,
}

impl Publisher {
    pub fn new(name: &str) -> Result<Publisher> {
        let vendor = Vendor::new(name)?;
        fs_err::remove_dir_all(vendor.keys())?;
        new_keys(&vendor, name, &vendor.keys())?;
        let work = tempfile::tempdir()?;
        let signers = Signers::new(&work.path().join("signers"))?;
        let (agent, agent_certificate) = stand_in(&vendor, &signers, work.path())?;
        Ok(Publisher { vendor, signers, agent, agent_certificate, work })
    }

    /// A folder for projects, which goes with it.
    pub fn work(&self) -> &Path {
        self.work.path()
    }

    pub fn repository(&self) -> PathBuf {
        self.vendor.repository()
    }

    pub fn certificate(&self) -> PathBuf {
        self.vendor.keys().join("certificate.pgp")
    }

    pub fn consign(&self, arguments: &[&str]) -> Result<()> {
        self.vendor.consign(arguments)?;
        Ok(())
    }

    /// Builds and publishes a release project.
    pub fn publish(&self, project: &Path) -> Result<()> {
        let (manifest, dist) = (project.join("consign.toml"), project.join("dist"));
        let table = self.signers.table(project)?;
        let whole = fs_err::read_to_string(&manifest)?;
        fs_err::write(&manifest, format!("{whole}{table}"))?;
        let (manifest, output) = (text(&manifest), text(&dist));
        let key = text(&self.vendor.keys().join("package.secret.pgp"));
        self.consign(&["build", "--manifest", &manifest, "--output", &output, "--key", &key])?;
        let (repository, keys) = (text(&self.repository()), text(&self.vendor.keys()));
        let (agent, certificate) = (text(&self.agent), text(&self.agent_certificate));
        let mut arguments = vec!["publish", "--manifest", &manifest, "--folder", &repository, "--keys", &keys];
        arguments.extend(["--agent", &agent, "--agent-certificate", &certificate, "--valid-for", VALID_FOR]);
        let packages: Vec<String> =
            fs_err::read_dir(&dist)?.map(|entry| Ok(text(&entry?.path()))).collect::<Result<_>>()?;
        arguments.extend(packages.iter().filter(|path| path.ends_with(".msi")).map(String::as_str));
        self.consign(&arguments)
    }

    /// The repository as a web server shows it, and what everybody may know of the keys.
    pub fn write_to(&self, folder: &Path) -> Result<()> {
        self.copy_repository(&folder.join("repository"))?;
        fs_err::create_dir_all(folder.join("vendor"))?;
        for file in ["certificate.pgp", "roles.json"] {
            fs_err::copy(self.vendor.keys().join(file), folder.join("vendor").join(file))?;
        }
        Ok(())
    }

    /// The same without what is the store's own, and served to nobody.
    pub fn copy_repository(&self, to: &Path) -> Result<()> {
        copy(&self.repository(), to)?;
        Ok(fs_err::remove_dir_all(to.join(".consign"))?)
    }
}

/// Packages `consignee` with a program that does nothing, older than every real one: the real one is too large to
/// be kept, and the agent that finishes a golden host is that of the tree.
fn stand_in(vendor: &Vendor, signers: &Signers, work: &Path) -> Result<(PathBuf, PathBuf)> {
    let (keys, binaries) = (work.join("keys"), work.join("programs"));
    new_keys(vendor, "consign", &keys)?;
    fs_err::create_dir_all(&binaries)?;
    compile(&binaries.join("consignee.exe"))?;
    let (programs, key, output) = (text(&binaries), text(&keys.join("package.secret.pgp")), text(work));
    let (chain, signer) = (signers.path("chain.pem"), signers.path("signer.key"));
    vendor.consign(&[
        "agent-package",
        "--format",
        "msi",
        "--binaries",
        &programs,
        "--version",
        "0.0.1-1",
        "--key",
        &key,
        "--windows-certificate",
        &chain,
        "--windows-key",
        &signer,
        "--output",
        &output,
    ])?;
    Ok((work.join("consignee-0.0.1-1.x64.msi"), keys.join("certificate.pgp")))
}

fn compile(program: &Path) -> Result<()> {
    let source = program.with_extension("c");
    fs_err::write(&source, "int main(void) { return 0; }\n")?;
    let status = Command::new("x86_64-w64-mingw32-gcc").args(["-Os", "-s", "-o"]).arg(program).arg(&source).status()?;
    fs_err::remove_file(source)?;
    if status.success() { Ok(()) } else { Err("gcc cannot compile a program that does nothing".into()) }
}

fn new_keys(vendor: &Vendor, name: &str, folder: &Path) -> Result<()> {
    let folder = folder.display().to_string();
    vendor.consign(&[&["key", "new", "--vendor", name, "--folder", &folder], &LASTING_KEY[..]].concat())?;
    Ok(())
}

pub fn copy(from: &Path, to: &Path) -> Result<()> {
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

pub fn text(path: &Path) -> String {
    path.display().to_string()
}
