//! Windows.

pub mod accounts;
pub mod commands;
pub mod event_log;
pub mod files;
pub mod folders;
pub mod open_files;
pub mod process;
pub mod shell;
pub mod socket;
pub mod terminal;
pub mod usable;
