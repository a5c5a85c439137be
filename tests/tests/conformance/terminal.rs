//! A terminal that hangs up: in the middle of the transaction, and while it shows the finish.

use consign_lab::conformance::Sheet;
use consign_lab::conformance::behaviours::{HangUpInFinish, HangUpInTransaction};
use consign_lab::{Product, Terminal, ThirdParty, until};

use crate::case::{Case, FINISH, WAITS};
use crate::standing::{Stands, WayOut};

on_every_system!(measure: HangUpInTransaction, HangUpInFinish);

fn measure(sheet: &mut Sheet) {
    let case = Case::running("terminal", sheet, Product::canopsis("3.25.0"), &["canopsis"]);
    case.offer(&[ThirdParty::new("beside", "1")]);
    case.site.install(&["beside"]).expect_ok();
    let client = case.site.client();
    case.clear(Product::canopsis("3.26.0"));
    case.offer(&[ThirdParty::new("beside", "2").needs("canopsis", "3.26.0").after(WAITS)]);

    in_the_transaction(&case, sheet);
    case.finished_once(&["canopsis"], "3.26.0", 2);
    case.site.upgrade().expect_ok();
    assert_eq!(case.version_of("beside").as_deref(), Some("2"));

    case.clear(Product::canopsis("3.26.1"));
    in_the_finish(&case, sheet);
    case.finished_once(&["canopsis"], "3.26.1", 3);
    case.site.nothing_was_lost(client);
    case.site.host.assert_packages_sound();
}

fn in_the_transaction(case: &Case, sheet: &mut Sheet) {
    sheet.found(match hang_up_in_the_transaction(case) {
        Stands::Well => HangUpInTransaction::Finished,
        Stands::Halted(status) => {
            assert!(status.contains("consignee retry"), "{status}");
            case.site.assert_canopsis_stopped();
            match case.way_out() {
                WayOut::Retry => HangUpInTransaction::Retry,
                WayOut::Named => HangUpInTransaction::Named,
            }
        }
    });
}

/// The product's new version is unpacked, and a script of the package behind it runs.
#[track_caller]
pub fn hang_up_in_the_transaction(case: &Case) -> Stands {
    case.hang();
    let mut terminal = case.site.upgrade_at_a_terminal().unwrap();
    case.wait_hangs();
    terminal.hang_up();
    case.let_go();
    terminal.wait(FINISH);
    case.settled()
}

/// The init step runs.
fn in_the_finish(case: &Case, sheet: &mut Sheet) {
    case.site.trouble("hang");
    let mut terminal = case.site.upgrade_at_a_terminal().unwrap();
    case.site.wait_init_hangs();
    sheet.found(match is_shown(&mut terminal) {
        true => HangUpInFinish::Shown,
        false => HangUpInFinish::NotShown,
    });
    terminal.hang_up();
    case.site.trouble_is_over();
}

/// Whether the terminal that ran the package manager shows the steps. Where it does not, it is free again.
fn is_shown(terminal: &mut Terminal) -> bool {
    let shown = until("the steps on the terminal, or its end", FINISH, || {
        if terminal.screen().contains("init") { Some(true) } else { terminal.ended().then_some(false) }
    });
    shown.unwrap_or_else(|late| panic!("{late}\n{}", terminal.screen()))
}
