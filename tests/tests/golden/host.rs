//! The golden hosts, booted: an earlier agent left them in mid-upgrade, this tree's agent finishes it.

use std::time::Duration;

use consign_lab::{BaseSystem, Host, Outcome, RecordClient, Release, Server, lab};
use serde_json::Value;

use crate::fixture::{ADD_ON, BASE, FIRST, Published, SAVED, text};
use crate::mid_upgrade::{Golden, PACKAGES};

const PATIENCE: Duration = Duration::from_secs(120);
const RECORDS: &str = "http://127.0.0.1:8082/records";
/// The first number that is written since the power cut.
const LATER: u64 = 6;

const OF_VERSION_1: Golden = Golden {
    version: "1",
    system: BaseSystem::Apt(Release::Bookworm),
    published: &[&FIRST],
    decisions: &[("init", &["answer", "acme/canopsis", "rerun"])],
    engines: ["canopsis-engine@main", "canopsis-engine@worker", "canopsis-engine@web"],
    transaction: "cat /root/transaction",
    end: "step-succeeded",
    installed: 1,
    inits: "3",
};
const OF_VERSION_2: Golden = Golden {
    version: "2",
    system: BaseSystem::Apt(Release::Trixie),
    published: &[&BASE, &ADD_ON],
    decisions: &[
        ("globex/snmp:migrate", &["answer", "acme/canopsis", "rerun"]),
        ("cabling", &["done", "acme/canopsis", "cabling"]),
        ("dashboard", &["done", "acme/canopsis", "dashboard"]),
    ],
    engines: ["canopsis-engine@main", "canopsis-engine@worker", "canopsis-web"],
    transaction: "sed 's/^globex-snmp 1.0.0-1 all none </globex-snmp 2.0.0-1 all none =/' /root/transaction",
    end: "answered",
    installed: 1,
    inits: "2",
};

const OF_VERSION_4: Golden = Golden {
    version: "4",
    system: BaseSystem::Databases,
    published: &[&SAVED],
    decisions: &[],
    engines: ["canopsis-engine@main", "canopsis-engine@worker", "canopsis-engine@web"],
    transaction: "cat /root/transaction",
    end: "undo-succeeded",
    installed: 0,
    inits: "1",
};

#[test]
fn an_upgrade_that_an_earlier_agent_began_is_finished() {
    lab!();
    let (host, client) = finished(&OF_VERSION_1);
    its_repositories_are_read(&OF_VERSION_1, &host);
    nothing_was_lost(&host, client);
    host.assert_packages_sound();
}

#[test]
fn an_upgrade_that_an_add_on_joined_is_finished() {
    lab!();
    let (host, client) = finished(&OF_VERSION_2);
    the_add_on_was_migrated_once_more(&host);
    the_outage_was_told_to_its_end(&host);
    the_sites_configuration_is_kept(&host);
    its_repositories_are_read(&OF_VERSION_2, &host);
    nothing_was_lost(&host, client);
    host.assert_packages_sound();
}

/// With the packages that it kept and the backup that it sealed; nobody is asked.
#[test]
fn an_upgrade_that_an_earlier_agent_was_taking_back_is_taken_back() {
    lab!();
    let host = OF_VERSION_4.boot();
    let client = RecordClient::post_from(LATER, &host, RECORDS);
    // The journey that it was a part of waits for what a repository says; none is served yet.
    wait_status(&host, 3, &["on its way, 3.25.0 to 3.26.0", "no repository of this host offers anything newer"]);
    assert_eq!(events(&host).last().map(String::as_str), Some(OF_VERSION_4.end));
    assert_eq!(host.installed("canopsis").as_deref(), Some(SAVED.packages[OF_VERSION_4.installed]));
    serves_with_its_data(&OF_VERSION_4, &host, "3.25.0", 1);
    assert!(!host.exists("/var/lib/canopsis/index"));
    assert!(host.read("/etc/canopsis.conf").starts_with("# of the site\n"));
    let dump = host.shell("sqlite3 /var/lib/canopsis/canopsis.db .dump");
    assert!(!dump.contains("remark"), "a script's table outlived it: {dump}");
    let scripts: Value = serde_json::from_str(&host.read("/var/lib/consignee/acme/canopsis/scripts.json")).unwrap();
    assert_eq!(scripts["scripts"], Value::Array(Vec::new()));
    its_repositories_are_read(&OF_VERSION_4, &host);
    nothing_was_lost(&host, client);
    host.assert_packages_sound();
}

fn finished(golden: &Golden) -> (Host, RecordClient) {
    let host = golden.boot();
    let client = RecordClient::post_from(LATER, &host, RECORDS);
    waits_with_the_engines_stopped(golden, &host);
    the_hook_understands_apt(golden, &host);
    for (name, typed) in golden.decisions {
        wait_status(&host, 3, &[name]);
        host.ok(&[&["env", "LC_ALL=C.UTF-8", "consignee"], *typed].concat());
    }
    wait_status(&host, 0, &[]);
    is_finished_with_its_data(golden, &host);
    (host, client)
}

/// Whoever has tried all the time works again, nothing acknowledged is lost, no outage was unannounced.
fn nothing_was_lost(host: &Host, client: RecordClient) {
    client.wait_acknowledged(PATIENCE).unwrap();
    let (ledger, stored) = (client.stop(), host.ok(&["curl", "-sf", RECORDS]).stdout);
    ledger.assert_kept(&stored.lines().filter_map(|line| line.parse().ok()).collect(), &host.announced(FIRST.product));
}

/// Waits until the status has this exit code and these words.
fn wait_status(host: &Host, code: i32, words: &[&str]) -> Outcome {
    let what = format!("consignee status answers {code} and says {words:?}");
    host.wait_until(&what, PATIENCE, || {
        let status = host.exec(&["consignee", "status", "--language", "en", FIRST.product]);
        (status.code == code && words.iter().all(|word| status.text().contains(word))).then_some(status)
    })
}

/// The plan does not say that the step may run again: nobody but a person knows.
fn waits_with_the_engines_stopped(golden: &Golden, host: &Host) {
    wait_status(host, 3, &[golden.decisions[0].0, "consignee answer acme/canopsis"]);
    for engine in ["main", "worker", "web"] {
        let unit = format!("canopsis-engine@{engine}.service");
        assert_eq!(host.exec(&["systemctl", "is-active", &unit]).stdout.trim(), "inactive");
        assert_eq!(host.shell(&format!("systemctl is-enabled {unit}")), "enabled");
    }
    assert_eq!(events(host).last().map(String::as_str), Some("asked"));
}

/// What apt told the hook then, told again: read to its end, and judged by the service.
fn the_hook_understands_apt(golden: &Golden, host: &Host) {
    let told = |edit: &str| {
        let stream = format!("{} | {edit} | LC_ALL=C /usr/lib/consignee/barrier", golden.transaction);
        host.exec(&["sh", "-c", &stream])
    };
    // The same transaction once more, towards the version that is being finished.
    let whole = told("cat");
    assert!(whole.success(), "{whole}");
    let missing = told(&format!("sed s/{}/canopsis_missing.deb/", golden.published[0].package_file()));
    assert!(missing.code == 1 && missing.text().contains("canopsis_missing.deb"), "{missing}");
    let cut = told("sed '$s/ all none .*//'");
    assert!(cut.code == 1 && cut.stderr.contains("cannot read the transaction"), "{cut}");
    let other = told("sed 's/^canopsis /canopsis-doc /'");
    assert!(other.success(), "{other}");
}

fn is_finished_with_its_data(golden: &Golden, host: &Host) {
    assert_eq!(events(host).last().map(String::as_str), Some(golden.end));
    assert!(!host.exists("/var/lib/consignee/acme/canopsis/unfinished"));
    let health = serves_with_its_data(golden, host, "3.26.0", 2);
    // The site's own choices, not the vendor's defaults.
    assert_eq!((&health["edition"], &health["stack"]), (&"cat".into(), &"go".into()));
}

fn serves_with_its_data(golden: &Golden, host: &Host, version: &str, schema: u32) -> Value {
    let health: Value = serde_json::from_str(&host.shell("curl -sf http://127.0.0.1:8082/health")).unwrap();
    assert_eq!((&health["version"], &health["schema"]), (&version.into(), &schema.into()));
    let records = host.ok(&["curl", "-sf", RECORDS]).stdout;
    let earlier = records.lines().take_while(|line| line.parse::<u64>().unwrap() < LATER);
    assert_eq!(earlier.collect::<Vec<_>>(), ["1", "2", "3", "4", "5"]);
    assert_eq!(host.shell("grep -c '\"started\"' /var/lib/canopsis/init.log"), golden.inits);
    for engine in golden.engines {
        assert_eq!(host.shell(&format!("systemctl is-active {engine}.service")), "active");
    }
    health
}

/// In the base's upgrade, with the site's choice for the add-on; what came before the cut is not run again.
fn the_add_on_was_migrated_once_more(host: &Host) {
    let log = host.read("/var/lib/globex-snmp/seen.log");
    let seen = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let seen: Vec<String> = seen.map(|seen| format!("{} {}", seen["step"], seen["arguments"])).collect();
    let migrated = r#""migrate" ["3.25.0","3.26.0","critical"]"#;
    let own = [r#""own" ["","1.0.0"]"#, r#""own" ["1.0.0","2.0.0"]"#];
    assert_eq!(seen, [own[0], own[1], migrated, migrated, r#""register" ["3.25.0","3.26.0"]"#]);
    assert_eq!(host.shell("ls /var/lib/consignee/globex/snmp/journal | wc -l"), "2");
}

/// Whoever was told before the cut that it begins is told that it is over, and nothing twice.
fn the_outage_was_told_to_its_end(host: &Host) {
    let news = || Some(host.read("/var/lib/canopsis/news")).filter(|news| news.contains("outage-over"));
    let news = host.wait_until("the outage is over", PATIENCE, news);
    let news: Vec<Value> = news.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said: Vec<_> = news.iter().map(|news| (news["event"].as_str().unwrap(), news["step"].as_str())).collect();
    let goes_on = |step| ("outage-goes-on", Some(step));
    let expected = [("outage-begins", None), goes_on("globex/snmp:migrate"), goes_on("cabling"), ("outage-over", None)];
    assert_eq!(said, expected);
    let told = host.read("/var/lib/consignee/acme/canopsis/told.json");
    assert_eq!(serde_json::from_str::<Value>(&told).unwrap()["last"]["told"], "over");
}

/// Also by the same version once more: the record says that this default was offered.
fn the_sites_configuration_is_kept(host: &Host) {
    let of_the_site = text("2/host/files/etc/canopsis.conf");
    let beside = "/etc/canopsis.conf.dpkg-dist";
    assert_eq!(host.read("/etc/canopsis.conf"), of_the_site);
    assert!(of_the_site.starts_with("# of the site\n") && host.exists(beside));
    wait_status(host, 0, &[beside]);
    host.ok(&["rm", beside]);
    host.ok(&["dpkg", "-i", &format!("{PACKAGES}/{}", BASE.package_file())]);
    wait_status(host, 0, &[]);
    assert_eq!(host.read("/etc/canopsis.conf"), of_the_site);
    assert!(!host.exists(beside), "it was offered again");
    assert_eq!(host.read("/etc/canopsis/limits"), "records = 2000\n");
}

/// Repositories that nobody renewed: apt refuses them; read all the same, the agent holds what they offer.
fn its_repositories_are_read(golden: &Golden, host: &Host) {
    let serve = |published: &&Published| Server::start(host, &published.path("repository"), published.port).unwrap();
    let _servers: Vec<Server> = golden.published.iter().map(serve).collect();
    let refused = host.apt_get(&["update"]).expect_code(100);
    assert!(refused.text().contains("expired"), "{refused}");
    let shown = host.apt_get(&["-o", "Acquire::Check-Valid-Until=false", "update"]).expect_ok();
    assert!(shown.text().contains("3.26.1") && shown.text().contains("expired"), "{shown}");
    let packages = golden.published[0].packages;
    let (installed, offered) = (packages[golden.installed], packages[2]);
    let policy = host.ok(&["apt-cache", "policy", "canopsis"]).stdout;
    assert!(policy.contains(&format!("{offered} -1")), "{policy}");
    host.apt_get(&["upgrade"]).expect_ok();
    assert_eq!(host.installed("canopsis").as_deref(), Some(installed));
    // What could not be verified begins no upgrade; that it is held is said all the same.
    wait_status(host, 3, &["3.26.1", "expired"]);
    assert!(!host.exists("/var/lib/consignee/acme/canopsis/journal/0003"));
}

/// The events of the upgrade, as the agent of this tree wrote them on.
fn events(host: &Host) -> Vec<String> {
    let journal = host.read("/var/lib/consignee/acme/canopsis/journal/0002/records.jsonl");
    let name = |line: &str| Some(serde_json::from_str::<Value>(line).ok()?["event"].as_str()?.to_owned());
    journal.lines().filter_map(name).collect()
}
