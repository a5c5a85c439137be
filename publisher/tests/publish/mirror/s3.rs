//! A real server that speaks S3, on this machine: `s3s-fs`, which `scripts/s3` builds.
//!
//! Two of it have the same folder: one for who has the key, behind nginx, which counts what is asked of it, and one
//! for everybody, who may only read in practice.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::nginx::Nginx;
use crate::project::{consign, ok};

const KEY: &str = "AKIACONSIGNTEST";
/// What must never be said anywhere.
pub const SECRET: &str = "a-secret-of-the-test";

pub struct S3 {
    folder: tempfile::TempDir,
    /// For everybody.
    open: Process,
    counted: Nginx,
    _closed: Process,
}

struct Process {
    child: Child,
    port: u16,
}

impl S3 {
    /// A server with a bucket `packages`.
    pub fn start() -> Self {
        Self::configured("", "")
    }

    /// The same, which does one thing after the other, and tells others to come again: between looking at a
    /// condition and writing, this server lets others in, which the real ones do not.
    pub fn one_after_the_other() -> Self {
        Self::configured("limit_conn_zone $server_port zone=one:64k;\n", "limit_conn one 1;")
    }

    fn configured(before: &str, inside: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("packages")).unwrap();
        let place = folder.path().display().to_string();
        let closed = Process::start(&[&place, "--access-key", KEY, "--secret-key", SECRET]);
        let open = Process::start(&[&place]);
        let server = format!(
            "{before}server {{\n    listen 80;\n    {inside} client_max_body_size 0;\n    location / {{ proxy_pass http://127.0.0.1:{}; \
             proxy_set_header Host $http_host; proxy_request_buffering off; }}\n}}\n",
            closed.port
        );
        Self { folder, open, counted: Nginx::configured(&server), _closed: closed }
    }

    /// Where hosts find a place in the bucket.
    pub fn url(&self, prefix: &str) -> String {
        format!("http://127.0.0.1:{}/packages/{prefix}", self.open.port)
    }

    /// Where the server keeps everything.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// A push, by who has the key.
    pub fn push(&self, mirror: &std::path::Path, prefix: &str, arguments: &[&str]) -> Command {
        let mut command = consign();
        command.args(["mirror", "push"]).arg(mirror).arg(format!("s3://packages/{prefix}"));
        command.args(["--endpoint", &self.endpoint(), "--retries", "10"]).args(arguments);
        self.admitted(&mut command);
        command
    }

    /// Where who has the key writes.
    pub fn endpoint(&self) -> String {
        self.counted.url()
    }

    /// Gives the key along.
    pub fn admitted(&self, command: &mut Command) {
        command.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET);
    }

    #[track_caller]
    pub fn pushed(&self, mirror: &std::path::Path, prefix: &str, arguments: &[&str]) -> serde_json::Value {
        serde_json::from_slice(&ok(self.push(mirror, prefix, arguments).arg("--json")).stdout).unwrap()
    }

    /// What was asked with the key since so many requests: `PUT /packages/… 200`.
    pub fn asked(&self, since: usize) -> Vec<String> {
        let line = |line: &str| {
            let mut words = line.split('"').skip(1);
            let (asked, status) = (words.next()?, words.next()?);
            Some(format!("{} {}", asked.strip_suffix(" HTTP/1.1")?, status.split_whitespace().next()?))
        };
        self.counted.requests().lines().filter_map(line).skip(since).collect()
    }
}

impl Process {
    fn start(arguments: &[&str]) -> Self {
        (0..20).find_map(|_| Self::on_some_port(arguments)).expect("the server finds no port")
    }

    fn on_some_port(arguments: &[&str]) -> Option<Self> {
        let lab = std::env::var("CONSIGN_LAB");
        let lab = lab.unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../target/lab").to_owned());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(format!("{lab}/s3/bin/s3s-fs"));
        command.args(["--host", "127.0.0.1", "--port", &port.to_string()]).args(arguments);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.unwrap_or_else(|cause| panic!("cannot run s3s-fs: {cause} (scripts/s3)"));
        let mut process = Self { child, port };
        let until = Instant::now() + Duration::from_secs(30);
        while Instant::now() < until && process.child.try_wait().unwrap().is_none() {
            if process.answers() {
                return process.child.try_wait().unwrap().is_none().then_some(process);
            }
            std::thread::yield_now();
        }
        None
    }

    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        let asked = stream.write_all(b"GET /packages/none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let mut answer = String::new();
        asked.and_then(|()| stream.read_to_string(&mut answer)).is_ok() && answer.starts_with("HTTP/1.1 ")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
