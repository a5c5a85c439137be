//! Who types: the account that asks, and the name of the person behind it.

use std::path::Path;

use super::complaint::Complaint;
use crate::engine::event::Person;

/// No login belongs to the process (`(uid_t) -1`).
const NOBODY: u32 = u32::MAX;

/// The person at this process, for the journal.
pub fn here() -> Person {
    let uid = rustix::process::getuid().as_raw();
    let login = std::fs::read_to_string("/proc/self/loginuid").ok().and_then(|text| text.trim().parse().ok());
    let sudo = std::env::var("SUDO_USER").ok();
    Person { uid, name: name(uid, sudo, login, Path::new("/etc/passwd")) }
}

/// Whether somebody is there: the process has a controlling terminal. A login without one (`ssh host
/// apt-get …`, a job of cron, a timer) counts as nobody, since nobody sees what is said.
pub fn is_there() -> bool {
    std::fs::File::open("/dev/tty").is_ok()
}

/// Only root may change anything.
///
/// # Errors
/// [`Complaint::NotRoot`]
pub fn must_be_root() -> Result<(), Complaint> {
    if rustix::process::geteuid().is_root() { Ok(()) } else { Err(Complaint::NotRoot) }
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
