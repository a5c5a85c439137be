//! The web server of a mirror, as hosts and an operator meet it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::scene::Scene;
use crate::apt::Apt;
use crate::dnf::Dnf;
use crate::formats::BOTH;
use crate::project::{consign, err, ok};
use crate::yum::key;

const PACKAGE: &str = "pool/main/a/acme-erp/acme-erp_1.0.0-1_all.deb";
const ENTRANCE: &str = "/dists/stable/InRelease";

/// `consign mirror serve` at a port of its own.
pub struct Serving {
    child: Child,
    address: String,
    home: tempfile::TempDir,
}

impl Serving {
    pub fn of(folder: &Path) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command: Command = consign();
        command.args(["mirror", "serve"]).arg(folder).args(["--listen", "127.0.0.1:0", "--log"]);
        command.arg(home.path().join("log")).args(["--missed", "missed.json"]).current_dir(home.path());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit_once("http://").unwrap_or_else(|| panic!("{line}")).1.to_owned();
        Self { child, address, home }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Status line, fields and content of one answer.
    fn asked(&self, request: &str) -> (String, Vec<u8>) {
        let mut stream = self.connect();
        write!(stream, "{request}\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
        (String::from_utf8(answer[..end].to_vec()).unwrap(), answer[end + 4..].to_vec())
    }

    fn get(&self, path: &str, fields: &str) -> (String, Vec<u8>) {
        self.asked(&format!("GET {path} HTTP/1.1{fields}"))
    }

    fn status(&self, path: &str) -> String {
        self.get(path, "").0.split(' ').nth(1).unwrap().to_owned()
    }

    fn signal(&self, name: &str) {
        ok(Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]));
    }

    /// Told to end; what it has written down by then.
    fn ended(mut self) -> String {
        self.signal("TERM");
        assert!(self.child.wait().unwrap().success());
        std::fs::read_to_string(self.home.path().join("log")).unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn scene() -> Scene {
    let scene = Scene::new();
    scene.release("erp", "1.0.0");
    scene.synced(&[]);
    scene
}

fn field(head: &str, name: &str) -> String {
    let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    line.unwrap_or_else(|| panic!("no {name} in {head}")).to_owned()
}

#[test]
fn apt_dnf_and_another_mirror_live_on_it() {
    let scene = Scene::with(BOTH);
    std::fs::create_dir(scene.mirror()).unwrap();
    let server = Serving::of(&scene.mirror());
    scene.release("erp", "1.0.0");
    scene.synced(&["--url", &server.url()]);
    let apt = Apt::new(&server.url(), &scene.project.certificate());
    apt.updated();
    assert_eq!(apt.candidate("acme-erp").as_deref(), Some("1.0.0-1"));
    let second = scene.site().join("second");
    let sync = |url: &str| {
        let mut command = consign();
        command.args(["mirror", "sync", url]).arg(&second).arg("--certificate").arg(scene.project.certificate());
        ok(command.arg("--json"))
    };
    sync(&server.url());
    let again: serde_json::Value = serde_json::from_slice(&sync(&server.url()).stdout).unwrap();
    assert_eq!((&again["requests"], &again["received"]), (&1.into(), &0.into()));
    scene.release("erp", "1.1.0");
    scene.synced(&[]);
    sync(&server.url());
    apt.updated();
    assert_eq!(apt.candidate("acme-erp").as_deref(), Some("1.1.0-1"));
    apt.download("acme-erp");
    let dnf = Dnf::new(&format!("mirrorlist={}/yum/stable/mirrors", server.url()), &key(&scene.project));
    assert!(dnf.says(&["repoquery", "acme-erp"]).contains("acme-erp-0:1.1.0-1.noarch"));
    let log = server.ended();
    assert!(log.contains(" 304 0 ") && !log.contains("\" 404 "), "{log}");
}

#[test]
fn a_file_is_sent_whole_in_part_or_not_at_all() {
    let scene = scene();
    let server = Serving::of(&scene.mirror());
    let bytes = scene.files()[PACKAGE].clone();
    let (head, body) = server.get(&format!("/{PACKAGE}"), "");
    assert!(head.starts_with("HTTP/1.1 200 OK") && body == bytes, "{head}");
    assert_eq!(field(&head, "content-length"), bytes.len().to_string());
    assert_eq!(field(&head, "cache-control"), "max-age=31536000, immutable");
    let (head, body) = server.get(&format!("/{PACKAGE}"), "\r\nRange: bytes=100-");
    assert!(head.starts_with("HTTP/1.1 206 ") && body == bytes[100..], "{head}");
    assert_eq!(field(&head, "content-range"), format!("bytes 100-{}/{}", bytes.len() - 1, bytes.len()));
    let (head, body) = server.get(&format!("/{PACKAGE}"), "\r\nRange: bytes=999999999-");
    assert!(head.starts_with("HTTP/1.1 416 ") && body.is_empty(), "{head}");
    let (head, body) = server.asked(&format!("HEAD /{PACKAGE} HTTP/1.1"));
    assert!(field(&head, "content-length") == bytes.len().to_string() && body.is_empty(), "{head}");
    let (head, _) = server.get(ENTRANCE, "");
    assert_eq!(field(&head, "cache-control"), "no-cache");
    let (head, body) = server.get(ENTRANCE, &format!("\r\nIf-None-Match: {}", field(&head, "etag")));
    assert!(head.starts_with("HTTP/1.1 304 ") && body.is_empty(), "{head}");
    assert!(server.asked("POST /x HTTP/1.1\r\nContent-Length: 0").0.starts_with("HTTP/1.1 405 "));
    // One that is in the middle of a file while a new one takes its name gets the rest of its own.
    let mut stream = server.connect();
    write!(stream, "GET /{PACKAGE} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut first = [0; 1];
    stream.read_exact(&mut first).unwrap();
    std::fs::rename(scene.project.public().join("acme-release.deb"), scene.mirror().join(PACKAGE)).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(rest.ends_with(&bytes[bytes.len() / 2..]));
}

#[test]
fn nothing_is_shown_that_is_no_file_of_a_repository() {
    let scene = scene();
    std::fs::write(scene.site().join("secret"), "secret").unwrap();
    std::os::unix::fs::symlink(scene.site().join("secret"), scene.mirror().join("pool/secret.deb")).unwrap();
    assert!(scene.mirror().join(".consign/mirror.json").exists());
    let server = Serving::of(&scene.mirror());
    for path in [
        "/",
        "/pool",
        "/pool/",
        "/.consign/mirror.json",
        "/%2econsign/mirror.json",
        "/pool/../.consign/mirror.json",
        "/../secret",
        "/pool/%2e%2e/%2e%2e/secret",
        "/pool/secret.deb",
        "/.consign/lock",
        "//etc/passwd",
    ] {
        assert_eq!(server.status(path), "404", "{path}");
    }
    // A folder of mirrors shows as little.
    let above = Serving::of(scene.site());
    assert_eq!(above.status("/mirror/.consign/mirror.json"), "404");
    assert_eq!(above.status(&format!("/mirror/{PACKAGE}")), "200");
}

#[test]
fn an_operator_sees_what_was_served_and_what_was_missed() {
    let scene = scene();
    scene.release("erp", "1.1.0");
    scene.synced(&["--product", "erp >=1.1.0"]);
    std::fs::remove_file(scene.mirror().join(PACKAGE)).unwrap();
    let mut server = Serving::of(scene.site());
    (0..2).for_each(|_| assert_eq!(server.status(&format!("/mirror/{PACKAGE}")), "404"));
    assert_eq!(server.status("/mirror/wp-login.php"), "404");
    assert_eq!(server.status(&format!("/mirror{ENTRANCE}")), "200");
    let (_, figures) = server.get("/.metrics", "");
    let figures = String::from_utf8(figures).unwrap();
    assert!(figures.contains("consign_mirror_requests_total{status=\"404\"} 3\n"), "{figures}");
    assert!(figures.contains("consign_mirror_missed_packages 1\n"), "{figures}");
    assert_eq!(server.get("/.metrics", "\r\nX-Forwarded-For: 10.0.0.7").0.split(' ').nth(1), Some("404"));
    // The log goes on in a new file when it was moved away.
    let log = server.home.path().join("log");
    std::fs::rename(&log, server.home.path().join("old")).unwrap();
    server.signal("HUP");
    while !log.exists() {
        std::thread::yield_now();
    }
    server.get("/quote\"", "\r\nUser-Agent: Debian APT-HTTP/1.3");
    let missed = server.home.path().join("missed.json");
    server.signal("TERM");
    assert!(server.child.wait().unwrap().success());
    let line = std::fs::read_to_string(&log).unwrap();
    assert!(
        line.starts_with("127.0.0.1 - - [") && line.ends_with("\" 404 14 \"-\" \"Debian APT-HTTP/1.3\"\n"),
        "{line}"
    );
    let status = consign()
        .args(["mirror", "status", "--json"])
        .arg(scene.mirror())
        .arg("--missed")
        .arg(&missed)
        .output()
        .unwrap();
    let told: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap_or_else(|_| panic!("{}", err(&status)));
    assert_eq!(told["channels"][0]["missed"][PACKAGE], 2, "{told}");
}

#[test]
fn who_is_being_served_when_it_ends_gets_the_file() {
    let scene = scene();
    let large = scene.mirror().join("pool/large.deb");
    std::fs::File::create(&large).unwrap().set_len(30_000_000).unwrap();
    let mut server = Serving::of(&scene.mirror());
    let idle = server.connect();
    let mut stream = server.connect();
    write!(stream, "GET /pool/large.deb HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut first = [0; 100];
    stream.read_exact(&mut first).unwrap();
    server.signal("TERM");
    // Nobody is let in any more, and who asks for nothing keeps nobody.
    while TcpStream::connect(&server.address).is_ok() {
        std::thread::yield_now();
    }
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(rest.len() + first.len() > 30_000_000, "{}", rest.len());
    assert!(server.child.wait().unwrap().success());
    drop(idle);
}
