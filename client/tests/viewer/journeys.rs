//! A product on its way over several versions.

use consign_metadata::digest::Sha256;
use consign_metadata::text::Text;
use consign_metadata::version::Version;
use consignee::cli::Exit;
use consignee::engine::event::Reason;
use consignee::journey::Journey;
use consignee::report::status::StatusReport;
use serde_json::{Value, json};

use crate::builder::{Host, marie};
use crate::golden::assert_golden;

/// 1.4.0 runs, and somebody wants 2.0.0.
fn on_its_way(waits: Vec<Reason>) -> Host {
    let host = Host::new();
    host.begin(None, "1.4.0", "2026-11-01T09:00:00Z", b"plan").complete();
    let v = |text: &str| text.parse::<Version>().unwrap();
    let begun = "2026-11-20T14:00:00Z".parse().unwrap();
    let journey = Journey::new(v("1.4.0"), vec![v("1.5.0"), v("2.0.0")], marie(), begun);
    Journey { waits, ..journey }.keep(&host.product).unwrap();
    host
}

fn task() -> Reason {
    let summary = Text { en: "Take a snapshot.".to_owned(), fr: Some("Prenez un instantané.".to_owned()) };
    Reason::TaskOpen { id: "snapshot".parse().unwrap(), summary, sha256: Sha256::of(b"task") }
}

#[test]
fn the_status_says_how_far_it_is_and_what_the_next_stop_waits_for() {
    let host = on_its_way(vec![task()]);
    let english = host.run("consignee status acme/erp --language en");
    assert_eq!(english.exit, Exit::Waits);
    for said in ["on its way, 1.4.0 to 2.0.0", "stops left: 1.5.0, 2.0.0", "consignee done acme/erp snapshot"] {
        assert!(english.out.contains(said), "{said:?} is missing in {}", english.out);
    }
    let french = host.run("consignee status acme/erp --language fr").out;
    for said in ["en route, 1.4.0 vers 2.0.0", "étapes restantes : 1.5.0, 2.0.0", "Prenez un instantané."] {
        assert!(french.contains(said), "{said:?} is missing in {french}");
    }
    let report: StatusReport = serde_json::from_str(&host.run("consignee status acme/erp --json").out).unwrap();
    let journey = report.products[0].journey.as_ref().unwrap();
    assert_eq!((journey.ahead.len(), &journey.waits[..]), (2, &[task()][..]));
    assert_eq!(report.products[0].commands, ["consignee plan acme/erp", "consignee done acme/erp snapshot"]);
}

#[test]
fn between_two_stops_it_is_under_way() {
    assert_eq!(on_its_way(Vec::new()).run("consignee status acme/erp").exit, Exit::UnderWay);
}

#[test]
fn why_says_what_the_next_stop_waits_for() {
    let host = on_its_way(vec![task()]);
    assert_golden(&host, "why-on-its-way", "consignee why acme/erp", Exit::Waits);
    let report: Value = serde_json::from_str(&host.run("consignee why acme/erp --json").out).unwrap();
    assert_eq!(report["journey"]["waits"][0]["code"], "task-open");
    assert_eq!((&report["causes"][0]["kind"], &report["causes"][0]["code"]), (&json!("reason"), &json!("task-open")));
}

#[test]
fn why_names_no_cause_where_it_goes_on() {
    let said = on_its_way(Vec::new()).run("consignee why acme/erp --language en");
    assert!(said.out.contains("on its way to 2.0.0\n") && !said.out.contains("cause:"), "{}", said.out);
}
