//! Publishing, seen from both ends: the command that a pipeline runs, and the clients that read.

mod apt;
mod clients;
mod full;
mod introduction;
mod killed;
#[path = "../lintian/mod.rs"]
mod lintian;
mod project;
mod refusals;
mod republished;
mod shape;
mod verified;
mod web;
