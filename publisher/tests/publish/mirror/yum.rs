//! A slice of a repository of yum that nobody says anything of but its signature.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::isolated::files;
use super::scene::Scene;
use super::server::{Server, Twist};
use crate::dnf::Dnf;
use crate::formats::BOTH;
use crate::nginx::Nginx;
use crate::project::{consign, err, ok, out};
use crate::yum::key;

const ENTRANCE: &str = "repodata/repomd.xml";

/// A repository by createrepo_c, signed by gpg, with two packages, and where a slice of it goes.
struct Ordinary {
    scene: Scene,
    repository: PathBuf,
    slice: PathBuf,
    home: tempfile::TempDir,
}

impl Ordinary {
    fn new() -> Self {
        let scene = Scene::with(BOTH);
        let (repository, slice) = (scene.site().join("repository"), scene.site().join("slice"));
        let ordinary = Self { scene, repository, slice, home: tempfile::tempdir().unwrap() };
        let secret = ordinary.scene.project.path("keys/index.secret.pgp");
        ok(ordinary.gpg(&["--import"]).arg(secret));
        ordinary.add("erp", "1.0.0");
        ordinary.add("shop", "1.0.0");
        ordinary.made(1);
        ordinary
    }

    fn gpg(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("gpg");
        command.args(["--batch", "--yes", "--quiet", "--homedir"]).arg(self.home.path()).args(arguments);
        command
    }

    fn add(&self, product: &str, version: &str) {
        self.scene.project.note(version, "A release.");
        std::fs::create_dir_all(self.repository.join("Packages")).unwrap();
        for package in self.scene.project.build(product, version) {
            if package.extension().is_some_and(|extension| extension == "rpm") {
                let name = package.file_name().unwrap();
                std::fs::copy(&package, self.repository.join("Packages").join(name)).unwrap();
            }
        }
    }

    /// Made anew, in the second of this number.
    fn made(&self, second: u64) {
        let revision = (1_700_000_000 + second).to_string();
        let mut command = Command::new("createrepo_c");
        command.args(["--quiet", "--no-database", "--set-timestamp-to-revision", "--revision", &revision]);
        ok(command.arg(&self.repository));
        let entrance = self.repository.join(ENTRANCE);
        ok(Command::new("touch").arg("-d").arg(format!("@{revision}")).arg(entrance));
        ok(self.gpg(&["--detach-sign", "--armor"]).arg(self.repository.join(ENTRANCE)));
    }

    fn command(&self, url: &str, arguments: &[&str]) -> Command {
        let mut command = consign();
        command.args(["mirror", "yum", url]).arg(&self.slice).args(arguments);
        command
    }

    fn sync(&self, url: &str, arguments: &[&str]) -> Output {
        self.command(url, arguments).arg("--keyring").arg(self.scene.project.certificate()).output().unwrap()
    }
}

fn packages(slice: &Path) -> Vec<String> {
    let found = out(&ok(Command::new("find").arg(slice).args(["-name", "*.rpm", "-printf", "%f\n"])));
    let mut found: Vec<_> = found.lines().map(str::to_owned).collect();
    found.sort();
    found
}

#[test]
fn a_slice_of_yum_keeps_its_signature_and_costs_what_changes() {
    let ordinary = Ordinary::new();
    let server = Nginx::of(&ordinary.repository);
    let done = ordinary.sync(&server.url(), &["--package", "acme-erp"]);
    assert!(done.status.success(), "{}", err(&done));
    assert!(out(&done).contains("1 of 2 packages are carried, 1 were fetched"), "{}", out(&done));
    let same = |name: &str| {
        std::fs::read(ordinary.slice.join(name)).unwrap() == std::fs::read(ordinary.repository.join(name)).unwrap()
    };
    assert!(same(ENTRANCE) && same("repodata/repomd.xml.asc"));
    let own = Nginx::of(&ordinary.slice);
    let dnf = Dnf::new(&format!("baseurl={}", own.url()), &key(&ordinary.scene.project));
    assert!(dnf.says(&["repoquery", "acme-erp"]).contains("acme-erp-0:1.0.0-1.noarch"));

    // As a timer types it: what is carried and who may sign is known.
    let asked = |since: usize| server.requests().lines().count() - since;
    let before = asked(0);
    let again = ok(ordinary.command(&server.url(), &["--json"]).args(["--retries", "0"]));
    let again: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!((asked(before), &again["requests"]), (1, &1.into()));
    ordinary.add("erp", "1.1.0");
    ordinary.made(2);
    ok(&mut ordinary.command(&server.url(), &[]));
    assert_eq!(packages(&ordinary.slice), ["acme-erp-1.0.0-1.noarch.rpm", "acme-erp-1.1.0-1.noarch.rpm"]);
    assert!(dnf.makecache().status.success());
    assert!(dnf.says(&["repoquery", "--latest-limit=1", "acme-erp"]).contains("1.1.0-1"));
}

#[test]
fn what_nobody_signed_of_yum_is_refused_and_what_was_there_stays() {
    let ordinary = Ordinary::new();
    let refused = |output: Output, status: i32, words: &str| {
        assert_eq!(output.status.code(), Some(status), "{}{}", out(&output), err(&output));
        assert!(err(&output).contains(words), "{}", err(&output));
    };
    let server = Nginx::of(&ordinary.repository);
    refused(ordinary.command(&server.url(), &[]).output().unwrap(), 3, "--keyring FILE");
    refused(ordinary.sync(&server.url(), &["--package", "nobody"]), 3, "it has no package nobody");
    assert!(!ordinary.slice.join("repodata").exists());
    assert!(ordinary.sync(&server.url(), &["--package", "acme-erp"]).status.success());
    let here = std::fs::read(ordinary.slice.join(ENTRANCE)).unwrap();
    ok(Command::new("cp").arg("-a").arg(&ordinary.repository).arg(ordinary.scene.site().join("old")));
    ordinary.add("erp", "1.1.0");
    ordinary.made(2);
    let twisted = |twist: Twist, place: &'static str| {
        let script = move |path: &str, _| if path.contains(place) { twist.clone() } else { Twist::Honest };
        let server = Server::of(ordinary.repository.clone(), script);
        let known = ordinary.command(&server.url(), &["--retries", "1", "--deadline", "3"]).output().unwrap();
        assert!(std::fs::read(ordinary.slice.join(ENTRANCE)).unwrap() == here, "the entry point has changed");
        known
    };
    refused(twisted(Twist::Status(404), "repomd.xml.asc"), 3, "nobody has signed this repository");
    let old = std::fs::read(ordinary.scene.site().join("old/repodata/repomd.xml.asc")).unwrap();
    refused(twisted(Twist::Body(old), "repomd.xml.asc"), 3, "is being changed");
    refused(twisted(Twist::Body(b"x".to_vec()), "primary.xml"), 3, "primary.xml");
    refused(twisted(Twist::Endless, "acme-erp-1.1.0"), 1, "bytes that were signed");
    assert!(ordinary.command(&server.url(), &[]).status().unwrap().success());
    let old = Nginx::of(&ordinary.scene.site().join("old"));
    refused(ordinary.command(&old.url(), &[]).output().unwrap(), 3, "and this mirror has that of");
}

#[test]
fn what_is_carried_by_hand_is_the_repository_by_its_own_signature() {
    let ordinary = Ordinary::new();
    let server = Nginx::of(&ordinary.repository);
    let keyring = ordinary.scene.project.certificate().display().to_string();
    ok(&mut ordinary.command(&server.url(), &["--keyring", &keyring]));
    let (stick, site) = (ordinary.scene.site().join("stick"), ordinary.scene.site().join("carried"));
    ok(consign().args(["mirror", "export"]).arg(&ordinary.slice).arg("--to").arg(&stick));
    let told = ok(consign().args(["mirror", "import"]).args([&stick, &site]).args(["--keyring", &keyring]));
    assert!(out(&told).contains("2 of 2 packages are carried, 2 came with it"), "{}", out(&told));
    assert!(files(&site) == files(&ordinary.slice));
}
