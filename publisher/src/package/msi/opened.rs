//! A signed .msi, read as a repository wants it.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use consign_metadata::authenticode::{self, AuthenticodeError, Pins, Signer};
use consign_metadata::digest::Sha256;
use consign_metadata::msi::{MsiError, MsiFile, NOTE, Origin};
use consign_metadata::plan::{MAXIMUM_NOTE_SIZE, UpgradePlan, note_file};
use jiff::Timestamp;

use crate::package::format::{Format, Opened};
use crate::package::{NoteFile, Plans};

/// What only a repository for Windows understands of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MsiFacts {
    /// As people see it.
    pub name: String,
    /// Who made it.
    pub manufacturer: String,
    /// What all its versions have in common.
    pub upgrade_code: String,
    /// What only this version has.
    pub product_code: String,
    /// As Windows Installer compares it.
    pub product_version: String,
    /// What it is, in one line.
    pub summary: String,
    /// What it may be used for.
    pub license: String,
}

/// Verifies a package, and reads what is needed to publish it.
pub fn open(file: &mut (impl Read + Seek), plans: &Plans) -> Result<Opened, MsiError> {
    let mut msi = MsiFile::open(file)?;
    let (origin, signer) = msi.verify(plans.keyring())?;
    let plan = msi.plan(&origin)?.map(|message| plans.verified(message, MsiError::Shape)).transpose()?;
    let notes = match &plan {
        Some(signed) => notes(&mut msi, &origin, &signed.plan)?,
        None => Vec::new(),
    };
    let facts = facts(&mut msi)?;
    let Origin { package: name, version, architecture, content: content_digest, .. } = origin;
    Ok(Opened { format: Format::Msi(facts), name, version, architecture, content_digest, signer, plan, notes })
}

/// Whether a package is as it was signed for Windows, by somebody for whom a pinned certificate vouches.
///
/// # Errors
/// [`AuthenticodeError`]
pub fn verify_for_windows(path: &Path, pins: &Pins, now: Timestamp) -> Result<Signer, AuthenticodeError> {
    authenticode::verify(&mut MsiFile::open(BufReader::new(File::open(path)?))?, pins, now)
}

fn facts(msi: &mut MsiFile<impl Read + Seek>) -> Result<MsiFacts, MsiError> {
    let tables = msi.tables()?;
    let property = |name: &str| {
        let value = tables.property(name).map(str::to_owned);
        value.ok_or_else(|| MsiError::Shape(format!("it has no property {name}")))
    };
    Ok(MsiFacts {
        name: property("ProductName")?,
        manufacturer: property("Manufacturer")?,
        upgrade_code: property("UpgradeCode")?,
        product_code: property("ProductCode")?,
        product_version: property("ProductVersion")?,
        summary: property("ConsignSummary")?,
        license: property("ConsignLicense")?,
    })
}

/// The texts of the notes that the plan names, each compared with its digest.
fn notes(msi: &mut MsiFile<impl Read + Seek>, origin: &Origin, plan: &UpgradePlan) -> Result<Vec<NoteFile>, MsiError> {
    let mut notes = Vec::new();
    for note in &plan.envelope.notes {
        for (language, digest) in &note.texts {
            let name = format!("{NOTE}{}", note_file(&note.version, *language));
            let bytes = msi.listed(origin, &name, MAXIMUM_NOTE_SIZE)?.filter(|bytes| Sha256::of(bytes) == *digest);
            let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
            let text =
                text.ok_or_else(|| MsiError::Shape(format!("its {name} is not the note that the plan names")))?;
            notes.push(NoteFile { version: note.version.clone(), language: *language, text });
        }
    }
    Ok(notes)
}
