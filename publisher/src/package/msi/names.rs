//! Names of files and folders as Windows holds them, and the short ones that a database wants beside.

use std::collections::BTreeSet;

use consign_metadata::digest::Sha256;

/// Devices, whatever follows a dot.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
/// Numbered devices; superscripts count as their digits.
const NUMBERED: [&str; 2] = ["COM", "LPT"];
const DIGITS: &str = "0123456789¹²³";
/// A path with everything before it, without the NUL.
const MAXIMUM_PATH: usize = 259;
const MAXIMUM_NAME: usize = 255;

/// Why Windows cannot hold a name; `None` when it can.
pub fn problem(name: &str) -> Option<&'static str> {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    let numbered =
        |device: &str| stem.strip_prefix(device).is_some_and(|rest| rest.chars().count() == 1 && DIGITS.contains(rest));
    if name.is_empty() {
        Some("it is empty")
    } else if name.contains(|c: char| c.is_control() || "<>:\"/\\|?*".contains(c)) {
        Some("it has one of < > : \" / \\ | ? * or a control character")
    } else if name.ends_with(['.', ' ']) {
        Some("Windows drops a dot or a blank at the end of a name")
    } else if name.starts_with(' ') {
        Some("Windows Installer drops a blank at the start of a name")
    } else if DEVICES.contains(&stem.as_str()) || NUMBERED.iter().any(|device| numbered(device)) {
        Some("it is the name of a device")
    } else if name.encode_utf16().count() > MAXIMUM_NAME {
        Some("it has more than 255 characters")
    } else {
        None
    }
}

/// Whether a whole path is longer than most programs on Windows can open.
pub fn is_too_long(path: &str) -> bool {
    path.encode_utf16().count() > MAXIMUM_PATH
}

/// How Windows compares names.
pub fn folded(name: &str) -> String {
    name.to_lowercase()
}

/// The short names of one folder.
#[derive(Debug, Default)]
pub struct ShortNames(BTreeSet<String>);

impl ShortNames {
    /// As a database has a name: alone where it is short, else `SHORT~1.EXT|long name.ext`.
    pub fn of(&mut self, name: &str) -> String {
        if is_short(name) && self.0.insert(name.to_uppercase()) {
            return name.to_owned();
        }
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        let clean = |text: &str, most: usize| -> String {
            text.chars().filter(char::is_ascii_alphanumeric).take(most).collect::<String>().to_uppercase()
        };
        // A part of the digest, so that a short name does not depend on its neighbours.
        let digest = Sha256::of(folded(name).as_bytes()).to_string().to_uppercase();
        let extension = clean(extension, 3);
        let dot = if extension.is_empty() { "" } else { "." };
        let candidates = (1..10).map(|n| format!("{}{}~{n}{dot}{extension}", clean(stem, 2), &digest[..4]));
        let more = (0..60).map(|at| format!("{}~1{dot}{extension}", &digest[at..at + 6]));
        let short = candidates.chain(more).find(|short| self.0.insert(short.clone()));
        format!("{}|{name}", short.unwrap_or_default())
    }
}

/// Eight characters, a dot and three, all of them plain.
fn is_short(name: &str) -> bool {
    let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-$~!#%&{}()@'`^".contains(&b));
    (1..=8).contains(&stem.len())
        && extension.len() <= 3
        && (name.contains('.') != extension.is_empty())
        && plain(stem)
        && plain(extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_windows_cannot_hold_are_told() {
        for bad in ["con", "NUL.txt", "com1.log", "LPT².x", "a.", "a ", " a", "a:b", "a|b", "x\u{7}", "", "aux .c"] {
            assert!(problem(bad).is_some(), "{bad:?}");
        }
        for good in ["console", "com10", ".config", "a b.txt", "COM", "naïve.txt", "lpt.x1"] {
            assert_eq!(problem(good), None, "{good:?}");
        }
        assert!(problem(&"a".repeat(256)).is_some() && problem(&"a".repeat(255)).is_none());
    }

    #[test]
    fn short_names_of_a_folder_differ_and_do_not_depend_on_the_neighbours() {
        let mut names = ShortNames::default();
        assert_eq!(names.of("erp.exe"), "erp.exe");
        let first = names.of("configuration.toml");
        let second = names.of("configuration.json");
        assert!(first.ends_with("|configuration.toml") && first != second);
        let (short, _) = first.split_once('|').unwrap();
        assert!(is_short(short), "{short}");
        assert_eq!(ShortNames::default().of("configuration.toml"), first);
        let long = (0..200).map(|n| names.of(&format!("module number {n}.dll"))).collect::<Vec<_>>();
        let shorts: BTreeSet<_> = long.iter().map(|name| name.split('|').next().unwrap()).collect();
        assert_eq!(shorts.len(), 200);
        for odd in ["a.b.c", "a.", ".a", "longer-than-8", "ö"] {
            assert!(!is_short(odd), "{odd}");
        }
    }
}
