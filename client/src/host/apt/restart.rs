//! Whether packages wait for a reboot: what their scripts have noted in `/run` (Debian policy knows no word for
//! it; `unattended-upgrades`, kernels and libc6 write it, and needrestart reads it).

use std::io::ErrorKind;

use crate::host::{HostError, at};
use crate::places::Places;

const REQUIRED: &str = "/run/reboot-required";
/// The packages, one a line, each as often as it was changed.
const PACKAGES: &str = "/run/reboot-required.pkgs";

/// The packages that wait, where they are named; `None` where none does.
///
/// # Errors
/// When it cannot be told.
pub fn pending(places: &Places) -> Result<Option<Vec<String>>, HostError> {
    let file = places.at(REQUIRED);
    match std::fs::symlink_metadata(&file) {
        Ok(_) => {}
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(at("look at", &file, cause)),
    }
    // Without it nobody knows for which.
    let text = std::fs::read_to_string(places.at(PACKAGES)).unwrap_or_default();
    let mut names: Vec<String> =
        text.lines().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    Ok(Some(names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packages_that_wait_are_named_once() {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        assert_eq!(pending(&places), Ok(None));
        std::fs::create_dir(places.at("/run")).unwrap();
        std::fs::write(places.at(REQUIRED), "*** System restart required ***\n").unwrap();
        assert_eq!(pending(&places), Ok(Some(Vec::new())));
        std::fs::write(places.at(PACKAGES), "linux-image-6.12\nlibc6\nlinux-image-6.12\n").unwrap();
        assert_eq!(pending(&places), Ok(Some(vec!["libc6".to_owned(), "linux-image-6.12".to_owned()])));
    }

    #[test]
    fn what_cannot_be_looked_at_is_not_what_is_not_there() {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        std::fs::write(places.at("/run"), "a file").unwrap();
        assert!(pending(&places).is_err());
    }
}
