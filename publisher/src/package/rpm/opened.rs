//! A signed .rpm, read as a repository wants it.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use consign_metadata::digest::Sha256;
use consign_metadata::plan::{self, UpgradePlan, note_file};
use consign_metadata::rpm::{RpmError, RpmLayout, tag};

use crate::package::format::{Format, Opened};
use crate::package::{NoteFile, Plans};

/// The plan and all notes; a gate reads far less.
const MAXIMUM: u64 = 64 * 1024 * 1024;
/// What stands before the content digest in the tag that holds it.
pub const CONTENT: &str = "consign-content-1 ";

/// Verifies a package, and reads what is needed to publish it.
pub fn open(file: &mut (impl Read + Seek), plans: &Plans) -> Result<Opened, RpmError> {
    let shape = RpmError::Shape;
    let layout = RpmLayout::read(file)?;
    let verified = layout.verify(file, plans.keyring())?;
    let header = verified.header;
    layout.verify_payload(file, &header)?;
    let name = header.name().parse().map_err(|e| shape(format!("it has a bad name: {e}")))?;
    let content = header.text(tag::COOKIE).and_then(|cookie| cookie.strip_prefix(CONTENT));
    let content = content.ok_or_else(|| shape("its header has no content digest".to_owned()))?;
    let content_digest = content.parse().map_err(|e| shape(format!("it has a bad content digest: {e}")))?;
    let (plan_path, notes) = (plan::installed_path(&name), format!("/usr/share/doc/{name}/notes/"));
    let wanted = |path: &str| path == plan_path || path.starts_with(&notes);
    let first = layout.first_entries(file, &header, MAXIMUM, wanted)?;
    let mut first: BTreeMap<_, _> = first.into_iter().map(|file| (file.path, file.bytes)).collect();
    let plan = first.remove(&plan_path).map(|message| plans.verified(message, shape)).transpose()?;
    let notes = match &plan {
        Some(signed) => self::notes(&signed.plan, &notes, &first)?,
        None => Vec::new(),
    };
    let (version, architecture) = (header.native_version(), header.architecture().to_owned());
    let signer = verified.signer;
    Ok(Opened { format: Format::Rpm(header), name, version, architecture, content_digest, signer, plan, notes })
}

/// The texts of the notes that the plan names, each compared with its digest.
fn notes(plan: &UpgradePlan, folder: &str, files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<NoteFile>, RpmError> {
    let named = plan.envelope.notes.iter().flat_map(|note| note.texts.iter().map(move |text| (&note.version, text)));
    named
        .map(|(version, (language, digest))| {
            let path = format!("{folder}{}", note_file(version, *language));
            let text = files.get(&path).filter(|bytes| Sha256::of(bytes) == *digest);
            let text = text.and_then(|bytes| std::str::from_utf8(bytes).ok());
            let text =
                text.ok_or_else(|| RpmError::Shape(format!("its {path} is not the note that the plan names")))?;
            Ok(NoteFile { version: version.clone(), language: *language, text: text.to_owned() })
        })
        .collect()
}
