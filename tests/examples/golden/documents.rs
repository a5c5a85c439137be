//! One golden copy of every published format on its own; of what is signed also the verified bytes.

use std::path::Path;

use consign_metadata::anchor::Anchor;
use consign_metadata::digest::Sha256;
use consign_metadata::document::Role;
use consign_metadata::feed::{Feed, FeedRelease, MAXIMUM_HEAD_SIZE, Shard};
use consign_metadata::name::ProductId;
use consign_metadata::openpgp::Keyring;
use consign_metadata::plan::UpgradePlan;

use crate::vendor::Publisher;
use crate::{CHANNEL, PRODUCT, Result};

/// What the vendor published, and how its host got to know it.
pub fn write(folder: &Path, fixture: &Path, acme: &Publisher) -> Result<()> {
    fs_err::create_dir_all(folder)?;
    let keep = |name: &str, bytes: &[u8]| fs_err::write(folder.join(name), bytes);
    let id: ProductId = PRODUCT.parse()?;
    let anchors = fixture.join("host/files/Program Files/Consignee/vendors").join(id.vendor.as_str());
    for name in ["anchor.json", "certificate.pgp", "agent.pgp", "repository.toml"] {
        keep(name, &fs_err::read(anchors.join(name))?)?;
    }
    let anchor = Anchor::parse(&fs_err::read(folder.join("anchor.json"))?)?;
    let certificate = fs_err::read(folder.join("certificate.pgp"))?;
    let verified = |role: Role, signed: &[u8]| -> Result<Vec<u8>> {
        let keys = Keyring::new(&certificate, anchor.keys_of(role), role.as_str())?;
        Ok(keys.verify_message(signed, MAXIMUM_HEAD_SIZE)?.bytes)
    };
    let (repository, channel) = (acme.repository(), CHANNEL.parse()?);
    let head = fs_err::read(repository.join(Feed::path(&channel)))?;
    let feed = verified(Role::Index, &head)?;
    keep("feed.pgp", &head)?;
    keep("feed.json", &feed)?;
    let feed = Feed::parse(&feed, &anchor.vendor, &channel)?;
    let named = |file: &consign_metadata::feed::FileReference| -> Result<Vec<u8>> {
        let bytes = fs_err::read(repository.join(&file.path))?;
        assert_eq!(Sha256::of(&bytes), file.sha256);
        Ok(bytes)
    };
    let shard = named(feed.shards.values().next().ok_or("the feed has no product")?)?;
    keep("shard.json", &shard)?;
    keep("windows.json", &named(feed.windows_index().ok_or("the feed has nothing for Windows")?)?)?;

    // That of the second release, which the host is on its way to.
    let shard = Shard::parse(&shard, &id)?;
    let plan = fs_err::read(repository.join(FeedRelease::plan_path(&shard.releases[1].plan)))?;
    keep("plan.pgp", &plan)?;
    keep("plan.json", &verified(Role::Package, &plan)?)?;
    assert_eq!(UpgradePlan::parse(&fs_err::read(folder.join("plan.json"))?)?.body.format, 3);
    Ok(())
}
