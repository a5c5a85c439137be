//! A stage of a site, such as test before production: what a mirror shows now, shown unchanged under another path
//! until somebody says otherwise.
//!
//! It is a mirror itself, whose files are those of the first one, by another name: packages take no room twice.

use consign_metadata::anchor::PUBLISHED_CERTIFICATE;
use consign_metadata::name::ChannelName;
use serde::Serialize;

use super::holding::{Holding, named_generation};
use super::reading::never_changes;
use super::staged::Staged;
use super::upstream::Mark;
use super::{Memory, Mirror, MirrorError};
use crate::repository::yum;
use crate::store::{Key, Swap};
use crate::verify::{Scope, examine};

const MAXIMUM: u64 = 256 * 1024 * 1024;
/// Where a mirror has files.
pub const FOLDERS: [&str; 5] = ["pool", "windows", "consign", "dists", "yum"];

/// What is to be done.
#[derive(Debug, Clone, Default)]
pub struct StageRequest {
    /// Where hosts find the stage, for the lists of yum; nothing said, as before.
    pub url: Option<String>,
    /// Whether an older generation may take the place of a newer one.
    pub back: bool,
}

/// What became of a channel of a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StageOutcome {
    /// The channel.
    pub channel: ChannelName,
    /// The generation that it shows now.
    pub generation: u64,
    /// The one before; absent the first time.
    pub before: Option<u64>,
}

/// Shows in one mirror what another one shows.
///
/// # Errors
/// [`MirrorError`]; hosts then see what they saw before.
pub fn stage(from: &Mirror, to: &Mirror, request: &StageRequest) -> Result<Vec<StageOutcome>, MirrorError> {
    let (memory, holdings) = Holding::all(from)?;
    let known = taken_by(to, &memory)?;
    let outcomes = holdings.iter().map(|(channel, holding)| moved(to, &memory, channel, holding, request.back));
    let outcomes = outcomes.collect::<Result<Vec<_>, _>>()?;
    let url = request.url.clone().or_else(|| known.and_then(|known| known.url));
    let (added, mut swapped): (Vec<Key>, Vec<Key>) = files(from, &memory)?.into_iter().partition(is_added);
    added.iter().try_for_each(|key| shared(from, to, key))?;
    swapped.sort_by_key(rank);
    let mut swaps = Vec::new();
    for key in swapped {
        swaps.extend(swap(from, to, key, &holdings, url.as_deref())?);
    }
    let trust = memory.pin.trust()?;
    for (channel, holding) in &holdings {
        let staged = Staged::new(to.store(), &swaps);
        let report = examine(&staged, &trust, channel, holding.feed.issued, Scope::Packages(Vec::new()));
        let vendor = memory.pin.vendor.to_string();
        let report = report.map_err(|cause| MirrorError::Certificate { vendor, cause })?;
        if !report.findings.is_empty() {
            let findings = report.findings.iter().map(ToString::to_string).collect();
            return Err(MirrorError::Refused {
                channel: channel.clone(),
                generation: holding.feed.generation,
                findings,
            });
        }
    }
    for swap in &swaps {
        to.store().replace(&swap.key, swap.replaces.as_ref(), &swap.bytes)?;
    }
    remembered(memory, url).save(to.folder())?;
    to.forget_parts()?;
    Ok(outcomes)
}

/// What the stage knows of itself; one of another vendor's, or something else, is left alone.
fn taken_by(to: &Mirror, memory: &Memory) -> Result<Option<Memory>, MirrorError> {
    let folder = to.folder().display().to_string();
    let Some(known) = Memory::load(to.folder())? else {
        return if to.is_taken()? { Err(MirrorError::Stray { folder }) } else { Ok(None) };
    };
    if known.pin.primary != memory.pin.primary {
        let reason = format!("it is a mirror of {}, and of no other", known.pin.vendor);
        return Err(MirrorError::Folder { folder, reason });
    }
    Ok(Some(known))
}

fn moved(
    to: &Mirror,
    memory: &Memory,
    channel: &ChannelName,
    holding: &Holding,
    back: bool,
) -> Result<StageOutcome, MirrorError> {
    let shown = Holding::of(to.store(), &memory.pin, channel)?;
    let (before, generation) = (shown.map(|shown| shown.feed.generation), holding.feed.generation);
    if let Some(here) = before.filter(|before| *before > generation && !back) {
        return Err(MirrorError::WentBack { channel: channel.clone(), found: generation, here });
    }
    Ok(StageOutcome { channel: channel.clone(), generation, before })
}

/// Everything that hosts can ask a mirror for.
pub fn files(from: &Mirror, memory: &Memory) -> Result<Vec<Key>, MirrorError> {
    let store = from.store();
    let mut keys = Vec::new();
    for folder in FOLDERS {
        keys.extend(store.list(&folder.parse()?)?.into_iter().map(|listed| listed.key));
    }
    let name = format!("{}-release", memory.pin.vendor);
    let names = memory.channels.keys().map(|channel| format!("{name}-{channel}")).chain([name.clone()]);
    for name in names {
        for extension in ["deb", "rpm", "msi"] {
            let key: Key = format!("{name}.{extension}").parse()?;
            keys.extend(store.get(&key, MAXIMUM)?.is_some().then_some(key));
        }
    }
    Ok(keys)
}

/// Whether a file never changes under its name.
pub fn is_added(key: &Key) -> bool {
    let name = key.as_str();
    let packages = ["pool/", "windows/pool/", "consign/plans/"];
    never_changes(key) || packages.iter().any(|folder| name.starts_with(folder))
}

/// The vendor's order of swaps: what leads to nothing yet first, the head of the feed last.
pub fn rank(key: &Key) -> (u8, String) {
    let name = key.as_str();
    let rank = match name {
        name if name.ends_with("/feed.pgp") => 7,
        name if name.ends_with("/changes.tar.gz") => 6,
        PUBLISHED_CERTIFICATE => 5,
        name if !name.contains('/') => 4,
        name if name.starts_with("yum/") && !name.ends_with("/mirrors") => 3,
        name if name.starts_with("yum/") => 2,
        name if name.ends_with("/InRelease") => 1,
        _ => 0,
    };
    (rank, name.to_owned())
}

/// The same file under a second name, or, in another file system, a copy of it.
fn shared(from: &Mirror, to: &Mirror, key: &Key) -> Result<(), MirrorError> {
    let place = from.folder().join(key.as_str());
    let on = |what| {
        let place = place.display().to_string();
        move |cause| MirrorError::Io { what, place, cause }
    };
    let length = std::fs::metadata(&place).map_err(on("look at"))?.len();
    if std::fs::metadata(to.folder().join(key.as_str())).is_ok_and(|there| there.len() == length) {
        return Ok(());
    }
    to.store().remove(key)?;
    std::fs::create_dir_all(to.parts()).map_err(on("make a folder for"))?;
    let part = to.parts().join("stage");
    let _ = std::fs::remove_file(&part);
    if std::fs::hard_link(&place, &part).is_err() {
        std::fs::copy(&place, &part).map_err(on("copy"))?;
    }
    to.store().take(key, &part)?;
    Ok(())
}

/// What a file is to be; the list of yum leads to where it will be shown, if that has an address.
pub fn content(
    from: &Mirror,
    key: &Key,
    holdings: &[(ChannelName, Holding)],
    url: Option<&str>,
) -> Result<Option<Vec<u8>>, MirrorError> {
    let Some((mut bytes, _)) = from.store().read(key, MAXIMUM)? else { return Ok(None) };
    for (channel, holding) in holdings {
        let layout = yum::Layout::of(channel);
        if let (Some(url), Some(generation)) = (url, named_generation(&holding.feed, channel))
            && layout.mirrors()? == *key
        {
            bytes = layout.list(url, &generation).into_bytes();
        }
    }
    Ok(Some(bytes))
}

/// The swap of a file, unless the stage has it.
fn swap(
    from: &Mirror,
    to: &Mirror,
    key: Key,
    holdings: &[(ChannelName, Holding)],
    url: Option<&str>,
) -> Result<Option<Swap>, MirrorError> {
    let Some(bytes) = content(from, &key, holdings, url)? else { return Ok(None) };
    let current = to.store().read(&key, MAXIMUM)?;
    if current.as_ref().is_some_and(|(there, _)| *there == bytes) {
        return Ok(None);
    }
    Ok(Some(Swap { key, replaces: current.map(|(_, stamp)| stamp), bytes }))
}

/// As the mirror knows itself; what a server said of the head is not said of the stage.
fn remembered(mut memory: Memory, url: Option<String>) -> Memory {
    memory.url = url;
    memory.channels.values_mut().for_each(|taken| taken.mark = Mark::default());
    memory
}
