//! The control archive of a finished package, read back: control file, plan, release notes.

use std::io::{Read, Seek};

use consign_metadata::deb::{DebError, DebLayout};
use consign_metadata::digest::Sha256;
use consign_metadata::openpgp::Keyring;
use consign_metadata::plan::{self, UpgradePlan};

use super::{NOTE_MEMBER, Paragraph};
use crate::package::{NoteFile, SignedPlan};

/// A note of more bytes is not one that a person reads.
const MAXIMUM_NOTE: u64 = 1024 * 1024;
const MAXIMUM_CONTROL: u64 = 1024 * 1024;

/// The control file.
///
/// # Errors
/// [`DebError`]
pub fn control_file(layout: &DebLayout, file: &mut (impl Read + Seek)) -> Result<Paragraph, DebError> {
    let bytes = layout
        .control_file(file, "control", MAXIMUM_CONTROL)?
        .ok_or_else(|| DebError::Shape("it has no control file".to_owned()))?;
    let text = String::from_utf8(bytes).map_err(|_| DebError::Shape("its control file is not UTF-8".to_owned()))?;
    Paragraph::parse(&text).map_err(DebError::Shape)
}

/// The plan, verified on its own, where the package has one.
///
/// # Errors
/// [`DebError`]
pub fn plan(
    layout: &DebLayout,
    file: &mut (impl Read + Seek),
    keyring: &Keyring,
) -> Result<Option<SignedPlan>, DebError> {
    let Some(message) = layout.plan(file)? else { return Ok(None) };
    let verified = keyring.verify_message(&message, plan::MAXIMUM_SIZE)?;
    let plan = UpgradePlan::parse(&verified.bytes).map_err(|cause| DebError::Shape(format!("its plan {cause}")))?;
    Ok(Some(SignedPlan { message, plan }))
}

/// The texts of the notes that the plan names, each compared with its digest.
///
/// # Errors
/// [`DebError`]
pub fn notes(layout: &DebLayout, file: &mut (impl Read + Seek), plan: &UpgradePlan) -> Result<Vec<NoteFile>, DebError> {
    let mut notes = Vec::new();
    for note in &plan.envelope.notes {
        for (language, digest) in &note.texts {
            let name = format!("{NOTE_MEMBER}{}.{language}.md", note.version);
            let bytes = layout.control_file(file, &name, MAXIMUM_NOTE)?.unwrap_or_default();
            let text = String::from_utf8(bytes).map_err(|_| DebError::Shape(format!("{name} is not UTF-8")))?;
            if Sha256::of(text.as_bytes()) != *digest {
                return Err(DebError::Shape(format!("its control file {name} is not the note that the plan names")));
            }
            notes.push(NoteFile { version: note.version.clone(), language: *language, text });
        }
    }
    Ok(notes)
}
