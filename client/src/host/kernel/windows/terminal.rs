//! The console, if there is one.

use std::io;

use consignee_win32::console;

/// What writes to every session, and what stands before the words. Windows Home does not have it.
pub const TO_ALL: (&str, &str) = ("msg", "*");

/// Whether somebody is there: the process has a console.
pub fn is_there() -> bool {
    console::is_there()
}

/// How many characters a line has on stdout.
pub fn stdout_width() -> Option<usize> {
    console::width(io::stdout())
}

/// How many characters a line has on stderr.
pub fn stderr_width() -> Option<usize> {
    console::width(io::stderr())
}
