//! What is looked for on the host: what it holds, what it only tells, and when it is looked at again.

use std::process::{Child, Command, Stdio};

use super::world::{World, preinst_of, reasons};
use crate::engine::event::{FolderProblem, Reason};
use crate::engine::machine::State;
use crate::request::{Offer, Reply};

/// A process beside the engines.
struct Stranger(Child);

impl Stranger {
    /// It has a file of the product's open, which is on the host from now on.
    fn with_a_file_of(world: &World) -> Self {
        let path = world.places.at("/opt/erp.so");
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(&path, "").unwrap();
        world.host.state().owned = vec![path.clone()];
        let file = fs_err::File::open(&path).unwrap().into_parts().0;
        Self(Command::new("sleep").arg("600").stdin(file).stdout(Stdio::null()).spawn().unwrap())
    }

    fn end(self) {}
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What is told, but for the packages to go back to, which no repository of these tests has.
fn told(offer: &Offer) -> Vec<Reason> {
    let is_lost = |reason: &&Reason| matches!(reason, Reason::PreviousPackagesMissing { .. });
    offer.told.iter().filter(|reason| !is_lost(reason)).cloned().collect()
}

/// 1.1.0 is offered, and has a note where that is said.
fn offered(with_note: bool) -> (World, serde_json::Value) {
    let world = World::with_baseline();
    let plan = if with_note { world.vendor.plan_with_note("1.1.0") } else { world.vendor.plan("1.1.0") };
    world.publish(&[&world.vendor.release(&plan)], "1.1.0-1");
    (world, plan)
}

fn look(world: &World) -> Offer {
    world.look().remove(0)
}

fn waits_for_reboot(world: &World) {
    world.host.state().waiting = Some(vec!["libc6".to_owned()]);
}

#[test]
fn a_file_that_others_have_open_holds_the_release_until_they_let_go() {
    let (world, plan) = offered(false);
    let stranger = Stranger::with_a_file_of(&world);
    let held = look(&world).held;
    let [Reason::FilesHeldOpen { files, more: 0 }] = &held[..] else { panic!("{held:?}") };
    assert_eq!((&*files[0].process, files[0].pid), ("sleep", stranger.0.id()));
    assert_eq!(world.cleared(), [""; 0], "kept back like anything that is held");
    // Its gates are satisfied: the journal says so, and nothing of what passes.
    assert_eq!(world.state(), State::Cleared);
    assert_eq!(reasons(&world.barrier(&plan)), held);
    assert_eq!(world.host.done(), [""; 0]);
    stranger.end();
    world.host.state().transaction = None;
    assert_eq!(look(&world).held, []);
    assert_eq!(world.cleared(), ["1.1.0-1"]);
    assert_eq!(world.barrier(&plan), Reply::Pass);
}

#[test]
fn a_folder_that_takes_no_file_holds_the_release_and_nothing_is_stopped_for_it() {
    let (world, plan) = offered(false);
    let folder = world.product().packages();
    fs_err::create_dir_all(folder.parent().unwrap()).unwrap();
    fs_err::write(&folder, "").unwrap();
    let named = folder.display().to_string();
    let expected = vec![Reason::FolderUnusable { folder: named, problem: FolderProblem::NotAFolder }];
    assert_eq!(look(&world).held, expected);
    assert_eq!(world.cleared(), [""; 0]);
    assert_eq!(reasons(&world.barrier(&plan)), expected);
    assert_eq!(world.host.done(), [""; 0]);
    fs_err::remove_file(&folder).unwrap();
    world.host.state().transaction = None;
    assert_eq!(look(&world).held, []);
    assert_eq!(world.barrier(&plan), Reply::Pass);
}

#[test]
fn every_reason_is_there_at_once_whatever_kind_it_is_of() {
    let (world, plan) = offered(true);
    world.site("[checks]\nreboot = \"refuse\"\n[window]\nallowed = [\"00:00-00:01\"]\n");
    let stranger = Stranger::with_a_file_of(&world);
    waits_for_reboot(&world);
    let kinds = |reasons: &[Reason]| -> Vec<String> {
        let code = |reason: &Reason| serde_json::to_value(reason).unwrap()["code"].as_str().unwrap().to_owned();
        let mut codes: Vec<String> = reasons.iter().map(code).filter(|code| code != "outside-window").collect();
        codes.sort();
        codes
    };
    let expected = ["files-held-open", "note-unread", "reboot-pending"];
    assert_eq!(kinds(&look(&world).held), expected);
    assert_eq!(kinds(&reasons(&world.barrier(&plan))), expected);
    assert_eq!(kinds(&reasons(&preinst_of(&world, &plan, Some("1.0.0-1")))), expected);
    stranger.end();
}

#[test]
fn a_pending_reboot_is_told_unless_the_site_wants_more_or_less() {
    let (world, plan) = offered(false);
    waits_for_reboot(&world);
    let expected = vec![Reason::RebootPending { packages: vec!["libc6".to_owned()] }];
    let offer = look(&world);
    assert_eq!((told(&offer), offer.held), (expected.clone(), vec![]));
    world.site("[checks]\nreboot = \"refuse\"\n");
    let offer = look(&world);
    assert_eq!((told(&offer), offer.held), (vec![], expected.clone()));
    assert_eq!(reasons(&world.barrier(&plan)), expected);
    world.host.state().transaction = None;
    world.site("[checks]\nreboot = \"off\"\n");
    let offer = look(&world);
    assert_eq!((told(&offer), offer.held), (vec![], vec![]));
    assert_eq!(world.barrier(&plan), Reply::Pass);
}

#[test]
fn what_could_not_be_looked_at_is_not_what_was_not_found() {
    let (world, _) = offered(false);
    world.host.state().unreadable = true;
    let held = look(&world).held;
    let checks: Vec<&str> = held
        .iter()
        .map(|reason| match reason {
            Reason::CheckUnknown { check, .. } => check.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    // That of a reboot only tells, and so does its failure.
    assert_eq!(checks, ["open_files", "room"]);
    world.site("[checks]\nopen_files = \"tell\"\nroom = \"off\"\n");
    let offer = look(&world);
    assert_eq!((told(&offer).len(), offer.held), (2, vec![]));
}

#[test]
fn an_upgrade_that_has_begun_is_not_asked_again() {
    let (world, plan) = offered(false);
    world.site("[checks]\nreboot = \"refuse\"\n");
    look(&world);
    assert_eq!(world.barrier(&plan), Reply::Pass);
    waits_for_reboot(&world);
    let stranger = Stranger::with_a_file_of(&world);
    assert_eq!(preinst_of(&world, &plan, Some("1.0.0-1")), Reply::Pass);
    stranger.end();
    world.install(&plan);
    world.ended();
    assert_eq!(world.state(), State::Completed);
}

#[test]
fn what_passes_does_not_replace_the_rules_on_who_may_install() {
    let (world, plan) = offered(false);
    world.site("[unattended]\nclasses = [\"patch\"]\n[checks]\nreboot = \"refuse\"\n");
    waits_for_reboot(&world);
    look(&world);
    let action = world.action(&plan);
    world.host.state().transaction = Some(std::process::id());
    let mut nobody = crate::agent::dialogue::Speaker::to_nobody();
    let refused = crate::agent::barrier::barrier(&world.agent, &[action], false, &mut nobody).unwrap();
    let refused = reasons(&refused);
    assert!(matches!(&refused[..], [Reason::Unattended { .. }, Reason::RebootPending { .. }]), "{refused:?}");
}
