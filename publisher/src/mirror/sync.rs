//! Bringing a mirror up to what its vendor publishes.

use std::collections::BTreeSet;

use consign_metadata::name::ChannelName;
use jiff::Timestamp;
use serde::Serialize;

use super::medium::Packer;
use super::memory::Memory;
use super::passage::Passage;
use super::pin::Pin;
use super::selection::Selection;
use super::upstream::Upstream;
use super::{Listener, Mirror, MirrorError};

/// What is to be done.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Whose signatures count; needed for the first time only.
    pub pin: Option<Pin>,
    /// Which channels; none for those that the mirror has, else `stable`.
    pub channels: BTreeSet<ChannelName>,
    /// What is carried; nothing said, what was carried before.
    pub selection: Option<Selection>,
    /// Where hosts find the mirror; nothing said, as before.
    pub url: Option<String>,
    /// Whose media are taken from now on; nothing said, as before.
    pub packed_by: Option<Packer>,
    /// Whether every file that is there is read again.
    pub check: bool,
    /// Whether a repository is taken over that is there and of which the mirror knows nothing, as after a loss.
    pub adopt: bool,
}

/// What became of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The channel.
    pub channel: ChannelName,
    /// Its generation now.
    pub generation: u64,
    /// The one before; absent the first time.
    pub before: Option<u64>,
    /// Until when hosts believe that nothing newer exists.
    pub expires: Option<Timestamp>,
    /// Whether anything was written that hosts see.
    pub changed: bool,
    /// Whether packages are left out that the indexes list.
    pub partial: bool,
    /// What is to be carried and is not published.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unmet: Vec<String>,
    /// How many files were fetched besides indexes.
    pub fetched: usize,
    /// Which entry points were swapped, in their order.
    pub swapped: Vec<String>,
}

/// Brings the channels of a mirror up to date, one after the other.
///
/// # Errors
/// [`MirrorError`]; channels that came before it are up to date, and every channel is whole.
pub fn sync(
    mirror: &Mirror,
    upstream: &Upstream,
    request: &Request,
    listener: Listener<'_>,
) -> Result<Vec<Outcome>, MirrorError> {
    let (mut memory, is_adopted) = match remembered(mirror, request)? {
        Some(memory) => (memory, false),
        None => begun(mirror, upstream, request)?,
    };
    // What nobody remembers may be anything: all of it is read.
    let request = &Request { check: request.check || is_adopted, ..request.clone() };
    let moved = memory.upstream != upstream.root();
    memory.upstream = upstream.root().to_owned();
    let mut channels = request.channels.clone();
    if channels.is_empty() {
        channels = memory.channels.keys().cloned().collect();
    }
    if is_adopted && channels.is_empty() {
        channels = there(mirror)?;
    }
    if channels.is_empty() {
        channels.insert("stable".parse().expect("it is a channel name"));
    }
    let (selection, url) = (memory.selection.clone(), memory.url.clone());
    memory.selection = request.selection.clone().unwrap_or(selection.clone());
    memory.url = request.url.clone().or(url.clone());
    memory.packed_by = request.packed_by.clone().or(memory.packed_by);
    // What a server says of a file is its own, and what was taken otherwise is incomplete.
    if moved || memory.selection != selection || memory.url != url {
        memory.channels.values_mut().for_each(|taken| taken.again = true);
    }
    // One that is taken over is known when all of it was read.
    if !is_adopted {
        memory.save(mirror.folder())?;
    }
    let (mut outcomes, mut absent) = (Vec::new(), None);
    for channel in &channels {
        let passage = Passage { mirror, upstream, request, listener, channel };
        match passage.run(&mut memory) {
            Ok(outcome) => outcomes.push(outcome),
            // The medium at hand may have more for the next one.
            Err(error @ MirrorError::Absent(_)) => absent = Some(MirrorError::and(absent, error)),
            Err(error) => return Err(error),
        }
        memory.save(mirror.folder())?;
    }
    absent.map_or(Ok(outcomes), Err)
}

/// What the mirror knows of itself.
fn remembered(mirror: &Mirror, request: &Request) -> Result<Option<Memory>, MirrorError> {
    let Some(memory) = Memory::load(mirror.folder())? else { return Ok(None) };
    if request.pin.as_ref().is_some_and(|pin| pin.primary != memory.pin.primary) {
        let Pin { vendor, primary, .. } = &memory.pin;
        let reason = format!("it is a mirror of {vendor}, whose primary key is {primary}, and of no other");
        return Err(MirrorError::Folder { folder: mirror.folder().display().to_string(), reason });
    }
    Ok(Some(memory))
}

/// What a new one begins with, and whether it is one that has lost what it knew of itself.
fn begun(mirror: &Mirror, upstream: &Upstream, request: &Request) -> Result<(Memory, bool), MirrorError> {
    let is_taken = mirror.is_taken()?;
    if is_taken && !request.adopt {
        return Err(MirrorError::Stray { folder: mirror.folder().display().to_string() });
    }
    let unpinned = || MirrorError::Unpinned { upstream: upstream.root().to_owned() };
    Ok((Memory::new(upstream.root(), request.pin.clone().ok_or_else(unpinned)?), is_taken))
}

/// The channels whose feeds are there.
fn there(mirror: &Mirror) -> Result<BTreeSet<ChannelName>, MirrorError> {
    let listed = mirror.store().list(&"consign".parse()?)?;
    let name = |key: &str| key.strip_prefix("consign/")?.strip_suffix("/feed.pgp")?.parse().ok();
    Ok(listed.iter().filter_map(|listed| name(listed.key.as_str())).collect())
}
