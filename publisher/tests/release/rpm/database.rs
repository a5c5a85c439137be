//! A database of rpm in a folder, with the certificates it trusts and what it has installed.

use std::path::{Path, PathBuf};
use std::process::Output;

use tempfile::TempDir;

use crate::sample::{output_of, run, text};

pub struct Database(TempDir);

impl Database {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn trusting(certificate: &Path) -> Self {
        let database = Self::new();
        output_of("rpmkeys", &["--define", &database.define(), "--import", text(certificate)]);
        database
    }

    fn define(&self) -> String {
        format!("_dbpath {}/db", self.0.path().display())
    }

    /// What `rpmkeys` says of a package, and whether it is content. Of an unsigned one it is: whoever asks
    /// must look for the word "signatures".
    pub fn check(&self, package: &Path) -> (bool, String) {
        let output = run("rpmkeys", &["--define", &self.define(), "-K", text(package)]);
        (output.status.success(), said(&output))
    }

    /// Installs without scriptlets, below a root of its own.
    pub fn install(&self, package: &Path) -> String {
        let root = self.root();
        let fixed = ["--root", text(&root), "--nodeps", "--noscripts", "--notriggers", "--nosignature", "-U"];
        let output = run("rpm", &[&fixed[..], &[text(package)]].concat());
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    }

    pub fn root(&self) -> PathBuf {
        let root = self.0.path().join("root");
        std::fs::create_dir_all(&root).unwrap();
        root
    }

    pub fn rpm(&self, arguments: &[&str]) -> Output {
        run("rpm", &[&["--root", text(&self.root())], arguments].concat())
    }
}

pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}
