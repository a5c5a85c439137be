//! Files that only a reboot replaces or removes: `PendingFileRenameOperations` of the session manager.

use std::path::{Path, PathBuf};

use consignee_win32::registry::Key;

use crate::host::HostError;

const SESSION_MANAGER: &str = r"System\CurrentControlSet\Control\Session Manager";
const VALUE: &str = "PendingFileRenameOperations";
/// The name that the object manager has for the root of all drives.
const PREFIXES: [&str; 3] = [r"!\??\", r"\??\", "!"];

/// All of them, the files that come and those that go.
///
/// # Errors
/// When it cannot be told.
pub fn files() -> Result<Vec<PathBuf>, HostError> {
    let cannot = |cause: std::io::Error| {
        let action = "tell which files wait for a reboot".to_owned();
        HostError { action, reason: cause.to_string() }
    };
    let key = Key::open(SESSION_MANAGER).map_err(cannot)?;
    let texts = key.map_or(Ok(None), |key| key.texts(VALUE)).map_err(cannot)?;
    Ok(texts.unwrap_or_default().iter().filter(|text| !text.is_empty()).map(|text| plain(text)).collect())
}

fn plain(text: &str) -> PathBuf {
    let stripped = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix));
    PathBuf::from(stripped.unwrap_or(text))
}

/// Whether a file is in a folder or below; case counts for nothing on Windows.
pub fn is_below(file: &Path, folder: &Path) -> bool {
    let lower = |path: &Path| PathBuf::from(path.display().to_string().to_lowercase());
    lower(file).starts_with(lower(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_files_that_wait_are_those_that_people_know() {
        assert_eq!(plain(r"\??\C:\Acme\erp.exe"), Path::new(r"C:\Acme\erp.exe"));
        assert_eq!(plain(r"!\??\C:\Acme\erp.exe"), Path::new(r"C:\Acme\erp.exe"));
        assert!(is_below(Path::new(r"c:\acme\ERP.exe"), Path::new(r"C:\Acme")));
        assert!(!is_below(Path::new(r"C:\Acme2\erp.exe"), Path::new(r"C:\Acme")));
    }
}
