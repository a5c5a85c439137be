//! Who has a transaction open: the process that holds dpkg's frontend lock.
//!
//! The lock is only looked at (`F_GETLK`), never taken: whoever takes it, for however short a time,
//! makes somebody's apt fail.

use std::fs::File;
use std::io::ErrorKind;

use rustix::process::{Flock, FlockType, fcntl_getlk};

use crate::host::{HostError, at};
use crate::places::Places;

/// The process, if any.
///
/// # Errors
/// When it cannot be told.
pub fn holder(places: &Places) -> Result<Option<u32>, HostError> {
    let path = places.at("/var/lib/dpkg/lock-frontend");
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(at("open", &path, error)),
    };
    let held = fcntl_getlk(&file, &Flock::from(FlockType::WriteLock)).map_err(|e| at("look at", &path, e))?;
    Ok(held.and_then(|lock| lock.pid).and_then(|pid| u32::try_from(pid.as_raw_nonzero().get()).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    #[test]
    fn another_process_that_holds_the_lock_is_named() {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        assert_eq!(holder(&places), Ok(None), "dpkg is not even there");
        fs_err::create_dir_all(root.path().join("var/lib/dpkg")).unwrap();
        let path = root.path().join("var/lib/dpkg/lock-frontend");
        fs_err::write(&path, "").unwrap();
        assert_eq!(holder(&places), Ok(None));
        let script = "use Fcntl; open(F, '+<', shift); my $l = pack('s s x4 l! l! i x4', F_WRLCK, 0, 0, 0, 0); \
            fcntl(F, F_SETLK, $l) or die; $| = 1; print \"$$\\n\"; <STDIN>";
        let mut holding = Command::new("perl")
            .args(["-e", script])
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(holding.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(holder(&places), Ok(Some(line.trim().parse().unwrap())));
        drop(holding.stdin.take());
        holding.wait().unwrap();
        assert_eq!(holder(&places), Ok(None));
    }
}
