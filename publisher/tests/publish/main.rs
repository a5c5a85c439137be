//! Publishing, seen from both ends: the command that a pipeline runs, and the clients that read.

mod apt;
#[allow(dead_code, reason = "the release tests use all of it")]
#[path = "../release/msi/authority.rs"]
mod authority;
mod clients;
#[path = "../dice/mod.rs"]
mod dice;
mod dnf;
mod formats;
mod full;
mod introduction;
mod killed;
#[path = "../lintian/mod.rs"]
mod lintian;
mod mirror;
mod nginx;
mod project;
mod refusals;
mod republished;
mod rpm_refusals;
#[path = "../rpmlint/mod.rs"]
mod rpmlint;
mod rpms;
mod shape;
mod sweep;
mod verified;
mod web;
mod windows;
mod windows_hosts;
mod yum;
mod yum_generations;
mod yum_readers;
mod yum_refusals;
