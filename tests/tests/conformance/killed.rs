//! The agent is killed in the middle of a finish: it is started again, goes on, and finishes once.

use consign_lab::Product;
use consign_lab::conformance::Sheet;
use consign_lab::conformance::behaviours::{KilledInStart, KilledInStep};

use crate::case::{Case, FINISH};
use crate::standing::Stands;

on_every_system!(measure: KilledInStep, KilledInStart);

const MODULE: [&str; 1] = ["canopsis"];

fn measure(sheet: &mut Sheet) {
    let case = Case::with_backup("killed", sheet, Product::canopsis("3.25.0"), &MODULE);
    case.engines_ask_before_they_start();
    let client = case.site.client();

    case.clear(Product::canopsis("3.26.0"));
    in_a_step(&case);
    sheet.found(KilledInStep::GoesOn);

    case.clear(Product::canopsis("3.26.1"));
    in_the_start(&case);
    sheet.found(KilledInStart::GoesOn);

    case.site.nothing_was_lost(client);
    case.site.host.assert_packages_sound();
}

/// The plan says that the step may run again: it does, without a word of a person's, and ends once.
#[track_caller]
fn in_a_step(case: &Case) {
    case.site.trouble("hang");
    case.site.upgrade().expect_ok();
    case.site.wait_init_hangs();
    case.kill_the_agent();
    goes_on(case);
    case.site.host.wait_until("the step runs again", FINISH, || (case.site.init_calls().len() == 3).then_some(()));
    case.site.trouble_is_over();
    finished(case, "3.26.0", 2);
    assert_eq!(case.site.init_calls().len(), 3, "once more than it was killed");
}

#[track_caller]
fn in_the_start(case: &Case) {
    case.engines_wait(true);
    case.site.upgrade().expect_ok();
    let starts = || (case.site.engine("main") == "activating").then_some(());
    case.site.host.wait_until("an engine starts", FINISH, starts);
    case.kill_the_agent();
    goes_on(case);
    case.engines_wait(false);
    finished(case, "3.26.1", 3);
    assert_eq!(case.site.init_calls().len(), 4, "nothing was run again but the start");
}

/// Nobody has asked it to.
#[track_caller]
fn goes_on(case: &Case) {
    let found = || case.site.events().iter().any(|event| event == "interrupted").then_some(());
    case.site.host.wait_until("the agent finds what was cut off", FINISH, found);
}

#[track_caller]
fn finished(case: &Case, version: &str, finishes: usize) {
    assert_eq!(case.settled(), Stands::Well);
    assert_eq!(case.version_of("canopsis").as_deref(), Some(version));
    assert_eq!(case.finishes(), finishes, "in the journals");
    let log = case.site.host.read("/var/lib/canopsis/init.log");
    let done = log.lines().filter(|line| line.contains("\"finished\"")).count();
    assert_eq!(done, finishes, "{log}");
    for engine in ["main", "worker", "web"] {
        assert_eq!(case.site.engine(engine), "active", "{engine}");
    }
}
