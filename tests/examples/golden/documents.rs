//! One golden copy of every published format on its own; of what is signed also the verified bytes.

use std::path::Path;

use consign_metadata::anchor::Anchor;
use consign_metadata::digest::Sha256;
use consign_metadata::document::Role;
use consign_metadata::feed::{Feed, MAXIMUM_HEAD_SIZE};
use consign_metadata::openpgp::Keyring;

use crate::Result;
use crate::host::State;

const ANCHORS: &str = "/usr/share/consignee/vendors/acme";

pub fn write_to(folder: &Path, state: &State, repository: &Path) -> Result<()> {
    fs_err::create_dir_all(folder)?;
    let keep = |name: &str, bytes: &[u8]| fs_err::write(folder.join(name), bytes);
    let statement = state.read(&format!("{ANCHORS}/anchor.json"))?;
    let certificate = state.read(&format!("{ANCHORS}/certificate.pgp"))?;
    keep("anchor.json", &statement)?;
    keep("certificate.pgp", &certificate)?;
    keep("agent.pgp", &state.read(&format!("{ANCHORS}/agent.pgp"))?)?;

    let anchor = Anchor::parse(&statement)?;
    let verified = |role: Role, signed: &[u8]| -> Result<Vec<u8>> {
        let keys = Keyring::new(&certificate, anchor.keys_of(role), role.as_str())?;
        Ok(keys.verify_message(signed, MAXIMUM_HEAD_SIZE)?.bytes)
    };
    let plan = state.read("/usr/share/consignee/plans/canopsis.pgp")?;
    keep("plan.pgp", &plan)?;
    keep("plan.json", &verified(Role::Package, &plan)?)?;
    let channel = "stable".parse()?;
    let head = fs_err::read(repository.join(Feed::path(&channel)))?;
    let feed = verified(Role::Index, &head)?;
    keep("feed.pgp", &head)?;
    keep("feed.json", &feed)?;
    let feed = Feed::parse(&feed, &anchor.vendor, &channel)?;
    let shard = &feed.shards.values().next().ok_or("the feed has no product")?;
    let bytes = fs_err::read(repository.join(&shard.path))?;
    assert_eq!(Sha256::of(&bytes), shard.sha256);
    keep("shard.json", &bytes)?;

    keep("hold", &state.read("/etc/apt/preferences.d/00consignee")?)?;
    keep("acknowledgements", &state.read("/var/lib/consignee/acme/canopsis/acknowledgements")?)?;
    Ok(keep("transaction", &state.read("/root/transaction")?)?)
}
