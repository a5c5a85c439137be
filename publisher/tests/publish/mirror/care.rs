//! A mirror that is looked after.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use consign::mirror::{self, Freshness, Mirror};
use consign::store::DirectoryStore;
use consign::trust::Trust;
use consign::verify::{Scope, examine};
use jiff::{SignedDuration, Timestamp};

use super::scene::Scene;
use crate::formats::BOTH;
use crate::project::{consign, err, ok, out};

fn run(scene: &Scene, command: &str, arguments: &[&str]) -> Output {
    consign().args(["mirror", command]).arg(scene.mirror()).args(arguments).output().unwrap()
}

fn status(scene: &Scene, arguments: &[&str]) -> serde_json::Value {
    let output = run(scene, "status", &[&["--json"], arguments].concat());
    assert!(output.status.success(), "{}", err(&output));
    let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    status["channels"][0].clone()
}

#[test]
fn its_status_tells_what_it_carries_and_what_hosts_asked_for_in_vain() {
    let scene = Scene::new();
    let nowhere = run(&scene, "status", &[]);
    assert_eq!(nowhere.status.code(), Some(3), "{}", err(&nowhere));
    assert!(err(&nowhere).contains("there is no mirror yet") && !scene.mirror().exists(), "{}", err(&nowhere));
    scene.release("erp", "1.0.0");
    scene.release("erp", "1.1.0");
    scene.synced(&["--product", "erp >=1.1.0"]);
    let missing = "pool/main/a/acme-erp/acme-erp_1.0.0-1_all.deb";
    let log = scene.site().join("access.log");
    let line =
        format!("10.0.0.7 - - [22/Nov/2026:10:00:00 +0000] \"GET /acme/{missing} HTTP/1.1\" 404 153 \"-\" \"apt\"\n");
    std::fs::write(&log, line.repeat(2)).unwrap();
    let told = status(&scene, &["--log", log.to_str().unwrap()]);
    assert_eq!((&told["generation"], &told["freshness"]), (&2.into(), &"good".into()));
    assert_eq!((&told["listed"], &told["carried"]), (&3.into(), &2.into()));
    assert_eq!(told["missed"][missing], 2);
    let text = out(&run(&scene, "status", &[]));
    assert!(text.contains("2 of 3 packages are here"), "{text}");
    let all: serde_json::Value = serde_json::from_slice(&run(&scene, "status", &["--json"]).stdout).unwrap();
    let primary = all["pin"]["primary"].as_str().unwrap();
    assert!(text.contains(&format!("acme, by its primary key {primary}")), "{text}");
    assert!(text.contains("only the products erp >=1.1.0"), "{text}");
    assert_eq!(all["selection"]["products"][0], "erp >=1.1.0", "{all}");
}

#[test]
fn what_is_carried_no_longer_goes_and_so_do_generations_that_nobody_reads() {
    let scene = Scene::with(BOTH);
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    scene.release("erp", "1.1.0");
    scene.synced(&[]);
    // Young, each index may still be asked for.
    assert_eq!(out(&run(&scene, "prune", &[])), "0 files deleted\n");
    scene.synced(&["--product", "erp >=1.1.0"]);
    let planned = out(&run(&scene, "prune", &["--plan"]));
    let [deb, rpm] = ["acme-erp_1.0.0-1_all.deb", "acme-erp-1.0.0-1.noarch.rpm"];
    assert!(
        planned.contains(deb) && planned.contains(rpm) && planned.ends_with("2 files would be deleted\n"),
        "{planned}"
    );
    assert!(scene.files().keys().any(|name| name.ends_with(deb)));
    ok(consign().args(["mirror", "prune"]).arg(scene.mirror()));
    assert!(!scene.files().keys().any(|name| name.ends_with(deb) || name.ends_with(rpm)));
    scene.synced(&["--everything"]);
    assert_eq!(scene.findings(), Vec::<String>::new());
    ok(Command::new("find").arg(scene.mirror()).args(["-exec", "touch", "-d", "4 days ago", "{}", "+"]));
    let deleted = out(&ok(consign().args(["mirror", "prune"]).arg(scene.mirror())));
    assert!(deleted.contains("yum/stable/g/1/repodata/repomd.xml\n") && deleted.contains("/by-hash/"), "{deleted}");
    assert!(
        deleted.contains("consign/shards/") && !deleted.contains("pool/") && !deleted.contains("plans"),
        "{deleted}"
    );
    assert_eq!(scene.findings(), Vec::<String>::new());
}

/// Years later, where nobody can ask the vendor.
#[test]
fn the_vendor_lets_a_site_believe_its_generation_for_longer() {
    let scene = Scene::new();
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    let later = Timestamp::now() + SignedDuration::from_hours(24 * 100);
    let trust = Trust::beside(&scene.project.certificate()).unwrap();
    let store = DirectoryStore::at(scene.mirror());
    let channel = "stable".parse().unwrap();
    let report = || examine(&store, &trust, &channel, later, Scope::Everything).unwrap();
    let freshness = || mirror::status(&Mirror::at(&scene.mirror()), &BTreeMap::new(), later).unwrap()[0].freshness;
    assert!(report().findings.iter().all(|finding| finding.problem.contains("it expired on")), "{:?}", report());
    assert_eq!((report().findings.len(), freshness()), (2, Freshness::NotAsked));

    let keys = scene.project.path("keys");
    let extend = |folder: &Path, time: &str| {
        let mut command = consign();
        command.args(["mirror", "extend"]).arg(folder).args(["--valid-for", time, "--keys"]).arg(&keys);
        command.output().unwrap()
    };
    let said = extend(&scene.mirror(), "200d");
    assert!(out(&said).starts_with("hosts believe generation 1 of channel stable until 20"), "{}", err(&said));
    assert_eq!((report().findings.as_slice(), freshness()), (&[][..], Freshness::Good));
    assert!(report().warnings.iter().any(|warning| warning.contains("Valid-Until-Min")), "{:?}", report());

    // A mirror of the mirror has it, too, as soon as it needs it; and a medium at once.
    let [medium, isle] = ["medium", "isle"].map(|name| scene.site().join(name));
    ok(consign().args(["mirror", "export"]).arg(scene.mirror()).arg("--to").arg(&medium));
    let mut import = consign();
    import.args(["mirror", "import"]).arg(&medium).arg(&isle).arg("--certificate").arg(scene.project.certificate());
    ok(&mut import);
    let name = "consign/stable/extension.pgp";
    assert_eq!(std::fs::read(isle.join(name)).unwrap(), std::fs::read(scene.mirror().join(name)).unwrap());

    // Of this generation and of no other; a shorter one takes nothing from what the head says itself.
    scene.release("erp", "1.1.0");
    scene.synced(&[]);
    assert_eq!(freshness(), Freshness::NotAsked);
    extend(&scene.mirror(), "1d");
    assert_eq!(scene.findings(), Vec::<String>::new());
    let nothing = extend(&scene.site().join("nothing"), "1d");
    assert_eq!(nothing.status.code(), Some(1));
    assert!(err(&nothing).contains("cannot find a generation of channel stable there"), "{}", err(&nothing));
}
