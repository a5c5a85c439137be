//! A vendor and a host for tests: real signatures, real journals, a package manager and a service
//! manager that are only pretended.

pub mod clock;
pub mod host;
pub mod vendor;

/// A folder of a test's own: in memory where there is such a place, for tests that sync thousands of times.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}
