//! Room for a backup, and which of the earlier ones go.

use consign_metadata::digest::Sha256;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::world::{World, reasons};
use crate::backup::{Contents, Seal, SealedPart};
use crate::engine::event::{Purpose, Reason};
use crate::request::Reply;

/// A backup of the newest upgrade counts from now on.
fn seal(world: &World, parts: Vec<SealedPart>) {
    let header = world.upgrade().header;
    let (from, now) = (header.from.clone().unwrap(), Timestamp::now());
    fs_err::create_dir_all(world.product().backup(header.upgrade)).unwrap();
    Seal::new(&header, from, now, now, parts).write(&world.product()).unwrap();
}

fn upgrade_to(world: &World, version: &str) {
    let plan = world.vendor.plan(version);
    assert_eq!(world.barrier(&plan), Reply::Pass);
    world.install(&plan);
    world.ended();
}

#[test]
fn what_the_backup_took_the_last_time_has_to_fit() {
    let world = World::with_baseline();
    upgrade_to(&world, "1.1.0");
    let mut plan = world.vendor.plan("1.2.0");
    plan["body"]["format"] = 3.into();
    let part = json!({"kind": "command", "name": "data", "save": ["dump"], "restore": ["load"], "user": "erp"});
    let backup = json!({"kind": "backup", "parts": [part], "timeout_seconds": 60});
    plan["body"]["steps"].as_array_mut().unwrap().insert(1, backup);
    world.publish(&[&world.vendor.release(&plan)], "1.2.0-1");
    assert_eq!(world.look().remove(0).held, [], "nobody knows how large it will be");
    let (name, file, sha256) = ("data".parse().unwrap(), "data".to_owned(), Sha256::of(b""));
    seal(&world, vec![SealedPart { name, file, bytes: 1 << 50, sha256, contents: Contents::Command }]);
    let held = world.look().remove(0).held;
    let [Reason::NoRoomForUpgrade { file_systems }] = &held[..] else { panic!("{held:?}") };
    assert!(file_systems[0].purposes.contains(&Purpose::Backup) && file_systems[0].needed_mib > 1 << 30, "{held:?}");
}

/// A plan that saves a database.
fn with_database(world: &World) -> Value {
    let mut plan = world.vendor.plan("1.2.0");
    plan["body"]["format"] = 3.into();
    let database = json!({"engine": "postgresql", "name": "erp", "user": "postgres"});
    let part = json!({"kind": "database", "name": "orders", "database": database});
    let backup = json!({"kind": "backup", "parts": [part], "timeout_seconds": 60});
    plan["body"]["steps"].as_array_mut().unwrap().insert(1, backup);
    plan
}

fn says(world: &World, size: u64) {
    world.host.state().answers.insert("psql".to_owned(), format!("{size}\n"));
}

#[track_caller]
fn backup_does_not_fit(reasons: &[Reason]) {
    let [Reason::NoRoomForUpgrade { file_systems }] = reasons else { panic!("{reasons:?}") };
    assert!(file_systems[0].purposes.contains(&Purpose::Backup) && file_systems[0].needed_mib > 1 << 30, "{reasons:?}");
}

#[test]
fn the_first_backup_of_a_database_has_to_fit() {
    let world = World::with_baseline();
    upgrade_to(&world, "1.1.0");
    let plan = with_database(&world);
    world.publish(&[&world.vendor.release(&plan)], "1.2.0-1");
    says(&world, 1 << 50);
    backup_does_not_fit(&world.look().remove(0).held);
    world.host.done();
    backup_does_not_fit(&reasons(&world.barrier(&plan)));
    assert_eq!(world.host.done(), [""; 0]);
    world.ended();
    says(&world, 1000);
    assert_eq!(world.look().remove(0).held, []);
}

#[test]
fn a_database_that_does_not_answer_keeps_an_upgrade_from_beginning() {
    let world = World::with_baseline();
    upgrade_to(&world, "1.1.0");
    let plan = with_database(&world);
    world.publish(&[&world.vendor.release(&plan)], "1.2.0-1");
    let is_unknown = |reasons: &[Reason]| {
        let [Reason::CheckUnknown { check, cause }] = reasons else { panic!("{reasons:?}") };
        assert!(check == "room" && cause.contains("the database orders"), "{cause}");
    };
    is_unknown(&world.look().remove(0).held);
    is_unknown(&reasons(&world.barrier(&plan)));
    world.site("[checks]\nroom = \"off\"\n");
    assert_eq!(world.look().remove(0).held, []);
}

#[test]
fn a_database_takes_the_share_of_its_size_that_it_took_the_last_time() {
    let world = World::with_baseline();
    upgrade_to(&world, "1.1.0");
    let (name, file, sha256) = ("orders".parse().unwrap(), "orders".to_owned(), Sha256::of(b""));
    let contents = Contents::Database { properties: [("size".to_owned(), (1_u64 << 40).to_string())].into() };
    seal(&world, vec![SealedPart { name, file, bytes: 1, sha256, contents }]);
    let plan = with_database(&world);
    world.publish(&[&world.vendor.release(&plan)], "1.2.0-1");
    says(&world, 1 << 50);
    assert_eq!(world.look().remove(0).held, []);
    // It is verified by restoring it whole, beside the one that is there.
    world.host.state().answers.insert("psql".to_owned(), format!("{} /\n", 1_u64 << 50));
    backup_does_not_fit(&world.look().remove(0).held);
    world.host.state().answers.insert("psql".to_owned(), format!("{} /of/another/host\n", 1_u64 << 50));
    assert_eq!(world.look().remove(0).held, []);
}

#[test]
fn backups_beyond_those_that_the_site_keeps_go_when_an_upgrade_is_over() {
    let world = World::with_baseline();
    world.site("[keep]\nbackups = 1\n");
    let there = || [1, 2].map(|number| world.product().backup(number).exists());
    for version in ["1.1.0", "1.2.0", "1.3.0"] {
        upgrade_to(&world, version);
        seal(&world, Vec::new());
        assert_eq!(there()[0], version != "1.3.0", "{version}");
    }
    assert_eq!(there(), [false, true], "the one before stayed until the next was there");
}
