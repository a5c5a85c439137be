//! Hooks as they come: doubled, lost, early, of an agent that dies, from package managers that each report in a way
//! of their own. Whatever the schedule, a change of the installed version has exactly one finish.

use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::Value;

use super::world::{PACKAGE, World};
use crate::agent::dialogue::Speaker;
use crate::agent::preinst;
use crate::engine::event::{Answer, Event, Person};
use crate::engine::machine::State;
use crate::request::{PackageAction, Reply};
use crate::sample::vendor::Vendor;

/// One vendor for all: keys take their time.
static VENDOR: LazyLock<Vendor> = LazyLock::new(|| Vendor::new("acme"));

/// Who changes the packages, by what it asks and reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manager {
    /// Asks before it unpacks, runs preinst, reports its end while it is still there.
    Apt,
    /// Asks before it unpacks, a script says that a package comes, reports its end: dnf 4 and dnf 5.
    Dnf,
    /// A script says that a package comes, and cannot refuse; reports its end.
    Zypper,
    /// Runs preinst, and nobody else asks.
    Dpkg,
    /// A script says that a package comes, and cannot refuse.
    Rpm,
    /// Asks nobody and reports nothing.
    Silent,
}

impl Manager {
    fn reports(self) -> bool {
        matches!(self, Self::Apt | Self::Dnf | Self::Zypper)
    }
}

/// What becomes of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Whole,
    Unchanged,
    /// It dies with the package unpacked, and somebody configures it later.
    HalfWay,
    /// What is there already, once more.
    Same,
}

/// Something that happens between two acts of a package manager.
#[derive(Debug, Clone, Copy)]
enum Wake {
    /// A hook of whoever wakes the agent up.
    Up,
    /// The lists were read again.
    Look,
    /// The agent is woken up and dies before it writes its n-th record.
    Killed(usize),
    /// The agent ended, for it had nothing to do, or was replaced.
    Restart,
}

/// Gaps between the acts of a transaction.
const GAPS: usize = 7;

#[derive(Debug, Clone)]
struct Change {
    manager: Manager,
    outcome: Outcome,
    /// Whether the report of the end comes at all.
    reports: bool,
    /// The agent dies while it answers the question, before its n-th record.
    dies_asked: Option<usize>,
    wakes: Vec<Vec<Wake>>,
}

impl Change {
    /// Whether another version is unpacked.
    fn brings(&self) -> bool {
        matches!(self.outcome, Outcome::Whole | Outcome::HalfWay)
    }

    fn any() -> impl Strategy<Value = Change> {
        let manager = prop_oneof![
            3 => Just(Manager::Apt),
            3 => Just(Manager::Dnf),
            2 => Just(Manager::Zypper),
            2 => Just(Manager::Dpkg),
            2 => Just(Manager::Rpm),
            1 => Just(Manager::Silent)
        ];
        let outcome = prop_oneof![
            4 => Just(Outcome::Whole),
            1 => Just(Outcome::Unchanged),
            2 => Just(Outcome::HalfWay),
            1 => Just(Outcome::Same)
        ];
        let wake = prop_oneof![
            4 => Just(Wake::Up),
            1 => Just(Wake::Look),
            3 => (1..6usize).prop_map(Wake::Killed),
            1 => Just(Wake::Restart)
        ];
        let wakes = proptest::collection::vec(proptest::collection::vec(wake, 0..3), GAPS);
        let dies = proptest::option::weighted(0.2, 1..5usize);
        (manager, outcome, any::<bool>(), dies, wakes).prop_map(|(manager, outcome, reports, dies_asked, wakes)| {
            Change { manager, outcome, reports, dies_asked, wakes }
        })
    }
}

/// A host on which a schedule is played.
struct Player {
    world: World,
    minor: usize,
    /// Steps that were done, since the change began.
    done: Vec<String>,
}

impl Player {
    fn begin() -> Self {
        let world = World::of_vendor(VENDOR.clone());
        world.install(&VENDOR.plan("1.0.0"));
        world.host.state().running = ["erp.service".to_owned(), "erp-web.service".to_owned()].into();
        let mut player = Self { world, minor: 0, done: Vec::new() };
        player.alone();
        let undisturbed = vec![Vec::new(); GAPS];
        player.play(&Change {
            manager: Manager::Apt,
            outcome: Outcome::Whole,
            reports: true,
            dies_asked: None,
            wakes: undisturbed,
        });
        player
    }

    /// Nothing wakes the agent up but the schedule.
    fn alone(&self) {
        self.world.agent.expected().insert(self.world.id());
        *self.world.agent.watched.lock().unwrap() = true;
    }

    fn plan(&self, minor: usize) -> Value {
        VENDOR.plan(&format!("1.{minor}.0"))
    }

    /// What the agent answers, unless it dies.
    fn asked<T>(&mut self, dies: Option<usize>, ask: impl FnOnce(&World) -> T) -> Option<T> {
        let answer = self.world.dying(dies.unwrap_or(usize::MAX), ask);
        self.alone();
        answer
    }

    fn restart(&mut self) {
        self.world.restart();
        self.alone();
    }

    fn gap(&mut self, wakes: &[Wake]) {
        for wake in wakes {
            match wake {
                Wake::Up => self.world.reconcile(),
                Wake::Look => drop(self.world.look()),
                Wake::Killed(record) => drop(self.asked(Some(*record), World::reconcile)),
                Wake::Restart => self.restart(),
            }
            self.done.extend(self.world.host.done());
        }
    }

    /// Whether the package manager may go on.
    fn asks(&mut self, change: &Change, plan: &Value) -> bool {
        let answer = match change.manager {
            Manager::Apt | Manager::Dnf => self.asked(change.dies_asked, |world| world.barrier(plan)),
            // The script of what is there already asks nobody.
            Manager::Dpkg | Manager::Rpm | Manager::Zypper if change.outcome == Outcome::Same => Some(Reply::Pass),
            Manager::Dpkg => self.runs_preinst(change.dies_asked, plan),
            Manager::Rpm | Manager::Zypper => {
                // Its script has no say, and neither has an agent that dies.
                self.asked(change.dies_asked, |world| arrive(world, plan));
                Some(Reply::Pass)
            }
            Manager::Silent => Some(Reply::Pass),
        };
        self.done.extend(self.world.host.done());
        answer == Some(Reply::Pass)
    }

    /// From the preinst of a package on until it is unpacked its old version is not configured; where the script
    /// fails everything is as it was.
    fn runs_preinst(&mut self, dies: Option<usize>, plan: &Value) -> Option<Reply> {
        let before = self.world.host.state().packages.get(PACKAGE).map(|found| found.version.clone());
        before.iter().for_each(|version| self.world.host.set(PACKAGE, version, false));
        let answer = self.asked(dies, |world| super::world::preinst_of(world, plan, before.as_deref()));
        if answer != Some(Reply::Pass) {
            before.iter().for_each(|version| self.world.host.set(PACKAGE, version, true));
        }
        answer
    }

    /// A transaction from its first question to the end of its process.
    fn transact(&mut self, change: &Change) {
        let plan = self.plan(if change.outcome == Outcome::Same { self.minor } else { self.minor + 1 });
        self.gap(&change.wakes[0]);
        let process = std::process::id();
        self.world.host.state().transaction = Some(process);
        let mut goes_on = self.asks(change, &plan);
        self.gap(&change.wakes[1]);
        if goes_on && change.brings() {
            match change.manager {
                Manager::Apt => goes_on = self.runs_preinst(None, &plan) == Some(Reply::Pass),
                Manager::Dnf => drop(arrive(&self.world, &plan)),
                Manager::Zypper | Manager::Dpkg | Manager::Rpm | Manager::Silent => {}
            }
        }
        if goes_on && change.outcome != Outcome::Unchanged {
            self.world.unpack(&plan, false);
            self.gap(&change.wakes[2]);
            if change.outcome != Outcome::HalfWay {
                self.world.install(&plan);
            }
            if change.outcome != Outcome::Same {
                self.minor += 1;
            }
        } else if goes_on {
            self.world.install(&self.plan(self.minor));
        }
        self.gap(&change.wakes[3]);
        let is_killed = change.outcome == Outcome::HalfWay;
        if change.reports && !is_killed && change.manager.reports() {
            self.world.agent.ended_by(process);
        }
        self.gap(&change.wakes[4]);
        self.world.host.state().transaction = None;
        self.gap(&change.wakes[5]);
    }

    /// Somebody configures what was left unpacked.
    fn configure(&mut self, change: &Change) {
        let plan = self.plan(self.minor);
        if change.outcome != Outcome::HalfWay || self.is_configured() {
            return;
        }
        let action = PackageAction { archive: None, ..self.world.action(&plan) };
        if change.manager == Manager::Apt {
            self.asked(None, |world| world.barrier_of(&[action]));
        }
        self.world.host.state().transaction = Some(std::process::id());
        self.world.install(&plan);
        self.gap(&change.wakes[6]);
        self.world.host.state().transaction = None;
    }

    fn is_configured(&self) -> bool {
        self.world.host.state().packages[PACKAGE].configured
    }

    /// The agent is woken up in the end, by its timer if by nobody else; a person answers what is asked.
    fn settle(&mut self) {
        for _ in 0..8 {
            self.gap(&[Wake::Up]);
            let Some(upgrade) = self.world.product().newest().unwrap() else { return };
            match upgrade.state {
                State::Waiting { item } => {
                    let is_done = self.done.iter().any(|act| act == "migrate");
                    let answer = if is_done { Answer::Done } else { Answer::Rerun };
                    self.decide(upgrade.header.upgrade, Event::Answered { item, answer, by: person() });
                }
                State::Halted { .. } => {
                    self.decide(upgrade.header.upgrade, Event::Retry { by: Some(person()) });
                }
                _ => return,
            }
        }
    }

    fn decide(&self, upgrade: u32, event: Event) {
        let mut journal = self.world.product().open(upgrade).unwrap().unwrap();
        journal.append(event, jiff::Timestamp::UNIX_EPOCH).unwrap();
    }

    /// How many upgrades to this minor version were completed.
    fn finishes(&self, minor: usize) -> usize {
        let product = self.world.product();
        let upgrades = product.upgrades().unwrap().into_iter().filter_map(|n| product.replay(n).unwrap().upgrade);
        let to = format!("1.{minor}.0").parse().unwrap();
        upgrades.filter(|upgrade| upgrade.state == State::Completed && upgrade.header.to == to).count()
    }

    fn play(&mut self, change: &Change) {
        let before = self.minor;
        self.done.clear();
        self.transact(change);
        self.configure(change);
        self.settle();
        let has_changed = usize::from(self.minor != before);
        let told = || format!("{change:?}: {:?}, {:?}", self.done, self.world.product().newest());
        let migrated = self.done.iter().filter(|act| *act == "migrate").count();
        assert_eq!(migrated, has_changed, "{}", told());
        assert_eq!(self.finishes(self.minor), usize::from(self.minor > 0), "{}", told());
        assert_eq!(self.world.host.running(), ["erp-web.service", "erp.service"], "{}", told());
        assert!(!self.world.product().is_unfinished(), "{}", told());
    }
}

fn person() -> Person {
    Person { uid: 0, name: "marie".to_owned() }
}

/// The script of an rpm, which knows no file that it is in.
fn arrive(world: &World, _plan: &Value) -> Reply {
    let id = world.id();
    let package = PACKAGE.parse().unwrap();
    let none: Option<&Path> = None;
    preinst::arrive(&world.agent, &id, &package, none, true, &mut Speaker::to_nobody()).unwrap()
}

fn cases(in_short: u32, in_long: u32) -> ProptestConfig {
    let cases = if std::env::var_os("CONSIGN_LONG").is_some() { in_long } else { in_short };
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 400, ..ProptestConfig::default() }
}

fn play(changes: &[Change]) {
    let mut player = Player::begin();
    changes.iter().for_each(|change| player.play(change));
}

proptest! {
    #![proptest_config(cases(60, 4_000))]

    #[test]
    fn whatever_the_hooks_do_a_change_has_exactly_one_finish(change in Change::any()) {
        play(&[change]);
    }
}

proptest! {
    #![proptest_config(cases(50, 3_000))]

    #[test]
    fn whatever_the_hooks_do_two_changes_have_one_finish_each(changes in [Change::any(), Change::any()]) {
        play(&changes);
    }

    #[test]
    fn whatever_the_hooks_do_three_changes_have_one_finish_each(
        changes in [Change::any(), Change::any(), Change::any()]
    ) {
        play(&changes);
    }
}
