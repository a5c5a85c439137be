//! What was started how before it was disabled: `start-types.json` in the agent's state.
//!
//! A disabled service does not start, whoever reboots in the middle of an upgrade. What it was is on disk before it is
//! disabled, and stays there until it is that again. Both are two acts on two things, between which the agent may die:
//! so each is on disk before it is begun, too. Whoever comes after sees by that whether a service that is not disabled
//! is so because nothing has happened yet, or because it was registered anew meanwhile, or because it is back already.

use std::collections::BTreeMap;
use std::path::PathBuf;

use consign_metadata::name::UnitName;
use serde::{Deserialize, Serialize};

use super::Engine;
use crate::durable;
use crate::host::{HostError, at};
use crate::places::Places;

const FILE: &str = "start-types.json";
const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Written {
    format: u32,
    before: BTreeMap<UnitName, String>,
    /// Those that are neither disabled for certain nor back for certain.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    under_way: BTreeMap<UnitName, Act>,
}

/// What was begun with a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Act {
    /// It is about to be disabled.
    Disabling,
    /// It is about to be what it was.
    Returning,
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
        Ok(self.read()?.before.remove(unit))
    }

    /// Disables an engine. What it was before comes back with [`Self::release`], however often it is disabled.
    ///
    /// # Errors
    /// When what it was is not on disk, or it is not disabled.
    pub(super) fn guard(&self, unit: &UnitName, engine: &dyn Engine) -> Result<(), HostError> {
        let (never, word) = (engine.words()[0], engine.start_word()?);
        let mut written = self.read()?;
        // What was disabled for certain and is not any more was registered anew by a package.
        let is_new = !written.before.contains_key(unit) || written.under_way.contains_key(unit);
        if word != never && is_new {
            written.before.insert(unit.clone(), word.clone());
            written.under_way.insert(unit.clone(), Act::Disabling);
            self.write(&written)?;
        }
        if word != never {
            engine.set_start(never)?;
        }
        if written.under_way.remove(unit).is_some() { self.write(&written) } else { Ok(()) }
    }

    /// Has an engine start as it did before it was disabled.
    ///
    /// # Errors
    /// When it still does not, or that is not on disk.
    pub(super) fn release(&self, unit: &UnitName, engine: &dyn Engine) -> Result<(), HostError> {
        let mut written = self.read()?;
        let Some(before) = written.before.get(unit).cloned() else { return Ok(()) };
        if engine.is_active()?.is_some() && self.is_still_disabled(unit, engine, &mut written)? {
            engine.set_start(&before)?;
        }
        written.before.remove(unit);
        written.under_way.remove(unit);
        self.write(&written)
    }

    // One that was never disabled, or is back, is what the site wants it to be by now.
    fn is_still_disabled(
        &self,
        unit: &UnitName,
        engine: &dyn Engine,
        written: &mut Written,
    ) -> Result<bool, HostError> {
        if written.under_way.contains_key(unit) {
            return Ok(engine.start_word()? == engine.words()[0]);
        }
        written.under_way.insert(unit.clone(), Act::Returning);
        self.write(written).map(|()| true)
    }

    fn read(&self) -> Result<Written, HostError> {
        let read = durable::read(&self.path, FORMAT, |written: &Written| written.format);
        let read =
            read.map_err(|cause| HostError { action: "tell what is guarded".to_owned(), reason: cause.to_string() })?;
        Ok(read.unwrap_or_else(|| Written { format: FORMAT, before: BTreeMap::new(), under_way: BTreeMap::new() }))
    }

    fn write(&self, written: &Written) -> Result<(), HostError> {
        let text = serde_json::to_vec_pretty(written).map_err(|cause| at("write", &self.path, cause))?;
        durable::replace(&self.path, &text).map_err(|cause| at("write", &self.path, cause))
    }
}

#[cfg(test)]
mod tests;
