//! SQLite, by its own program: what is read is consistent whoever has the file open, and what is written is
//! there whole or not at all.

use std::path::Path;

use super::{Client, Database, Extent, Properties, unlike};
use crate::engine::event::Failure;

const PROGRAM: &str = "sqlite3";
/// How long it waits for somebody else's lock, in milliseconds.
const BUSY: &str = ".timeout 30000";

/// The database.
pub struct Sqlite<'a> {
    /// Its file.
    pub file: &'a str,
    /// Whose it is.
    pub user: &'a str,
}

impl Database for Sqlite<'_> {
    fn user(&self) -> &str {
        self.user
    }

    fn extent(&self, client: &Client<'_>) -> Result<Extent, Failure> {
        let pages = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
        Extent::parse(self.file, &client.ask(&[PROGRAM, "-batch", "-readonly", "-cmd", BUSY, self.file, pages])?)
    }

    fn back_up(&self, client: &Client<'_>, file: &Path) -> Result<Properties, Failure> {
        let save = format!(".backup main {}", word(file)?);
        client.run(&[PROGRAM, "-batch", "-bail", "-readonly", "-cmd", BUSY, self.file, &save])?;
        Ok(Properties::new())
    }

    fn verify(&self, client: &Client<'_>, file: &Path, _: &Properties) -> Result<(), Failure> {
        let file = file.display().to_string();
        let check = "PRAGMA integrity_check; PRAGMA foreign_key_check";
        match client.ask(&[PROGRAM, "-batch", "-bail", "-readonly", &file, check])?.as_str() {
            "ok" => Ok(()),
            other => Err(unlike(format!("the copy of {} is not sound: {other}", self.file))),
        }
    }

    fn restore(&self, client: &Client<'_>, file: &Path, properties: &Properties) -> Result<(), Failure> {
        self.verify(client, file, properties)?;
        let restore = format!(".restore main {}", word(file)?);
        client.run(&[PROGRAM, "-batch", "-bail", "-cmd", BUSY, self.file, &restore])
    }
}

/// A path as a word of the program's own commands.
fn word(path: &Path) -> Result<String, Failure> {
    match path.to_str().filter(|text| !text.contains(['\'', '\n'])) {
        Some(text) => Ok(format!("'{text}'")),
        None => Err(unlike(format!("cannot name {} to {PROGRAM}", path.display()))),
    }
}
