//! Release notes: named by digest in a plan, carried beside it in a package.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Sha256;
use crate::text::Language;
use crate::version::Version;

/// Start of the names of the members of a control archive that carry release notes; see [`note_member`].
const NOTE_MEMBER: &str = "consign-note.";
/// The largest release note in one language, in bytes: more is not what a person reads.
pub const MAXIMUM_NOTE_SIZE: u64 = 1024 * 1024;

/// A release note by digest: an edited note is another note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoteReference {
    /// The version the note speaks of.
    pub version: Version,
    /// Whether a person has to acknowledge it before the upgrade.
    pub acknowledge: bool,
    /// Digest of the Markdown text by language; English is always there.
    pub texts: BTreeMap<Language, Sha256>,
}

impl NoteReference {
    /// The digest that an acknowledgement is for: of all languages together, so that whoever read the
    /// note in one language has read it, and an edit in any makes it unread.
    pub fn digest(&self) -> Sha256 {
        let lines: String = self.texts.iter().map(|(language, digest)| format!("{language}:{digest}\n")).collect();
        Sha256::of(lines.as_bytes())
    }
}

/// The file name of a release note, `<version>.<language>.md`, with the version as its vendor wrote it.
pub fn note_file(version: &Version, language: Language) -> String {
    format!("{version}.{language}.md")
}

/// The note that a file name stands for; `None` when it is not the name of a note.
pub fn parse_note_file(name: &str) -> Option<(Version, Language)> {
    let (version, language) = name.strip_suffix(".md")?.rsplit_once('.')?;
    Some((version.parse().ok()?, Language::of_code(language)?))
}

/// The member that carries a release note in the control archive of a .deb.
pub fn note_member(version: &Version, language: Language) -> String {
    format!("{NOTE_MEMBER}{}", note_file(version, language))
}

/// The note that such a member carries; `None` when it is not the name of one.
pub fn parse_note_member(name: &str) -> Option<(Version, Language)> {
    parse_note_file(name.strip_prefix(NOTE_MEMBER)?)
}
