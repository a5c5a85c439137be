//! The terminal, if there is one.

use std::io;

/// Whether somebody is there: the process has a controlling terminal. A login without one (`ssh host
/// apt-get …`, a job of cron, a timer) counts as nobody, since nobody sees what is said.
pub fn is_there() -> bool {
    std::fs::File::open("/dev/tty").is_ok()
}

/// What writes to every terminal, and what stands before the words.
pub const TO_ALL: (&str, &str) = ("wall", "--");

/// How many characters a line has on stdout.
pub fn stdout_width() -> Option<usize> {
    rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col))
}

/// How many characters a line has on stderr.
pub fn stderr_width() -> Option<usize> {
    rustix::termios::tcgetwinsize(io::stderr()).ok().map(|size| usize::from(size.ws_col))
}
