//! The package that a product was installed from, as Windows Installer keeps it for its removal. Whoever cleans that
//! up (1612, 1714) makes every later upgrade impossible, unless somebody still has the very same file.

use std::path::{Path, PathBuf};

use consignee_win32::registry::Key;

use super::record::Record;
use crate::host::{HostError, at};

/// Of products that are installed for the whole machine.
const PRODUCTS: &str = r"Software\Microsoft\Windows\CurrentVersion\Installer\UserData\S-1-5-18\Products";

/// Where the package of an installed product should be; nothing where it is there.
///
/// # Errors
/// When the registry cannot be read.
pub fn missing(record: &Record) -> Result<Option<PathBuf>, HostError> {
    let Some(packed) = packed(&record.product_code) else { return Ok(None) };
    let cannot = |cause: std::io::Error| HostError {
        action: format!("look up {} in the registry", record.product_code),
        reason: cause.to_string(),
    };
    let key = Key::open(&format!(r"{PRODUCTS}\{packed}\InstallProperties")).map_err(cannot)?;
    let path = key.map_or(Ok(None), |key| key.text("LocalPackage")).map_err(cannot)?.map(PathBuf::from);
    Ok(path.filter(|path| path.is_absolute() && !path.exists()))
}

/// Puts a package back there.
///
/// # Errors
/// When it cannot be written.
pub fn restore(package: &Path, place: &Path) -> Result<(), HostError> {
    log::warn!("giving {} back to Windows Installer, which has lost it", package.display());
    std::fs::copy(package, place).map(drop).map_err(|cause| at("write", place, cause))
}

/// A code as it is the name of a key: each part turned round, and of the last ones each pair of digits.
fn packed(code: &str) -> Option<String> {
    let digits: Vec<char> =
        code.chars().filter(char::is_ascii_hexdigit).map(|digit| digit.to_ascii_uppercase()).collect();
    if digits.len() != 32 {
        return None;
    }
    let parts = [8, 4, 4, 2, 2, 2, 2, 2, 2, 2, 2];
    let mut at = 0;
    Some(parts.iter().fold(String::new(), |mut packed, length| {
        packed.extend(digits[at..at + length].iter().rev());
        at += length;
        packed
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_turned_round_part_by_part() {
        let code = "{A13C7AB5-FEB4-53E4-AFBE-909FB4E374F1}";
        assert_eq!(packed(code).unwrap(), "5BA7C31A4BEF4E35FAEB09F94B3E471F");
        assert_eq!(packed("{A13C}"), None);
    }
}
