//! The way back: a step that fails after the packages, with nothing in its way, with an agent that is killed and with
//! a power cut in the middle of it; and an engine that does not start, after which a person has the word.

use consign_lab::conformance::Sheet;
use consign_lab::conformance::behaviours::{CutGoingBack, FailedStart, FailedStep, KilledGoingBack};
use consign_lab::{CANOPSIS, Manager, Product, ThirdParty};

use crate::case::{Case, FINISH, WAITS};

on_every_system!(measure: FailedStep, KilledGoingBack, CutGoingBack, FailedStart);

const MODULES: [&str; 3] = ["canopsis", "canopsis-connectors", "canopsis-reports"];

fn product(version: &'static str) -> Product {
    Product::canopsis(version).in_three_packages()
}

fn measure(sheet: &mut Sheet) {
    let mut case = Case::with_backup("back", sheet, product("3.25.0"), &MODULES);
    waits_on_the_way_back(&case);
    case.engines_ask_before_they_start();
    let client = case.site.client();
    let before = data(&case);
    case.clear(product("3.26.0"));
    case.site.trouble("fail");

    case.site.upgrade();
    sheet.found(match came_back(&case) {
        CameBack::ByItself => FailedStep::TakenBack,
        CameBack::Halted | CameBack::Retried => FailedStep::Halted,
    });
    is_as_before(&case, &before);

    in_the_middle(&case);
    case.kill_the_agent();
    case.let_go();
    sheet.found(match came_back(&case) {
        CameBack::ByItself => KilledGoingBack::GoesOn,
        CameBack::Halted | CameBack::Retried => KilledGoingBack::Retry,
    });
    was_cut_off(&case, 1);
    is_as_before(&case, &before);

    in_the_middle(&case);
    case.site.host.cut();
    case.let_go();
    case.boot_again();
    sheet.found(match came_back(&case) {
        CameBack::ByItself => CutGoingBack::GoesOn,
        CameBack::Halted | CameBack::Retried => CutGoingBack::Retry,
    });
    was_cut_off(&case, 2);
    is_as_before(&case, &before);

    case.site.trouble_is_over();
    failed_start(&case, sheet);
    is_as_before(&case, &before);

    // It comes again when somebody wants it.
    wanted_again(&case);
    case.site.upgrade().expect_ok();
    case.finished_once(&MODULES, "3.26.0", 2);
    case.site.nothing_was_lost(client);
    case.site.host.assert_packages_sound();
}

/// From now on whoever puts the first release back can be made to wait in the middle of it: dpkg has taken one
/// package off and not unpacked the older one, rpm has both versions of it in its database. It leaves something in
/// the background each time.
fn waits_on_the_way_back(case: &Case) {
    let waits = format!("sleep 300 >/dev/null 2>&1 </dev/null &\n{WAITS}");
    if case.site.manager() != Manager::Apt {
        case.offer(&[ThirdParty::new("beside", "1").while_comes("canopsis < 3.26.0", &waits)]);
        case.site.install(&["beside"]).expect_ok();
        return;
    }
    let reads = "/usr/bin/dpkg-deb";
    let waits = waits.replace("exit 0", ":");
    case.site.host.ok(&["mv", reads, "/usr/bin/dpkg-deb.real"]);
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *--fsys-tarfile*/canopsis_3.25*)\n{waits};;\nesac\nexec {reads}.real \"$@\"\n"
    );
    case.site.host.write(reads, script, 0o755);
}

/// An upgrade whose step fails, up to where its packages are being put back.
#[track_caller]
fn in_the_middle(case: &Case) {
    wanted_again(case);
    case.hang();
    case.site.upgrade();
    case.wait_hangs();
}

/// So many times the agent has found its own way back cut off.
#[track_caller]
fn was_cut_off(case: &Case, times: usize) {
    let journals = case.site.host.shell(&format!("cat /var/lib/consignee/{CANOPSIS}/journal/*/records.jsonl"));
    assert_eq!(journals.matches("\"undo-interrupted\"").count(), times, "{journals}");
}

/// What was taken back is held; somebody wants it all the same.
#[track_caller]
fn wanted_again(case: &Case) {
    case.site.refresh().expect_ok();
    let held = case.site.wait_status(3).text();
    assert!(held.contains("this release was taken back here before"), "{held}");
    case.acknowledge_all();
}

/// How an upgrade came to be taken back.
enum CameBack {
    ByItself,
    /// It stood, and a person said so.
    Halted,
    /// It was stuck, and a person typed `consignee retry`.
    Retried,
}

/// Waits until the last upgrade is taken back; where it stands, what `consignee status` names is typed.
#[track_caller]
fn came_back(case: &Case) -> CameBack {
    match ended(case).as_str() {
        "rolled-back" => return CameBack::ByItself,
        "stuck" => {
            said(case, &format!("consignee retry {CANOPSIS}"));
            case.site.consignee(&["retry", CANOPSIS]);
            assert_eq!(ended(case), "rolled-back");
            return CameBack::Retried;
        }
        "halted" => said(case, &format!("consignee rollback {CANOPSIS}")),
        other => panic!("{other}"),
    }
    case.site.consignee(&["rollback", CANOPSIS, "--yes"]);
    assert_eq!(ended(case), "rolled-back");
    CameBack::Halted
}

/// How it stands when nothing goes on by itself.
#[track_caller]
fn ended(case: &Case) -> String {
    const STANDS: [&str; 6] = ["rolled-back", "stuck", "halted", "completed", "cancelled", "waiting"];
    case.site.host.wait_until("the upgrade stands", FINISH, || {
        let state = case.site.last_begun();
        STANDS.contains(&&*state).then_some(state)
    })
}

#[track_caller]
fn said(case: &Case, command: &str) {
    let status = case.site.wait_status(4).text();
    assert!(status.contains(command), "{command} is not named: {status}");
    case.site.assert_canopsis_stopped();
}

/// After its start people could have written: the upgrade stands, and goes back when somebody says that it may.
#[track_caller]
fn failed_start(case: &Case, sheet: &mut Sheet) {
    wanted_again(case);
    case.engines_refuse(true);
    case.site.upgrade();
    assert_eq!(ended(case), "halted");
    let status = case.site.wait_status(4).text();
    assert!(status.contains(&format!("consignee rollback {CANOPSIS}")), "{status}");
    case.engines_refuse(false);
    let refused = case.site.host.exec(&["consignee", "rollback", CANOPSIS, "--language", "en", "--yes"]);
    refused.expect_code(3);
    case.site.consignee(&["rollback", CANOPSIS, "--accept-data-loss", "--yes"]);
    assert_eq!(ended(case), "rolled-back");
    sheet.found(FailedStart::Halted);
}

/// The old packages are whole, the old engines work, and the data are what they were.
#[track_caller]
fn is_as_before(case: &Case, before: &str) {
    for module in MODULES {
        assert_eq!(case.version_of(module).as_deref(), Some("3.25.0"), "{module}");
    }
    for engine in ["main", "worker", "web"] {
        assert_eq!(case.site.engine(engine), "active", "{engine}");
    }
    let health = case.site.host.shell("curl -sf http://127.0.0.1:8082/health");
    assert!(health.contains("3.25.0"), "{health}");
    assert_eq!(data(case), before);
    assert!(!case.site.host.exists("/opt/canopsis-reports/3.26.0"), "a file of the newer release is left");
    assert!(!case.site.host.exists("/var/lib/consignee/acme/canopsis/unfinished"));
    case.site.host.assert_packages_sound();
}

/// Everything below the data folder but what is written all the time: owner, mode, path; and the schema.
#[track_caller]
fn data(case: &Case) -> String {
    case.site.host.shell(
        "cd /var/lib/canopsis && find . -printf '%u:%g %m %p\\n' | \
         grep -v -e -journal -e -wal -e -shm -e /trouble | sort; \
         python3 -c \"import sqlite3; print(sqlite3.connect('canopsis.db').execute('SELECT * FROM schema_version').fetchall())\"",
    )
}
