//! This process and others.

use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// Where the kernel cannot tell the end of another's process (before Linux 5.3), it is looked at.
const POLL: Duration = Duration::from_millis(200);
/// A process may give up its lock and live on.
const TURN: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
/// No login belongs to the process (`(uid_t) -1`).
const NOBODY: u32 = u32::MAX;

/// Whether it may change what is the system's.
pub fn is_privileged() -> bool {
    rustix::process::geteuid().is_root()
}

/// The number of the user who started it.
pub fn user() -> u32 {
    rustix::process::getuid().as_raw()
}

/// The name of the person behind it.
pub fn person() -> String {
    let login = std::fs::read_to_string("/proc/self/loginuid").ok().and_then(|text| text.trim().parse().ok());
    let sudo = std::env::var("SUDO_USER").ok();
    name(user(), sudo, login, Path::new("/etc/passwd"))
}

// The login outlives su and sudo -i; SUDO_USER is what sudo itself says; the account comes last.
fn name(uid: u32, sudo: Option<String>, login: Option<u32>, accounts: &Path) -> String {
    let by_number = |uid: u32| account(uid, accounts);
    sudo.filter(|name| !name.is_empty())
        .or_else(|| login.filter(|login| *login != NOBODY).and_then(by_number))
        .or_else(|| by_number(uid))
        .unwrap_or_else(|| format!("uid {uid}"))
}

fn account(uid: u32, accounts: &Path) -> Option<String> {
    let text = std::fs::read_to_string(accounts).ok()?;
    let mut lines = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
    lines.find(|fields| fields.get(2) == Some(&uid.to_string().as_str())).map(|fields| fields[0].to_owned())
}

/// What this host is called.
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Waits for the end of a process, but only for a moment.
pub fn wait_for_end(pid: u32) {
    let process = i32::try_from(pid).ok().and_then(Pid::from_raw);
    match process.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()) {
        Some(handle) => {
            let mut fds = [PollFd::new(&handle, PollFlags::IN)];
            let _ = poll(&mut fds, Some(&TURN));
        }
        None => std::thread::sleep(POLL),
    }
}

/// Whether the program on disk is another than the one that runs. The kernel marks the name of a program
/// whose file was unlinked, which is what a package manager does to the old one.
pub fn is_replaced() -> bool {
    std::fs::read_link("/proc/self/exe").is_ok_and(|path| {
        path.to_string_lossy().strip_suffix(" (deleted)").is_some_and(|path| Path::new(path).exists())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_person_behind_sudo_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let accounts = folder.path().join("passwd");
        std::fs::write(&accounts, "root:x:0:0::/root:/bin/sh\nmarie:x:1001:1001::/home/marie:/bin/sh\n").unwrap();
        let name = |sudo: Option<&str>, login| name(0, sudo.map(str::to_owned), login, &accounts);
        assert_eq!(name(Some("paul"), Some(1001)), "paul");
        assert_eq!(name(None, Some(1001)), "marie");
        assert_eq!(name(None, Some(NOBODY)), "root");
        assert_eq!(name(None, Some(4711)), "root");
    }
}
