//! From a manifest to a signed package, judged by the tools that customers' hosts use.

mod checkers;
mod command;
mod keys;
mod manifest;
mod package;
mod reproducible;
mod sample;
mod streaming;
