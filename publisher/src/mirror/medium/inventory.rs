//! Everything that a mirror shows of a channel: what an export has to bring to a site that has nothing.

use std::cell::RefCell;
use std::collections::BTreeSet;

use consign_metadata::anchor::PUBLISHED_CERTIFICATE;
use consign_metadata::digest::Sha256;
use consign_metadata::feed::{Feed, FileReference};
use consign_metadata::name::ChannelName;
use jiff::Timestamp;

use crate::feed::Changes;
use crate::mirror::holding::Holding;
use crate::mirror::offer::Offer;
use crate::mirror::{Memory, MirrorError, Selection};
use crate::repository::{RepositoryError, yum};
use crate::store::{Content, Key, Source, StoreError};

/// What a mirror shows of a channel.
pub struct Inventory {
    /// The generation.
    pub generation: u64,
    /// Until when hosts believe it.
    pub believed_until: Timestamp,
    /// The digest of its head.
    pub head: Sha256,
    /// Entry points, indexes, and the packages that introduce the vendor: without them nothing can be verified.
    pub documents: Vec<FileReference>,
    /// Plans; their names never change.
    pub plans: Vec<FileReference>,
    /// All other packages that are carried; their names never change.
    pub packages: Vec<Offer>,
}

impl Inventory {
    /// Reads a channel as its readers do, and notes what they ask for.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub fn of(
        store: &dyn Source,
        memory: &Memory,
        selection: &Selection,
        channel: &ChannelName,
    ) -> Result<Self, MirrorError> {
        let reader = Reader { source: store, asked: RefCell::default() };
        let holding = Holding::of(&reader, &memory.pin, channel)?;
        let gone = || RepositoryError::damaged(Feed::path(channel), "it was there and is gone");
        let holding = holding.ok_or_else(gone)?;
        let vendor = &memory.pin.vendor;
        // What a mirror asks for besides, and what people fetch by hand.
        let mut names = vec![format!("dists/{channel}/Release.gpg"), PUBLISHED_CERTIFICATE.to_owned()];
        for extension in ["deb", "rpm", "msi"] {
            names.extend([format!("{vendor}-release.{extension}"), format!("{vendor}-release-{channel}.{extension}")]);
        }
        names.push(Changes::path(channel));
        if let Some(generation) = &holding.generation {
            let layout = yum::Layout::of(channel);
            names.extend([layout.mirrors()?.to_string(), layout.file(generation, yum::KEY)?.to_string()]);
        }
        for name in names {
            drop(reader.get(&name.parse()?, u64::MAX)?);
        }
        let introduction = format!("{vendor}-release");
        let (introductions, packages): (Vec<_>, Vec<_>) = holding
            .offers
            .iter()
            .filter(|offer| offer.name == introduction || selection.takes(offer))
            .partition(|offer| offer.name == introduction);
        let mut documents = reader.asked()?;
        let head = documents.iter().find(|file| file.path == Feed::path(channel)).map(|file| file.sha256);
        documents.extend(files(&introductions));
        Ok(Self {
            generation: holding.feed.generation,
            believed_until: holding.believed_until,
            head: head.ok_or_else(gone)?,
            documents,
            plans: holding.plans,
            packages: packages.into_iter().cloned().collect(),
        })
    }

    /// What a site keeps from one generation to the next.
    pub fn lasting(&self) -> impl Iterator<Item = &FileReference> {
        self.plans.iter().chain(self.packages.iter().map(|package| &package.file))
    }
}

fn files(offers: &[&Offer]) -> Vec<FileReference> {
    offers.iter().map(|offer| offer.file.clone()).collect()
}

/// A source that notes what is asked of it and is there.
struct Reader<'a> {
    source: &'a dyn Source,
    asked: RefCell<BTreeSet<Key>>,
}

impl Source for Reader<'_> {
    fn get(&self, key: &Key, maximum: u64) -> Result<Option<Box<dyn Content>>, StoreError> {
        let content = self.source.get(key, maximum)?;
        if content.is_some() {
            self.asked.borrow_mut().insert(key.clone());
        }
        Ok(content)
    }
}

impl Reader<'_> {
    fn asked(&self) -> Result<Vec<FileReference>, StoreError> {
        let reference = |key: &Key| {
            let cannot = |cause| StoreError::Io { what: "read", place: key.to_string(), cause };
            let Some(content) = self.source.get(key, u64::MAX)? else { return Ok(None) };
            let (sha256, size) = Sha256::of_reader(content).map_err(cannot)?;
            Ok(Some(FileReference { path: key.to_string(), size, sha256 }))
        };
        self.asked.borrow().iter().map(reference).filter_map(Result::transpose).collect()
    }
}
