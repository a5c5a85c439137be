//! The passphrase, asked for on a real terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::sample::Sample;

/// A command that has a terminal of its own, and nobody at it but the test.
struct Seat {
    terminal: File,
    child: Child,
    screen: String,
}

impl Seat {
    fn take(folder: &Path, arguments: &[&str]) -> Seat {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
        let open = || File::options().read(true).write(true).open(&name).unwrap();
        let child = Command::new("setsid")
            .args(["--ctty", "--wait", env!("CARGO_BIN_EXE_consign")])
            .args(arguments)
            .current_dir(folder)
            .env_remove("CONSIGN_PASSPHRASE")
            .stdin(open())
            .stdout(open())
            .stderr(open())
            .spawn()
            .unwrap();
        Seat { terminal: terminal.into(), child, screen: String::new() }
    }

    /// Waits for the question, then types the answer.
    #[track_caller]
    fn answer(&mut self, question: &str, answer: &str) {
        let before = self.screen.len();
        while !self.screen[before..].contains(question) {
            assert!(self.look(), "{question:?} is never asked: {}", self.screen);
        }
        self.terminal.write_all(format!("{answer}\n").as_bytes()).unwrap();
    }

    /// What was shown, and the exit status.
    fn leave(mut self) -> (String, i32) {
        while self.look() {}
        let status = self.child.wait().unwrap();
        (self.screen, status.code().unwrap())
    }

    // The other side is gone when nothing can be read any more (EIO).
    fn look(&mut self) -> bool {
        let mut bytes = [0; 4096];
        let read = self.terminal.read(&mut bytes).unwrap_or(0);
        self.screen += &String::from_utf8_lossy(&bytes[..read]);
        read > 0
    }
}

#[test]
fn a_passphrase_is_asked_for_and_never_shown() {
    let sample = Sample::new();
    let new = ["key", "new", "--vendor", "acme", "--algorithm", "ed25519"];
    let mut seat = Seat::take(sample.path(), &new);
    seat.answer("Passphrase for the new keys:", "open sesame");
    seat.answer("The same again:", "open sesami");
    let (screen, status) = seat.leave();
    assert!(
        status == 1 && !screen.contains("sesam") && screen.contains("the two passphrases differ"),
        "{status} {screen}"
    );
    assert!(!sample.path().join("keys").exists(), "keys of an unknown passphrase were left");

    let mut seat = Seat::take(sample.path(), &new);
    seat.answer("Passphrase for the new keys:", "open sesame");
    seat.answer("The same again:", "open sesame");
    let (screen, status) = seat.leave();
    assert!(status == 0 && !screen.contains("sesame"), "{status} {screen}");

    let mut seat = Seat::take(sample.path(), &["build"]);
    seat.answer("Passphrase of", "wrong guess");
    let (screen, status) = seat.leave();
    assert!(status == 1 && screen.contains("the passphrase is wrong"), "{status} {screen}");
    assert!(!screen.contains("wrong guess"), "{screen}");

    let mut seat = Seat::take(sample.path(), &["build"]);
    seat.answer("Passphrase of", "open sesame");
    let (screen, status) = seat.leave();
    assert!(status == 0 && !screen.contains("sesame"), "{status} {screen}");
    assert!(sample.path().join("dist/acme-erp_1.1.0-1_all.deb").exists());
}
