//! Windows.

pub mod accounts;
pub mod commands;
pub mod files;
pub mod folders;
pub mod open_files;
pub mod process;
pub mod socket;
pub mod terminal;
pub mod usable;
