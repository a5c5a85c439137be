//! Who types: the account that asks, and the name of the person behind it.

use super::complaint::Complaint;
use crate::engine::event::Person;
use crate::host::kernel::process;

pub use crate::host::kernel::terminal::is_there;

/// The person at this process, for the journal.
pub fn here() -> Person {
    Person { uid: process::user(), name: process::person() }
}

/// Only root may change anything.
///
/// # Errors
/// [`Complaint::NotRoot`]
pub fn must_be_root() -> Result<(), Complaint> {
    if process::is_privileged() { Ok(()) } else { Err(Complaint::NotRoot) }
}
