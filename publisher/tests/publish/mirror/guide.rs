//! The web server of the operator's guide, in both languages, as it is printed there.

use std::path::Path;

use super::scene::Scene;
use crate::apt::Apt;
use crate::nginx::Nginx;

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
