//! Packages that dpkg was cut off in while it unpacked them: `half-installed` and `reinst-required` (dpkg(1)).
//!
//! apt then wants the archive of the version that dpkg names, the one that was being replaced, and stops where no list
//! offers that, whatever it was told to install: "needs to be reinstalled, but I can't find an archive for it"
//! (`pkgApplyStatus`, apt 2.6 and 3.0). Lists that a power cut took are enough for that, and so is a repository that has
//! only the newest version. dpkg asks for nothing: any version that is unpacked ends it.

use std::path::PathBuf;

use consign_metadata::name::PackageName;

use super::transaction::unattended;
use crate::host::command::HostCommand;
use crate::host::{HostError, transaction};
use crate::places::Places;

const FORMAT: &str = "${db:Status-Eflag}\\t${Package}\\n";

/// The packages that have to be installed again.
///
/// # Errors
/// When dpkg cannot be asked.
pub fn of(places: &Places) -> Result<Vec<PackageName>, HostError> {
    let query = HostCommand::new("dpkg-query")
        .arg(format!("--admindir={}", places.at("/var/lib/dpkg").display()))
        .args(["--show", "--showformat", FORMAT]);
    let answer = query.output()?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.lines().filter_map(|line| line.strip_prefix("reinstreq\t")?.parse().ok()).collect())
}

/// Unpacks archives and configures nothing: that is left to apt, which brings what they depend on.
///
/// # Errors
/// With the end of what dpkg said.
pub fn unpack(places: &Places, archives: &[PathBuf]) -> Result<(), HostError> {
    let files = archives.iter().map(|archive| archive.display().to_string());
    let command = HostCommand::new("dpkg").args(["--auto-deconfigure", "--unpack", "--"]).args(files);
    transaction::run(places, unattended(command), &[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dpkg_was_cut_off_in_is_named_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        let folder = places.at("/var/lib/dpkg");
        fs_err::create_dir_all(folder.join("info")).unwrap();
        fs_err::create_dir_all(folder.join("updates")).unwrap();
        let package = |name: &str, status: &str| {
            format!(
                "Package: {name}\nStatus: {status}\nArchitecture: all\nVersion: 1\nMaintainer: x <x@x>\nDescription: x\n\n"
            )
        };
        let text = package("cut", "install reinstreq half-installed") + &package("whole", "install ok installed");
        fs_err::write(folder.join("status"), text).unwrap();
        assert_eq!(of(&places), Ok(vec!["cut".parse().unwrap()]));
    }
}
