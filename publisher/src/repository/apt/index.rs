//! The `Packages` index: one stanza per package of an architecture.

use std::io::{self, Read, Write};

use consign_metadata::digest::Sha256;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::deb822::{field, paragraphs};
use crate::package::SignedPackage;
use crate::package::deb::CONTENT_FIELD;

/// The largest index that is unpacked; ten thousand packages are about 8 MB.
const MAXIMUM_UNPACKED: u64 = 256 * 1024 * 1024;

/// A package as the index lists it: its control fields, and which file it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stanza {
    /// Its name.
    pub package: String,
    /// Its native version.
    pub version: String,
    /// Its native architecture.
    pub architecture: String,
    /// The file, below the root of the repository.
    pub filename: String,
    /// Length of the file.
    pub size: u64,
    /// Digest of the file.
    pub sha256: Sha256,
    /// What the package is apart from its signature, where consign built it.
    pub content: Option<Sha256>,
    text: String,
}

impl Stanza {
    /// The stanza of a package that is published under a name.
    ///
    /// # Errors
    /// What is wrong with its control file.
    pub fn of(package: &SignedPackage, filename: &str) -> Result<Self, String> {
        let (size, sha256) = (package.file_size(), package.file_digest());
        let control = package.control().ok_or("it is no .deb")?.to_string();
        let control = control.trim_end_matches('\n');
        Self::parse(&format!("{control}\nFilename: {filename}\nSize: {size}\nSHA256: {sha256}"))
    }

    /// A field of its control file, of one line.
    pub fn field(&self, name: &str) -> Option<&str> {
        field(&self.text, name)
    }

    /// Reads a paragraph of an index.
    ///
    /// # Errors
    /// Which field is missing or bad.
    pub fn parse(text: &str) -> Result<Self, String> {
        let get = |name: &str| field(text, name).ok_or_else(|| format!("a stanza has no field {name}"));
        Ok(Self {
            package: get("Package")?.to_owned(),
            version: get("Version")?.to_owned(),
            architecture: get("Architecture")?.to_owned(),
            filename: get("Filename")?.to_owned(),
            size: get("Size")?.parse().map_err(|_| "a stanza has a bad size".to_owned())?,
            sha256: get("SHA256")?.parse().map_err(|e| format!("a stanza has a bad digest: {e}"))?,
            content: field(text, CONTENT_FIELD).and_then(|digest| digest.parse().ok()),
            text: text.to_owned(),
        })
    }
}

/// The text of an index.
pub fn render<'a>(stanzas: impl Iterator<Item = &'a Stanza>) -> String {
    stanzas.map(|stanza| format!("{}\n\n", stanza.text)).collect()
}

/// Reads the text of an index.
///
/// # Errors
/// What is wrong with it.
pub fn parse(text: &str) -> Result<Vec<Stanza>, String> {
    paragraphs(text).map(Stanza::parse).collect()
}

/// The index as it is served; the same text gives the same bytes.
///
/// # Errors
/// None but those of the compressor.
pub fn pack(text: &str) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}

/// The text of an index as it is served.
///
/// # Errors
/// It is not compressed text, or far too much of it.
pub fn unpack(bytes: &[u8]) -> io::Result<String> {
    let mut text = String::new();
    MultiGzDecoder::new(bytes).take(MAXIMUM_UNPACKED + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAXIMUM_UNPACKED {
        return Err(io::Error::other(format!("it unpacks to more than {MAXIMUM_UNPACKED} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Package: a\nVersion: 1-1\nArchitecture: all\nDescription: one\n .\n two\n\
        Filename: pool/main/a/a/a_1-1_all.deb\nSize: 3\n\
        SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn an_index_survives_the_round_trip_to_the_byte() {
        let stanzas = [Stanza::parse(TEXT).unwrap(), Stanza::parse(&TEXT.replace("1-1", "2-1")).unwrap()];
        let text = render(stanzas.iter());
        let packed = pack(&text).unwrap();
        assert_eq!(packed, pack(&text).unwrap());
        let unpacked = unpack(&packed).unwrap();
        assert_eq!(unpacked, text);
        assert_eq!(parse(&unpacked).unwrap(), stanzas);
    }

    #[test]
    fn a_stanza_without_a_digest_is_refused() {
        let without = TEXT.replace("SHA256", "MD5sum");
        assert_eq!(Stanza::parse(&without).unwrap_err(), "a stanza has no field SHA256");
    }
}
