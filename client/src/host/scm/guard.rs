//! What was started how before it was disabled: `start-types.json` in the agent's state.
//!
//! A disabled service does not start, whoever reboots in the middle of an upgrade. What it was is on disk before it is
//! disabled, and stays there until it is that again.

use std::collections::BTreeMap;
use std::path::PathBuf;

use consign_metadata::name::UnitName;
use serde::{Deserialize, Serialize};

use crate::durable;
use crate::host::{HostError, at};
use crate::places::Places;

const FILE: &str = "start-types.json";
const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Written {
    format: u32,
    before: BTreeMap<UnitName, String>,
}

/// What is guarded.
#[derive(Debug)]
pub struct Guards {
    path: PathBuf,
}

impl Guards {
    /// Those of this host.
    pub fn of(places: &Places) -> Self {
        Self { path: places.state().join(FILE) }
    }

    /// How a unit was started before it was disabled; `None` where it is not guarded.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn before(&self, unit: &UnitName) -> Result<Option<String>, HostError> {
        Ok(self.read()?.remove(unit))
    }

    /// Writes it down. What is there already counts: a unit that is disabled twice was not disabled before.
    ///
    /// # Errors
    /// When it is not on disk.
    pub fn remember(&mut self, unit: &UnitName, word: &str) -> Result<(), HostError> {
        let mut before = self.read()?;
        before.entry(unit.clone()).or_insert_with(|| word.to_owned());
        self.write(before)
    }

    /// It is that again.
    ///
    /// # Errors
    /// When it is not on disk.
    pub fn forget(&mut self, unit: &UnitName) -> Result<(), HostError> {
        let mut before = self.read()?;
        before.remove(unit);
        self.write(before)
    }

    fn read(&self) -> Result<BTreeMap<UnitName, String>, HostError> {
        let read = durable::read(&self.path, FORMAT, |written: &Written| written.format);
        let read =
            read.map_err(|cause| HostError { action: "tell what is guarded".to_owned(), reason: cause.to_string() })?;
        Ok(read.map(|written| written.before).unwrap_or_default())
    }

    fn write(&self, before: BTreeMap<UnitName, String>) -> Result<(), HostError> {
        let written = Written { format: FORMAT, before };
        let text = serde_json::to_vec_pretty(&written).map_err(|cause| at("write", &self.path, cause))?;
        durable::replace(&self.path, &text).map_err(|cause| at("write", &self.path, cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_before_the_first_guard_is_what_comes_back() {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        std::fs::create_dir_all(places.state()).unwrap();
        let (mut guards, unit) = (Guards::of(&places), "AcmeErp.service".parse().unwrap());
        assert_eq!(guards.before(&unit), Ok(None));
        guards.remember(&unit, "delayed").unwrap();
        guards.remember(&unit, "manual").unwrap();
        assert_eq!(guards.before(&unit), Ok(Some("delayed".to_owned())));
        guards.forget(&unit).unwrap();
        assert_eq!(guards.before(&unit), Ok(None));
    }
}
