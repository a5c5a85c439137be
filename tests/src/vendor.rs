//! A vendor's pipeline: keys, builds and publications, all by the real `consign`.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::error::{Doing, LabError, Result};
use crate::lab::Lab;
use crate::outcome::Outcome;
use crate::product::Product;
use crate::root::Userland;

/// Where a vendor's repository is served inside a host; the manifests of the products say the same.
pub const REPOSITORY_PORT: u16 = 8081;

/// Ed25519, because a test that waits for RSA primes proves nothing more; no one is there to type.
const QUICK_KEY: [&str; 3] = ["--algorithm", "ed25519", "--no-passphrase"];

/// A vendor with its keys and its repository, in a folder that goes with it.
#[derive(Debug)]
pub struct Vendor {
    name: String,
    folder: TempDir,
    build: Option<Userland>,
    formats: &'static [&'static str],
}

impl Vendor {
    /// A vendor with fresh keys.
    pub fn new(name: &str) -> Result<Vendor> {
        Vendor::with_keys(name, &["new"], &QUICK_KEY)
    }

    /// A vendor whose keys come from this command of `consign key`, with these options.
    pub fn with_keys(name: &str, command: &[&str], options: &[&str]) -> Result<Vendor> {
        let folder = TempDir::with_prefix(format!("{name}-")).doing("make a vendor's folder")?;
        let vendor = Vendor { name: name.to_owned(), folder, build: None, formats: &["deb"] };
        let keys = text(&vendor.keys());
        vendor.consign(&[&["key"], command, &["--vendor", name, "--folder", &keys], options].concat())?;
        Ok(vendor)
    }

    /// `consign key` on the keys of the vendor.
    pub fn key(&self, arguments: &[&str]) -> Result<Outcome> {
        self.consign(&[&["key"], arguments, &["--folder", &text(&self.keys())]].concat())
    }

    /// Publishes new dates, and whatever else changed, of a release project that is there.
    pub fn renew(&self, project: &Path) -> Result<Outcome> {
        let mut arguments = self.publish_arguments(project, &AgentPackage::current()?);
        arguments.push("--renew".to_owned());
        self.consign(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The same vendor at the work of one build: that for a release of Debian, in a channel of its name.
    pub fn for_userland(self, userland: impl Into<Userland>) -> Vendor {
        Vendor { build: Some(userland.into()), ..self }
    }

    /// The same vendor, whose releases are rpms as well as debs.
    pub fn with_rpms(self) -> Vendor {
        Vendor { formats: &["deb", "rpm"], ..self }
    }

    /// The same vendor, whose releases are rpms and nothing else.
    pub fn with_rpms_only(self) -> Vendor {
        Vendor { formats: &["rpm"], ..self }
    }

    /// The folder of its keys.
    pub fn keys(&self) -> PathBuf {
        self.folder.path().join("keys")
    }

    /// The repository it publishes into.
    pub fn repository(&self) -> PathBuf {
        self.folder.path().join("public")
    }

    /// The package by which a host with apt gets to know the vendor.
    pub fn release_package(&self) -> PathBuf {
        self.release_package_for("deb")
    }

    /// The same in a format: `deb` or `rpm`.
    pub fn release_package_for(&self, format: &str) -> PathBuf {
        let channel = self.build.map_or_else(String::new, |userland| format!("-{}", userland.channel()));
        self.repository().join(format!("{}-release{channel}.{format}", self.name))
    }

    /// Runs `consign`; anything but success is an error with all it said.
    pub fn consign(&self, arguments: &[&str]) -> Result<Outcome> {
        succeeded(self.try_consign(arguments)?)
    }

    /// Runs `consign`, whatever comes of it.
    pub fn try_consign(&self, arguments: &[&str]) -> Result<Outcome> {
        consign(self.folder.path(), &[], arguments)
    }

    /// Runs `consign` with more in its environment; anything but success is an error with all it said.
    pub fn consign_with(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Result<Outcome> {
        succeeded(consign(self.folder.path(), environment, arguments)?)
    }

    /// The release project of a product, written into a folder of the vendor's.
    pub fn project(&self, product: Product) -> Result<PathBuf> {
        let folder = self.folder.path().join(format!("{}-{}", product.name(), product.version()));
        product.write_to(&folder)?;
        if self.has_rpms() {
            let formats = format!("revision = 1\nformats = {:?}\n", self.formats);
            edit(&folder.join("consign.toml"), &[("revision = 1\n", &formats)])?;
        }
        Ok(folder)
    }

    fn has_rpms(&self) -> bool {
        self.formats.contains(&"rpm")
    }

    /// Builds the packages of a release project.
    pub fn build(&self, project: &Path) -> Result<Vec<PathBuf>> {
        let (manifest, output) = (project.join("consign.toml"), project.join("dist"));
        if output.exists() {
            fs_err::remove_dir_all(&output).doing("empty a folder of packages")?;
        }
        let key = self.keys().join("package.secret.pgp");
        let mut arguments = vec!["build".to_owned(), "--manifest".to_owned(), text(&manifest)];
        arguments.extend(["--output".to_owned(), text(&output), "--key".to_owned(), text(&key)]);
        arguments.extend(self.build.iter().flat_map(|userland| ["--build".to_owned(), userland.build().to_owned()]));
        self.consign(&arguments.iter().map(String::as_str).collect::<Vec<_>>())?;
        packages_in(&output)
    }

    /// Publishes packages into the channel `stable`, together with the agent.
    pub fn publish(&self, project: &Path, packages: &[PathBuf]) -> Result<Outcome> {
        let agent = AgentPackage::current()?;
        self.publish_with(project, packages, &agent)
    }

    /// Publishes packages together with this agent.
    pub fn publish_with(&self, project: &Path, packages: &[PathBuf], agent: &AgentPackage) -> Result<Outcome> {
        let mut arguments = self.publish_arguments(project, agent);
        arguments.extend(packages.iter().map(|package| text(package)));
        self.consign(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The arguments of a publication, without the packages.
    pub fn publish_arguments(&self, project: &Path, agent: &AgentPackage) -> Vec<String> {
        let mut arguments: Vec<String> = [
            "publish",
            "--manifest",
            &text(&project.join("consign.toml")),
            "--folder",
            &text(&self.repository()),
            "--keys",
            &text(&self.keys()),
            "--agent",
            &text(&agent.package),
            "--agent-certificate",
            &text(&agent.certificate),
        ]
        .map(str::to_owned)
        .into();
        arguments
            .extend(self.build.iter().flat_map(|userland| ["--channel".to_owned(), userland.channel().to_owned()]));
        if self.has_rpms() {
            let rpm = AgentPackage::rpm().expect("the agent's rpm can be built").package;
            // Before another option: what follows `--agent` is an agent.
            arguments.splice(1..1, ["--agent".to_owned(), text(&rpm)]);
        }
        arguments
    }

    /// Builds and publishes a product: what a release engineer does on a release day.
    pub fn release(&self, product: Product) -> Result<()> {
        self.release_edited(product, &[])
    }

    /// The same with parts of the manifest replaced: (part, with).
    ///
    /// Panics where a part is not there.
    pub fn release_edited(&self, product: Product, edits: &[(&str, &str)]) -> Result<()> {
        let project = self.project(product)?;
        edit(&project.join("consign.toml"), edits)?;
        self.release_project(&project)
    }

    /// Builds and publishes a release project that is there.
    pub fn release_project(&self, project: &Path) -> Result<()> {
        let packages = self.build(project)?;
        self.publish(project, &packages).map(drop)
    }

    /// The project that `consign new` makes, its repository served on this port of a host.
    pub fn new_project(&self, port: u16) -> Result<PathBuf> {
        self.new_example("ledger", &self.name, port)
    }

    /// The same with another of its examples, in a folder of this name.
    pub fn new_example(&self, example: &str, folder: &str, port: u16) -> Result<PathBuf> {
        self.consign(&["new", &self.name, "--example", example, "--folder", folder])?;
        let folder = self.folder.path().join(folder);
        let url = format!("https://packages.{}.example/linux", self.name);
        edit(&folder.join("consign.toml"), &[(&url, &format!("http://127.0.0.1:{port}"))])?;
        Ok(folder)
    }
}

/// Replaces parts of a file: (part, with). Panics where a part is not there.
pub fn edit(file: &Path, edits: &[(&str, &str)]) -> Result<()> {
    let mut text = fs_err::read_to_string(file).doing("edit a file")?;
    for (part, with) in edits {
        assert!(text.contains(part), "{part:?} is not in {text}");
        text = text.replace(part, with);
    }
    fs_err::write(file, text).doing("edit a file")
}

/// The agent's own package, built once for all tests and signed by a key of its own.
#[derive(Clone, Debug)]
pub struct AgentPackage {
    /// The `.deb`.
    pub package: PathBuf,
    /// The certificate that signed it.
    pub certificate: PathBuf,
}

impl AgentPackage {
    /// The agent of this tree, as `scripts/agent` built it.
    pub fn current() -> Result<AgentPackage> {
        AgentPackage::version("0.1.0-1")
    }

    /// The same agent under another version: what a later release of it would be to apt.
    pub fn version(version: &str) -> Result<AgentPackage> {
        AgentPackage::built(version, "deb", &format!("consignee_{version}_amd64.deb"))
    }

    /// The agent of this tree for hosts of rpm.
    pub fn rpm() -> Result<AgentPackage> {
        AgentPackage::built("0.1.0-1", "rpm", "consignee-0.1.0-1.x86_64.rpm")
    }

    fn built(version: &str, format: &str, file: &str) -> Result<AgentPackage> {
        let binaries = Lab::repository().join("target/agent");
        let folder = Lab::folder().join("agent");
        fs_err::create_dir_all(&folder).doing("make a folder for the agent's package")?;
        let lock = fs_err::File::create(folder.join("lock")).doing("lock the agent's package")?;
        lock.file().lock().doing("lock the agent's package")?;
        let keys = folder.join("keys");
        let package = folder.join(file);
        let certificate = keys.join("certificate.pgp");
        if !certificate.exists() {
            let arguments = ["key", "new", "--vendor", "consign", "--folder", &text(&keys)];
            succeeded(consign(&folder, &[], &[&arguments[..], &QUICK_KEY].concat())?)?;
        }
        if !newer(&package, &[&binaries.join("consignee"), &binaries.join("consignee-hook"), &program("consign")])
            || !newer(&package, &files(&Lab::repository().join("client/dist"))?)
        {
            let arguments = [
                "agent-package",
                "--format",
                format,
                "--binaries",
                &text(&binaries),
                "--dist",
                &text(&Lab::repository().join("client/dist")),
                "--version",
                version,
                "--key",
                &text(&keys.join("package.secret.pgp")),
                "--output",
                &text(&folder),
            ];
            succeeded(consign(&folder, &[], &arguments)?)?;
        }
        Ok(AgentPackage { package, certificate })
    }
}

fn consign(folder: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Result<Outcome> {
    let mut command = Command::new(program("consign"));
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1").envs(environment.iter().copied());
    Outcome::of(format!("consign {}", arguments.join(" ")), &mut command)
}

fn succeeded(outcome: Outcome) -> Result<Outcome> {
    match outcome.code {
        0 => Ok(outcome),
        code => Err(LabError::Command { act: "publish", code, stderr: outcome.text(), line: outcome.line }),
    }
}

/// A program of this workspace, built beside the test that asks.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap_or_default();
    test.ancestors().nth(2).unwrap_or(Path::new("")).join(name)
}

fn packages_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found: Vec<_> =
        files(folder)?.into_iter().filter(|f| f.extension().is_some_and(|e| e == "deb" || e == "rpm")).collect();
    found.sort();
    Ok(found)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder).doing("list a folder")?.flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

fn newer<P: AsRef<Path>>(product: &Path, sources: &[P]) -> bool {
    let time = |path: &Path| fs_err::metadata(path).and_then(|m| m.modified()).ok();
    let Some(built) = time(product) else { return false };
    sources.iter().all(|source| time(source.as_ref()).is_some_and(|changed| changed <= built))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
