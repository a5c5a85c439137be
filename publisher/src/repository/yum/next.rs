//! The next generation of a yum repository, as it is written.

use std::collections::BTreeMap;

use consign_metadata::digest::Sha256;
use consign_metadata::feed::FileReference;

use super::layout::{KEY, LATEST, Layout, REPOMD, SIGNATURE};
use super::published::{Entrance, MAXIMUM_INDEX};
use super::repomd::{Data, Repomd};
use super::{YumRepository, advisory, entry, generations};
use crate::repository::{RepositoryError, Snapshot, Validity, gzip};
use crate::sign::OpenPgpSigner;
use crate::store::{Key, Swap};

/// Documents: name of the file and bytes.
type Files = Vec<(String, Vec<u8>)>;

impl YumRepository<'_> {
    pub(super) fn next(&self, validity: Validity, signer: &dyn OpenPgpSigner) -> Result<Snapshot, RepositoryError> {
        let layout = Layout::of(&self.channel);
        let (listed, files) = self.documents()?;
        let (entrance, indexes) = match self.unchanged(&listed, signer)? {
            Some(there) => (there, Vec::new()),
            None => {
                let entrance = self.fresh(listed, validity, signer)?;
                let indexes = self.additions(&entrance, files)?;
                (entrance, indexes)
            }
        };
        let before = self.published.iter().map(|before| (before.generation.as_str(), &before.repomd));
        let named: Vec<_> = before.chain([(entrance.generation.as_str(), &entrance.repomd)]).collect();
        let outdated = generations::outdated(self.store, &layout, &named, validity.issued)?;
        let entry_points = self.entry_points(&entrance)?;
        Ok(Snapshot { pool: self.pool.clone(), indexes, entry_points, entrance: entrance.file, outdated })
    }

    /// The documents as they are served, and what `repomd.xml` says of them.
    fn documents(&self) -> Result<(BTreeMap<String, Data>, Files), RepositoryError> {
        let entries: Vec<_> = self.entries.values().collect();
        let mut texts = entry::render(&entries).to_vec();
        if !self.advisories.is_empty() {
            texts.push(("updateinfo", advisory::render(&self.advisories)));
        }
        let (mut listed, mut files) = (BTreeMap::new(), Files::new());
        for (kind, text) in texts {
            let packed = gzip::pack(&text).map_err(|cause| RepositoryError::damaged(kind, cause))?;
            let data = Data::of(&text, &packed);
            files.push((data.file_name(kind), packed));
            listed.insert(kind.to_owned(), data);
        }
        Ok((listed, files))
    }

    /// The published generation, if it says what the next one would say, signed by the same key, and has
    /// the certificate as it is now.
    fn unchanged(
        &self,
        listed: &BTreeMap<String, Data>,
        signer: &dyn OpenPgpSigner,
    ) -> Result<Option<Entrance>, RepositoryError> {
        let same = |there: &&Entrance| there.repomd.data == *listed && there.signer == signer.fingerprint();
        let Some(there) = self.published.as_ref().filter(same) else { return Ok(None) };
        let key = Layout::of(&self.channel).file(&there.generation, KEY)?;
        let key = self.store.read(&key, MAXIMUM_INDEX)?;
        Ok(key.filter(|(bytes, _)| *bytes == self.hosting.key).map(|_| there.clone()))
    }

    /// A generation in a folder of its own.
    fn fresh(
        &self,
        listed: BTreeMap<String, Data>,
        validity: Validity,
        signer: &dyn OpenPgpSigner,
    ) -> Result<Entrance, RepositoryError> {
        let layout = Layout::of(&self.channel);
        let generation = generations::next(self.store, &layout, self.hosting.number)?;
        let (vendor, channel) = (self.vendor.clone(), self.channel.clone());
        let repomd = Repomd { vendor, channel, revision: validity.issued, data: listed };
        let bytes = repomd.to_string().into_bytes();
        let path = layout.file(&generation, REPOMD)?.to_string();
        let file = FileReference { path, size: bytes.len() as u64, sha256: Sha256::of(&bytes) };
        let signature = signer.detached(&mut &*bytes)?;
        Ok(Entrance { repomd, file, generation, signer: signer.fingerprint(), bytes: (bytes, signature) })
    }

    /// The files of a generation, and its documents where they are swapped in place as well.
    fn additions(&self, entrance: &Entrance, files: Files) -> Result<Vec<(Key, Vec<u8>)>, RepositoryError> {
        let layout = Layout::of(&self.channel);
        let mut additions = Vec::new();
        for (name, bytes) in files {
            additions.push((layout.file(&entrance.generation, &name)?, bytes.clone()));
            additions.push((layout.file(LATEST, &name)?, bytes));
        }
        let (repomd, signature) = entrance.bytes.clone();
        for (name, bytes) in [(KEY, self.hosting.key.clone()), (SIGNATURE, signature), (REPOMD, repomd)] {
            additions.push((layout.file(&entrance.generation, name)?, bytes));
        }
        Ok(additions)
    }

    /// The swap of a file, unless it is what it should become.
    fn changed(&self, key: Key, bytes: Vec<u8>) -> Result<Option<Swap>, RepositoryError> {
        let current = self.store.read(&key, MAXIMUM_INDEX)?;
        if current.as_ref().is_some_and(|(there, _)| *there == bytes) {
            return Ok(None);
        }
        Ok(Some(Swap { key, replaces: current.map(|(_, stamp)| stamp), bytes }))
    }

    /// The list first: it alone never shows two halves. dnf reads `repomd.xml` before its signature.
    fn entry_points(&self, entrance: &Entrance) -> Result<Vec<Swap>, RepositoryError> {
        let layout = Layout::of(&self.channel);
        let latest = |name: &str| layout.file(LATEST, name);
        let (repomd, signature) = entrance.bytes.clone();
        let list = layout.list(&self.hosting.url, &entrance.generation).into_bytes();
        let swaps = [
            self.changed(layout.mirrors()?, list)?,
            self.changed(latest(KEY)?, self.hosting.key.clone())?,
            self.changed(latest(REPOMD)?, repomd)?,
            self.changed(latest(SIGNATURE)?, signature)?,
        ];
        Ok(swaps.into_iter().flatten().collect())
    }
}
