//! A disk that can lose what was not synced to it.
//!
//! ext4 on a loop device. `EXT4_IOC_SHUTDOWN` stops the file system at one instant without
//! flushing its log, so mounting it again replays only what had reached the device: a file
//! written without fsync comes back empty, one with fsync whole. As strong as killing a virtual
//! machine for data in the page cache; it does not imitate a lying cache or torn sectors.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Doing, Result};
use crate::mounts;
use crate::outcome::tool;

/// `_IOR('X', 125, __u32)` with `EXT4_GOING_FLAGS_NOLOGFLUSH`. Through perl, which every Debian
/// has: the call has no safe wrapper, and this workspace has no unsafe code.
const SHUT_DOWN: &str = r#"
    open(my $disk, "<", $ARGV[0]) or die "open: $!\n";
    ioctl($disk, 0x8004587d, my $flags = pack("I", 2)) or die "ioctl: $!\n";
"#;

const DETACHED: Duration = Duration::from_secs(5);

/// The disk of one host.
#[derive(Debug)]
pub(crate) struct Disk {
    image: PathBuf,
    folder: PathBuf,
}

impl Disk {
    /// Makes and mounts it in the folder of its host.
    pub(crate) fn create(host: &Path) -> Result<Disk> {
        let disk = Disk { image: host.join("disk.img"), folder: host.join("disk") };
        let image = fs_err::File::create(&disk.image).doing("make a disk")?;
        image.set_len(2 << 30).doing("make a disk")?;
        fs_err::create_dir(&disk.folder).doing("make a disk")?;
        let lazy = "lazy_itable_init=1,lazy_journal_init=1";
        tool("format a disk", &["/sbin/mkfs.ext4", "-q", "-F", "-E", lazy, &disk.image.to_string_lossy()])?;
        disk.mount()?;
        Ok(disk)
    }

    /// Where it is mounted.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A long commit interval: what is not synced stays unsynced for as long as a test takes.
    fn mount(&self) -> Result<()> {
        let (image, folder) = (self.image.to_string_lossy(), self.folder.to_string_lossy());
        tool("mount a disk", &["mount", "-o", "loop,commit=300", &image, &folder]).map(drop)
    }

    /// Everything written so far reaches the device.
    pub(crate) fn sync(&self) -> Result<()> {
        tool("sync a disk", &["sync", "-f", &self.folder.to_string_lossy()]).map(drop)
    }

    /// From this instant nothing reaches the device any more.
    pub(crate) fn shut_down(&self) -> Result<()> {
        tool("stop a disk", &["perl", "-e", SHUT_DOWN, &self.folder.to_string_lossy()]).map(drop)
    }

    /// A host of another lab on this machine was booted while this disk was mounted, and has it mounted as long as it
    /// lives. What had reached the device is in the file.
    fn take_a_copy(&self) -> Result<()> {
        let old = self.image.with_extension("old");
        fs_err::rename(&self.image, &old).doing("copy a disk")?;
        let (from, to) = (old.to_string_lossy(), self.image.to_string_lossy());
        tool("copy a disk", &["cp", "--sparse=always", &from, &to])?;
        fs_err::remove_file(&old).doing("copy a disk")
    }

    /// Mounts it again after the host is gone: the kernel replays the file system's log.
    pub(crate) fn replay(&self) -> Result<()> {
        mounts::clear(&self.folder)?;
        if mounts::wait_detached(&self.image, DETACHED).is_err() {
            self.take_a_copy()?;
        }
        self.mount()
    }
}
