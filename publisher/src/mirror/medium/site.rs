//! A site that is exported to: what it has, by what it said of itself.

use std::collections::BTreeMap;

use consign_metadata::digest::Sha256;
use consign_metadata::feed::FileReference;
use consign_metadata::name::ChannelName;

use super::code::Code;
use super::codec::codec;
use super::export::ExportRequest;
use super::ledger::Past;
use super::receipt::Receipt;
use crate::mirror::{MirrorError, Pin};

/// What a site has.
pub struct Site<'a> {
    since: &'a BTreeMap<ChannelName, u64>,
    codes: &'a BTreeMap<ChannelName, Code>,
    receipt: Option<&'a Receipt>,
}

impl<'a> Site<'a> {
    /// As it is said to be.
    ///
    /// # Errors
    /// [`MirrorError::Site`]: the receipt is that of a mirror of somebody else's repository.
    pub fn of(request: &'a ExportRequest, pin: &Pin) -> Result<Self, MirrorError> {
        let ExportRequest { since, codes, receipt, .. } = request;
        let foreign = receipt.as_ref().filter(|its| (&its.vendor, &its.primary) != (&pin.vendor, &pin.primary));
        if let Some(Receipt { vendor, primary, .. }) = foreign {
            let reason = format!("its receipt is of a mirror of {vendor}, whose primary key is {primary}");
            return Err(MirrorError::Site { reason });
        }
        Ok(Self { since, codes, receipt: receipt.as_ref() })
    }

    /// The generation of a channel that it has, if it has one.
    ///
    /// # Errors
    /// [`MirrorError::UnknownGeneration`]; [`MirrorError::Site`]: it is ahead, or has another one of this number.
    pub fn generation(&self, channel: &ChannelName, here: u64, past: &Past) -> Result<Option<u64>, MirrorError> {
        let its = self.receipt.and_then(|receipt| receipt.channels.get(channel));
        let code = self.codes.get(channel);
        let said = self.since.get(channel).copied().or(code.map(|code| code.generation));
        let Some(generation) = said.or(its.map(|its| its.generation)) else { return Ok(None) };
        if generation > here {
            let reason = format!("it has generation {generation} of channel {channel}, and this mirror has {here}");
            return Err(MirrorError::Site { reason });
        }
        let known = past.generations.get(&generation);
        // A receipt names every file, so that its generation need not have been here.
        if said.is_some() && known.is_none() {
            let (channel, known) = (channel.clone(), past.generations.keys().copied().collect());
            return Err(MirrorError::UnknownGeneration { channel, generation, known });
        }
        let is_another = |known: &Sha256| {
            code.is_some_and(|code| *code != Code::new(generation, known))
                || its.is_some_and(|its| its.generation == generation && its.head != *known)
        };
        if known.is_some_and(is_another) {
            let reason = format!("its generation {generation} of channel {channel} is not the one that was here");
            return Err(MirrorError::Site { reason });
        }
        Ok(Some(generation))
    }

    /// Whether it makes packages of deltas as this consign does.
    pub fn takes_deltas(&self) -> bool {
        self.receipt.is_some_and(|receipt| receipt.codecs.contains(codec()))
    }

    /// Whether it has a file whose name never changes.
    pub fn has(&self, file: &FileReference, channel: &ChannelName, past: &Past) -> bool {
        let said = self.since.get(channel).copied().or(self.codes.get(channel).map(|code| code.generation));
        let by_generation = said.is_some_and(|had| past.since.get(&file.path).is_some_and(|first| *first <= had));
        by_generation || self.receipt.is_some_and(|receipt| receipt.holds.contains(&file.sha256))
    }
}
