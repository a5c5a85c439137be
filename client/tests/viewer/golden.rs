//! Answers word for word. `CONSIGN_BLESS=1` writes them anew; read the difference before it is kept.

use std::path::PathBuf;

use consignee::cli::Exit;
use consignee::engine::event::{Answer, Event, FullFileSystem, Purpose, Reason};
use consignee::kept_back::{KeptBack, Reach};
use consignee::looked::Looked;
use consignee::request::Offer;

use crate::builder::{Host, marie};

/// Compares with `golden/<name>.<language>.txt`, in both languages.
pub fn assert_golden(host: &Host, name: &str, line: &str, exit: Exit) {
    for language in ["en", "fr"] {
        let said = host.run(&format!("{line} --language {language}"));
        assert_eq!(said.exit, exit, "{line}: {}{}", said.out, said.err);
        assert_eq!(said.err, "", "{line}");
        compare(&format!("{name}.{language}.txt"), &said.out);
    }
}

pub fn compare(name: &str, found: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/viewer/golden").join(name);
    if std::env::var_os("CONSIGN_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "{}", path.display());
}

fn installed() -> Host {
    let host = Host::new();
    host.begin(None, "1.4.0", "2026-11-01T09:00:00Z", b"plan").complete();
    host
}

const SECOND: &str = "2026-11-20T14:00:00Z";

#[test]
fn a_host_where_all_is_well() {
    let host = installed();
    assert_golden(&host, "status-well", "consignee status", Exit::Done);
}

#[test]
fn a_held_offer_says_why_and_what_to_type() {
    let host = installed();
    host.begin(Some("1.4.0"), "1.5.0", SECOND, b"plan").hold();
    assert_golden(&host, "status-held", "consignee status acme/erp", Exit::Waits);
}

#[test]
fn a_cleared_upgrade_that_the_package_manager_passes_over_says_why() {
    let host = installed();
    let mut upgrade = host.begin(Some("1.4.0"), "1.5.0", SECOND, b"plan");
    upgrade.record(Event::Cleared);
    let reach = Reach::NewPackages { packages: vec!["libpq5".to_owned()] };
    KeptBack::keep(&host.product, &"1.5.0".parse().unwrap(), reach).unwrap();
    assert_golden(&host, "status-kept-back", "consignee status", Exit::Done);
    // It is no business of an upgrade that is held.
    upgrade.hold();
    assert!(!host.run("consignee status").out.contains("libpq5"));
}

#[test]
fn an_upgrade_under_way() {
    let host = installed();
    host.begin(Some("1.4.0"), "1.5.0", SECOND, b"plan").unpack().start(3);
    host.product.set_unfinished().unwrap();
    assert_golden(&host, "status-under-way", "consignee status", Exit::UnderWay);
}

#[test]
fn a_failed_step_says_what_failed_how_the_host_is_and_what_to_type() {
    let host = installed();
    host.begin(Some("1.4.0"), "1.5.0", SECOND, b"plan").unpack().fail(3);
    host.product.set_unfinished().unwrap();
    assert_golden(&host, "status-halted", "consignee status", Exit::Halted);
    assert_golden(&host, "follow-halted", "consignee follow acme/erp", Exit::Halted);
}

#[test]
fn an_interrupted_step_waits_for_a_person() {
    let host = installed();
    let mut upgrade = host.begin(Some("1.4.0"), "1.5.0", SECOND, b"plan");
    upgrade.unpack().start(3).record(Event::Interrupted { item: 3 }).record(Event::Asked { item: 3 });
    host.product.set_unfinished().unwrap();
    assert_golden(&host, "status-waiting", "consignee status", Exit::Waits);
}

#[test]
fn a_damaged_journal_is_told_with_its_line() {
    let host = installed();
    let journal = host.product.upgrade_folder(1).join("records.jsonl");
    let text = std::fs::read_to_string(&journal).unwrap().replacen("cleared", "cleaned", 1);
    std::fs::write(&journal, text).unwrap();
    let said = host.run("consignee status");
    assert_eq!(said.exit, Exit::Halted);
    assert!(said.out.contains("records.jsonl, line 2"), "{}", said.out);
}

#[test]
fn the_history_tells_every_upgrade_and_who_had_a_hand_in_it() {
    let host = installed();
    let mut upgrade = host.begin(Some("1.4.0"), "1.5.0", SECOND, b"plan");
    upgrade.hold().wait(3600).unpack().fail(3).wait(600).record(Event::Retry { by: Some(marie()) });
    upgrade.start(3).record(Event::Interrupted { item: 3 }).record(Event::Asked { item: 3 });
    upgrade.record(Event::Answered { item: 3, answer: Answer::Rerun, by: marie() });
    upgrade.step(3).step(4).step(5).step(6);
    assert_golden(&host, "history", "consignee history acme/erp", Exit::Done);
    assert_golden(&host, "history-upgrade", "consignee history acme/erp --upgrade 2", Exit::Done);
}

#[test]
fn what_a_step_writes_cannot_command_the_terminal() {
    let host = installed();
    host.begin(Some("1.4.0"), "1.5.0", SECOND, b"plan").unpack().fail(3);
    for line in ["consignee status", "consignee history acme/erp --upgrade 2", "consignee follow acme/erp"] {
        let said = host.run(line);
        assert!(said.out.contains("cannot connect to the database") && !said.out.contains('\u{1b}'), "{line}");
    }
}

#[test]
fn an_unknown_product_is_answered_with_those_there_are() {
    let said = installed().run("consignee status acme/crm");
    assert_eq!((said.exit, said.out.as_str()), (Exit::Failed, ""));
    assert!(said.err.contains("cannot find acme/crm") && said.err.contains("there is: acme/erp"), "{}", said.err);
}

#[test]
fn why_it_is_held_is_told_with_what_is_behind_it() {
    let host = installed();
    host.begin(Some("1.4.0"), "1.5.0", SECOND, b"plan").hold();
    let told = Reason::RebootPending { packages: vec!["libc6".to_owned()] };
    let full = FullFileSystem {
        folder: "/var/lib/consignee".to_owned(),
        free_mib: 20,
        needed_mib: 108,
        purposes: vec![Purpose::PreviousPackages, Purpose::NewFiles],
    };
    let offer = Offer {
        product: host.product.id.clone(),
        installed: Some("1.4.0".parse().unwrap()),
        offered: Some("1.5.0".parse().unwrap()),
        held: vec![Reason::NoRoomForUpgrade { file_systems: vec![full] }],
        told: vec![told],
    };
    Looked::keep(&host.product, &[offer], SECOND.parse().unwrap()).unwrap();
    // What root finds out anew is the host's of whoever runs this.
    std::fs::create_dir_all(host.places.policy().parent().unwrap()).unwrap();
    std::fs::write(host.places.policy(), "[checks]\nopen_files = \"off\"\nreboot = \"tell\"\n").unwrap();
    std::fs::create_dir_all(host.places.at("/run")).unwrap();
    std::fs::write(host.places.at("/run/reboot-required"), "").unwrap();
    std::fs::write(host.places.at("/run/reboot-required.pkgs"), "libc6\n").unwrap();
    assert_golden(&host, "why-held", "consignee why acme/erp", Exit::Waits);
}

#[test]
fn why_it_halted_is_told_with_what_its_step_wrote() {
    let host = installed();
    host.begin(Some("1.4.0"), "1.5.0", SECOND, b"plan").unpack().fail(3);
    host.product.set_unfinished().unwrap();
    assert_golden(&host, "why-halted", "consignee why acme/erp", Exit::Halted);
}

#[test]
fn where_nothing_is_in_the_way_there_is_no_cause() {
    let host = installed();
    assert_golden(&host, "why-well", "consignee why acme/erp", Exit::Done);
}

#[test]
fn the_log_has_what_the_steps_wrote_where_they_wrote_it() {
    let host = installed();
    host.begin(Some("1.4.0"), "1.5.0", SECOND, b"plan").unpack().fail(3);
    let folder = host.product.upgrade_folder(2);
    std::fs::write(folder.join("3-init.1.log"), "migrating\n\u{1b}[2Jcannot connect to the database\n").unwrap();
    assert_golden(&host, "log", "consignee log acme/erp", Exit::Done);
    assert_golden(&host, "log-step", "consignee log acme/erp --upgrade 2 --step init", Exit::Done);
    assert_eq!(host.run("consignee log acme/erp --step 4").out, host.run("consignee log acme/erp --step init").out);
    let unknown = host.run("consignee log acme/erp --step inti");
    assert_eq!(unknown.exit, Exit::Failed);
    assert!(unknown.err.contains("its steps: announce, stop, packages, init"), "{}", unknown.err);
}
