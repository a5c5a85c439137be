//! Whether packages wait for a reboot: those that count only from a boot on, and came after the last one.
//!
//! The names are those of `needs-restarting --reboothint` (dnf-plugins-core); zypper leaves a note of its own.

use std::path::Path;

use super::database;
use crate::host::{HostError, at};
use crate::places::Places;

const NAMES: [&str; 13] = [
    "kernel",
    "kernel-core",
    "kernel-default",
    "kernel-rt",
    "kernel-rt-core",
    "glibc",
    "linux-firmware",
    "systemd",
    "dbus",
    "dbus-broker",
    "dbus-daemon",
    "microcode_ctl",
    "udev",
];
const FORMAT: &str = "%{NAME}\\t%{INSTALLTIME}\\n";
/// Of libzypp, for what it calls reboot-needed.
const NEEDED: &str = "/run/reboot-needed";
/// Ticks of the clock in `/proc`, a second: fixed for programs (`USER_HZ`).
const TICKS: u64 = 100;

/// The packages that wait, where they are named; `None` where none does.
///
/// # Errors
/// When it cannot be told.
pub fn pending(places: &Places) -> Result<Option<Vec<String>>, HostError> {
    let answer = database::ask(&database::folder(places)?, FORMAT, &NAMES)?;
    let newer = newer_than(&answer, booted()?);
    match newer.is_empty() && !places.at(NEEDED).exists() {
        true => Ok(None),
        false => Ok(Some(newer)),
    }
}

fn newer_than(answer: &str, boot: u64) -> Vec<String> {
    let lines = answer.lines().filter_map(|line| line.split_once('\t'));
    let newer = lines.filter(|(_, at)| at.parse::<u64>().is_ok_and(|at| at > boot));
    let mut names: Vec<String> = newer.map(|(name, _)| name.to_owned()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// When this host booted, in seconds since 1970; in a container, when that was started.
fn booted() -> Result<u64, HostError> {
    let read = |path: &str| std::fs::read_to_string(path).map_err(|cause| at("read", Path::new(path), cause));
    let kernel = read("/proc/stat")?;
    let first = read("/proc/1/stat")?;
    let kernel = kernel.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<u64>().ok());
    // The name of the process may have blanks in it; field 22 is the 20th after it.
    let first = first.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(19)?.parse::<u64>().ok());
    match (kernel, first) {
        (Some(kernel), Some(first)) => Ok(kernel + first / TICKS),
        _ => Err(at("read", Path::new("/proc/stat"), "it does not tell when the host booted")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::Root;
    use super::*;

    #[test]
    fn what_came_after_the_boot_waits_for_the_next_one() {
        let answer = "kernel-core\t100\nkernel-core\t300\nglibc\t150\npackage systemd is not installed\n";
        assert_eq!(newer_than(answer, 200), ["kernel-core"]);
        assert_eq!(newer_than(answer, 300), [""; 0]);
    }

    #[test]
    fn a_package_of_that_name_that_came_just_now_is_told_from_others() {
        let root = Root::empty();
        root.install(&[root.build("acme-erp", "1.0.0", "1")]);
        assert_eq!(pending(&root.places), Ok(None));
        root.install(&[root.build("glibc", "2.40", "1")]);
        assert_eq!(pending(&root.places), Ok(Some(vec!["glibc".to_owned()])));
    }

    #[test]
    fn this_host_booted_before_now() {
        let now = u64::try_from(jiff::Timestamp::now().as_second()).unwrap();
        assert!((1..=now).contains(&booted().unwrap()));
    }
}
