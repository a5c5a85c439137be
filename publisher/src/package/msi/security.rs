//! Who may write: accounts as Windows numbers them, and access lists in its notation (SDDL).

use consign_metadata::account;

/// Everything; what the system and administrators have.
const FULL: &str = "FA";
/// Read, write, run and delete, but neither owner nor rights.
const MODIFY: &str = "0x1301bf";
const READ: &str = "0x1200a9";

/// Accounts that every Windows has: as they are typed, and as SDDL has them.
const KNOWN: [(&str, &str); 8] = [
    ("LocalSystem", "SY"),
    ("LocalService", "LS"),
    ("NetworkService", "NS"),
    ("Administrators", "BA"),
    ("Users", "BU"),
    ("Authenticated Users", "AU"),
    ("Everyone", "WD"),
    ("IIS_IUSRS", "S-1-5-32-568"),
];

/// The identity of an account that is known without asking a host: a well-known one, that of a service
/// (`NT SERVICE\…`) or of an application pool (`IIS AppPool\…`).
pub fn sid(account: &str) -> Option<String> {
    let lower = account.to_lowercase();
    if let Some(service) = lower.strip_prefix("nt service\\") {
        return Some(account::of_service(service));
    }
    if let Some(pool) = lower.strip_prefix("iis apppool\\") {
        return Some(account::of_pool(pool));
    }
    let plain = lower.strip_prefix("nt authority\\").or_else(|| lower.strip_prefix("builtin\\")).unwrap_or(&lower);
    KNOWN.iter().find(|(name, _)| name.to_lowercase() == plain).map(|(_, sid)| (*sid).to_owned())
}

/// The access list of a folder: the system, administrators, and who else may write or read.
pub fn access<'a>(write: impl IntoIterator<Item = &'a str>, read: impl IntoIterator<Item = &'a str>) -> String {
    let entry = |rights: &str, sid: &str| format!("(A;OICI;{rights};;;{sid})");
    let mut list = format!("D:P{}{}", entry(FULL, "SY"), entry(FULL, "BA"));
    list.extend(write.into_iter().map(|sid| entry(MODIFY, sid)));
    list.extend(read.into_iter().map(|sid| entry(READ, sid)));
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_of_services_and_pools_have_the_identities_that_windows_gives_them() {
        let installer = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464";
        assert_eq!(sid("NT SERVICE\\TrustedInstaller").unwrap(), installer);
        let pool = "S-1-5-82-3006700770-424185619-1745488364-794895919-4004696415";
        assert_eq!(sid("IIS AppPool\\DefaultAppPool").unwrap(), pool);
        assert_eq!(sid("NT AUTHORITY\\LocalService").as_deref(), Some("LS"));
        assert_eq!(sid("ACME\\erp"), None);
        assert_eq!(access(["LS"], []), "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;LS)");
    }
}
