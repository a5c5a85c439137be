//! rpm is cut off when the files of the new version are in their places and its database has the old version alone.
//! Nobody takes that for "before": engines of the new version would start on the data of the old one.

use std::process::Stdio;

use consign_lab::{CANOPSIS, Faults, RpmSystem, lab};

use crate::chain::{Chain, End};

const ENGINE: &str = "/opt/canopsis/bin/canopsis-engine";
/// One of the files that come after the engine in the package.
const LATER: &str = "*canopsis.target";

/// What stands in the middle of an upgrade is cut off there; what rpm has unpacked is on the disk.
#[track_caller]
fn cut_between_files_and_database(chain: &mut Chain) {
    let faults = Faults::load_by_hand(&chain.site.host).unwrap();
    chain.publish();
    chain.look();
    chain.sync_lists();
    let host = &chain.site.host;
    let before = host.shell(&format!("sha256sum <{ENGINE}"));
    faults.plan(&format!("stop rename {LATER}"));
    let upgrade = faults.within(&chain.site.manager().upgrade());
    let mut command = host.entrance().command(&upgrade.iter().map(String::as_str).collect::<Vec<_>>());
    std::thread::scope(|scope| {
        let running = scope.spawn(move || command.stdin(Stdio::null()).output());
        let host = &chain.site.host;
        host.wait_until("rpm stands", crate::FINISH, || faults.fired());
        assert_ne!(host.shell(&format!("sha256sum <{ENGINE}")), before, "the engine is not in its place yet");
        host.ok(&["sync"]);
        chain.cut();
        running.join().unwrap().unwrap();
    });
    chain.boot();
    let host = &chain.site.host;
    assert_eq!(host.rpm_versions("canopsis"), ["3.26.1-1"]);
    assert_ne!(host.shell(&format!("sha256sum <{ENGINE}")), before);
}

/// Nothing started, and nothing was undone.
#[track_caller]
fn halts(chain: &Chain) {
    chain.site.wait_status(4);
    chain.site.assert_canopsis_stopped();
    assert!(chain.agent_says("files are not those of their packages"), "{}", chain.told());
}

#[track_caller]
fn is_whole(chain: Chain, version: &str) {
    assert_eq!(chain.site.host.rpm_versions("canopsis"), [version]);
    assert_eq!(chain.site.host.shell("rpm --verify --nomtime canopsis || :"), "");
    chain.over();
}

fn goes_on(name: &str, system: RpmSystem) {
    let mut chain = Chain::on_disk(name, system);
    cut_between_files_and_database(&mut chain);
    halts(&chain);
    assert_eq!(chain.ends("rpm was cut off"), End::Completed);
    is_whole(chain, "3.26.2-1");
}

fn goes_back(name: &str, system: RpmSystem) {
    let mut chain = Chain::on_disk(name, system);
    cut_between_files_and_database(&mut chain);
    halts(&chain);
    chain.site.host.ok(&["consignee", "rollback", CANOPSIS, "--yes"]);
    assert_eq!(chain.ends("rpm was cut off, and a person wants back"), End::TakenBack);
    is_whole(chain, "3.26.1-1");
}

#[test]
fn files_of_which_dnf_4_has_said_nothing_are_found_and_the_upgrade_goes_on() {
    lab!();
    goes_on("torn-on-dnf4", RpmSystem::Dnf4Bookworm);
}

#[test]
fn files_of_which_dnf_5_has_said_nothing_are_found_and_the_upgrade_is_taken_back() {
    lab!();
    goes_back("torn-back-dnf5", RpmSystem::Dnf5);
}

#[test]
fn files_of_which_dnf_4_has_said_nothing_are_put_right_without_a_person_where_the_site_says_so() {
    lab!();
    let mut chain = Chain::on_disk("torn-auto", RpmSystem::Dnf4Trixie);
    chain.site.host.write("/etc/consign/policy.toml", "repair = \"auto\"\n", 0o644);
    chain.site.host.ok(&["sync"]);
    cut_between_files_and_database(&mut chain);
    chain.site.wait_status(0);
    assert!(!chain.site.journal().iter().any(|record| record["by"].is_object()), "somebody typed something");
    assert_eq!(chain.ends("rpm was cut off"), End::Completed);
    is_whole(chain, "3.26.2-1");
}
