//! A vendor and a host for tests: real signatures, real journals, a package manager and a service
//! manager that are only pretended.

pub mod clock;
pub mod host;
pub mod vendor;
