//! Databases that the agent itself knows how to save, verify and restore, by the programs that came with them.
//!
//! - [`postgresql`], [`mariadb`], [`sqlite`]: one each
//! - [`by_hand`]: what a person would type
//! - [`lock`]: one of several hosts works on the data
//! - [`stand_in`]: a server for a copy of the host
//! - [`client`]: runs their programs, as the database's own system user
//!
//! No password is ever given: the server knows the system user by its socket. The server is not one of the
//! product's engines, so it runs while these are stopped.

pub mod by_hand;
pub mod client;
pub mod lock;
pub mod mariadb;
pub mod postgresql;
pub mod sqlite;
#[cfg(unix)]
pub mod stand_in;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use consign_metadata::plan;

use crate::engine::event::Failure;

pub use client::Client;
pub use lock::{Lock, Taken};

/// What was only known when it was saved: its encoding, and how much was in it.
pub type Properties = BTreeMap<String, String>;

/// The property that says how many bytes the database took when it was saved.
pub const SIZE: &str = "size";

/// A database at work.
pub trait Database {
    /// The system user of its programs.
    fn user(&self) -> &str;

    /// How much it takes now; its backup takes no more, as a rule.
    ///
    /// # Errors
    /// [`Failure`] of its programs.
    fn extent(&self, client: &Client<'_>) -> Result<Extent, Failure>;

    /// Writes it into a file, which is not there.
    ///
    /// # Errors
    /// [`Failure`] of its programs.
    fn back_up(&self, client: &Client<'_>, file: &Path) -> Result<Properties, Failure>;

    /// Restores the file beside it, compares the two, and takes it away again.
    ///
    /// # Errors
    /// [`Failure`] of its programs; also where they are not the same.
    fn verify(&self, client: &Client<'_>, file: &Path, properties: &Properties) -> Result<(), Failure>;

    /// Puts what the file holds in its place. May have been cut off before, at any place.
    ///
    /// # Errors
    /// [`Failure`] of its programs.
    fn restore(&self, client: &Client<'_>, file: &Path, properties: &Properties) -> Result<(), Failure>;
}

/// What a database takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extent {
    /// In bytes.
    pub bytes: u64,
    /// The folder in which its server would restore it beside; `None` where it does not, or does not tell.
    pub server: Option<PathBuf>,
}

impl Extent {
    /// From the bytes and, after a blank, the folder of a server.
    fn parse(database: &str, answer: &str) -> Result<Self, Failure> {
        let (bytes, folder) = answer.trim().split_once(' ').unwrap_or((answer.trim(), ""));
        let bytes = bytes.parse().map_err(|_| unlike(format!("cannot tell the size of {database}: {answer}")))?;
        Ok(Self { bytes, server: Some(PathBuf::from(folder)).filter(|folder| folder.is_absolute()) })
    }
}

/// From the plan's word to the database.
pub fn of(database: &plan::Database) -> Box<dyn Database + '_> {
    match database {
        plan::Database::Postgresql { name, user, socket, port } => {
            Box::new(postgresql::Postgresql { name, user, socket: socket.as_deref(), port: *port })
        }
        plan::Database::Mariadb { name, user, socket } => {
            Box::new(mariadb::Mariadb { name, user, socket: socket.as_deref() })
        }
        plan::Database::Sqlite { file, user } => Box::new(sqlite::Sqlite { file, user }),
    }
}

/// What its programs said makes no sense, or is not what it should be.
fn unlike(reason: impl Into<String>) -> Failure {
    Failure::Host { reason: reason.into() }
}

/// A name in SQL.
fn quoted(name: &str, quote: char) -> String {
    format!("{quote}{}{quote}", name.replace(quote, &format!("{quote}{quote}")))
}

/// The first two tables of which one has other rows than the other, as `table: here, there`.
fn first_difference(here: &str, there: &str) -> Option<String> {
    let count = |text: &str| -> BTreeMap<String, String> {
        let pairs = text.lines().filter_map(|line| line.rsplit_once('\t'));
        pairs.map(|(table, rows)| (table.to_owned(), rows.to_owned())).collect()
    };
    let (here, there) = (count(here), count(there));
    let tables = here.keys().chain(there.keys());
    let other = |table: &&String| here.get(*table) != there.get(*table);
    let rows = |counts: &BTreeMap<String, String>, table: &str| counts.get(table).cloned().unwrap_or("none".to_owned());
    tables.into_iter().find(other).map(|table| format!("{table}: {}, {}", rows(&here, table), rows(&there, table)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_with_other_rows_is_named() {
        assert_eq!(first_difference("a\t1\nb\t2", "b\t2\na\t1"), None);
        assert_eq!(first_difference("a\t1\nb\t2", "a\t1\nb\t3"), Some("b: 2, 3".to_owned()));
        assert_eq!(first_difference("a\t1", "a\t1\nc\t0"), Some("c: none, 0".to_owned()));
    }

    #[test]
    fn a_name_cannot_end_its_quotes() {
        assert_eq!(quoted("a\"b", '"'), "\"a\"\"b\"");
    }
}
