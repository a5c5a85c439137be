//! A real program from PyPI, upgraded over a change of its database schema.
//!
//! Buildbot 4.3.0 refuses the database of 3.11.9 and *exits with 0*: a step left out does not show in
//! systemd, only in the health check.

use std::collections::BTreeSet;
use std::time::Duration;

use consign_lab::conformance::Sheet;
use consign_lab::conformance::behaviours::{Cut, HangUpInTransaction, OnceForBuildbot};
use consign_lab::{Lab, Manager, Product, RecordClient, ThirdParty, Vendor, lab};

use crate::case::{Case, FINISH, WAITS};
use crate::standing::{Stands, WayOut};
use crate::terminal::hang_up_in_the_transaction;

on_every_system!(measure: OnceForBuildbot);

const PACKAGE: &str = "acme-buildbot";
const SOON: Duration = Duration::from_secs(60);

fn newer() -> Product {
    Product::buildbot("4.3.0")
}

/// A host where 3.11.9 runs, of the build for the Debian that it stands on, in the channel of its name.
#[track_caller]
fn running(name: &str, sheet: &mut Sheet) -> Case {
    let vendor = Vendor::new("acme").unwrap().for_userland(sheet.system.base.userland());
    let case = Case::of(name, sheet, vendor, Product::buildbot("3.11.9"), &[PACKAGE]);
    assert_eq!(case.version_of(PACKAGE).as_deref(), Some("3.11.9"));
    assert_eq!(case.site.host.buildbot_schema(), "64");
    case
}

/// Somebody who works with it from now on, and what was stored then.
struct User {
    client: RecordClient,
    before: BTreeSet<u64>,
}

impl User {
    #[track_caller]
    fn of(case: &Case) -> User {
        let client = case.site.host.buildbot_client();
        client.wait_acknowledged(SOON).unwrap();
        let before = case.site.host.buildbot_records();
        assert!(!before.is_empty());
        User { client, before }
    }
}

fn measure(sheet: &mut Sheet) {
    let case = running("buildbot", sheet);
    let user = User::of(&case);
    case.offered(newer());
    if case.site.manager() == Manager::Rpm {
        is_halted_when_it_comes(&case);
    } else {
        case.is_held(&[PACKAGE]);
        case.is_refused_as_a_file(PACKAGE);
        assert_eq!((engine(&case).as_str(), case.site.host.buildbot_schema().as_str()), ("active", "64"));
        case.acknowledge_all();
        case.site.upgrade().expect_ok();
    }
    finished_once(&case, user);
    sheet.found(OnceForBuildbot::Finished);
}

/// Nothing holds it back from plain rpm: it is installed, and does not run before it was acknowledged.
#[track_caller]
fn is_halted_when_it_comes(case: &Case) {
    case.site.upgrade().expect_ok();
    case.site.host.wait_until("the upgrade is halted, with all its packages", FINISH, || match case.settled() {
        Stands::Well => panic!("nobody has acknowledged it"),
        Stands::Halted(status) => status.contains("packages: all at 4.3.0").then_some(()),
    });
    assert_is_stopped(case);
    case.acknowledge().expect_code(4);
    case.site.consignee(&["retry", &case.id]);
}

fn engine(case: &Case) -> String {
    case.site.host.exec(&["systemctl", "is-active", "buildbot.service"]).stdout.trim().to_owned()
}

/// It does not run, nobody can start it, and its database is the old one.
#[track_caller]
fn assert_is_stopped(case: &Case) {
    case.site.host.exec(&["systemctl", "start", "buildbot.service"]);
    assert_eq!(engine(case), "inactive");
    assert_eq!((case.site.host.buildbot_schema().as_str(), case.finishes()), ("64", 1));
}

/// One finish of the upgrade; what was stored is there, and it works.
#[track_caller]
fn finished_once(case: &Case, user: User) {
    case.site.wait_status(0);
    assert_eq!(case.version_of(PACKAGE).as_deref(), Some("4.3.0"));
    assert_eq!(case.finishes(), 2);
    user.client.wait_acknowledged(SOON).unwrap();
    // Its one thread is busy while it lists them: nobody works with it any more.
    let (ledger, stored) = (user.client.stop(), case.site.host.buildbot_records());
    assert!(user.before.is_subset(&stored), "{:?} {stored:?}", user.before);
    ledger.assert_kept(&stored, &case.site.announced());

    assert!(case.site.host.shell("curl -sf http://127.0.0.1:8010/").contains("Buildbot"));
    assert_eq!(case.site.host.buildbot_schema(), "67");
    case.site.host.assert_packages_sound();
}

/// A measurement of what other tests leave the records of, with this product.
#[track_caller]
fn again(system: &str, measure: impl FnOnce(&mut Sheet)) {
    lab!(Lab::has_buildbot());
    crate::on(system, &[], measure);
}

/// With a package of others whose script waits in the middle of the transaction.
fn the_power_fails(sheet: &mut Sheet) {
    let mut case = running("buildbot-power", sheet);
    case.offer(&[ThirdParty::new("beside", "1").while_comes(PACKAGE, WAITS)]);
    case.site.install(&["beside"]).expect_ok();
    let user = User::of(&case);
    case.clear(newer());
    case.offer(&[ThirdParty::new("beside", "2").needs(PACKAGE, "4.3.0").while_comes(PACKAGE, WAITS)]);
    case.cut_in_the_transaction();
    let Stands::Halted(status) = case.settled() else { panic!("nobody has noticed") };
    assert!(status.contains(&format!("consignee retry {}", case.id)), "{status}");
    assert_is_stopped(&case);
    sheet.found_again(match case.way_out() {
        WayOut::Retry => Cut::Retry,
        WayOut::Named => Cut::Named,
    });
    // What the cut left of the rest of the host.
    case.site.wait_status(0);
    case.site.upgrade().expect_ok();
    finished_once(&case, user);
}

fn the_terminal_hangs_up(sheet: &mut Sheet) {
    let case = running("buildbot-terminal", sheet);
    case.offer(&[ThirdParty::new("beside", "1")]);
    case.site.install(&["beside"]).expect_ok();
    let user = User::of(&case);
    case.clear(newer());
    case.offer(&[ThirdParty::new("beside", "2").needs(PACKAGE, "4.3.0").after(WAITS)]);
    assert_eq!(hang_up_in_the_transaction(&case), Stands::Well);
    sheet.found_again(HangUpInTransaction::Finished);
    finished_once(&case, user);
}

#[test]
fn the_power_fails_under_apt() {
    again("bookworm", the_power_fails);
}

#[test]
fn the_power_fails_under_dnf_4() {
    again("dnf4-bookworm", the_power_fails);
}

#[test]
fn the_terminal_hangs_up_under_apt() {
    again("bookworm", the_terminal_hangs_up);
}

#[test]
fn the_terminal_hangs_up_under_dnf_4() {
    again("dnf4-bookworm", the_terminal_hangs_up);
}
