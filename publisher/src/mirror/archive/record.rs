//! What a mirror knows of an archive: `.consign/archive.json`, which no host reads.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use consign_metadata::anchor::Fingerprint;
use consign_metadata::digest::Sha256;
use consign_metadata::openpgp::{Keyring, VerifyError};
use jiff::Timestamp;
use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::CertParser;
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::SerializeInto;
use serde::{Deserialize, Serialize};

use crate::mirror::MirrorError;
use crate::mirror::medium::Packer;
use crate::mirror::own_file;
use crate::mirror::upstream::Mark;

/// The only format so far.
const FORMAT: u32 = 1;
/// Its name in the mirror's own folder.
pub const FILE: &str = "archive.json";

/// What a mirror knows of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    format: u32,
    /// The archive that was copied last.
    pub upstream: String,
    /// Who may sign its suites: certificates, armored.
    pub keys: Vec<String>,
    /// Whose media are taken; absent: those of anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packed_by: Option<Packer>,
    /// By suite.
    pub suites: BTreeMap<String, Suite>,
}

/// What was taken of a suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// What is carried of it.
    pub slice: Slice,
    /// The digest of its `InRelease`.
    pub release: Sha256,
    /// Its date.
    pub date: Timestamp,
    /// When it was taken.
    pub taken: Timestamp,
    /// When the archive was last asked whether there is a newer one.
    pub asked: Timestamp,
    /// What the server said of `InRelease`.
    #[serde(flatten)]
    pub mark: Mark,
}

/// What is carried of a suite.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slice {
    /// Its components.
    pub components: BTreeSet<String>,
    /// For these architectures.
    pub architectures: BTreeSet<String>,
    /// The packages; none for all.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub packages: BTreeSet<String>,
    /// Whether what they need comes along.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dependencies: bool,
    /// Descriptions in these languages.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub languages: BTreeSet<String>,
}

/// What is carried of an archive, as media say it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Archive {
    /// Suites of an archive of apt.
    Apt(BTreeMap<String, Slice>),
    /// A repository of yum.
    Yum(Slice),
}

impl Archive {
    /// Suites with what is carried of them.
    pub fn slices(&self) -> BTreeMap<String, Slice> {
        match self {
            Self::Apt(suites) => suites.clone(),
            Self::Yum(slice) => [(super::yum::SUITE.to_owned(), slice.clone())].into(),
        }
    }
}

impl Record {
    /// That of an archive of which nothing is here yet.
    pub fn new(upstream: &str) -> Self {
        let (upstream, keys, suites) = (upstream.to_owned(), Vec::new(), BTreeMap::new());
        Self { format: FORMAT, upstream, keys, packed_by: None, suites }
    }

    /// Reads that of a mirror; `None` where there is none.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn load(folder: &Path) -> Result<Option<Self>, MirrorError> {
        own_file::load(folder, FILE, FORMAT)
    }

    /// Writes it; durable when it returns.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn save(&self, folder: &Path) -> Result<(), MirrorError> {
        own_file::save(folder, FILE, self)
    }

    /// What is carried of which suites.
    pub fn archive(&self) -> Archive {
        match self.suites.get(super::yum::SUITE) {
            Some(suite) => Archive::Yum(suite.slice.clone()),
            None => Archive::Apt(self.suites.iter().map(|(name, suite)| (name.clone(), suite.slice.clone())).collect()),
        }
    }

    /// Believes the certificates of a keyring, and no other ones.
    ///
    /// # Errors
    /// [`VerifyError::Certificate`]
    pub fn believe(&mut self, keyring: &[u8]) -> Result<(), VerifyError> {
        let bad = |cause: sequoia_openpgp::anyhow::Error| VerifyError::Certificate(format!("{cause:#}"));
        let text = |cert: sequoia_openpgp::Result<Cert>| -> Result<String, VerifyError> {
            let armored = cert.and_then(|cert| cert.armored().to_vec()).map_err(bad)?;
            Ok(String::from_utf8_lossy(&armored).into_owned())
        };
        self.keys = CertParser::from_bytes(keyring).map_err(bad)?.map(text).collect::<Result<_, _>>()?;
        Ok(())
    }

    /// The keys that may sign a suite: every one of the certificates that signs.
    ///
    /// # Errors
    /// [`VerifyError::Certificate`]
    pub fn keyring(&self) -> Result<Keyring, VerifyError> {
        let bad = |cause: sequoia_openpgp::anyhow::Error| VerifyError::Certificate(format!("{cause:#}"));
        let (mut bytes, mut accepted) = (Vec::new(), BTreeSet::new());
        let policy = StandardPolicy::new();
        for armored in &self.keys {
            let cert = Cert::from_bytes(armored.as_bytes()).map_err(bad)?;
            bytes.extend(cert.to_vec().map_err(bad)?);
            // One that is not good any more signs nothing that is accepted.
            let Ok(valid) = cert.with_policy(&policy, None) else { continue };
            let keys = valid.keys().for_signing().map(|key| key.key().fingerprint().to_hex());
            accepted.extend(keys.filter_map(|hex| Fingerprint::try_from(hex).ok()));
        }
        Keyring::new(&bytes, accepted, "archive")
    }
}
