//! A part of a backup that programs of the vendor's save and restore.

use super::staging::Staging;
use super::{Part, Work};
use crate::backup::Contents;
use crate::step::{Trouble, run};

/// What stands for the file in an argument.
const FILE: &str = "{file}";

/// The part.
pub struct Command<'a> {
    /// Writes the file.
    pub save: &'a [String],
    /// Says whether it can be restored.
    pub verify: Option<&'a [String]>,
    /// Brings back what it holds.
    pub restore: &'a [String],
    /// The user they run as.
    pub user: &'a str,
}

impl Part for Command<'_> {
    fn save(&self, work: &Work<'_>) -> Result<Contents, Trouble> {
        let staging = Staging::new(work, self.user)?;
        self.run(work, self.save, &staging)?;
        if let Some(verify) = self.verify {
            self.run(work, verify, &staging)?;
        }
        staging.take(&work.file)?;
        Ok(Contents::Command)
    }

    fn restore(&self, work: &Work<'_>, _contents: &Contents) -> Result<(), Trouble> {
        let staging = Staging::new(work, self.user)?;
        staging.give(&work.file)?;
        self.run(work, self.restore, &staging)
    }
}

impl Command<'_> {
    fn run(&self, work: &Work<'_>, command: &[String], staging: &Staging) -> Result<(), Trouble> {
        let file = staging.file().display().to_string();
        // The site's own choices are filled in first: none of them can name the file.
        let split: Vec<Vec<&str>> = command.iter().map(|word| word.split(FILE).collect()).collect();
        let mut filled = Vec::new();
        for pieces in split {
            let pieces: Vec<String> = pieces.into_iter().map(str::to_owned).collect();
            filled.push(run::filled(work.scene, &pieces)?.join(&file));
        }
        work.run(filled, self.user)
    }
}
