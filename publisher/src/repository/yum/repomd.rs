//! The file `repomd.xml`: which documents make up a generation.

use std::collections::BTreeMap;
use std::fmt;

use consign_metadata::digest::Sha256;
use consign_metadata::name::{ChannelName, VendorName};
use jiff::Timestamp;

use super::xml::{self, blocks, line, text};

/// The documents in the order in which they are listed.
pub const KINDS: [&str; 4] = ["primary", "filelists", "other", "updateinfo"];

/// What a `repomd.xml` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repomd {
    /// Whose repository it is.
    pub vendor: VendorName,
    /// The channel.
    pub channel: ChannelName,
    /// When this generation was made.
    pub revision: Timestamp,
    /// The documents by kind.
    pub data: BTreeMap<String, Data>,
}

/// A document: as it is served, and unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Data {
    /// Digest of the file.
    pub sha256: Sha256,
    /// Length of the file.
    pub size: u64,
    /// Digest of the text.
    pub open_sha256: Sha256,
    /// Length of the text.
    pub open_size: u64,
}

impl Data {
    /// That of a document at hand.
    pub fn of(text: &str, packed: &[u8]) -> Self {
        let (text, size) = (text.as_bytes(), packed.len() as u64);
        Self { sha256: Sha256::of(packed), size, open_sha256: Sha256::of(text), open_size: text.len() as u64 }
    }

    /// The name of its file, which never changes its content.
    pub fn file_name(&self, kind: &str) -> String {
        format!("{}-{kind}.xml.gz", self.sha256)
    }
}

impl fmt::Display for Repomd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.revision.as_second();
        writeln!(f, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        writeln!(f, "<repomd xmlns=\"http://linux.duke.edu/metadata/repo\">\n  <revision>{seconds}</revision>")?;
        writeln!(f, "  <tags>\n    <repo>{}/{}</repo>\n  </tags>", self.vendor, self.channel)?;
        for kind in KINDS {
            let Some(data) = self.data.get(kind) else { continue };
            let Data { sha256, size, open_sha256, open_size } = data;
            writeln!(f, "<data type=\"{kind}\">\n    <checksum type=\"sha256\">{sha256}</checksum>")?;
            writeln!(f, "    <open-checksum type=\"sha256\">{open_sha256}</open-checksum>")?;
            writeln!(f, "    <location href=\"repodata/{}\"/>", data.file_name(kind))?;
            writeln!(f, "    <timestamp>{seconds}</timestamp>\n    <size>{size}</size>")?;
            writeln!(f, "    <open-size>{open_size}</open-size>\n</data>")?;
        }
        writeln!(f, "</repomd>")
    }
}

impl Repomd {
    /// Reads a file of the form that is written here.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(document: &str) -> Result<Self, String> {
        let get = |name: &str| text(document, name).ok_or_else(|| format!("it has no {name}"));
        let (vendor, channel) = get("repo")?.split_once('/').ok_or("it does not say whose it is")?;
        let seconds = get("revision")?.parse().map_err(|_| "it has a bad revision".to_owned())?;
        let data = blocks(document, "data").map(data);
        Ok(Self {
            vendor: vendor.parse().map_err(|e| format!("its vendor {e}"))?,
            channel: channel.parse().map_err(|e| format!("its channel {e}"))?,
            revision: Timestamp::from_second(seconds).map_err(|e| format!("it has a bad revision: {e}"))?,
            data: data.collect::<Result<_, _>>()?,
        })
    }
}

fn data(block: &str) -> Result<(String, Data), String> {
    let kind = xml::attribute(block, "type").ok_or("a document has no type")?;
    let get = |name: &str| text(block, name).ok_or_else(|| format!("its {kind} has no {name}"));
    let digest = |name: &str| get(name)?.parse().map_err(|e| format!("its {kind} has a bad digest: {e}"));
    let length = |name: &str| get(name)?.parse().map_err(|_| format!("its {kind} has a bad {name}"));
    let data = Data {
        sha256: digest("checksum")?,
        size: length("size")?,
        open_sha256: digest("open-checksum")?,
        open_size: length("open-size")?,
    };
    let place = line(block, "location").and_then(|line| xml::attribute(line, "href"));
    if place != Some(&format!("repodata/{}", data.file_name(kind))) {
        return Err(format!("its {kind} is not named after its content"));
    }
    Ok((kind.to_owned(), data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let repomd = Repomd {
            vendor: "acme".parse().unwrap(),
            channel: "stable".parse().unwrap(),
            revision: "2026-10-21T21:57:39Z".parse().unwrap(),
            data: [("primary", "a"), ("updateinfo", "b")]
                .map(|(kind, text)| (kind.to_owned(), Data::of(text, b"packed")))
                .into(),
        };
        let document = repomd.to_string();
        assert_eq!(Repomd::parse(&document), Ok(repomd));
        let elsewhere = document.replace("href=\"repodata/", "href=\"repodata/x");
        assert_eq!(Repomd::parse(&elsewhere).unwrap_err(), "its primary is not named after its content");
    }
}
