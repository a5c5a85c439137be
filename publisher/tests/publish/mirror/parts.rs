//! Large files that arrive in parts.

use std::path::PathBuf;
use std::process::Output;

use super::scene::Scene;
use super::server::{Server, Twist};
use crate::dice::noise;
use crate::project::{consign, err};

const PACKAGE: &str = "pool/main/a/acme-erp/acme-erp_1.0.0-1_all.deb";
const CUT: usize = 1_000_000;

/// A vendor with a package of some megabytes that nothing compresses.
fn vendor() -> Scene {
    let scene = Scene::new();
    std::fs::write(scene.project.path("app/noise"), noise(7, 3_000_000)).unwrap();
    scene.release("erp", "1.0.0");
    scene
}

fn sync(scene: &Scene, server: &Server, arguments: &[&str]) -> Output {
    let mut command = consign();
    command.args(["mirror", "sync", &server.url()]).arg(scene.mirror()).arg("--certificate");
    command.arg(scene.project.certificate()).args(arguments).output().unwrap()
}

fn asked(server: &Server) -> Vec<String> {
    server.asked().into_iter().filter(|asked| asked.contains(PACKAGE)).collect()
}

fn parts(scene: &Scene) -> Vec<PathBuf> {
    let parts = std::fs::read_dir(scene.mirror().join(".consign/parts"));
    parts.map(|parts| parts.map(|part| part.unwrap().path()).collect()).unwrap_or_default()
}

#[test]
fn a_connection_that_breaks_off_costs_what_it_did_not_bring() {
    let scene = vendor();
    let cut = |path: &str, times| if path == PACKAGE && times == 0 { Twist::Cut(CUT) } else { Twist::Honest };
    let server = Server::of(scene.project.public(), cut);
    let done = sync(&scene, &server, &[]);
    assert!(done.status.success(), "{}", err(&done));
    assert_eq!(asked(&server), [format!("/{PACKAGE}"), format!("/{PACKAGE} from {CUT}")]);
    assert_eq!(scene.findings(), Vec::<String>::new());
    assert!(parts(&scene).is_empty());
}

#[test]
fn whoever_comes_next_takes_up_what_was_begun() {
    let scene = vendor();
    let cut = |path: &str, times| if path == PACKAGE && times == 0 { Twist::Cut(CUT) } else { Twist::Honest };
    let server = Server::of(scene.project.public(), cut);
    let failed = sync(&scene, &server, &["--retries", "0"]);
    assert_eq!(failed.status.code(), Some(1), "{}", err(&failed));
    assert!(err(&failed).contains(PACKAGE), "{}", err(&failed));
    assert_eq!(parts(&scene).len(), 1);
    assert!(!scene.mirror().join("dists").exists() && !scene.mirror().join(PACKAGE).exists());
    let done = sync(&scene, &server, &["--retries", "0"]);
    assert!(done.status.success(), "{}", err(&done));
    assert_eq!(asked(&server)[1], format!("/{PACKAGE} from {CUT}"));
    assert_eq!(scene.findings(), Vec::<String>::new());
}

#[test]
fn a_part_that_was_damaged_or_a_server_that_sends_another_range_costs_the_file_once_more() {
    for beside in [0, 5] {
        let scene = vendor();
        let script = move |path: &str, times| match (path == PACKAGE, times) {
            (true, 0) => Twist::Cut(CUT),
            (true, 1) => Twist::Beside(beside),
            _ => Twist::Honest,
        };
        let server = Server::of(scene.project.public(), script);
        assert_eq!(sync(&scene, &server, &["--retries", "0"]).status.code(), Some(1));
        if beside == 0 {
            let part = parts(&scene).remove(0);
            let mut bytes = std::fs::read(&part).unwrap();
            bytes[77] ^= 1;
            std::fs::write(&part, bytes).unwrap();
        }
        let done = sync(&scene, &server, &["--retries", "2"]);
        assert!(done.status.success(), "{}", err(&done));
        let ranges = [format!("/{PACKAGE}"), format!("/{PACKAGE} from {CUT}"), format!("/{PACKAGE}")];
        assert_eq!(asked(&server), ranges);
        assert_eq!(scene.findings(), Vec::<String>::new());
    }
}

#[test]
fn no_more_is_received_than_the_limit_allows() {
    let scene = vendor();
    let server = Server::of(scene.project.public(), |_, _| Twist::Honest);
    let since = std::time::Instant::now();
    let done = sync(&scene, &server, &["--limit-rate", "1M"]);
    assert!(done.status.success(), "{}", err(&done));
    assert!(since.elapsed().as_secs_f64() > 2.0, "{:?}", since.elapsed());
}

#[test]
fn a_new_package_costs_at_most_four_requests_and_twice_its_bytes() {
    let scene = vendor();
    scene.synced(&[]);
    scene.release("erp", "1.1.0");
    let told = scene.synced(&[]);
    let package = scene.mirror().join("pool/main/a/acme-erp/acme-erp_1.1.0-1_all.deb").metadata().unwrap().len();
    let (requests, received) = (told["requests"].as_u64().unwrap(), told["received"].as_u64().unwrap());
    assert!(requests <= 4 && (package..=2 * package).contains(&received), "{requests}, {received} of {package}");
}
