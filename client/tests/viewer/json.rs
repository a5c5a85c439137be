//! The same answers as data.

use consignee::cli::Exit;
use consignee::engine::event::Event;
use consignee::report::history::HistoryReport;
use consignee::report::state::{Code, Standing};
use consignee::report::status::StatusReport;

use crate::builder::{Host, marie, reasons};

fn host() -> Host {
    let host = Host::new();
    host.begin(None, "1.4.0", "2026-11-01T09:00:00Z", b"plan").complete();
    host
}

#[test]
fn the_status_is_read_back_as_it_was_written() {
    let host = host();
    host.begin(Some("1.4.0"), "1.5.0", "2026-11-20T14:00:00Z", b"plan").hold();
    let said = host.run("consignee status --json --language fr");
    let report: StatusReport = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.exit, report.format, report.standing), (Exit::Waits, 1, Standing::Waits));
    let upgrade = report.products[0].upgrade.as_ref().unwrap();
    assert_eq!((upgrade.state, &upgrade.reasons), (Code::Held, &reasons()));
    assert_eq!(report.products[0].commands[0], "consignee notes acme/erp");
}

#[test]
fn the_names_of_the_fields_do_not_change() {
    let host = host();
    host.begin(Some("1.4.0"), "1.5.0", "2026-11-20T14:00:00Z", b"plan").unpack().fail(3);
    crate::golden::compare("status-halted.json", &host.run("consignee status --json").out);
    crate::golden::compare("history.json", &host.run("consignee history acme/erp --json").out);
}

#[test]
fn the_history_counts_the_outage_and_names_people() {
    let host = host();
    let mut upgrade = host.begin(Some("1.4.0"), "1.5.0", "2026-11-20T14:00:00Z", b"plan");
    upgrade.unpack().fail(3);
    let report = |line: &str| serde_json::from_str::<HistoryReport>(&host.run(line).out).unwrap();
    assert!(report("consignee history --json").upgrades[0].outage_goes_on);
    upgrade.wait(300).record(Event::Retry { by: Some(marie()) }).step(3).step(4).step(5).step(6);
    let past = &report("consignee history acme/erp --upgrade 2 --json").upgrades[0];
    // From the start of "stop" to the end of "start": ten seconds a record, and the pause.
    assert_eq!((past.outage_seconds, past.outage_goes_on), (410, false));
    assert_eq!(past.deeds[0].by, marie());
    assert_eq!(past.records.len(), 18);
}
