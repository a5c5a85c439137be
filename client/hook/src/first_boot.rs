//! What is left behind where systemd is not running (a chroot, an image build): the flag that keeps the
//! engines from starting, and a note that the finish waits for the first boot.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::host::Host;

/// Leaves both, durably.
///
/// # Errors
/// When they cannot be written or synced.
pub fn defer(host: &Host, product: &str) -> io::Result<()> {
    let folder = host.state().join(product);
    fs::create_dir_all(&folder)?;
    for name in ["unfinished", "deferred"] {
        File::options().create(true).append(true).open(folder.join(name))?.sync_all()?;
    }
    for parent in folder.ancestors().take(3) {
        sync(parent)?;
    }
    Ok(())
}

/// Whether the engines of the product are kept from starting.
pub fn is_flagged(host: &Host, product: &str) -> bool {
    host.state().join(product).join("unfinished").exists()
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
