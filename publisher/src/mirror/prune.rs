//! Files that a mirror needs no more: packages that it does not carry any longer, and what belonged to
//! generations that no host can be in the middle of.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use super::holding::Holding;
use super::{Mirror, MirrorError};
use crate::repository::yum;
use crate::store::{Key, Listed, StoreError};

/// The longest that a client, or a mirror of this one, may still ask for what was named before.
const GRACE: Duration = Duration::from_secs(3 * 24 * 3600);

/// What can be deleted.
///
/// # Errors
/// [`MirrorError`]
pub fn superfluous(mirror: &Mirror, now: SystemTime) -> Result<Vec<Key>, MirrorError> {
    let (memory, holdings) = Holding::all(mirror)?;
    let introduction = format!("{}-release", memory.pin.vendor);
    let (mut packages, mut indexes) = (BTreeSet::new(), BTreeSet::new());
    for (_, holding) in &holdings {
        let carried = holding.offers.iter().filter(|offer| offer.name == introduction || memory.selection.takes(offer));
        packages.extend(carried.map(|offer| offer.file.path.as_str()));
        indexes.extend(holding.plans.iter().map(|plan| plan.path.as_str()));
        indexes.extend(holding.indexes.iter().map(String::as_str));
    }
    let store = mirror.store();
    let list = |folder: &str| store.list(&folder.parse()?);
    let is_old = |listed: &Listed| now.duration_since(listed.modified).is_ok_and(|age| age > GRACE);
    let mut superfluous = Vec::new();
    for listed in [list("pool")?, list("windows/pool")?].into_iter().flatten() {
        superfluous.extend((!packages.contains(listed.key.as_str())).then_some(listed.key));
    }
    let documents = [list("consign/plans")?, list("consign/shards")?, list("consign/windows")?];
    for listed in documents.into_iter().flatten() {
        superfluous.extend((!indexes.contains(listed.key.as_str()) && is_old(&listed)).then_some(listed.key));
    }
    for (channel, holding) in &holdings {
        let by_hash = list(&format!("dists/{channel}"))?.into_iter().filter(|l| l.key.as_str().contains("/by-hash/"));
        let unnamed = by_hash.filter(|listed| !indexes.contains(listed.key.as_str()) && is_old(listed));
        superfluous.extend(unnamed.map(|listed| listed.key));
        superfluous.extend(generations(mirror, &yum::Layout::of(channel), holding, is_old)?);
    }
    Ok(superfluous)
}

/// Whole folders of yum, and documents of the folder that is swapped in place.
fn generations(
    mirror: &Mirror,
    layout: &yum::Layout,
    holding: &Holding,
    is_old: impl Fn(&Listed) -> bool,
) -> Result<Vec<Key>, StoreError> {
    let listed = mirror.store().list(&layout.generations()?)?;
    let named = holding.generation.as_deref();
    let in_named = |listed: &&Listed| layout.generation_of(&listed.key) == named;
    let names: BTreeSet<_> = listed.iter().filter(in_named).map(|listed| listed.key.file_name().to_owned()).collect();
    let is_superfluous = |listed: &&Listed| match layout.generation_of(&listed.key) {
        generation if generation == named => false,
        Some(yum::LATEST) => !names.contains(listed.key.file_name()) && is_old(listed),
        _ => is_old(listed),
    };
    Ok(listed.iter().filter(is_superfluous).map(|listed| listed.key.clone()).collect())
}

/// Deletes files.
///
/// # Errors
/// [`MirrorError::Store`]
pub fn delete(mirror: &Mirror, keys: &[Key]) -> Result<(), MirrorError> {
    keys.iter().try_for_each(|key| mirror.store().remove(key)).map_err(MirrorError::from)
}
