//! The entry points of a generation, in the order in which its vendor swapped them.

use consign_metadata::anchor::PUBLISHED_CERTIFICATE;
use consign_metadata::digest::Sha256;
use consign_metadata::feed::Feed;
use consign_metadata::name::ChannelName;

use super::MirrorError;
use super::edition::Edition;
use super::offer::Offer;
use super::pin::Pin;
use super::upstream::Upstream;
use crate::feed::Changes;
use crate::repository::{RepositoryError, yum};
use crate::store::{Key, Source, Store, Swap};

const MAXIMUM_LIST: u64 = 4096;
const MAXIMUM_CERTIFICATE: u64 = 256 * 1024;
const MAXIMUM_INTRODUCTION: u64 = 16 * 1024 * 1024;
const MAXIMUM: u64 = 64 * 1024 * 1024;

/// Where entry points come from, and where they go.
pub struct Entries<'a> {
    pub upstream: &'a Upstream,
    pub store: &'a dyn Store,
    pub channel: &'a ChannelName,
    pub pin: &'a Pin,
    /// Where hosts find the mirror.
    pub url: Option<&'a str>,
    /// The vendor's file of changes, as it is served.
    pub changes: Option<&'a [u8]>,
}

impl Entries<'_> {
    /// What has to be swapped. The packages of the generation are there already.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn of(&self, edition: &Edition, head: &[u8]) -> Result<Vec<Swap>, MirrorError> {
        let mut files = edition.apt.clone();
        if let Some(yum) = &edition.yum {
            files.push(self.list(&yum.generation)?);
            files.extend(yum.latest.iter().cloned());
            let (key, certificate) = &yum.latest[0];
            if !self.pin.is_of(certificate) {
                return Err(RepositoryError::damaged(key, "it is not a certificate of the vendor's").into());
            }
        }
        let introductions = self.introductions(edition)?;
        if !introductions.is_empty() || !self.is_there(PUBLISHED_CERTIFICATE)? {
            files.extend(self.certificate()?);
        }
        // The certificate proves itself and may come first or last; the vendor's order is the packages first.
        let at = files.len() - usize::from(files.last().is_some_and(|(key, _)| key.as_str() == PUBLISHED_CERTIFICATE));
        files.splice(at..at, introductions);
        if let Some(changes) = self.changes {
            files.push((Changes::path(self.channel).parse()?, changes.to_vec()));
        }
        files.push((Feed::path(self.channel).parse()?, head.to_vec()));
        let swaps = files.into_iter().map(|(key, bytes)| self.swap(key, bytes));
        swaps.filter_map(Result::transpose).collect()
    }

    /// The swap of a file, unless it is what it should become.
    fn swap(&self, key: Key, bytes: Vec<u8>) -> Result<Option<Swap>, MirrorError> {
        let current = self.store.read(&key, MAXIMUM)?;
        if current.as_ref().is_some_and(|(there, _)| *there == bytes) {
            return Ok(None);
        }
        Ok(Some(Swap { key, replaces: current.map(|(_, stamp)| stamp), bytes }))
    }

    /// The list that sends readers of yum to the generation: at the mirror's address, or at the vendor's.
    fn list(&self, generation: &str) -> Result<(Key, Vec<u8>), MirrorError> {
        let layout = yum::Layout::of(self.channel);
        let key = layout.mirrors()?;
        let root = match self.url {
            Some(url) => url.to_owned(),
            None => self.vendors_address(&key)?,
        };
        Ok((key, layout.list(&root, generation).into_bytes()))
    }

    fn vendors_address(&self, key: &Key) -> Result<String, MirrorError> {
        let read = match self.store.read(key, MAXIMUM_LIST)? {
            Some(here) => Some(here),
            None => self.upstream.read(key, MAXIMUM_LIST)?,
        };
        let damaged = |reason: &str| RepositoryError::damaged(key, reason);
        let (bytes, _) = read.ok_or_else(|| damaged("it is not there, although the feed names a generation"))?;
        let list = String::from_utf8_lossy(&bytes);
        let root = list.trim().rsplit_once(&format!("/yum/{}/g/", self.channel)).map(|(root, _)| root.to_owned());
        let is_address = |root: &String| {
            ["http://", "https://"].iter().any(|scheme| root.starts_with(scheme)) && !root.contains(char::is_whitespace)
        };
        Ok(root.filter(is_address).ok_or_else(|| damaged("it names no generation"))?)
    }

    /// The packages at the root, which people fetch by hand, where they become others.
    fn introductions(&self, edition: &Edition) -> Result<Vec<(Key, Vec<u8>)>, MirrorError> {
        let name = format!("{}-release", self.pin.vendor);
        let mut files = Vec::new();
        for extension in ["deb", "rpm", "msi"] {
            let Some(newest) = edition.offers.introduction(&name, extension) else { continue };
            let place = self.place_of(edition, &name, extension)?;
            let (bytes, _) = self.pooled(newest)?;
            if self.swap(place.clone(), bytes.clone())?.is_some() {
                files.push((place, bytes));
            }
        }
        Ok(files)
    }

    /// The plain name belongs to the channel that hosts are introduced to by default; this one may be another.
    fn place_of(&self, edition: &Edition, name: &str, extension: &str) -> Result<Key, MirrorError> {
        let own = edition.offers.iter().filter(|offer| offer.name == name && offer.extension() == extension);
        let known: Vec<Sha256> = own.map(|offer| offer.file.sha256).collect();
        let (plain, other): (Key, Key) =
            (format!("{name}.{extension}").parse()?, format!("{name}-{}.{extension}", self.channel).parse()?);
        let is_known = |read: Option<(Vec<u8>, _)>| read.is_some_and(|(bytes, _)| known.contains(&Sha256::of(&bytes)));
        if is_known(self.store.read(&plain, MAXIMUM_INTRODUCTION)?) {
            return Ok(plain);
        }
        if self.is_there(other.as_str())? || !is_known(self.upstream.read(&plain, MAXIMUM_INTRODUCTION)?) {
            return Ok(other);
        }
        Ok(plain)
    }

    fn pooled(&self, offer: &Offer) -> Result<(Vec<u8>, crate::store::Stamp), MirrorError> {
        let key: Key = offer.file.path.parse()?;
        let read = self.store.read(&key, MAXIMUM_INTRODUCTION)?;
        Ok(read.ok_or_else(|| RepositoryError::damaged(&key, "it was there and is gone"))?)
    }

    /// For hosts that were away while keys changed. Repositories of earlier releases have none.
    fn certificate(&self) -> Result<Option<(Key, Vec<u8>)>, MirrorError> {
        let key: Key = PUBLISHED_CERTIFICATE.parse()?;
        let Some((bytes, _)) = self.upstream.read(&key, MAXIMUM_CERTIFICATE)? else { return Ok(None) };
        if !self.pin.is_of(&bytes) {
            return Err(RepositoryError::damaged(&key, "it is not a certificate of the vendor's").into());
        }
        Ok(Some((key, bytes)))
    }

    fn is_there(&self, place: &str) -> Result<bool, MirrorError> {
        Ok(self.store.get(&place.parse()?, u64::MAX)?.is_some())
    }
}
