//! What is saved before an upgrade, so that it can be taken back with its data.

use std::collections::BTreeSet;
use std::path::Path;

use consign_metadata::name::Label;
use consign_metadata::plan::{Backup, BackupPart, Database, Step, Undo};

use super::account::UserName;
use super::authored;
use super::command::{self, Known};
use super::database::{self, Keys};
use super::error::Fault;
use super::files::host_path;
use super::spanned::Spanned;
use super::steps::seconds;
use super::windows::saved as on_windows;

/// How long a part may take where nothing is said: an hour, in seconds.
const TIMEOUT: u32 = 3600;
/// The part of the paths.
const FILES: &str = "files";
/// Where agents keep backups: one that contains itself never ends.
const STATE: &str = "/var/lib/consignee";
/// Folders of the system, which no product owns.
const NOBODYS: [&str; 12] =
    ["/", "/bin", "/boot", "/dev", "/etc", "/lib", "/proc", "/run", "/sbin", "/sys", "/usr", "/var"];

/// The backup of a manifest, if it has one.
pub(super) fn validate(
    authored: Option<&Spanned<authored::Backup>>,
    known: &Known<'_>,
) -> Result<Option<Backup>, Fault> {
    let Some(spanned) = authored else { return Ok(None) };
    let authored = spanned.get_ref();
    let mut parts = Vec::new();
    if !authored.paths.is_empty() {
        parts.push(BackupPart::Files { name: label(FILES), paths: paths(&authored.paths)? });
    }
    for program in &authored.commands {
        parts.push(of_command(program, known)?);
    }
    for stored in &authored.databases {
        parts.push(BackupPart::Database { name: stored.name.get_ref().clone(), database: of_database(stored)? });
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = parts.iter().map(BackupPart::name).find(|name| !seen.insert(*name)) {
        return Err(Fault::at(spanned.span(), format!("two parts of the backup are called {:?}", twice.as_str())));
    }
    Ok(Some(Backup { parts, timeout_seconds: seconds(authored.timeout, TIMEOUT) }))
}

/// A step that relies on a backup has one to rely on.
pub(super) fn is_there_for(steps: &[authored::Step], validated: &[Step], has_backup: bool) -> Result<(), Fault> {
    let relies = |step: &Step| step.program().is_some_and(|run| run.undo == Undo::FromBackup);
    match steps.iter().zip(validated).find(|(_, step)| relies(step)) {
        Some((authored, step)) if !has_backup => {
            let message = format!("step {:?} is taken back from a backup, and there is none", step.name());
            Err(Fault::at(authored.name.span(), message).help("write what it changes below [backup]"))
        }
        _ => Ok(()),
    }
}

fn paths(authored: &[Spanned<String>]) -> Result<Vec<String>, Fault> {
    let mut paths: Vec<String> = Vec::new();
    for path in authored {
        let refused = |message: String| Err(Fault::at(path.span(), message));
        if on_windows::is_one(path.get_ref()) {
            let text = match on_windows::take(path.get_ref()) {
                Ok(text) => text,
                Err(problem) => return refused(format!("{} {problem}", path.get_ref())),
            };
            if let Some(other) = paths.iter().find(|other| on_windows::overlap(other, &text)) {
                return refused(format!("{text} and {other} hold the same files"));
            }
            paths.push(text);
            continue;
        }
        let text = host_path(path)?;
        let text = text.trim_end_matches('/');
        if NOBODYS.contains(&text) || text.is_empty() {
            return refused(format!("{} is not the product's: a restore would replace it", path.get_ref()));
        }
        if Path::new(STATE).starts_with(text) || Path::new(text).starts_with(STATE) {
            return refused(format!("{text} holds the backup itself"));
        }
        if let Some(other) =
            paths.iter().find(|other| Path::new(other).starts_with(text) || Path::new(text).starts_with(other))
        {
            return refused(format!("{text} and {other} hold the same files"));
        }
        paths.push(text.to_owned());
    }
    Ok(paths)
}

fn of_database(stored: &authored::BackupDatabase) -> Result<Database, Fault> {
    let keys = Keys {
        postgresql: stored.postgresql.as_ref(),
        mariadb: stored.mariadb.as_ref(),
        sqlite: stored.sqlite.as_ref(),
        user: stored.user.as_ref(),
        socket: stored.socket.as_ref(),
        port: stored.port.as_ref(),
    };
    database::validate(stored.name.span(), &keys)
}

fn of_command(authored: &authored::BackupCommand, known: &Known<'_>) -> Result<BackupPart, Fault> {
    let program = |words: &Spanned<Vec<Spanned<String>>>| {
        command::absolute(words)?;
        command::with_file(words, known)
    };
    Ok(BackupPart::Command {
        name: authored.name.get_ref().clone(),
        save: program(&authored.save)?,
        verify: authored.verify.as_ref().map(program).transpose()?,
        restore: program(&authored.restore)?,
        user: authored.user.clone().unwrap_or_else(UserName::root).into(),
    })
}

fn label(name: &str) -> Label {
    name.parse().expect("it is a name")
}
