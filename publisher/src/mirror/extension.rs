//! The vendor's word that a generation may be believed for longer, carried along: from a medium always, from a
//! server where the generation has expired.

use consign_metadata::document::Role;
use consign_metadata::feed::{Extension, MAXIMUM_EXTENSION_SIZE};
use jiff::Timestamp;

use super::passage::Passage;
use super::pin::Pin;
use super::{MirrorError, Outcome};
use crate::feed;
use crate::store::{Key, Source};

impl Passage<'_> {
    /// Takes it, where it speaks of what hosts see now. One that cannot be believed is as good as none.
    ///
    /// # Errors
    /// [`MirrorError`]
    pub(super) fn extended(&self, outcome: Outcome, pin: &Pin) -> Result<Outcome, MirrorError> {
        let (store, keys) = (self.mirror.store(), pin.keyring(Role::Index)?);
        let Some(here) = feed::head(store, &pin.vendor, self.channel, &keys)? else { return Ok(outcome) };
        let key: Key = Extension::path(self.channel).parse()?;
        let is_asked_for = self.upstream.shipment().is_some() || here.feed.expires <= Timestamp::now();
        let offered = if is_asked_for { self.upstream.read(&key, MAXIMUM_EXTENSION_SIZE)? } else { None };
        let of_here = |message: &[u8]| {
            let extension = feed::verified_extension(message, &pin.vendor, self.channel, &keys);
            extension.ok().and_then(|extension| extension.of_head(&here.digest))
        };
        let there = store.read(&key, MAXIMUM_EXTENSION_SIZE)?;
        let mut swapped = outcome.swapped;
        // Never one that ends earlier than what is here.
        let until = there.as_ref().and_then(|(message, _)| of_here(message));
        if let Some((message, _)) = offered.filter(|(message, _)| of_here(message) > until) {
            store.replace(&key, there.as_ref().map(|(_, stamp)| stamp), &message)?;
            swapped.push(key.to_string());
        }
        let expires = Some(feed::believed_until(store, &here, &keys)?);
        Ok(Outcome { changed: outcome.changed || !swapped.is_empty(), expires, swapped, ..outcome })
    }
}
