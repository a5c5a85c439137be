//! From a manifest to a signed package, judged by the tools that customers' hosts use.

mod add_ons;
mod checkers;
mod checks;
mod command;
mod conffiles;
mod configuration;
mod dnf;
mod documented;
mod inputs;
mod keys;
#[path = "../lintian/mod.rs"]
mod lintian;
mod loose_ends;
mod manifest;
mod msi;
mod package;
#[path = "../packagers/mod.rs"]
mod packagers;
mod programs;
mod prompt;
mod renamed;
mod reproducible;
mod rpm;
#[path = "../rpmlint/mod.rs"]
mod rpmlint;
mod sample;
mod schema;
mod scripts;
mod streaming;
mod wrap;
mod wrap_rpm;
