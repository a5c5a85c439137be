//! What a person types at the package manager and the service manager of this host. Shown, never run.

use consign_metadata::name::VendorName;

/// Reads the lists of the repositories again.
pub const REFRESH: &str = "apt update";
/// Upgrades what is not held.
pub const UPGRADE: &str = "apt upgrade";
/// Finishes a transaction that ended half way.
pub const REPAIR: &str = "apt --fix-broken install";
/// Brings the agent itself up to date.
pub const UPGRADE_AGENT: &str = "apt install --only-upgrade consignee";
/// Says what the agent's service is doing.
pub const SERVICE: &str = "systemctl status consignee.service";

/// Brings the keys and the address of a vendor up to date, where the repository is still believed.
pub fn upgrade_anchor(vendor: &VendorName) -> String {
    format!("apt install --only-upgrade {vendor}-release")
}

/// Fetches the keys of a vendor by hand: with the proxy, the credentials and the authorities of the
/// package manager, and without curl, which a small host does not have.
pub fn fetch_anchor(vendor: &VendorName, url: &str) -> String {
    let url = url.trim_end_matches('/');
    format!("/usr/lib/apt/apt-helper download-file {url}/{vendor}-release.deb {vendor}-release.deb")
}

/// Installs what was fetched.
pub fn install_anchor(vendor: &VendorName) -> String {
    format!("apt install ./{vendor}-release.deb")
}
