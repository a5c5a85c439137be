//! Accounts of Windows that are known without asking a host: their identities follow from their names.

use sha1::Digest as _;

/// The identity of a service (`NT SERVICE\…`), which it has beside that of the account that it runs as.
pub fn of_service(name: &str) -> String {
    derived(80, &name.to_uppercase())
}

/// The identity of an application pool (`IIS AppPool\…`).
pub fn of_pool(name: &str) -> String {
    derived(82, &name.to_lowercase())
}

/// The SHA-1 of a name in UTF-16, as five numbers.
fn derived(authority: u32, name: &str) -> String {
    let bytes: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let digest = sha1::Sha1::digest(bytes);
    let numbers = digest.chunks(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]).to_string());
    format!("S-1-5-{authority}-{}", numbers.collect::<Vec<_>>().join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_and_pools_have_the_identities_that_windows_gives_them() {
        let installer = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464";
        assert_eq!(of_service("TrustedInstaller"), installer);
        let pool = "S-1-5-82-3006700770-424185619-1745488364-794895919-4004696415";
        assert_eq!(of_pool("DefaultAppPool"), pool);
    }
}
