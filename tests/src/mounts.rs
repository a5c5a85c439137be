//! What is mounted on this machine, and taking it away again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Doing, LabError, Result};
use crate::outcome::tool;
use crate::wait::until;

/// Mount points in or at a folder, in the order they were mounted.
pub(crate) fn under(folder: &Path) -> Result<Vec<PathBuf>> {
    let table = fs_err::read_to_string("/proc/self/mountinfo").doing("read the mount table")?;
    let points = table.lines().filter_map(|line| line.split(' ').nth(4)).map(PathBuf::from);
    Ok(points.filter(|point| point.starts_with(folder)).collect())
}

/// Takes away everything mounted in a folder, last mounted first.
pub(crate) fn clear(folder: &Path) -> Result<()> {
    for point in under(folder)?.iter().rev() {
        // Lazy: a reader of this machine may still stand in it, the host itself is gone.
        tool("unmount", &["umount", "-l", &point.to_string_lossy()])?;
    }
    let left = under(folder)?;
    if left.is_empty() {
        return Ok(());
    }
    Err(LabError::Late { what: format!("{} unmounted", folder.display()), seconds: 0, detail: format!(": {left:?}") })
}

/// Mounts an overlay: what is written lands in `upper`.
pub(crate) fn overlay(lower: &Path, layer: &Path, at: &Path) -> Result<()> {
    for folder in [&layer.join("upper"), &layer.join("work"), &at.to_owned()] {
        fs_err::create_dir_all(folder).doing("prepare an overlay")?;
    }
    let options =
        format!("lowerdir={},upperdir={layer}/upper,workdir={layer}/work", lower.display(), layer = layer.display(),);
    tool("mount an overlay", &["mount", "-t", "overlay", "overlay", "-o", &options, &at.to_string_lossy()])?;
    Ok(())
}

/// Waits until no loop device stands on this image: mounting it again before that would give the
/// old file system back instead of reading the disk.
pub(crate) fn wait_detached(image: &Path, within: Duration) -> Result<()> {
    until(&format!("{} detached", image.display()), within, || {
        let devices = std::fs::read_dir("/sys/block").ok()?;
        let busy = devices.flatten().any(|device| {
            let backing = device.path().join("loop/backing_file");
            std::fs::read_to_string(backing).is_ok_and(|path| Path::new(path.trim_end()) == image)
        });
        (!busy).then_some(())
    })
}
