//! What a package is, as one digest: the same for every build of the same content.
//!
//! Signatures are salted and compressors change between releases, so neither the file nor its members
//! can be compared to tell whether a version was built from other content. This digest counts the
//! control fields, the scripts and the payload, and for a signed document what was signed.

use sha2::Digest as _;

use consign_metadata::digest::Sha256;

use super::Paragraph;
use super::control::ControlMember;
use crate::stage::{Entry, Node, Source};

/// The digest, as it grows.
pub struct ContentDigest(sha2::Sha256);

impl ContentDigest {
    /// Begins with the control archive.
    pub fn begin(control: &Paragraph, members: &[ControlMember]) -> Self {
        let mut digest = Self(sha2::Sha256::new());
        digest.record(&["consign-content-1", "control"]);
        digest.sized(control.to_string().as_bytes());
        for member in members {
            digest.record(&["member", &member.name]);
            match &member.content {
                Source::Bytes(bytes) => digest.sized(bytes),
                Source::Salted { stands_for, .. } => digest.sized(stands_for.to_string().as_bytes()),
                // Members are small and generated; one from a file is told by its path and length.
                Source::Path { path, size } => digest.record(&[&path.display().to_string(), &size.to_string()]),
            }
        }
        digest
    }

    /// Counts a path of the payload, all but the content of a plain file, which must follow.
    pub fn entry(&mut self, path: &str, entry: &Entry) {
        let attributes = &entry.attributes;
        let mode = format!("{:o}", attributes.mode);
        let (kind, detail) = match &entry.node {
            Node::Folder => ("folder", String::new()),
            Node::Symlink { target } => ("symlink", target.clone()),
            Node::HardLink { to } => ("link", to.clone()),
            Node::File { source: Source::Salted { stands_for, .. }, .. } => ("document", stands_for.to_string()),
            Node::File { source, .. } => ("file", source.size().to_string()),
        };
        self.record(&[kind, path, &attributes.owner, &attributes.group, &mode, &detail]);
    }

    /// Counts a path of a payload that others packed, all but its content, which must follow.
    pub fn foreign(&mut self, header: &tar::Header, path: &[u8], link: &[u8]) {
        let number = |number: std::io::Result<u64>| number.unwrap_or_default().to_string();
        let name = |name: Option<&[u8]>| String::from_utf8_lossy(name.unwrap_or_default()).into_owned();
        let kind = header.entry_type().as_byte().to_string();
        self.record(&["foreign", &kind, &name(header.username_bytes()), &name(header.groupname_bytes())]);
        self.record(&[&number(header.uid()), &number(header.gid()), &number(header.mode().map(u64::from))]);
        self.sized(path);
        self.sized(link);
        self.record(&[&number(header.entry_size())]);
    }

    /// Counts content.
    pub fn content(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of everything counted.
    pub fn finish(self) -> Sha256 {
        let digest: [u8; 32] = self.0.finalize().into();
        hex::encode(digest).parse().expect("32 bytes in hexadecimal are a digest")
    }

    fn sized(&mut self, bytes: &[u8]) {
        self.record(&[&bytes.len().to_string()]);
        self.0.update(bytes);
    }

    /// No field holds a NUL, so nothing that differs is counted alike.
    fn record(&mut self, fields: &[&str]) {
        for field in fields {
            self.0.update(field.as_bytes());
            self.0.update(b"\0");
        }
    }
}
