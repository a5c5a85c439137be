//! What the agent says about itself and about what happened: `doctor`, `why`, `log`, `resume`.

use consign_lab::{CANOPSIS, Outcome, Release, Site, lab};
use serde_json::Value;

const HOOKS: &str = "/etc/apt/apt.conf.d/20consignee";
const FOLDER: &str = "/var/lib/consignee/acme/canopsis";

#[track_caller]
fn says(outcome: &Outcome, words: &[&str]) {
    for word in words {
        assert!(outcome.text().contains(word), "{word:?} is missing in {outcome}");
    }
}

fn consignee(site: &Site, arguments: &[&str]) -> Outcome {
    site.host.exec(&[&["consignee", "--language", "en"], arguments].concat())
}

fn codes(outcome: &Outcome) -> Vec<String> {
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["finding"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_host_in_order_is_well_and_each_thing_that_is_broken_is_named_until_it_is_mended() {
    lab!();
    let (_vendor, site) = Site::with_canopsis("doctor", Release::Bookworm, "3.25.0");
    // The agent came after the lists were last read: it has seen no feed yet.
    site.host.apt_get(&["update"]).expect_ok();
    says(&consignee(&site, &["doctor"]).expect_ok(), &["nothing has to be put right"]);
    let client = site.client();
    let drop_in =
        site.host.shell("find /usr/lib/systemd /etc/systemd -path '*canopsis-engine@*' -name 50-consign.conf");
    site.host.shell(&format!(
        "mv {HOOKS} /root/hooks; touch {FOLDER}/unfinished {FOLDER}/old.bak; mv {} /root/; systemctl daemon-reload",
        drop_in.trim()
    ));
    site.host.write("/etc/consign/policy.toml", "langage = \"fr\"\n", 0o644);
    let broken = consignee(&site, &["doctor", "--json"]).expect_code(1);
    let mut found = codes(&broken);
    found.dedup();
    assert_eq!(
        found,
        ["hook-removed", "site-file", "flag-without-upgrade", "unknown-file", "condition-missing"],
        "{broken}"
    );
    let said = site.host.exec(&["consignee", "--language", "fr", "doctor"]).expect_code(1);
    says(&said, &["n'interroge plus l'agent", "old.bak n'a pas été écrit par cet agent", "sa condition sur le témoin"]);
    site.host.shell(&format!(
        "mv /root/hooks {HOOKS}; rm {FOLDER}/unfinished {FOLDER}/old.bak /etc/consign/policy.toml; \
         mv /root/50-consign.conf {}; systemctl daemon-reload",
        drop_in.trim()
    ));
    consignee(&site, &["doctor"]).expect_ok();
    site.nothing_was_lost(client);
}

#[test]
fn a_halted_upgrade_says_why_and_what_its_step_wrote() {
    lab!();
    let (_vendor, site) = Site::with_canopsis_cleared("why", Release::Trixie);
    says(&consignee(&site, &["why", CANOPSIS]).expect_ok(), &["3.26.0: cleared", "apt upgrade"]);
    let client = site.client();
    site.trouble("fail");
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(4);
    let why = consignee(&site, &["why", CANOPSIS]).expect_code(4);
    says(&why, &["a step failed, and it halted", "exit status", "cause: The program itself says", "consignee retry"]);
    let log = consignee(&site, &["log", CANOPSIS, "--step", "init"]).expect_ok();
    says(&log, &["init", "    | "]);
    assert!(!log.text().contains("stop"), "{log}");
    says(&consignee(&site, &["log", CANOPSIS]).expect_ok(), &["stop", "packages", "init", "failed"]);
    says(&consignee(&site, &["log", CANOPSIS, "--step", "nothing"]).expect_code(1), &["its steps: ", "init"]);
    let report: Value =
        serde_json::from_str(&consignee(&site, &["log", CANOPSIS, "--json"]).expect_ok().stdout).unwrap();
    assert!(report["entries"].as_array().unwrap().iter().any(|entry| entry["output"].is_array()), "{report}");
    says(&consignee(&site, &["resume", CANOPSIS]).expect_code(1), &["it is halted, and waits for more than time"]);
    site.trouble_is_over();
    site.consignee(&["retry", CANOPSIS]);
    site.wait_status(0);
    says(&consignee(&site, &["doctor"]).expect_ok(), &["nothing has to be put right"]);
    site.nothing_was_lost(client);
}
