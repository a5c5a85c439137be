//! One golden copy of every published format on its own; of what is signed also the verified bytes.

use std::path::Path;

use consign_metadata::anchor::Anchor;
use consign_metadata::digest::Sha256;
use consign_metadata::document::Role;
use consign_metadata::feed::{Feed, MAXIMUM_HEAD_SIZE};
use consign_metadata::name::ProductId;
use consign_metadata::openpgp::Keyring;
use consign_metadata::plan::UpgradePlan;

use crate::host::State;
use crate::{BASE, Result};

/// What a vendor published, and how its host got to know it.
pub fn write_published(folder: &Path, state: &State, repository: &Path, product: &str, channel: &str) -> Result<()> {
    fs_err::create_dir_all(folder)?;
    let keep = |name: &str, bytes: &[u8]| fs_err::write(folder.join(name), bytes);
    let id: ProductId = product.parse()?;
    let anchors = format!("/usr/share/consignee/vendors/{}", id.vendor);
    for name in ["anchor.json", "certificate.pgp", "agent.pgp"] {
        keep(name, &state.read(&format!("{anchors}/{name}"))?)?;
    }
    let anchor = Anchor::parse(&fs_err::read(folder.join("anchor.json"))?)?;
    let certificate = fs_err::read(folder.join("certificate.pgp"))?;
    let verified = |role: Role, signed: &[u8]| -> Result<Vec<u8>> {
        let keys = Keyring::new(&certificate, anchor.keys_of(role), role.as_str())?;
        Ok(keys.verify_message(signed, MAXIMUM_HEAD_SIZE)?.bytes)
    };
    let plan = state.read(&state.plan_of(&id))?;
    keep("plan.pgp", &plan)?;
    keep("plan.json", &verified(Role::Package, &plan)?)?;
    assert_eq!(UpgradePlan::parse(&fs_err::read(folder.join("plan.json"))?)?.body.format, 2);

    let channel = channel.parse()?;
    let head = fs_err::read(repository.join(Feed::path(&channel)))?;
    let feed = verified(Role::Index, &head)?;
    keep("feed.pgp", &head)?;
    keep("feed.json", &feed)?;
    let feed = Feed::parse(&feed, &anchor.vendor, &channel)?;
    let shard = &feed.shards.values().next().ok_or("the feed has no product")?;
    let bytes = fs_err::read(repository.join(&shard.path))?;
    assert_eq!(Sha256::of(&bytes), shard.sha256);
    Ok(keep("shard.json", &bytes)?)
}

/// What the host kept of its own.
pub fn write_kept(folder: &Path, state: &State) -> Result<()> {
    let keep = |name: &str, from: &str| -> Result<()> { Ok(fs_err::write(folder.join(name), state.read(from)?)?) };
    keep("acknowledgements", &format!("/var/lib/consignee/{BASE}/acknowledgements"))?;
    keep("transaction", "/root/transaction")
}
