//! A spinner on a terminal, nothing elsewhere.

use std::io::IsTerminal;

use indicatif::ProgressBar;

use crate::build::Progress;

/// What shows that something is going on.
pub struct Spinner(ProgressBar);

impl Spinner {
    /// Begins to turn, if a person can see it.
    pub fn start() -> Self {
        let bar = if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
        Self(bar)
    }

    /// Says what a release is at.
    pub fn progress(&self, progress: Progress<'_>) {
        match progress {
            Progress::Reading(package) => self.now(format_args!("reading {package}")),
            Progress::Packing(package) => self.now(format_args!("packing {package}")),
            Progress::Signing(package) => self.now(format_args!("signing {package}")),
        }
    }

    /// Says what is being done now.
    pub fn now(&self, what: impl std::fmt::Display) {
        self.0.set_message(what.to_string());
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
