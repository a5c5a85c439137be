//! An upgrade that nobody has acknowledged, and everything by which it may come all the same; then
//! acknowledged, upgraded and finished; then in the way of another package.

use consign_lab::conformance::behaviours::{ByFile, ByVersion, Erasing, Once, PastHolds, Uncleared};
use consign_lab::conformance::{LeftOut, Sheet};
use consign_lab::{CANOPSIS, Outcome, Product, ThirdParty};

use crate::case::{Case, FINISH};
use crate::held::Came;

on_every_system!(measure: Uncleared, PastHolds, ByVersion, ByFile, Once, Erasing);

fn measure(sheet: &mut Sheet) {
    let case = Case::running("gate", sheet, Product::canopsis("3.25.0"), &["canopsis"]);
    case.offer(&[ThirdParty::new("beside", "1")]);
    case.site.install(&["beside"]).expect_ok();
    let client = case.site.client();
    case.release(Product::canopsis("3.26.0"));
    let looked = case.site.refresh().expect_ok();

    past_the_hold(&case, sheet);
    uncleared(&case, sheet, &looked);
    case.finished_once(&["canopsis"], "3.26.0", 2);
    sheet.found(Once::Finished);

    if erasing(&case, sheet) {
        case.site.nothing_was_lost(client);
    }
    case.site.host.assert_packages_sound();
}

/// The old release serves, or the new one does not.
#[track_caller]
fn came(case: &Case, typed: &Outcome) -> Came {
    assert_eq!(case.site.init_calls().len(), 1, "a finish that nobody has cleared: {typed}");
    if case.version_of("canopsis").as_deref() == Some("3.25.0") {
        assert_eq!(case.site.engine("web"), "active", "{typed}");
        return Came::to_nothing(case, typed);
    }
    assert_eq!(case.version_of("canopsis").as_deref(), Some("3.26.0"), "{typed}");
    case.wait_halted("3.26.0");
    Came::Installed
}

/// Each by itself, on a host where the upgrade is not there yet.
fn past_the_hold(case: &Case, sheet: &mut Sheet) {
    let file = case.site.install_file("canopsis");
    match came(case, &file) {
        Came::Refused => sheet.found(ByFile::Refused),
        Came::NotFound => sheet.found(ByFile::NotFound),
        Came::Nothing => panic!("nothing came of {file}"),
        Came::Installed => {
            sheet.found(ByFile::Installed);
            put_back(case);
        }
    }
    match case.site.install_exactly("canopsis", "3.26.0-1").map(|typed| (came(case, &typed), typed)) {
        None => sheet.left_out::<ByVersion>(LeftOut::NoSuchCommand),
        Some((Came::Refused, _)) => sheet.found(ByVersion::Refused),
        Some((Came::NotFound, _)) => sheet.found(ByVersion::NotFound),
        Some((Came::Nothing, typed)) => panic!("nothing came of {typed}"),
        Some((Came::Installed, _)) => sheet.found(ByVersion::Installed),
    }
    match case.site.upgrade_past_holds("canopsis").map(|typed| (came(case, &typed), typed)) {
        None => sheet.left_out::<PastHolds>(LeftOut::NoSuchCommand),
        Some((Came::Refused, _)) => sheet.found(PastHolds::Refused),
        Some((Came::Nothing, _)) => sheet.found(PastHolds::Held),
        Some((Came::NotFound, typed)) => panic!("everything else waits, too: {typed}"),
        Some((Came::Installed, _)) => sheet.found(PastHolds::Installed),
    }
}

/// The old packages by hand, of an upgrade that got no further than its packages: the old engines run.
#[track_caller]
fn put_back(case: &Case) {
    case.put_back("canopsis");
    let is_well = || {
        // Held again, when the next look was quick.
        let status = case.site.host.exec(&["consignee", "status", CANOPSIS]).code;
        (matches!(status, 0 | 3) && case.site.engine("web") == "active").then_some(())
    };
    case.site.host.wait_until("the old engines run again", FINISH, is_well);
}

/// "Upgrade everything", first with nothing acknowledged, then with all of it.
fn uncleared(case: &Case, sheet: &mut Sheet, looked: &Outcome) {
    case.offer(&[ThirdParty::new("beside", "2")]);
    let typed = case.site.upgrade();
    let said = format!("{}{}", looked.text(), typed.text());
    match came(case, &typed) {
        Came::Installed => {
            sheet.found(Uncleared::Installed);
            case.acknowledge().expect_code(4);
            case.site.consignee(&["retry", CANOPSIS]);
            return;
        }
        Came::Nothing => {
            assert_eq!(case.version_of("beside").as_deref(), Some("2"), "{typed}");
            let is_said = said.contains("3.26.0") && said.contains("consignee notes acme/canopsis");
            assert!(is_said || typed.text().contains("NOT be installed"), "nobody names what stays back: {typed}");
            sheet.found(if is_said { Uncleared::Held } else { Uncleared::HeldSilently });
        }
        Came::Refused => sheet.found(Uncleared::Refused),
        Came::NotFound => panic!("everything else waits, too: {typed}"),
    }
    let status = case.site.wait_status(3).text();
    assert!(status.contains("root-credentials-reset"), "{status}");
    case.acknowledge().expect_ok();
    case.site.upgrade().expect_ok();
}

/// The next release waits again, and `library` cannot be beside the one that is there. Whether the product
/// is still there.
fn erasing(case: &Case, sheet: &mut Sheet) -> bool {
    case.release(Product::canopsis("3.26.1"));
    case.offer(&[ThirdParty::new("library", "1").conflicts_below("canopsis", "3.26.1")]);
    let typed = case.site.allow_erasing("library");
    match case.version_of("canopsis").as_deref() {
        Some("3.26.0") => {
            assert_ne!(typed.code, 0, "{typed}");
            assert_eq!(case.version_of("library"), None, "{typed}");
            assert_eq!(case.site.engine("web"), "active", "{typed}");
            let is_ours = typed.text().contains("consignee status");
            assert!(is_ours || typed.text().contains("conflicts with"), "it failed for another reason: {typed}");
            sheet.found(if is_ours { Erasing::Refused } else { Erasing::NotPossible });
        }
        Some(_) => {
            sheet.found(Erasing::Upgraded);
            case.wait_halted("3.26.1");
            case.acknowledge().expect_code(4);
            case.site.consignee(&["retry", CANOPSIS]);
            case.finished_once(&["canopsis"], "3.26.1", 3);
        }
        None => {
            sheet.found(Erasing::Removed);
            assert!(case.site.host.exists("/var/lib/canopsis/init.log"), "its data went with it");
            return false;
        }
    }
    true
}
