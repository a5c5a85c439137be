//! The standing hold: `/etc/apt/preferences.d/00consignee`. Default deny.
//!
//! Every version of a managed package is pinned to −1, except the one that is there and those that
//! were cleared. Of several records for one package apt takes the first that fits a version, in order of
//! file names: the file's own name sorts before a vendor's, and the exceptions come before the rule.
//! `docs/holds.md` has the measurements.

use std::path::Path;

use consign_metadata::name::PackageName;

use crate::durable;
use crate::host::{Hold, HostError, Observed, at};
use crate::places::Places;

/// Name of the file. Digits sort before the first letter of every vendor's name.
pub const FILE: &str = "00consignee";
const FOLDER: &str = "/etc/apt/preferences.d";

const HEADER: &str = "\
# Written by consignee, which replaces it whenever the package lists were updated.
# What is held and why: consignee status
";

/// The text of the file; `None` when nothing is managed.
pub fn text(holds: &[Hold], present: &[(PackageName, Observed)]) -> Option<String> {
    if holds.is_empty() {
        return None;
    }
    let mut text = HEADER.to_owned();
    for hold in holds {
        let here = present.iter().filter(|(name, _)| *name == hold.package).map(|(_, observed)| &observed.version);
        // That it stays installable keeps "already the newest version" an answer, not an error.
        let mut allowed: Vec<&String> = here.chain(&hold.cleared).filter(|version| is_version(version)).collect();
        allowed.dedup();
        for version in allowed {
            text += &record(&hold.package, version, "500");
        }
        text += &record(&hold.package, "*", "-1");
    }
    Some(text)
}

// `Explanation` is apt_preferences(5)'s own; somebody who finds the record need not find the file's head.
fn record(package: &PackageName, version: &str, priority: &str) -> String {
    let why = match version {
        "*" => "every other version is held by consignee; why: consignee status",
        _ => "installed, or cleared by consignee",
    };
    format!("\nExplanation: {why}\nPackage: {package}\nPin: version {version}\nPin-Priority: {priority}\n")
}

// Debian Policy 5.6.12; anything else could be read as a pattern or as another line.
fn is_version(version: &str) -> bool {
    !version.is_empty() && version.bytes().all(|b| b.is_ascii_alphanumeric() || b".+~:-".contains(&b))
}

/// Replaces the file, or takes it away.
///
/// # Errors
/// When it cannot be written.
pub fn write(places: &Places, text: &Option<String>) -> Result<(), HostError> {
    // `00consignee.new` beside it is read by no apt; the file itself by every user's.
    replace(&places.at(FOLDER).join(FILE), text)
}

/// Brings a file of apt's configuration to this text, or takes it away.
///
/// # Errors
/// When it cannot be written.
pub(super) fn replace(file: &Path, text: &Option<String>) -> Result<(), HostError> {
    let there = match std::fs::read_to_string(file) {
        Ok(there) => Some(there),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(at("read", file, error)),
    };
    if there == *text {
        return Ok(());
    }
    let written = match text {
        Some(text) => std::fs::create_dir_all(file.parent().unwrap_or(file))
            .and_then(|()| durable::replace(file, text.as_bytes())),
        None => durable::remove(file),
    };
    written.map_err(|cause| at("write", file, cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(cleared: &[&str]) -> Hold {
        Hold {
            package: "acme-erp".parse().unwrap(),
            cleared: cleared.iter().map(|v| (*v).to_owned()).collect(),
            unattended: true,
        }
    }

    fn here(version: &str) -> Vec<(PackageName, Observed)> {
        vec![("acme-erp".parse().unwrap(), Observed { version: version.to_owned(), configured: true })]
    }

    #[test]
    fn the_exceptions_come_before_the_rule() {
        let text = text(&[hold(&["1.1.0-1"])], &here("1.0.0-1")).unwrap();
        let pins: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("Pin: version ")).collect();
        assert_eq!(pins, ["1.0.0-1", "1.1.0-1", "*"]);
        let priorities: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("Pin-Priority: ")).collect();
        assert_eq!(priorities, ["500", "500", "-1"]);
        assert_eq!(text.matches("\nExplanation: ").count(), 3, "each record says whose it is: {text}");
    }

    #[test]
    fn a_version_that_is_a_pattern_is_never_cleared() {
        let text = text(&[hold(&["*", "1.1.0-1\nPackage: *", ""])], &[]).unwrap();
        assert_eq!(text.matches("Pin: version").count(), 1);
        assert!(text.ends_with("Pin: version *\nPin-Priority: -1\n"));
    }

    #[test]
    fn the_file_is_replaced_whole_and_goes_with_the_last_hold() {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        let read = || std::fs::read_to_string(places.at(FOLDER).join(FILE)).ok();
        write(&places, &text(&[hold(&[])], &[])).unwrap();
        assert!(read().unwrap().contains("Package: acme-erp"));
        write(&places, &text(&[], &[])).unwrap();
        assert_eq!(read(), None);
        assert_eq!(std::fs::read_dir(places.at(FOLDER)).unwrap().count(), 0);
        write(&places, &None).unwrap();
    }
}
