//! A release project on disk, driven by the real command.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use consign::sign::KeyFiles;

/// A project with keys, and a product of one module and one note.
pub struct Project {
    folder: tempfile::TempDir,
    /// Where hosts find it.
    pub url: String,
    /// A line of the manifest about its formats.
    pub formats: &'static str,
}

/// The command that is tested.
pub fn consign() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_consign"));
    command.env_remove("CONSIGN_PASSPHRASE");
    command
}

impl Project {
    /// A project of the vendor acme.
    pub fn new() -> Self {
        let project = Self::bare();
        project.keys("keys", "acme", 365);
        project
    }

    /// The same without keys.
    pub fn bare() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = Self { folder, url: "https://packages.acme.example".to_owned(), formats: "" };
        project.write("app/erp", "#!/bin/sh\necho erp\n");
        project.note("1.0.0", "The first release.");
        project
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// The repository.
    pub fn public(&self) -> PathBuf {
        self.path("public")
    }

    pub fn certificate(&self) -> PathBuf {
        KeyFiles::in_folder(&self.path("keys")).certificate
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn note(&self, version: &str, text: &str) {
        self.write(&format!("notes/{version}.en.md"), text);
    }

    pub fn keys(&self, folder: &str, vendor: &str, days: u32) {
        let days = days.to_string();
        let arguments = ["key", "new", "--vendor", vendor, "--folder", folder, "--algorithm", "ed25519"];
        ok(consign().current_dir(self.root()).args(arguments).args(["--valid-days", &days, "--no-passphrase"]));
    }

    /// Writes the manifest of a version of a product, and builds it into `dist`.
    pub fn build(&self, product: &str, version: &str) -> Vec<PathBuf> {
        self.build_with(product, version, "", &[])
    }

    /// The same with further lines in the manifest and further arguments.
    pub fn build_with(&self, product: &str, version: &str, more: &str, arguments: &[&str]) -> Vec<PathBuf> {
        self.manifest(product, version, more);
        let built = ok(self.command("build", arguments).arg("--json"));
        let built: serde_json::Value = serde_json::from_slice(&built.stdout).unwrap();
        let packages = built["packages"].as_array().unwrap();
        packages.iter().map(|package| self.path(package["path"].as_str().unwrap())).collect()
    }

    pub fn manifest(&self, product: &str, version: &str, more: &str) {
        let manifest = format!(
            "vendor = \"acme\"\n\
             [product]\nname = \"{product}\"\nversion = \"{version}\"\nsummary = \"an example\"\n\
             maintainer = \"Acme <packages@acme.example>\"\nsupported_from = \"1.0.0\"\n{}\
             [[module]]\npackage = \"acme-{product}\"\n\
             files = [{{ from = \"app/\", to = \"/opt/acme-{product}\" }}]\n\
             [notes]\n[repository]\nurl = \"{}\"\n{more}",
            self.formats, self.url
        );
        self.write("consign.toml", &manifest);
    }

    /// A command in the folder of the project.
    pub fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = consign();
        command.current_dir(self.root()).arg(name).args(arguments);
        command
    }

    /// Publishes the release that was built last.
    pub fn publish(&self, arguments: &[&str]) -> Output {
        self.command("publish", arguments).output().unwrap()
    }

    /// Publishes, and tells what was done.
    pub fn published(&self, arguments: &[&str]) -> serde_json::Value {
        let output = ok(self.command("publish", arguments).arg("--json"));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Verifies the repository.
    pub fn verify(&self, arguments: &[&str]) -> Output {
        self.command("verify", arguments).output().unwrap()
    }

    /// Every file of the repository with its content.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        if self.public().exists() {
            collect(&self.public(), &self.public(), &mut files);
        }
        files
    }
}

/// Every file below a folder but what a store keeps for itself.
pub fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().display().to_string();
        if name == ".consign" {
            continue;
        } else if path.is_dir() {
            collect(root, &path, files);
        } else {
            files.insert(name, std::fs::read(&path).unwrap());
        }
    }
}

/// Runs a command that must succeed.
#[track_caller]
pub fn ok(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}\n{}\n{}", out(&output), err(&output));
    output
}

pub fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
