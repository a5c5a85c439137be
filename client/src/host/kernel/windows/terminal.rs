//! The console, if there is one.

use std::io;

use consignee_win32::console;

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
