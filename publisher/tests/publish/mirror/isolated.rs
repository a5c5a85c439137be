//! A site without a network: its mirror, what is carried there, and what is found on the way.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use consign::store::DirectoryStore;
use consign::trust::Trust;
use consign::verify::{Scope, examine};
use jiff::Timestamp;
use serde_json::Value;

use super::scene::Scene;
use crate::project::{collect, consign, err, ok, out};

/// A vendor with a mirror that asks it, and a site that nobody reaches but by hand.
pub struct Isolated {
    pub scene: Scene,
    folder: tempfile::TempDir,
}

impl Isolated {
    /// A vendor with a line of the manifest about its formats.
    pub fn with(formats: &'static str) -> Self {
        Self { scene: Scene::with(formats), folder: tempfile::tempdir().unwrap() }
    }

    /// A release that the connected mirror has.
    pub fn release(&self, version: &str) {
        self.scene.release("erp", version);
        self.scene.synced(&[]);
    }

    /// A medium by its name.
    pub fn medium(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The mirror of the site.
    pub fn mirror(&self) -> PathBuf {
        self.folder.path().join("site")
    }

    pub fn export_command(&self, medium: &str, arguments: &[&str]) -> Command {
        let mut command = consign();
        command.args(["mirror", "export"]).arg(self.scene.mirror()).arg("--to").arg(self.medium(medium));
        command.arg("--json").args(arguments);
        command
    }

    /// Exports, and tells what it became.
    #[track_caller]
    pub fn exported(&self, medium: &str, arguments: &[&str]) -> Value {
        serde_json::from_slice(&ok(&mut self.export_command(medium, arguments)).stdout).unwrap()
    }

    pub fn import_command(&self, media: &[PathBuf]) -> Command {
        let mut command = consign();
        command.args(["mirror", "import"]).args(media).arg(self.mirror()).arg("--json").arg("--certificate");
        command.arg(self.scene.project.certificate());
        command
    }

    pub fn import(&self, media: &[&str]) -> Output {
        let media: Vec<_> = media.iter().map(|name| self.medium(name)).collect();
        self.import_command(&media).output().unwrap()
    }

    /// Imports, and tells what became of the channel.
    #[track_caller]
    pub fn imported(&self, media: &[&str]) -> Value {
        let output = self.import(media);
        assert!(output.status.success(), "{}{}", out(&output), err(&output));
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(self.findings(), Vec::<String>::new());
        told["channels"][0].clone()
    }

    /// A refusal, with this status and these words; hosts of the site see what they saw before.
    #[track_caller]
    pub fn refused(&self, media: &[&str], status: i32, words: &str) -> String {
        let before = self.visible();
        let output = self.import(media);
        assert_eq!(output.status.code(), Some(status), "{}{}", out(&output), err(&output));
        // Lines are broken where the terminal ends.
        let said = err(&output).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(words), "{said}");
        assert!(before == self.visible(), "hosts see something else");
        said
    }

    /// Every file of the site's mirror with its content.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        files(&self.mirror())
    }

    /// What decides which generation hosts see.
    fn visible(&self) -> BTreeMap<String, Vec<u8>> {
        let is_entry = |name: &String| {
            ["Release", "InRelease", "Release.gpg", "feed.pgp", "mirrors"].iter().any(|end| name.ends_with(end))
        };
        self.files().into_iter().filter(|(name, _)| is_entry(name)).collect()
    }

    /// Everything that is wrong with the site's mirror for its readers.
    pub fn findings(&self) -> Vec<String> {
        let trust = Trust::beside(&self.scene.project.certificate()).unwrap();
        let store = DirectoryStore::at(self.mirror());
        let channel = "stable".parse().unwrap();
        let report = examine(&store, &trust, &channel, Timestamp::now(), Scope::Everything).unwrap();
        report.findings.iter().map(ToString::to_string).collect()
    }
}

/// Every file below a folder that is not hidden, with its content.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    if folder.exists() {
        collect(folder, folder, &mut files);
    }
    files
}
