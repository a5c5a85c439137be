//! A product of three packages: one finish for all, and none on a mix when one of them fails.

use consign_lab::conformance::Sheet;
use consign_lab::conformance::behaviours::{OnceForThree, OneOfThree};
use consign_lab::{CANOPSIS, Product};

use crate::case::{Case, Stands, WayOut};

on_every_system!(measure: OnceForThree, OneOfThree);

const MODULES: [&str; 3] = ["canopsis", "canopsis-connectors", "canopsis-reports"];
/// Where a package has a file, and the host a folder: no package manager looks before it unpacks.
const IN_THE_WAY: &str = "/opt/canopsis-reports/3.26.1";

fn product(version: &'static str) -> Product {
    Product::canopsis(version).in_three_packages()
}

fn measure(sheet: &mut Sheet) {
    let Some(case) = Case::running("three", sheet, product("3.25.0"), &MODULES) else { return };
    let client = case.site.client();
    case.clear(product("3.26.0"));
    case.site.upgrade();
    if let Stands::Halted(_) = case.settled() {
        case.way_out();
    }
    case.finished_once(&MODULES, "3.26.0", 2);
    sheet.found(OnceForThree::Finished);

    case.clear(product("3.26.1"));
    one_fails(&case, sheet);
    case.finished_once(&MODULES, "3.26.1", 3);
    case.site.nothing_was_lost(client);
    case.site.host.assert_packages_sound();
}

fn one_fails(case: &Case, sheet: &mut Sheet) {
    case.site.host.write(&format!("{IN_THE_WAY}/mine"), "", 0o644);
    let typed = case.site.upgrade();
    assert_ne!(typed.code, 0, "{typed}");
    let Stands::Halted(status) = case.settled() else { panic!("it does not stand\n{typed}") };
    assert!(status.contains("some packages changed and others not"), "{status}");
    assert!(status.contains("canopsis-reports 3.26.0-1, not 3.26.1-1"), "{status}");
    assert!(status.contains("consignee retry acme/canopsis"), "{status}");
    case.site.assert_canopsis_stopped();
    assert_eq!(case.site.init_calls().len(), 2, "it ran on a mix");

    // Nothing is repaired by trying again with the cause still there.
    case.site.host.exec(&["consignee", "retry", CANOPSIS]).expect_code(1);
    assert!(matches!(case.settled(), Stands::Halted(_)));
    case.site.host.shell(&format!("rm -r {IN_THE_WAY}"));
    sheet.found(match case.way_out() {
        WayOut::Retry => OneOfThree::Retry,
        WayOut::Named => OneOfThree::Named,
    });
}
