//! What stands in front of rpm on a host: the program that a person types to upgrade it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::places::Places;

const DNF4: &str = "/usr/bin/dnf-3";
const DNF: &str = "/usr/bin/dnf";
const DNF5: &str = "/usr/bin/dnf5";
const ZYPPER: &str = "/usr/bin/zypper";
/// Its repositories.
const OF_ZYPPER: &str = "/etc/zypp/repos.d";

/// The package manager above rpm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Front {
    /// dnf 4, which is Python.
    Dnf4,
    /// dnf 5.
    Dnf5,
    /// zypper.
    Zypper,
    /// rpm alone.
    None,
}

/// What is installed here. openSUSE offers every dnf beside the zypper that its people type, and Fedora zypper
/// beside dnf: a zypper that knows no repository but those of vendors, which lay one down everywhere, is nobody's.
pub fn of(places: &Places) -> Front {
    let is_there = |program: &str| places.at(program).is_file();
    let zypper = is_there(ZYPPER);
    if zypper && has_repositories(places) {
        Front::Zypper
    } else if is_there(DNF5) {
        Front::Dnf5
    } else if is_there(DNF4) || is_of_python(places, DNF) {
        Front::Dnf4
    } else if zypper {
        Front::Zypper
    } else {
        Front::None
    }
}

fn has_repositories(places: &Places) -> bool {
    let names = |folder: &Path| -> Vec<String> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    };
    let vendors = names(&places.anchors());
    let is_a_vendors = |file: &str| vendors.iter().any(|vendor| file.starts_with(&format!("{vendor}-")));
    names(&places.at(OF_ZYPPER)).iter().any(|file| file.ends_with(".repo") && !is_a_vendors(file))
}

fn is_of_python(places: &Places, program: &str) -> bool {
    let mut start = Vec::new();
    let read = File::open(places.at(program)).and_then(|file| file.take(256).read_to_end(&mut start));
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    read.is_ok() && line.starts_with(b"#!") && line.windows(6).any(|word| word == b"python")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(programs: &[(&str, &str)]) -> Front {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        fs_err::create_dir_all(places.at("/usr/bin")).unwrap();
        fs_err::create_dir_all(places.at(OF_ZYPPER)).unwrap();
        fs_err::create_dir_all(places.anchors().join("acme")).unwrap();
        for (program, text) in programs {
            fs_err::write(places.at(program), text).unwrap();
        }
        of(&places)
    }

    #[test]
    fn the_program_that_people_type_is_found() {
        let python = "#!/usr/bin/python3\nimport sys\n";
        assert_eq!(with(&[(DNF, python)]), Front::Dnf4);
        assert_eq!(with(&[(DNF4, python)]), Front::Dnf4);
        assert_eq!(with(&[(DNF5, "\u{7f}ELF"), (DNF, "\u{7f}ELF")]), Front::Dnf5);
        assert_eq!(with(&[(DNF, "\u{7f}ELF")]), Front::None);
        let oss = ("/etc/zypp/repos.d/oss.repo", "");
        assert_eq!(with(&[oss, (ZYPPER, ""), (DNF5, ""), (DNF4, python)]), Front::Zypper);
        let of_vendor = ("/etc/zypp/repos.d/acme-stable.repo", "");
        assert_eq!(with(&[of_vendor, (ZYPPER, ""), (DNF5, "")]), Front::Dnf5);
        assert_eq!(with(&[(ZYPPER, "")]), Front::Zypper);
        assert_eq!(with(&[oss]), Front::None);
        assert_eq!(with(&[]), Front::None);
    }
}
