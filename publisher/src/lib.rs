//! Builds signed packages with their upgrade plan and publishes signed repositories.

pub mod build;
pub mod cli;
pub mod file;
pub mod hooks;
pub mod manifest;
pub mod package;
pub mod repository;
pub mod sign;
pub mod stage;
pub mod store;
pub mod template;
pub mod publish;
