//! What a person has read and accepts: `/var/lib/consignee/<vendor>/<product>/acknowledgements`.
//!
//! A file of JSON lines that only grows; `docs/acknowledgements.md` describes it. What is acknowledged is
//! a digest, so an edited note is unread again. A note that was read stays read, whatever the version it
//! was read for; a side effect is accepted for one version, because it happens again with the next, and a
//! task is done for one.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use consign_metadata::digest::Sha256;
use consign_metadata::name::Label;
use consign_metadata::version::Version;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::event::Person;
use crate::product::Product;

/// What is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A release note, in all its languages.
    Note {
        /// The version it speaks of.
        version: Version,
        /// `NoteReference::digest`
        sha256: Sha256,
    },
    /// A declared side effect.
    SideEffect {
        /// Its name.
        id: Label,
        /// `SideEffect::digest`
        sha256: Sha256,
    },
    /// That the release was taken back on this host before.
    TakenBack {
        /// The number of the upgrade that was.
        upgrade: u32,
    },
    /// A task of a person's, done.
    Task {
        /// Its name.
        id: Label,
        /// `Task::digest`
        sha256: Sha256,
    },
}

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// When, by the host's clock.
    pub at: Timestamp,
    /// Who.
    pub by: Person,
    /// What.
    pub subject: Subject,
    /// The version that was to be installed.
    #[serde(rename = "for")]
    pub version: Version,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AcknowledgementError {
    /// It cannot be read or written.
    #[error("cannot {action} {path}: {cause}")]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason the system gave.
        cause: io::Error,
    },
    /// A line is not an acknowledgement.
    #[error("cannot use {path}, line {line}: {cause}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Counts from 1.
        line: usize,
        /// What is wrong with it.
        cause: serde_json::Error,
    },
}

/// Everything that was acknowledged for a product.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acknowledgements {
    /// In the order in which it was written.
    pub all: Vec<Acknowledgement>,
}

impl Acknowledgements {
    /// Reads the file of a product; empty when there is none. A last line that a power cut tore off
    /// never was acknowledged.
    ///
    /// # Errors
    /// [`AcknowledgementError`]
    pub fn read(product: &Product) -> Result<Self, AcknowledgementError> {
        let path = product.acknowledgements();
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(cause) => return Err(AcknowledgementError::Io { action: "read", path, cause }),
        };
        let mut all = Vec::new();
        for (index, line) in bytes.split_inclusive(|b| *b == b'\n').enumerate() {
            if is_torn(line) && line.as_ptr_range().end == bytes.as_ptr_range().end {
                break;
            }
            let read = serde_json::from_slice(line);
            all.push(read.map_err(|cause| AcknowledgementError::Damaged {
                path: path.clone(),
                line: index + 1,
                cause,
            })?);
        }
        Ok(Self { all })
    }

    /// Whether somebody has acknowledged it, on the way to a version.
    pub fn is_acknowledged(&self, subject: &Subject, to: &Version) -> bool {
        let counts = |one: &Acknowledgement| match subject {
            Subject::Note { .. } => true,
            Subject::SideEffect { .. } | Subject::Task { .. } | Subject::TakenBack { .. } => one.version == *to,
        };
        self.all.iter().any(|one| one.subject == *subject && counts(one))
    }
}

/// Writes down that a person has read or accepted something; on return it is durable.
///
/// # Errors
/// [`AcknowledgementError::Io`]
pub fn acknowledge(product: &Product, new: &[Acknowledgement]) -> Result<(), AcknowledgementError> {
    let path = product.acknowledgements();
    append(&path, new).map_err(|cause| AcknowledgementError::Io { action: "write", path, cause })
}

fn append(path: &Path, new: &[Acknowledgement]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    std::fs::create_dir_all(folder)?;
    let mut file = std::fs::File::options().create(true).read(true).append(true).open(path)?;
    let mut lines = Vec::new();
    if has_torn_end(&mut file)? {
        // What is left of a line must not become the beginning of this one.
        truncate_torn(&file, path)?;
    }
    for one in new {
        serde_json::to_writer(&mut lines, one)?;
        lines.push(b'\n');
    }
    file.write_all(&lines)?;
    file.sync_all()?;
    crate::durable::sync_folder(folder)
}

fn has_torn_end(file: &mut std::fs::File) -> io::Result<bool> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes.split_inclusive(|b| *b == b'\n').next_back().is_some_and(is_torn))
}

fn truncate_torn(file: &std::fs::File, path: &Path) -> io::Result<()> {
    let bytes = std::fs::read(path)?;
    let torn = bytes.split_inclusive(|b| *b == b'\n').next_back().map_or(0, <[u8]>::len);
    file.set_len((bytes.len() - torn) as u64)
}

// Lost pages come back as NUL bytes, a lost tail as a line without its end.
fn is_torn(line: &[u8]) -> bool {
    !line.ends_with(b"\n") || line.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::Places;

    fn note(text: &str) -> Subject {
        Subject::Note { version: "1.1.0".parse().unwrap(), sha256: Sha256::of(text.as_bytes()) }
    }

    fn effect() -> Subject {
        Subject::SideEffect { id: "password".parse().unwrap(), sha256: Sha256::of(b"reset") }
    }

    fn of(subject: Subject, version: &str) -> Acknowledgement {
        Acknowledgement {
            at: Timestamp::UNIX_EPOCH,
            by: Person { uid: 0, name: "marie".to_owned() },
            subject,
            version: version.parse().unwrap(),
        }
    }

    fn product() -> (tempfile::TempDir, Product) {
        let root = tempfile::tempdir().unwrap();
        let product = Product::new(&Places::below(root.path()), "acme/erp".parse().unwrap());
        (root, product)
    }

    #[test]
    fn an_edited_note_is_unread_again() {
        let (_root, product) = product();
        acknowledge(&product, &[of(note("text"), "1.1.0")]).unwrap();
        let read = Acknowledgements::read(&product).unwrap();
        let to = "1.2.0".parse().unwrap();
        assert!(read.is_acknowledged(&note("text"), &to), "a note that was read stays read");
        assert!(!read.is_acknowledged(&note("edited"), &to));
    }

    #[test]
    fn a_side_effect_is_accepted_for_one_version() {
        let (_root, product) = product();
        acknowledge(&product, &[of(effect(), "1.1.0")]).unwrap();
        let read = Acknowledgements::read(&product).unwrap();
        assert!(read.is_acknowledged(&effect(), &"1.1.0".parse().unwrap()));
        assert!(!read.is_acknowledged(&effect(), &"1.2.0".parse().unwrap()));
    }

    #[test]
    fn a_task_is_done_for_one_version_and_in_its_words() {
        let (_root, product) = product();
        let task = |words: &str| Subject::Task { id: "dns".parse().unwrap(), sha256: Sha256::of(words.as_bytes()) };
        acknowledge(&product, &[of(task("words"), "1.1.0")]).unwrap();
        let read = Acknowledgements::read(&product).unwrap();
        assert!(read.is_acknowledged(&task("words"), &"1.1.0".parse().unwrap()));
        assert!(!read.is_acknowledged(&task("words"), &"1.2.0".parse().unwrap()));
        assert!(!read.is_acknowledged(&task("edited"), &"1.1.0".parse().unwrap()));
        let text = std::fs::read_to_string(product.acknowledgements()).unwrap();
        assert!(text.contains(r#""subject":{"task":{"id":"dns","sha256":""#), "{text}");
    }

    #[test]
    fn the_format_is_the_published_one() {
        let (_root, product) = product();
        acknowledge(&product, &[of(effect(), "1.1.0")]).unwrap();
        let text = std::fs::read_to_string(product.acknowledgements()).unwrap();
        let digest = Sha256::of(b"reset");
        assert_eq!(
            text,
            format!(
                "{{\"at\":\"1970-01-01T00:00:00Z\",\"by\":{{\"uid\":0,\"name\":\"marie\"}},\
                 \"subject\":{{\"side-effect\":{{\"id\":\"password\",\"sha256\":\"{digest}\"}}}},\"for\":\"1.1.0\"}}\n"
            )
        );
    }

    #[test]
    fn a_torn_line_was_never_acknowledged_and_spoils_no_other() {
        let (_root, product) = product();
        acknowledge(&product, &[of(note("a"), "1.1.0"), of(note("b"), "1.1.0")]).unwrap();
        let whole = std::fs::read(product.acknowledgements()).unwrap();
        for lost in 1..40 {
            std::fs::write(product.acknowledgements(), &whole[..whole.len() - lost]).unwrap();
            assert_eq!(Acknowledgements::read(&product).unwrap().all.len(), 1);
        }
        acknowledge(&product, &[of(note("c"), "1.1.0")]).unwrap();
        let read = Acknowledgements::read(&product).unwrap();
        assert_eq!(read.all.iter().map(|one| &one.subject).collect::<Vec<_>>(), [&note("a"), &note("c")]);
    }

    #[test]
    fn damage_in_the_middle_names_its_line() {
        let (_root, product) = product();
        acknowledge(&product, &[of(note("a"), "1.1.0")]).unwrap();
        let mut text = "nonsense\n".to_owned();
        text += &std::fs::read_to_string(product.acknowledgements()).unwrap();
        std::fs::write(product.acknowledgements(), text).unwrap();
        let error = Acknowledgements::read(&product).unwrap_err();
        assert!(matches!(error, AcknowledgementError::Damaged { line: 1, .. }), "{error}");
    }
}
