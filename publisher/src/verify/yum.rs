//! The entry points and documents of a yum repository, where the channel has one.

use consign_metadata::digest::Sha256;

use super::{Examination, Offered, Offers};
use crate::repository::yum::{self, Data, Entrance, LATEST, Layout, REPOMD, SIGNATURE};

/// Far above any document.
const MAXIMUM: u64 = 64 * 1024 * 1024;

impl Examination<'_> {
    /// Follows the list; a channel without packages for yum has none.
    pub(super) fn yum(&mut self, offers: &mut Offers) -> Option<Entrance> {
        let place = format!("yum/{}/mirrors", self.channel);
        let entrance = yum::entrance(self.source, self.channel, &self.index_keys);
        let entrance = self.noted(&place, entrance).flatten()?;
        let place = entrance.file.path.clone();
        let whose = &entrance.repomd.vendor;
        if *whose != self.trust.roles.vendor {
            self.find(&place, format!("it belongs to {whose}, not to {}", self.trust.roles.vendor));
        }
        if entrance.repomd.revision.duration_since(self.now).as_secs() > 10 {
            self.find(&place, format!("it is dated {}, which is in the future", entrance.repomd.revision));
        }
        if let Some(contents) = self.noted(&place, yum::contents(self.source, self.channel, &entrance)) {
            self.report.indexes += entrance.repomd.data.len();
            offers.extend(contents.entries.into_iter().map(|entry| (entry.filename.clone(), Offered::from(entry))));
        }
        self.latest(&entrance);
        Some(entrance)
    }

    /// The folder for readers that follow no list: the same bytes.
    fn latest(&mut self, entrance: &Entrance) {
        let (repomd, signature) = &entrance.bytes;
        self.is_same(REPOMD, &Sha256::of(repomd));
        self.is_same(SIGNATURE, &Sha256::of(signature));
        for (kind, data) in &entrance.repomd.data {
            let Data { sha256, .. } = data;
            self.is_same(&data.file_name(kind), sha256);
        }
    }

    fn is_same(&mut self, name: &str, wanted: &Sha256) {
        let place = format!("yum/{}/g/{LATEST}/repodata/{name}", self.channel);
        let Some(key) = self.noted(&place, Layout::of(self.channel).file(LATEST, name)) else { return };
        let Some(read) = self.noted(&place, self.source.read(&key, MAXIMUM)) else { return };
        match read.map(|(bytes, _)| Sha256::of(&bytes)) {
            None => self.find(&place, "it is not there"),
            Some(found) if found != *wanted => self.find(&place, "it is not that of the newest generation"),
            Some(_) => {}
        }
    }
}
