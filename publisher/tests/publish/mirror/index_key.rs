//! A thief who has the key of the indexes, and not the one of the packages: what the indexes say of a package is
//! taken only where the package says the same.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use consign::sign::{KeyFile, KeyFiles, OpenPgpSigner};
use consign::trust::Trust;
use consign_metadata::digest::Sha256;
use consign_metadata::document::Role;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::scene::Scene;
use crate::project::err;

const DIST: &str = "dists/stable";
const HEAD: &str = "consign/stable/feed.pgp";

/// A repository of two releases that is signed anew.
struct Thief<'a> {
    scene: &'a Scene,
    root: PathBuf,
    key: KeyFile,
}

impl<'a> Thief<'a> {
    fn of(scene: &'a Scene) -> Self {
        let files = KeyFiles::in_folder(&scene.project.path("keys"));
        let key = KeyFile::open(&files.index_secret, || Err("no passphrase is needed".to_owned())).unwrap();
        Self { scene, root: scene.project.public(), key }
    }

    /// Says something else of the packages of apt.
    fn lists(&self, change: impl Fn(&str) -> String) {
        let dist = self.root.join(DIST);
        let mut release = fs::read_to_string(dist.join("Release")).unwrap();
        for architecture in ["amd64", "arm64"] {
            let folder = dist.join(format!("main/binary-{architecture}"));
            let (packed, mut text) = (fs::read(folder.join("Packages.gz")).unwrap(), String::new());
            GzDecoder::new(&*packed).read_to_string(&mut text).unwrap();
            let other = change(&text);
            assert_ne!(other, text);
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(other.as_bytes()).unwrap();
            let repacked = encoder.finish().unwrap();
            release = release.replace(&listed(text.as_bytes()), &listed(other.as_bytes()));
            release = release.replace(&listed(&packed), &listed(&repacked));
            fs::write(folder.join("Packages.gz"), &repacked).unwrap();
            fs::write(folder.join("by-hash/SHA256").join(Sha256::of(&repacked).to_string()), &repacked).unwrap();
        }
        fs::write(dist.join("Release"), &release).unwrap();
        fs::write(dist.join("InRelease"), self.key.cleartext(release.as_bytes()).unwrap()).unwrap();
        fs::write(dist.join("Release.gpg"), self.key.detached(&mut release.as_bytes()).unwrap()).unwrap();
        self.feeds(|_| ());
    }

    /// Says something else of the releases of the product, and the truth of the entry points.
    fn feeds(&self, change: impl Fn(&mut Value)) {
        let trust = Trust::beside(&self.scene.project.certificate()).unwrap();
        let head = fs::read(self.root.join(HEAD)).unwrap();
        let signed = trust.keyring(Role::Index).unwrap().verify_message(&head, 1 << 20).unwrap();
        let mut feed: Value = serde_json::from_slice(&signed.bytes).unwrap();
        let shard = &mut feed["shards"]["erp"];
        let mut said: Value = serde_json::from_slice(&fs::read(self.at(shard)).unwrap()).unwrap();
        change(&mut said);
        let bytes = serde_json::to_vec(&said).unwrap();
        shard["path"] = format!("consign/shards/{}.json", Sha256::of(&bytes)).into();
        fs::write(self.at(shard), &bytes).unwrap();
        self.measured(shard);
        feed["entry_points"]["current"].as_array_mut().unwrap().iter_mut().for_each(|file| self.measured(file));
        fs::write(self.root.join(HEAD), self.key.message(&serde_json::to_vec(&feed).unwrap()).unwrap()).unwrap();
        // It brings the files as they were.
        let _ = fs::remove_file(self.root.join("consign/stable/changes.tar.gz"));
    }

    fn at(&self, file: &Value) -> PathBuf {
        self.root.join(file["path"].as_str().unwrap())
    }

    fn measured(&self, file: &mut Value) {
        let bytes = fs::read(self.at(file)).unwrap();
        (file["sha256"], file["size"]) = (Sha256::of(&bytes).to_string().into(), bytes.len().into());
    }
}

/// A line of `Release` but for the name of the file.
fn listed(bytes: &[u8]) -> String {
    format!("{} {} ", Sha256::of(bytes), bytes.len())
}

/// The mirror has the release before, and stays at it.
#[track_caller]
fn is_refused(lie: impl Fn(&Thief<'_>), words: &str) {
    let scene = Scene::new();
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    scene.release("erp", "1.1.0");
    let (before, thief) = (scene.files(), Thief::of(&scene));
    lie(&thief);
    let refused = scene.sync(&[]);
    assert_eq!(refused.status.code(), Some(3), "{}", err(&refused));
    assert!(err(&refused).contains(words), "{}", err(&refused));
    let offered = |name: &String| Path::new(name).extension().is_some_and(|end| end == "deb") || name.ends_with(HEAD);
    let visible = |files: std::collections::BTreeMap<String, Vec<u8>>| {
        files.into_iter().filter(|(name, _)| offered(name)).collect::<Vec<_>>()
    };
    assert!(visible(scene.files()) == visible(before), "the mirror has changed");
}

#[test]
fn without_a_lie_what_was_signed_anew_is_taken() {
    let scene = Scene::new();
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    scene.release("erp", "1.1.0");
    Thief::of(&scene).lists(|text| format!("{text}\n"));
    scene.synced(&[]);
    assert!(scene.files().keys().any(|name| name.ends_with("acme-erp_1.1.0-1_all.deb")));
}

#[test]
fn a_package_under_the_version_of_a_newer_one_is_refused() {
    let newer = |text: &str| text.replace("\nVersion: 1.1.0-1\n", "\nVersion: 1.2.0-1\n");
    is_refused(|thief| thief.lists(newer), "it is another package than the index says");
}

#[test]
fn a_package_that_is_listed_a_second_time_as_a_newer_one_is_refused() {
    let twice = |text: &str| {
        let old = text.split("\n\n").find(|stanza| stanza.contains("\nVersion: 1.0.0-1\n")).unwrap();
        format!("{}\n\n{}\n\n", text.trim_end(), old.replace("\nVersion: 1.0.0-1\n", "\nVersion: 1.2.0-1\n"))
    };
    is_refused(|thief| thief.lists(twice), "the indexes do not mean the same by this name");
}

#[test]
fn a_release_with_the_plan_of_another_one_is_refused() {
    let other_plan = |shard: &mut Value| {
        let (plan, file) = (shard["releases"][0]["plan"].clone(), shard["releases"][0]["plan_file"].clone());
        (shard["releases"][1]["plan"], shard["releases"][1]["plan_file"]) = (plan, file);
    };
    is_refused(|thief| thief.feeds(other_plan), "it does not carry the plan that the feed names");
}
