//! What a person types at the package manager and the service manager of this host. Shown, never run.

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
