//! The control archive of a finished package, read back: control file, plan, release notes.

use std::collections::BTreeMap;
use std::io::{Read, Seek};
use std::sync::Arc;

use consign_metadata::deb::{DebError, DebLayout};
use consign_metadata::digest::Sha256;
use consign_metadata::plan::{self, UpgradePlan, note_member, parse_note_member};

use super::Paragraph;
use crate::package::{NoteFile, Plans, SignedPlan};

/// No control file, plan or note that we write is larger.
const MAXIMUM: u64 = 1024 * 1024;
const _: () = assert!(MAXIMUM >= plan::MAXIMUM_SIZE && MAXIMUM >= plan::MAXIMUM_NOTE_SIZE);

/// What a repository reads of a control archive, in one pass over it.
pub struct ControlArchive(BTreeMap<String, Vec<u8>>);

impl ControlArchive {
    /// Reads the archive of a package whose signature was verified.
    ///
    /// # Errors
    /// [`DebError`]
    pub fn read(layout: &DebLayout, file: &mut (impl Read + Seek)) -> Result<Self, DebError> {
        let wanted = |name: &str| ["control", plan::DEB_MEMBER].contains(&name) || parse_note_member(name).is_some();
        layout.control_files(file, wanted, MAXIMUM).map(Self)
    }

    /// The control file.
    ///
    /// # Errors
    /// [`DebError::Shape`]
    pub fn control(&self) -> Result<Paragraph, DebError> {
        let text = self.text("control")?.ok_or_else(|| DebError::Shape("it has no control file".to_owned()))?;
        Paragraph::parse(text).map_err(DebError::Shape)
    }

    /// The plan, verified on its own, where the package has one.
    ///
    /// # Errors
    /// [`DebError`]
    pub fn plan(&self, plans: &Plans) -> Result<Option<Arc<SignedPlan>>, DebError> {
        let message = self.0.get(plan::DEB_MEMBER).cloned();
        message.map(|message| plans.verified(message, DebError::Shape)).transpose()
    }

    /// The texts of the notes that the plan names, each compared with its digest.
    ///
    /// # Errors
    /// [`DebError::Shape`]
    pub fn notes(&self, plan: &UpgradePlan) -> Result<Vec<NoteFile>, DebError> {
        let named =
            plan.envelope.notes.iter().flat_map(|note| note.texts.iter().map(move |text| (&note.version, text)));
        named
            .map(|(version, (language, digest))| {
                let name = note_member(version, *language);
                let text = self.text(&name)?.unwrap_or_default();
                if Sha256::of(text.as_bytes()) != *digest {
                    let what = format!("its control file {name} is not the note that the plan names");
                    return Err(DebError::Shape(what));
                }
                Ok(NoteFile { version: version.clone(), language: *language, text: text.to_owned() })
            })
            .collect()
    }

    fn text(&self, name: &str) -> Result<Option<&str>, DebError> {
        let text = self.0.get(name).map(|bytes| std::str::from_utf8(bytes));
        text.transpose().map_err(|_| DebError::Shape(format!("its control file {name} is not UTF-8")))
    }
}
