//! How far a mirror is, on a terminal; nothing elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::mirror::Progress;

const COUNTING: &str = "{msg} {wide_bar} {bytes}/{total_bytes}, {bytes_per_sec}, {eta}";

/// A bar that grows.
pub struct Bar(ProgressBar);

impl Bar {
    /// Begins, if a person can see it.
    pub fn start() -> Self {
        let bar = if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    /// Says what a mirror is at.
    pub fn progress(&self, progress: Progress) {
        match progress {
            Progress::Reading => self.0.set_message("reading the indexes"),
            Progress::Fetching { files, bytes } => self.count(format!("fetching {files} files"), bytes),
            Progress::Sending { files, bytes } => self.count(format!("sending {files} files"), bytes),
            Progress::Received(bytes) => self.0.inc(bytes),
            Progress::Checking => {
                self.0.set_style(ProgressStyle::default_spinner());
                self.0.set_message("checking");
            }
        }
    }

    fn count(&self, what: String, bytes: u64) {
        if let Ok(style) = ProgressStyle::with_template(COUNTING) {
            self.0.set_style(style);
        }
        self.0.set_length(bytes);
        self.0.set_message(what);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
