//! A server of the site's own that has no feed: the plan in the signed package is what is gone by.

use std::path::PathBuf;

use serde_json::Value;

use super::world::{PACKAGE, World};
use crate::agent::online::Online;
use crate::agent::{generation, offers};
use crate::engine::event::Reason;
use crate::engine::machine::State;
use crate::examination;
use crate::host::Source;
use crate::notice::Notice;

const WORD: &str = "without_feed = [\"acme\"]\n";

/// A host whose package manager would install what this plan describes, from a repository without a feed.
fn offered(plan: &Value) -> World {
    let world = World::with_baseline();
    offer(&world, plan);
    world
}

fn offer(world: &World, plan: &Value) {
    let native = plan["body"]["modules"][0]["native"]["deb"].as_str().unwrap();
    let (candidate, file) = (native.to_owned(), package(world, native));
    let signed = world.vendor.sign_as_package(&plan.to_string());
    let mut state = world.host.state();
    state.candidate = Some(candidate);
    state.archives.insert(file.clone(), signed);
    state.sources.insert(format!("{PACKAGE} {native}"), Source { file: Some(file), download: Some(1) });
}

fn package(world: &World, native: &str) -> PathBuf {
    let file = world.places.at(&format!("/archives/{PACKAGE}_{native}.deb"));
    fs_err::create_dir_all(file.parent().unwrap()).unwrap();
    fs_err::write(&file, format!("{PACKAGE} {native}\n")).unwrap();
    file
}

#[test]
fn what_a_signed_package_says_of_itself_is_offered_only_where_the_site_says_that_there_is_no_feed() {
    let plan = World::empty().vendor.plan("1.1.0");
    let world = offered(&plan);
    assert!(matches!(&world.look()[0].held[..], [Reason::Unverified { .. }]), "nobody has said so");
    world.site(WORD);
    let offers = world.look();
    assert_eq!((&offers[0].offered, &offers[0].held[..]), (&Some("1.1.0".parse().unwrap()), &[][..]));
    assert_eq!((world.state(), world.cleared()), (State::Cleared, vec!["1.1.0-1".to_owned()]));
    let way = {
        let catalogue = crate::agent::catalogue::Catalogue::read(&world.agent).unwrap();
        let entry = &catalogue.entries[&world.id()];
        offers::path(&world.agent, &catalogue, entry, &Online::begin(false), None).unwrap()
    };
    assert_eq!((way.legs.len(), &way.legs[0].to), (1, &"1.1.0".parse().unwrap()));
}

#[test]
fn its_note_has_to_be_acknowledged_all_the_same_and_its_plan_is_kept_for_when_the_file_has_gone() {
    let plan = World::empty().vendor.plan_with_note("1.1.0");
    let world = offered(&plan);
    world.site(WORD);
    let offers = world.look();
    assert!(matches!(&offers[0].held[..], [Reason::NoteUnread { .. }]), "{offers:?}");
    world.host.state().sources.clear();
    world.acknowledge(&offers[0].held, "1.1.0");
    assert_eq!(world.look()[0].held, []);
}

#[test]
fn a_plan_of_another_version_or_signed_by_somebody_else_is_not_gone_by() {
    let plan = World::empty().vendor.plan("1.1.0");
    let world = offered(&plan);
    world.site(WORD);
    let file = world.host.state().sources[&format!("{PACKAGE} 1.1.0-1")].file.clone().unwrap();
    let other = world.vendor.sign_as_package(&world.vendor.plan("1.2.0").to_string());
    world.host.state().archives.insert(file.clone(), other);
    assert!(matches!(&world.look()[0].held[..], [Reason::Unverified { .. }]), "the plan of another version");
    let stranger = crate::sample::vendor::Vendor::new("acme").sign_as_package(&plan.to_string());
    world.host.state().archives.insert(file, stranger);
    assert!(matches!(&world.look()[0].held[..], [Reason::Unverified { .. }]), "somebody else's");
}

#[test]
fn that_there_is_no_feed_is_said_and_is_nothing_to_put_right() {
    let world = offered(&World::empty().vendor.plan("1.1.0"));
    world.site(WORD);
    assert!(matches!(&world.notices()[..], [Notice::WithoutFeed { vendor }] if vendor.as_str() == "acme"));
    let found = examination::examine(&world.places, &world.host, &world.host, jiff::Timestamp::now());
    let kinds: Vec<String> = found.iter().map(|one| format!("{one:?}")).collect();
    assert!(kinds.iter().any(|kind| kind.contains("WithoutFeed")), "{kinds:?}");
    assert!(!kinds.iter().any(|kind| kind.contains("Feed") && !kind.contains("WithoutFeed")), "{kinds:?}");
    assert!(generation::look(&world.agent, &"acme".parse().unwrap()).is_ok());
}
