//! A small release project in a folder of its own, and keys to sign it with.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use consign::build::{Built, Release};
use consign::manifest::{Project, Strictness};
use consign::sign::{Algorithm, KeyFile, KeyFiles, KeyRequest, VendorKeys, write_keys};
use jiff::Timestamp;
use tempfile::TempDir;

/// The manifest of the sample; tests replace parts of it.
pub const MANIFEST: &str = r#"vendor = "acme"

[product]
name = "erp"
version = "1.1.0"
summary = "example ERP"
description = "One paragraph.\n\nAnother."
maintainer = "Acme <packages@acme.example>"

[[module]]
package = "acme-erp"
depends.deb = ["python3"]
files = [{ from = "tree/", to = "/opt/acme-erp" }, { from = "erp.conf", to = "/etc/acme/erp.conf", config = true }]
units = ["erp.service"]

[options.edition]
allowed = ["core", "pro"]
default = "core"

[[step]]
name = "init"
run = ["/opt/acme-erp/bin/init", "--edition={option.edition}", "{to}"]

[[health]]
http = "http://127.0.0.1:8080/health"

[notes]
acknowledge = ["1.1.0"]
"#;

/// A release project.
pub struct Sample {
    folder: TempDir,
}

impl Sample {
    /// The sample as it builds.
    pub fn new() -> Self {
        let sample = Self { folder: tempfile::tempdir().unwrap() };
        sample.write("consign.toml", MANIFEST);
        sample.write("erp.conf", "port = 8080\n");
        sample.write("erp.service", "[Unit]\nDescription=ERP\n\n[Service]\nExecStart=/opt/acme-erp/bin/init\n");
        sample.write("tree/bin/init", "#!/bin/sh\nexit 0\n");
        fs::set_permissions(sample.path().join("tree/bin/init"), PermissionsExt::from_mode(0o755)).unwrap();
        sample.write("notes/1.1.0.en.md", "# 1.1.0\n\nNew.\n");
        sample.write("notes/1.1.0.fr.md", "# 1.1.0\n\nNouveau.\n");
        sample
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn manifest_path(&self) -> PathBuf {
        self.path().join("consign.toml")
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Replaces a part of the manifest that must be there.
    pub fn replace(&self, part: &str, with: &str) -> &Self {
        let manifest = fs::read_to_string(self.manifest_path()).unwrap();
        assert!(manifest.contains(part), "{part}");
        self.write("consign.toml", &manifest.replacen(part, with, 1));
        self
    }

    pub fn load(&self) -> Project {
        Project::load(&self.manifest_path(), Strictness::Lenient).unwrap()
    }

    /// What is wrong with the manifest, without the path of the file.
    pub fn fault(&self, strictness: Strictness) -> String {
        let text = Project::load(&self.manifest_path(), strictness).unwrap_err().to_string();
        text.replace(&self.manifest_path().display().to_string(), "consign.toml")
    }

    pub fn build(&self, signer: &KeyFile) -> Built {
        self.build_at(signer, Timestamp::from_second(1_700_000_000).unwrap())
    }

    pub fn build_at(&self, signer: &KeyFile, time: Timestamp) -> Built {
        let release = Release::prepare(&self.load()).unwrap();
        let mut built = release.build(signer, time, &self.path().join("dist"), &mut |_| {}).unwrap();
        assert_eq!(built.len(), 1);
        built.remove(0)
    }
}

/// Keys of the vendor acme, unprotected.
pub struct Keys {
    _folder: TempDir,
    pub files: KeyFiles,
}

impl Keys {
    pub fn new(algorithm: Algorithm) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let request = KeyRequest {
            user_id: "Acme <packages@acme.example>".to_owned(),
            algorithm,
            valid_for: Duration::from_secs(365 * 86400),
            now: SystemTime::now() - Duration::from_secs(60),
        };
        let keys = VendorKeys::generate(&request).unwrap();
        let files = write_keys(&folder.path().join("keys"), &"acme".parse().unwrap(), &keys, None).unwrap();
        Self { _folder: folder, files }
    }

    pub fn package(&self) -> KeyFile {
        KeyFile::open(&self.files.package_secret, || Err("not asked for".to_owned())).unwrap()
    }

    pub fn index(&self) -> KeyFile {
        KeyFile::open(&self.files.index_secret, || Err("not asked for".to_owned())).unwrap()
    }
}

/// Runs a program to its end.
pub fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().unwrap_or_else(|e| panic!("cannot run {program}: {e}"))
}

/// Runs a program that must succeed, and gives what it wrote to standard output.
pub fn output_of(program: &str, arguments: &[&str]) -> String {
    let output = run(program, arguments);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {}\n{text}{errors}", output.status);
    text
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
