//! What the site's file acknowledges in advance.

use consign_metadata::digest::Sha256;

use super::world::{World, reasons};
use crate::acknowledgement::Acknowledgements;
use crate::engine::event::Reason;
use crate::request::Reply;

fn write(world: &World, text: &str) {
    let path = world.places.site(&world.id());
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, text).unwrap();
}

/// 1.1.0 with a note of its own is offered; answers the digest that is asked for.
fn offered() -> (World, serde_json::Value, Sha256) {
    let world = World::with_baseline();
    let plan = world.vendor.plan_with_note("1.1.0");
    world.publish(&[&world.vendor.release(&plan)], "1.1.0-1");
    let held = world.look().remove(0).held;
    let [Reason::NoteUnread { sha256, .. }] = &held[..] else { panic!("{held:?}") };
    let digest = *sha256;
    (world, plan, digest)
}

#[test]
fn the_very_note_counts_and_is_written_down_with_who_and_when() {
    let (world, plan, digest) = offered();
    write(
        &world,
        &format!(
            "[[acknowledge]]\nversion = \"1.1.0\"\nby = \"change 4711\"\nnotes = {{ \"1.1.0\" = \"{digest}\" }}\n"
        ),
    );
    assert_eq!(world.look().remove(0).held, []);
    world.look();
    let all = Acknowledgements::read(&world.product()).unwrap().all;
    let [one] = &all[..] else { panic!("once: {all:?}") };
    assert_eq!(one.by.name, "change 4711, in /etc/consign/acme/erp.toml");
    assert!(jiff::Timestamp::now().duration_since(one.at).as_secs() < 3600);
    assert_eq!(world.barrier(&plan), Reply::Pass);
}

#[test]
fn another_text_another_version_and_another_way_do_not_count() {
    let (world, plan, digest) = offered();
    let other = Sha256::of(b"another text");
    for file in [
        format!("version = \"1.1.0\"\nnotes = {{ \"1.1.0\" = \"{other}\" }}"),
        format!("version = \"1.2.0\"\nnotes = {{ \"1.1.0\" = \"{digest}\" }}"),
        format!("version = \"1.1.0\"\nnotes = {{ \"1.0.5\" = \"{other}\", \"1.1.0\" = \"{digest}\" }}"),
        "version = \"1.1.0\"".to_owned(),
    ] {
        write(&world, &format!("[[acknowledge]]\n{file}\n"));
        assert!(matches!(&world.look().remove(0).held[..], [Reason::NoteUnread { .. }]), "{file}");
    }
    assert!(matches!(&reasons(&world.barrier(&plan))[..], [Reason::NoteUnread { .. }]));
    assert_eq!(Acknowledgements::read(&world.product()).unwrap().all, []);
}

#[test]
fn a_mistake_in_it_is_named() {
    let (world, _, _) = offered();
    for (file, expected) in [
        ("[[acknowledge]]\nversion = \"x\"", "line 2, column 11: "),
        ("[[acknowledge]]\nversion = \"1.1.0\"\nnote = {}", "line 3, column 1: unknown field `note`"),
        ("[[acknowledge]]\nby = \"x\"", "line 1, column 1: missing field `version`"),
        ("[[acknowledge]]\nversion = \"1.1.0\"\nnotes = { \"1.1.0\" = \"12\" }", "line 3, column "),
    ] {
        write(&world, file);
        let held = world.look().remove(0).held;
        let said = held.iter().any(|reason| matches!(reason, Reason::Site { problem } if problem.contains(expected)));
        assert!(said, "{expected}: {held:?}");
    }
}
