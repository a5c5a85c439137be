//! What a release note asks of a host or of a person: checked by the agent, ticked by the person.

use std::time::{Duration, Instant};

use consign_lab::{CANOPSIS, Outcome, Product, Release, Site, Vendor, lab};

/// 3.25.0 runs and 3.26.0 is published with these parts in its manifest; notes and side effects are
/// acknowledged, which leaves it held (3) or not (0).
#[track_caller]
fn site_with(name: &str, release: Release, parts: &str, status: i32) -> (Vendor, Site) {
    let (vendor, site) = Site::with_canopsis(name, release, "3.25.0");
    vendor.release_edited(Product::canopsis("3.26.0"), &[("[[health]]", &format!("{parts}\n[[health]]"))]).unwrap();
    site.host.apt_get(&["update"]).expect_ok();
    // With checks that take their time the look may go on after apt.
    site.wait_status(3);
    // What a person has read is not done by that, and not what the host lacks.
    site.host.exec(&["consignee", "ack", CANOPSIS, "--all", "--yes"]).expect_code(status);
    (vendor, site)
}

fn done(site: &Site, task: &str) -> Outcome {
    site.host.exec(&["consignee", "--language", "en", "done", CANOPSIS, task])
}

#[track_caller]
fn says(outcome: &Outcome, words: &[&str]) {
    for word in words {
        assert!(outcome.text().contains(word), "{word:?} is missing in {outcome}");
    }
}

const POSTGRESQL: &str = r#"
[[prerequisite]]
id = "postgresql-15"
command = ["/usr/bin/test", "-e", "/srv/postgresql-15", "-a", "{option.edition}", "=", "core"]
user = "canopsis"
otherwise.en = "PostgreSQL 15 is needed: see the note on 3.26.0."
otherwise.fr = "Il faut PostgreSQL 15 : voir la note 3.26.0."
[[prerequisite]]
id = "space"
free_space = { folder = "/var/lib/canopsis/new", mebibytes = 1 }
otherwise.en = "Make room."
"#;

#[test]
fn a_prerequisite_holds_an_upgrade_until_the_host_is_mended_on_debian_12() {
    lab!();
    mended(Release::Bookworm);
}

#[test]
fn a_prerequisite_holds_an_upgrade_until_the_host_is_mended_on_debian_13() {
    lab!();
    mended(Release::Trixie);
}

fn mended(release: Release) {
    let (_vendor, site) = site_with("prerequisite", release, POSTGRESQL, 3);
    let client = site.client();
    let sentence = "PostgreSQL 15 is needed: see the note on 3.26.0.";
    let looked = site.host.apt_get(&["update"]).expect_ok();
    says(&looked, &["3.26.0 is offered and held back", sentence]);
    assert!(!looked.text().contains("Make room"), "{looked}");
    says(&site.wait_status(3), &[sentence, "apt update"]);
    let french = site.host.exec(&["consignee", "status", "--language", "fr", CANOPSIS]);
    says(&french, &["Il faut PostgreSQL 15 : voir la note 3.26.0."]);
    says(&site.consignee(&["plan", CANOPSIS]), &[sentence, "/usr/bin/test -e /srv/postgresql-15 -a core = core"]);
    site.host.apt_get(&["upgrade"]).expect_ok();
    says(&site.host.apt_get(&["install", "canopsis=3.26.0-1"]).expect_code(100), &[sentence]);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    assert_eq!(site.engine("web"), "active");

    // The barrier asks the host and not the last look: mended counts at once, and so does broken again.
    site.host.write("/srv/postgresql-15", "", 0o644);
    site.host.apt_get(&["update"]).expect_ok();
    site.wait_status(0);
    site.host.ok(&["rm", "/srv/postgresql-15"]);
    says(&site.host.apt_get(&["upgrade"]).expect_code(100), &[sentence]);
    assert_eq!(site.engine("web"), "active");
    site.host.write("/srv/postgresql-15", "", 0o644);
    site.host.apt_get(&["update"]).expect_ok();
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    assert_eq!(site.host.shell("systemctl list-units --all --plain --no-legend 'consignee-check*'"), "");
    site.nothing_was_lost(client);
}

#[test]
fn checks_that_do_not_end_keep_no_terminal_waiting() {
    lab!();
    let stubborn = |id: &str| {
        format!(
            "[[prerequisite]]\nid = \"{id}\"\ncommand = [\"/bin/sh\", \"-c\", \"trap '' TERM; while :; do sleep 1; done\"]\n\
             otherwise.en = \"x\"\n"
        )
    };
    let parts = ["a", "b", "c", "d"].map(stubborn).join("");
    let gone = "[[prerequisite]]\nid = \"gone\"\ncommand = [\"/usr/lib/none\"]\notherwise.en = \"x\"\n";
    let (_vendor, site) = site_with("prerequisite-late", Release::Bookworm, &(parts + gone), 3);
    let client = site.client();
    let begun = Instant::now();
    let looked = site.host.apt_get(&["update"]).expect_ok();
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    says(&looked, &["the prerequisite a could not be looked at", "the prerequisite d could not be looked at"]);
    says(
        &looked,
        &["longer than the 5 s it was given", "/usr/lib/none could not be started: there is no such program"],
    );
    assert_eq!(site.host.exec(&["pgrep", "-f", "trap"]).stdout, "", "nothing runs on");
    site.nothing_was_lost(client);
}

const SNAPSHOT: &str = r#"
[[task]]
id = "snapshot"
at = "before"
summary.en = "Take a snapshot of the disk."
summary.fr = "Prenez un instantané du disque."
detail.en = "In the console: Machine, Snapshot."
"#;

#[test]
fn a_task_before_the_upgrade_holds_it_until_it_is_ticked_by_its_name() {
    lab!();
    let (vendor, site) = site_with("task-before", Release::Bookworm, SNAPSHOT, 3);
    let client = site.client();
    let held = [
        "the task snapshot is to be done first: Take a snapshot of the disk.",
        "consignee done acme/canopsis snapshot",
    ];
    says(&site.host.apt_get(&["update"]).expect_ok(), &held);
    says(&site.wait_status(3), &held);
    says(&site.consignee(&["plan", CANOPSIS]), &["snapshot (not done yet)", "In the console: Machine, Snapshot."]);
    site.host.apt_get(&["upgrade"]).expect_ok();
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.25.0-1"));
    says(&done(&site, "snapshto").expect_code(1), &["cannot tick snapshto", "open: snapshot"]);
    says(&done(&site, "snapshot").expect_ok(), &["noted as done", "3.26.0 is offered and cleared"]);
    says(&done(&site, "snapshot").expect_code(1), &["asks for no such task now"]);

    // Other words are another task.
    let edits = [
        ("[[health]]", format!("{SNAPSHOT}\n[[health]]")),
        ("snapshot of the disk", "snapshot of both disks".to_owned()),
        ("revision = 1", "revision = 2".to_owned()),
    ];
    let edits: Vec<_> = edits.iter().map(|(part, with)| (*part, with.as_str())).collect();
    vendor.release_edited(Product::canopsis("3.26.0"), &edits).unwrap();
    says(&site.host.apt_get(&["update"]).expect_ok(), &["Take a snapshot of both disks."]);
    done(&site, "snapshot").expect_ok();
    site.host.apt_get(&["upgrade"]).expect_ok();
    site.wait_status(0);
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-2"));
    says(&site.consignee(&["history", CANOPSIS]), &["did the task snapshot"]);
    site.nothing_was_lost(client);
}

const LICENCE: &str = r#"
[[task]]
id = "licence"
at = "before-start"
summary.en = "Lay down the licence."
summary.fr = "Déposez la licence."
"#;

#[test]
fn a_task_before_the_start_waits_with_the_engines_stopped_over_a_reboot_too() {
    lab!();
    let (vendor, mut site) = site_with("task-stopped", Release::Trixie, LICENCE, 0);
    let client = site.client();
    let shown = site.host.apt_get(&["upgrade"]).expect_ok();
    let asked = ["step 5/8 licence", "Lay down the licence.", "consignee done acme/canopsis licence"];
    says(&site.wait_status(3), &asked);
    assert!(!shown.text().contains("E: "), "{shown}");
    assert_eq!(site.host.installed("canopsis").as_deref(), Some("3.26.0-1"));
    site.assert_canopsis_stopped();

    site.host.reboot().unwrap();
    site.serve_again(&vendor).unwrap();
    says(&site.wait_status(3), &asked);
    site.assert_canopsis_stopped();
    site.host.exec(&["consignee", "answer", CANOPSIS, "done"]).expect_code(1);
    assert_eq!(site.status()["products"][0]["upgrade"]["step"]["task"]["en"], "Lay down the licence.");
    done(&site, "licence").expect_ok();
    site.wait_status(0);
    assert_eq!(site.engine("web"), "active");
    assert_eq!(site.init_calls().len(), 2, "no step ran twice");
    says(&site.consignee(&["history", CANOPSIS]), &["did the task licence"]);
    site.nothing_was_lost(client);
}

#[test]
fn a_task_after_the_upgrade_waits_while_the_product_runs() {
    lab!();
    let parts = LICENCE.replace("before-start", "after").replace("licence", "tell");
    let (_vendor, site) = site_with("task-after", Release::Bookworm, &parts, 0);
    let client = site.client();
    site.host.apt_get(&["upgrade"]).expect_ok();
    says(&site.wait_status(3), &["step 8/8 tell", "engines: free to run", "consignee done acme/canopsis tell"]);
    assert_eq!(site.engine("web"), "active");
    site.host.apt_get(&["upgrade"]).expect_ok();
    done(&site, "tell").expect_ok();
    site.wait_status(0);
    site.nothing_was_lost(client);
}
