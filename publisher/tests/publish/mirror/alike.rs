//! Packages of an archive that are the same bytes under several names.

use std::io::Write;

use super::memory::Archive;
use super::server::{Server, Twist};
use crate::project::{consign, ok};

const INDEX: &str = "main/binary-amd64/Packages";

#[test]
fn the_same_bytes_under_several_names_are_fetched_once_and_carried_under_each() {
    let archive = Archive::new();
    let (digest, size) = archive.digest("one");
    let mut text = archive.file(&format!("dists/alike/{INDEX}"));
    for name in ["one", "other", "third"] {
        std::fs::write(archive.root().join(name), "one").unwrap();
        writeln!(text, "Package: {name}\nVersion: 1-1\nArchitecture: amd64\nFilename: {name}").unwrap();
        writeln!(text, "Size: {size}\nSHA256: {digest}\n").unwrap();
    }
    drop(text);
    archive.sign("alike", &[INDEX]);
    let server = Server::of(archive.root(), |_, _| Twist::Honest);
    let slice = archive.scene.site().join("slice");
    let mut command = consign();
    command.args(["mirror", "apt", &server.url()]).arg(&slice).args(["--suite", "alike", "--keyring"]);
    ok(command.arg(archive.scene.project.certificate()));
    for name in ["one", "other", "third"] {
        assert_eq!(std::fs::read(slice.join(name)).unwrap(), b"one", "{name}");
    }
    let packages = server.asked().iter().filter(|asked| !asked.starts_with("/dists")).count();
    assert_eq!(packages, 1, "{:?}", server.asked());
}
