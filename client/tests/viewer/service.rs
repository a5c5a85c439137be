//! The viewer and a service that says its part: the hooks and the decisions, word for word.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::thread::JoinHandle;

use consignee::cli::Exit;
use consignee::report::state::Code;
use consignee::request::{Decision, Offer, Refusal, Reply, Request, Undecidable};

use crate::builder::{Host, reasons};

/// Answers one request and gives it back.
pub fn answering(host: &Host, reply: &Reply) -> JoinHandle<Request> {
    let (listener, reply) = (listening(host), reply.clone());
    std::thread::spawn(move || answer_one(&listener, &reply, || {}))
}

/// A socket where the service's is.
pub fn listening(host: &Host) -> UnixListener {
    std::fs::create_dir_all(host.places.socket().parent().unwrap()).unwrap();
    let _ = std::fs::remove_file(host.places.socket());
    UnixListener::bind(host.places.socket()).unwrap()
}

/// Takes one request, does what the service would, and answers.
pub fn answer_one(listener: &UnixListener, reply: &Reply, act: impl FnOnce()) -> Request {
    let (mut stream, _) = listener.accept().unwrap();
    let mut line = String::new();
    BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
    act();
    writeln!(stream, "{}", serde_json::to_string(reply).unwrap()).unwrap();
    serde_json::from_str(&line).unwrap()
}

fn offer() -> Offer {
    let version = |text: &str| Some(text.parse().unwrap());
    let product = "acme/erp".parse().unwrap();
    Offer { product, installed: version("1.4.0"), offered: version("1.5.0"), held: reasons(), told: Vec::new() }
}

#[test]
fn a_refusal_is_one_block_with_every_reason_and_what_to_type() {
    let host = Host::new();
    for language in ["en", "fr"] {
        let refusal = Refusal { product: offer().product, to: offer().offered, reasons: reasons() };
        let service = answering(&host, &Reply::Refuse { refusals: vec![refusal] });
        let line = format!("consignee hook barrier --language {language}");
        let said = host.answering(&line, Some("acme-erp\t1.4.0-1\t1.5.0-1\t/var/cache/acme-erp.deb\n"));
        assert_eq!((said.exit, said.out.as_str()), (Exit::Failed, ""));
        crate::golden::compare(&format!("refused.{language}.txt"), &said.err);
        let Request::Barrier { actions, .. } = service.join().unwrap() else { panic!() };
        assert_eq!(actions[0].after.as_deref(), Some("1.5.0-1"));
    }
    let service = answering(&host, &Reply::Pass);
    assert_eq!(host.answering("consignee hook barrier", Some("")).exit, Exit::Done);
    service.join().unwrap();
}

#[test]
fn an_arrival_names_its_file_where_it_is_known_and_is_never_refused() {
    let host = Host::new();
    for (words, expected) in
        [("acme-erp", None), ("acme-erp /cache/acme-erp-1.5.0-1.rpm", Some("/cache/acme-erp-1.5.0-1.rpm"))]
    {
        let service = answering(&host, &Reply::Pass);
        assert_eq!(host.run(&format!("consignee hook arrive acme/erp {words}")).exit, Exit::Done);
        let Request::Arrive { package, archive, .. } = service.join().unwrap() else { panic!() };
        assert_eq!((package.as_str(), archive.as_deref()), ("acme-erp", expected.map(std::path::Path::new)));
    }
    std::fs::remove_file(host.places.socket()).unwrap();
    assert_eq!(host.run("consignee hook arrive acme/erp acme-erp").exit, Exit::Unreachable);
}

#[test]
fn a_look_is_compact_and_silent_without_offers() {
    let host = Host::new();
    for (name, offers) in [("looked", vec![offer()]), ("looked-nothing", vec![])] {
        let service = answering(&host, &Reply::Looked { offers, notices: Vec::new() });
        let said = host.run("consignee hook look");
        assert_eq!(said.exit, Exit::Done);
        crate::golden::compare(&format!("{name}.en.txt"), &said.out);
        service.join().unwrap();
    }
    std::fs::remove_file(host.places.socket()).unwrap();
    let said = host.run("consignee hook look");
    assert_eq!((said.exit, said.out.lines().count()), (Exit::Done, 1));
    assert!(said.out.contains("stays held back"), "{}", said.out);
}

#[test]
fn a_decision_names_the_person_and_a_refused_one_says_why() {
    let host = Host::new();
    host.begin(Some("1.4.0"), "1.5.0", "2026-11-20T14:00:00Z", b"plan").unpack().fail(3);
    let service = answering(&host, &Reply::Accepted);
    let said = host.run("consignee retry acme/erp");
    assert_eq!(said.exit, Exit::Done, "{}", said.err);
    assert!(said.out.contains("consignee follow acme/erp"), "{}", said.out);
    assert!(matches!(service.join().unwrap(), Request::Decide { decision: Decision::Retry, by, .. } if by.uid == 0));
    let service = answering(&host, &Reply::Failed { cause: "cannot retry: nothing has failed".to_owned() });
    let said = host.run("consignee retry acme/erp");
    assert_eq!(said.exit, Exit::Failed);
    assert!(said.err.starts_with("consignee: cannot retry: nothing has failed\n"), "{}", said.err);
    service.join().unwrap();
}

#[test]
fn a_decision_that_does_not_fit_names_the_command_that_does() {
    let host = Host::new();
    host.begin(Some("1.4.0"), "1.5.0", "2026-11-20T14:00:00Z", b"plan").unpack().fail(3);
    let product = || "acme/erp".parse().unwrap();
    let upgrade = Undecidable { product: product(), upgrade: 1, state: Code::Halted, resume: true };
    let refused = |language: &str| {
        let service = answering(&host, &Reply::Undecidable { upgrade: upgrade.clone() });
        let said = host.run(&format!("consignee resume acme/erp --language {language}"));
        service.join().unwrap();
        assert_eq!(said.exit, Exit::Failed);
        said.err
    };
    let said = refused("en");
    assert!(said.starts_with("consignee: cannot resume upgrade 1 of acme/erp: it is halted, and waits"), "{said}");
    assert!(said.ends_with("  type: consignee retry acme/erp\n"), "{said}");
    let said = refused("fr");
    assert!(said.contains("elle est arrêtée, et il lui faut plus que du temps"), "{said}");
    assert!(said.ends_with("  tapez : consignee retry acme/erp\n"), "{said}");
}

#[test]
fn a_step_is_skipped_only_by_who_types_the_products_name() {
    let host = Host::new();
    host.begin(Some("1.4.0"), "1.5.0", "2026-11-20T14:00:00Z", b"plan").unpack().fail(3);
    assert_eq!(host.run("consignee skip acme/erp").exit, Exit::Failed);
    assert_eq!(host.answering("consignee skip acme/erp", Some("yes\n")).exit, Exit::Failed);
    let service = answering(&host, &Reply::Accepted);
    assert_eq!(host.answering("consignee skip acme/erp", Some("acme/erp\n")).exit, Exit::Done);
    assert!(matches!(service.join().unwrap(), Request::Decide { decision: Decision::Skip, .. }));
}

#[test]
fn a_package_script_learns_whether_the_service_was_there() {
    let host = Host::new();
    let line = "consignee hook preinst acme/erp acme-erp /plan.pgp 1.4.0-1";
    assert_eq!(host.run(line).exit.code(), 75);
    let service = answering(&host, &Reply::Pass);
    assert_eq!(host.run(line).exit, Exit::Done);
    assert!(matches!(service.join().unwrap(), Request::Preinst { before: Some(before), .. } if before == "1.4.0-1"));
}
