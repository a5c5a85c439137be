//! Notes and plan as people read them, and their acknowledgement.

use std::sync::Arc;

use consign_metadata::version::Class;
use consignee::acknowledgement::Acknowledgements;
use consignee::cli::Exit;
use consignee::engine::event::{Event, Reason};
use consignee::kept_back::{KeptBack, Reach};
use consignee::report::notes::NotesReport;
use consignee::report::plan::PlanReport;
use consignee::request::{Reply, Request};

use crate::builder::Host;
use crate::golden::assert_golden;
use crate::service::{answer_one, listening};
use crate::vendor;

fn held() -> Host {
    let host = Host::new();
    let plan = vendor::lay_down(&host.places);
    host.begin(None, "1.4.0", "2026-11-01T09:00:00Z", b"plan").complete();
    let mut upgrade = host.begin(Some("1.4.0"), "1.5.0", "2026-11-20T14:00:00Z", &plan);
    upgrade.record(Event::Held { reasons: vendor::reasons() });
    host
}

#[test]
fn notes_between_installed_and_offered_are_read_in_the_readers_language() {
    let host = held();
    assert_golden(&host, "notes", "consignee notes acme/erp", Exit::Done);
    let report = |line: &str| serde_json::from_str::<NotesReport>(&host.run(line).out).unwrap();
    let versions = |line: &str| report(line).notes.iter().map(|note| note.version.to_string()).collect::<Vec<_>>();
    assert_eq!(versions("consignee notes acme/erp --json"), ["1.4.1", "1.5.0"]);
    assert_eq!(versions("consignee notes acme/erp --all --json"), ["1.4.0", "1.4.1", "1.5.0"]);
    assert_eq!(versions("consignee notes acme/erp --version 1.5.0 --json"), ["1.5.0"]);
}

#[test]
fn a_note_that_is_in_no_feed_is_read_from_the_package_and_believed_by_its_digest() {
    let host = held();
    let folder = host.places.notes_of(&"acme-erp".parse().unwrap());
    std::fs::create_dir_all(&folder).unwrap();
    let text = |written: &str| {
        std::fs::write(folder.join("1.4.1.en.md"), written).unwrap();
        let report = host.run("consignee notes acme/erp --version 1.4.1 --json").out;
        serde_json::from_str::<NotesReport>(&report).unwrap().notes.remove(0).text
    };
    assert_eq!(text("found").as_deref(), None, "it is not what the plan names");
    assert_eq!(text("lost").as_deref(), Some("lost"));
    assert_eq!(text("lost\n").as_deref(), None);
}

#[test]
fn the_plan_names_users_limits_and_the_point_of_no_return() {
    let host = held();
    assert_golden(&host, "plan", "consignee plan acme/erp", Exit::Done);
    let site = host.places.site(&host.product.id);
    std::fs::create_dir_all(site.parent().unwrap()).unwrap();
    std::fs::write(site, "[options]\nedition = \"cat\"\n").unwrap();
    let said = host.run("consignee plan acme/erp --json");
    let report: PlanReport = serde_json::from_str(&said.out).unwrap();
    assert_eq!(report.steps[3].command, ["erp-init", "--edition", "cat", "a b"]);
    assert_eq!(report.point_of_no_return, Some(2));
}

#[test]
fn a_plan_that_nobody_vouches_for_is_not_shown() {
    let host = held();
    std::fs::remove_dir_all(host.places.anchors()).unwrap();
    let said = host.run("consignee plan acme/erp");
    assert_eq!((said.exit, said.out.as_str()), (Exit::Failed, ""));
    assert!(said.err.contains("install acme-release"), "{}", said.err);
}

#[test]
fn nothing_is_acknowledged_by_accident() {
    let host = held();
    let silent = host.run("consignee ack acme/erp --yes");
    assert_eq!(silent.exit, Exit::Failed);
    assert!(silent.err.contains("cannot ask without a terminal"), "{}", silent.err);
    let no = host.answering("consignee ack acme/erp", Some("n\n"));
    assert!(no.err.contains("The password of root is reset."), "{}", no.err);
    assert!(no.err.contains("Needs PostgreSQL 15.") && no.err.contains("not confirmed"), "{}", no.err);
    assert_eq!(host.run("consignee ack acme/erp --note 1.4.1").exit, Exit::Failed);
    assert_eq!(host.run("consignee ack acme/erp --version 1.6.0 --all").exit, Exit::Failed);
    assert!(Acknowledgements::read(&host.product).unwrap().all.is_empty());
}

#[test]
fn what_was_acknowledged_is_kept_also_when_the_service_cannot_look() {
    let host = held();
    let said = host.run("consignee ack acme/erp --note 1.5.0");
    assert_eq!(said.exit, Exit::Waits, "{}", said.err);
    assert!(said.out.contains("still held") && said.out.contains("apt update"), "{}", said.out);
    let report: NotesReport = serde_json::from_str(&host.run("consignee notes acme/erp --json").out).unwrap();
    assert!(report.notes[1].acknowledged);
    host.answering("consignee ack acme/erp --side-effect reset-root", Some("y\n"));
    assert_eq!(Acknowledgements::read(&host.product).unwrap().all.len(), 2);
    let history = host.run("consignee history acme/erp").out;
    assert!(history.contains("acknowledged the side effect reset-root"), "{history}");
}

/// A release that no step of a person's brings nearer.
fn out_of_reach() -> Host {
    let host = Host::new();
    let plan = vendor::lay_down(&host.places);
    host.begin(None, "1.4.0", "2026-11-01T09:00:00Z", b"plan").complete();
    let mut upgrade = host.begin(Some("1.4.0"), "1.5.0", "2026-11-20T14:00:00Z", &plan);
    let version = |text: &str| text.parse().unwrap();
    let class = Reason::ClassUnsupported { class: Class::Major, from: version("1.4.0"), to: version("1.5.0") };
    upgrade.record(Event::Held { reasons: vendor::reasons().into_iter().chain([class]).collect() });
    host
}

#[test]
fn a_release_that_is_out_of_reach_asks_nothing_of_anybody() {
    let host = out_of_reach();
    let status = host.run("consignee status");
    assert_eq!(status.exit, Exit::Waits);
    for useless in ["consignee ack", "consignee done", "consignee now", "apt upgrade"] {
        assert!(!status.out.contains(useless), "{}", status.out);
    }
    assert!(status.out.contains("consignee plan acme/erp"), "{}", status.out);
    let now = host.run("consignee now acme/erp");
    assert_eq!(now.exit, Exit::Waits);
    assert!(now.out.contains("does not support") && !now.out.contains("at any time"), "{}", now.out);
    let document = host.run("consignee plan acme/erp --document").out;
    let [warning, step] = ["**Do not carry this out.**", "## "].map(|part| document.find(part).unwrap());
    assert!(warning < step, "{document}");
}

#[test]
fn a_cleared_release_outside_its_window_is_held_until_the_window_opens() {
    let host = Host::new();
    host.begin(None, "1.4.0", "2026-11-01T09:00:00Z", b"plan").complete();
    host.begin(Some("1.4.0"), "1.5.0", "2026-11-20T14:00:00Z", b"plan").record(Event::Cleared);
    let day = jiff::Zoned::now().date().saturating_add(jiff::Span::new().days(2)).strftime("%a").to_string();
    let policy = host.places.policy();
    std::fs::create_dir_all(policy.parent().unwrap()).unwrap();
    std::fs::write(policy, format!("[window]\nallowed = [\"{day} 10:00-11:00\"]\n")).unwrap();
    // What was found while the hold kept it back says nothing.
    KeptBack::keep(&host.product, &"1.5.0".parse().unwrap(), Reach::Never { why: Vec::new() }).unwrap();
    let status = host.run("consignee status");
    assert_eq!(status.exit, Exit::Waits);
    assert!(status.out.contains("held") && status.out.contains("consignee now acme/erp"), "{}", status.out);
    for wrong in ["the next upgrade of packages", "apt-mark", "apt upgrade"] {
        assert!(!status.out.contains(wrong), "{}", status.out);
    }
    let json: serde_json::Value = serde_json::from_str(&host.run("consignee status --json").out).unwrap();
    let product = &json["products"][0];
    assert_eq!((&product["standing"], &product["commands"][0]), (&"waits".into(), &"consignee now acme/erp".into()));
    assert_eq!(product.get("kept_back"), None);
}

#[test]
fn whoever_has_nothing_to_acknowledge_learns_that_it_is_held_all_the_same() {
    let host = Host::new();
    host.begin(None, "1.4.0", "2026-11-01T09:00:00Z", b"plan").complete();
    let mut upgrade = host.begin(Some("1.4.0"), "1.5.0", "2026-11-20T14:00:00Z", b"plan");
    upgrade.record(Event::Held { reasons: vec![Reason::NoAnswer] });
    assert_eq!(host.run("consignee ack acme/erp --all").exit, Exit::Waits);
}

#[test]
fn an_offer_that_the_last_look_did_not_see_is_looked_for_before_anything_is_said() {
    let host = Arc::new(Host::new());
    let plan = vendor::lay_down(&host.places);
    host.begin(None, "1.4.0", "2026-11-01T09:00:00Z", b"plan").complete();
    let listener = listening(&host);
    // Not a scope: whoever does not ask would be waited for.
    let service = std::thread::spawn({
        let host = Arc::clone(&host);
        move || {
            let looked = Reply::Looked { offers: Vec::new(), notices: Vec::new() };
            let asked = answer_one(&listener, &looked, || {
                let mut upgrade = host.begin(Some("1.4.0"), "1.5.0", "2026-11-20T14:00:00Z", &plan);
                upgrade.record(Event::Held { reasons: vendor::reasons() });
            });
            answer_one(&listener, &looked, || {});
            asked
        }
    });
    let said = host.run("consignee ack acme/erp --note 1.5.0");
    assert!(said.out.contains("acknowledged"), "{}{}", said.out, said.err);
    assert_eq!(Acknowledgements::read(&host.product).unwrap().all.len(), 1);
    assert_eq!(service.join().unwrap(), Request::Look { patient: true });
}
