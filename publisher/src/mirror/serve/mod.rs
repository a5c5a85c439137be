//! A small static server for a site: the files of a mirror as they are, with ranges, conditional requests, an
//! access log and figures for a monitoring.
//!
//! What makes a mirror whole is the order in which its files are written, and stays so here: an answer is made of
//! one open file, which a swap does not touch. Nothing is shown that is no file of a repository: no hidden name,
//! which is where a mirror keeps what it knows of itself and what is on its way, no link, no list of a folder.
//!
//! - `server`: connections, and the end of them; `answer`: which answer a request gets
//! - `folder`: a file by its name, and no other one; `conditions`: which part of it; `content`: its bytes
//! - `access`: the log; `figures`: what was served; `missed`: what hosts asked for in vain
//! - `unit`: the service, for systemd

mod access;
mod answer;
mod conditions;
mod content;
mod figures;
mod folder;
mod missed;
mod server;
mod unit;

use std::path::PathBuf;

pub use access::AccessLog;
pub use answer::{caching, kind};
pub use folder::plain;
pub use missed::Missed;
pub use server::{listeners, serve};
pub use unit::unit;

use figures::Figures;
use folder::Folder;

/// What is served, and who is told of it.
#[derive(Debug)]
pub struct Site {
    folder: Folder,
    log: AccessLog,
    figures: Figures,
    missed: Missed,
    figures_for_all: bool,
}

impl Site {
    /// Everything below a folder, which need not be there yet.
    pub fn of(folder: PathBuf, log: AccessLog, missed: Missed) -> Self {
        let folder = Folder::at(folder);
        Self { folder, log, missed, figures: Figures::default(), figures_for_all: false }
    }

    /// The same, whose figures are shown to whoever asks, and not only on this machine.
    #[must_use]
    pub fn with_figures_for_all(self, for_all: bool) -> Self {
        Self { figures_for_all: for_all, ..self }
    }
}
