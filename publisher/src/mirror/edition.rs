//! One generation of a channel as its vendor published it: read in the order of a client, verified before
//! it is parsed, and all of it what the signed head of the feed names.
//!
//! A publication may be under way while it is read. What the head does not name belongs to another
//! generation; the repository is then read again from its head on.

use std::collections::BTreeSet;

use consign_metadata::digest::Sha256;
use consign_metadata::feed::{Feed, FileReference};
use consign_metadata::name::{ChannelName, ProductId};
use consign_metadata::openpgp::Keyring;

use super::MirrorError;
use super::holding::named_generation;
use super::offer::{Offer, Offers, Wanted};
use super::reading::Reading;
use super::upstream::Upstream;
use crate::feed::{self, Changes};
use crate::repository::{RepositoryError, apt, windows, yum};
use crate::store::{Key, Source, Store};

const MAXIMUM_SIGNATURE: u64 = 256 * 1024;

/// A generation, read.
pub struct Edition {
    /// What it offers.
    pub offers: Offers,
    /// Plans.
    pub plans: Vec<FileReference>,
    /// Indexes under the names of their content, and shards.
    pub additions: Vec<(Key, Vec<u8>)>,
    /// The files of apt that are swapped, in their order.
    pub apt: Vec<(Key, Vec<u8>)>,
    /// The generation of yum, if it has one.
    pub yum: Option<YumEdition>,
}

/// What a generation has for yum.
pub struct YumEdition {
    /// The name of its folder.
    pub generation: String,
    /// Its files that are swapped in the folder `latest`, in their order.
    pub latest: Vec<(Key, Vec<u8>)>,
}

/// Whose channel is read, and by which head.
pub struct Reader<'a> {
    pub upstream: &'a Upstream,
    pub store: &'a dyn Store,
    pub channel: &'a ChannelName,
    pub index_keys: &'a Keyring,
    pub feed: &'a Feed,
    /// What came with the head.
    pub changes: &'a Changes,
}

impl Reader<'_> {
    /// Reads everything but packages and plans.
    ///
    /// # Errors
    /// [`MirrorError::Mixed`] where it is worth reading again; others.
    pub fn read(&self) -> Result<Edition, MirrorError> {
        let reading = Reading::new(self.upstream, self.store, self.changes);
        let mut offers = Offers::default();
        let apt = self.apt(&reading, &mut offers)?;
        let yum = self.yum(&reading, &mut offers)?;
        let mut plans = Vec::new();
        for (product, file) in &self.feed.shards {
            let id = ProductId { vendor: self.feed.vendor.clone(), product: product.clone() };
            let shard = feed::shard(&reading, &id, file)?;
            offers.releases(&shard)?;
            plans.extend(shard.releases.iter().map(|release| release.plan_file.clone()));
        }
        for package in windows::index(&reading, self.feed)?.iter().flat_map(|index| &index.packages) {
            offers.for_windows(package)?;
        }
        let mut additions = reading.additions();
        if let Some(yum) = &yum {
            additions.extend(yum.documents_of(&additions, self.channel)?);
        }
        Ok(Edition { offers, plans, additions, apt, yum })
    }

    /// `InRelease`, which must be the one that the head names, and everything that it leads to.
    fn apt(&self, reading: &Reading<'_>, offers: &mut Offers) -> Result<Vec<(Key, Vec<u8>)>, MirrorError> {
        let layout = apt::Layout::of(self.channel);
        let entrance = apt::entrance(reading, self.channel, self.index_keys)?;
        let entrance = entrance.ok_or_else(|| self.mixed("dists/…/InRelease"))?;
        if !self.feed.entry_points.current.contains(&entrance.file) {
            return Err(self.mixed(&entrance.file.path));
        }
        let (mut files, mut read) = (Vec::new(), BTreeSet::new());
        for architecture in &entrance.release.architectures {
            let listed = apt::more_packages(reading, self.channel, &entrance.release, architecture, &mut read)?;
            listed.into_iter().try_for_each(|stanza| offers.add(stanza.into()))?;
            let name = format!("{}/binary-{architecture}/Packages.gz", apt::COMPONENT);
            if let Some(index) = entrance.release.indexes.get(&name) {
                let bytes = reading.kept(&layout.by_hash(architecture, &index.sha256)?).unwrap_or_default();
                files.push((layout.file(&name)?, bytes));
            }
        }
        files.extend(self.pair(reading, &entrance.release)?);
        let in_release = layout.file("InRelease")?;
        let bytes = reading.kept(&in_release).unwrap_or_default();
        files.push((in_release, bytes));
        Ok(files)
    }

    /// `Release` and its signature. The text is that of `InRelease`, which the signature proves.
    fn pair(&self, reading: &Reading<'_>, release: &apt::ReleaseFile) -> Result<Vec<(Key, Vec<u8>)>, MirrorError> {
        let layout = apt::Layout::of(self.channel);
        let (text, signature) = (layout.file("Release")?, layout.file("Release.gpg")?);
        let read = reading.read(&signature, MAXIMUM_SIGNATURE)?;
        let (bytes, _) = read.ok_or_else(|| self.mixed(signature.as_str()))?;
        let ours = release.to_string().into_bytes();
        if self.index_keys.verify_detached(&bytes, &ours).is_err() {
            return Err(self.mixed(signature.as_str()));
        }
        Ok(vec![(text, ours), (signature, bytes)])
    }

    /// The generation that the head names; the list, which nobody signs, is not asked.
    fn yum(&self, reading: &Reading<'_>, offers: &mut Offers) -> Result<Option<YumEdition>, MirrorError> {
        let layout = yum::Layout::of(self.channel);
        let Some(generation) = named_generation(self.feed, self.channel) else { return Ok(None) };
        let entrance = yum::entrance_of(reading, self.channel, &generation, self.index_keys)?;
        let place = &entrance.file.path;
        if !self.feed.entry_points.current.contains(&entrance.file) {
            return Err(RepositoryError::damaged(place, "its content is not what the feed says").into());
        }
        let contents = yum::contents(reading, self.channel, &entrance)?;
        contents.entries.into_iter().try_for_each(|entry| offers.add(entry.into()))?;
        let key = layout.file(&generation, yum::KEY)?;
        let read = reading.read(&key, MAXIMUM_SIGNATURE)?;
        let (certificate, _) = read.ok_or_else(|| RepositoryError::damaged(&key, "it is not there"))?;
        let (repomd, signature) = entrance.bytes;
        let latest = |name: &str| layout.file(yum::LATEST, name);
        let latest = vec![
            (latest(yum::KEY)?, certificate),
            (latest(yum::REPOMD)?, repomd),
            (latest(yum::SIGNATURE)?, signature),
        ];
        Ok(Some(YumEdition { generation, latest }))
    }

    fn mixed(&self, place: &str) -> MirrorError {
        let (channel, generation) = (self.channel.clone(), self.feed.generation);
        MirrorError::Mixed { channel, generation, place: place.to_owned() }
    }
}

impl YumEdition {
    /// The documents under the names that they have in the folder `latest`.
    fn documents_of(
        &self,
        additions: &[(Key, Vec<u8>)],
        channel: &ChannelName,
    ) -> Result<Vec<(Key, Vec<u8>)>, MirrorError> {
        let layout = yum::Layout::of(channel);
        let own = additions.iter().filter(|(key, _)| layout.generation_of(key) == Some(&self.generation));
        let documents = own.filter(|(key, _)| key.file_name().ends_with(".xml.gz"));
        documents.map(|(key, bytes)| Ok((layout.file(yum::LATEST, key.file_name())?, bytes.clone()))).collect()
    }
}

impl Edition {
    /// Every file that has to be there besides the indexes: plans, and the packages that are carried.
    pub fn wanted(&self, takes: impl Fn(&Offer) -> bool) -> Vec<Wanted> {
        let plans = self.plans.iter().map(|file| Wanted { file: file.clone(), package: None });
        let packages = self.offers.iter().filter(|offer| takes(offer));
        plans.chain(packages.map(|offer| Wanted { file: offer.file.clone(), package: Some(offer.clone()) })).collect()
    }
}

/// The digest of a head as it is served.
pub fn digest(head: &[u8]) -> Sha256 {
    Sha256::of(head)
}
