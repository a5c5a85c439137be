//! The power fails in the middle of the transaction.

use consign_lab::conformance::Sheet;
use consign_lab::conformance::behaviours::Cut;
use consign_lab::{Product, ThirdParty};

use crate::case::{Case, WAITS};
use crate::standing::{Stands, WayOut};

on_every_system!(measure: Cut);

const MODULES: [&str; 3] = ["canopsis", "canopsis-connectors", "canopsis-reports"];

fn measure(sheet: &mut Sheet) {
    let product = |version| Product::canopsis(version).in_three_packages();
    let mut case = Case::running("power", sheet, product("3.25.0"), &MODULES);
    case.offer(&[ThirdParty::new("beside", "1").while_comes("canopsis", WAITS)]);
    case.site.install(&["beside"]).expect_ok();
    let client = case.site.client();
    case.clear(product("3.26.0"));
    case.offer(&[ThirdParty::new("beside", "2").needs("canopsis", "3.26.0").while_comes("canopsis", WAITS)]);

    case.cut_in_the_transaction();
    sheet.found(match case.settled() {
        Stands::Well => panic!("nobody has noticed: {:?}", MODULES.map(|module| case.version_of(module))),
        Stands::Halted(status) => {
            assert!(status.contains("some packages changed and others not"), "{status}");
            assert!(status.contains("consignee retry acme/canopsis"), "{status}");
            case.site.assert_canopsis_stopped();
            assert_eq!(case.site.init_calls().len(), 1, "it ran on a mix");
            match case.way_out() {
                WayOut::Retry => Cut::Retry,
                WayOut::Named => Cut::Named,
            }
        }
    });
    case.finished_once(&MODULES, "3.26.0", 2);
    case.site.upgrade().expect_ok();
    assert_eq!(case.version_of("beside").as_deref(), Some("2"));
    case.site.nothing_was_lost(client);
    case.site.host.assert_packages_sound();
}
