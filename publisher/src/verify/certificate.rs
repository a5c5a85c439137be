//! The vendor's certificate in the repository, for hosts that were away while keys changed.

use consign_metadata::anchor::{CERTIFICATE_FILE, PUBLISHED_CERTIFICATE};

use super::{Examination, Offers};
use crate::publish::anchor_path;
use crate::repository::Retrieved;

const MAXIMUM: u64 = 256 * 1024;

impl Examination<'_> {
    /// It is the one that everything here is verified with, or the one that a `<vendor>-release` installs:
    /// channels share it, and one may be older than the other.
    pub(super) fn certificate(&mut self, offers: &Offers) {
        let place = PUBLISHED_CERTIFICATE;
        let Some(key) = self.noted(place, place.parse()) else { return };
        let Some(read) = self.noted(place, self.source.read(&key, MAXIMUM)) else { return };
        // Repositories of earlier releases have none until they are published again.
        let Some((bytes, _)) = read else { return };
        if bytes != self.trust.certificate && !self.is_introduced(offers, &bytes) {
            self.find(place, "it is not the certificate that hosts are given");
        }
    }

    fn is_introduced(&self, offers: &Offers, certificate: &[u8]) -> bool {
        let vendor = &self.trust.roles.vendor;
        let name = format!("{vendor}-release");
        offers.values().filter(|offered| offered.package == name).any(|offered| {
            let Ok(key) = offered.filename.parse() else { return false };
            let fetched = Retrieved::fetch(self.source, &key, offered.size, &self.package_keys);
            let installed = fetched
                .ok()
                .flatten()
                .and_then(|package| package.installed(&anchor_path(vendor, CERTIFICATE_FILE)).ok().flatten());
            installed.is_some_and(|installed| installed == certificate)
        })
    }
}
