//! What must hold on a host before an upgrade begins.

use std::collections::BTreeSet;

use consign_metadata::prerequisite::{Check, Prerequisite};

use super::account::UserName;
use super::authored;
use super::command::{self, Known};
use super::error::Fault;
use super::files::host_path;
use super::spanned::Spanned;

/// The longest a check may take: it is asked at every look, for which a terminal waits at most 30 s.
const LONGEST: u32 = 5;

/// All of them, in their order.
pub(super) fn validate(
    prerequisites: &[Spanned<authored::Prerequisite>],
    known: &Known<'_>,
) -> Result<Vec<Prerequisite>, Fault> {
    let mut seen = BTreeSet::new();
    let mut validated = Vec::new();
    for authored in prerequisites {
        let id = &authored.get_ref().id;
        if !seen.insert(id.get_ref()) {
            let message = format!("two prerequisites are called {:?}", id.get_ref().as_str());
            return Err(Fault::at(id.span(), message));
        }
        validated.push(prerequisite(authored, known)?);
    }
    Ok(validated)
}

fn prerequisite(spanned: &Spanned<authored::Prerequisite>, known: &Known<'_>) -> Result<Prerequisite, Fault> {
    let authored = spanned.get_ref();
    let check = match (&authored.command, &authored.free_space) {
        (Some(words), None) => {
            command::absolute(words)?;
            let user = authored.user.clone().unwrap_or_else(UserName::root).into();
            Check::Command {
                command: command::validate(words, known)?,
                user,
                timeout_seconds: timeout(authored.timeout.as_ref())?,
            }
        }
        (None, Some(space)) => free_space(space)?,
        _ => return Err(Fault::at(spanned.span(), "a prerequisite has exactly one of command and free_space")),
    };
    if authored.command.is_none() && (authored.user.is_some() || authored.timeout.is_some()) {
        return Err(Fault::at(spanned.span(), "only a command has a user and a timeout"));
    }
    let (id, when) = (authored.id.get_ref().clone(), authored.when.clone());
    Ok(Prerequisite { id, when, check, otherwise: authored.otherwise.clone() })
}

fn timeout(written: Option<&Spanned<super::Span>>) -> Result<u32, Fault> {
    match written {
        Some(span) if span.get_ref().seconds() > LONGEST => {
            Err(Fault::at(span.span(), format!("a prerequisite takes at most {LONGEST}s"))
                .help("it is asked at every update of the package lists, and a person waits for the answer"))
        }
        Some(span) => Ok(span.get_ref().seconds()),
        None => Ok(LONGEST),
    }
}

fn free_space(space: &authored::FreeSpace) -> Result<Check, Fault> {
    if *space.mebibytes.get_ref() == 0 {
        return Err(Fault::at(space.mebibytes.span(), "0 MiB are always free"));
    }
    Ok(Check::FreeSpace { folder: host_path(&space.folder)?, mebibytes: *space.mebibytes.get_ref() })
}
