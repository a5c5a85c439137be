//! From a manifest to a signed package, judged by the tools that customers' hosts use.

mod checkers;
mod command;
mod dnf;
mod documented;
mod keys;
#[path = "../lintian/mod.rs"]
mod lintian;
mod manifest;
mod package;
mod reproducible;
mod sample;
mod scripts;
mod streaming;
