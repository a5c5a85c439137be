//! `consignee agent`: the service that does the work; systemd starts it and keeps what it says.

use log::{Level, LevelFilter, Log, Metadata, Record};

use super::complaint::Complaint;
use super::session::{Exit, Session};

pub fn run(session: &mut Session) -> Result<Exit, Complaint> {
    log_to_journal();
    let status = crate::agent::run(session.places.clone()).map_err(|error| Complaint::Failed(error.to_string()))?;
    Ok(Exit::Service(status))
}

/// What is logged goes to stderr, which systemd keeps.
pub fn log_to_journal() {
    // A second logger is refused; then there is one already.
    let _ = log::set_logger(&ToJournal);
    log::set_max_level(LevelFilter::Info);
}

/// Lines on stderr with the priority in front (`sd-daemon(3)`).
struct ToJournal;

impl Log for ToJournal {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("consignee")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let text = crate::report::page::printable(&record.args().to_string());
            // Nobody can be told that telling failed.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), line(record.level(), &text).as_bytes());
        }
    }

    fn flush(&self) {}
}

fn line(level: Level, text: &str) -> String {
    let priority = match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    };
    format!("<{priority}>{text}\n")
}
