//! Publishing, seen from both ends: the command that a pipeline runs, and the clients that read.

mod apt;
mod clients;
mod introduction;
mod killed;
mod project;
mod refusals;
mod republished;
mod verified;
mod web;
