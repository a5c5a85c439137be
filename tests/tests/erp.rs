//! An ERP on PostgreSQL over two majors: the scripts of each version, an update by starting it, a check before
//! anybody works. Each upgrade is rehearsed first, on a copy of the host: what is there is then still what it was.
//!
//! The product is the example of `consign new --example erp`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use consign_lab::{BaseSystem, Host, Lab, Outcome, REPOSITORY_PORT, RecordClient, Site, Vendor, edit, lab};
use serde_json::Value;

const ERP: &str = "acme/erp";
const ENTRIES: &str = "http://127.0.0.1:8069/entries";
/// Everything that a rehearsal could have changed and must not have: all that the server has, the product's files, what
/// the package manager and the agent know of it, the accounts; and what of a rehearsal is left anywhere.
const LIVE: &str = "cd / && su postgres -c 'pg_dumpall --schema-only' | grep -v -e '^.restrict' -e '^.unrestrict'; \
                    su postgres -c \"psql -Atc 'SELECT script FROM ran ORDER BY number' -c 'SELECT version FROM module' \
                    -c 'SELECT * FROM entry WHERE number < 10 ORDER BY number' acme-erp\"; \
                    find /opt/acme-erp /var/lib/acme-erp /var/lib/consignee/acme/erp /etc /usr/lib/systemd/system /srv \
                    -type f -not -name '*.lease' -printf '%p %s %m %u %T@\\n' | sort; ls /var/lib/postgresql/17; \
                    dpkg-query --show; findmnt --noheadings --output TARGET; \
                    systemctl list-units --all --plain --no-legend 'consignee-rehearsal*'";
const OF_5_1: [&str; 3] = ["5.0.4/pre-10-blanks.py", "5.1.0/pre-10-rename.py", "5.1.0/post-10-companies.py"];
/// What of an upgrade is run on a copy.
const WHOLE: [&str; 9] =
    ["backup", "packages", "pre", "update", "post", "enter-maintenance", "start", "health", "leave-maintenance"];
const SOON: Duration = Duration::from_secs(30);

/// The example as it was at this version: without what came later.
fn project(vendor: &Vendor, version: &str) -> PathBuf {
    let project = vendor.new_example("erp", &format!("erp-{version}"), REPOSITORY_PORT).unwrap();
    let later = ["5.0.4", "5.1.0", "5.2.0"].into_iter().filter(|later| *later > version);
    for later in later {
        fs_err::remove_dir_all(project.join("app/scripts").join(later)).unwrap();
        for language in ["en", "fr"] {
            fs_err::remove_file(project.join(format!("notes/{later}.{language}.md"))).unwrap();
        }
    }
    let (manifest, program) = (project.join("consign.toml"), project.join("app/bin/erp"));
    edit(&manifest, &[("version = \"5.2.0\"", &format!("version = \"{version}\""))]).unwrap();
    edit(&program, &[("VERSION = \"5.2.0\"", &format!("VERSION = \"{version}\""))]).unwrap();
    if version != "5.2.0" {
        edit(&manifest, &[("required_stops = [\"5.1.0\"]\n", "")]).unwrap();
    }
    if version == "5.0.3" {
        edit(&program, &[("COLUMN = \"name\"", "COLUMN = \"text\""), ("MORE = [\"company\"]", "MORE = []")]).unwrap();
    }
    project
}

fn stored(site: &Site) -> BTreeSet<u64> {
    let entries: Value = serde_json::from_str(&site.host.shell(&format!("curl -sf {ENTRIES}"))).unwrap();
    entries.as_array().unwrap().iter().map(|entry| entry["text"].as_str().unwrap().parse().unwrap()).collect()
}

/// What a query of the database answers, a line for each row.
fn asked(site: &Site, query: &str) -> String {
    site.host.shell(&format!("cd / && su postgres -c \"psql -Atc '{query}' acme-erp\""))
}

/// Which scripts ran on the data, in order.
fn ran(site: &Site) -> Vec<String> {
    asked(site, "SELECT script FROM ran ORDER BY number").lines().map(str::to_owned).collect()
}

/// Which scripts the agent takes for run, in order.
fn counted(site: &Site) -> Vec<String> {
    let ran: Value = serde_json::from_str(&site.host.read("/var/lib/consignee/acme/erp/scripts.json")).unwrap();
    let scripts = ran["scripts"].as_array().unwrap().iter();
    scripts.filter(|ran| ran["done"] == true).map(|ran| ran["script"].as_str().unwrap().to_owned()).collect()
}

/// What differs, a line each.
#[track_caller]
fn same(before: &str, after: &str) {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<String>>();
    let differs: Vec<String> = lines(before).symmetric_difference(&lines(after)).cloned().collect();
    assert!(before == after, "{differs:#?}");
}

/// The upgrade on a copy, with this exit status; what it says as JSON.
#[track_caller]
fn rehearsed(site: &Site, words: &[&str], code: i32) -> (Outcome, Value) {
    let before = site.host.shell(LIVE);
    let typed = ["consignee", "--language", "en", "rehearse", ERP, "--json"];
    let outcome = site.host.exec(&[&typed, words].concat());
    let logs = || site.host.exec(&["journalctl", "--no-pager", "-n", "60"]).stdout;
    assert_eq!(outcome.code, code, "{outcome}\n{}", if outcome.code == code { String::new() } else { logs() });
    same(&before, &site.host.shell(LIVE));
    let report = serde_json::from_str(&outcome.stdout).unwrap();
    (outcome, report)
}

/// The steps that were run on the copy, in order.
fn steps(report: &Value) -> Vec<&str> {
    report["steps"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap()).collect()
}

fn offered(site: &Site, vendor: &Vendor, project: &std::path::Path) {
    vendor.release_project(project).unwrap();
    site.host.apt_get(&["update"]).expect_ok();
    site.consignee(&["ack", ERP, "--all", "--yes"]);
}

/// A host on which 5.0.3 was upgraded to 5.1.0, and somebody who works with it.
fn at_5_1(name: &str, rehearses: bool) -> (Vendor, Site, RecordClient) {
    let vendor = Vendor::new("acme").unwrap();
    vendor.release_project(&project(&vendor, "5.0.3")).unwrap();
    let host = Host::boot(name, BaseSystem::Databases).unwrap();
    host.ok(&["systemctl", "start", "postgresql"]);
    let site = Site::on(host, &vendor, ERP).unwrap();
    site.host.apt_get(&["install", "acme-erp"]).expect_ok();
    site.wait_status(0);
    let client = RecordClient::post(&site.host, ENTRIES);
    client.wait_acknowledged(SOON).unwrap();
    // Those that are compared are there before anything is.
    site.host.wait_until("ten entries", SOON, || (stored(&site).len() >= 10).then_some(()));
    offered(&site, &vendor, &project(&vendor, "5.1.0"));
    let plan = site.consignee(&["plan", ERP]).text();
    for said in ["5.0.4/pre-10-blanks.py", "ready when http://127.0.0.1:8070/ready answers", "serves nobody"] {
        assert!(plan.contains(said), "{said:?} is not in {plan}");
    }
    if rehearses {
        let (_, report) = rehearsed(&site, &[], 0);
        assert_eq!(report["verdict"], "would-complete");
        assert_eq!(steps(&report), WHOLE);
    }
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    client.wait_acknowledged(SOON).unwrap();
    assert_eq!(ran(&site), OF_5_1);
    assert_eq!(counted(&site), OF_5_1);
    (vendor, site, client)
}

/// Taken back by itself: the old version runs on its data, and what the scripts did has not happened.
#[track_caller]
fn back_at_5_1(site: &Site, client: &RecordClient, why: &[&str]) {
    site.host.wait_until("taken back", Duration::from_secs(120), || is_taken_back(site).then_some(()));
    client.wait_acknowledged(SOON).unwrap();
    let history = site.consignee(&["history", ERP, "--upgrade", "3"]).text();
    for said in why {
        assert!(history.contains(said), "{said:?} is not in {history}");
    }
    assert_eq!(site.host.installed("acme-erp").as_deref(), Some("5.1.0-1"));
    assert_eq!(asked(site, "SELECT version FROM module"), "5.1.0");
    assert_eq!(ran(site), OF_5_1);
    assert_eq!(counted(site), OF_5_1);
    assert!(!site.host.exists("/var/lib/acme-erp/maintenance"));
}

/// Not the newest journal: what is offered again has one of its own.
fn is_taken_back(site: &Site) -> bool {
    let records = site.host.read("/var/lib/consignee/acme/erp/journal/0003/records.jsonl");
    let last: Option<Value> = records.lines().last().and_then(|line| serde_json::from_str(line).ok());
    last.is_some_and(|record| record["event"] == "undo-succeeded" && record["item"] == -1)
}

/// The release that was taken back is wanted all the same, and finishes.
fn wanted_again(site: &Site) {
    site.host.apt_get(&["update"]).expect_ok();
    site.consignee(&["ack", ERP, "--all", "--yes"]);
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(ran(site), [&OF_5_1[..], &["5.2.0/pre-10-companies.py", "5.2.0/post-10-index.py"]].concat());
    assert_eq!(asked(site, "SELECT version FROM module"), "5.2.0");
    site.host.assert_packages_sound();
}

#[test]
fn an_erp_goes_through_two_majors_and_a_failing_post_script_is_taken_back() {
    lab!(Lab::can_host(BaseSystem::Databases));
    let (vendor, site, client) = at_5_1("erp", true);
    let next = project(&vendor, "5.2.0");
    let trouble = "import os, sys\nsys.exit('no room for it' if os.path.exists('/srv/trouble') else 0)\n";
    fs_err::write(next.join("app/scripts/5.2.0/post-20-check.py"), trouble).unwrap();
    site.host.write("/srv/trouble", "", 0o644);
    offered(&site, &vendor, &next);
    let (outcome, report) = rehearsed(&site, &[], 4);
    assert_eq!((&report["verdict"], &report["step"]), (&"would-fail".into(), &"post".into()), "{outcome}");
    assert_eq!(report["failure"]["script"], "5.2.0/post-20-check.py", "{outcome}");
    site.host.apt_get(&["upgrade"]).expect_ok();
    back_at_5_1(&site, &client, &["5.2.0/post-20-check.py", "exit status 1", "no room for it"]);
    site.host.ok(&["rm", "/srv/trouble"]);
    wanted_again(&site);
    assert_eq!(counted(&site)[3..], ["5.2.0/pre-10-companies.py", "5.2.0/post-10-index.py", "5.2.0/post-20-check.py"]);
    client.wait_acknowledged(SOON).unwrap();
    client.stop().assert_kept(&stored(&site), &site.announced());
}

#[test]
fn a_version_that_fails_its_test_in_maintenance_has_served_nobody_and_is_taken_back() {
    lab!(Lab::can_host(BaseSystem::Databases));
    let (vendor, site, client) = at_5_1("erp-maintenance", false);
    let next = project(&vendor, "5.2.0");
    let health =
        "\n[[health]]\ncommand = [\"/usr/bin/test\", \"!\", \"-e\", \"/srv/trouble\"]\nwithin = \"3s\"\n\n[notes]";
    edit(&next.join("consign.toml"), &[("\n[notes]", health)]).unwrap();
    site.host.write("/srv/trouble", "", 0o644);
    offered(&site, &vendor, &next);
    site.host.apt_get(&["upgrade"]).expect_ok();
    back_at_5_1(&site, &client, &["/usr/bin/test", "start"]);
    site.host.ok(&["rm", "/srv/trouble"]);
    // With the data as they were before that was tried.
    let (outcome, report) = rehearsed(&site, &["--backup", "latest"], 0);
    assert_eq!((&report["backup"], steps(&report)), (&3.into(), WHOLE.to_vec()), "{outcome}");
    let (_, report) = rehearsed(&site, &["--backup", "2"], 1);
    assert_eq!(report["problem"]["code"], "backup-of-another");
    wanted_again(&site);
    client.wait_acknowledged(SOON).unwrap();
    client.stop().assert_kept(&stored(&site), &site.announced());
}
