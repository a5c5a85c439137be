//! The next generation of a feed, in the making.

use std::collections::{BTreeMap, BTreeSet};

use consign_metadata::digest::Sha256;
use consign_metadata::document::{Kind, Role};
use consign_metadata::feed::{
    EntryPoints, FORMAT, Feed, FeedPackage, FeedRelease, FileReference, MAXIMUM_SHARD_SIZE, NoteText, Shard,
};
use consign_metadata::name::{ChannelName, PackageName, ProductId, ProductName, VendorName};
use consign_metadata::openpgp::Keyring;
use consign_metadata::plan::{Envelope, MAXIMUM_SIZE, Module, NativeVersions, UpgradePlan};
use consign_metadata::version::Version;
use jiff::Timestamp;

use super::published::{Head, head, head_key, shard};
use super::{FeedError, order};
use crate::package::{NoteFile, SignedPlan};
use crate::repository::Validity;
use crate::sign::OpenPgpSigner;
use crate::store::{Key, Source, Swap};
use crate::trust::Trust;

/// A release whose packages are in the repository's next generation.
#[derive(Debug)]
pub struct NewRelease<'a> {
    /// The plan that all its packages carry.
    pub plan: &'a SignedPlan,
    /// The notes that the plan names.
    pub notes: &'a [NoteFile],
    /// Its packages.
    pub packages: Vec<FeedPackage>,
}

/// The next generation of a feed, in the making.
pub struct FeedDraft<'a> {
    source: &'a dyn Source,
    vendor: VendorName,
    channel: ChannelName,
    package_keys: Keyring,
    published: Option<Head>,
    shards: BTreeMap<ProductName, Shard>,
    changed: BTreeSet<ProductName>,
    plans: Vec<(Key, Vec<u8>)>,
}

/// Everything that has to be written for a generation of a feed.
#[derive(Debug)]
pub struct FeedSnapshot {
    /// Which generation it is.
    pub generation: u64,
    /// Plans and shards under their digests: immutable.
    pub documents: Vec<(Key, Vec<u8>)>,
    /// The head; written after everything that it names.
    pub head: Swap,
}

impl<'a> FeedDraft<'a> {
    /// Begins with what is published now.
    ///
    /// # Errors
    /// [`FeedError`]
    pub fn load(source: &'a dyn Source, channel: &ChannelName, trust: &Trust) -> Result<Self, FeedError> {
        let vendor = trust.roles.vendor.clone();
        let place = Feed::path(channel);
        let keyring = |role| trust.keyring(role).map_err(|cause| FeedError::Signature { place: place.clone(), cause });
        let published = head(source, &vendor, channel, &keyring(Role::Index)?)?;
        let mut shards = BTreeMap::new();
        for (product, file) in published.iter().flat_map(|head| &head.feed.shards) {
            let id = ProductId { vendor: vendor.clone(), product: product.clone() };
            shards.insert(product.clone(), shard(source, &id, file)?);
        }
        let (channel, package_keys) = (channel.clone(), keyring(Role::Package)?);
        Ok(Self { source, vendor, channel, package_keys, published, shards, changed: BTreeSet::new(), plans: vec![] })
    }

    /// What is published now.
    pub fn published(&self) -> Option<&Feed> {
        self.published.as_ref().map(|head| &head.feed)
    }

    /// The generation that is published now; 0 when there is none.
    pub fn generation(&self) -> u64 {
        self.published.as_ref().map_or(0, |head| head.feed.generation)
    }

    /// The products that are offered.
    pub fn products(&self) -> BTreeSet<ProductName> {
        self.shards.keys().cloned().collect()
    }

    /// All packages that are offered.
    pub fn offered(&self) -> impl Iterator<Item = &FeedPackage> {
        self.shards.values().flat_map(|shard| &shard.releases).flat_map(|release| &release.packages)
    }

    /// The names of all packages that are offered.
    pub fn packages(&self) -> BTreeSet<PackageName> {
        self.offered().map(|package| package.package.clone()).collect()
    }

    /// The release before one, if there is one to upgrade from.
    pub fn before(&self, envelope: &Envelope) -> Option<&FeedRelease> {
        let older = |release: &&FeedRelease| release.order() < (&envelope.version, envelope.revision);
        self.shards.get(&envelope.product)?.releases.iter().rev().filter(older).find(|r| r.withdrawn.is_none())
    }

    /// The release after one, if it is published already.
    pub fn after(&self, envelope: &Envelope) -> Option<&FeedRelease> {
        let newer = |release: &&FeedRelease| release.order() > (&envelope.version, envelope.revision);
        self.shards.get(&envelope.product)?.releases.iter().filter(newer).find(|r| r.withdrawn.is_none())
    }

    /// A release that is offered.
    pub fn release(&self, envelope: &Envelope) -> Option<&FeedRelease> {
        let releases = &self.shards.get(&envelope.product)?.releases;
        releases.iter().find(|release| release.order() == (&envelope.version, envelope.revision))
    }

    /// The versions that hosts may have when a release comes, ascending.
    pub fn older(&self, envelope: &Envelope) -> Vec<&Version> {
        let releases = self.shards.get(&envelope.product).into_iter().flat_map(|shard| &shard.releases);
        let mut versions: Vec<_> = releases
            .filter(|release| release.withdrawn.is_none() && release.version < envelope.version)
            .map(|release| &release.version)
            .collect();
        versions.sort();
        versions
    }

    /// The plans of the product's other releases, the latest first.
    ///
    /// # Errors
    /// [`FeedError`]
    pub fn plans_beside(&self, envelope: &Envelope) -> Result<Vec<UpgradePlan>, FeedError> {
        let releases = self.shards.get(&envelope.product).into_iter().flat_map(|shard| shard.releases.iter().rev());
        let mut plans = Vec::new();
        for release in releases.filter(|release| release.order() != (&envelope.version, envelope.revision)) {
            let key: Key = release.plan_file.path.parse()?;
            let read = self.source.read(&key, MAXIMUM_SIZE)?;
            let (bytes, _) =
                read.ok_or_else(|| FeedError::damaged(&key, "it is not there, although it is published"))?;
            // One that was signed by a key that is gone says nothing any more; hosts do not take it either.
            let Ok(verified) = self.package_keys.verify_message(&bytes, MAXIMUM_SIZE) else { continue };
            plans.push(UpgradePlan::parse(&verified.bytes).map_err(|cause| FeedError::document(&key, cause))?);
        }
        Ok(plans)
    }

    /// Takes a release in, or further architectures of one; says whether anything is new.
    ///
    /// # Errors
    /// [`FeedError`]
    pub fn add(&mut self, new: &NewRelease<'_>, now: Timestamp) -> Result<bool, FeedError> {
        let plan = &new.plan.plan;
        let plan_file = self.plan_file(new.plan)?;
        let product = plan.envelope.product.clone();
        let shard = self.shards.entry(product.clone()).or_insert_with(|| Shard {
            format: FORMAT,
            vendor: self.vendor.clone(),
            product: product.clone(),
            releases: Vec::new(),
            notes: BTreeMap::new(),
        });
        let changed = merge(shard, plan, plan_file, &new.packages, now)?;
        if changed {
            for note in new.notes {
                let NoteFile { version, language, text } = note.clone();
                let digest = Sha256::of(text.as_bytes());
                shard.notes.entry(digest).or_insert(NoteText { version, language, text });
            }
            order::prove(shard)?;
            self.changed.insert(product);
        }
        Ok(changed)
    }

    /// A plan that is published keeps its bytes: a signature is salted, so the same plan has many.
    fn plan_file(&mut self, signed: &SignedPlan) -> Result<FileReference, FeedError> {
        let digest = signed.plan.digest;
        let key: Key = FeedRelease::plan_path(&digest).parse()?;
        let Some((bytes, _)) = self.source.read(&key, MAXIMUM_SIZE)? else {
            self.plans.push((key.clone(), signed.message.clone()));
            return Ok(reference(&key, &signed.message));
        };
        let verified = self.package_keys.verify_message(&bytes, MAXIMUM_SIZE);
        let verified = verified.map_err(|cause| FeedError::Signature { place: key.to_string(), cause })?;
        if verified.digest != digest {
            return Err(FeedError::damaged(&key, "it is not the plan that it is named after"));
        }
        let file = reference(&key, &bytes);
        // Perhaps left by a publish that was killed, and not yet durable: it is put there again.
        self.plans.push((key, bytes));
        Ok(file)
    }

    /// Everything that has to be written. `entrances` are the entry points of this generation, and
    /// `current` those that are there now: where a publish was killed, they are of a generation that
    /// no feed has named, and some reader may have read them.
    ///
    /// # Errors
    /// [`FeedError`]
    pub fn seal(
        &self,
        validity: Validity,
        entrances: Vec<FileReference>,
        current: Vec<FileReference>,
        signer: &dyn OpenPgpSigner,
    ) -> Result<FeedSnapshot, FeedError> {
        let mut documents = self.plans.clone();
        let mut shards: BTreeMap<_, _> = self.published.iter().flat_map(|head| head.feed.shards.clone()).collect();
        for product in &self.changed {
            let bytes = serde_json::to_vec(&self.shards[product]).map_err(|e| FeedError::damaged(product, e))?;
            if bytes.len() as u64 > MAXIMUM_SHARD_SIZE {
                return Err(FeedError::damaged(product, "its releases and notes are more than a feed can hold"));
            }
            let key: Key = Shard::path(&Sha256::of(&bytes)).parse()?;
            shards.insert(product.clone(), reference(&key, &bytes));
            documents.push((key, bytes));
        }
        let mut previous = self.published.iter().flat_map(|head| head.feed.entry_points.current.clone()).collect();
        extend(&mut previous, current);
        let feed = Feed {
            kind: Kind::Feed,
            format: FORMAT,
            vendor: self.vendor.clone(),
            channel: self.channel.clone(),
            generation: self.generation() + 1,
            issued: validity.issued,
            expires: validity.expires,
            entry_points: EntryPoints { current: entrances, previous },
            shards,
        };
        let key = head_key(&self.channel)?;
        let bytes = serde_json::to_vec(&feed).map_err(|e| FeedError::damaged(&key, e))?;
        let replaces = self.published.as_ref().map(|head| head.stamp.clone());
        let head = Swap { key, replaces, bytes: signer.message(&bytes)? };
        Ok(FeedSnapshot { generation: feed.generation, documents, head })
    }
}

fn merge(
    shard: &mut Shard,
    plan: &UpgradePlan,
    plan_file: FileReference,
    packages: &[FeedPackage],
    now: Timestamp,
) -> Result<bool, FeedError> {
    let envelope = &plan.envelope;
    let name = format!("{} {} revision {}", plan.id(), envelope.version, envelope.revision);
    let position = shard.releases.binary_search_by(|r| r.order().cmp(&(&envelope.version, envelope.revision)));
    let release = match position {
        Ok(there) => &mut shard.releases[there],
        Err(place) => {
            let same = shard.releases.iter().filter(|release| release.version == envelope.version);
            if let Some(newest) = same.map(|r| r.revision).max().filter(|newest| *newest > envelope.revision) {
                return Err(FeedError::RevisionDown { release: name, newest });
            }
            let (version, revision) = (envelope.version.clone(), envelope.revision);
            let packages = Vec::new();
            let new = FeedRelease {
                version,
                revision,
                published: now,
                withdrawn: None,
                plan: plan.digest,
                plan_file,
                packages,
            };
            shard.releases.insert(place, new);
            &mut shard.releases[place]
        }
    };
    if release.plan != plan.digest {
        return Err(FeedError::Immutable { release: name });
    }
    let other = packages.iter().find_map(|new| {
        let there = release.packages.iter().find(|old| old.package == new.package && is_other_build(old, new));
        there.map(|old| (new, old))
    });
    if let Some((new, old)) = other {
        let native = |package: &FeedPackage| {
            let NativeVersions { deb, rpm, msi } = package.native.clone();
            deb.or(rpm).or(msi).unwrap_or_default()
        };
        return Err(FeedError::OtherBuild { package: new.package.to_string(), there: native(old), new: native(new) });
    }
    let before = release.packages.len();
    extend(&mut release.packages, packages.to_vec());
    release.packages.sort_by(|a, b| (&a.package, &a.architecture).cmp(&(&b.package, &b.architecture)));
    match missing(plan, &release.packages) {
        Some(module) => Err(FeedError::Incomplete { release: name, module: module.package.to_string() }),
        None => Ok(release.packages.len() > before),
    }
}

/// Two native versions of one format; those of two formats stand beside each other.
fn is_other_build(old: &FeedPackage, new: &FeedPackage) -> bool {
    let differ = |old: &Option<String>, new: &Option<String>| old.is_some() && new.is_some() && old != new;
    let (old, new) = (&old.native, &new.native);
    differ(&old.deb, &new.deb) || differ(&old.rpm, &new.rpm) || differ(&old.msi, &new.msi)
}

/// A module that is not there in each format that is and that it has: hosts have packages of one.
fn missing<'a>(plan: &'a UpgradePlan, packages: &[FeedPackage]) -> Option<&'a Module> {
    let formats: [fn(&NativeVersions) -> bool; 3] =
        [|native| native.deb.is_some(), |native| native.rpm.is_some(), |native| native.msi.is_some()];
    let there = formats.iter().filter(|format| packages.iter().any(|package| format(&package.native)));
    let mut missing = there.filter_map(|format| {
        let has = |module: &&Module| packages.iter().any(|p| p.package == module.package && format(&p.native));
        // On Windows a product may have fewer modules.
        let wanted = |module: &&Module| module.natives().any(format);
        plan.body.modules.iter().filter(wanted).find(|module| !has(module))
    });
    missing.next()
}

fn extend<T: PartialEq>(list: &mut Vec<T>, more: Vec<T>) {
    for item in more {
        if !list.contains(&item) {
            list.push(item);
        }
    }
}

fn reference(key: &Key, bytes: &[u8]) -> FileReference {
    FileReference { path: key.to_string(), size: bytes.len() as u64, sha256: Sha256::of(bytes) }
}
