//! The keys of a vendor through the years: made, imported, extended, replaced, refused.

#[allow(dead_code, reason = "the suite of publishing uses all of it")]
#[path = "../publish/apt.rs"]
mod apt;
mod gpg;
mod import;
#[allow(dead_code, reason = "the suite of publishing uses all of it")]
#[path = "../publish/project.rs"]
mod project;
mod refusals;
mod rotation;
