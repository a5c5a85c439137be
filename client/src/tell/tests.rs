//! What a program and an address of the site's are told, and what becomes of their faults.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::*;

fn news() -> News {
    News {
        format: 1,
        what: What::OutageBegins { estimate_seconds: Some(95) },
        host: "web1".to_owned(),
        product: "acme/erp".parse().unwrap(),
        upgrade: 2,
        from: Some("1.4.0".parse().unwrap()),
        to: "1.5.0".parse().unwrap(),
        at: Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn the_fields_are_those_of_the_documentation() {
    let json = serde_json::to_value(news()).unwrap();
    let expected = serde_json::json!({
        "format": 1, "event": "outage-begins", "estimate_seconds": 95, "host": "web1", "product": "acme/erp",
        "upgrade": 2, "from": "1.4.0", "to": "1.5.0", "at": "1970-01-01T00:00:00Z",
    });
    assert_eq!(json, expected);
    let over = What::OutageOver { took_seconds: 3, outcome: Outcome::TakenBack };
    let text = serde_json::to_value(over).unwrap();
    assert_eq!(text, serde_json::json!({"event": "outage-over", "took_seconds": 3, "outcome": "taken-back"}));
}

fn me() -> String {
    let uid = rustix::process::geteuid().as_raw().to_string();
    let entry = HostCommand::new("getent").args(["passwd", "--", &*uid]).output().unwrap();
    String::from_utf8(entry).unwrap().split(':').next().unwrap().to_owned()
}

#[test]
fn a_program_reads_the_news_and_its_fault_is_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let heard = folder.path().join("heard").display().to_string();
    let line = ["/bin/sh", "-c", "cat >\"$0\"; echo bad luck >&2; exit 3", &heard].map(str::to_owned);
    let error = run(&line, &me(), "{\"format\":1}").unwrap_err().to_string();
    assert!(error.ends_with("status 3: bad luck"), "{error}");
    assert_eq!(std::fs::read_to_string(&heard).unwrap(), "{\"format\":1}\n");
    let nobody = run(&["/bin/true".to_owned()], "no-such-user", "{}").unwrap_err().to_string();
    assert_eq!(nobody, "cannot start /bin/true: there is no user no-such-user");
    // One that does not listen.
    run(&["/bin/true".to_owned()], &me(), &"x".repeat(1 << 20)).unwrap();
}

/// Takes one request, and gives back its lines and body.
fn receiver() -> (String, std::thread::JoinHandle<(Vec<String>, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hook?token=s3cret", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            lines.push(line.trim().to_owned());
        }
        let length = lines.iter().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap().parse().unwrap();
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        stream.write_all(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n").unwrap();
        (lines, serde_json::from_slice(&body).unwrap())
    });
    (address, thread)
}

#[test]
fn an_address_gets_the_same_words_with_the_headers_of_a_secret_file() {
    let (address, thread) = receiver();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hook");
    std::fs::write(&file, format!("{address}\nAuthorization: Bearer \"x\\y\"\n")).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
    let hook = WebHook::File(file.clone());
    let open = post(&hook, "{}").unwrap_err().to_string();
    assert!(open.ends_with("others than root may read or write it (mode 0640); chmod 600"), "{open}");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    post(&hook, &serde_json::to_string(&news()).unwrap()).unwrap();
    let (lines, body) = thread.join().unwrap();
    assert_eq!(lines[0], "POST /hook?token=s3cret HTTP/1.1");
    assert!(lines.contains(&"Authorization: Bearer \"x\\y\"".to_owned()), "{lines:?}");
    assert!(lines.contains(&"Content-Type: application/json".to_owned()), "{lines:?}");
    assert_eq!(serde_json::from_value::<News>(body).unwrap(), news());
}

#[test]
fn no_fault_repeats_the_address() {
    for address in ["http://127.0.0.1:1/s3cret", "http://hooks.example/s3cret", "ftp://s3cret"] {
        let hook = WebHook::Address(address.to_owned());
        let said = format!("{:?} {}", hook, post(&hook, "{}").unwrap_err());
        assert!(!said.contains("s3cret"), "{said}");
    }
}
