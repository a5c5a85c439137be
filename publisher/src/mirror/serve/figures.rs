//! What was served, as Prometheus reads it (text format 0.0.4).

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Where it is asked for: a hidden name, so that no file of a repository can have it.
pub const PATH: &str = "/.metrics";
/// What it is.
pub const KIND: &str = "text/plain; version=0.0.4; charset=utf-8";

const STATUS: [u16; 8] = [200, 206, 304, 403, 404, 405, 416, 500];

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Figures {
    answers: [AtomicU64; STATUS.len()],
    sent: AtomicU64,
    connections: AtomicU64,
    open: AtomicU64,
}

impl Figures {
    /// One more answer, with so many bytes of content.
    pub fn answered(&self, status: u16, sent: u64) {
        if let Some(at) = STATUS.iter().position(|known| *known == status) {
            self.answers[at].fetch_add(1, Relaxed);
        }
        self.sent.fetch_add(sent, Relaxed);
    }

    /// One more connection.
    pub fn connected(&self) {
        self.connections.fetch_add(1, Relaxed);
        self.open.fetch_add(1, Relaxed);
    }

    /// One connection less.
    pub fn disconnected(&self) {
        self.open.fetch_sub(1, Relaxed);
    }

    /// All of them, with the number of packages that hosts asked for in vain.
    pub fn text(&self, missed: u64) -> String {
        let mut text = String::new();
        family(&mut text, "requests_total", "counter", "Requests by the status of their answer.");
        for (status, answers) in STATUS.iter().zip(&self.answers) {
            let _ = writeln!(text, "consign_mirror_requests_total{{status=\"{status}\"}} {}", answers.load(Relaxed));
        }
        let single = [
            ("sent_bytes_total", "counter", "Bytes of files that were sent.", self.sent.load(Relaxed)),
            ("connections_total", "counter", "Connections that were made.", self.connections.load(Relaxed)),
            ("connections", "gauge", "Connections that are open.", self.open.load(Relaxed)),
            ("missed_packages", "gauge", "Packages that hosts asked for and that are not here.", missed),
        ];
        for (name, kind, help, value) in single {
            family(&mut text, name, kind, help);
            let _ = writeln!(text, "consign_mirror_{name} {value}");
        }
        text
    }
}

fn family(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP consign_mirror_{name} {help}\n# TYPE consign_mirror_{name} {kind}");
}
