//! Builds signed packages with their upgrade plan and publishes signed repositories.

pub mod sign;
