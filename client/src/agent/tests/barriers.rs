//! Barriers: what passes, what is refused, and what becomes of what was prepared.

use super::world::{PACKAGE, World, preinst_of, reasons};
use crate::agent::dialogue::Speaker;
use crate::agent::{barrier, decision};
use crate::engine::event::{Answer, Person, Reason};
use crate::engine::machine::{HaltCause, State};
use crate::request::{Decision, PackageAction, Reply};

#[test]
fn a_transaction_that_passes_is_prepared_and_finished_after_it() {
    let world = World::with_baseline();
    let plan = world.vendor.plan("1.1.0");
    assert_eq!(world.barrier(&plan), Reply::Pass);
    assert_eq!(world.host.done(), ["stop erp-web.service", "stop erp.service"]);
    assert!(world.product().is_unfinished());
    world.install(&plan);
    // apt is still there: it waits for its hooks.
    world.reconcile();
    assert_eq!(world.host.done(), ["migrate", "reload", "start erp.service", "start erp-web.service"]);
    assert_eq!(world.state(), State::Completed);
    assert!(!world.product().is_unfinished());
    world.ended();
    assert_eq!(world.host.done(), Vec::<String>::new());
    assert_eq!(world.product().finished().unwrap().unwrap().0, "1.1.0".parse().unwrap());
}

#[test]
fn a_transaction_that_changed_nothing_lets_the_old_engines_run_again() {
    let world = World::with_baseline();
    assert_eq!(world.barrier(&world.vendor.plan("1.1.0")), Reply::Pass);
    world.reconcile();
    assert!(world.host.running().is_empty(), "it is still open");
    world.ended();
    assert_eq!(world.state(), State::Cancelled);
    assert_eq!(world.host.running(), ["erp-web.service", "erp.service"]);
    assert!(!world.product().is_unfinished());
}

#[test]
fn what_was_taken_back_is_offered_again_without_another_look() {
    let world = World::with_baseline();
    let plan = world.vendor.plan("1.1.0");
    world.publish(&[&world.vendor.release(&plan)], "1.1.0-1");
    world.look();
    world.barrier(&plan);
    world.ended();
    assert_eq!(world.product().replay(1).unwrap().upgrade.unwrap().state, State::Cancelled);
    assert_eq!(world.state(), State::Cleared);
    assert_eq!(world.cleared(), ["1.1.0-1"]);
}

#[test]
fn a_transaction_that_left_half_of_it_halts_and_its_repair_is_the_retry() {
    let world = World::with_baseline();
    let plan = world.vendor.plan("1.1.0");
    world.barrier(&plan);
    world.unpack(&plan, false);
    world.ended();
    assert!(matches!(world.state(), State::Halted { cause: HaltCause::Partial, .. }), "{:?}", world.state());
    assert!(world.host.running().is_empty());
    let configure = PackageAction { archive: None, ..world.action(&plan) };
    assert_eq!(world.barrier_of(&[configure]), Reply::Pass);
    world.install(&plan);
    world.ended();
    assert_eq!(world.state(), State::Completed);
    assert_eq!(world.product().upgrades().unwrap(), [1]);
}

#[test]
fn the_old_packages_put_back_by_hand_end_an_upgrade_that_halted_at_them() {
    let world = World::with_baseline();
    let plan = world.vendor.plan("1.1.0");
    world.barrier(&plan);
    world.unpack(&plan, false);
    world.ended();
    assert_eq!(world.barrier(&world.vendor.plan("1.0.0")), Reply::Pass);
    world.install(&world.vendor.plan("1.0.0"));
    world.ended();
    assert_eq!(world.product().replay(1).unwrap().upgrade.unwrap().state, State::RolledBack);
    assert_eq!(world.host.running(), ["erp-web.service", "erp.service"]);
}

#[test]
fn a_transaction_of_somebody_elses_that_is_open_settles_nothing() {
    let world = World::with_baseline();
    let plan = world.vendor.plan_with_note("1.1.0");
    world.publish(&[&world.vendor.release(&plan)], "1.1.0-1");
    world.look();
    world.host.state().transaction = Some(std::process::id());
    world.host.set(PACKAGE, "1.0.0-1", false);
    world.reconcile();
    assert_eq!(world.state(), State::Held);
    assert_eq!(world.host.running(), ["erp-web.service", "erp.service"]);
}

#[test]
fn packages_that_were_configured_by_hand_after_a_half_transaction_are_finished() {
    let world = World::with_baseline();
    let plan = world.vendor.plan("1.1.0");
    world.barrier(&plan);
    world.unpack(&plan, false);
    world.ended();
    world.install(&plan);
    world.ended();
    assert_eq!(world.state(), State::Completed);
}

#[test]
fn a_refusal_names_every_reason_and_touches_nothing() {
    let world = World::with_baseline();
    let mut plan = world.vendor.plan_with_note("2.0.0");
    plan["minimum_agent"] = "9.0.0".into();
    let refused = reasons(&world.barrier(&plan));
    assert!(
        matches!(
            &refused[..],
            [Reason::ClassUnsupported { .. }, Reason::AgentTooOld { .. }, Reason::NoteUnread { .. }]
        ),
        "{refused:?}"
    );
    assert_eq!(world.host.done(), Vec::<String>::new());
    assert_eq!(world.state(), State::Held);
}

#[test]
fn a_package_that_is_not_the_vendors_is_refused() {
    let world = World::with_baseline();
    let plan = world.vendor.plan("1.1.0");
    let mut action = world.action(&plan);
    action.archive = Some("/archives/unsigned.deb".into());
    assert!(matches!(&reasons(&world.barrier_of(&[action.clone()]))[..], [Reason::Unverified { .. }]));
    let other = crate::sample::vendor::Vendor::new("other");
    other.anchor(&world.places);
    let foreign = other.sign_as_package(&plan.to_string());
    world.host.state().archives.insert("/archives/unsigned.deb".into(), foreign);
    assert!(matches!(&reasons(&world.barrier_of(&[action]))[..], [Reason::Unverified { .. }]));
}

#[test]
fn a_product_may_be_removed_on_purpose_and_not_by_the_way() {
    let world = World::with_baseline();
    let removal =
        PackageAction { archive: None, after: None, remove: true, ..world.action(&world.vendor.plan("1.0.0")) };
    assert_eq!(world.barrier_of(std::slice::from_ref(&removal)), Reply::Pass);
    let library = PackageAction {
        package: "libpq5".to_owned(),
        before: Some("1".to_owned()),
        after: Some("2".to_owned()),
        archive: Some("/archives/libpq5.deb".into()),
        remove: false,
    };
    let refused = reasons(&world.barrier_of(&[removal, library]));
    assert_eq!(refused, [Reason::WouldRemove { packages: vec![PACKAGE.parse().unwrap()] }]);
}

#[test]
fn the_older_of_two_versions_that_a_cut_has_left_may_go() {
    let world = World::with_baseline();
    let older = PackageAction { archive: None, after: None, remove: true, ..world.action(&world.vendor.plan("1.0.0")) };
    let older = PackageAction { before: Some("0.9.0-1".to_owned()), ..older };
    let library = PackageAction {
        package: "libpq5".to_owned(),
        before: Some("1".to_owned()),
        after: Some("2".to_owned()),
        archive: Some("/archives/libpq5.deb".into()),
        remove: false,
    };
    world.host.set(PACKAGE, "1.0.0-1", false);
    assert_eq!(world.barrier_of(&[older.clone(), library.clone()]), Reply::Pass);
    let newer = PackageAction { before: Some("1.0.0-1".to_owned()), ..older };
    let refused = reasons(&world.barrier_of(&[newer, library]));
    assert_eq!(refused, [Reason::WouldRemove { packages: vec![PACKAGE.parse().unwrap()] }]);
}

#[test]
fn packages_of_several_releases_at_once_are_refused() {
    let world = World::with_baseline();
    let mut plan = world.vendor.plan("1.1.0");
    plan["body"]["modules"]
        .as_array_mut()
        .unwrap()
        .push(serde_json::json!({"package": "acme-erp-web", "native": {"deb": "1.1.0-1"}}));
    world.host.set("acme-erp-web", "1.0.0-1", true);
    let refused = reasons(&world.barrier(&plan));
    assert!(matches!(&refused[..], [Reason::MixedVersions { packages }] if packages[0].1 == "1.0.0-1"), "{refused:?}");
}

#[test]
fn a_preparation_that_fails_is_taken_back_and_refused() {
    let world = World::with_baseline();
    world.host.state().stubborn.insert("erp.service".to_owned());
    let refused = reasons(&world.barrier(&world.vendor.plan("1.1.0")));
    assert!(matches!(&refused[..], [Reason::NotPrepared { upgrade: 1, .. }]), "{refused:?}");
    assert_eq!(world.host.running(), ["erp-web.service", "erp.service"]);
    assert_eq!(world.state(), State::Cancelled);
}

#[test]
fn the_same_version_again_runs_nothing() {
    let world = World::with_baseline();
    let plan = world.vendor.plan("1.1.0");
    world.barrier(&plan);
    world.install(&plan);
    world.ended();
    world.host.done();
    assert_eq!(world.barrier(&plan), Reply::Pass);
    world.ended();
    assert_eq!(world.host.done(), Vec::<String>::new());
    assert_eq!(world.product().upgrades().unwrap(), [1]);
}

#[test]
fn a_failed_step_halts_and_goes_on_when_a_person_says_so() {
    let world = World::with_baseline();
    let plan = world.vendor.plan("1.1.0");
    world.barrier(&plan);
    world.install(&plan);
    world.host.state().exit = 3;
    world.ended();
    assert!(matches!(world.state(), State::Halted { item: 2, .. }), "{:?}", world.state());
    assert!(world.host.running().is_empty());
    let refused = reasons(&world.barrier(&world.vendor.plan("1.0.9")));
    assert!(refused.contains(&Reason::Unfinished { upgrade: 1 }), "{refused:?}");
    world.host.state().transaction = None;
    world.host.state().exit = 0;
    let by = Person { uid: 0, name: "marie".to_owned() };
    let decide = |decision| decision::decide(&world.agent, &world.id(), &decision, &by, &mut Speaker::to_nobody());
    let refused = decide(Decision::Answer { answer: Answer::Done }).unwrap_err();
    assert_eq!(refused.to_string(), "cannot decide that about upgrade 1 of acme/erp: it is halted");
    let refused = decide(Decision::Resume).unwrap_err();
    let said = "cannot resume upgrade 1 of acme/erp: it is halted, and waits for more than time";
    assert_eq!(refused.to_string(), said);
    assert_eq!(decide(Decision::Retry).unwrap(), Reply::Accepted);
    world.reconcile();
    assert_eq!(world.state(), State::Completed);
}

#[test]
fn a_vendors_fix_takes_the_place_of_an_upgrade_that_halted() {
    let world = World::with_baseline();
    let plan = world.vendor.plan("1.1.0");
    world.barrier(&plan);
    world.install(&plan);
    world.host.state().exit = 3;
    world.ended();
    let fix = world.vendor.release(&world.vendor.plan("1.1.1"));
    world.publish(&[&fix], "1.1.1-1");
    assert_eq!(world.look()[0].held, []);
    assert!(matches!(world.state(), State::Halted { .. }), "a look leaves it alone");
    assert_eq!(world.cleared(), ["1.1.1-1"]);
    world.host.state().exit = 0;
    assert_eq!(world.barrier(&world.vendor.plan("1.1.1")), Reply::Pass);
    world.install(&world.vendor.plan("1.1.1"));
    world.ended();
    let upgrade = world.upgrade();
    assert_eq!((upgrade.header.supersedes, upgrade.state), (Some(1), State::Completed));
    assert_eq!(upgrade.header.from, Some("1.0.0".parse().unwrap()));
    assert_eq!(world.product().replay(1).unwrap().upgrade.unwrap().state, State::Superseded { by: 2 });
    assert_eq!(world.host.running(), ["erp-web.service", "erp.service"]);
}

#[test]
fn a_service_that_starts_anew_goes_on_with_what_was_prepared() {
    let world = World::with_baseline();
    let plan = world.vendor.plan("1.1.0");
    world.barrier(&plan);
    let after = crate::agent::Agent {
        places: world.places.clone(),
        packages: Box::new(world.host.clone()),
        services: Box::new(world.host.clone()),
        programs: Box::new(world.host.clone()),
        clock: Box::new(crate::sample::clock::Played::default()),
        wall: |_| {},
        deliver: std::sync::Arc::new(|_, _, _| {}),
        version: "0.2.0".parse().unwrap(),
        locks: Default::default(),
        duty: Default::default(),
        admitted: Default::default(),
        expected: Default::default(),
        turns: Default::default(),
        taken_up: Default::default(),
        watched: Default::default(),
        done: Default::default(),
        mending: Default::default(),
        ways: Default::default(),
        looking: Default::default(),
        holding: Default::default(),
    };
    world.install(&plan);
    crate::agent::reconcile::reconcile(&std::sync::Arc::new(after), &world.id()).unwrap();
    assert_eq!(world.state(), State::Completed);
}

#[test]
fn a_first_install_waits_for_its_packages_and_then_runs_whole() {
    let world = World::empty();
    let plan = world.vendor.plan("1.0.0");
    assert_eq!(preinst_of(&world, &plan, None), Reply::Pass);
    assert!(world.product().is_unfinished());
    world.unpack(&plan, false);
    world.reconcile();
    world.install(&plan);
    world.reconcile();
    assert_eq!(world.host.done(), Vec::<String>::new());
    world.ended();
    assert_eq!(world.state(), State::Completed);
    assert_eq!(world.upgrade().header.from, None);
    assert_eq!(world.host.done(), ["migrate", "reload", "start erp.service", "start erp-web.service"]);
    world.ended();
    assert_eq!(world.host.done(), Vec::<String>::new());
}

#[test]
fn a_first_install_that_never_happened_leaves_nothing() {
    let world = World::empty();
    assert_eq!(preinst_of(&world, &world.vendor.plan("1.0.0"), None), Reply::Pass);
    world.ended();
    assert!(!world.product().is_unfinished());
    assert_eq!(world.product().upgrades().unwrap(), Vec::<u32>::new());
}

#[test]
fn a_preinst_passes_what_a_barrier_has_cleared_and_gates_everything_else() {
    let world = World::with_baseline();
    let plan = world.vendor.plan("1.1.0");
    world.barrier(&plan);
    world.host.done();
    world.host.set(PACKAGE, "1.0.0-1", false);
    assert_eq!(preinst_of(&world, &plan, Some("1.0.0-1")), Reply::Pass);
    assert_eq!(world.host.done(), Vec::<String>::new(), "it was prepared already");

    let world = World::with_baseline();
    world.host.set(PACKAGE, "1.0.0-1", false);
    let refused = reasons(&preinst_of(&world, &world.vendor.plan_with_note("1.1.0"), Some("1.0.0-1")));
    assert!(matches!(&refused[..], [Reason::NoteUnread { .. }]), "{refused:?}");
    assert_eq!(preinst_of(&world, &world.vendor.plan("1.1.0"), Some("1.0.0-1")), Reply::Pass);
    assert_eq!(world.host.done(), ["stop erp-web.service", "stop erp.service"]);
}

#[test]
fn a_package_from_before_there_were_plans_is_a_baseline() {
    let world = World::empty();
    world.host.set(PACKAGE, "1:1.0.5-2", false);
    assert_eq!(preinst_of(&world, &world.vendor.plan("1.1.0"), Some("1:1.0.5-2")), Reply::Pass);
    assert_eq!(world.upgrade().header.from, Some("1.0.5".parse().unwrap()));
    let world = World::empty();
    world.host.set(PACKAGE, "unknown", false);
    let refused = reasons(&preinst_of(&world, &world.vendor.plan("1.1.0"), Some("unknown")));
    assert!(matches!(&refused[..], [Reason::Unverified { .. }]), "{refused:?}");
}

#[test]
fn the_barrier_lets_a_transaction_with_nothing_of_ours_pass() {
    let world = World::with_baseline();
    let hello = PackageAction {
        package: "hello".to_owned(),
        before: None,
        after: Some("1".to_owned()),
        archive: Some("/archives/hello.deb".into()),
        remove: false,
    };
    assert_eq!(barrier::barrier(&world.agent, &[hello], true, &mut Speaker::to_nobody()).unwrap(), Reply::Pass);
    assert_eq!(world.product().upgrades().unwrap(), Vec::<u32>::new());
}

/// 1.0.0 of a package without a plan is about to be replaced.
fn without_a_plan() -> World {
    let world = World::empty();
    world.host.set(PACKAGE, "1.0.0-1", false);
    world.host.state().running.insert("erp.service".to_owned());
    world
}

#[test]
fn an_adopted_product_halts_with_its_engines_stopped_until_a_person_has_cleared_it() {
    let world = without_a_plan();
    let plan = world.vendor.plan_with_note("1.1.0");
    assert_eq!(preinst_of(&world, &plan, Some("1.0.0-1")), Reply::Pass);
    assert_eq!(world.host.done(), ["stop erp.service"]);
    let upgrade = world.upgrade();
    assert_eq!(upgrade.header.from, Some("1.0.0".parse().unwrap()));
    assert!(matches!(upgrade.state, State::Halted { cause: HaltCause::Unsatisfied { .. }, .. }), "{:?}", upgrade.state);
    // The same run asks once more, for another package or by debconf.
    assert_eq!(preinst_of(&world, &plan, Some("1.0.0-1")), Reply::Pass);
}

#[test]
fn an_adopted_product_without_a_way_is_refused_before_anything_changed() {
    let world = without_a_plan();
    let mut plan = world.vendor.plan_with_note("2.0.0");
    plan["upgrades"] = serde_json::json!(["patch"]);
    let refused = reasons(&preinst_of(&world, &plan, Some("1.0.0-1")));
    assert!(matches!(&refused[..], [Reason::ClassUnsupported { .. }, Reason::NoteUnread { .. }]), "{refused:?}");
    assert_eq!(world.host.done(), Vec::<String>::new());
}

#[test]
fn an_adoption_that_does_not_come_about_starts_the_engines_again() {
    let world = without_a_plan();
    assert_eq!(preinst_of(&world, &world.vendor.plan_with_note("1.1.0"), Some("1.0.0-1")), Reply::Pass);
    world.host.done();
    world.host.set(PACKAGE, "1.0.0-1", true);
    world.ended();
    assert_eq!(world.host.done(), ["start erp.service"], "{:?}", world.upgrade());
    assert_eq!(world.upgrade().state, State::RolledBack);
}

/// A release with a build for each of two releases of Debian.
fn in_two_builds(world: &World, version: &str) -> serde_json::Value {
    let mut plan = world.vendor.plan(version);
    plan["body"]["format"] = 2.into();
    plan["body"]["modules"][0]["native"]["deb"] = format!("{version}-1~deb12").into();
    plan["body"]["modules"][0]["builds"] = serde_json::json!([{"deb": format!("{version}-1~deb13")}]);
    plan
}

#[test]
fn any_build_of_a_release_is_the_release() {
    for build in ["1.1.0-1~deb12", "1.1.0-1~deb13"] {
        let world = World::with_baseline();
        let plan = in_two_builds(&world, "1.1.0");
        let action = PackageAction { after: Some(build.to_owned()), ..world.action(&plan) };
        assert_eq!(world.barrier_of(&[action]), Reply::Pass, "{build}");
        world.reconcile();
        let mut cleared = world.cleared();
        cleared.sort();
        assert_eq!(cleared, ["1.1.0-1~deb12", "1.1.0-1~deb13"]);
        world.install(&plan);
        world.host.set(PACKAGE, build, true);
        world.ended();
        assert_eq!(world.state(), State::Completed, "{build}");
    }
}

#[test]
fn another_build_of_the_same_release_restarts_the_engines_and_runs_nothing_of_the_vendors() {
    let world = World::with_baseline();
    let plan = in_two_builds(&world, "1.1.0");
    assert_eq!(world.barrier(&plan), Reply::Pass);
    world.install(&plan);
    world.ended();
    assert_eq!(world.state(), State::Completed);
    world.host.done();
    // The host went on to the next release of Debian.
    world.host.state().candidate = Some("1.1.0-1~deb13".to_owned());
    let action = PackageAction { after: Some("1.1.0-1~deb13".to_owned()), ..world.action(&plan) };
    assert_eq!(world.barrier_of(&[action]), Reply::Pass);
    assert_eq!(world.host.done(), ["stop erp-web.service", "stop erp.service"]);
    world.reconcile();
    assert_eq!(world.host.done(), Vec::<String>::new(), "the old build is still there");
    world.host.set(PACKAGE, "1.1.0-1~deb13", true);
    world.ended();
    assert_eq!(world.host.done(), ["reload", "start erp.service", "start erp-web.service"]);
    assert_eq!(world.state(), State::Completed);
}
