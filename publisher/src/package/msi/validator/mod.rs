//! Whether a package is as Windows Installer wants it: read back with the reader of the agent, which shares
//! nothing with what wrote it, and looked at rule by rule.
//!
//! Rules are named as the validation of Windows' SDK names them (ICE), which runs only there; those of the
//! format itself, which Windows does not name, are named by what they are about.
//!
//! - `container`: the compound file, `strings`: the pool and the order of rows, `summary`: the summary
//! - `columns`: what may be in each column, as `_Validation` says it
//! - `components`, `product`, `sequences`: whether rows go together
//! - `cabinet`: whether the files are those that the tables describe

mod cabinet;
mod columns;
mod components;
mod container;
mod product;
mod sequences;
mod strings;
mod summary;

use std::fmt;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use consign_metadata::msi::{MsiError, MsiFile, SUMMARY, Tables};

use super::cabinet::Packed;

/// As many as a person reads.
const SHOWN: usize = 5;
const MAXIMUM_SUMMARY: u64 = 1024 * 1024;

/// What is wrong with a package, each with the name of the rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
pub struct Faults(Vec<String>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it is no package that Windows Installer takes: {}", self.0[..self.0.len().min(SHOWN)].join("; "))?;
        match self.0.len().checked_sub(SHOWN) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, "; and {more} more"),
        }
    }
}

impl Faults {
    fn add(&mut self, rule: &str, what: impl fmt::Display) {
        self.0.push(format!("{rule}: {what}"));
    }

    /// What was found, each with the name of its rule.
    pub fn list(&self) -> &[String] {
        &self.0
    }
}

/// Looks at every rule.
///
/// # Errors
/// What is wrong.
pub fn validate(path: &Path) -> Result<(), Faults> {
    every_rule(path, None)
}

/// The same of a package that was just written from these files.
///
/// # Errors
/// What is wrong.
pub(super) fn validate_written(path: &Path, packed: &[Packed]) -> Result<(), Faults> {
    every_rule(path, Some(packed))
}

fn every_rule(path: &Path, packed: Option<&[Packed]>) -> Result<(), Faults> {
    let mut faults = Faults::default();
    if let Err(cause) = look(path, packed, &mut faults) {
        faults.add("format", cause);
    }
    if faults.0.is_empty() { Ok(()) } else { Err(faults) }
}

fn look(path: &Path, packed: Option<&[Packed]>, faults: &mut Faults) -> Result<(), MsiError> {
    container::look(&mut File::open(path)?, faults)?;
    let mut msi = MsiFile::open(BufReader::with_capacity(1 << 16, File::open(path)?))?;
    container::look_at_names(&msi, faults);
    let tables = msi.tables()?;
    let summary = summary::Summary::read(&msi.bytes(SUMMARY, MAXIMUM_SUMMARY)?.unwrap_or_default());
    strings::look(&tables, faults);
    columns::look(&tables, faults);
    components::look(&tables, faults);
    product::look(&tables, faults);
    sequences::look(&tables, faults);
    summary::look(summary.as_ref(), &tables, faults);
    cabinet::look(&mut msi, &tables, packed, faults)
}

/// The values of some columns, row by row.
fn rows<const N: usize>(tables: &Tables, table: &str, columns: [&str; N]) -> Vec<[String; N]> {
    let found = tables.table(table);
    let at = columns.map(|column| found.column(column));
    let value = |row: &[_], at: Option<usize>| at.map_or_else(String::new, |at| tables.shown(&row[at]));
    found.rows.iter().map(|row| at.map(|at| value(row, at))).collect()
}
