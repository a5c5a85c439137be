//! The products the other suites upgrade, here installed and upgraded by hand: a step left out
//! shows, and what a customer entered is still there when none is.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use consign_lab::{Host, Lab, Product, RecordClient, Release, Userland, lab};

const SOON: Duration = Duration::from_secs(60);
const ENGINES: [&str; 3] = ["main", "worker", "web"];
const REFUSED: i32 = 78;

/// What a package would do before and while it is unpacked.
fn lay_down(host: &Host, product: Product) {
    let project = tempfile::tempdir_in(Lab::folder()).unwrap();
    product.write_to(project.path()).unwrap();
    let (name, project) = (product.name(), project.path());
    let home = format!("/var/lib/{name}");
    host.shell(&format!(
        "id {name} >/dev/null 2>&1 || useradd --system --home-dir {home} --shell /bin/bash {name}
         install -d -o {name} -g {name} -m 750 {home}; rm -rf /opt/{name}"
    ));
    let of_build = project.join(format!("tree-{}", Userland::from(host.release()).build()));
    let tree = if of_build.exists() { of_build } else { project.join("tree") };
    host.copy_in(tree, &format!("/opt/{name}"));
    let files: &[(&str, &str)] = match name {
        "canopsis" => &[
            ("profile", "/var/lib/canopsis/.profile"),
            ("canopsis.conf", "/etc/canopsis.conf"),
            ("canopsis-engine@.service", "/usr/lib/systemd/system/canopsis-engine@.service"),
            ("canopsis.target", "/usr/lib/systemd/system/canopsis.target"),
        ],
        _ => &[
            ("buildbot.tac", "/var/lib/buildbot/buildbot.tac"),
            ("master.cfg", "/etc/buildbot/master.cfg"),
            ("buildbot.service", "/usr/lib/systemd/system/buildbot.service"),
        ],
    };
    for (from, to) in files {
        host.copy_in(project.join(from), to);
    }
    host.ok(&["systemctl", "daemon-reload"]);
}

fn as_account(host: &Host, account: &str, command: &str) -> consign_lab::Outcome {
    host.exec(&["su", "-", account, "-c", command])
}

fn canopsinit(host: &Host, edition: &str, stack: &str) -> consign_lab::Outcome {
    as_account(host, "canopsis", &format!("canopsinit --canopsis-edition {edition} --canopsis-stack {stack}"))
}

fn engine_units() -> Vec<String> {
    ENGINES.map(|engine| format!("canopsis-engine@{engine}.service")).to_vec()
}

fn start_in_order(host: &Host) {
    for unit in engine_units() {
        host.ok(&["systemctl", "start", &unit]);
    }
}

fn stop_all(host: &Host) {
    let units = engine_units();
    let words: Vec<&str> = ["systemctl", "stop"].into_iter().chain(units.iter().map(String::as_str)).collect();
    host.ok(&words);
}

fn canopsis_records(host: &Host) -> BTreeSet<u64> {
    let answer = host.network().get("http://127.0.0.1:8082/records").unwrap();
    answer.body.lines().map(|line| line.parse().unwrap()).collect()
}

#[test]
fn canopsis_is_upgraded_by_hand() {
    lab!();
    std::thread::scope(|scope| {
        for release in Release::ALL {
            scope.spawn(move || upgrade_canopsis(release));
        }
    });
}

fn upgrade_canopsis(release: Release) {
    let host = Host::boot(&format!("canopsis-{}", release.name()), release).unwrap();
    lay_down(&host, Product::canopsis("3.25.0"));
    let without_init = as_account(&host, "canopsis", "timeout 20 canopsis-engine web").expect_code(REFUSED);
    assert!(without_init.stderr.contains("run canopsinit"), "{without_init}");
    let no_login =
        "runuser -u canopsis -- /opt/canopsis/bin/canopsinit --canopsis-edition core --canopsis-stack python";
    let no_login = host.exec(&["sh", "-c", no_login]).expect_code(1);
    assert!(no_login.stderr.contains("not in a login shell"), "{no_login}");
    canopsinit(&host, "gold", "python").expect_code(2);
    canopsinit(&host, "core", "python").expect_ok();
    host.ok(&["systemctl", "enable", "canopsis.target"]);
    start_in_order(&host);
    let health = host.network().get("http://127.0.0.1:8082/health").unwrap().body;
    assert!(health.contains(r#""version": "3.25.0", "schema": 1, "edition": "core", "stack": "python""#), "{health}");
    let starts = host.read("/var/lib/canopsis/engines.log");
    assert_eq!(starts.matches("\"waited\": false").count(), 3, "{starts}");

    let client = RecordClient::post(&host, "http://127.0.0.1:8082/records");
    client.wait_acknowledged(SOON).unwrap();
    host.shell("echo root:secret >/var/lib/canopsis/root.credential");
    let stop = SystemTime::now();
    stop_all(&host);
    lay_down(&host, Product::canopsis("3.26.0"));
    let skipped = as_account(&host, "canopsis", "timeout 20 canopsis-engine web").expect_code(REFUSED);
    assert!(skipped.stderr.contains("schema 1, version 3.26.0 needs 2"), "{skipped}");
    host.write("/var/lib/canopsis/trouble", "fail", 0o644);
    canopsinit(&host, "cat", "go").expect_code(1);
    let half = as_account(&host, "canopsis", "timeout 20 canopsis-engine web").expect_code(REFUSED);
    assert!(half.stderr.contains("half migrated"), "{half}");
    host.tree().remove("/var/lib/canopsis/trouble").unwrap();
    canopsinit(&host, "cat", "go").expect_ok();
    start_in_order(&host);
    let start = SystemTime::now();
    client.wait_acknowledged(SOON).unwrap();
    let health = host.network().get("http://127.0.0.1:8082/health").unwrap().body;
    assert!(health.contains(r#""version": "3.26.0", "schema": 2, "edition": "cat", "stack": "go""#), "{health}");
    assert_eq!(host.read("/var/lib/canopsis/root.credential"), "root:root\n");
    client.stop().assert_kept(&canopsis_records(&host), &[(stop, start)]);
    let calls = host.read("/var/lib/canopsis/init.log");
    assert_eq!(calls.matches(r#""event": "finished""#).count(), 2, "{calls}");

    // The target alone brings the engines up in order at a boot.
    host.reboot().unwrap();
    host.wait_until("the product up after a reboot", SOON, || host.network().get("http://127.0.0.1:8082/health").ok());
    // An older version does not touch a newer database.
    lay_down(&host, Product::canopsis("3.25.0"));
    as_account(&host, "canopsis", "timeout 20 canopsis-engine main").expect_code(REFUSED);
    canopsinit(&host, "core", "python").expect_code(1);
}

#[test]
fn a_hanging_canopsinit_goes_on_when_let() {
    lab!();
    let host = Host::boot("hanging", Release::Bookworm).unwrap();
    lay_down(&host, Product::canopsis("3.26.1"));
    host.write("/var/lib/canopsis/trouble", "hang", 0o644);
    std::thread::scope(|scope| {
        let entrance = host.entrance();
        let init = "canopsinit --canopsis-edition core --canopsis-stack python";
        let caller = scope.spawn(move || entrance.exec(&["su", "-", "canopsis", "-c", init]));
        host.wait_until("canopsinit hanging", SOON, || {
            let log = host.tree().read("/var/lib/canopsis/init.log").ok()?;
            String::from_utf8_lossy(&log).contains("hanging").then_some(())
        });
        host.tree().remove("/var/lib/canopsis/trouble").unwrap();
        caller.join().unwrap().expect_ok();
    });
}

fn upgrade_master(host: &Host) -> consign_lab::Outcome {
    as_account(host, "buildbot", "/opt/buildbot/bin/buildbot upgrade-master /var/lib/buildbot")
}

fn buildbot_answers(host: &Host) {
    host.wait_until("the master answers", SOON, || {
        host.network().get("http://127.0.0.1:8010/api/v2").ok().filter(|answer| answer.success())
    });
}

#[test]
fn buildbot_is_upgraded_by_hand() {
    lab!(Lab::has_buildbot());
    let host = Host::boot("buildbot", Release::Bookworm).unwrap();
    lay_down(&host, Product::buildbot("3.11.9"));
    upgrade_master(&host).expect_ok();
    assert_eq!(host.buildbot_schema(), "64");
    host.ok(&["systemctl", "enable", "--now", "buildbot"]);
    buildbot_answers(&host);
    let client = host.buildbot_client();
    client.wait_acknowledged(SOON).unwrap();

    let stop = SystemTime::now();
    host.ok(&["systemctl", "stop", "buildbot"]);
    lay_down(&host, Product::buildbot("4.3.0"));
    // Left out: the master says so, and exits with 0.
    host.ok(&["systemctl", "start", "buildbot"]);
    host.wait_until("the master refuses", SOON, || {
        let state = host.exec(&["systemctl", "is-active", "buildbot"]);
        state.stdout.starts_with("inactive").then_some(())
    });
    let said = host.shell("journalctl -b -u buildbot --no-pager");
    assert!(said.contains("The Buildmaster database needs to be upgraded"), "{said}");
    assert_eq!(host.shell("systemctl show -P Result buildbot"), "success");
    assert_eq!(host.buildbot_schema(), "64");

    upgrade_master(&host).expect_ok();
    assert_eq!(host.buildbot_schema(), "67");
    host.ok(&["systemctl", "start", "buildbot"]);
    buildbot_answers(&host);
    let start = SystemTime::now();
    client.wait_acknowledged(SOON).unwrap();
    let ledger = client.stop();
    assert!(stop > UNIX_EPOCH && !ledger.outages().is_empty());
    ledger.assert_kept(&host.buildbot_records(), &[(stop, start)]);
    let page = host.network().get("http://127.0.0.1:8010/").unwrap();
    assert!(page.success() && page.body.contains("Buildbot"), "{page:?}");
}
