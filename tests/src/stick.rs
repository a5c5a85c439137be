//! A file system of its own that is pulled out while somebody writes to it: a stick, or the disk of a machine that is
//! not a host. What was not synced to it is lost.

use std::path::{Path, PathBuf};

use crate::disk::Disk;
use crate::error::Result;
use crate::folder;

/// A stick, plugged in.
#[derive(Debug)]
pub struct Stick {
    id: String,
    path: PathBuf,
    disk: Disk,
}

impl Stick {
    /// An empty one.
    pub fn new(name: &str) -> Result<Stick> {
        crate::sweep::sweep();
        let (id, path) = folder::claim(name)?;
        let disk = Disk::create(&path)?;
        Ok(Stick { id, path, disk })
    }

    /// Where it is mounted.
    pub fn folder(&self) -> &Path {
        self.disk.folder()
    }

    /// Everything that was written is on it.
    pub fn sync(&self) -> Result<()> {
        self.disk.sync()
    }

    /// From this instant on nothing reaches it any more; who writes to it hears of that.
    pub fn pull(&self) -> Result<()> {
        self.disk.shut_down()
    }

    /// Plugs it in again; nobody has files of it open any more.
    pub fn plug(&self) -> Result<()> {
        self.disk.replay()
    }
}

impl Drop for Stick {
    fn drop(&mut self) {
        // What stays is swept later.
        let removed = folder::remove(&self.id, &self.path);
        if !std::thread::panicking() {
            removed.expect("a stick can be removed");
        }
    }
}
