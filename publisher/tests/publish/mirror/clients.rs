//! Package managers that know nothing but the mirror.

use std::process::Command;

use super::scene::Scene;
use crate::apt::Apt;
use crate::dnf::Dnf;
use crate::formats::BOTH;
use crate::nginx::Nginx;
use crate::project::{consign, ok};
use crate::yum::key;

#[test]
fn apt_and_dnf_read_a_mirror_and_a_mirror_of_a_mirror_at_an_address_of_its_own() {
    let scene = Scene::with(BOTH);
    scene.release("erp", "1.0.0");
    scene.release("erp", "1.1.0");
    let first = Nginx::of(&scene.mirror());
    scene.synced(&["--url", &first.url()]);
    let second_folder = scene.site().join("second");
    let second = Nginx::of(&second_folder);
    let mut command = consign();
    command.args(["mirror", "sync", &first.url()]).arg(&second_folder).args(["--url", &second.url(), "--certificate"]);
    ok(command.arg(scene.project.certificate()));
    let asked = scene.asked(0).len();
    let key = key(&scene.project);
    for server in [&first, &second] {
        let apt = Apt::new(&server.url(), &scene.project.certificate());
        apt.updated();
        assert_eq!(apt.candidate("acme-erp").as_deref(), Some("1.1.0-1"));
        apt.download("acme-erp");
        let dnf = Dnf::new(&format!("mirrorlist={}/yum/stable/mirrors", server.url()), &key);
        assert!(dnf.says(&["repoquery", "acme-erp"]).contains("acme-erp-0:1.1.0-1.noarch"));
        assert!(!server.requests().contains(" 404 "), "{}", server.requests());
    }
    assert_eq!(scene.asked(asked), Vec::<String>::new(), "a client asked the vendor");
}

#[test]
fn a_proxy_of_the_environment_is_the_way_out() {
    let scene = Scene::new();
    scene.release("erp", "1.0.0");
    let proxy = super::server::Server::proxy(scene.project.public());
    let mut command: Command = consign();
    command.args(["mirror", "sync", "http://packages.acme.example"]).arg(scene.mirror()).arg("--certificate");
    command.arg(scene.project.certificate()).env("http_proxy", proxy.url());
    ok(&mut command);
    assert!(proxy.asked().iter().any(|asked| asked == "http://packages.acme.example/consign/stable/feed.pgp"));
    assert_eq!(scene.findings(), Vec::<String>::new());
}

#[test]
fn packages_for_windows_come_along_with_everything_that_the_feed_says_of_them() {
    let scene = Scene::with("formats = [\"deb\", \"msi\"]\n");
    scene.project.write("win/erp.exe", "MZ, as it were\n");
    for version in ["1.0.0", "1.1.0"] {
        scene.project.note(version, "A release.");
        crate::windows::build(&scene.project, version);
        scene.project.published(&[]);
        scene.synced(&[]);
        assert_eq!(scene.findings(), Vec::<String>::new());
    }
    let (vendors, files) = (scene.project.files(), scene.files());
    // Nobody has signed winget's manifests, and they name the vendor's address.
    let carried = vendors.into_iter().filter(|(name, _)| !name.starts_with("windows/winget/"));
    for (name, bytes) in carried {
        assert!(files.get(&name) == Some(&bytes), "{name} is missing or another one");
    }
    assert!(files.contains_key("windows/pool/acme-erp/acme-erp-1.1.0-1.x64.msi"), "{:?}", files.keys());
    assert!(files.contains_key("acme-release.msi"), "{:?}", files.keys());
    let before = scene.asked(0).len();
    scene.synced(&[]);
    assert_eq!(scene.asked(before).len(), 1);
}
