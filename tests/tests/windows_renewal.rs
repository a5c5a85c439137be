//! A newer agent takes the place of the one that runs on a Windows, under Wine: `scripts/agent --windows` and
//! `scripts/wine` come before it.

use std::time::Duration;

use consign_lab::{AgentMaker, BackOffice, OfficeServer, STATE, Wine, until};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(300);
const PROGRAM: &str = r"C:\Program Files\Consignee\consignee.exe";

/// A server whose agent came as a package, 0.1.0, and whoever builds agents.
fn server() -> Option<(OfficeServer, AgentMaker)> {
    let (office, maker) = (BackOffice::new().unwrap(), AgentMaker::new().unwrap());
    let first = maker.package("0.1.0").unwrap();
    // Its folder is there already, with a program that is none of a package.
    let begin = |wine: &Wine| {
        fs_err::remove_file(wine.path(PROGRAM)).unwrap();
        wine.install(&first, &[]);
        wine.wait_for("Consignee", "RUNNING");
    };
    office.release("4.0.0", &[]).unwrap();
    office.publish_agent("4.0.0", &first, &maker.certificate()).unwrap();
    match OfficeServer::of(office, begin, &[]) {
        Ok(server) => Some((server, maker)),
        Err(not_run) => {
            not_run.report();
            None
        }
    }
}

/// The version of the agent's package that is here.
fn agent(wine: &Wine) -> String {
    let said = wine.run(&["reg", "query", r"HKLM\Software\Consignee\Packages\consignee", "/v", "Version"]);
    String::from_utf8_lossy(&said.stdout).split_whitespace().last().unwrap_or_default().to_owned()
}

/// Whether the program is the one that came with this version.
fn is_program_of(wine: &Wine, version: &str) -> bool {
    fs_err::read(wine.path(PROGRAM)).is_ok_and(|program| program.ends_with(version.as_bytes()))
}

/// The agent looks by itself when it begins, where nobody knows when it last did.
fn look(server: &OfficeServer) {
    server.wine.stop_agent();
    fs_err::remove_file(server.wine.path(&format!(r"{STATE}\status.json"))).unwrap();
    server.wine.ok(&["net", "start", "Consignee"]);
}

fn publish(server: &OfficeServer, maker: &AgentMaker, version: &str) {
    let package = maker.package(version).unwrap();
    server.office.publish_agent("4.0.0", &package, &maker.certificate()).unwrap();
}

fn wait_for_agent(server: &OfficeServer, version: &str) {
    let native = format!("{version}-1");
    let is_there = || (agent(&server.wine) == native && is_program_of(&server.wine, version)).then_some(());
    let seen = until("the newer agent", PATIENCE, is_there);
    assert!(seen.is_ok(), "{} {}{}", agent(&server.wine), server.log(), told(server));
    server.wine.wait_for("Consignee", "RUNNING");
}

/// What `msiexec` has told of the agent, from its end.
fn told(server: &OfficeServer) -> String {
    let log = fs_err::read(server.wine.path(&format!(r"{STATE}\.agent\msiexec.log"))).unwrap_or_default();
    String::from_utf8_lossy(&log[log.len().saturating_sub(6000)..]).into_owned()
}

#[test]
fn a_newer_agent_from_the_feed_takes_the_place_of_the_one_that_runs() {
    let Some((server, maker)) = server() else { return };
    assert_eq!(agent(&server.wine), "0.1.0-1");
    publish(&server, &maker, "0.2.0");
    look(&server);
    wait_for_agent(&server, "0.2.0");
    // What was brought for that is gone, and the new one does what the old one did.
    let renewal = server.wine.path(&format!(r"{STATE}\.agent\renewal.json"));
    until("the end of it", PATIENCE, || (!renewal.exists()).then_some(())).unwrap();
    let line = || Some(server.bulletin()["agent"].clone()).filter(|line| line["installed"] == "0.2.0-1");
    let line = until("what is told of it", PATIENCE, line).unwrap();
    assert_eq!((&line["published"], &line["offered"]), (&"0.2.0-1".into(), &Value::Null), "{line:#}");
    assert_eq!(server.log().matches("takes the place of").count(), 1, "{}", server.log());
    server.office.release("4.1.0", &[]).unwrap();
    let (code, said) = server.upgrade(&["--yes"]);
    assert_eq!(code, Some(0), "{said}\n{}", server.log());
    server.assert_upgraded(1);
}

#[test]
fn an_agent_that_is_killed_while_a_newer_one_is_installed_comes_back_as_that() {
    let Some((server, maker)) = server() else { return };
    publish(&server, &maker, "0.2.0");
    look(&server);
    // Written once it runs by itself: one that is only half made ends with whoever makes it.
    let at_work = server.wine.path(&format!(r"{STATE}\msiexec.json"));
    until("the newer agent", PATIENCE, || at_work.exists().then_some(())).unwrap();
    server.wine.kill();
    wait_for_agent(&server, "0.2.0");
    server.office.release("4.1.0", &[]).unwrap();
    assert_eq!(server.upgrade(&["--yes"]).0, Some(0), "{}", server.log());
    server.assert_upgraded(1);
}

#[test]
fn no_agent_is_replaced_in_the_middle_of_an_upgrade_but_by_a_person_and_then_the_newer_one_finishes_it() {
    let Some((server, maker)) = server() else { return };
    server.office.release("4.1.0", &[]).unwrap();
    fs_err::write(server.wine.path(r"C:\hold"), "").unwrap();
    assert_eq!(server.upgrade(&["--yes", "--no-wait"]).0, Some(5));
    let begins = |times| {
        let seen = || (server.migrations().matches("4.1.0 begins").count() >= times).then_some(());
        let begun = until("the migration", PATIENCE, seen);
        assert!(begun.is_ok(), "{}{}", server.migrations(), server.log());
    };
    begins(1);
    // Not before: the agent may still be looking.
    publish(&server, &maker, "0.2.0");
    look(&server);
    begins(2);
    let renewal = server.wine.path(&format!(r"{STATE}\.agent\renewal.json"));
    until("the newer agent is brought", PATIENCE, || renewal.exists().then_some(())).unwrap();
    assert!(!server.log().contains("takes the place of"), "{}", server.log());
    // A person may.
    server.wine.stop_agent();
    server.wine.install(&maker.package("0.3.0").unwrap(), &[]);
    wait_for_agent(&server, "0.3.0");
    begins(3);
    fs_err::remove_file(server.wine.path(r"C:\hold")).unwrap();
    server.assert_upgraded(3);
    assert!(!server.log().contains("takes the place of"), "{}", server.log());
}

#[test]
fn an_agent_that_others_signed_is_refused_before_it_is_installed() {
    let Some((server, _)) = server() else { return };
    let stranger = AgentMaker::new().unwrap();
    publish(&server, &stranger, "0.2.0");
    look(&server);
    let refused = || server.log().contains(r"\.agent\.arriving: ").then_some(());
    let seen = until("the refusal", PATIENCE, refused);
    assert!(seen.is_ok(), "{}", server.log());
    assert_eq!(agent(&server.wine), "0.1.0-1");
    assert!(!server.log().contains("takes the place of"), "{}", server.log());
}
