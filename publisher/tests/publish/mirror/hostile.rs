//! Servers that want to keep a mirror busy, fill its disk, or lead it astray.

use std::time::{Duration, Instant};

use consign::feed::Changes;
use consign::package::SignedPackage;
use consign::store::Key;
use consign::trust::Trust;
use consign_metadata::document::Role;

use super::scene::Scene;
use super::server::{Server, Twist};
use crate::project::{consign, err, ok, out};

const PACKAGE: &str = "pool/main/a/acme-erp/acme-erp_1.1.0-1_all.deb";
const RELEASE: &str = "dists/stable/InRelease";
const HEAD: &str = "consign/stable/feed.pgp";
const CHANGES: &str = "consign/stable/changes.tar.gz";

/// A mirror with one generation, and a vendor with the next.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    scene.release("erp", "1.1.0");
    scene
}

/// From a server that does this to one file, which it sends alone, the mirror takes nothing, says why, and soon.
#[track_caller]
fn refuses(scene: &Scene, place: &'static str, twist: &Twist, status: i32, words: &str) {
    let (before, since) = (scene.files(), Instant::now());
    let twist = twist.clone();
    let script = move |path: &str, _| match path {
        path if path == place => twist.clone(),
        CHANGES => Twist::Status(404),
        _ => Twist::Honest,
    };
    let server = Server::of(scene.project.public(), script);
    let mut command = consign();
    command.args(["mirror", "sync", &server.url()]).arg(scene.mirror());
    let output = command.args(["--retries", "1", "--deadline", "3"]).output().unwrap();
    assert_eq!(output.status.code(), Some(status), "{place}: {}{}", out(&output), err(&output));
    assert!(err(&output).contains(words), "{place}: {}", err(&output));
    assert!(since.elapsed() < Duration::from_secs(60), "{place}: {:?}", since.elapsed());
    let visible = |files: std::collections::BTreeMap<String, Vec<u8>>| {
        files.into_iter().filter(|(name, _)| before.contains_key(name)).collect::<Vec<_>>()
    };
    assert!(visible(scene.files()) == visible(before.clone()), "{place}: the mirror has changed");
    let used = out(&ok(std::process::Command::new("du").arg("-sb").arg(scene.mirror())));
    let used: u64 = used.split_whitespace().next().unwrap().parse().unwrap();
    assert!(used < 1_000_000, "{place}: {used} bytes");
}

#[test]
fn endless_data_is_cut_off() {
    let scene = scene();
    refuses(&scene, HEAD, &Twist::Endless, 1, "more than the 1048576 bytes that are allowed");
    refuses(&scene, RELEASE, &Twist::Endless, 1, "more than the 10000000 bytes that are allowed");
    refuses(&scene, PACKAGE, &Twist::Endless, 1, "bytes that were signed");
}

#[test]
fn a_byte_now_and_then_is_not_waited_for() {
    let scene = scene();
    refuses(&scene, HEAD, &Twist::Drip, 1, "too slow");
    refuses(&scene, PACKAGE, &Twist::Drip, 1, "too slow");
}

#[test]
fn another_server_is_not_followed_unless_it_is_allowed() {
    let scene = scene();
    let elsewhere = Server::of(scene.project.public(), |_, _| Twist::Honest);
    let there = |host: &str, place: &str| elsewhere.url().replace("127.0.0.1", host) + "/" + place;
    refuses(&scene, HEAD, &Twist::Redirect(there("localhost", HEAD)), 3, "the server sends to localhost");
    refuses(&scene, PACKAGE, &Twist::Redirect(there("localhost", PACKAGE)), 3, "the server sends to localhost");
    assert_eq!(elsewhere.asked(), Vec::<String>::new());
    // Around and around on the same host.
    let around = Twist::Redirect(format!("/{PACKAGE}"));
    refuses(&scene, PACKAGE, &around, 3, "again and again");
    let to = there("localhost", PACKAGE);
    let script = move |path: &str, _| if path == PACKAGE { Twist::Redirect(to.clone()) } else { Twist::Honest };
    let server = Server::of(scene.project.public(), script);
    let mut command = consign();
    ok(command.args(["mirror", "sync", &server.url()]).arg(scene.mirror()).args(["--allow-server", "localhost"]));
    assert_eq!(elsewhere.asked(), [format!("/{PACKAGE}")]);
    assert_eq!(scene.findings(), Vec::<String>::new());
}

#[test]
fn what_was_not_signed_is_not_taken_whatever_it_is() {
    let scene = scene();
    let files = scene.project.files();
    let old = scene.files();
    let flipped = |place: &str| {
        let mut bytes = files[place].clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        Twist::Body(bytes)
    };
    refuses(&scene, HEAD, &flipped(HEAD), 3, "cannot trust");
    refuses(&scene, RELEASE, &flipped(RELEASE), 3, RELEASE);
    refuses(&scene, RELEASE, &Twist::Body(old[RELEASE].clone()), 3, "belongs to another one");
    refuses(&scene, "dists/stable/Release.gpg", &flipped("dists/stable/Release.gpg"), 3, "belongs to another one");
    refuses(&scene, PACKAGE, &flipped(PACKAGE), 1, "not what was signed");
    refuses(&scene, PACKAGE, &Twist::Body(b"<html>log in first".to_vec()), 1, "the server sends 18 of ");
    refuses(&scene, PACKAGE, &Twist::Status(404), 1, "it is not there, although the repository names it");
    refuses(&scene, PACKAGE, &Twist::Status(403), 1, "403");
    refuses(&scene, HEAD, &Twist::Status(503), 1, "(asked 2 times)");
    let new = |start: &str| {
        files.keys().find(|name| name.starts_with(start) && !old.contains_key(*name)).cloned().unwrap().leak()
    };
    for place in ["dists/stable/main/binary-amd64/by-hash", "consign/shards/"] {
        let place = &*new(place);
        refuses(&scene, place, &flipped(place), 3, place);
        refuses(&scene, place, &Twist::Endless, 1, "that are allowed");
    }
}

/// When its members were packed is nothing that the signature of a package speaks of.
#[test]
fn a_package_whose_own_signature_holds_is_not_taken_unless_it_is_the_one_that_the_index_names() {
    let scene = scene();
    let mut bytes = scene.project.files()[PACKAGE].clone();
    let time = bytes.windows(16).position(|name| name == b"control.tar.gz  ").unwrap() + 16;
    bytes[time] = if bytes[time] == b'1' { b'2' } else { b'1' };
    let changed = scene.project.path("changed.deb");
    std::fs::write(&changed, &bytes).unwrap();
    let trust = Trust::beside(&scene.project.certificate()).unwrap();
    SignedPackage::open(&changed, &trust.keyring(Role::Package).unwrap()).unwrap();
    refuses(&scene, PACKAGE, &Twist::Body(bytes), 1, "not what was signed");
}

#[test]
fn a_plan_that_was_not_signed_is_not_taken() {
    let scene = scene();
    let (files, old) = (scene.project.files(), scene.files());
    let is_new = |name: &&String| name.starts_with("consign/plans/") && !old.contains_key(*name);
    let plan: &'static str = files.keys().find(is_new).unwrap().clone().leak();
    let mut bytes = files[plan].clone();
    *bytes.last_mut().unwrap() ^= 1;
    refuses(&scene, plan, &Twist::Body(bytes), 1, "not what was signed");
}

/// What a server has put together, with one byte of one file changed.
fn forged(scene: &Scene, place: &str) -> Vec<u8> {
    let mut files = scene.project.files();
    files.retain(|name, _| !["deb", "gz"].iter().any(|end| name.ends_with(end)) || name.contains("/by-hash/"));
    let bytes = files.get_mut(place).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let files: Vec<(Key, Vec<u8>)> = files.into_iter().map(|(name, bytes)| (name.parse().unwrap(), bytes)).collect();
    Changes::of(files.iter().map(|(key, bytes)| (key, &**bytes))).pack().unwrap().unwrap()
}

#[test]
fn what_comes_along_is_verified_as_if_it_had_come_alone() {
    let scene = scene();
    let (files, old) = (scene.project.files(), scene.files());
    let signature = Twist::Body(forged(&scene, "dists/stable/Release.gpg"));
    refuses(&scene, CHANGES, &signature, 3, "Release.gpg belongs to another one");
    // What has its digest for a name is asked for instead, and so is everything where it is of no use at all.
    let shard = files.keys().find(|name| name.starts_with("consign/shards/") && !old.contains_key(*name)).unwrap();
    for twist in [Twist::Body(forged(&scene, shard)), Twist::Body(forged(&scene, RELEASE)), Twist::Endless] {
        let script = move |path: &str, _| if path == CHANGES { twist.clone() } else { Twist::Honest };
        let (server, fresh) = (Server::of(scene.project.public(), script), tempfile::tempdir().unwrap());
        let mut command = consign();
        command.args(["mirror", "sync", &server.url()]).arg(fresh.path().join("mirror")).arg("--certificate");
        ok(command.arg(scene.project.certificate()));
        ok(consign()
            .arg("verify")
            .arg(fresh.path().join("mirror"))
            .arg("--certificate")
            .arg(scene.project.certificate()));
        assert!(server.asked().contains(&format!("/{shard}")), "{:?}", server.asked());
    }
}

#[test]
fn a_server_that_says_when_to_come_again_is_left_alone_until_then_and_not_longer_than_a_file_may_take() {
    let scene = scene();
    let busy = |seconds| {
        move |path: &str, times| match (path == HEAD, times) {
            (true, 0) => Twist::Busy(seconds),
            _ => Twist::Honest,
        }
    };
    let sync = |server: &Server| {
        let mut command = consign();
        command.args(["mirror", "sync", &server.url()]).arg(scene.mirror()).args(["--deadline", "10"]);
        command.output().unwrap()
    };
    let since = Instant::now();
    let never = sync(&Server::of(scene.project.public(), busy(86_400)));
    assert_eq!(never.status.code(), Some(1));
    assert!(err(&never).contains("to come again in 86400 seconds (asked once)"), "{}", err(&never));
    assert!(since.elapsed() < Duration::from_secs(9), "{:?}", since.elapsed());
    let since = Instant::now();
    let soon = sync(&Server::of(scene.project.public(), busy(3)));
    assert!(soon.status.success() && since.elapsed() >= Duration::from_secs(3), "{}", err(&soon));
}
