//! The entry points and indexes of an apt repository.

use std::collections::BTreeSet;

use consign_metadata::digest::Sha256;

use super::{Examination, Offered, Offers};
use crate::repository::apt::{self, Entrance, Layout, ReleaseFile};

/// apt's own limit (`Acquire::MaxReleaseFileSize`), and far above any index.
const MAXIMUM: u64 = 64 * 1024 * 1024;

impl Examination<'_> {
    /// Without it there is no channel.
    pub(super) fn entry_point(&mut self) -> Option<Entrance> {
        let place = format!("dists/{}/InRelease", self.channel);
        let Some(entrance) = self.noted(&place, apt::entrance(self.source, self.channel, &self.index_keys))? else {
            self.find(&place, "it is not there");
            return None;
        };
        let release = &entrance.release;
        if release.origin != self.trust.roles.vendor {
            self.find(&place, format!("it belongs to {}, not to {}", release.origin, self.trust.roles.vendor));
        }
        self.dates(&place, release.date, release.valid_until);
        self.detached(release);
        Some(entrance)
    }

    /// The pair for readers that know no `InRelease`.
    fn detached(&mut self, release: &ReleaseFile) {
        let layout = Layout::of(self.channel);
        let mut read = |name: &str| {
            let place = format!("dists/{}/{name}", self.channel);
            let key = self.noted(&place, layout.file(name))?;
            let read = self.noted(&place, self.source.read(&key, MAXIMUM))?;
            if read.is_none() {
                self.find(&place, "it is not there");
            }
            read.map(|(bytes, _)| bytes)
        };
        let (Some(text), Some(signature)) = (read("Release"), read("Release.gpg")) else { return };
        let place = format!("dists/{}/Release", self.channel);
        if let Err(cause) = self.index_keys.verify_detached(&signature, &text) {
            self.find(&place, format!("beside Release.gpg it {cause}"));
        }
        if text != release.to_string().as_bytes() {
            self.find(&place, "it says something else than InRelease");
        }
    }

    pub(super) fn indexes(&mut self, entrance: &Entrance) -> Offers {
        let (mut offers, mut seen) = (Offers::new(), BTreeSet::new());
        for architecture in &entrance.release.architectures {
            let place = format!("dists/{}/{}/binary-{architecture}", self.channel, apt::COMPONENT);
            let read = apt::more_packages(self.source, self.channel, &entrance.release, architecture, &mut seen);
            let Some(listed) = self.noted(&place, read) else { continue };
            self.report.indexes += 1;
            offers.extend(listed.into_iter().map(|stanza| (stanza.filename.clone(), Offered::from(stanza))));
            self.plain_index(&entrance.release, architecture);
        }
        offers
    }

    /// The name for readers that do not ask by digest.
    fn plain_index(&mut self, release: &ReleaseFile, architecture: &str) {
        let name = format!("{}/binary-{architecture}/Packages.gz", apt::COMPONENT);
        let place = format!("dists/{}/{name}", self.channel);
        let Some(key) = self.noted(&place, Layout::of(self.channel).file(&name)) else { return };
        let Some(read) = self.noted(&place, self.source.read(&key, MAXIMUM)) else { return };
        let digest = read.map(|(bytes, _)| Sha256::of(&bytes));
        if digest != release.indexes.get(&name).map(|index| index.sha256) {
            self.find(&place, "it is not the index that the release lists");
        }
    }
}
