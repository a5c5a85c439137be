//! What `unattended-upgrades` leaves alone: `/etc/apt/apt.conf.d/52consignee`.
//!
//! The standing hold cannot tell who asks: apt reads it before any hook. So what the site lets nobody but
//! a person install stays installable, and is named in the list of packages that unattended-upgrades does
//! not touch. Everything else is upgraded as usual. Whatever else runs apt with nobody there is refused
//! by the barrier. `docs/holds.md` has the measurements.

use consign_metadata::name::PackageName;

use super::hold;
use crate::host::{Hold, HostError};
use crate::places::Places;

/// Sorts behind `50unattended-upgrades`, whose list it adds to.
pub const FILE: &str = "/etc/apt/apt.conf.d/52consignee";

const HEADER: &str = "\
// Written by consignee: what the site's files let be installed only when somebody is there.
// See /etc/consign/ and: consignee status
";

/// The text of the file; `None` when nothing is kept from unattended runs.
pub fn text(holds: &[Hold]) -> Option<String> {
    let kept: Vec<String> = holds.iter().filter(|hold| !hold.unattended).map(|hold| pattern(&hold.package)).collect();
    let lines: String = kept.iter().map(|pattern| format!("  \"{pattern}\";\n")).collect();
    (!kept.is_empty()).then(|| format!("{HEADER}Unattended-Upgrade::Package-Blacklist {{\n{lines}}};\n"))
}

// A regular expression of Python that is matched at the beginning of a name.
fn pattern(package: &PackageName) -> String {
    let escaped = package.as_str().replace('.', "[.]").replace('+', "[+]");
    format!("^{escaped}$")
}

/// Replaces the file, or takes it away.
///
/// # Errors
/// When it cannot be written.
pub fn write(places: &Places, text: &Option<String>) -> Result<(), HostError> {
    hold::replace(&places.at(FILE), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_pattern_for_others() {
        let hold = |name: &str, unattended| Hold { package: name.parse().unwrap(), cleared: Vec::new(), unattended };
        let text = text(&[hold("acme-c++1.2", false), hold("acme-erp", true)]).unwrap();
        assert!(text.contains("\n  \"^acme-c[+][+]1[.]2$\";\n") && !text.contains("erp"), "{text}");
        assert_eq!(super::text(&[hold("acme-erp", true)]), None);
    }
}
