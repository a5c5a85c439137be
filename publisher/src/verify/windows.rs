//! Packages for Windows: what the feed says of them, and whether they are signed as hosts want it.

use consign_metadata::anchor::{ANCHOR_FILE, Anchor};
use consign_metadata::authenticode::Pins;
use consign_metadata::name::ProductId;

use super::offers::{Offered, newest};
use super::{Examination, Offers};
use crate::feed::{self, Head};
use crate::package::msi::verify_for_windows;
use crate::publish::{AGENT, anchor_path};
use crate::repository::{Retrieved, windows};

const EXTENSION: &str = "msi";

impl Examination<'_> {
    /// Packages that only the feed lists, by what it says of them. What is wrong with a shard is found later.
    pub(super) fn windows(&mut self, offers: &mut Offers) {
        let vendor = self.trust.roles.vendor.clone();
        let head = feed::head(self.source, &vendor, self.channel, &self.index_keys);
        let Ok(Some(Head { feed, .. })) = head else { return };
        let mut take = |packages: &mut dyn Iterator<Item = &consign_metadata::feed::FeedPackage>| {
            offers.extend(packages.filter_map(Offered::of_feed).map(|offered| (offered.filename.clone(), offered)));
        };
        for (product, file) in &feed.shards {
            let id = ProductId { vendor: vendor.clone(), product: product.clone() };
            let Ok(shard) = feed::shard(self.source, &id, file) else { continue };
            take(&mut shard.releases.iter().flat_map(|release| &release.packages));
        }
        let place = feed.windows_index().map(|file| file.path.clone()).unwrap_or_default();
        if let Some(Some(index)) = self.noted(&place, windows::index(self.source, &feed)) {
            take(&mut index.packages.iter());
        }
    }

    /// Those that were read and are the vendor's, against what hosts are told to want.
    pub(super) fn signed_for_windows(&mut self, offers: &Offers) {
        let Some(pins) = self.pins(offers) else { return };
        let (mut findings, now) = (Vec::new(), self.now);
        for (place, retrieved) in &self.read {
            let package = &retrieved.package;
            if !place.ends_with(EXTENSION) || package.name().as_str() == AGENT {
                continue;
            }
            if let Err(cause) = verify_for_windows(package.path(), &pins, now) {
                findings.push((place.clone(), format!("hosts refuse it, since it {cause}")));
            }
        }
        for (place, problem) in findings {
            self.find(place, problem);
        }
    }

    /// What the newest `<vendor>-release` tells the hosts.
    fn pins(&mut self, offers: &Offers) -> Option<Pins> {
        let vendor = &self.trust.roles.vendor;
        let name = format!("{vendor}-release");
        let newest = newest(offers, &name, EXTENSION)?;
        let key = newest.filename.parse().ok()?;
        let release = Retrieved::fetch(self.source, &key, newest.size, &self.package_keys).ok()??;
        let anchor = release.installed(&anchor_path(vendor, ANCHOR_FILE)).ok()??;
        Anchor::parse(&anchor).ok()?.windows?.read().ok()
    }
}
