//! Journeys: a product goes to a version over its stops, and goes on after whatever came in between.

use consign_metadata::digest::Sha256;
use consign_metadata::version::Version;
use serde_json::{Value, json};

use super::world::{World, reasons};
use crate::acknowledgement::{Acknowledgement, Subject, acknowledge};
use crate::agent::catalogue::Catalogue;
use crate::agent::situation::Situation;
use crate::agent::upgrades::{self, Task};
use crate::agent::{AgentError, journey};
use crate::engine::event::{Person, Reason};
use crate::engine::machine::State;
use crate::engine::runner::Standing;
use crate::host::Source;
use crate::journey::{Hop, Journey};
use crate::preparation;
use crate::request::{Reply, Way};

/// The package of 1.0.0, whose first line says what it is.
const BEFORE: &str = "acme-erp 1.0.0-1\n";

/// 1.0.0 runs; 1.2.0 is the newest and wants 1.1.0 to be gone through.
fn with_a_stop() -> World {
    with(|world| world.vendor.plan("1.1.0"))
}

fn with(first: impl Fn(&World) -> Value) -> World {
    let world = World::with_baseline();
    let stop = first(&world);
    let newest = newest(&world);
    let before = world.vendor.release(&world.vendor.plan("1.0.0")).with_file(BEFORE.as_bytes());
    let releases = [before, world.vendor.release(&stop), world.vendor.release(&newest)];
    world.publish(&releases.each_ref(), "1.2.0-1");
    world.look();
    world.host.done();
    world
}

fn newest(world: &World) -> Value {
    let mut plan = world.vendor.plan_with_note("1.2.0");
    plan["required_stops"] = json!(["1.1.0"]);
    plan
}

fn v(text: &str) -> Version {
    text.parse().unwrap()
}

fn marie() -> Person {
    Person { uid: 0, name: "marie".to_owned() }
}

fn set_out(world: &World, to: Option<&str>) -> Result<bool, AgentError> {
    journey::set_out(&world.agent, &world.id(), to.map(v).as_ref(), &[], &marie())
}

/// What the agent does by itself, until nothing more comes of it.
fn drive(world: &World) {
    for _ in 0..20 {
        world.reconcile();
        if !journey::go_on(&world.agent, &world.id()).unwrap() {
            return;
        }
    }
    panic!("it never comes to rest");
}

fn waits(world: &World) -> Vec<Reason> {
    Journey::read(&world.product()).unwrap().expect("it is on no journey").waits
}

/// The state of the first upgrade; when it was taken back, what is offered has another journal.
fn first(world: &World) -> State {
    world.product().replay(1).unwrap().upgrade.unwrap().state
}

fn finished(world: &World) -> Option<Version> {
    world.product().finished().unwrap().map(|(version, _)| version)
}

fn way(world: &World, to: Option<&str>) -> Way {
    match journey::path(&world.agent, &world.id(), to.map(v).as_ref()).unwrap() {
        Reply::Path { way } => way,
        other => panic!("{other:?}"),
    }
}

fn acknowledge_the_newest(world: &World) {
    let note: Vec<Reason> = way(world, None).legs.pop().unwrap().held;
    world.acknowledge(&note, "1.2.0");
}

#[test]
fn the_way_names_every_stop_and_what_a_person_has_to_read_on_all_of_it() {
    let world = with_a_stop();
    let way = way(&world, None);
    let hops: Vec<_> = way.legs.iter().map(|leg| (leg.from.to_string(), leg.to.to_string())).collect();
    assert_eq!(hops, [("1.0.0", "1.1.0"), ("1.1.0", "1.2.0")].map(|(a, b)| (a.to_owned(), b.to_owned())));
    assert_eq!(way.legs[0].held, []);
    assert!(matches!(&way.legs[1].held[..], [Reason::NoteUnread { .. }]), "{:?}", way.legs[1].held);
    assert_eq!(way.beyond, []);
}

#[test]
fn while_packages_are_replaced_the_upgrade_is_under_way_and_the_product_not_gone() {
    let world = with_a_stop();
    assert_eq!(world.barrier(&world.vendor.plan("1.1.0")), Reply::Pass);
    world.remove();
    let asked = |world: &World| journey::path(&world.agent, &world.id(), None).unwrap_err().to_string();
    assert_eq!(asked(&world), "the upgrade of acme/erp to 1.1.0 is under way");
}

#[test]
fn a_package_manager_is_offered_the_stop_and_told_of_the_rest() {
    let world = with_a_stop();
    let offers = world.look();
    assert_eq!(offers[0].offered, Some(v("1.1.0")));
    assert_eq!(offers[1].held, [Reason::RequiredStops { stops: vec![v("1.1.0")] }]);
    assert_eq!(world.cleared(), ["1.1.0-1"]);
    let refused = reasons(&world.barrier(&newest(&world)));
    assert!(refused.contains(&Reason::RequiredStops { stops: vec![v("1.1.0")] }), "{refused:?}");
    assert!(world.host.running().contains(&"erp.service".to_owned()));
}

#[test]
fn every_stop_is_gone_through_and_each_is_prepared_before_the_package_manager_is_called() {
    let world = with_a_stop();
    acknowledge_the_newest(&world);
    set_out(&world, None).unwrap();
    drive(&world);
    assert_eq!(finished(&world), Some(v("1.2.0")));
    let hop = |version: &str| {
        let [download, install] = ["download", "install"].map(|word| format!("{word} acme-erp {version}-1"));
        let stop = ["stop erp-web.service", "stop erp.service"].map(str::to_owned);
        let finish = ["migrate", "reload", "start erp.service", "start erp-web.service"].map(str::to_owned);
        [download].into_iter().chain(stop).chain([install]).chain(finish)
    };
    assert_eq!(world.host.done(), hop("1.1.0").chain(hop("1.2.0")).collect::<Vec<_>>());
    assert!(!Journey::is_begun(&world.product()));
}

#[test]
fn a_plan_that_was_not_shown_is_not_begun() {
    let world = with_a_stop();
    acknowledge_the_newest(&world);
    let shown: Vec<Sha256> = way(&world, None).legs.iter().filter_map(|leg| leg.plan).collect();
    let others = vec![Sha256::of(b"another plan"), shown[1]];
    let set_out = |plans: &[Sha256]| journey::set_out(&world.agent, &world.id(), None, plans, &marie()).unwrap();
    assert!(!set_out(&others) && !set_out(&shown[..1]));
    assert!(!Journey::is_begun(&world.product()));
    assert!(set_out(&shown));
    // As if another one were published before it begins.
    let journey = Journey::read(&world.product()).unwrap().unwrap();
    Journey { plans: others, ..journey }.keep(&world.product()).unwrap();
    drive(&world);
    assert!(matches!(&waits(&world)[..], [Reason::Unverified { .. }]), "{:?}", waits(&world));
    assert_eq!(world.host.done(), Vec::<String>::new(), "no engine stops for it");
    assert!(set_out(&shown));
    drive(&world);
    assert_eq!(finished(&world), Some(v("1.2.0")));
}

#[test]
fn a_stop_that_nobody_has_read_about_waits_and_an_acknowledgement_lets_it_go_on() {
    let world = with_a_stop();
    set_out(&world, None).unwrap();
    drive(&world);
    assert_eq!(finished(&world), Some(v("1.1.0")));
    assert!(matches!(&waits(&world)[..], [Reason::NoteUnread { .. }]), "{:?}", waits(&world));
    acknowledge_the_newest(&world);
    drive(&world);
    assert_eq!(finished(&world), Some(v("1.2.0")));
}

#[test]
fn nothing_beyond_the_end_of_a_journey_is_offered() {
    let world = with_a_stop();
    acknowledge_the_newest(&world);
    set_out(&world, Some("1.1.0")).unwrap();
    assert_eq!(world.look().len(), 1);
    drive(&world);
    assert_eq!(finished(&world), Some(v("1.1.0")));
    assert!(!Journey::is_begun(&world.product()));
    assert_eq!(world.look()[0].offered, Some(v("1.2.0")));
}

#[test]
fn there_is_no_way_to_a_version_that_nobody_published() {
    let world = with_a_stop();
    let held = way(&world, Some("1.1.7")).beyond[0].held.clone();
    assert!(matches!(&held[..], [Reason::Unverified { .. }]), "{held:?}");
    assert!(set_out(&world, Some("1.1.7")).unwrap_err().to_string().contains("no way"));
    assert!(!Journey::is_begun(&world.product()));
}

#[test]
fn what_cannot_be_fetched_stops_no_engine_and_is_fetched_later() {
    let world = with_a_stop();
    world.host.state().unreachable = true;
    set_out(&world, Some("1.1.0")).unwrap();
    drive(&world);
    assert!(matches!(&waits(&world)[..], [Reason::NotFetched { .. }]), "{:?}", waits(&world));
    assert_eq!(world.host.done(), ["download acme-erp 1.1.0-1"]);
    assert_eq!(world.host.state().wakes.len(), 1, "it comes back by itself");
    world.host.state().unreachable = false;
    drive(&world);
    assert_eq!(finished(&world), Some(v("1.1.0")));
}

/// A person wants to go to the newest version while the packages of the first stop are downloaded.
fn with_another_destination_typed_meanwhile() -> World {
    let world = with_a_stop();
    acknowledge_the_newest(&world);
    set_out(&world, Some("1.1.0")).unwrap();
    let (agent, id) = (std::sync::Arc::clone(&world.agent), world.id());
    let typed = move || assert!(journey::set_out(&agent, &id, None, &[], &marie()).unwrap());
    world.host.state().meanwhile = Some(Box::new(typed));
    world
}

#[test]
fn a_destination_that_is_typed_during_a_download_is_gone_to() {
    let world = with_another_destination_typed_meanwhile();
    drive(&world);
    assert_eq!(finished(&world), Some(v("1.2.0")));
    assert!(!Journey::is_begun(&world.product()));
}

#[test]
fn a_destination_that_is_typed_during_a_download_that_fails_is_kept() {
    let world = with_another_destination_typed_meanwhile();
    world.host.state().unreachable = true;
    drive(&world);
    let journey = Journey::read(&world.product()).unwrap().unwrap();
    assert_eq!(journey.to, v("1.2.0"));
    assert!(matches!(&journey.waits[..], [Reason::NotFetched { .. }]), "{:?}", journey.waits);
}

#[test]
fn a_package_manager_that_fails_is_called_again_only_on_a_persons_word() {
    let world = with_a_stop();
    world.host.state().broken = true;
    set_out(&world, Some("1.1.0")).unwrap();
    drive(&world);
    assert_eq!((first(&world), finished(&world)), (State::Cancelled, None));
    assert!(matches!(&waits(&world)[..], [Reason::NotInstalled { upgrade: 1, .. }]), "{:?}", waits(&world));
    assert_eq!(world.host.running(), ["erp-web.service", "erp.service"]);
    world.host.state().broken = false;
    drive(&world);
    assert_eq!(finished(&world), None);
    set_out(&world, None).unwrap();
    drive(&world);
    // As far as it can without a word about the note.
    assert_eq!(finished(&world), Some(v("1.1.0")));
}

/// Everything before the packages is done, and no transaction is open.
fn prepare(world: &World) {
    let catalogue = Catalogue::read(&world.agent).unwrap();
    let situation = Situation::of(&world.agent, &catalogue, &catalogue.entries[&world.id()]).unwrap();
    let mut journal = world.product().open(1).unwrap().unwrap();
    let standing = upgrades::carry_out(&world.agent, &situation, &mut journal, Task::Prepare).unwrap();
    assert_eq!(standing, Standing::Packages);
}

/// The agent dies after it has prepared an upgrade and before it called the package manager.
fn dies_prepared(world: &World, tries: u32) {
    prepare(world);
    let upgrade = world.upgrade();
    let mut journey = Journey::read(&world.product()).unwrap().unwrap();
    let (number, to) = (upgrade.header.upgrade, v("1.1.0"));
    for _ in 0..tries {
        let at = jiff::Timestamp::UNIX_EPOCH;
        journey.hop(Hop { upgrade: number, from: v("1.0.0"), to: to.clone(), at });
    }
    journey.keep(&world.product()).unwrap();
}

#[test]
fn an_agent_that_died_before_it_called_the_package_manager_takes_back_and_tries_again() {
    let world = with_a_stop();
    set_out(&world, Some("1.1.0")).unwrap();
    dies_prepared(&world, 1);
    world.reconcile();
    assert_eq!(first(&world), State::Cancelled);
    assert_eq!(world.host.running(), ["erp-web.service", "erp.service"]);
    drive(&world);
    assert_eq!(finished(&world), Some(v("1.1.0")));
}

#[test]
fn what_is_interrupted_again_and_again_is_left_to_a_person() {
    let world = with_a_stop();
    set_out(&world, Some("1.1.0")).unwrap();
    dies_prepared(&world, 3);
    drive(&world);
    assert!(matches!(&waits(&world)[..], [Reason::NotInstalled { .. }]), "{:?}", waits(&world));
    assert_eq!(finished(&world), None);
}

#[test]
fn what_is_prepared_for_our_own_transaction_is_not_taken_back_before_it_begins() {
    let world = with_a_stop();
    prepare(&world);
    world.agent.ways.prepare(&world.id());
    world.reconcile();
    assert!(matches!(world.state(), State::Forward { item: 1, .. }), "{:?}", world.state());
    world.agent.ways.settle(&world.id());
    world.reconcile();
    assert_eq!(first(&world), State::Cancelled);
}

#[test]
fn somebody_elses_transaction_is_waited_for() {
    let world = with_a_stop();
    set_out(&world, Some("1.1.0")).unwrap();
    // Nobody can watch the end of a process of this number.
    world.host.state().transaction = Some(0);
    assert!(!journey::go_on(&world.agent, &world.id()).unwrap());
    assert_eq!(world.host.done(), [""; 0]);
    world.host.state().transaction = None;
}

#[test]
fn a_long_preparation_is_the_agents_work_and_not_the_package_managers() {
    let world = with(|world| {
        let mut plan = world.vendor.plan("1.1.0");
        plan["body"]["format"] = 3.into();
        plan["body"]["preparation_seconds"] = 600.into();
        plan
    });
    let long = Reason::LongPreparation { seconds: 600 };
    assert_eq!(world.look()[0].held, std::slice::from_ref(&long));
    // No gate holds it: that is what is written down.
    assert_eq!((world.state(), world.cleared()), (State::Cleared, Vec::new()));
    let mut plan = world.vendor.plan("1.1.0");
    plan["body"]["format"] = 3.into();
    plan["body"]["preparation_seconds"] = 600.into();
    assert_eq!(reasons(&world.barrier(&plan)), [long]);
    world.host.state().transaction = None;
    assert_eq!(way(&world, None).legs[0].held, []);
    set_out(&world, Some("1.1.0")).unwrap();
    drive(&world);
    assert_eq!(finished(&world), Some(v("1.1.0")));
}

/// 1.1.0 saves the data first, and the package of 1.0.0 can be had.
fn that_can_be_taken_back(world: &World) -> Value {
    fs_err::create_dir_all(world.places.at("/var/lib/erp")).unwrap();
    let before = BEFORE.trim().to_owned();
    world.host.state().sources.insert(before.clone(), Source { file: None, download: Some(10) });
    world.host.state().downloads.insert(before, BEFORE.as_bytes().to_vec());
    let mut plan = world.vendor.plan("1.1.0");
    plan["body"]["format"] = 3.into();
    let parts = json!([{"kind": "files", "name": "files", "paths": ["/var/lib/erp"]}]);
    let steps = plan["body"]["steps"].as_array_mut().unwrap();
    steps.insert(1, json!({"kind": "backup", "parts": parts, "timeout_seconds": 60}));
    steps[3]["undo"] = json!("from-backup");
    plan
}

#[test]
fn a_stop_that_was_rolled_back_is_asked_about_before_it_is_tried_again() {
    let world = with(that_can_be_taken_back);
    world.host.state().failing.insert("migrate".to_owned());
    set_out(&world, Some("1.1.0")).unwrap();
    drive(&world);
    assert_eq!((first(&world), finished(&world)), (State::RolledBack, Some(v("1.0.0"))));
    assert_eq!(waits(&world), [Reason::TakenBack { upgrade: 1 }]);
    assert_eq!(world.host.running(), ["erp-web.service", "erp.service"]);
    world.host.state().failing.clear();
    drive(&world);
    assert_eq!(finished(&world), Some(v("1.0.0")), "nobody has said that it is wanted again");
    let at = jiff::Timestamp::UNIX_EPOCH;
    let wanted = Acknowledgement { at, by: marie(), subject: Subject::TakenBack { upgrade: 1 }, version: v("1.1.0") };
    acknowledge(&world.product(), &[wanted]).unwrap();
    drive(&world);
    assert_eq!(finished(&world), Some(v("1.1.0")));
}

#[test]
fn a_person_may_go_no_further() {
    let world = with_a_stop();
    assert!(journey::stay(&world.agent, &world.id(), &marie()).is_err());
    set_out(&world, None).unwrap();
    assert_eq!(journey::stay(&world.agent, &world.id(), &marie()).unwrap(), Reply::Accepted);
    drive(&world);
    assert_eq!(finished(&world), None);
}

#[test]
fn what_a_preparation_took_on_this_host_counts_more_than_what_the_vendor_says() {
    let world = with_a_stop();
    set_out(&world, Some("1.1.0")).unwrap();
    drive(&world);
    let mut plan = newest(&world);
    plan["body"]["format"] = 3.into();
    plan["body"]["preparation_seconds"] = 600.into();
    let estimate = |plan: &Value| {
        let plan = consign_metadata::plan::UpgradePlan::parse(plan.to_string().as_bytes()).unwrap();
        preparation::estimate(&world.product(), &plan, Some(&v("1.1.0")))
    };
    assert!(estimate(&plan).unwrap() < 60);
    // A step that was not there before may take any time.
    let announce = json!({"kind": "announce"});
    plan["body"]["steps"].as_array_mut().unwrap().insert(0, announce);
    assert_eq!(estimate(&plan), Some(600));
}
