//! Where the agent's things are.
//!
//! | elsewhere | here |
//! |---|---|
//! | `/usr/share/consignee` (anchors, plans, notes) | `%ProgramFiles%\Consignee` |
//! | `/etc/consign` | `%ProgramData%\Consign` |
//! | `/var/lib/consignee` | `%ProgramData%\Consignee` |
//! | `/run/consignee/agent.sock` | the pipe `\\.\pipe\consignee` |
//!
//! A path that a plan names is one of Windows' already.

use std::io;
use std::path::{Path, PathBuf};

use consignee_win32::registry::Key;
use consignee_win32::security;

const PIPE: &str = r"\\.\pipe\consignee";
/// Where everything else says that things are; the variable that says where that is, and what is below it.
/// The key that says where a folder is, its value, where it is as a rule, and what is below it.
type Known = (&'static str, &'static str, &'static str, &'static str, &'static str);

const CURRENT: &str = r"Software\Microsoft\Windows\CurrentVersion";
const PROFILES: &str = r"Software\Microsoft\Windows NT\CurrentVersion\ProfileList";
/// Not by the environment: that of a person says what he likes, and a service's may say something else.
const KNOWN: [Known; 4] = [
    ("/usr/share/consignee", CURRENT, "ProgramFilesDir", r"C:\Program Files", "Consignee"),
    ("/usr/lib/consignee", CURRENT, "ProgramFilesDir", r"C:\Program Files", "Consignee"),
    ("/etc/consign", PROFILES, "ProgramData", r"C:\ProgramData", "Consign"),
    ("/var/lib/consignee", PROFILES, "ProgramData", r"C:\ProgramData", "Consignee"),
];

/// An absolute path of the host, below another root.
pub fn at(root: &Path, absolute: &str) -> PathBuf {
    let path = own(absolute).unwrap_or_else(|| PathBuf::from(absolute));
    if root == Path::new("/") {
        return path;
    }
    // A drive of its own cannot be below another folder.
    root.join(path.display().to_string().replace(':', "").trim_start_matches(['\\', '/']))
}

fn own(absolute: &str) -> Option<PathBuf> {
    KNOWN.iter().find_map(|(known, key, value, usual, folder)| {
        let rest = absolute.strip_prefix(known).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
        let folder = registered(key, value).unwrap_or_else(|| PathBuf::from(usual)).join(folder);
        Some(rest.split('/').filter(|name| !name.is_empty()).fold(folder, |path, name| path.join(name)))
    })
}

fn registered(key: &str, value: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(Key::open(key).ok()??.text(value).ok()??);
    folder.is_absolute().then_some(folder)
}

/// The name of the agent's pipe; another root has another one.
pub fn socket(root: &Path) -> PathBuf {
    if root == Path::new("/") {
        return PathBuf::from(PIPE);
    }
    let name: String = root.display().to_string().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    PathBuf::from(format!("{PIPE}{name}"))
}

/// The folder of the codes that open the page. No vendor can have this name.
pub fn tickets(root: &Path) -> PathBuf {
    at(root, "/var/lib/consignee").join(".page")
}

/// The release notes of a package, below another root.
pub fn notes(root: &Path, package: &str) -> PathBuf {
    at(root, "/usr/share/consignee").join("notes").join(package)
}

/// The folder of the state, which everybody may read and only the system and administrators may change. Whoever made
/// it before has not the rights of its maker any more.
///
/// # Errors
/// When it cannot be made, or closed.
pub fn prepare(state: &Path) -> io::Result<()> {
    std::fs::create_dir_all(state)?;
    security::protect(state, security::PUBLIC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_has_its_place() {
        let at = |path| super::at(Path::new("/"), path).display().to_string();
        assert!(at("/var/lib/consignee/acme/erp").ends_with(r"ProgramData\Consignee\acme\erp"));
        assert!(at("/etc/consign/policy.toml").ends_with(r"ProgramData\Consign\policy.toml"));
        assert!(at("/usr/share/consignee/plans").ends_with(r"Program Files\Consignee\plans"));
        assert_eq!(at(r"D:\Acme\data"), r"D:\Acme\data");
        assert_eq!(super::at(Path::new(r"C:\t"), r"D:\Acme"), Path::new(r"C:\t\D\Acme"));
    }
}
