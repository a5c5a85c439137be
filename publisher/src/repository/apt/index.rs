//! The `Packages` index: one stanza per package of an architecture.

use consign_metadata::digest::Sha256;

use super::deb822::{field, fields, paragraphs};
use crate::package::SignedPackage;
use crate::package::deb::CONTENT_FIELD;

const FIELDS: [&str; 7] = ["Package", "Version", "Architecture", "Filename", "Size", "SHA256", CONTENT_FIELD];

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
        let [package, version, architecture, filename, size, sha256, content] = fields(text, FIELDS);
        let needed = |name: &str, value: Option<&str>| {
            value.map(str::to_owned).ok_or_else(|| format!("a stanza has no field {name}"))
        };
        Ok(Self {
            package: needed("Package", package)?,
            version: needed("Version", version)?,
            architecture: needed("Architecture", architecture)?,
            filename: needed("Filename", filename)?,
            size: needed("Size", size)?.parse().map_err(|_| "a stanza has a bad size".to_owned())?,
            sha256: needed("SHA256", sha256)?.parse().map_err(|e| format!("a stanza has a bad digest: {e}"))?,
            content: content.and_then(|digest| digest.parse().ok()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::gzip::{pack, unpack};

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
