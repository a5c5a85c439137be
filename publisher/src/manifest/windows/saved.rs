//! A path on a host with Windows: with a drive, or below a folder that only the host knows.

use consign_metadata::name::PackageName;

/// Folders that a site may choose when a package is installed.
const CHOSEN: [&str; 2] = ["{install.", "{data."];
/// What Windows' names cannot hold.
const FORBIDDEN: [char; 8] = ['/', ':', '*', '?', '"', '<', '>', '|'];
/// Folders of the system below its drive, which no product owns.
const NOBODYS: [&str; 6] = ["windows", "program files", "program files (x86)", "programdata", "users", "recovery"];
/// Where agents keep backups: one that contains itself never ends.
const STATE: &str = "programdata\\consignee";

/// Whether it is meant for Windows.
pub fn is_one(path: &str) -> bool {
    let has_drive = matches!(path.as_bytes(), [letter, b':', b'\\', ..] if letter.is_ascii_alphabetic());
    has_drive || CHOSEN.iter().any(|folder| path.starts_with(folder))
}

/// Whether one is in the other, or is it: names are told apart by nothing but their letters.
pub fn overlap(one: &str, other: &str) -> bool {
    let below = |path: &str| format!("{}\\", path.to_lowercase());
    below(one).starts_with(&below(other)) || below(other).starts_with(&below(one))
}

/// A path whose files are saved, without the slash at its end.
///
/// # Errors
/// What is wrong with it, behind its name.
pub fn take(path: &str) -> Result<String, &'static str> {
    let path = path.trim_end_matches('\\');
    let below = match path.split_once('}').filter(|_| path.starts_with('{')) {
        Some((folder, below)) => {
            let package = folder.split_once('.').and_then(|(_, name)| name.parse::<PackageName>().ok());
            package.ok_or("names no package")?;
            below
        }
        None => path.get(2..).unwrap_or_default(),
    };
    let names: Vec<&str> = below.split('\\').skip(1).collect();
    if names.iter().any(|name| name.is_empty() || matches!(*name, "." | "..")) {
        return Err("has a part that is empty, '.' or '..'");
    }
    if below.contains(FORBIDDEN) || below.chars().any(char::is_control) {
        return Err("has a character that no name has on Windows");
    }
    if path.starts_with('{') {
        return if below.is_empty() || below.starts_with('\\') { Ok(path.to_owned()) } else { Err("is no folder") };
    }
    let lower = names.join("\\").to_lowercase();
    if lower.is_empty() || NOBODYS.contains(&&*lower) {
        return Err("is not the product's: a restore would replace it");
    }
    if overlap(&lower, STATE) || lower.starts_with("windows\\") {
        return Err("holds the backup itself, or the system");
    }
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_product_owns_on_windows_is_taken_and_nothing_else() {
        assert_eq!(take(r"D:\Acme\data\").as_deref(), Ok(r"D:\Acme\data"));
        assert_eq!(take(r"{data.acme-erp}").as_deref(), Ok("{data.acme-erp}"));
        assert_eq!(take(r"{data.acme-erp}\db").as_deref(), Ok(r"{data.acme-erp}\db"));
        for wrong in [
            r"C:\",
            r"C:\ProgramData",
            r"c:\programdata\consignee\acme",
            r"C:\Windows\System32",
            r"C:\Acme\..\Users",
            r"C:\Acme/data",
            "{data.}",
            "{data.acme-erp}db",
        ] {
            assert!(is_one(wrong) && take(wrong).is_err(), "{wrong}");
        }
        assert!(!is_one("/var/lib/acme") && !is_one("Acme"));
        assert!(overlap(r"C:\Acme", r"c:\acme\data") && !overlap(r"C:\Acme", r"C:\Acme2"));
    }
}
