//! The Event Log, as the source `Consignee` of the log `Application`. The sentences are in the agent's program.

use consignee_win32::event_log;

use crate::host::event_log::Level;

/// Whether there is one.
pub const IS_THERE: bool = true;

const SOURCE: &str = "Consignee";

/// Says where the sentences are. Nobody's upgrade fails for want of it.
pub fn register() {
    let program = std::env::current_exe();
    if let Err(problem) = program.and_then(|program| event_log::register(SOURCE, &program)) {
        log::warn!("cannot register the source of the Event Log: {problem}");
    }
}

/// Adds an entry.
pub fn write(number: u32, level: Level, parameters: &[String]) {
    let level = match level {
        Level::Error => event_log::Level::Error,
        Level::Warning => event_log::Level::Warning,
        Level::Information => event_log::Level::Information,
    };
    if let Err(problem) = event_log::report(SOURCE, number, level, parameters) {
        log::warn!("cannot write to the Event Log: {problem}");
    }
}
