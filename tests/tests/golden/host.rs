//! The golden host, booted: an earlier agent left it in mid-upgrade, this tree's agent finishes it.

use std::time::Duration;

use consign_lab::{AgentPackage, Chroot, Host, Outcome, REPOSITORY_PORT, Release, Server, lab};

use crate::fixture::{PRODUCT, golden, text};

const PATIENCE: Duration = Duration::from_secs(120);
const PACKAGE: &str = "canopsis_3.26.0-1_all.deb";
/// The folder of the host in which the fixture lies.
const FIXTURE: &str = "/root/golden";

#[test]
fn an_upgrade_that_an_earlier_agent_began_is_finished() {
    lab!();
    let host = golden_host();
    waits_for_a_person(&host);
    the_hook_understands_apt(&host);
    host.ok(&["env", "LC_ALL=C.UTF-8", "consignee", "answer", PRODUCT, "rerun"]);
    wait_status(&host, 0);
    is_finished_with_its_data(&host);
    its_repository_is_read(&host);
    host.assert_packages_sound();
}

/// Packages as they were, state as it was; then its first boot since the power cut.
fn golden_host() -> Host {
    let chroot = Chroot::create("golden", Release::Bookworm).unwrap();
    let tree = chroot.tree();
    tree.copy_in(&golden("host/files"), FIXTURE).unwrap();
    tree.copy_in(&AgentPackage::current().unwrap().package, "/root/consignee.deb").unwrap();
    tree.copy_in(&golden("repository/acme-release.deb"), "/root/acme-release.deb").unwrap();
    let package = format!("/var/cache/apt/archives/{PACKAGE}");
    tree.copy_in(&golden("repository/pool/main/c/canopsis").join(PACKAGE), &package).unwrap();
    tree.copy_in(&golden("documents/transaction"), "/root/transaction").unwrap();
    for package in ["/root/consignee.deb", "/root/acme-release.deb", &package] {
        chroot.ok(&["dpkg", "-i", package]);
    }
    // What the agent noted of the installation just now never happened on the golden host.
    chroot.ok(&["rm", "-r", "/var/lib/consignee"]);
    chroot.ok(&["sh", "-ec", &laid_down(&text("host/list"))]);
    let host = chroot.boot().unwrap();
    let ours = |line: &&str| ["canopsis ", "acme-release "].iter().any(|name| line.starts_with(name));
    for line in text("host/packages").lines().filter(ours) {
        let (name, version) = line.split_once(' ').unwrap();
        let version = version.strip_suffix(" installed").expect("it was whole when the power went");
        assert_eq!(host.installed(name).as_deref(), Some(version));
    }
    host
}

/// Shell lines that put every file of the list in its place, with its mode and its owner.
fn laid_down(list: &str) -> String {
    let entries = list.lines().filter(|line| !line.starts_with('#'));
    let line = |entry: &str| {
        let words: Vec<&str> = entry.split(' ').collect();
        match words[..] {
            ["d", mode, user, group, path] => format!("install -d -m {mode} -o {user} -g {group} '{path}'\n"),
            ["f", mode, user, group, path] => {
                format!("install -m {mode} -o {user} -g {group} '{FIXTURE}{path}' '{path}'\n")
            }
            ["l", _, _, _, path, target] => format!("mkdir -p \"$(dirname '{path}')\"; ln -sfn '{target}' '{path}'\n"),
            _ => panic!("{entry:?} is no entry"),
        }
    };
    entries.map(line).collect()
}

fn wait_status(host: &Host, code: i32) -> Outcome {
    let what = format!("consignee status answers {code}");
    host.wait_until(&what, PATIENCE, || {
        let status = host.exec(&["consignee", "status", "--language", "en", PRODUCT]);
        (status.code == code).then_some(status)
    })
}

/// The plan says nothing of interruptions: nobody but a person knows whether `init` may run again.
fn waits_for_a_person(host: &Host) {
    let status = wait_status(host, 3).text();
    assert!(status.contains("init") && status.contains("consignee answer acme/canopsis"), "{status}");
    for engine in ["main", "worker", "web"] {
        let unit = format!("canopsis-engine@{engine}.service");
        assert_eq!(host.exec(&["systemctl", "is-active", &unit]).stdout.trim(), "inactive");
        assert_eq!(host.shell(&format!("systemctl is-enabled {unit}")), "enabled");
    }
    assert_eq!(events(host).last().map(String::as_str), Some("asked"));
}

/// What apt told the hook then, told again: read to its end, and judged by the service.
fn the_hook_understands_apt(host: &Host) {
    let told = |stream: &str| host.exec(&["sh", "-c", &format!("{stream} | LC_ALL=C /usr/lib/consignee/barrier")]);
    // The same transaction once more, towards the version that is being finished.
    let whole = told("cat /root/transaction");
    assert!(whole.success(), "{whole}");
    let missing = told("sed s/_3.26.0-1_all/_missing/ /root/transaction");
    assert!(missing.code == 1 && missing.text().contains("canopsis_missing.deb"), "{missing}");
    let cut = told("sed '$s/ all none .*//' /root/transaction");
    assert!(cut.code == 1 && cut.stderr.contains("cannot read the transaction"), "{cut}");
    let other = told("sed 's/^canopsis /canopsis-doc /' /root/transaction");
    assert!(other.success(), "{other}");
}

fn is_finished_with_its_data(host: &Host) {
    assert_eq!(events(host).last().map(String::as_str), Some("step-succeeded"));
    assert!(!host.exists("/var/lib/consignee/acme/canopsis/unfinished"));
    let health: serde_json::Value = serde_json::from_str(&host.shell("curl -sf http://127.0.0.1:8082/health")).unwrap();
    assert_eq!((&health["version"], &health["schema"]), (&"3.26.0".into(), &2.into()));
    // The site's own choices, not the vendor's defaults.
    assert_eq!((&health["edition"], &health["stack"]), (&"cat".into(), &"go".into()));
    assert_eq!(host.shell("curl -sf http://127.0.0.1:8082/records"), "1\n2\n3\n4\n5");
    assert_eq!(host.shell("grep -c '\"started\"' /var/lib/canopsis/init.log"), "3", "first install, cut, rerun");
    for engine in ["main", "worker", "web"] {
        assert_eq!(host.shell(&format!("systemctl is-active canopsis-engine@{engine}.service")), "active");
    }
    assert_eq!(host.failed_units(), Vec::<String>::new());
    let history = host.ok(&["consignee", "history", "--language", "en", PRODUCT]).text();
    assert!(history.contains("3.25.0") && history.contains("3.26.0"), "{history}");
}

/// A repository that nobody renewed: apt refuses it; read all the same, the agent holds what it offers.
fn its_repository_is_read(host: &Host) {
    let _server = Server::start(host, &golden("repository"), REPOSITORY_PORT).unwrap();
    let refused = host.apt_get(&["update"]).expect_code(100);
    assert!(refused.text().contains("expired"), "{refused}");
    let shown = host.apt_get(&["-o", "Acquire::Check-Valid-Until=false", "update"]).expect_ok();
    assert!(shown.text().contains("3.26.1") && shown.text().contains("expired"), "{shown}");
    let policy = host.ok(&["apt-cache", "policy", "canopsis"]).stdout;
    assert!(policy.contains("3.26.1-1 -1"), "{policy}");
    host.apt_get(&["upgrade"]).expect_ok();
    assert_eq!(host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    // What could not be verified begins no upgrade; that it is held is said all the same.
    let status = wait_status(host, 3).text();
    assert!(status.contains("3.26.1") && status.contains("expired"), "{status}");
    assert!(!host.exists("/var/lib/consignee/acme/canopsis/journal/0003"));
}

/// The events of the upgrade, as the agent of this tree wrote them on.
fn events(host: &Host) -> Vec<String> {
    let journal = host.read("/var/lib/consignee/acme/canopsis/journal/0002/records.jsonl");
    let name = |line: &str| Some(serde_json::from_str::<serde_json::Value>(line).ok()?["event"].as_str()?.to_owned());
    journal.lines().filter_map(name).collect()
}
