//! The maintenance mode: how the product is told to serve nobody.

use consign_metadata::plan::Maintenance;

use super::account::UserName;
use super::authored;
use super::command::{self, Known};
use super::error::Fault;
use super::files::host_path;
use super::spanned::Spanned;
use super::steps::seconds;

/// When a program of it is ended.
const TIMEOUT: u32 = 60;
/// What a reboot empties; a power cut must not end the mode.
const VOLATILE: [&str; 5] = ["/run/", "/var/run/", "/tmp/", "/var/tmp/", "/dev/"];

/// The mode, where nothing is wrong with it.
pub(super) fn validate(authored: &Spanned<authored::Maintenance>, known: &Known<'_>) -> Result<Maintenance, Fault> {
    let said = authored.get_ref();
    let program = |words: &Spanned<Vec<Spanned<String>>>| {
        command::absolute(words)?;
        command::validate(words, known)
    };
    let mode = Maintenance {
        flag: said.flag.as_ref().map(flag).transpose()?,
        enter: said.enter.as_ref().map(program).transpose()?,
        leave: said.leave.as_ref().map(program).transpose()?,
        user: said.user.clone().unwrap_or_else(UserName::root).into(),
        timeout_seconds: seconds(said.timeout, TIMEOUT),
    };
    match mode.fault() {
        Some(fault) => Err(Fault::at(authored.span(), fault)),
        None => Ok(mode),
    }
}

fn flag(path: &Spanned<String>) -> Result<String, Fault> {
    let flag = host_path(path)?;
    match VOLATILE.iter().find(|folder| flag.starts_with(*folder)) {
        Some(folder) => Err(Fault::at(path.span(), format!("{flag:?} would be gone after a reboot"))
            .help(format!("what is in {folder} does not last; data folders do"))),
        None => Ok(flag),
    }
}
