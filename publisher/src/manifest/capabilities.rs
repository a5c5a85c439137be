//! File capabilities, `capabilities(7)`: what a program may do without being the superuser.
//!
//! A .deb cannot carry them: its archives have no extended attributes, and a script that sets them would
//! leave a program without in every way of installing that runs no scripts.

use std::collections::BTreeSet;

use super::authored;
use super::build::Build;
use super::error::Fault;
use super::spanned::Spanned;
use crate::package::PackageFormat;

/// Those of Linux 5.9, by their names without `cap_`.
const NAMES: [&str; 41] = [
    "audit_control",
    "audit_read",
    "audit_write",
    "block_suspend",
    "bpf",
    "checkpoint_restore",
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "ipc_lock",
    "ipc_owner",
    "kill",
    "lease",
    "linux_immutable",
    "mac_admin",
    "mac_override",
    "mknod",
    "net_admin",
    "net_bind_service",
    "net_broadcast",
    "net_raw",
    "perfmon",
    "setfcap",
    "setgid",
    "setpcap",
    "setuid",
    "sys_admin",
    "sys_boot",
    "sys_chroot",
    "sys_module",
    "sys_nice",
    "sys_pacct",
    "sys_ptrace",
    "sys_rawio",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "syslog",
    "wake_alarm",
];

/// The capabilities of a file as `cap_from_text(3)` reads them.
pub(super) fn validate(text: &Spanned<String>) -> Result<String, Fault> {
    let value = text.get_ref();
    match is_good(value) {
        true => Ok(value.clone()),
        false => Err(Fault::at(text.span(), format!("{value:?} are no capabilities of a file")).help(
            "names of capabilities(7), and which sets they are in, as in \"cap_net_bind_service,cap_net_raw=ep\"",
        )),
    }
}

fn is_good(text: &str) -> bool {
    let Some((names, sets)) = text.split_once(['=', '+']) else { return false };
    let known = |name: &str| name.strip_prefix("cap_").is_some_and(|name| NAMES.contains(&name));
    names.split(',').all(known) && !sets.is_empty() && sets.bytes().all(|set| b"eip".contains(&set))
}

/// Refuses them where packages are built that cannot carry them.
pub(super) fn can_be_carried(
    manifest: &authored::Manifest,
    formats: &BTreeSet<PackageFormat>,
    builds: &[Build],
) -> Result<(), Fault> {
    let has_deb = match builds {
        [] => formats.contains(&PackageFormat::Deb),
        builds => builds.iter().any(|build| build.formats.contains(&PackageFormat::Deb)),
    };
    let mut said = manifest.modules.iter().flat_map(|module| &module.files).filter_map(|f| f.capabilities.as_ref());
    match said.next().filter(|_| has_deb) {
        None => Ok(()),
        Some(said) => Err(Fault::at(said.span(), "a package for Debian cannot carry the capabilities of a file").help(
            "give them to the service instead, with AmbientCapabilities= in its unit, which works in every format; or build rpms alone",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_would_not_understand_is_none() {
        for good in ["cap_net_bind_service=ep", "cap_net_raw,cap_net_admin+eip"] {
            assert!(is_good(good), "{good}");
        }
        for bad in ["", "cap_net_raw", "cap_fly=ep", "cap_net_raw=", "cap_net_raw=x", "net_raw=ep", "cap_chown,=e"] {
            assert!(!is_good(bad), "{bad}");
        }
    }
}
