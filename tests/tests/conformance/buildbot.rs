//! A real program from PyPI, upgraded over a change of its database schema.
//!
//! Buildbot 4.3.0 refuses the database of 3.11.9 and *exits with 0*: a step left out does not show in
//! systemd, only in the health check.

use std::time::Duration;

use consign_lab::conformance::behaviours::OnceForBuildbot;
use consign_lab::conformance::{LeftOut, Sheet};
use consign_lab::{Host, Product, Vendor};

use crate::case::Case;
use crate::standing::Stands;

on_every_system!(measure: OnceForBuildbot);

const PACKAGE: &str = "acme-buildbot";
const SOON: Duration = Duration::from_secs(60);

/// By the build for the Debian release that the host stands on, in the channel of its name.
fn measure(sheet: &mut Sheet) {
    let Some(release) = sheet.system.debian() else {
        let host = Host::boot(&format!("buildbot-{}", sheet.system.name), sheet.system.base).unwrap();
        sheet.ask_versions(&host);
        return sheet.rest_left_out(LeftOut::OtherPython);
    };
    let vendor = Vendor::new("acme").unwrap().for_release(release);
    let first = Product::buildbot("3.11.9");
    let Some(case) = Case::of("buildbot", sheet, vendor, first, &[PACKAGE]) else { return };
    assert_eq!(case.version_of(PACKAGE).as_deref(), Some("3.11.9"));
    assert_eq!(case.site.host.buildbot_schema(), "64");

    let client = case.site.host.buildbot_client();
    client.wait_acknowledged(SOON).unwrap();
    let before = case.site.host.buildbot_records();
    assert!(!before.is_empty());

    case.release(Product::buildbot("4.3.0"));
    case.site.refresh().expect_ok();
    case.site.upgrade();
    if let Stands::Halted(_) = case.settled() {
        case.way_out();
    }
    case.site.wait_status(0);
    assert_eq!(case.version_of(PACKAGE).as_deref(), Some("4.3.0"));
    assert_eq!(case.finishes(), 2);
    client.wait_acknowledged(SOON).unwrap();
    // Its one thread is busy while it lists them: nobody works with it any more.
    let (ledger, stored) = (client.stop(), case.site.host.buildbot_records());
    assert!(before.is_subset(&stored), "{before:?} {stored:?}");
    ledger.assert_kept(&stored, &case.site.announced());

    assert!(case.site.host.shell("curl -sf http://127.0.0.1:8010/").contains("Buildbot"));
    assert_eq!(case.site.host.buildbot_schema(), "67");
    case.site.host.assert_packages_sound();
    sheet.found(OnceForBuildbot::Finished);
}
