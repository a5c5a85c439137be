//! The codes that open a session: printed for an administrator by `consignee page`, good for a minute and for one login.
//!
//! A code is 128 random bits. What lies on the disk is named after its digest, in a folder of root's, so that neither
//! the folder's names nor a copy of it opens anything. Removing the file is what redeems it: of two who come with one
//! code only one can.

use std::io;
use std::io::Write;
use std::path::{Path, PathBuf};

use consign_metadata::digest::Sha256;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::durable;
use crate::engine::event::Person;
use crate::host::kernel::files;
use crate::places::Places;

const FORMAT: u32 = 1;
/// How long a code can be used.
pub const LIFE: SignedDuration = SignedDuration::from_secs(60);

/// What is kept of a code.
#[derive(Debug, Serialize, Deserialize)]
struct Ticket {
    /// 1.
    format: u32,
    /// Whom it was printed for.
    by: Person,
    /// Until when it opens a session.
    until: Timestamp,
}

/// A new code for a person.
///
/// # Errors
/// When it cannot be made or kept.
pub fn issue(places: &Places, by: &Person, now: Timestamp) -> io::Result<String> {
    let folder = places.tickets();
    if !folder.exists() {
        files::create_folders(&folder, 0o700)?;
    }
    sweep(&folder, now);
    let code = random()?;
    let ticket = Ticket { format: FORMAT, by: by.clone(), until: now + LIFE };
    let mut options = std::fs::File::options();
    let mut file = files::with_mode(options.create_new(true).write(true), 0o600).open(file(&folder, &code))?;
    file.write_all(&serde_json::to_vec(&ticket)?)?;
    Ok(code)
}

/// Whom a code was printed for, once.
pub fn redeem(places: &Places, code: &str, now: Timestamp) -> Option<Person> {
    let path = file(&places.tickets(), code.trim());
    let read = durable::read(&path, FORMAT, |ticket: &Ticket| ticket.format);
    let ticket = read.ok().flatten()?;
    std::fs::remove_file(&path).ok()?;
    is_good(&ticket, now).then_some(ticket.by)
}

/// A clock that was set back makes no code live longer.
fn is_good(ticket: &Ticket, now: Timestamp) -> bool {
    now <= ticket.until && ticket.until <= now + LIFE
}

/// 128 bits that nobody guesses, in hexadecimal digits.
///
/// # Errors
/// When the system gives none.
pub fn random() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(hex::encode(bytes))
}

fn file(folder: &Path, code: &str) -> PathBuf {
    folder.join(format!("{}.json", Sha256::of(code.as_bytes())))
}

/// What nobody came for goes.
fn sweep(folder: &Path, now: Timestamp) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "json")) {
        let kept = durable::read(&path, FORMAT, |ticket: &Ticket| ticket.format);
        if !kept.is_ok_and(|ticket| ticket.is_some_and(|ticket| is_good(&ticket, now))) {
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> (tempfile::TempDir, Places) {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::below(folder.path());
        (folder, places)
    }

    fn marie() -> Person {
        Person { uid: 0, name: "marie".to_owned() }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn a_code_opens_one_session_and_knows_whose() {
        let (_folder, places) = host();
        let code = issue(&places, &marie(), at(0)).unwrap();
        assert_eq!(code.len(), 32);
        assert_eq!(redeem(&places, "0", at(1)), None);
        assert_eq!(redeem(&places, &format!(" {code}\n"), at(1)), Some(marie()));
        assert_eq!(redeem(&places, &code, at(1)), None, "it was used");
    }

    #[test]
    fn a_code_is_good_for_a_minute_whatever_the_clock_does() {
        let (_folder, places) = host();
        for (second, is_good) in [(60, true), (61, false), (-1, false)] {
            let code = issue(&places, &marie(), at(0)).unwrap();
            assert_eq!(redeem(&places, &code, at(second)).is_some(), is_good, "{second} s");
        }
        issue(&places, &marie(), at(0)).unwrap();
        issue(&places, &marie(), at(100)).unwrap();
        assert_eq!(std::fs::read_dir(places.tickets()).unwrap().count(), 1, "what is over is swept");
    }

    #[cfg(unix)]
    #[test]
    fn what_lies_on_the_disk_is_roots_and_names_no_code() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, places) = host();
        let code = issue(&places, &marie(), at(0)).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&places.tickets()), 0o700);
        let file = std::fs::read_dir(places.tickets()).unwrap().next().unwrap().unwrap().path();
        assert_eq!(mode(&file), 0o600);
        let kept = format!("{}{}", file.display(), std::fs::read_to_string(&file).unwrap());
        assert!(!kept.contains(&code), "{kept}");
    }
}
