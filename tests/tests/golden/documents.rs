//! Documents of vendors: read as they were published, refused with one bit turned.

use std::io::Cursor;
use std::time::{Duration, SystemTime};

use consign_metadata::anchor::Anchor;
use consign_metadata::deb::DebLayout;
use consign_metadata::digest::Sha256;
use consign_metadata::document::Role;
use consign_metadata::feed::{Feed, FeedRelease, MAXIMUM_HEAD_SIZE, Shard};
use consign_metadata::openpgp::Keyring;
use consign_metadata::plan::{self, Step, UpgradePlan};
use consignee::acknowledgement::{Acknowledgements, Subject};
use consignee::places::Places;
use consignee::product::Product;

use crate::fixture::{PRODUCT, golden, position, read, text, turned};

fn anchor() -> Anchor {
    Anchor::parse(&read("documents/anchor.json")).unwrap()
}

fn keys(role: Role) -> Keyring {
    Keyring::new(&read("documents/certificate.pgp"), anchor().keys_of(role), role.as_str()).unwrap()
}

fn native(release: &FeedRelease) -> &str {
    release.packages[0].native.deb.as_deref().unwrap()
}

#[test]
fn an_anchor_gives_each_key_its_role() {
    let anchor = anchor();
    assert!(anchor.covers(&PRODUCT.parse().unwrap()));
    assert_eq!(anchor.minimum_generation.values().collect::<Vec<_>>(), [&1]);
    assert_eq!((anchor.keys_of(Role::Package).len(), anchor.keys_of(Role::Index).len(), anchor.agent.len()), (1, 1, 1));
    assert!(anchor.keys_of(Role::Package).is_disjoint(&anchor.keys_of(Role::Index)));
    assert!(Keyring::new(&read("documents/agent.pgp"), anchor.agent, "agent").is_ok());

    // It is not signed: the package that it came in is. A key of another name signs nothing.
    let statement = text("documents/anchor.json");
    let key = anchor_key(&statement);
    let swapped = if key.starts_with('0') { '1' } else { '0' };
    let other = statement.replace(&key, &format!("{swapped}{}", &key[1..]));
    let keys_of_other = Anchor::parse(other.as_bytes()).unwrap().keys_of(Role::Package);
    let keyring = Keyring::new(&read("documents/certificate.pgp"), keys_of_other, "package").unwrap();
    assert!(keyring.verify_message(&read("documents/plan.pgp"), plan::MAXIMUM_SIZE).is_err());
    assert!(Anchor::parse(statement.replace("\"products\"", "\"product\"").as_bytes()).is_err());
}

fn anchor_key(statement: &str) -> String {
    let keys = Anchor::parse(statement.as_bytes()).unwrap().keys_of(Role::Package);
    keys.first().unwrap().as_str().to_owned()
}

#[test]
fn a_plan_is_what_was_signed() {
    let signed = read("documents/plan.pgp");
    let verified = keys(Role::Package).verify_message(&signed, plan::MAXIMUM_SIZE).unwrap();
    assert_eq!(verified.bytes, read("documents/plan.json"));
    let plan = UpgradePlan::parse(&verified.bytes).unwrap();
    assert_eq!((plan.id().to_string().as_str(), plan.envelope.version.to_string().as_str()), (PRODUCT, "3.26.0"));
    assert_eq!(plan.digest, verified.digest);
    let from = "3.25.0".parse().unwrap();
    let steps = plan.steps(Some(&from));
    let packages = steps.iter().position(|step| matches!(step, Step::Packages));
    assert_eq!((steps.len(), packages), (7, Some(2)));
    assert_eq!(plan.body.options[&"edition".parse().unwrap()].allowed, ["core", "cat"]);
    assert_eq!(plan.body.engines.len(), 3);
    assert_eq!(plan.side_effects(Some(&from)).count(), 1);
    assert_eq!(plan.envelope.notes.iter().filter(|note| note.acknowledge).count(), 1);

    assert!(keys(Role::Index).verify_message(&signed, plan::MAXIMUM_SIZE).is_err(), "of another role");
    let spoilt = turned(&signed, position(&signed, "\"3.26.0\"") + 2);
    assert!(keys(Role::Package).verify_message(&spoilt, plan::MAXIMUM_SIZE).is_err());
}

#[test]
fn a_feed_names_its_shard_and_the_shard_its_releases() {
    let (vendor, channel) = ("acme".parse().unwrap(), "stable".parse().unwrap());
    let signed = read("documents/feed.pgp");
    let verified = keys(Role::Index).verify_message(&signed, MAXIMUM_HEAD_SIZE).unwrap();
    assert_eq!(verified.bytes, read("documents/feed.json"));
    let feed = Feed::parse(&verified.bytes, &vendor, &channel).unwrap();
    assert_eq!(feed.generation, 3);
    assert!(feed.knows_entry_point(&Sha256::of(&read("repository/dists/stable/InRelease"))));

    let bytes = read("documents/shard.json");
    let id = PRODUCT.parse().unwrap();
    assert_eq!(feed.shards[&"canopsis".parse().unwrap()].sha256, Sha256::of(&bytes));
    let shard = Shard::parse(&bytes, &id).unwrap();
    assert_eq!(shard.releases.iter().map(native).collect::<Vec<_>>(), ["3.25.0-1", "3.26.0-1", "3.26.1-1"]);
    assert_eq!(shard.releases[1].plan, Sha256::of(&read("documents/plan.json")));
    assert_eq!(shard.notes.len(), 6);

    let spoilt = turned(&signed, position(&signed, "\"generation\":3") + 13);
    assert!(keys(Role::Index).verify_message(&spoilt, MAXIMUM_HEAD_SIZE).is_err());
    // A shard is trusted by its digest; a note says so even of itself.
    let spoilt = turned(&bytes, position(&bytes, "\"text\":\"") + 9);
    assert!(Shard::parse(&spoilt, &id).is_err() && Sha256::of(&spoilt) != Sha256::of(&bytes));
}

#[test]
fn a_package_carries_its_plan_and_its_origin() {
    let bytes = read("repository/pool/main/c/canopsis/canopsis_3.26.0-1_all.deb");
    let layout = DebLayout::read(&mut Cursor::new(&bytes)).unwrap();
    assert_eq!(layout.plan(&mut Cursor::new(&bytes)).unwrap(), Some(read("documents/plan.pgp")));
    let origin = |bytes: &[u8], role| layout.verify_origin(&mut Cursor::new(bytes), &keys(role));
    let signer = origin(&bytes, Role::Package).unwrap();
    assert!(anchor().keys_of(Role::Package).contains(&signer));
    assert!(origin(&bytes, Role::Index).is_err());
    for at in [70, 400, bytes.len() / 2] {
        assert!(origin(&turned(&bytes, at), Role::Package).is_err(), "byte {at}");
    }
}

#[test]
fn signatures_outlive_their_keys() {
    let thirty_years = SystemTime::now() + Duration::from_secs(30 * 365 * 86_400);
    let late = |role| keys(role).as_of(thirty_years);
    assert!(late(Role::Package).verify_message(&read("documents/plan.pgp"), plan::MAXIMUM_SIZE).is_ok());
    assert!(late(Role::Index).verify_message(&read("documents/feed.pgp"), MAXIMUM_HEAD_SIZE).is_ok());
}

#[test]
fn acknowledgements_say_who_read_what() {
    let root = tempfile::tempdir().unwrap();
    let product = Product::new(&Places::below(root.path()), PRODUCT.parse().unwrap());
    fs_err::create_dir_all(product.folder()).unwrap();
    fs_err::copy(golden("documents/acknowledgements"), product.acknowledgements()).unwrap();
    let read_back = Acknowledgements::read(&product).unwrap();
    let plan = UpgradePlan::parse(&read("documents/plan.json")).unwrap();
    let note = plan.envelope.notes.iter().find(|note| note.acknowledge).unwrap();
    let note = Subject::Note { version: note.version.clone(), sha256: note.digest() };
    let effect = &plan.body.side_effects[0];
    let effect = Subject::SideEffect { id: effect.id.clone(), sha256: effect.digest() };
    for subject in [&note, &effect] {
        assert!(read_back.is_acknowledged(subject, &plan.envelope.version), "{subject:?}");
    }
    assert!(!read_back.is_acknowledged(&effect, &"3.26.1".parse().unwrap()));
    assert!(read_back.all.iter().all(|one| one.by.name == "root"));

    let bytes = read("documents/acknowledgements");
    fs_err::write(product.acknowledgements(), turned(&bytes, position(&bytes, "\"subject\"") + 2)).unwrap();
    assert!(Acknowledgements::read(&product).is_err());
}
