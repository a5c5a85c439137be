//! What is known of every product, in one file that anybody may read: `status.json` of the state.
//!
//! It is written where the agent looks for new versions by itself. Nobody goes by it: whoever decides looks again.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use consign_metadata::name::{ChannelName, PackageName, ProductId, VendorName};
use consign_metadata::version::Version;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::durable;
use crate::host::Observed;
use crate::places::Places;
use crate::report::state::Code;
use crate::request::Offer;

/// The only format so far.
pub const FORMAT: u32 = 1;
const FILE: &str = "status.json";
/// One change after the other.
static CHANGING: Mutex<()> = Mutex::new(());

/// All of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bulletin {
    /// [`FORMAT`].
    pub format: u32,
    /// When the feeds were last looked at.
    pub looked: Option<Timestamp>,
    /// When they will be next.
    pub next_look: Option<Timestamp>,
    /// The feeds on this host.
    pub feeds: Vec<FeedLine>,
    /// The products.
    pub products: Vec<ProductLine>,
    /// The agent itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentLine>,
}

/// The agent itself, and what becomes of a newer one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentLine {
    /// Its version.
    pub running: Version,
    /// The native version of its package.
    pub installed: Option<String>,
    /// The newest that a feed on this host names.
    pub published: Option<String>,
    /// The one that was brought to take the place of this one.
    pub offered: Option<String>,
    /// When a newer one was last looked for.
    pub looked: Option<Timestamp>,
    /// Why that is not installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<AgentHeld>,
    /// How often it was tried.
    pub attempts: u32,
    /// When last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<Timestamp>,
    /// When it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_try: Option<Timestamp>,
    /// Why the last look brought none, or why the last attempt came to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Why a newer agent does not take the place of this one yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgentHeld {
    /// Somebody put this one there by hand.
    NoPackage,
    /// It could not be brought.
    NotBrought,
    /// Until no upgrade is under way and nobody asks for anything, or until the next attempt.
    Waits,
    /// It was tried often enough.
    TriedEnough,
}

/// A feed, as it was last verified.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeedLine {
    /// Whose.
    pub vendor: VendorName,
    /// Which.
    pub channel: ChannelName,
    /// Its generation.
    pub generation: u64,
    /// When it was published.
    pub issued: Timestamp,
    /// Until when it is believed.
    pub expires: Timestamp,
}

/// A product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProductLine {
    /// Which.
    pub product: ProductId,
    /// The version whose upgrade was last finished.
    pub installed: Option<Version>,
    /// What was found of its packages on this host.
    pub detected: BTreeMap<PackageName, Detected>,
    /// The newest version that a feed on this host has.
    pub published: Option<Version>,
    /// What was offered at the last look, each with every reason that holds it.
    pub offers: Vec<Offer>,
    /// The state of its newest upgrade.
    pub upgrade: Option<Code>,
    /// Why the last look could not bring its feed up to date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A package that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detected {
    /// Its native version.
    pub version: String,
    /// Whether nothing is left to do for it.
    pub configured: bool,
}

impl From<&Observed> for Detected {
    fn from(observed: &Observed) -> Self {
        Self { version: observed.version.clone(), configured: observed.configured }
    }
}

impl Bulletin {
    /// What was written last; nothing where there is none, or another agent wrote it in another format.
    pub fn read(places: &Places) -> Option<Self> {
        durable::read(&file(places), FORMAT, |this: &Self| this.format).ok().flatten()
    }

    /// Puts another in the place of the one before, where it says something else.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn change(places: &Places, change: impl FnOnce(Option<&Self>) -> Option<Self>) -> io::Result<()> {
        let _alone = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
        let before = Self::read(places);
        let Some(now) = change(before.as_ref()).filter(|now| before.as_ref() != Some(now)) else { return Ok(()) };
        let text = serde_json::to_vec_pretty(&now).map_err(io::Error::other)?;
        durable::replace(&file(places), &text)
    }
}

fn file(places: &Places) -> PathBuf {
    places.state().join(FILE)
}
