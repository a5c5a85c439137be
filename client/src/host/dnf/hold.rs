//! The standing hold: `/var/lib/consignee/holds`, which our plugin of dnf reads. Default deny.
//!
//! dnf has no file in which *every version but these* could be written. The plugin takes the versions that
//! the file does not name out of sight, in memory, each time dnf has read its lists. Unlike apt, dnf lets the
//! plugin see who asks: what nobody but a person may install is in sight where there is a terminal.

use consign_metadata::name::PackageName;

use crate::durable;
use crate::host::{Hold, HostError, Observed, at};
use crate::places::Places;

/// The file, below the agent's state.
pub const FILE: &str = "holds";

const HEADER: &str = "\
# Written by consignee, read by its plugin of dnf: package, the version that is there (- for none), whether
# the cleared versions are for everybody (always) or only where somebody is there (attended), and these.
# Every other version of these packages is held. What is held and why: consignee status
";

/// The text of the file; `None` when nothing is managed.
pub fn text(holds: &[Hold], present: &[(PackageName, Observed)]) -> Option<String> {
    let lines: String = holds.iter().map(|hold| line(hold, present)).collect();
    (!holds.is_empty()).then(|| format!("{HEADER}{lines}"))
}

fn line(hold: &Hold, present: &[(PackageName, Observed)]) -> String {
    let here = present.iter().find(|(name, _)| *name == hold.package).map(|(_, observed)| observed.version.as_str());
    let here = here.filter(|version| is_version(version)).unwrap_or("-");
    let who = if hold.unattended { "always" } else { "attended" };
    let cleared: String = hold.cleared.iter().filter(|version| is_version(version)).map(|v| format!(" {v}")).collect();
    format!("{} {here} {who}{cleared}\n", hold.package)
}

// What rpm allows in a version; anything else could be read as another word or line.
fn is_version(version: &str) -> bool {
    !version.is_empty() && version.bytes().all(|b| b.is_ascii_alphanumeric() || b".+~^_:-".contains(&b))
}

/// Replaces the file, or takes it away.
///
/// # Errors
/// When it cannot be written.
pub fn write(places: &Places, text: &Option<String>) -> Result<(), HostError> {
    let file = places.state().join(FILE);
    let written = match text {
        Some(text) => std::fs::create_dir_all(places.state()).and_then(|()| durable::replace(&file, text.as_bytes())),
        None => durable::remove(&file),
    };
    written.map_err(|cause| at("write", &file, cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(cleared: &[&str], unattended: bool) -> Hold {
        let cleared = cleared.iter().map(|v| (*v).to_owned()).collect();
        Hold { package: "acme-erp".parse().unwrap(), cleared, unattended }
    }

    fn lines(holds: &[Hold], present: &[(PackageName, Observed)]) -> Vec<String> {
        let text = text(holds, present).unwrap();
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    }

    #[test]
    fn the_version_that_is_there_and_the_cleared_ones_are_named() {
        let here = [("acme-erp".parse().unwrap(), Observed { version: "1.0.0-1".to_owned(), configured: true })];
        assert_eq!(lines(&[hold(&["1.1.0-1.el9"], true)], &here), ["acme-erp 1.0.0-1 always 1.1.0-1.el9"]);
        assert_eq!(lines(&[hold(&[], false)], &[]), ["acme-erp - attended"]);
    }

    #[test]
    fn a_version_that_is_more_than_one_word_is_never_cleared() {
        assert_eq!(lines(&[hold(&["1 2", "1\nacme-erp - always 9-1", ""], true)], &[]), ["acme-erp - always"]);
    }

    #[test]
    fn the_file_goes_with_the_last_hold() {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        write(&places, &text(&[hold(&[], true)], &[])).unwrap();
        assert!(places.state().join(FILE).exists());
        write(&places, &text(&[], &[])).unwrap();
        assert!(!places.state().join(FILE).exists());
        write(&places, &None).unwrap();
    }
}
