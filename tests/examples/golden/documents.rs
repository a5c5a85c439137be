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
use crate::{CHANNEL, PRODUCT, Result};

const PLAN: &str = "/usr/share/consignee/plans/canopsis.pgp";

/// What the vendor published, how its host got to know it, and what the host kept of its own.
pub fn write(folder: &Path, state: &State, repository: &Path) -> Result<()> {
    fs_err::create_dir_all(folder)?;
    let keep = |name: &str, bytes: &[u8]| fs_err::write(folder.join(name), bytes);
    let id: ProductId = PRODUCT.parse()?;
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
    let plan = state.read(PLAN)?;
    keep("plan.pgp", &plan)?;
    keep("plan.json", &verified(Role::Package, &plan)?)?;
    assert_eq!(UpgradePlan::parse(&fs_err::read(folder.join("plan.json"))?)?.body.format, 3);

    let channel = CHANNEL.parse()?;
    let head = fs_err::read(repository.join(Feed::path(&channel)))?;
    let feed = verified(Role::Index, &head)?;
    keep("feed.pgp", &head)?;
    keep("feed.json", &feed)?;
    let feed = Feed::parse(&feed, &anchor.vendor, &channel)?;
    let shard = &feed.shards.values().next().ok_or("the feed has no product")?;
    let bytes = fs_err::read(repository.join(&shard.path))?;
    assert_eq!(Sha256::of(&bytes), shard.sha256);
    keep("shard.json", &bytes)?;

    keep("acknowledgements", &state.read(&format!("/var/lib/consignee/{PRODUCT}/acknowledgements"))?)?;
    Ok(keep("transaction", &state.read("/root/transaction")?)?)
}
