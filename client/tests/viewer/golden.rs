//! Answers word for word. `CONSIGN_BLESS=1` writes them anew; read the difference before it is kept.

use std::path::PathBuf;

use consignee::cli::Exit;
use consignee::engine::event::{Answer, Event};
use consignee::kept_back::{KeptBack, Reach};

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
