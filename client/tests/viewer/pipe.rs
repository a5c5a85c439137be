//! The real program with a reader that goes away.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use consignee::engine::event::{Event, Failure};
use consignee::request::{Refusal, Reply};

use crate::builder::Host;
use crate::service::answering;

fn consignee(host: &Host) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_consignee"));
    command.arg("--root").arg(host.root()).env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
    command
}

#[test]
fn a_reader_that_goes_away_ends_the_command_quietly() {
    let host = Host::new();
    // More than a pipe holds, so that the writer meets the closed end.
    let output = vec!["a line of a program that writes much".to_owned(); 10_000];
    let failure = Failure::Exit { status: 1, output };
    let mut upgrade = host.begin(None, "1.4.0", "2026-11-01T09:00:00Z", b"plan");
    upgrade.unpack().start(3).record(Event::StepFailed { item: 3, failure });
    let mut command = consignee(&host);
    command.args(["history", "acme/erp", "--upgrade", "1"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "acme/erp\n");
    let end = child.wait_with_output().unwrap();
    assert_eq!((end.status.code(), String::from_utf8_lossy(&end.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn a_pipe_gets_no_colours_and_stderr_nothing() {
    let host = Host::new();
    host.begin(None, "1.4.0", "2026-11-01T09:00:00Z", b"plan").unpack().fail(3);
    let end = consignee(&host).arg("status").env("TERM", "xterm").output().unwrap();
    assert_eq!(end.status.code(), Some(4));
    assert!(!end.stdout.contains(&0x1b) && end.stderr.is_empty());
}

#[test]
fn without_the_service_a_barrier_refuses_and_the_other_hooks_do_not_disturb() {
    let host = Host::new();
    let status = |verb: &str| consignee(&host).args(["hook", verb]).output().unwrap().status.code();
    assert_eq!(["barrier", "look", "wake"].map(status), [Some(1), Some(0), Some(0)]);
}

#[test]
fn what_to_type_is_said_in_the_words_of_the_host() {
    for (kind, typed) in [(None, "apt upgrade"), (Some("apt\n"), "apt upgrade"), (Some("rpm\n"), "dnf upgrade")] {
        let host = Host::new();
        let file = host.places.at("/usr/share/consignee/package-manager");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        if let Some(kind) = kind {
            std::fs::write(&file, kind).unwrap();
        }
        let refusal = Refusal { product: "acme/erp".parse().unwrap(), to: None, reasons: Vec::new() };
        let service = answering(&host, &Reply::Refuse { refusals: vec![refusal] });
        let end = consignee(&host).args(["hook", "barrier"]).output().unwrap();
        let said = String::from_utf8_lossy(&end.stderr).into_owned();
        assert!(said.contains(&format!("the same {typed} typed again")), "{said}");
        service.join().unwrap();
    }
}
