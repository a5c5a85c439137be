//! What the operating system itself answers and does, whatever packages and services there are on it: who may write
//! a file, how much room there is, whose process this is, the socket of the agent.
//!
//! - `accounts`: users
//! - `files`: owners, modes and room
//! - `folders`: where the agent's things are
//! - `process`: this one and others
//! - `commands`: starting a command and ending it with all that it started
//! - `event_log`: the log that administrators look at, beside the agent's own
//! - `open_files`: who has them open
//! - `shell`: what a person types at it
//! - `socket`: both ends of the agent's socket
//! - `terminal`: who is there
//! - `usable`: folders that take a file
//!
//! Both systems have the same words; nothing else asks which one it is.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::{accounts, commands, event_log, files, folders, open_files, process, shell, socket, terminal, usable};
#[cfg(windows)]
pub use windows::{
    accounts, commands, event_log, files, folders, open_files, process, shell, socket, terminal, usable,
};
