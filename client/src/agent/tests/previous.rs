//! The packages to go back to: where they come from, what is believed, and what for want of room is refused.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::Value;

use super::world::{PACKAGE, World, reasons};
use crate::agent::barrier;
use crate::agent::dialogue::Speaker;
use crate::engine::event::{Purpose, Reason};
use crate::engine::machine::State;
use crate::host::Source;
use crate::previous::PreviousPackages;
use crate::request::{PackageAction, Reply};

const STOPPED: [&str; 2] = ["stop erp-web.service", "stop erp.service"];

fn text(version: &str) -> Vec<u8> {
    format!("{PACKAGE} {version}-1\n").into_bytes()
}

fn file(world: &World, name: &str, content: &[u8]) -> PathBuf {
    let path = world.places.at("/archives").join(name);
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(&path, content).unwrap();
    path
}

/// What brings a release, in a file that is there.
fn arriving(world: &World, plan: &Value) -> PackageAction {
    let action = world.action(plan);
    let version = plan["version"].as_str().unwrap();
    let archive = file(world, &format!("{version}.deb"), &text(version));
    let mut state = world.host.state();
    let signed = state.archives[action.archive.as_ref().unwrap()].clone();
    state.archives.insert(archive.clone(), signed);
    PackageAction { archive: Some(archive), ..action }
}

fn source(world: &World, version: &str, source: Source) {
    world.host.state().sources.insert(format!("{PACKAGE} {version}-1"), source);
}

/// A repository has the version.
fn fetchable(world: &World, version: &str) {
    source(world, version, Source { file: None, download: Some(10) });
    world.host.state().downloads.insert(format!("{PACKAGE} {version}-1"), text(version));
}

fn barrier_to(world: &World, version: &str) -> Reply {
    let action = arriving(world, &world.vendor.plan(version));
    world.barrier_of(&[action])
}

fn upgrade_to(world: &World, version: &str) {
    assert_eq!(barrier_to(world, version), Reply::Pass);
    world.install(&world.vendor.plan(version));
    world.ended();
}

fn kept(world: &World) -> Vec<String> {
    let entries = std::fs::read_dir(world.product().packages()).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names.iter().map(|name| name.replace(&format!("{PACKAGE}_"), "").replace("-1.deb", "")).collect()
}

fn missing(world: &World) -> Vec<String> {
    let found = PreviousPackages::of(&world.product(), &world.upgrade(), &world.host).unwrap();
    found.missing.into_iter().map(|found| found.version).collect()
}

#[test]
fn what_the_package_manager_has_is_kept_without_asking_a_repository() {
    let world = World::with_baseline();
    let cached = file(&world, "cached", &text("1.0.0"));
    source(&world, "1.0.0", Source { file: Some(cached), download: Some(u64::MAX / 2) });
    assert_eq!(barrier_to(&world, "1.1.0"), Reply::Pass);
    assert_eq!(world.host.done(), STOPPED);
    assert_eq!(kept(&world), ["1.0.0", "1.1.0"]);
    assert_eq!(missing(&world), [""; 0]);
}

#[test]
fn what_it_has_not_is_fetched_before_the_engines_stop() {
    let world = World::with_baseline();
    fetchable(&world, "1.0.0");
    assert_eq!(barrier_to(&world, "1.1.0"), Reply::Pass);
    assert_eq!(world.host.done(), [&["fetch acme-erp 1.0.0-1"][..], &STOPPED].concat());
    assert_eq!(kept(&world), ["1.0.0", "1.1.0"]);
}

#[test]
fn a_file_that_is_another_package_is_not_believed() {
    let world = World::with_baseline();
    let wrong = file(&world, "cached", &text("1.0.1"));
    fetchable(&world, "1.0.0");
    source(&world, "1.0.0", Source { file: Some(wrong), download: Some(10) });
    barrier_to(&world, "1.1.0");
    assert_eq!(kept(&world), ["1.0.0", "1.1.0"]);
    assert_eq!(world.host.done()[0], "fetch acme-erp 1.0.0-1");
}

#[test]
fn a_file_that_the_feed_does_not_name_is_not_believed() {
    let world = World::with_baseline();
    let release = world.vendor.release(&world.vendor.plan("1.0.0")).with_file(b"acme-erp 1.0.0-1\nas published");
    world.publish(&[&release], "1.0.0-1");
    world.look();
    let other = file(&world, "cached", &text("1.0.0"));
    source(&world, "1.0.0", Source { file: Some(other), download: None });
    assert_eq!(barrier_to(&world, "1.1.0"), Reply::Pass);
    assert_eq!(kept(&world), ["1.1.0"]);
    assert_eq!(missing(&world), ["1.0.0-1"]);
}

#[test]
fn what_was_kept_is_verified_again_and_had_again_where_it_was_changed() {
    let world = World::with_baseline();
    upgrade_to(&world, "1.1.0");
    fs_err::write(world.product().packages().join("acme-erp_1.1.0-1.deb"), "changed").unwrap();
    fetchable(&world, "1.1.0");
    world.host.done();
    barrier_to(&world, "1.2.0");
    assert_eq!(world.host.done()[0], "fetch acme-erp 1.1.0-1");
    assert_eq!(kept(&world), ["1.1.0", "1.2.0"]);
}

#[test]
fn what_no_repository_has_any_more_keeps_no_upgrade_back() {
    let world = World::with_baseline();
    upgrade_to(&world, "1.1.0");
    assert_eq!(world.state(), State::Completed);
    assert_eq!((kept(&world), missing(&world)), (vec!["1.1.0".to_owned()], vec!["1.0.0-1".to_owned()]));
    source(&world, "1.1.0", Source { file: None, download: Some(10) });
    fs_err::remove_dir_all(world.product().packages()).unwrap();
    upgrade_to(&world, "1.2.0");
    assert_eq!(world.state(), State::Completed, "a repository that answers nothing is no better");
    assert_eq!(kept(&world), ["1.2.0"]);
}

#[test]
fn a_file_that_others_may_change_is_copied_also_where_the_previous_cannot_be_fetched() {
    let world = World::with_baseline();
    source(&world, "1.0.0", Source { file: None, download: Some(10) });
    let action = arriving(&world, &world.vendor.plan("1.1.0"));
    let archive = action.archive.clone().unwrap();
    fs_err::set_permissions(&archive, PermissionsExt::from_mode(0o666)).unwrap();
    assert_eq!(world.barrier_of(&[action]), Reply::Pass);
    assert_eq!(kept(&world), ["1.1.0"]);
    fs_err::write(&archive, "changed").unwrap();
    let copy = world.product().packages().join("acme-erp_1.1.0-1.deb");
    assert_eq!(fs_err::read(copy).unwrap(), text("1.1.0"));
}

#[test]
fn only_the_packages_of_two_releases_are_kept() {
    let world = World::with_baseline();
    fetchable(&world, "1.0.0");
    for version in ["1.1.0", "1.2.0", "1.3.0"] {
        upgrade_to(&world, version);
    }
    assert_eq!(kept(&world), ["1.2.0", "1.3.0"]);
    assert_eq!(missing(&world), [""; 0]);
}

#[test]
fn the_site_may_keep_the_packages_of_more_releases() {
    let world = World::with_baseline();
    world.site("[keep]\npackages = 2\n");
    fetchable(&world, "1.0.0");
    for version in ["1.1.0", "1.2.0", "1.3.0"] {
        upgrade_to(&world, version);
    }
    assert_eq!(kept(&world), ["1.1.0", "1.2.0", "1.3.0"]);
    world.site("");
    upgrade_to(&world, "1.4.0");
    assert_eq!(kept(&world), ["1.3.0", "1.4.0"]);
}

#[test]
fn an_attempt_that_comes_to_nothing_takes_no_kept_package_away() {
    let world = World::with_baseline();
    fetchable(&world, "1.0.0");
    upgrade_to(&world, "1.1.0");
    let way_back =
        || PreviousPackages::of(&world.product(), &world.product().last_begun().unwrap().unwrap().0, &world.host);
    // One is prepared and never installed, and one is refused.
    assert_eq!(barrier_to(&world, "1.2.0"), Reply::Pass);
    world.ended();
    assert_eq!(world.state(), State::Cancelled);
    let action = arriving(&world, &world.vendor.plan_with_note("1.3.0"));
    assert!(matches!(world.barrier_of(&[action]), Reply::Refuse { .. }));
    world.ended();
    assert_eq!(kept(&world)[..2], ["1.0.0", "1.1.0"]);
    assert_eq!(way_back().unwrap().missing, []);
    upgrade_to(&world, "1.4.0");
    assert_eq!(kept(&world), ["1.1.0", "1.4.0"]);
}

#[test]
fn a_product_that_was_removed_keeps_its_packages() {
    let world = World::with_baseline();
    fetchable(&world, "1.0.0");
    upgrade_to(&world, "1.1.0");
    let before = kept(&world);
    assert_eq!(before, ["1.0.0", "1.1.0"]);
    world.remove();
    world.reconcile();
    assert_eq!(kept(&world), before);
}

#[test]
fn a_fix_for_an_upgrade_that_halted_goes_back_to_where_that_began() {
    let world = World::with_baseline();
    fetchable(&world, "1.0.0");
    assert_eq!(barrier_to(&world, "1.1.0"), Reply::Pass);
    world.install(&world.vendor.plan("1.1.0"));
    world.host.state().exit = 3;
    world.ended();
    assert!(matches!(world.state(), State::Halted { .. }), "{:?}", world.state());
    world.host.state().exit = 0;
    upgrade_to(&world, "1.1.1");
    assert_eq!(world.upgrade().header.supersedes, Some(1));
    assert_eq!(kept(&world), ["1.0.0", "1.1.1"]);
    assert_eq!(missing(&world), [""; 0]);
}

#[test]
fn without_room_for_them_nothing_is_fetched_and_nothing_stops() {
    let world = World::with_baseline();
    fetchable(&world, "1.0.0");
    source(&world, "1.0.0", Source { file: None, download: Some(1 << 60) });
    let refused = reasons(&barrier_to(&world, "1.1.0"));
    let [Reason::NoRoomForUpgrade { file_systems }] = &refused[..] else { panic!("{refused:?}") };
    let [full] = &file_systems[..] else { panic!("{refused:?}") };
    assert!(full.needed_mib == (1 << 40) + 8 && full.free_mib < full.needed_mib, "{refused:?}");
    assert_eq!(full.folder, world.product().packages().display().to_string());
    assert_eq!(full.purposes, [Purpose::PreviousPackages]);
    assert_eq!(world.host.done(), [""; 0]);
    assert_eq!(world.host.running(), ["erp-web.service", "erp.service"]);
    assert!(world.product().newest().unwrap().is_none(), "a journal was begun");
}

#[test]
fn the_site_may_refuse_to_go_where_there_is_no_way_back() {
    let world = World::with_baseline();
    let plan = world.vendor.plan_with_note("1.1.0");
    world.site("[checks]\nprevious_packages = \"refuse\"\n");
    let action = arriving(&world, &plan);
    let refused = reasons(&world.barrier_of(&[action]));
    let lost = vec![(PACKAGE.parse().unwrap(), "1.0.0-1".to_owned())];
    assert!(matches!(&refused[0], Reason::NoteUnread { .. }), "all at once: {refused:?}");
    assert_eq!(refused[1..], [Reason::PreviousPackagesMissing { packages: lost.clone() }]);
    // A repository has it, and then cannot send it.
    world.acknowledge(&refused[..1], "1.1.0");
    source(&world, "1.0.0", Source { file: None, download: Some(10) });
    let action = arriving(&world, &plan);
    assert_eq!(reasons(&world.barrier_of(&[action])), [Reason::PreviousPackagesMissing { packages: lost }]);
    assert_eq!(world.host.done(), ["fetch acme-erp 1.0.0-1"], "no engine was stopped");
    fetchable(&world, "1.0.0");
    let action = arriving(&world, &plan);
    assert_eq!(world.barrier_of(&[action]), Reply::Pass);
}

#[test]
fn the_files_of_the_new_packages_need_room_where_those_of_the_old_ones_are() {
    let world = World::with_baseline();
    fetchable(&world, "1.0.0");
    let there = world.places.at("/opt/acme/erp");
    fs_err::create_dir_all(there.parent().unwrap()).unwrap();
    fs_err::write(&there, "an engine").unwrap();
    world.host.state().owned = vec!["/opt".into(), "/opt/acme/erp".into()];
    world.host.state().unpacked = 1 << 50;
    let refused = reasons(&barrier_to(&world, "1.1.0"));
    let [Reason::NoRoomForUpgrade { file_systems }] = &refused[..] else { panic!("{refused:?}") };
    let full = file_systems.iter().find(|full| full.purposes.contains(&Purpose::NewFiles)).unwrap();
    assert!(full.needed_mib >= 1 << 30, "{full:?}");
    world.site("[checks]\nroom = \"off\"\n");
    assert_eq!(barrier_to(&world, "1.1.0"), Reply::Pass);
}

#[test]
fn a_transaction_that_was_given_up_while_packages_were_fetched_stops_nothing() {
    let world = World::with_baseline();
    fetchable(&world, "1.0.0");
    let action = arriving(&world, &world.vendor.plan("1.1.0"));
    let given_up = barrier::barrier(&world.agent, &[action], true, &mut Speaker::to_nobody());
    assert!(given_up.is_err(), "{given_up:?}");
    assert_eq!(world.host.done(), ["fetch acme-erp 1.0.0-1"]);
    assert!(!world.product().is_unfinished());
}
