//! The operator's guide, in both languages, as it is printed there: its web server, and every command of Consign's.

use std::path::Path;
use std::process::Command;

use super::s3::S3;
use super::scene::Scene;
use crate::apt::Apt;
use crate::formats::BOTH;
use crate::nginx::Nginx;
use crate::project::{err, out};

const GUIDES: [&str; 2] = ["mirror-operator.md", "operateur-de-miroir.md"];

/// The configuration that a guide prints, for the folder of a test.
fn configuration(guide: &str, root: &Path) -> String {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(guide);
    let text = std::fs::read_to_string(guide).unwrap();
    let block = text.split("```").find(|block| block.contains("server {")).unwrap();
    let block = block.strip_prefix("nginx").unwrap_or(block);
    assert!(block.contains("listen 80;") && block.contains("root /srv/mirror;"), "{block}");
    block.replace("root /srv/mirror;", &format!("root {};", root.display()))
}

fn head(server: &Nginx, path: &str) -> (u16, Option<String>) {
    let client = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(format!("{}/{path}", server.url())).send().unwrap();
    let caching = answer.headers().get("cache-control").map(|value| value.to_str().unwrap().to_owned());
    (answer.status().as_u16(), caching)
}

#[test]
fn the_nginx_of_the_guide_serves_a_mirror_and_nothing_of_its_own() {
    let scene = Scene::new();
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    for guide in GUIDES {
        let server = Nginx::configured(&configuration(guide, scene.site()));
        let apt = Apt::new(&format!("{}/mirror", server.url()), &scene.project.certificate());
        apt.updated();
        apt.download("acme-erp");
        assert_eq!(head(&server, "mirror/.consign/mirror.json").0, 404, "{guide}");
        assert_eq!(head(&server, "mirror/pool/").0, 403, "{guide}: no list of a folder");
        let (status, caching) = head(&server, "mirror/pool/main/a/acme-erp/acme-erp_1.0.0-1_all.deb");
        assert!(status == 200 && caching.is_some_and(|caching| caching.starts_with("max-age=")), "{guide}");
        let (status, caching) = head(&server, "mirror/dists/stable/InRelease");
        assert_eq!((status, caching.as_deref()), (200, Some("no-cache")), "{guide}");
    }
}

/// The commands of a page: what is typed in its listings, and what its timer runs.
fn commands(page: &str) -> Vec<String> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(page)).unwrap();
    let text = text.replace("\\\n", " ").replace("ExecStart=/usr/bin/", "");
    let lines = text.lines().filter(|line| line.starts_with("consign "));
    // What stands behind is for the reader.
    lines.map(|line| line.split(" #").next().unwrap().trim().to_owned()).collect()
}

/// Types a page on machines where everything is in one folder.
fn typed(page: &str) -> usize {
    let (scene, s3) = (Scene::with(BOTH), S3::start());
    scene.release("erp", "3.25.0");
    for folder in ["media/stick", "etc/systemd/system"] {
        std::fs::create_dir_all(scene.site().join(folder)).unwrap();
    }
    let program = env!("CARGO_BIN_EXE_consign");
    let mut number = 0;
    for line in commands(page) {
        // Slices of what others have signed are typed in tests of their own.
        if ["consign mirror apt", "consign mirror yum"].iter().any(|slice| line.starts_with(slice)) {
            continue;
        }
        let line = line
            .replace("https://packages.acme.example", &scene.server.url())
            .replace("https://s3.site.example", &s3.endpoint())
            .replace("certificate.pgp", &scene.project.certificate().display().to_string())
            .replace("/usr/bin/consign", program)
            .replace(" /srv/", &format!(" {}/srv/", scene.site().display()))
            .replace(" /etc/", &format!(" {}/etc/", scene.site().display()))
            .replace(" /media/", &format!(" {}/media/", scene.site().display()));
        assert!(!line.contains(" /etc/") && !line.contains(" /srv/"), "{line}");
        let mut shell = Command::new("sh");
        s3.admitted(shell.args(["-c", &line.replacen("consign", program, 1)]));
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{page}: {line}\n{}{}", out(&output), err(&output));
        number += 1;
    }
    let site = scene.site().join("srv/site/acme/consign/stable/feed.pgp");
    let pushed = s3.folder().join("packages/acme/consign/stable/feed.pgp");
    assert!(std::fs::read(&pushed).unwrap() == std::fs::read(&site).unwrap(), "{page}");
    assert!(std::fs::read(site).unwrap() == scene.project.files()["consign/stable/feed.pgp"], "{page}");
    number
}

#[test]
fn every_command_of_the_guide_works_as_it_stands_there() {
    let number = typed("mirror-operator.md");
    assert!(number >= 8, "only {number} commands");
    assert_eq!(typed("operateur-de-miroir.md"), number);
}
