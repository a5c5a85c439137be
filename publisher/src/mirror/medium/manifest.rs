//! What a medium says of itself: an index for finding. Nothing of it is believed that the vendor has not signed.
//!
//! The format is described in `docs/medium.md`.

use std::collections::BTreeMap;

use consign_metadata::anchor::Fingerprint;
use consign_metadata::digest::Sha256;
use consign_metadata::feed::FileReference;
use consign_metadata::name::{ChannelName, VendorName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::mirror::Selection;
use crate::mirror::archive::Archive;
use crate::store::Key;

/// The only format so far, of manifest and label.
pub const FORMAT: u32 = 1;
/// The largest manifest that is read, in bytes; ten thousand packages are about 6 MB.
pub const MAXIMUM: u64 = 32 * 1024 * 1024;
const KIND: &str = "medium";
/// A kind of its own, so that a reader that knows nothing of archives says so.
const OF_ARCHIVE: &str = "archive-medium";

/// What an export holds; the same on each of its volumes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    kind: String,
    format: u32,
    /// When it was made.
    pub made: Timestamp,
    /// Whose repository it is; absent where it is an archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<VendorName>,
    /// Its primary key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<Fingerprint>,
    /// What is brought of an archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<Archive>,
    /// Which packages of the repository the exporting mirror carries.
    #[serde(default, skip_serializing_if = "Selection::is_everything")]
    pub selection: Selection,
    /// What is brought of each channel.
    #[serde(default)]
    pub channels: BTreeMap<ChannelName, Journey>,
    /// How many volumes there are.
    pub volumes: u32,
    /// Every file that is brought, by its name in the repository.
    pub files: Vec<File>,
}

/// From which generation of a channel to which one an export leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journey {
    /// The generation that is brought.
    pub generation: u64,
    /// When the vendor was last asked for a newer one.
    pub asked: Timestamp,
    /// The generation that the site has; absent where everything is brought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
}

/// A file of the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Below the root of the repository.
    pub path: String,
    /// Its length in bytes.
    pub size: u64,
    /// Its digest.
    pub sha256: Sha256,
    /// What it is put together from, in this order.
    pub blobs: Vec<Blob>,
    /// What the blobs are if they are not the file itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<Delta>,
}

/// A file of a volume; it has its digest for a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Blob {
    /// The digest of its content.
    pub sha256: Sha256,
    /// Its length in bytes.
    pub size: u64,
    /// The volume that it is on; absent where it is on each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Option<u32>,
}

/// How a file is made from one that the site has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    /// The name of the method.
    pub codec: String,
    /// The file that the site has, below the root of the repository.
    pub path: String,
    /// The digest of that file.
    pub base: Sha256,
}

impl Manifest {
    /// An export with nothing in it yet.
    pub fn of_vendor(made: Timestamp, vendor: VendorName, primary: Fingerprint, selection: Selection) -> Self {
        Self { vendor: Some(vendor), primary: Some(primary), selection, ..Self::empty(KIND, made) }
    }

    /// The same of an archive.
    pub fn of_archive(made: Timestamp, archive: Archive) -> Self {
        Self { archive: Some(archive), ..Self::empty(OF_ARCHIVE, made) }
    }

    fn empty(kind: &str, made: Timestamp) -> Self {
        let (kind, selection, channels, files) = (kind.to_owned(), Selection::default(), BTreeMap::new(), Vec::new());
        let (vendor, primary, archive) = (None, None, None);
        Self { kind, format: FORMAT, made, vendor, primary, archive, selection, channels, volumes: 1, files }
    }

    /// As it is written.
    ///
    /// # Errors
    /// Why it cannot be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, String> {
        serde_json::to_vec(self).map_err(|cause| cause.to_string())
    }

    /// Reads one, and refuses what would lead anywhere but to blobs of its volumes.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Heading {
            kind: String,
            format: u32,
        }
        let bad = |cause: serde_json::Error| format!("its manifest is not understood: {cause}");
        let heading: Heading = serde_json::from_slice(bytes).map_err(bad)?;
        if ![KIND, OF_ARCHIVE].contains(&&*heading.kind) {
            return Err(format!("its manifest is one of a {:?}", heading.kind));
        }
        if heading.format > FORMAT {
            return Err(format!("its manifest has format {}; it needs a newer consign", heading.format));
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(bad)?;
        let has = (manifest.vendor.is_some() && manifest.primary.is_some(), manifest.archive.is_some());
        if has != (heading.kind == KIND, heading.kind == OF_ARCHIVE) {
            return Err("its manifest does not say whose repository it is".to_owned());
        }
        let wrong = manifest.files.iter().find_map(|file| Some((file, file.contradiction(manifest.volumes)?)));
        wrong.map_or(Ok(()), |(file, what)| Err(format!("its manifest says of {:?} {what}", file.path)))?;
        Ok(manifest)
    }
}

impl File {
    /// A file that is carried as it is.
    pub fn of(file: &FileReference, blobs: Vec<Blob>) -> Self {
        let FileReference { path, size, sha256 } = file.clone();
        Self { path, size, sha256, blobs, delta: None }
    }

    /// What cannot be true of it.
    fn contradiction(&self, volumes: u32) -> Option<&'static str> {
        let bytes = self.blobs.iter().try_fold(0_u64, |sum, blob| sum.checked_add(blob.size));
        let is_key = |path: &str| path.parse::<Key>().is_ok();
        if !is_key(&self.path) || self.delta.as_ref().is_some_and(|delta| !is_key(&delta.path)) {
            return Some("a name that no repository has");
        }
        if self.blobs.iter().filter_map(|blob| blob.volume).any(|volume| volume == 0 || volume > volumes) {
            return Some("that it is on a volume that does not exist");
        }
        match (bytes, &self.delta) {
            (Some(bytes), None) if bytes == self.size => None,
            (Some(bytes), Some(_)) if bytes <= self.size => None,
            _ => Some("another length than its blobs have"),
        }
    }

    /// The volumes that it is on, apart from what is on each.
    pub fn volumes(&self) -> impl Iterator<Item = u32> {
        self.blobs.iter().filter_map(|blob| blob.volume)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(change: impl Fn(&mut serde_json::Value)) -> Result<Manifest, String> {
        let digest = Sha256::of(b"x");
        let mut value = serde_json::json!({"kind": "medium", "format": 1, "made": "2026-01-01T00:00:00Z",
            "vendor": "acme", "primary": "A".repeat(40), "volumes": 2,
            "channels": {"stable": {"generation": 7, "asked": "2026-01-01T00:00:00Z"}},
            "files": [{"path": "pool/x.deb", "size": 5, "sha256": digest, "blobs": [
                {"sha256": digest, "size": 2, "volume": 1}, {"sha256": digest, "size": 3, "volume": 2}]}]});
        change(&mut value);
        Manifest::parse(value.to_string().as_bytes())
    }

    #[test]
    fn a_manifest_leads_to_blobs_of_its_volumes_and_nowhere_else() {
        let manifest = parsed(|_| ()).unwrap();
        assert_eq!(Manifest::parse(&manifest.to_bytes().unwrap()).unwrap(), manifest);
        assert!(parsed(|m| m["files"][0]["note"] = "of a later version".into()).is_ok());
        let refused = |words: &str, change: &dyn Fn(&mut serde_json::Value)| {
            let error = parsed(change).unwrap_err();
            assert!(error.contains(words), "{error}");
        };
        refused("needs a newer consign", &|m| m["format"] = 2.into());
        refused("one of a \"feed\"", &|m| m["kind"] = "feed".into());
        refused("whose repository it is", &|m| m["vendor"] = serde_json::Value::Null);
        refused("whose repository it is", &|m| m["kind"] = "archive-medium".into());
        refused("whose repository it is", &|m| m["archive"] = serde_json::json!({"apt": {}}));
        refused("a name that no repository has", &|m| m["files"][0]["path"] = "../../etc/passwd".into());
        refused("a name that no repository has", &|m| m["files"][0]["path"] = "/etc/passwd".into());
        refused("does not exist", &|m| m["files"][0]["blobs"][1]["volume"] = 3.into());
        refused("another length", &|m| m["files"][0]["size"] = 6.into());
        refused("another length", &|m| m["files"][0]["blobs"][0]["size"] = u64::MAX.into());
        refused("not understood", &|m| m["files"][0]["sha256"] = "00".into());
        let base = serde_json::json!({"codec": "x", "path": "../x", "base": Sha256::of(b"x")});
        refused("a name that no repository has", &|m| m["files"][0]["delta"] = base.clone());
    }
}
