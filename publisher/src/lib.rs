//! Builds signed packages with their upgrade plan and publishes signed repositories.

pub mod build;
pub mod cli;
pub mod feed;
pub mod file;
pub mod hooks;
pub mod manifest;
pub mod mirror;
pub mod package;
pub mod publish;
pub mod repository;
pub mod sign;
pub mod stage;
pub mod store;
pub mod template;
pub mod trust;
pub mod verify;
pub mod wrap;
