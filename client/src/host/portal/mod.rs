//! Whether the page in the browser is on, and on which port: switched by the service manager of the host.

#[cfg(windows)]
mod flag;
#[cfg(unix)]
mod units;

#[cfg(windows)]
pub use flag::{inherited, port, switch_off, switch_on};
#[cfg(unix)]
pub use units::{inherited, port, switch_off, switch_on};
