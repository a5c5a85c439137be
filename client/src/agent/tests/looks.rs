//! Looks: what is offered, what is held, and what is written down of it.

use std::time::Duration;

use consign_metadata::digest::Sha256;
use consign_metadata::document::Role;
use consign_metadata::feed::MAXIMUM_HEAD_SIZE;
use jiff::Timestamp;

use super::world::World;
use crate::agent::locks::Patience;
use crate::agent::online::Online;
use crate::engine::event::Reason;
use crate::engine::machine::State;
use crate::host::Repository;
use crate::notice::Notice;
use crate::trust::Trust;

const AT_ONCE: Patience = Patience { for_steps: Duration::ZERO, for_comparisons: Duration::ZERO };

#[test]
fn a_release_is_held_until_its_note_is_acknowledged() {
    let world = World::with_baseline();
    let release = world.vendor.release(&world.vendor.plan_with_note("1.1.0"));
    world.publish(&[&release], "1.1.0-1");
    let offers = world.look();
    assert!(matches!(&offers[0].held[..], [Reason::NoteUnread { .. }]), "{offers:?}");
    assert_eq!(world.state(), State::Held);
    assert_eq!(world.cleared(), Vec::<String>::new());
    world.acknowledge(&offers[0].held, "1.1.0");
    let offers = world.look();
    assert_eq!(offers[0].offered, Some("1.1.0".parse().unwrap()));
    assert_eq!(offers[0].held, []);
    assert_eq!(world.state(), State::Cleared);
    assert_eq!(world.cleared(), ["1.1.0-1"]);
    assert_eq!(world.product().upgrades().unwrap(), [1], "one journal for one candidate");
    assert_eq!(fs_err::read_to_string(world.places.managed()).unwrap(), "acme-erp\n");
}

#[test]
fn a_look_that_died_before_it_judged_is_made_good_by_the_next_agent() {
    let mut world = World::with_baseline();
    let release = world.vendor.release(&world.vendor.plan("1.1.0"));
    world.publish(&[&release], "1.1.0-1");
    // A little later each time, until it dies between the two records.
    let mut moments = 1..20;
    while world.product().newest().unwrap().is_none() {
        world.dying(moments.next().expect("it writes something down"), World::look);
    }
    assert_eq!(world.state(), State::Planned);
    world.reconcile();
    assert_eq!(world.state(), State::Cleared);
    assert_eq!(world.cleared(), ["1.1.0-1"]);
}

#[test]
fn without_a_feed_what_is_offered_stays_held() {
    let world = World::with_baseline();
    world.host.state().candidate = Some("1.1.0-1".to_owned());
    let offers = world.look();
    assert!(matches!(&offers[0].held[..], [Reason::Unverified { .. }]), "{offers:?}");
    assert_eq!(world.cleared(), Vec::<String>::new());
}

#[test]
fn a_feed_that_was_verified_before_is_enough_while_the_network_is_away() {
    let world = World::with_baseline();
    let release = world.vendor.release(&world.vendor.plan("1.1.0"));
    world.publish(&[&release], "1.1.0-1");
    world.look();
    world.host.state().files.clear();
    assert_eq!(world.look()[0].held, []);
    assert_eq!(world.cleared(), ["1.1.0-1"]);
}

#[test]
fn lists_of_another_publication_than_the_feed_hold_what_was_cleared() {
    let world = World::with_baseline();
    let release = world.vendor.release(&world.vendor.plan("1.1.0"));
    world.publish(&[&release], "1.1.0-1");
    world.look();
    let entry_point = world.host.state().repositories[0].entry_point.clone();
    fs_err::write(entry_point, "other").unwrap();
    let offers = world.look();
    assert!(matches!(&offers[0].held[..], [Reason::Unverified { .. }]), "{offers:?}");
    assert_eq!(world.state(), State::Held);
    assert_eq!(world.cleared(), Vec::<String>::new());
}

#[test]
fn a_feed_that_expired_or_went_back_is_not_believed() {
    let world = World::with_baseline();
    let release = world.vendor.release(&world.vendor.plan("1.1.0"));
    world.publish(&[&release], "1.1.0-1");
    let causes = |world: &World| match &world.look()[0].held[..] {
        [Reason::Unverified { cause, .. }] => cause.clone(),
        other => panic!("{other:?}"),
    };
    let old =
        world.vendor.feed_until(&[&release], 5, b"1.1.0-1", Timestamp::now() - jiff::SignedDuration::from_secs(1));
    world.host.state().files.extend(old);
    assert!(causes(&world).contains("expired"));
    world.host.state().files.extend(world.vendor.feed(&[&release], 2, b"1.1.0-1"));
    assert!(causes(&world).contains("generation 2, older than 5"));
}

#[test]
fn an_expired_feed_is_believed_for_as_long_as_the_vendor_says_of_this_very_head() {
    let world = World::with_baseline();
    let release = world.vendor.release(&world.vendor.plan("1.1.0"));
    world.publish(&[&release], "1.1.0-1");
    let hours = |number: i64| Timestamp::now() + jiff::SignedDuration::from_hours(number);
    let files = world.vendor.feed_until(&[&release], 5, b"1.1.0-1", hours(-1));
    let head = digest_of_head(&world, &files.last().unwrap().1);
    world.host.state().files.extend(files);
    let extend = |head: &Sha256, expires| world.host.state().files.extend([world.vendor.extension(head, expires)]);
    let held = |world: &World| !world.look()[0].held.is_empty();
    assert!(held(&world), "it has expired");
    extend(&Sha256::of(b"another head"), hours(24));
    assert!(held(&world), "of another head");
    extend(&head, hours(24));
    assert!(!held(&world));
    world.host.state().files.remove("consign/stable/extension.pgp");
    assert!(!held(&world), "it is kept");
    extend(&head, hours(-1));
    assert!(held(&world), "it has ended, too");
}

fn digest_of_head(world: &World, signed: &[u8]) -> Sha256 {
    let trust = Trust::read(&world.places).unwrap();
    let keyring = trust.vendor(&world.id().vendor).unwrap().keyring(Role::Index).unwrap();
    keyring.verify_message(signed, MAXIMUM_HEAD_SIZE).unwrap().digest
}

#[test]
fn a_patch_is_offered_where_the_newest_release_cannot_be_reached() {
    let world = World::with_baseline();
    let patch = world.vendor.release(&world.vendor.plan("1.0.1"));
    let major = world.vendor.release(&world.vendor.plan("2.0.0"));
    world.publish(&[&patch, &major], "2.0.0-1");
    let offers = world.look();
    assert_eq!(offers[0].offered, Some("1.0.1".parse().unwrap()));
    assert_eq!(offers[0].held, []);
    assert_eq!(offers[1].offered, Some("2.0.0".parse().unwrap()));
    assert!(matches!(&offers[1].held[..], [Reason::ClassUnsupported { .. }]));
    assert_eq!(world.cleared(), ["1.0.1-1"]);
}

#[test]
fn a_required_stop_is_offered_first() {
    let world = World::with_baseline();
    let stop = world.vendor.release(&world.vendor.plan("1.1.0"));
    let mut plan = world.vendor.plan("1.2.0");
    plan["required_stops"] = serde_json::json!(["1.1.0"]);
    let newest = world.vendor.release(&plan);
    world.publish(&[&stop, &newest], "1.2.0-1");
    assert_eq!(world.look()[0].offered, Some("1.1.0".parse().unwrap()));
    assert_eq!(world.cleared(), ["1.1.0-1"]);
}

#[test]
fn a_plan_for_a_newer_agent_is_held_for_that_reason() {
    let world = World::with_baseline();
    let mut plan = world.vendor.plan("1.1.0");
    plan["body"]["format"] = (consign_metadata::plan::BODY_FORMAT + 1).into();
    plan["minimum_agent"] = "3.0.0".into();
    let release = world.vendor.release(&plan);
    world.publish(&[&release], "1.1.0-1");
    let offers = world.look();
    assert_eq!(offers[0].held, [Reason::AgentTooOld { minimum: "3.0.0".parse().unwrap() }]);
    assert_eq!(world.cleared(), Vec::<String>::new());
}

#[test]
fn a_candidate_that_is_withdrawn_or_gone_is_not_kept_cleared() {
    let world = World::with_baseline();
    let mut release = world.vendor.release(&world.vendor.plan("1.1.0"));
    world.publish(&[&release], "1.1.0-1");
    world.look();
    release.withdraw("it loses invoices");
    world.publish(&[&release], "1.1.0-1");
    assert_eq!(world.look()[0].held, [Reason::Withdrawn { why: "it loses invoices".to_owned() }]);
    assert_eq!(world.cleared(), Vec::<String>::new());
    world.host.state().candidate = None;
    assert_eq!(world.look()[0].offered, None);
    assert_eq!(world.state(), State::Cancelled);
}

#[test]
fn a_newer_candidate_takes_the_place_of_the_one_before() {
    let world = World::with_baseline();
    let (first, second) =
        (world.vendor.release(&world.vendor.plan("1.1.0")), world.vendor.release(&world.vendor.plan("1.2.0")));
    world.publish(&[&first], "1.1.0-1");
    world.look();
    world.publish(&[&first, &second], "1.2.0-1");
    world.look();
    let before = world.product().replay(1).unwrap().upgrade.unwrap();
    assert_eq!(before.state, State::Superseded { by: 2 });
    assert_eq!(world.upgrade().header.to, "1.2.0".parse().unwrap());
    assert_eq!(world.cleared(), ["1.2.0-1"]);
}

#[test]
fn a_repository_signed_by_a_stranger_is_told_although_nothing_new_is_offered() {
    let world = World::with_baseline();
    let release = world.vendor.release(&world.vendor.plan("1.0.0"));
    world.publish(&[&release], "1.0.0-1");
    let stranger = crate::sample::vendor::Vendor::new("acme");
    world.host.state().files.extend(stranger.feed(&[&release], 6, b"1.0.0-1"));
    let notices = world.notices();
    let [Notice::KeyUnknown { url, keys, introduction: None, doubt: Some(_), .. }] = &notices[..] else {
        panic!("{notices:?}")
    };
    assert_eq!((url.as_str(), keys.len()), ("http://127.0.0.1/", 1));
    // A feed that is believed again answers it.
    world.publish(&[&release], "1.0.0-1");
    let notices = world.notices();
    assert_eq!(notices, []);
}

#[test]
fn a_repository_that_cannot_be_read_is_told_in_the_words_of_the_package_manager() {
    let world = World::with_baseline();
    let release = world.vendor.release(&world.vendor.plan("1.0.0"));
    world.publish(&[&release], "1.0.0-1");
    world.host.state().files.clear();
    let notices = world.notices();
    assert!(matches!(&notices[..], [Notice::Unreadable { cause, .. }] if !cause.is_empty()), "{notices:?}");
}

#[test]
fn whoever_only_compares_a_product_keeps_nothing_from_being_offered() {
    let world = World::with_baseline();
    let release = world.vendor.release(&world.vendor.plan("1.1.0"));
    world.publish(&[&release], "1.1.0-1");
    let comparing = world.agent.locks.lock(&world.product().id);
    let offers = std::thread::scope(|scope| {
        let looking = scope.spawn(|| world.look());
        // Longer than a step is waited for.
        assert!(world.agent.locks.lock_within(&world.product().id, Duration::from_millis(600)).is_none());
        drop(comparing);
        looking.join().unwrap()
    });
    assert_eq!(offers[0].offered, Some("1.1.0".parse().unwrap()));
}

#[test]
fn a_server_that_did_not_answer_in_time_is_asked_once() {
    let world = World::with_baseline();
    let release = world.vendor.release(&world.vendor.plan("1.1.0"));
    world.publish(&[&release], "1.1.0-1");
    let (there, path) = {
        let state = world.host.state();
        (state.repositories[0].clone(), state.files.keys().next().unwrap().clone())
    };
    let mute = Repository { url: "https://mute.example/linux".to_owned(), ..there.clone() };
    world.host.state().mute = Some(mute.url.clone());
    let online = Online::of(Duration::from_secs(60), Duration::from_millis(10), AT_ONCE);
    let fetch = |from| online.fetch(&world.agent, from, &path, u64::MAX);
    assert!(fetch(&mute).unwrap_err().contains("pretended"));
    assert!(fetch(&mute).unwrap_err().ends_with("https://mute.example/linux did not answer in time before"));
    fetch(&there).unwrap();
}
