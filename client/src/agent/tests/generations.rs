//! An older generation of a feed: refused, accepted by a person, and refused again.

use consign_metadata::name::{ChannelName, VendorName};
use jiff::{SignedDuration, Timestamp};

use super::world::World;
use crate::agent::{AgentError, generation};
use crate::engine::event::{Person, Reason};
use crate::feed::accepted::{self, Acceptance};
use crate::notice::Notice;
use crate::request::{FeedState, Reply};

fn vendor() -> VendorName {
    "acme".parse().unwrap()
}

fn channel() -> ChannelName {
    "stable".parse().unwrap()
}

fn marie() -> Person {
    Person { uid: 0, name: "marie".to_owned() }
}

fn feed(reply: Reply) -> FeedState {
    match reply {
        Reply::Feeds { mut feeds } if feeds.len() == 1 => feeds.remove(0),
        other => panic!("{other:?}"),
    }
}

fn seen(world: &World) -> FeedState {
    feed(generation::look(&world.agent, &vendor()).unwrap())
}

fn accept(world: &World, generation: u64) -> Result<FeedState, AgentError> {
    generation::accept(&world.agent, &vendor(), &channel(), generation, &marie()).map(feed)
}

fn is_held(world: &World) -> bool {
    matches!(&world.look()[0].held[..], [Reason::Unverified { .. }])
}

/// A host that knows generation 5 of a channel that offers 1.1.0.
fn world() -> World {
    let world = World::with_baseline();
    show(&world, 5, 48);
    assert!(!is_held(&world));
    world
}

/// The repository shows that generation from now on, which expires in so many hours.
fn show(world: &World, generation: u64, hours: i64) {
    let release = world.vendor.release(&world.vendor.plan("1.1.0"));
    world.publish(&[&release], "1.1.0-1");
    let (lists, entry_point) = (generation.to_string(), world.host.state().repositories[0].entry_point.clone());
    fs_err::write(entry_point, &lists).unwrap();
    let expires = Timestamp::now() + SignedDuration::from_hours(hours);
    world.host.state().files.extend(world.vendor.feed_until(&[&release], generation, lists.as_bytes(), expires));
}

#[test]
fn an_older_generation_is_believed_once_a_person_has_accepted_it_and_what_is_older_still_is_not() {
    let world = world();
    show(&world, 4, 48);
    assert!(is_held(&world));
    let notices = world.notices();
    assert!(matches!(notices[..], [Notice::Older { found: 4, known: 5, .. }]), "{notices:?}");
    assert_eq!(seen(&world).older(), Some(4));
    let found = accept(&world, 4).unwrap();
    assert_eq!((found.known, found.shown, found.older()), (Some(4), Some(4), None));
    assert!(!is_held(&world) && world.notices().is_empty());
    show(&world, 3, 48);
    assert!(is_held(&world), "it was good for that one generation");
    assert_eq!(seen(&world).older(), Some(3));
}

#[test]
fn who_accepted_what_is_on_disk_and_is_not_written_down_where_nothing_was_older() {
    let world = world();
    show(&world, 4, 48);
    accept(&world, 4).unwrap();
    accept(&world, 4).unwrap();
    let found = accepted::all(&world.places, &vendor()).unwrap();
    assert!(
        matches!(&found[..], [Acceptance { by, before: 5, after: 4, .. }] if *by == marie()),
        "once, and not for what was known already: {found:?}"
    );
}

#[test]
fn what_has_expired_is_another_one_or_is_below_the_anchors_minimum_is_never_accepted() {
    let world = world();
    let refused = |shown: u64, hours: i64, wanted: u64| {
        show(&world, shown, hours);
        accept(&world, wanted).unwrap_err().to_string()
    };
    assert!(refused(4, -1, 4).contains("expired"));
    assert!(refused(3, 48, 4).contains("generation 3 now, and not 4"));
    assert!(refused(2, 48, 2).contains("generation 2, older than 3"));
    show(&world, 4, 48);
    let stranger = crate::sample::vendor::Vendor::new("acme");
    let forged = stranger.feed(&[], 4, b"1.1.0-1").pop().unwrap();
    world.host.state().files.extend([forged]);
    assert!(accept(&world, 4).unwrap_err().to_string().contains("does not know"));
    assert_eq!(seen(&world).known, Some(5));
    assert_eq!(accepted::all(&world.places, &vendor()).unwrap(), []);
}
