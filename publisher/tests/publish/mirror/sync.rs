//! What a mirror has, and what it costs to keep it up to date.

use super::scene::Scene;
use crate::formats::BOTH;
use crate::project::{consign, err, ok, out};

const HEAD: &str = "consign/stable/feed.pgp";

#[test]
fn a_mirror_is_the_repository_to_the_byte_and_is_good_for_its_readers() {
    let scene = Scene::with(BOTH);
    scene.release("erp", "1.0.0");
    scene.release("erp", "1.1.0");
    let told = scene.synced(&[]);
    assert_eq!((&told["channels"][0]["generation"], &told["channels"][0]["before"]), (&2.into(), &().into()));
    let (mut vendors, files) = (scene.project.files(), scene.files());
    // Of the generation before, nobody who begins with the mirror can ask.
    vendors.retain(|name, _| {
        let old =
            name.contains("/by-hash/") || name.starts_with("consign/shards/") || name.starts_with("yum/stable/g/1/");
        !old && !name.ends_with("-updateinfo.xml.gz") || files.contains_key(name)
    });
    vendors.retain(|name, _| !name.starts_with("yum/stable/g/latest/repodata/") || files.contains_key(name));
    let names = |files: &std::collections::BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&files), names(&vendors));
    assert!(files == vendors, "a file is another one");
    assert_eq!(scene.findings(), Vec::<String>::new());
    let verified =
        ok(consign().arg("verify").arg(scene.mirror()).arg("--certificate").arg(scene.project.certificate()));
    assert!(out(&verified).contains("generation 2: "), "{}", out(&verified));
    let order: Vec<_> =
        told["channels"][0]["swapped"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
    let at =
        |name: &str| order.iter().position(|swapped| *swapped == name).unwrap_or_else(|| panic!("{name}: {order:?}"));
    assert!(at("dists/stable/InRelease") < at("yum/stable/mirrors"), "{order:?}");
    assert!(at("yum/stable/mirrors") < at("acme-release.deb"), "{order:?}");
    assert_eq!(*order.last().unwrap(), HEAD);
}

#[test]
fn nothing_new_is_one_request_and_a_new_package_is_a_few() {
    let scene = Scene::new();
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    let before = scene.asked(0).len();
    let told = scene.synced(&[]);
    assert_eq!(scene.asked(before), ["/consign/stable/feed.pgp 304"]);
    assert_eq!(
        (&told["requests"], &told["received"], &told["channels"][0]["changed"]),
        (&1.into(), &0.into(), &false.into())
    );

    scene.release("erp", "1.1.0");
    let before = scene.asked(0).len();
    let told = scene.synced(&[]);
    let asked = scene.asked(before);
    // Head, everything small that is new, package.
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert!(asked.iter().all(|asked| asked.ends_with(" 200")), "{asked:?}");
    assert_eq!((&told["channels"][0]["before"], &told["channels"][0]["generation"]), (&1.into(), &2.into()));
    assert_eq!(scene.findings(), Vec::<String>::new());
}

#[test]
fn a_mirror_never_goes_back_and_has_one_generation_of_a_number() {
    let scene = Scene::new();
    scene.release("erp", "1.0.0");
    ok(std::process::Command::new("cp").arg("-a").arg(scene.project.public()).arg(scene.project.path("old")));
    scene.release("erp", "1.1.0");
    scene.synced(&[]);
    let swap = |from: &str, to: &str| std::fs::rename(scene.project.path(from), scene.project.path(to)).unwrap();
    swap("public", "new");
    swap("old", "public");
    scene.refused(&[], "cannot take generation 1 of channel stable: this mirror has 2");
    // Not even where somebody has deleted what it knows of itself.
    std::fs::remove_file(scene.mirror().join(".consign/mirror.json")).unwrap();
    scene.refused(&[], "it holds a repository that is no mirror");
    scene.refused(&["--adopt"], "cannot take generation 1 of channel stable: this mirror has 2");
    // The vendor goes on from the old one: another second generation.
    let other = Scene::new();
    other.release("erp", "1.0.0");
    ok(std::process::Command::new("cp").arg("-a").arg(other.project.public()).arg(other.project.path("old")));
    other.release("erp", "1.1.0");
    // Two files of one second and one length are the same to a web server.
    ok(std::process::Command::new("touch").args(["-d", "2 hours ago"]).arg(other.project.public().join(HEAD)));
    other.synced(&[]);
    std::fs::rename(other.project.public(), other.project.path("new")).unwrap();
    std::fs::rename(other.project.path("old"), other.project.public()).unwrap();
    other.release("erp", "1.2.0");
    other.refused(&[], "cannot take generation 2 of channel stable: this mirror has another one of the same number");
}

#[test]
fn a_part_of_the_repository_keeps_its_signatures_and_grows_without_being_fetched_again() {
    let scene = Scene::with(BOTH);
    scene.release("erp", "1.0.0");
    scene.release("erp", "1.1.0");
    scene.release("shop", "1.0.0");
    let told = scene.synced(&["--product", "erp >=1.1.0", "--format", "deb"]);
    assert_eq!(told["channels"][0]["partial"], true);
    let packages = || {
        let files = scene.files();
        let packages = files.keys().filter(|name| name.starts_with("pool/") && !name.contains("acme-release"));
        packages.map(|name| name.rsplit('/').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(packages(), ["acme-erp_1.1.0-1_all.deb"]);
    assert!(scene.findings().iter().all(|finding| finding.contains("it is not there, although an index lists it")));
    // What is carried is remembered; nothing is asked for.
    let before = scene.asked(0).len();
    assert_eq!(scene.synced(&[])["channels"][0]["partial"], true);
    assert_eq!(scene.asked(before).len(), 1);
    let before = scene.asked(0).len();
    scene.synced(&["--everything"]);
    let asked = scene.asked(before);
    assert!(!asked.iter().any(|asked| asked.contains("acme-erp_1.1.0")), "{asked:?}");
    assert_eq!(packages().len(), 6);
    assert_eq!(scene.findings(), Vec::<String>::new());
}

#[test]
fn a_damaged_file_is_found_when_it_is_looked_for_and_replaced() {
    let scene = Scene::new();
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    let package = scene.mirror().join("pool/main/a/acme-erp/acme-erp_1.0.0-1_all.deb");
    let good = std::fs::read(&package).unwrap();
    let mut bad = good.clone();
    bad[200] ^= 1;
    std::fs::write(&package, &bad).unwrap();
    let index = std::fs::read_dir(scene.mirror().join("consign/shards")).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&index, b"{}").unwrap();
    assert_eq!(scene.synced(&[])["channels"][0]["changed"], false);
    assert_eq!(std::fs::read(&package).unwrap(), bad);
    assert_eq!(scene.synced(&["--check"])["channels"][0]["fetched"], 1);
    assert_eq!(std::fs::read(&package).unwrap(), good);
    assert_eq!(scene.findings(), Vec::<String>::new());
}

#[test]
fn whose_mirror_it_is_is_said_once_and_stays() {
    let scene = Scene::new();
    scene.release("erp", "1.0.0");
    let nobody = consign().args(["mirror", "sync", &scene.server.url()]).arg(scene.mirror()).output().unwrap();
    assert_eq!(nobody.status.code(), Some(3));
    assert!(err(&nobody).contains("--certificate FILE"), "{}", err(&nobody));
    scene.synced(&[]);
    let known = ok(consign().args(["mirror", "sync", &scene.server.url()]).arg(scene.mirror()));
    assert_eq!(out(&known), "stable: generation 1; nothing is newer\n");
    let stranger = Scene::new();
    stranger.release("erp", "1.0.0");
    let theirs = stranger.project.certificate().display().to_string();
    let mut command = consign();
    command.args(["mirror", "sync", &stranger.server.url()]).arg(scene.mirror()).args(["--certificate", &theirs]);
    let foreign = command.output().unwrap();
    assert_eq!(foreign.status.code(), Some(3));
    assert!(err(&foreign).contains("it is a mirror of acme, whose primary key is"), "{}", err(&foreign));
    // Another vendor of the same name, at the address of the first.
    let mut command = consign();
    let foreign = command.args(["mirror", "sync", &stranger.server.url()]).arg(scene.mirror()).output().unwrap();
    assert_eq!(foreign.status.code(), Some(3), "{}", err(&foreign));
    assert!(err(&foreign).contains("its primary key is"), "{}", err(&foreign));
}

#[test]
fn what_came_along_is_a_help_and_nothing_else() {
    let scene = Scene::with(BOTH);
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    let changes = scene.project.public().join("consign/stable/changes.tar.gz");
    let old = std::fs::read(&changes).unwrap();
    scene.release("erp", "1.1.0");
    let before = scene.asked(0).len();
    scene.synced(&[]);
    // Head, everything small, and a package of each format.
    assert_eq!(scene.asked(before).len(), 4, "{:?}", scene.asked(before));
    // None, that of another generation, and what is none at all, cost requests and change nothing.
    for (version, wrong) in [("1.2.0", None), ("1.3.0", Some(old)), ("1.4.0", Some(b"<html>".to_vec()))] {
        scene.release("erp", version);
        match wrong {
            Some(bytes) => std::fs::write(&changes, bytes).unwrap(),
            None => std::fs::remove_file(&changes).unwrap(),
        }
        let before = scene.asked(0).len();
        scene.synced(&[]);
        assert!(scene.asked(before).len() > 10, "{:?}", scene.asked(before));
        assert_eq!(scene.findings(), Vec::<String>::new());
    }
    // A mirror that was away takes what it can of it, and asks for the rest.
    scene.release("erp", "1.5.0");
    scene.release("erp", "1.6.0");
    scene.synced(&[]);
    assert_eq!(scene.findings(), Vec::<String>::new());
}

#[test]
fn a_mirror_that_has_lost_what_it_knew_of_itself_is_taken_over_and_nothing_is_fetched_twice() {
    let scene = Scene::new();
    scene.release("erp", "1.0.0");
    scene.release("erp", "1.1.0");
    scene.synced(&[]);
    std::fs::remove_dir_all(scene.mirror().join(".consign")).unwrap();
    let unasked = scene.sync(&[]);
    assert!(unasked.status.code() == Some(3) && err(&unasked).contains("--adopt"), "{}", err(&unasked));
    // One package was damaged meanwhile.
    let damaged = "pool/main/a/acme-erp/acme-erp_1.0.0-1_all.deb";
    let good = std::fs::read(scene.mirror().join(damaged)).unwrap();
    std::fs::write(scene.mirror().join(damaged), vec![0; good.len()]).unwrap();
    let before = scene.asked(0).len();
    scene.synced(&["--adopt"]);
    let asked = scene.asked(before);
    let packages: Vec<_> = asked.iter().filter(|asked| asked.contains("/pool/")).collect();
    assert!(packages.len() == 1 && packages[0].contains(damaged), "{asked:?}");
    assert_eq!(scene.findings(), Vec::<String>::new());
    let before = scene.asked(0).len();
    assert_eq!(scene.synced(&[])["channels"][0]["generation"], 2);
    assert_eq!(scene.asked(before), ["/consign/stable/feed.pgp 304"]);
}
