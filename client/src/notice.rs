//! What an administrator must hear of a vendor beside its products: keys that expire, a repository that
//! cannot be read or shows an older generation, or one that is signed by a key this host was never told of.
//!
//! What the keys say is read from the anchor each time. What only a look can find is kept in
//! `/var/lib/consignee/<vendor>/.feed/notices.json`: otherwise only the terminal of the update of the
//! lists would have known of it.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use consign_metadata::anchor::Fingerprint;
use consign_metadata::document::Role;
use consign_metadata::name::{ChannelName, VendorName};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::durable;
use crate::places::Places;
use crate::site::is_without_feed;
use crate::trust::{Trust, Vendor};

/// How long before its end a key is mentioned; the publisher mentions it as early.
const AHEAD: SignedDuration = SignedDuration::from_hours(60 * 24);
const FORMAT: u32 = 1;

/// One thing to be heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "kebab-case")]
pub enum Notice {
    /// After that day nothing that the vendor signs in this role is accepted here.
    KeyExpires {
        /// Whose key.
        vendor: VendorName,
        /// What it signs.
        role: Role,
        /// When.
        on: Timestamp,
    },
    /// The day has passed.
    KeyExpired {
        /// Whose key.
        vendor: VendorName,
        /// The package that introduces the vendor anew, fetched and verified.
        #[serde(default)]
        introduction: Option<PathBuf>,
        /// What it signed.
        role: Role,
        /// When.
        on: Timestamp,
    },
    /// The repository is signed by keys that the anchor does not have.
    KeyUnknown {
        /// Whose repository.
        vendor: VendorName,
        /// The channel.
        channel: ChannelName,
        /// Its address, without credentials.
        url: String,
        /// The keys that it says it is signed by.
        keys: BTreeSet<Fingerprint>,
        /// The package that introduces the vendor anew, fetched and verified.
        #[serde(default)]
        introduction: Option<PathBuf>,
        /// Why nothing proves that it is still the vendor's.
        #[serde(default)]
        doubt: Option<String>,
    },
    /// The feed could not be fetched.
    Unreadable {
        /// Whose repository.
        vendor: VendorName,
        /// The channel.
        channel: ChannelName,
        /// Its address, without credentials.
        url: String,
        /// In the package manager's words.
        cause: String,
    },
    /// By the site's word its repository has no feed: signed packages and their plans are all that this host goes by.
    WithoutFeed {
        /// Whose repository.
        vendor: VendorName,
    },
    /// The repository shows an older generation than this host knows.
    Older {
        /// Whose repository.
        vendor: VendorName,
        /// The channel.
        channel: ChannelName,
        /// Its address, without credentials.
        url: String,
        /// The generation that it shows.
        found: u64,
        /// The one that this host knows, or that the anchor asks for.
        known: u64,
    },
}

impl Notice {
    /// Of whom.
    pub fn vendor(&self) -> &VendorName {
        match self {
            Self::KeyExpires { vendor, .. }
            | Self::KeyExpired { vendor, .. }
            | Self::KeyUnknown { vendor, .. }
            | Self::Unreadable { vendor, .. }
            | Self::WithoutFeed { vendor }
            | Self::Older { vendor, .. } => vendor,
        }
    }

    /// Whether nothing of the vendor reaches this host until a person acts.
    pub fn is_urgent(&self) -> bool {
        matches!(self, Self::KeyExpired { .. } | Self::KeyUnknown { .. })
    }
}

/// What a look found of a vendor, on disk.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    format: u32,
    at: Timestamp,
    introduction: Option<PathBuf>,
    doubt: Option<String>,
    notices: Vec<Notice>,
}

/// What a look found of a vendor.
#[derive(Debug, Default)]
pub struct Found {
    /// The package that introduces it anew, fetched and verified.
    pub introduction: Option<PathBuf>,
    /// Why there is none, where one was needed.
    pub doubt: Option<String>,
    /// What is to be heard.
    pub notices: Vec<Notice>,
}

/// Keeps what a look found instead of what the one before did.
///
/// # Errors
/// When the file cannot be written.
pub fn keep(places: &Places, vendor: &VendorName, found: Found, at: Timestamp) -> io::Result<()> {
    let Found { introduction, doubt, notices } = found;
    let kept = Kept { format: FORMAT, at, introduction, doubt, notices };
    std::fs::create_dir_all(places.feed(vendor))?;
    durable::replace(&file(places, vendor), &serde_json::to_vec_pretty(&kept).map_err(io::Error::other)?)
}

/// Everything that is to be heard now, vendor by vendor.
pub fn all(places: &Places, trust: &Trust, now: Timestamp) -> Vec<Notice> {
    let of_vendor = |vendor: &Vendor| {
        let kept = read(places, &vendor.anchor.vendor);
        let introduction = kept.as_ref().and_then(|kept| kept.introduction.clone());
        let mut notices = of_keys(vendor, introduction.as_ref(), now);
        let name = &vendor.anchor.vendor;
        notices.extend(is_without_feed(places, name).then(|| Notice::WithoutFeed { vendor: name.clone() }));
        notices.extend(unanswered(kept, vendor));
        notices
    };
    trust.vendors().flat_map(of_vendor).collect()
}

fn of_keys(vendor: &Vendor, introduction: Option<&PathBuf>, now: Timestamp) -> Vec<Notice> {
    let of_role = |role: Role| {
        let keyring = vendor.keyring(role).ok()?;
        // One key that lives on is enough: the others are outgoing ones.
        let ends = keyring.expiry().into_values().collect::<Option<Vec<_>>>()?;
        let on = Timestamp::try_from(ends.into_iter().max()?).ok()?;
        let vendor = vendor.anchor.vendor.clone();
        if on <= now {
            return Some(Notice::KeyExpired { vendor, introduction: introduction.cloned(), role, on });
        }
        (on.duration_since(now) < AHEAD).then_some(Notice::KeyExpires { vendor, role, on })
    };
    [Role::Index, Role::Package].into_iter().filter_map(of_role).collect()
}

fn read(places: &Places, vendor: &VendorName) -> Option<Kept> {
    let kept: Kept = serde_json::from_slice(&std::fs::read(file(places, vendor)).ok()?).ok()?;
    (kept.format == FORMAT).then_some(kept)
}

/// What the last look found, but for what the anchor has answered since.
fn unanswered(kept: Option<Kept>, vendor: &Vendor) -> impl Iterator<Item = Notice> {
    let known = vendor.anchor.keys_of(Role::Index);
    let stands = move |notice: &Notice| match notice {
        Notice::KeyUnknown { keys, .. } => keys.is_disjoint(&known),
        _ => true,
    };
    let with_proof = |kept: Kept| {
        let (found, why) = (kept.introduction, kept.doubt);
        kept.notices.into_iter().map(move |notice| match notice {
            Notice::KeyUnknown { vendor, channel, url, keys, .. } => {
                let (introduction, doubt) = (found.clone(), why.clone());
                Notice::KeyUnknown { vendor, channel, url, keys, introduction, doubt }
            }
            other => other,
        })
    };
    kept.into_iter().flat_map(with_proof).filter(stands)
}

fn file(places: &Places, vendor: &VendorName) -> PathBuf {
    places.feed(vendor).join("notices.json")
}

#[cfg(test)]
mod tests;
