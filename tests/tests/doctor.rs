//! What the agent says about itself and about what happened: `doctor`, `why`, `log`, `resume`.

use std::time::Duration;

use consign_lab::{CANOPSIS, Outcome, Product, Release, Site, lab};
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

/// How often the second step has asked for more time.
fn postponed(site: &Site) -> usize {
    site.events().iter().filter(|event| *event == "retry-later").count()
}

/// Resumed, as soon as the agent has let go of the product: what a step answered is written down before that.
#[track_caller]
fn resumed(site: &Site) -> Outcome {
    let resumed = || {
        let answer = consignee(site, &["resume", CANOPSIS]);
        let is_at_it = answer.code == 1 && answer.text().contains("is running");
        (!is_at_it).then_some(answer)
    };
    site.host.wait_until("nobody is at the product", Duration::from_secs(60), resumed)
}

/// Each time a step asks for more time the agent waits twice as long as before, and tries it by itself then: 10 s after
/// the first time, 160 s after the fifth, 5 min from the next on. Whoever has mended what it waited for does not wait.
#[test]
fn an_upgrade_that_waits_for_time_goes_on_at_once_where_a_person_resumes_it() {
    lab!();
    let (vendor, site) = Site::with_canopsis("resumed", Release::Trixie, "3.25.0");
    let index = "[[step]]\nname = \"index\"\nrun = [\"/usr/bin/touch\", \"/srv/index/done\"]\nretry_later_exit = 1\n\n\
                 [[health]]";
    vendor.release_edited(Product::canopsis("3.26.0"), &[("[[health]]", index)]).unwrap();
    site.clear_canopsis();
    let client = site.client();
    site.host.apt_get(&["upgrade"]).expect_ok();
    let wait_postponed = |times: usize| {
        let is_so = || (postponed(&site) >= times).then_some(());
        site.host.wait_until(&format!("asked {times} times for more time"), Duration::from_secs(60), is_so);
    };
    wait_postponed(1);
    while postponed(&site) < 6 {
        let before = postponed(&site);
        says(&resumed(&site).expect_ok(), &["understood; the agent goes on by itself"]);
        wait_postponed(before + 1);
    }
    site.wait_status(5);
    site.host.ok(&["mkdir", "/srv/index"]);
    // Who came while the step ran has it tried once more, and may have found the folder.
    resumed(&site);
    site.wait_status(0);
    assert!(postponed(&site) < 8, "{:?}", site.events());
    assert_eq!(site.engine("web"), "active");
    says(&consignee(&site, &["resume", CANOPSIS]).expect_code(1), &["it is completed, and waits for more than time"]);
    site.nothing_was_lost(client);
}
