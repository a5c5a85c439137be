//! The machine's own apt, with a configuration and a state of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::project::{err, ok, out};

/// An apt that knows one repository and nothing of the machine it runs on.
pub struct Apt {
    folder: tempfile::TempDir,
}

impl Apt {
    /// Subscribed to the channel `stable` at an address, by a certificate.
    pub fn new(url: &str, certificate: &Path) -> Self {
        let apt = Self { folder: tempfile::tempdir().unwrap() };
        for folder in ["etc/sources.list.d", "etc/preferences.d", "etc/apt.conf.d", "lists/partial", "archives/partial"]
        {
            std::fs::create_dir_all(apt.path(folder)).unwrap();
        }
        apt.write("status", "");
        // The machine may have switched the checks of dates off, and then proves nothing.
        let configuration = format!(
            "Dir::Etc \"{0}/etc\";\nDir::State \"{0}\";\nDir::State::Lists \"{0}/lists\";\nDir::State::status \"{0}/status\";\n\
             Dir::Cache \"{0}\";\nDir::Cache::archives \"{0}/archives\";\nDir::Log \"{0}\";\n\
             APT::Architecture \"amd64\";\nAPT::Architectures \"amd64\";\nAPT::Sandbox::User \"root\";\n\
             Acquire::Check-Valid-Until \"true\";\nAcquire::Check-Date \"true\";\nAPT::Update::Error-Mode \"any\";\n\
             Acquire::Retries \"0\";\n",
            apt.folder.path().display()
        );
        apt.write("apt.conf", &configuration);
        let source = format!(
            "Types: deb\nURIs: {url}\nSuites: stable\nComponents: main\nSigned-By: {}\n",
            certificate.display()
        );
        apt.write("etc/sources.list.d/acme.sources", &source);
        apt
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.env("APT_CONFIG", self.path("apt.conf")).env("LC_ALL", "C").current_dir(self.folder.path());
        command.args(arguments);
        command
    }

    pub fn update(&self) -> Output {
        self.command("apt-get", &["update"]).output().unwrap()
    }

    #[track_caller]
    pub fn updated(&self) -> String {
        let output = ok(&mut self.command("apt-get", &["update"]));
        assert!(!err(&output).contains("W: ") && !err(&output).contains("E: "), "{}", err(&output));
        out(&output)
    }

    /// Downloads a package, verified by the index.
    #[track_caller]
    pub fn download(&self, package: &str) -> Vec<PathBuf> {
        ok(&mut self.command("apt-get", &["download", package]));
        let files = std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|extension| extension == "deb")).collect()
    }

    pub fn policy(&self, package: &str) -> String {
        out(&ok(&mut self.command("apt-cache", &["policy", package])))
    }

    /// The version that would be installed.
    pub fn candidate(&self, package: &str) -> Option<String> {
        let policy = self.policy(package);
        let line = policy.lines().find_map(|line| line.trim().strip_prefix("Candidate: "));
        line.filter(|version| *version != "(none)").map(str::to_owned)
    }
}
