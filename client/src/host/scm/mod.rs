//! The service control manager of Windows, and IIS beside it.
//!
//! - [`guard`]: services that must not start are disabled, and what they were before is on disk first
//! - [`pool`]: application pools, by the command of IIS
//! - `service`: services
//!
//! A unit is named as everywhere: `AcmeErp.service` is the service `AcmeErp`, and `iis-pool@Shop.service` the
//! application pool `Shop`. A character that such a name does not have is written as `\x20`, as systemd does it.

pub mod guard;
pub mod pool;
pub mod service;

use std::path::Path;
use std::time::{Duration, Instant};

use consign_metadata::name::UnitName;
use jiff::Timestamp;

use super::{HostError, ServiceManager};
use crate::engine::event::EngineState;
use crate::places::Places;
use guard::Guards;
use pool::Pool;
use service::Service;

/// How often something that is on its way is looked at.
const POLL: Duration = Duration::from_millis(100);
/// How long something is asked to stop that does not hear it.
const BUSY: Duration = Duration::from_secs(30);
/// How the name of a unit begins that is an application pool.
pub const POOL: &str = "iis-pool@";

/// The service control manager of this host.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scm;

/// Something that is stopped and started.
trait Engine {
    /// Whether it runs, or is about to; `None` where there is none.
    fn is_active(&self) -> Result<Option<bool>, HostError>;
    /// Whether it is up: not only about to be.
    fn is_up(&self) -> Result<bool, HostError>;
    /// When it is started by itself, as a word that [`Self::set_start`] understands.
    fn start_word(&self) -> Result<String, HostError>;
    /// Whether that is by itself.
    fn is_automatic(&self, word: &str) -> bool;
    /// The words for never and for by itself.
    fn words(&self) -> [&'static str; 2];
    fn set_start(&self, word: &str) -> Result<(), HostError>;
    fn ask_to_start(&self) -> Result<(), HostError>;
    fn ask_to_stop(&self) -> Result<(), HostError>;
    fn describe(&self) -> String;
}

fn engine(unit: &UnitName) -> Box<dyn Engine> {
    let name = unescaped(unit.as_str());
    let name = name.rsplit_once('.').map_or(&*name, |(name, _)| name);
    match name.strip_prefix(POOL) {
        Some(pool) => Box::new(Pool(pool.to_owned())),
        None => Box::new(Service(name.to_owned())),
    }
}

/// The unit that a service is in a plan; `None` for a name that no unit can have.
pub fn unit_of(service: &str) -> Option<UnitName> {
    let escaped = service.chars().fold(String::new(), |mut name, character| {
        match character.is_ascii_alphanumeric() || "-_.:@".contains(character) {
            true => name.push(character),
            false => {
                character.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| name.push_str(&format!(r"\x{byte:02x}")))
            }
        }
        name
    });
    format!("{escaped}.service").parse().ok()
}

/// `\x20` is a space (systemd.unit(5), "String escaping").
pub(crate) fn unescaped(name: &str) -> String {
    let mut parts = name.split(r"\x");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                text.push(char::from(byte));
                text.push_str(&part[2..]);
            }
            None => {
                text.push_str(r"\x");
                text.push_str(part);
            }
        }
    }
    text
}

fn guards() -> Guards {
    Guards::of(&Places::default())
}

fn wait(deadline: Instant, mut is_there: impl FnMut() -> Result<bool, HostError>) -> Result<bool, HostError> {
    loop {
        if is_there()? {
            return Ok(true);
        }
        if Instant::now() >= deadline {
            return Ok(false);
        }
        std::thread::sleep(POLL);
    }
}

/// Asks until it is heard: what is only just starting, or busy, takes no command.
fn ask_to_stop(engine: &dyn Engine, deadline: Instant) -> Result<(), HostError> {
    let mut refused = None;
    let is_heard = wait(deadline, || {
        refused = engine.ask_to_stop().err();
        Ok(refused.is_none() || engine.is_active()? != Some(true))
    })?;
    refused.filter(|_| !is_heard).map_or(Ok(()), Err)
}

impl ServiceManager for Scm {
    fn is_running(&self) -> bool {
        true
    }

    // The service looks every minute by itself.
    fn wake_at(&self, _moment: Timestamp) -> Result<(), HostError> {
        Ok(())
    }

    fn observe(&self, unit: &UnitName) -> Result<Option<EngineState>, HostError> {
        let engine = engine(unit);
        let Some(active) = engine.is_active()? else { return Ok(None) };
        // What a guard has disabled was started as it was before.
        let word = guards().before(unit)?.map_or_else(|| engine.start_word(), Ok)?;
        Ok(Some(EngineState { active, enabled: engine.is_automatic(&word) }))
    }

    fn stop(&self, units: &[UnitName], limit: Duration) -> Result<(), HostError> {
        let deadline = Instant::now() + limit;
        for unit in units {
            let engine = engine(unit);
            if engine.is_active()? != Some(true) {
                continue;
            }
            ask_to_stop(&*engine, deadline.min(Instant::now() + BUSY))?;
            if !wait(deadline, || Ok(engine.is_active()? != Some(true)))? {
                return Err(HostError { action: format!("stop {unit}"), reason: engine.describe() });
            }
        }
        Ok(())
    }

    fn guard(&self, units: &[UnitName], _flag: &Path) -> Result<(), HostError> {
        let guards = guards();
        for unit in units {
            let engine = engine(unit);
            if engine.is_active()?.is_some() {
                guards.guard(unit, &*engine)?;
            }
        }
        Ok(())
    }

    // No package of Windows' keeps a service from starting: the guards stay until the engines may start.
    fn unguard(&self, _units: &[UnitName]) -> Result<bool, HostError> {
        Ok(false)
    }

    fn release(&self, units: &[UnitName]) -> Result<(), HostError> {
        let guards = guards();
        units.iter().try_for_each(|unit| guards.release(unit, &*engine(unit)))
    }

    fn is_guarded(&self, unit: &UnitName) -> Result<bool, HostError> {
        let engine = engine(unit);
        Ok(engine.is_active()?.is_none() || engine.start_word()? == engine.words()[0])
    }

    // It reads what is registered whenever it is asked.
    fn reload(&self) -> Result<(), HostError> {
        Ok(())
    }

    fn start(&self, unit: &UnitName, limit: Duration) -> Result<(), HostError> {
        let deadline = Instant::now() + limit;
        let engine = engine(unit);
        if !engine.is_up()? {
            engine.ask_to_start()?;
        }
        // One that ends while it starts never comes up.
        let settled = wait(deadline, || Ok(engine.is_up()? || engine.is_active()? != Some(true)))?;
        if settled && engine.is_up()? {
            return Ok(());
        }
        Err(HostError { action: format!("start {unit}"), reason: engine.describe() })
    }

    fn enable(&self, unit: &UnitName) -> Result<(), HostError> {
        let engine = engine(unit);
        let [never, automatic] = engine.words();
        if engine.is_active()?.is_some() && engine.start_word()? == never {
            engine.set_start(automatic)?;
        }
        Ok(())
    }

    fn disable(&self, unit: &UnitName) -> Result<(), HostError> {
        let engine = engine(unit);
        if engine.is_active()?.is_none() {
            return Ok(());
        }
        engine.set_start(engine.words()[0])
    }

    fn describe(&self, unit: &UnitName) -> String {
        engine(unit).describe()
    }

    fn is_active(&self, unit: &UnitName) -> Result<bool, HostError> {
        engine(unit).is_up()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_is_written_as_systemd_does_it() {
        assert_eq!(unescaped(r"Acme\x20Erp.service"), "Acme Erp.service");
        assert_eq!(unit_of("Acme Erp").unwrap().as_str(), r"Acme\x20Erp.service");
        assert_eq!(unescaped(r"a\xzz"), r"a\xzz");
    }
}
