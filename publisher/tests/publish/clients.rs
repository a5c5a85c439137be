//! Real clients read what is published.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use consign::publish::{Introduction, PublishError, Request, prepare};
use consign::sign::{KeyFile, KeyFiles};
use consign::store::DirectoryStore;
use consign::trust::Trust;
use jiff::{SignedDuration, Timestamp};

use crate::apt::Apt;
use crate::project::{Project, err, ok, out};

/// A web server for a folder; the requests it answered can be read from its log.
struct Server {
    child: Child,
    port: u16,
    log: std::path::PathBuf,
}

impl Server {
    fn of(folder: &std::path::Path, log: std::path::PathBuf) -> Self {
        let program = "import http.server,functools,sys\n\
            h=functools.partial(http.server.SimpleHTTPRequestHandler,directory=sys.argv[1])\n\
            s=http.server.ThreadingHTTPServer(('127.0.0.1',0),h)\n\
            print(s.server_port,flush=True)\ns.serve_forever()\n";
        let mut child = Command::new("python3")
            .args(["-c", program])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, port: line.trim().parse().unwrap(), log }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn requests(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn apt_reads_two_versions_from_a_folder() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    project.note("1.1.0", "The second release.");
    let second = project.build("erp", "1.1.0");
    project.published(&[]);

    let apt = Apt::new(&format!("file:{}", project.public().display()), &project.certificate());
    apt.updated();
    assert_eq!(apt.candidate("acme-erp").as_deref(), Some("1.1.0-1"));
    let policy = apt.policy("acme-erp");
    assert!(policy.contains("1.0.0-1"), "the older version is gone, and with it every way back: {policy}");
    let downloaded = apt.download("acme-erp");
    assert_eq!(std::fs::read(&downloaded[0]).unwrap(), std::fs::read(&second[0]).unwrap());
}

#[test]
fn apt_asks_a_web_server_by_digest_and_for_nothing_that_is_not_there() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    let server = Server::of(&project.public(), project.path("requests.log"));
    let apt = Apt::new(&server.url(), &project.certificate());
    apt.updated();
    apt.download("acme-erp");
    let requests = server.requests();
    assert!(requests.contains("/main/binary-amd64/by-hash/SHA256/"), "{requests}");
    // The status with what stands before it: a digest may have these digits, too.
    let every_one_was_answered = requests.lines().all(|line| line.contains(" HTTP/1.1\" 200 "));
    assert!(every_one_was_answered && !requests.contains("Packages"), "{requests}");

    let certificate = project.certificate().display().to_string();
    let verified = project.verify(&[&server.url(), "--certificate", &certificate]);
    assert!(verified.status.success(), "{}", err(&verified));
    assert_eq!(
        out(&verified),
        format!(
            "generation 1: 2 indexes, 2 packages and 1 release read\nnothing is wrong with channel stable of {}\n",
            server.url()
        )
    );
}

#[test]
fn a_reader_of_the_generation_before_still_finds_its_index() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    let old = std::fs::read(project.public().join("dists/stable/InRelease")).unwrap();
    project.note("1.1.0", "The second release.");
    project.build("erp", "1.1.0");
    project.published(&[]);

    // A slow client: it read the entry point before the publish, and goes on after it.
    let new = std::fs::read(project.public().join("dists/stable/InRelease")).unwrap();
    std::fs::write(project.public().join("dists/stable/InRelease"), old).unwrap();
    let apt = Apt::new(&format!("file:{}", project.public().display()), &project.certificate());
    apt.updated();
    assert_eq!(apt.candidate("acme-erp").as_deref(), Some("1.0.0-1"));
    std::fs::write(project.public().join("dists/stable/InRelease"), new).unwrap();
    apt.updated();
    assert_eq!(apt.candidate("acme-erp").as_deref(), Some("1.1.0-1"));
}

#[test]
fn gpgv_and_sqv_accept_both_forms_of_the_release() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    project.published(&[]);
    let dists = project.public().join("dists/stable");
    let certificate = project.certificate();
    ok(Command::new("gpgv").arg("--keyring").arg(&certificate).arg(dists.join("InRelease")));
    ok(Command::new("gpgv")
        .arg("--keyring")
        .arg(&certificate)
        .arg(dists.join("Release.gpg"))
        .arg(dists.join("Release")));
    ok(Command::new("sqv")
        .arg("--keyring")
        .arg(&certificate)
        .arg(dists.join("Release.gpg"))
        .arg(dists.join("Release")));
}

/// Publishes as of another time.
fn publish_at(project: &Project, now: Timestamp, valid_for: SignedDuration) -> Result<(), PublishError> {
    let files = KeyFiles::in_folder(&project.path("keys"));
    let open = |path| KeyFile::open(path, || Err("no passphrase is needed".to_owned())).unwrap();
    let (package, index) = (open(&files.package_secret), open(&files.index_secret));
    let request = Request {
        channel: "stable".parse().unwrap(),
        trust: Trust::beside(&files.certificate).unwrap(),
        package_signer: Some(&package),
        index_signer: &index,
        packages: project.build("erp", "1.0.0"),
        agent: None,
        introduction: Introduction {
            url: "https://packages.acme.example".to_owned(),
            maintainer: "Acme <packages@acme.example>".to_owned(),
            default_channel: "stable".parse().unwrap(),
            windows: None,
        },
        windows_signer: None,
        valid_for,
        now,
    };
    let store = DirectoryStore::at(project.public());
    prepare(&store, &request)?.carry_out(&store).map(|_| ())
}

#[test]
fn apt_and_verify_refuse_what_has_expired() {
    let project = Project::new();
    let day = SignedDuration::from_hours(24);
    publish_at(&project, Timestamp::now() - 3 * day, day).unwrap();
    let apt = Apt::new(&format!("file:{}", project.public().display()), &project.certificate());
    let update = apt.update();
    assert_eq!(update.status.code(), Some(100));
    assert!(err(&update).contains("is expired"), "{}", err(&update));
    let verified = project.verify(&[]);
    assert_eq!(verified.status.code(), Some(1));
    assert!(out(&verified).contains("dists/stable/InRelease: it expired on"), "{}", out(&verified));
    assert!(out(&verified).contains("consign/stable/feed.pgp: it expired on"), "{}", out(&verified));
    // The next publish is no different from any other.
    project.published(&[]);
    apt.updated();
}

#[test]
fn apt_and_verify_refuse_what_is_dated_in_the_future() {
    let project = Project::new();
    let day = SignedDuration::from_hours(24);
    publish_at(&project, Timestamp::now() + 3 * day, 10 * day).unwrap();
    let apt = Apt::new(&format!("file:{}", project.public().display()), &project.certificate());
    let update = apt.update();
    assert_eq!(update.status.code(), Some(100));
    assert!(err(&update).contains("is not valid yet"), "{}", err(&update));
    assert!(out(&project.verify(&[])).contains("which is in the future"));
    // A later generation needs a later date, which clients would refuse too.
    let next = project.publish(&[]);
    assert_eq!(next.status.code(), Some(1));
    assert!(err(&next).contains("this machine's clock says"), "{}", err(&next));
}

#[test]
fn an_expired_key_publishes_nothing() {
    let project = Project::new();
    let day = SignedDuration::from_hours(24);
    let refused = publish_at(&project, Timestamp::now() + 366 * day, day).unwrap_err().to_string();
    assert!(refused.starts_with("cannot publish with key ") && refused.contains(": it expired on "), "{refused}");
    assert!(!project.public().exists());
}

#[test]
fn two_publications_within_a_second_are_ordered() {
    let project = Project::new();
    project.build("erp", "1.0.0");
    let dates: Vec<String> = (0..4).map(|_| project.published(&[])["issued"].as_str().unwrap().to_owned()).collect();
    assert!(dates.is_sorted_by(|a, b| a < b), "{dates:?}");
}
