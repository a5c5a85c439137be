//! A product of three packages: one finish for all, and none on a mix when one of them fails.

use consign_lab::conformance::Sheet;
use consign_lab::conformance::behaviours::{FileInTheWay, OnceForThree, OneOfThree};
use consign_lab::{CANOPSIS, Manager, Product, ThirdParty};

use crate::case::Case;
use crate::standing::{Stands, WayOut};

on_every_system!(measure: OnceForThree, FileInTheWay, OneOfThree);

const MODULES: [&str; 3] = ["canopsis", "canopsis-connectors", "canopsis-reports"];
/// What only the newest release has.
const IN_THE_WAY: &str = "/opt/canopsis-reports/3.26.1";

fn product(version: &'static str) -> Product {
    Product::canopsis(version).in_three_packages()
}

fn measure(sheet: &mut Sheet) {
    let case = Case::running("three", sheet, product("3.25.0"), &MODULES);
    let client = case.site.client();
    case.offered(product("3.26.0"));
    case.is_held(&MODULES);
    case.acknowledge_all();
    case.site.upgrade().expect_ok();
    case.finished_once(&MODULES, "3.26.0", 2);
    sheet.found(OnceForThree::Finished);

    case.clear(product("3.26.1"));
    file_in_the_way(&case, sheet);
    case.finished_once(&MODULES, "3.26.1", 3);
    case.site.nothing_was_lost(client);
    case.site.host.assert_packages_sound();
}

/// A package of others has the file already. Who does not look before it unpacks fails half way.
fn file_in_the_way(case: &Case, sheet: &mut Sheet) {
    case.offer(&[ThirdParty::new("thief", "1").file(IN_THE_WAY, "mine\n")]);
    case.site.install(&["thief"]).expect_ok();
    let typed = case.site.upgrade();
    assert_ne!(typed.code, 0, "{typed}");
    let remove: &[&str] = if case.site.manager() == Manager::Apt { &["dpkg", "--remove"] } else { &["rpm", "--erase"] };
    let remove = || drop(case.site.host.ok(&[remove, &["thief"]].concat()));
    match case.settled() {
        Stands::Halted(status) => {
            sheet.found(FileInTheWay::Halted);
            one_fails(case, sheet, &status, remove);
        }
        Stands::Well => {
            assert_eq!(MODULES.map(|module| case.version_of(module)), MODULES.map(|_| Some("3.26.0".to_owned())));
            assert_eq!(case.site.engine("web"), "active", "{typed}");
            assert!(typed.text().contains("conflicts with file from"), "it failed for another reason: {typed}");
            sheet.found(FileInTheWay::Unchanged);
            remove();
            folder_in_the_way(case, sheet);
        }
    }
}

/// Where rpm has a file, the host has a folder that is no package's: nobody looks for that before.
fn folder_in_the_way(case: &Case, sheet: &mut Sheet) {
    case.site.host.write(&format!("{IN_THE_WAY}/mine"), "", 0o644);
    let typed = case.site.upgrade();
    assert_ne!(typed.code, 0, "{typed}");
    let Stands::Halted(status) = case.settled() else { panic!("it does not stand\n{typed}") };
    one_fails(case, sheet, &status, || drop(case.site.host.shell(&format!("rm -r {IN_THE_WAY}"))));
}

/// Two packages are there and one is not.
fn one_fails(case: &Case, sheet: &mut Sheet, status: &str, mend: impl Fn()) {
    assert!(status.contains("some packages changed and others not"), "{status}");
    assert!(status.contains("canopsis-reports 3.26.0-1, not 3.26.1-1"), "{status}");
    assert!(status.contains("consignee retry acme/canopsis"), "{status}");
    case.site.assert_canopsis_stopped();
    assert_eq!(case.site.init_calls().len(), 2, "it ran on a mix");

    // Nothing is repaired by trying again with the cause still there.
    case.site.host.exec(&["consignee", "retry", CANOPSIS]).expect_code(1);
    assert!(matches!(case.settled(), Stands::Halted(_)));
    mend();
    sheet.found(match case.way_out() {
        WayOut::Retry => OneOfThree::Retry,
        WayOut::Named => OneOfThree::Named,
    });
}
