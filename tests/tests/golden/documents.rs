//! Documents of vendors: read as they were published, refused with one bit turned.

use std::io::Cursor;
use std::time::{Duration, SystemTime};

use consign_metadata::anchor::Anchor;
use consign_metadata::deb::DebLayout;
use consign_metadata::digest::Sha256;
use consign_metadata::document::Role;
use consign_metadata::feed::{Feed, FeedRelease, MAXIMUM_HEAD_SIZE, Shard};
use consign_metadata::openpgp::Keyring;
use consign_metadata::plan::{self, BackupPart, Database, OnInterrupt, Step, UpgradePlan};
use consign_metadata::prerequisite::Check;
use consignee::acknowledgement::{Acknowledgements, Subject};
use consignee::places::Places;
use consignee::product::Product;

use crate::fixture::{ADD_ON, BASE, FIRST, Published, SAVED, every, every_deb, position, turned};

fn native(release: &FeedRelease) -> &str {
    let native = &release.packages[0].native;
    native.deb.as_deref().or(native.msi.as_deref()).unwrap()
}

fn plan(published: &Published) -> UpgradePlan {
    UpgradePlan::parse(&published.read("documents/plan.json")).unwrap()
}

#[test]
fn an_anchor_gives_each_key_its_role() {
    every(|published| {
        let anchor = published.anchor();
        assert!(anchor.covers(&published.id()));
        assert_eq!(anchor.minimum_generation.values().collect::<Vec<_>>(), [&1]);
        let keys = [Role::Package, Role::Index].map(|role| anchor.keys_of(role));
        assert_eq!((keys[0].len(), keys[1].len(), anchor.agent.len()), (1, 1, 1));
        assert!(keys[0].is_disjoint(&keys[1]));
        assert!(Keyring::new(&published.read("documents/agent.pgp"), anchor.agent, "agent").is_ok());

        // It is not signed: the package that it came in is. A key of another name signs nothing.
        let statement = published.text("documents/anchor.json");
        let key = keys[0].first().unwrap().as_str();
        let swapped = if key.starts_with('0') { '1' } else { '0' };
        let other = statement.replace(key, &format!("{swapped}{}", &key[1..]));
        let keys_of_other = Anchor::parse(other.as_bytes()).unwrap().keys_of(Role::Package);
        let keyring = Keyring::new(&published.read("documents/certificate.pgp"), keys_of_other, "package").unwrap();
        assert!(keyring.verify_message(&published.read("documents/plan.pgp"), plan::MAXIMUM_SIZE).is_err());
        assert!(Anchor::parse(statement.replace("\"products\"", "\"product\"").as_bytes()).is_err());
    });
}

#[test]
fn a_plan_is_what_was_signed() {
    every(|published| {
        let signed = published.read("documents/plan.pgp");
        let verified = published.keys(Role::Package).verify_message(&signed, plan::MAXIMUM_SIZE).unwrap();
        assert_eq!(verified.bytes, published.read("documents/plan.json"));
        assert_eq!(published.keys(Role::Package).verify_message(&signed, u64::MAX).unwrap(), verified, "no limit");
        let plan = plan(published);
        assert_eq!((plan.id(), plan.envelope.version.to_string().as_str()), (published.id(), published.version));
        assert_eq!(plan.digest, verified.digest);

        let index = published.keys(Role::Index);
        assert!(index.verify_message(&signed, plan::MAXIMUM_SIZE).is_err(), "of another role");
        let version = format!("\"{}\"", published.version);
        let spoilt = turned(&signed, position(&signed, &version) + 2);
        assert!(published.keys(Role::Package).verify_message(&spoilt, plan::MAXIMUM_SIZE).is_err());
    });
}

#[test]
fn a_plan_of_body_format_1_says_what_it_said() {
    let plan = plan(&FIRST);
    assert_eq!((plan.body.format, plan.body.lowest_format()), (1, 1));
    let from = "3.25.0".parse().unwrap();
    let steps = plan.steps(Some(&from));
    let packages = steps.iter().position(|step| matches!(step, Step::Packages));
    assert_eq!((steps.len(), packages), (7, Some(2)));
    assert_eq!(plan.body.options[&"edition".parse().unwrap()].allowed, ["core", "cat"]);
    assert_eq!(plan.body.engines.len(), 3);
    assert_eq!(plan.side_effects(Some(&from)).count(), 1);
    assert_eq!(plan.envelope.notes.iter().filter(|note| note.acknowledge).count(), 1);
}

#[test]
fn a_plan_of_body_format_2_says_what_it_said() {
    let plan = plan(&BASE);
    assert_eq!((plan.body.format, plan.body.lowest_format()), (2, 2));
    let from = "3.25.0".parse().unwrap();
    let steps: Vec<&str> = plan.steps(Some(&from)).into_iter().map(Step::name).collect();
    let list = "announce stop packages init before-start cabling daemon-reload start after-start health dashboard";
    assert_eq!(steps.join(" "), list);
    assert_eq!(plan.points().map(|point| point.as_str()).collect::<Vec<_>>(), ["before-start", "after-start"]);
    let builds: Vec<_> = plan.body.modules[0].natives().filter_map(|native| native.deb.as_deref()).collect();
    assert_eq!(builds, ["3.26.0-1~deb12", "3.26.0-1~deb13"]);
    let renamed = &plan.body.renamed_engines[&"canopsis-web.service".parse().unwrap()];
    assert_eq!(renamed.as_str(), "canopsis-engine@web.service");
    let checks: Vec<_> = plan.prerequisites(Some(&from)).map(|asked| (asked.id.as_str(), &asked.check)).collect();
    assert!(matches!(checks[0], ("data-folder", Check::Command { timeout_seconds: 4, .. })));
    assert!(matches!(checks[1], ("space", Check::FreeSpace { mebibytes: 1, .. })));
    assert_eq!(plan.tasks_before(Some(&from)).map(|task| task.id.as_str()).collect::<Vec<_>>(), ["snapshot"]);
    let task = |name: &str| match plan.body.steps.iter().find(|step| step.name() == name) {
        Some(Step::Task(task)) => task,
        other => panic!("{other:?}"),
    };
    assert_eq!((task("cabling").irreversible, task("dashboard").irreversible), (true, false));
    let add_on = &plan.body.add_ons[0];
    assert_eq!((&add_on.product, &add_on.primary), (&ADD_ON.id(), &ADD_ON.anchor().primary));
    let versions = add_on.versions.as_ref().unwrap();
    assert!(versions.contains(&"2.9.0".parse().unwrap()) && !versions.contains(&"3.0.0".parse().unwrap()));
    assert!(plan.body.add_ons[1].versions.is_none());
}

#[test]
fn a_plan_of_body_format_3_says_what_it_said() {
    let plan = plan(&SAVED);
    assert_eq!((plan.body.format, plan.body.lowest_format()), (3, 3));
    let from = "3.25.0".parse().unwrap();
    let steps: Vec<&str> = plan.steps(Some(&from)).into_iter().map(Step::name).collect();
    let list = "announce stop backup packages remarks index serve init daemon-reload enter-maintenance start health \
                leave-maintenance";
    assert_eq!(steps.join(" "), list);
    let step = |name: &str| plan.body.steps.iter().find(|step| step.name() == name).unwrap();
    let Step::Backup(backup) = step("backup") else { panic!("it is a backup") };
    let [BackupPart::Files { paths, .. }, BackupPart::Command { user, .. }, BackupPart::Database { database, .. }] =
        &backup.parts[..]
    else {
        panic!("{:?}", backup.parts)
    };
    assert_eq!((paths.len(), user.as_str(), backup.timeout_seconds), (2, "canopsis", 300));
    assert!(matches!(database, Database::Sqlite { file, .. } if file == "/var/lib/canopsis/canopsis.db"));
    let Step::Scripts(scripts) = step("remarks") else { panic!("it has scripts") };
    assert_eq!(scripts.between(Some(&from), &plan.envelope.version)[0].path, "3.26.0/pre-10-remarks.py");
    let Step::Until(until) = step("serve") else { panic!("it runs until") };
    assert_eq!((until.ready.line.as_deref(), until.stop_seconds), (Some("the index is ready"), 10));
    assert_eq!(until.run.limits.as_ref().unwrap().memory_mib, Some(256));
    let data = plan.body.data.as_ref().unwrap();
    assert_eq!((data.version.as_deref(), data.probe.user.as_str()), (Some("2"), "canopsis"));
    let flag = plan.body.maintenance.as_ref().unwrap().flag.as_deref();
    assert_eq!(flag, Some("/var/lib/canopsis/maintenance"));
}

#[test]
fn a_plan_of_an_add_on_says_what_it_joins() {
    let plan = plan(&ADD_ON);
    assert_eq!((plan.body.format, plan.body.lowest_format()), (2, 2));
    let joins = plan.body.joins.as_ref().unwrap();
    let works_with = |version: &str| joins.versions.contains(&version.parse().unwrap());
    assert!(joins.product == BASE.id() && works_with("3.26.0") && !works_with("3.25.0") && !works_with("4.0.0"));
    let (from, to) = ("3.25.0".parse().unwrap(), "3.26.0".parse().unwrap());
    let steps = joins.steps(Some(&from), &to);
    let steps: Vec<_> =
        steps.map(|step| (step.point.as_str(), step.run.name.as_str(), step.run.on_interrupt)).collect();
    let expected = [("before-start", "migrate", OnInterrupt::Ask), ("after-start", "register", OnInterrupt::Rerun)];
    assert_eq!(steps, expected);
}

#[test]
fn a_feed_names_its_shard_and_the_shard_its_releases() {
    every(|published| {
        let (vendor, channel) = (published.id().vendor, published.channel());
        let signed = published.read("documents/feed.pgp");
        let verified = published.keys(Role::Index).verify_message(&signed, MAXIMUM_HEAD_SIZE).unwrap();
        assert_eq!(verified.bytes, published.read("documents/feed.json"));
        let feed = Feed::parse(&verified.bytes, &vendor, &channel).unwrap();
        assert_eq!(feed.generation, published.generation);
        assert!(feed.knows_entry_point(&Sha256::of(&published.entry_point())));

        let bytes = published.read("documents/shard.json");
        let id = published.id();
        assert_eq!(feed.shards[&id.product].sha256, Sha256::of(&bytes));
        let shard = Shard::parse(&bytes, &id).unwrap();
        assert_eq!(shard.releases.iter().map(native).collect::<Vec<_>>(), published.packages);
        assert_eq!(shard.releases[1].plan, Sha256::of(&published.read("documents/plan.json")));
        assert_eq!(shard.notes.len(), published.notes);

        let generation = format!("\"generation\":{}", published.generation);
        let spoilt = turned(&signed, position(&signed, &generation) + 13);
        assert!(published.keys(Role::Index).verify_message(&spoilt, MAXIMUM_HEAD_SIZE).is_err());
        // A shard is trusted by its digest.
        assert_ne!(Sha256::of(&turned(&bytes, bytes.len() / 2)), Sha256::of(&bytes));
    });
}

#[test]
fn a_note_that_is_not_what_its_shard_names_is_refused() {
    for published in [&FIRST, &BASE] {
        let bytes = published.read("documents/shard.json");
        let spoilt = turned(&bytes, position(&bytes, "\"text\":\"") + 9);
        assert!(Shard::parse(&spoilt, &published.id()).is_err());
    }
}

#[test]
fn a_package_carries_its_plan_and_its_origin() {
    every_deb(|published| {
        let bytes = published.read(&format!("repository/pool/{}", published.package));
        let layout = DebLayout::read(&mut Cursor::new(&bytes)).unwrap();
        assert_eq!(layout.plan(&mut Cursor::new(&bytes)).unwrap(), Some(published.read("documents/plan.pgp")));
        let origin = |bytes: &[u8], role| layout.verify_origin(&mut Cursor::new(bytes), &published.keys(role));
        let signer = origin(&bytes, Role::Package).unwrap();
        assert!(published.anchor().keys_of(Role::Package).contains(&signer));
        assert!(origin(&bytes, Role::Index).is_err());
        for at in [70, 400, bytes.len() / 2] {
            assert!(origin(&turned(&bytes, at), Role::Package).is_err(), "byte {at}");
        }
    });
}

#[test]
fn signatures_outlive_their_keys() {
    let thirty_years = SystemTime::now() + Duration::from_secs(30 * 365 * 86_400);
    every(|published| {
        let late = |role| published.keys(role).as_of(thirty_years);
        assert!(late(Role::Package).verify_message(&published.read("documents/plan.pgp"), plan::MAXIMUM_SIZE).is_ok());
        assert!(late(Role::Index).verify_message(&published.read("documents/feed.pgp"), MAXIMUM_HEAD_SIZE).is_ok());
    });
}

#[test]
fn acknowledgements_say_who_read_what() {
    for published in [&FIRST, &BASE] {
        let root = tempfile::tempdir().unwrap();
        let product = Product::new(&Places::below(root.path()), published.id());
        fs_err::create_dir_all(product.folder()).unwrap();
        fs_err::copy(published.path("documents/acknowledgements"), product.acknowledgements()).unwrap();
        let read_back = Acknowledgements::read(&product).unwrap();
        let plan = plan(published);
        let is_acknowledged = |subject: &Subject| read_back.is_acknowledged(subject, &plan.envelope.version);
        let note = plan.envelope.notes.iter().find(|note| note.acknowledge).unwrap();
        assert!(is_acknowledged(&Subject::Note { version: note.version.clone(), sha256: note.digest() }));
        let effect = &plan.body.side_effects[0];
        let effect = Subject::SideEffect { id: effect.id.clone(), sha256: effect.digest() };
        assert!(is_acknowledged(&effect));
        assert!(!read_back.is_acknowledged(&effect, &"3.26.1".parse().unwrap()));
        let tasks = plan.body.tasks.iter();
        let mut tasks = tasks.map(|task| Subject::Task { id: task.id.clone(), sha256: task.digest() });
        assert!(tasks.all(|task| is_acknowledged(&task)));
        assert!(read_back.all.iter().all(|one| one.by.name == "root"));

        let bytes = published.read("documents/acknowledgements");
        fs_err::write(product.acknowledgements(), turned(&bytes, position(&bytes, "\"subject\"") + 2)).unwrap();
        assert!(Acknowledgements::read(&product).is_err());
    }
}
