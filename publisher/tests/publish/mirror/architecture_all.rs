//! Packages for all architectures, which an archive lists by themselves, with those of each architecture, or both.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Output;

use super::memory::Archive;
use super::server::{Server, Twist};
use crate::project::{consign, err};

const OWN: &str = "main/binary-amd64/Packages";
const ALL: &str = "main/binary-all/Packages";

/// An archive that lists a package with those of an architecture, and another one by itself.
fn archive(lines: &str) -> Archive {
    let archive = Archive::new();
    let (digest, size) = archive.digest("one");
    for (index, name) in [(OWN, "one"), (ALL, "other")] {
        fs::write(archive.root().join(name), "one").unwrap();
        let mut text = archive.file(&format!("dists/some/{index}"));
        writeln!(text, "Package: {name}\nVersion: 1-1\nArchitecture: all\nFilename: {name}").unwrap();
        writeln!(text, "Size: {size}\nSHA256: {digest}\n").unwrap();
    }
    archive.sign_with(lines, "some", &[OWN, ALL]);
    archive
}

fn sync(archive: &Archive, server: &Server, slice: &Path) -> Output {
    let mut command = consign();
    command.args(["mirror", "apt", &server.url()]).arg(slice).args(["--suite", "some", "--keyring"]);
    command.arg(archive.scene.project.certificate()).args(["--retries", "1", "--deadline", "3"]).output().unwrap()
}

#[test]
fn a_list_that_apt_does_not_ask_for_is_not_asked_for_either() {
    for (lines, asks) in [
        ("", true),
        ("No-Support-for-Architecture-all: Contents\n", true),
        ("No-Support-for-Architecture-all: Packages\n", false),
        ("No-Support-for-Architecture-all: Contents Packages\n", false),
    ] {
        let archive = archive(lines);
        let server = Server::of(archive.root(), |_, _| Twist::Honest);
        let slice = archive.scene.site().join("slice");
        let done = sync(&archive, &server, &slice);
        assert!(done.status.success(), "{lines}{}", err(&done));
        assert!(slice.join("one").exists() && slice.join("other").exists() == asks, "{lines}");
        assert_eq!(server.asked().contains(&format!("/dists/some/{ALL}")), asks, "{lines}");
    }
}
