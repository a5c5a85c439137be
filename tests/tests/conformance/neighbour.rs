//! A package of others whose script fails in the transaction that upgrades the product.

use consign_lab::conformance::Sheet;
use consign_lab::conformance::behaviours::NeighbourFails;
use consign_lab::{Product, ThirdParty};

use crate::case::Case;
use crate::standing::{Stands, WayOut};

on_every_system!(measure: NeighbourFails);

fn measure(sheet: &mut Sheet) {
    let case = Case::running("neighbour", sheet, Product::canopsis("3.25.0"), &["canopsis"]);
    case.offer(&[ThirdParty::new("beside", "1")]);
    case.site.install(&["beside"]).expect_ok();
    let client = case.site.client();
    case.clear(Product::canopsis("3.26.0"));
    case.offer(&[ThirdParty::new("beside", "2").before("test -e /srv/mended")]);

    let typed = case.site.upgrade();
    assert_ne!(typed.code, 0, "{typed}");
    sheet.found(match (case.settled(), case.version_of("canopsis").as_deref()) {
        (Stands::Well, Some("3.26.0")) => NeighbourFails::Finished,
        (Stands::Well, _) => {
            assert_eq!(case.site.engine("web"), "active", "{typed}");
            NeighbourFails::Unchanged
        }
        (Stands::Halted(_), _) => {
            case.site.assert_canopsis_stopped();
            NeighbourFails::Halted
        }
    });
    assert!(case.site.init_calls().len() <= 2, "{:?}", case.site.init_calls());

    case.site.host.write("/srv/mended", "", 0o644);
    if let Stands::Halted(_) = case.settled() {
        assert_eq!(case.way_out(), WayOut::Retry);
    }
    case.site.upgrade().expect_ok();
    case.finished_once(&["canopsis"], "3.26.0", 2);
    assert_eq!(case.version_of("beside").as_deref(), Some("2"));
    case.site.nothing_was_lost(client);
    case.site.host.assert_packages_sound();
}
