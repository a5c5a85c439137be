//! Who has a transaction open: rpm's own lock, and those of dnf, which are taken before rpm's: while a
//! transaction waits at the barrier, rpm's is free.
//!
//! zypper has its lock from its first word on, also where it only reads or waits for an answer, and runs an
//! rpm for each package. Its transaction begins where our plugin of its commit, or a script of a package of
//! ours, has written its number down.
//!
//! All are only looked at, never taken: whoever takes one, for however short a time, makes somebody's
//! transaction fail.

use std::fs::{File, Metadata};
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::{Flock, FlockType, fcntl_getlk};

use super::database;
use crate::host::{HostError, at};
use crate::places::Places;

/// A file with the number of a process; dnf 4 takes a file of a process that is gone for none.
const OF_DNF: &str = "/var/lib/dnf/rpmdb_lock.pid";
const OF_DNF5: &str = "/run/dnf/rpmtransaction.lock";
/// zypper's, and where the hook says that it has begun to change packages.
const OF_ZYPPER: &str = "/run/zypp.pid";
const COMMIT: &str = "/run/consignee/commit";
const OF_RPM: &str = ".rpm.lock";
/// `USER_HZ` of proc(5), 100 on every architecture that the agent is built for.
const TICKS_PER_SECOND: u64 = 100;
/// Clocks of the file system and of the process table are not the same.
const SLACK: Duration = Duration::from_secs(2);

/// The process, if any.
///
/// # Errors
/// When it cannot be told.
pub fn holder(places: &Places) -> Result<Option<u32>, HostError> {
    if let Some(process) = numbered(&places.at(OF_DNF))? {
        return Ok(Some(process));
    }
    if let Some(process) = held(&places.at(OF_DNF5))? {
        return Ok(Some(process));
    }
    let zypper = numbered(&places.at(OF_ZYPPER))?;
    if zypper.is_some() && numbered(&places.at(COMMIT))? == zypper {
        return Ok(zypper);
    }
    let rpm = database::folder(places).map_or(Ok(None), |folder| held(&folder.join(OF_RPM)))?;
    // The rpm of one package is gone before the next.
    Ok(rpm.map(|rpm| zypper.filter(|zypper| parent(rpm) == Some(*zypper)).unwrap_or(rpm)))
}

/// The process whose number a file has, if it is the one that has written it.
fn numbered(path: &Path) -> Result<Option<u32>, HostError> {
    let (text, found) = match std::fs::read_to_string(path).and_then(|text| Ok((text, path.metadata()?))) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(at("read", path, error)),
    };
    let process = text.trim().parse().ok();
    Ok(process.filter(|process| has_written(*process, &found)))
}

/// Whether a process was there when the file was written: after a power cut the number is another's.
fn has_written(process: u32, file: &Metadata) -> bool {
    let Some(began) = began(process) else { return false };
    file.modified().is_ok_and(|written| began <= written + SLACK)
}

fn parent(process: u32) -> Option<u32> {
    field(process, 1)
}

/// A field of `/proc/<process>/stat`, counted from behind its name.
fn field<N: std::str::FromStr>(process: u32, number: usize) -> Option<N> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(number)?.parse().ok()
}

fn began(process: u32) -> Option<SystemTime> {
    let ticks: u64 = field(process, 19)?;
    let host = std::fs::read_to_string("/proc/stat").ok()?;
    let boot: u64 = host.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(UNIX_EPOCH + Duration::from_secs(boot + ticks / TICKS_PER_SECOND))
}

/// Whose lock is on a file.
fn held(path: &Path) -> Result<Option<u32>, HostError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(at("open", path, error)),
    };
    let held = fcntl_getlk(&file, &Flock::from(FlockType::WriteLock)).map_err(|e| at("look at", path, e))?;
    Ok(held.and_then(|lock| lock.pid).and_then(|pid| u32::try_from(pid.as_raw_nonzero().get()).ok()))
}

#[cfg(test)]
mod tests {
    use super::super::sample::Root;
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    #[test]
    fn the_process_in_dnfs_file_counts_while_it_lives() {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        assert_eq!(holder(&places), Ok(None));
        let path = places.at(OF_DNF);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        let mut living = Command::new("sleep").arg("600").spawn().unwrap();
        fs_err::write(&path, living.id().to_string()).unwrap();
        assert_eq!(holder(&places), Ok(Some(living.id())));
        let before = SystemTime::now() - Duration::from_secs(3600);
        File::options().write(true).open(&path).unwrap().set_modified(before).unwrap();
        assert_eq!(holder(&places), Ok(None), "the number was another's before");
        fs_err::write(&path, living.id().to_string()).unwrap();
        living.kill().unwrap();
        living.wait().unwrap();
        assert_eq!(holder(&places), Ok(None));
    }

    #[test]
    fn zypper_has_a_transaction_open_from_its_commit_on() {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        fs_err::create_dir_all(places.at("/run/consignee")).unwrap();
        let mut living = Command::new("sleep").arg("600").spawn().unwrap();
        let number = format!("{}\n", living.id());
        fs_err::write(places.at(OF_ZYPPER), &number).unwrap();
        assert_eq!(holder(&places), Ok(None), "it reads, or waits for an answer");
        fs_err::write(places.at(COMMIT), "1\n").unwrap();
        assert_eq!(holder(&places), Ok(None), "another's, from before");
        fs_err::write(places.at(COMMIT), &number).unwrap();
        assert_eq!(holder(&places), Ok(Some(living.id())));
        fs_err::write(places.at(OF_ZYPPER), "").unwrap();
        assert_eq!(holder(&places), Ok(None), "what it leaves when it ends");
        living.kill().unwrap();
        living.wait().unwrap();
    }

    #[test]
    fn a_process_in_the_middle_of_an_rpm_transaction_is_named() {
        let root = Root::empty();
        let package = root.build("acme-erp", "1.0.0", "1");
        root.install(&[package]);
        // A scriptlet that waits: rpm calls it in the middle of its transaction.
        let fifo = root.path().join("fifo");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let waits = "%pre -p <lua>\nlocal f = io.open('/fifo'); f:read('*a'); f:close()";
        let slow = root.build_with("acme-slow", "1.0.0", "1", waits);
        let mut rpm = Command::new("rpm")
            .args(["--upgrade", "-vv", "--nodeps", "--nosignature", "--dbpath", "/var/lib/rpm", "--root"])
            .args([root.path(), &slow])
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let said = BufReader::new(rpm.stderr.take().unwrap());
        let mut lines = said.lines().map_while(Result::ok);
        assert!(lines.any(|line| line.contains("running <lua> scriptlet")), "the scriptlet does not run");
        assert_eq!(holder(&root.places), Ok(Some(rpm.id())));
        fs_err::write(&fifo, "").unwrap();
        lines.for_each(drop);
        rpm.wait().unwrap();
        assert_eq!(holder(&root.places), Ok(None));
    }
}
