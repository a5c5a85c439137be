//! The golden repository, read by the publisher's own reader and by the agent's, without a host.

use std::path::Path;
use std::process::Command;

use consign_lab::program;
use consign_metadata::anchor::{AGENT_CERTIFICATE_FILE, ANCHOR_FILE, CERTIFICATE_FILE};
use consignee::engine::machine::{Activity, State};
use consignee::feed::{FeedError, Kept};
use consignee::places::Places;
use consignee::product::Product;
use consignee::trust::Trust;
use jiff::Timestamp;
use serde_json::Value;

use crate::fixture::{PRODUCT, copy_into, copy_of, files, golden, read, turned};

/// What `consign verify` finds: place and problem.
fn findings(repository: &Path) -> Vec<(String, String)> {
    let certificate = golden("vendor/certificate.pgp");
    let mut command = Command::new(program("consign"));
    command.args(["verify", "--json", "--certificate"]).arg(certificate).arg(repository);
    let output = command.output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let word = |finding: &Value, field: &str| finding[field].as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|finding| (word(finding, "place"), word(finding, "problem"))).collect()
}

fn beyond_age(repository: &Path) -> Vec<(String, String)> {
    findings(repository).into_iter().filter(|(_, problem)| !problem.starts_with("it expired on ")).collect()
}

#[test]
fn nothing_is_wrong_with_it_but_its_age() {
    let expired: Vec<String> = findings(&golden("repository")).into_iter().map(|(place, _)| place).collect();
    assert_eq!(beyond_age(&golden("repository")), []);
    assert_eq!(expired, ["dists/stable/InRelease", "consign/stable/feed.pgp"]);
}

#[test]
fn a_turned_bit_in_any_file_that_is_read_is_found() {
    let copy = copy_of("repository");
    let mut unnoticed = Vec::new();
    for file in files(copy.path()) {
        let bytes = fs_err::read(&file).unwrap();
        fs_err::write(&file, turned(&bytes, bytes.len() / 2)).unwrap();
        if beyond_age(copy.path()).is_empty() {
            unnoticed.push(file.strip_prefix(copy.path()).unwrap().display().to_string());
        }
        fs_err::write(&file, bytes).unwrap();
    }
    // Those of earlier generations, which no entry point names any more: two of each shard and index.
    let earlier = |name: &String| name.contains("/by-hash/") || name.starts_with("consign/shards/");
    assert!(unnoticed.iter().all(earlier) && unnoticed.len() == 6, "{unnoticed:#?}");
}

/// The state of the golden host below another root, with the anchor that its packages installed.
fn host() -> (tempfile::TempDir, Places) {
    let root = tempfile::tempdir().unwrap();
    copy_into(&golden("host/files"), root.path());
    let places = Places::below(root.path());
    let anchor = places.anchors().join("acme");
    fs_err::create_dir_all(&anchor).unwrap();
    for file in [ANCHOR_FILE, CERTIFICATE_FILE, AGENT_CERTIFICATE_FILE] {
        fs_err::write(anchor.join(file), read(&format!("documents/{file}"))).unwrap();
    }
    (root, places)
}

#[test]
fn the_agent_reads_what_it_kept_of_the_feed() {
    let (_root, places) = host();
    let trust = Trust::read(&places).unwrap();
    let vendor = trust.vendor(&"acme".parse().unwrap()).unwrap();
    let kept = Kept::of(&places, vendor, &"stable".parse().unwrap()).unwrap().unwrap();
    assert_eq!(kept.feed.generation, 2);
    let shard = kept.shard(&PRODUCT.parse().unwrap()).unwrap().unwrap();
    let plan = kept.plan(shard.releases.last().unwrap()).unwrap();
    let plan = trust.plan(&PRODUCT.parse().unwrap(), "the kept plan", &plan).unwrap();
    assert_eq!(plan.envelope.version, "3.26.0".parse().unwrap());
    let lists = golden("repository/dists/stable/InRelease");
    assert!(matches!(kept.check(&lists, Timestamp::now()), Err(FeedError::Expired(_))));
    assert!(matches!(kept.check(&lists, kept.feed.issued), Err(FeedError::OtherLists)));
}

#[test]
fn the_agent_reads_where_its_upgrades_stand() {
    let (_root, places) = host();
    let product = Product::new(&places, PRODUCT.parse().unwrap());
    assert!(product.is_unfinished());
    assert_eq!(product.upgrades().unwrap(), [1, 2]);
    assert_eq!(product.replay(1).unwrap().upgrade.unwrap().state, State::Completed);
    let newest = product.newest().unwrap().unwrap();
    assert_eq!(newest.state, State::Forward { item: 3, activity: Activity::Busy });
    assert_eq!(newest.header.items[3].name, "init");
    assert_eq!(newest.engines.len(), 3);
    let trust = Trust::read(&places).unwrap();
    let signed = fs_err::read(product.upgrade_folder(2).join(consignee::product::PLAN_FILE)).unwrap();
    let plan = trust.plan(&product.id, "the plan", &signed).unwrap();
    assert_eq!(plan.digest, newest.header.plan);
}
