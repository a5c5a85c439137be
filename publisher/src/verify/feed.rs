//! The feed, and everything it names.

use consign_metadata::digest::Sha256;
use consign_metadata::feed::{Feed, FeedPackage, FeedRelease, FileReference, Shard};
use consign_metadata::name::ProductId;
use consign_metadata::plan::{MAXIMUM_SIZE, UpgradePlan};

use super::{Examination, Offers};
use crate::feed::{self, Changes, Head, MAXIMUM_CHANGES_SIZE};
use crate::store::Key;

impl Examination<'_> {
    pub(super) fn feed(&mut self, entrances: &[FileReference], offers: &Offers) {
        let place = Feed::path(self.channel);
        let vendor = self.trust.roles.vendor.clone();
        let head = feed::head(self.source, &vendor, self.channel, &self.index_keys);
        let Some(Head { feed, .. }) = (match self.noted(&place, head) {
            Some(None) => return self.find(&place, "it is not there"),
            found => found.flatten(),
        }) else {
            return;
        };
        self.report.generation = Some(feed.generation);
        self.dates(&place, feed.issued, feed.expires);
        for entrance in entrances.iter().filter(|entrance| !feed.entry_points.current.contains(entrance)) {
            self.find(&place, format!("it does not name {} as it is: publish again", entrance.path));
        }
        for (product, file) in &feed.shards {
            let id = ProductId { vendor: vendor.clone(), product: product.clone() };
            let Some(shard) = self.noted(&file.path, feed::shard(self.source, &id, file)) else { continue };
            for release in &shard.releases {
                self.report.releases += 1;
                self.release(&id, &shard, release, offers);
            }
        }
        self.changes();
    }

    /// Nobody has to have it, and what it says is verified by who reads it; but torn it helps nobody.
    fn changes(&mut self) {
        let place = Changes::path(self.channel);
        let Some(key) = self.noted(&place, place.parse::<Key>()) else { return };
        let Some(Some((bytes, _))) = self.noted(&place, self.source.read(&key, MAXIMUM_CHANGES_SIZE)) else { return };
        if let Err(cause) = Changes::unpack(&bytes) {
            self.find(&place, format!("it cannot be unpacked: {cause}"));
        }
    }

    fn release(&mut self, id: &ProductId, shard: &Shard, release: &FeedRelease, offers: &Offers) {
        let place = release.plan_file.path.clone();
        let Some(plan) = self.plan(&place, release) else { return };
        let (envelope, named) = (&plan.envelope, format!("{id} {} revision {}", release.version, release.revision));
        if plan.id() != *id || (&envelope.version, envelope.revision) != release.order() {
            self.find(&place, format!("it is not the plan of {named}"));
        }
        for digest in envelope.notes.iter().flat_map(|note| note.texts.values()) {
            if !shard.notes.contains_key(digest) {
                self.find(&place, format!("the feed lacks a note that it names, {digest}"));
            }
        }
        for package in &release.packages {
            self.offered(package, release, offers);
        }
    }

    fn plan(&mut self, place: &str, release: &FeedRelease) -> Option<UpgradePlan> {
        let key: Key = self.noted(place, place.parse())?;
        let Some((message, _)) = self.noted(place, self.source.read(&key, MAXIMUM_SIZE))? else {
            self.find(place, "it is not there, although the feed names it");
            return None;
        };
        let file = &release.plan_file;
        if (message.len() as u64, Sha256::of(&message)) != (file.size, file.sha256) {
            self.find(place, "its content is not what the feed says");
        }
        let verified = self.noted(place, self.package_keys.verify_message(&message, MAXIMUM_SIZE))?;
        if verified.digest != release.plan {
            self.find(place, "it is not the plan that it is named after");
        }
        self.noted(place, UpgradePlan::parse(&verified.bytes))
    }

    /// The feed and the index must offer the same file, and the file must carry the feed's plan.
    fn offered(&mut self, package: &FeedPackage, release: &FeedRelease, offers: &Offers) {
        let place = &package.file.path;
        match offers.get(place) {
            None => self.find(place, "the feed offers it and no index lists it"),
            Some(offered) if (offered.size, offered.sha256) != (package.file.size, package.file.sha256) => {
                self.find(place, "the feed and the index do not mean the same file");
            }
            Some(_) => {}
        }
        let Some(retrieved) = self.read.get(place) else { return };
        if retrieved.package.plan().map(|signed| signed.plan.digest) != Some(release.plan) {
            self.find(place, "it does not carry the plan that the feed names");
        }
    }
}
