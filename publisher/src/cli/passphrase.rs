//! Where a passphrase comes from: a file descriptor, the environment, or a person. Never an argument,
//! which every user of the machine can read.

use std::cell::OnceCell;
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal};

use clap::Args;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::sign::Passphrase;

/// The variable that may hold the passphrase.
pub const VARIABLE: &str = "CONSIGN_PASSPHRASE";

/// Options of every command that uses a secret key.
#[derive(Debug, Args)]
pub struct PassphraseArgs {
    /// Read the passphrase from this open file descriptor (else from CONSIGN_PASSPHRASE, else ask)
    #[arg(long, value_name = "N")]
    passphrase_fd: Option<u32>,
    /// A pipe can be read only once, and a command may use two keys.
    #[arg(skip)]
    read: OnceCell<Passphrase>,
}

impl PassphraseArgs {
    /// The passphrase of an existing key.
    ///
    /// # Errors
    /// Why there is none.
    pub fn existing(&self, what: &str) -> Result<Passphrase, String> {
        match self.given()? {
            Some(passphrase) => Ok(passphrase),
            None => ask(&format!("Passphrase of {what}: ")),
        }
    }

    /// A new passphrase, asked for twice.
    ///
    /// # Errors
    /// Why there is none.
    pub fn new_one(&self) -> Result<Passphrase, String> {
        let passphrase = match self.given()? {
            Some(passphrase) => passphrase,
            None => {
                let first = ask("Passphrase for the new keys: ")?;
                if first != ask("The same again: ")? {
                    return Err("the two passphrases differ".to_owned());
                }
                first
            }
        };
        if passphrase.map(|bytes| bytes.is_empty()) {
            return Err("the passphrase is empty; say --no-passphrase if that is meant".to_owned());
        }
        Ok(passphrase)
    }

    fn given(&self) -> Result<Option<Passphrase>, String> {
        if let Some(descriptor) = self.passphrase_fd {
            if self.read.get().is_none() {
                let _ = self.read.set(first_line(descriptor)?);
            }
            return Ok(self.read.get().cloned());
        }
        match std::env::var(VARIABLE) {
            Ok(text) => Ok(Some(text.into())),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err(format!("{VARIABLE} is not UTF-8")),
        }
    }
}

fn first_line(descriptor: u32) -> Result<Passphrase, String> {
    let unreadable = |cause: std::io::Error| format!("file descriptor {descriptor} cannot be read: {cause}");
    let file = File::open(format!("/dev/fd/{descriptor}")).map_err(unreadable)?;
    let mut line = String::new();
    BufReader::new(file).read_line(&mut line).map_err(unreadable)?;
    Ok(line.trim_end_matches(['\n', '\r']).into())
}

fn ask(prompt: &str) -> Result<Passphrase, String> {
    if !std::io::stdin().is_terminal() {
        return Err(format!("no terminal to ask on; use --passphrase-fd or {VARIABLE}"));
    }
    let _silence = Silence::begin();
    rpassword::prompt_password(prompt).map(Into::into).map_err(|cause| cause.to_string())
}

/// The terminal shows nothing that is typed. Begins before the question is there: rpassword falls silent
/// only after it, and shows what a paste or a quick hand types in between.
struct Silence {
    terminal: File,
    before: Termios,
}

impl Silence {
    fn begin() -> Option<Self> {
        let terminal = File::options().read(true).write(true).open("/dev/tty").ok()?;
        let before = tcgetattr(&terminal).ok()?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&terminal, OptionalActions::Now, &silent).ok()?;
        Some(Self { terminal, before })
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }
}
