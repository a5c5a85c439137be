//! One golden copy of every published format on its own; of what is signed also the verified bytes.

use std::fs::File;
use std::path::Path;

use consign_metadata::anchor::Anchor;
use consign_metadata::digest::Sha256;
use consign_metadata::document::Role;
use consign_metadata::feed::{Feed, MAXIMUM_HEAD_SIZE, Shard};
use consign_metadata::name::{PackageName, ProductId};
use consign_metadata::openpgp::Keyring;
use consign_metadata::plan::{self, UpgradePlan};
use consign_metadata::rpm::RpmLayout;

use crate::{CHANNEL, PRODUCT, Result};

const MAXIMUM: u64 = 1024 * 1024;

/// What the vendor published, and how a host of rpm gets to know it.
pub fn write(folder: &Path, repository: &Path) -> Result<()> {
    fs_err::create_dir_all(folder)?;
    let keep = |name: &str, bytes: &[u8]| fs_err::write(folder.join(name), bytes);
    let id: ProductId = PRODUCT.parse()?;
    let anchors = format!("/usr/share/consignee/vendors/{}/", id.vendor);
    let introduced = files(&repository.join(format!("{}-release.rpm", id.vendor)), |path| path.starts_with(&anchors))?;
    for (path, bytes) in introduced {
        keep(path.trim_start_matches(&anchors), &bytes)?;
    }
    let anchor = Anchor::parse(&fs_err::read(folder.join("anchor.json"))?)?;
    let certificate = fs_err::read(folder.join("certificate.pgp"))?;
    let verified = |role: Role, signed: &[u8]| -> Result<Vec<u8>> {
        let keys = Keyring::new(&certificate, anchor.keys_of(role), role.as_str())?;
        Ok(keys.verify_message(signed, MAXIMUM_HEAD_SIZE)?.bytes)
    };
    let package = repository.join("pool/main/c/canopsis/canopsis-3.26.0-1.noarch.rpm");
    let name: PackageName = "canopsis".parse()?;
    let plan = files(&package, |path| path == plan::installed_path(&name))?.remove(0).1;
    keep("plan.pgp", &plan)?;
    keep("plan.json", &verified(Role::Package, &plan)?)?;
    UpgradePlan::parse(&fs_err::read(folder.join("plan.json"))?)?;

    let channel = CHANNEL.parse()?;
    let head = fs_err::read(repository.join(Feed::path(&channel)))?;
    let feed = verified(Role::Index, &head)?;
    keep("feed.pgp", &head)?;
    keep("feed.json", &feed)?;
    let feed = Feed::parse(&feed, &anchor.vendor, &channel)?;
    let shard = &feed.shards.values().next().ok_or("the feed has no product")?;
    let bytes = fs_err::read(repository.join(&shard.path))?;
    assert_eq!(Sha256::of(&bytes), shard.sha256);
    Shard::parse(&bytes, &id)?;
    Ok(keep("shard.json", &bytes)?)
}

/// Files of an rpm that was made a moment ago.
fn files(package: &Path, wanted: impl Fn(&str) -> bool) -> Result<Vec<(String, Vec<u8>)>> {
    let mut file = File::open(package)?;
    let layout = RpmLayout::read(&mut file)?;
    let header = layout.unverified_header(&mut file)?;
    let found = layout.files(&mut file, &header, MAXIMUM, wanted)?;
    Ok(found.into_iter().map(|file| (file.path, file.bytes)).collect())
}
