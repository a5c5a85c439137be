//! A vendor with a repository on a web server, and a site with a mirror of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use consign::store::DirectoryStore;
use consign::trust::Trust;
use consign::verify::{Scope, examine};
use jiff::Timestamp;

use crate::nginx::Nginx;
use crate::project::{Project, collect, consign, err, ok, out};

pub struct Scene {
    pub project: Project,
    pub server: Nginx,
    site: tempfile::TempDir,
}

impl Scene {
    /// A vendor whose releases are debs.
    pub fn new() -> Self {
        Self::with("")
    }

    /// The same with a line of the manifest about its formats.
    pub fn with(formats: &'static str) -> Self {
        let mut project = Project::new();
        let server = Nginx::of(&project.public());
        (project.url, project.formats) = (server.url(), formats);
        Self { project, server, site: tempfile::tempdir().unwrap() }
    }

    /// Builds and publishes a version.
    pub fn release(&self, product: &str, version: &str) {
        self.project.note(version, "A release.");
        self.project.build(product, version);
        self.project.published(&[]);
    }

    /// The mirror.
    pub fn mirror(&self) -> PathBuf {
        self.site.path().join("mirror")
    }

    pub fn site(&self) -> &Path {
        self.site.path()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = consign();
        command.args(["mirror", "sync", &self.server.url()]).arg(self.mirror()).arg("--certificate");
        command.arg(self.project.certificate()).arg("--json").args(arguments);
        command
    }

    pub fn sync(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Brings the mirror up to date, and tells what was done.
    #[track_caller]
    pub fn synced(&self, arguments: &[&str]) -> serde_json::Value {
        serde_json::from_slice(&ok(&mut self.command(arguments)).stdout).unwrap()
    }

    /// A refusal: nothing of the mirror changes, and the words are these.
    #[track_caller]
    pub fn refused(&self, arguments: &[&str], words: &str) {
        let before = self.files();
        let output = self.sync(arguments);
        assert_eq!(output.status.code(), Some(3), "{}{}", out(&output), err(&output));
        assert!(err(&output).contains(words), "{}", err(&output));
        assert!(before == self.files(), "the mirror has changed");
    }

    /// Every file that hosts see, with its content.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        if self.mirror().exists() {
            collect(&self.mirror(), &self.mirror(), &mut files);
        }
        files
    }

    /// Everything that is wrong with the mirror for its readers.
    pub fn findings(&self) -> Vec<String> {
        let trust = Trust::beside(&self.project.certificate()).unwrap();
        let store = DirectoryStore::at(self.mirror());
        let channel = "stable".parse().unwrap();
        let report = examine(&store, &trust, &channel, Timestamp::now(), Scope::Everything).unwrap();
        report.findings.iter().map(ToString::to_string).collect()
    }

    /// What was asked of the vendor's server since so many requests: `GET /path 200`.
    pub fn asked(&self, since: usize) -> Vec<String> {
        let requests = self.server.requests();
        let line = |line: &str| {
            let mut words = line.split('"').skip(1);
            let path = words.next()?.strip_prefix("GET ")?.split(' ').next()?.to_owned();
            let status = words.next()?.split_whitespace().next()?;
            Some(format!("{path} {status}"))
        };
        requests.lines().filter_map(line).skip(since).collect()
    }
}
