//! The order of things on a host that is played: what is durable before what is done.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;

use consign_metadata::name::UnitName;
use consign_metadata::plan::UpgradePlan;
use consign_metadata::version::Version;
use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::add_on::Joined;
use crate::engine::event::{Answer, EngineState, Header};
use crate::engine::machine::HaltCause;
use crate::engine::sample::{header, packages, person, started};
use crate::host::program::{Ended, Program, Programs};
use crate::host::{HostError, ServiceManager};
use crate::places::Places;
use crate::product::Product;

const ENGINES: [&str; 3] = ["db.service", "api.service", "web.service"];

/// A host that only remembers what it was asked to do, and whether the flag was set then.
#[derive(Default)]
struct Played {
    units: Mutex<BTreeMap<String, EngineState>>,
    acts: Mutex<Vec<String>>,
    ends: Mutex<BTreeMap<String, VecDeque<Ended>>>,
    broken: Mutex<BTreeSet<String>>,
    time: Mutex<Duration>,
    no_systemd: bool,
    going_down: bool,
    flag: std::path::PathBuf,
}

impl Played {
    fn act(&self, act: String) {
        let flag = if self.flag.exists() { " (flag)" } else { "" };
        self.acts.lock().unwrap().push(format!("{act}{flag}"));
    }

    fn acts(&self) -> Vec<String> {
        std::mem::take(&mut *self.acts.lock().unwrap())
    }

    fn set(&self, unit: &UnitName, active: bool) {
        self.units.lock().unwrap().get_mut(unit.as_str()).unwrap().active = active;
    }

    fn breaks(&self, what: &str) -> Result<(), HostError> {
        match self.broken.lock().unwrap().contains(what) {
            true => Err(HostError { action: what.to_owned(), reason: "played".to_owned() }),
            false => Ok(()),
        }
    }
}

impl ServiceManager for Played {
    fn is_running(&self) -> bool {
        !self.no_systemd
    }
    fn is_going_down(&self) -> bool {
        self.going_down
    }
    fn observe(&self, unit: &UnitName) -> Result<Option<EngineState>, HostError> {
        Ok(self.units.lock().unwrap().get(unit.as_str()).copied())
    }
    fn stop(&self, units: &[UnitName], _limit: Duration) -> Result<(), HostError> {
        for unit in units {
            if self.units.lock().unwrap().get(unit.as_str()).is_some_and(|state| state.active) {
                self.act(format!("stop {unit}"));
                self.breaks(&format!("stop {unit}"))?;
                self.set(unit, false);
            }
        }
        Ok(())
    }
    fn reload(&self) -> Result<(), HostError> {
        self.act("reload".to_owned());
        // What the new packages brought.
        for unit in ENGINES {
            self.units.lock().unwrap().entry(unit.to_owned()).or_insert(STOPPED);
        }
        Ok(())
    }
    fn start(&self, unit: &UnitName, _limit: Duration) -> Result<(), HostError> {
        self.act(format!("start {unit}"));
        self.breaks(&format!("start {unit}"))?;
        self.set(unit, true);
        Ok(())
    }
    fn enable(&self, unit: &UnitName) -> Result<(), HostError> {
        self.act(format!("enable {unit}"));
        Ok(())
    }
    fn disable(&self, unit: &UnitName) -> Result<(), HostError> {
        self.act(format!("disable {unit}"));
        Ok(())
    }
    fn describe(&self, _unit: &UnitName) -> String {
        "failed (played)".to_owned()
    }
    fn is_active(&self, unit: &UnitName) -> Result<bool, HostError> {
        Ok(self.units.lock().unwrap().get(unit.as_str()).is_some_and(|state| state.active))
    }
}

impl Programs for Played {
    fn run(&self, program: &Program) -> Result<Ended, HostError> {
        self.act(format!("run {}", program.command.join(" ")));
        let mut ends = self.ends.lock().unwrap();
        Ok(ends.get_mut(&program.command[0]).and_then(VecDeque::pop_front).unwrap_or(Ended::Exit(0)))
    }
    fn end(&self, unit: &str) -> Result<(), HostError> {
        self.act(format!("end {unit}"));
        Ok(())
    }
}

impl Clock for Played {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
    fn running(&self) -> Duration {
        *self.time.lock().unwrap()
    }
    fn sleep(&self, duration: Duration) {
        *self.time.lock().unwrap() += duration;
    }
}

const RUNNING: EngineState = EngineState { active: true, enabled: true };
const STOPPED: EngineState = EngineState { active: false, enabled: false };

fn plan(change: impl Fn(&mut serde_json::Value)) -> UpgradePlan {
    let mut plan = json!({
        "kind": "plan", "format": 1, "vendor": "acme", "product": "erp", "version": "1.1.0", "revision": 1,
        "supported_from": "1.0.0", "upgrades": ["patch", "minor"], "class_rule": {"major": 1, "minor": 2},
        "required_stops": [], "notes": [], "minimum_agent": "0.1.0",
        "body": {
            "format": 1,
            "modules": [{"package": "acme-erp", "native": {"deb": "1.1.0-1"}}],
            "engines": ENGINES,
            "options": {"edition": {"allowed": ["core", "cat"], "default": "core"}},
            "steps": [
                {"kind": "announce"},
                {"kind": "stop", "timeout_seconds": 60},
                {"kind": "packages"},
                {"kind": "run", "name": "migrate", "command": ["init", "{option.edition}", "{from}", "{to}"],
                 "user": "erp", "timeout_seconds": 60, "retry_later_exit": 75},
                {"kind": "daemon-reload"},
                {"kind": "start", "timeout_seconds": 60},
                {"kind": "health", "checks": [], "within_seconds": 30, "stable_seconds": 5},
            ],
        },
    });
    change(&mut plan);
    UpgradePlan::parse(&serde_json::to_vec(&plan).unwrap()).unwrap()
}

const MIGRATE: usize = 3;

/// The product of a test, with its host, plan and journal.
struct Stage {
    host: Played,
    places: Places,
    plan: UpgradePlan,
    joined: Joined,
    previous: Option<UpgradePlan>,
    journal: Journal,
    told: Mutex<Vec<String>>,
    _folder: tempfile::TempDir,
}

impl Stage {
    fn of(plan: UpgradePlan, from: Option<&str>) -> Self {
        Self::with(plan, from, |_| {})
    }

    fn with(plan: UpgradePlan, from: Option<&str>, change: impl Fn(&mut Header)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::below(folder.path());
        let product = Product::new(&places, plan.id());
        let from: Option<Version> = from.map(|from| from.parse().unwrap());
        let mut header = Header { items: items(&plan, from.as_ref()), from, plan: plan.digest, ..header() };
        change(&mut header);
        let mut journal = product.begin(header, b"signed", Timestamp::UNIX_EPOCH).unwrap();
        journal.append(Event::Cleared, Timestamp::UNIX_EPOCH).unwrap();
        let host = Played { flag: product.folder().join("unfinished"), ..Played::default() };
        *host.units.lock().unwrap() = ENGINES.iter().map(|unit| ((*unit).to_owned(), RUNNING)).collect();
        Self {
            host,
            places,
            plan,
            joined: Joined::default(),
            previous: None,
            journal,
            told: Mutex::default(),
            _folder: folder,
        }
    }

    fn usual() -> Self {
        Self::of(plan(|_| {}), Some("1.0.0"))
    }

    fn runner<T>(&mut self, act: impl FnOnce(&mut Runner<'_>) -> T) -> T {
        let product = Product::new(&self.places, self.plan.id());
        let tell = |message: &str| self.told.lock().unwrap().push(message.to_owned());
        let context = Context {
            places: &self.places,
            product: &product,
            plan: &self.plan,
            joined: &self.joined,
            previous: self.previous.as_ref(),
            services: &self.host,
            programs: &self.host,
            clock: &self.host,
            tell: &tell,
        };
        act(&mut Runner::new(context, &mut self.journal))
    }

    fn prepare(&mut self) -> Standing {
        self.runner(|runner| runner.prepare()).unwrap()
    }

    fn proceed(&mut self) -> Standing {
        self.runner(|runner| runner.proceed(false)).unwrap()
    }

    fn record(&mut self, event: Event) {
        self.journal.append(event, Timestamp::UNIX_EPOCH).unwrap();
    }

    fn state(&self) -> &State {
        &self.journal.upgrade().state
    }

    fn script(&self, program: &str, ends: impl IntoIterator<Item = Ended>) {
        self.host.ends.lock().unwrap().insert(program.to_owned(), ends.into_iter().collect());
    }

    fn unpacked(&mut self) {
        assert_eq!(self.prepare(), Standing::Packages);
        self.record(packages(Packages::After, true));
        self.host.acts();
    }

    /// As after a crash: the journal is read again.
    fn again(&mut self) {
        let product = Product::new(&self.places, self.plan.id());
        self.journal = product.open(1).unwrap().unwrap();
    }
}

#[test]
fn an_upgrade_runs_through_in_order() {
    let mut stage = Stage::usual();
    assert_eq!(stage.proceed(), Standing::Gated, "nothing is stopped before a transaction asks");
    assert_eq!(stage.prepare(), Standing::Packages);
    assert_eq!(stage.told.lock().unwrap().len(), 1);
    let stops = ["stop web.service (flag)", "stop api.service (flag)", "stop db.service (flag)"];
    assert_eq!(stage.host.acts(), stops);
    assert_eq!(stage.proceed_live(), Standing::Packages);
    stage.record(packages(Packages::After, true));
    assert_eq!(stage.proceed(), Standing::Over);
    assert_eq!(stage.state(), &State::Completed);
    let finish = [
        "run init core 1.0.0 1.1.0 (flag)",
        "reload (flag)",
        "start db.service",
        "start api.service",
        "start web.service",
    ];
    assert_eq!(stage.host.acts(), finish);
    assert_eq!(stage.host.running(), Duration::from_secs(5), "the stability window");
}

impl Stage {
    fn proceed_live(&mut self) -> Standing {
        self.runner(|runner| runner.proceed(true)).unwrap()
    }
}

#[test]
fn what_was_stopped_on_purpose_stays_stopped_and_what_is_new_starts() {
    let mut stage = Stage::usual();
    stage.host.units.lock().unwrap().insert("api.service".into(), STOPPED);
    stage.host.units.lock().unwrap().remove("web.service");
    stage.unpacked();
    assert_eq!(stage.proceed(), Standing::Over);
    let acts = stage.host.acts();
    assert_eq!(acts[2..], ["enable web.service", "start db.service", "start web.service"]);
}

#[test]
fn engines_that_the_new_version_has_no_more_are_stopped() {
    let mut stage = Stage::usual();
    let old = ["db.service", "api.service", "old.service"];
    stage.previous = Some(plan(|plan| plan["body"]["engines"] = json!(old)));
    stage.host.units.lock().unwrap().insert("old.service".into(), RUNNING);
    // A leftover file of the same name is not the engine: the old plan does not know it.
    stage.host.units.lock().unwrap().insert("web.service".into(), STOPPED);
    assert_eq!(stage.prepare(), Standing::Packages);
    assert_eq!(stage.host.acts()[0], "stop old.service (flag)");
    stage.record(packages(Packages::After, true));
    stage.previous = None;
    assert_eq!(stage.proceed(), Standing::Over);
    let acts = stage.host.acts();
    assert_eq!(acts[2..4], ["enable web.service", "disable old.service"]);
    assert_eq!(acts[4..], ["start db.service", "start api.service", "start web.service"]);
}

/// `web.service` was called `www.service` before.
fn renamed(www: EngineState) -> Stage {
    let renamed = plan(|plan| {
        plan["body"]["format"] = json!(2);
        plan["body"]["renamed_engines"] = json!({"web.service": "www.service"});
    });
    let mut stage = Stage::of(renamed, Some("1.0.0"));
    stage.previous = Some(plan(|plan| plan["body"]["engines"] = json!(["db.service", "api.service", "www.service"])));
    stage.host.units.lock().unwrap().remove("web.service");
    stage.host.units.lock().unwrap().insert("www.service".into(), www);
    stage
}

#[test]
fn an_engine_with_a_new_name_does_what_it_did_under_the_old_one() {
    let mut stage = renamed(RUNNING);
    assert_eq!(stage.prepare(), Standing::Packages);
    assert_eq!(stage.host.acts()[0], "stop www.service (flag)");
    stage.record(packages(Packages::After, true));
    assert_eq!(stage.proceed(), Standing::Over);
    let acts = stage.host.acts();
    assert_eq!(acts[2..4], ["enable web.service", "disable www.service"]);
    assert_eq!(acts[4..], ["start db.service", "start api.service", "start web.service"]);

    let mut stopped_on_purpose = renamed(STOPPED);
    stopped_on_purpose.unpacked();
    assert_eq!(stopped_on_purpose.proceed(), Standing::Over);
    assert_eq!(stopped_on_purpose.host.acts()[2..], ["start db.service", "start api.service"]);

    // A product from before Consign has no plan that names its engines.
    let mut adopted = renamed(RUNNING);
    adopted.previous = None;
    assert_eq!(adopted.prepare(), Standing::Packages);
    assert!(adopted.host.acts().contains(&"stop www.service (flag)".to_owned()));
}

#[test]
fn an_engine_keeps_its_old_name_when_the_packages_never_came() {
    let mut stage = renamed(RUNNING);
    stage.prepare();
    stage.host.acts();
    stage.record(packages(Packages::Before, true));
    assert_eq!(stage.proceed(), Standing::Over);
    let acts = stage.host.acts();
    assert_eq!(acts, ["enable www.service", "start db.service", "start api.service", "start www.service"]);
}

#[test]
fn a_first_install_starts_everything_and_tells_nobody() {
    let mut stage = Stage::of(plan(|_| {}), None);
    stage.host.units.lock().unwrap().clear();
    stage.record(packages(Packages::After, true));
    assert_eq!(stage.proceed(), Standing::Over);
    assert!(stage.told.lock().unwrap().is_empty());
    let acts = stage.host.acts();
    assert_eq!(acts[0], "run init core  1.1.0 (flag)");
    assert_eq!(acts[2..5], ["enable db.service", "enable api.service", "enable web.service"]);
    assert_eq!(acts[5..], ["start db.service", "start api.service", "start web.service"]);
}

#[test]
fn a_transaction_that_changed_nothing_brings_the_engines_back() {
    let mut stage = Stage::usual();
    stage.host.units.lock().unwrap().insert("api.service".into(), STOPPED);
    stage.prepare();
    stage.host.acts();
    stage.record(packages(Packages::Before, true));
    assert_eq!(stage.proceed(), Standing::Over);
    assert_eq!(stage.state(), &State::Cancelled);
    assert_eq!(stage.host.acts(), ["start db.service", "start web.service"]);
}

#[test]
fn a_preparation_that_fails_is_taken_back_before_the_barrier_answers() {
    let mut stage = Stage::usual();
    stage.host.broken.lock().unwrap().insert("stop db.service".into());
    assert_eq!(stage.prepare(), Standing::Over);
    assert_eq!(stage.state(), &State::Cancelled);
    let acts = stage.host.acts();
    assert_eq!(acts[3..], ["start db.service", "start api.service", "start web.service"]);
}

#[test]
fn a_program_that_prepared_is_taken_back_by_its_inverse() {
    let prepare = json!({"kind": "run", "name": "pause", "command": ["pause"], "user": "erp", "timeout_seconds": 9,
        "undo": {"inverse": ["go-on", "{from}"]}});
    let steps = |plan: &mut serde_json::Value| {
        plan["body"]["steps"].as_array_mut().unwrap().insert(2, prepare.clone());
    };
    let mut stage = Stage::of(plan(steps), Some("1.0.0"));
    stage.script("pause", [Ended::Exit(1)]);
    assert_eq!(stage.prepare(), Standing::Over);
    assert_eq!(stage.state(), &State::Cancelled);
    let acts = stage.host.acts();
    assert_eq!(acts[3..5], ["run pause (flag)", "run go-on 1.0.0 (flag)"]);
    assert_eq!(acts[5..], ["start db.service", "start api.service", "start web.service"]);
}

#[test]
fn a_preparation_whose_transaction_died_is_taken_back() {
    for busy in [false, true] {
        let mut stage = Stage::usual();
        stage.record(started(0, 1));
        stage.record(Event::StepSucceeded { item: 0 });
        if busy {
            stage.record(started(1, 1));
        }
        stage.again();
        assert_eq!(stage.proceed(), Standing::Over);
        assert_eq!(stage.state(), &State::Cancelled, "busy: {busy}");
    }
}

#[test]
fn a_preparation_goes_on_while_its_transaction_waits() {
    let mut stage = Stage::usual();
    stage.record(started(0, 1));
    stage.again();
    assert_eq!(stage.proceed_live(), Standing::Packages);
    assert_eq!(stage.journal.upgrade().attempts(0), 2);
}

#[test]
fn a_step_that_fails_halts_with_the_engines_stopped_and_retry_goes_on() {
    let mut stage = Stage::usual();
    stage.unpacked();
    stage.script("init", [Ended::Signal(9)]);
    assert_eq!(stage.proceed(), Standing::Person);
    let failure = Failure::Signal { signal: 9, output: Vec::new() };
    assert_eq!(stage.state(), &State::Halted { item: MIGRATE, cause: HaltCause::Failed { failure } });
    assert_eq!(stage.host.acts(), ["run init core 1.0.0 1.1.0 (flag)"]);
    assert_eq!(stage.proceed(), Standing::Person, "nothing happens by itself");
    stage.record(Event::Retry { by: Some(person()) });
    let path = stage.places.site(&stage.plan.id());
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, "[options]\nedition = \"cat\"\n").unwrap();
    assert_eq!(stage.proceed(), Standing::Over);
    assert_eq!(stage.host.acts()[0], "run init cat 1.0.0 1.1.0 (flag)", "the corrected file counts");
}

#[test]
fn a_step_found_busy_is_left_to_a_person_unless_its_plan_says_otherwise() {
    let begun = |on_interrupt: &str| {
        let mut stage =
            Stage::of(plan(|plan| plan["body"]["steps"][3]["on_interrupt"] = json!(on_interrupt)), Some("1.0.0"));
        stage.unpacked();
        stage.record(started(MIGRATE, 1));
        stage.again();
        stage
    };
    let leftover = "end consignee-step-acme.erp.1.3 (flag)";
    let mut stage = begun("ask");
    assert_eq!(stage.proceed(), Standing::Person);
    assert_eq!(stage.state(), &State::Waiting { item: MIGRATE });
    assert_eq!(stage.host.acts(), [leftover]);
    stage.record(Event::Answered { item: MIGRATE, answer: Answer::Rerun, by: person() });
    assert_eq!(stage.proceed(), Standing::Over);

    let mut stage = begun("rerun");
    assert_eq!(stage.proceed(), Standing::Over);
    assert_eq!(stage.host.acts()[..2], [leftover, "run init core 1.0.0 1.1.0 (flag)"]);

    let mut stage = begun("undo");
    assert_eq!(stage.proceed(), Standing::Person);
    let cause = HaltCause::Failed { failure: Failure::Interrupted };
    assert_eq!(stage.state(), &State::Halted { item: MIGRATE, cause });
}

#[test]
fn a_probe_is_asked_before_a_step_runs_again() {
    let begun = |answer: Ended| {
        let probed = |plan: &mut serde_json::Value| plan["body"]["steps"][3]["done_probe"] = json!(["look", "{to}"]);
        let mut stage = Stage::of(plan(probed), Some("1.0.0"));
        stage.unpacked();
        stage.record(started(MIGRATE, 1));
        stage.again();
        stage.script("look", [answer]);
        let standing = stage.proceed();
        let acts = stage.host.acts();
        assert_eq!(acts[1], "run look 1.1.0 (flag)");
        (standing, acts[2..].join(", "), stage)
    };
    let (standing, acts, _) = begun(Ended::Exit(0));
    assert_eq!(standing, Standing::Over);
    assert!(acts.starts_with("reload"), "{acts}");
    for could_not in [Ended::Exit(1), Ended::Exit(2), Ended::Timeout] {
        let (standing, acts, stage) = begun(could_not);
        assert_eq!((standing, acts.as_str()), (Standing::Person, ""));
        assert_eq!(stage.state(), &State::Waiting { item: MIGRATE });
    }
}

#[test]
fn a_step_that_is_interrupted_again_and_again_is_a_loop() {
    let mut stage = Stage::of(plan(|plan| plan["body"]["steps"][3]["on_interrupt"] = json!("rerun")), Some("1.0.0"));
    stage.unpacked();
    for attempt in 1..=INTERRUPTIONS {
        stage.record(started(MIGRATE, attempt));
        if attempt < INTERRUPTIONS {
            stage.record(Event::Interrupted { item: MIGRATE });
        }
        stage.again();
    }
    assert_eq!(stage.proceed(), Standing::Person);
    let looped = State::Halted { item: MIGRATE, cause: HaltCause::LoopDetected { attempts: INTERRUPTIONS } };
    assert_eq!(stage.state(), &looped);
    stage.record(Event::Retry { by: Some(person()) });
    assert_eq!(stage.proceed(), Standing::Over);
}

#[test]
fn a_step_may_ask_to_be_run_later() {
    let mut stage = Stage::usual();
    stage.unpacked();
    stage.script("init", std::iter::repeat_n(Ended::Exit(75), 200));
    let mut pauses = Vec::new();
    while let Standing::Later(pause) = stage.proceed() {
        pauses.push(pause.as_secs());
    }
    assert_eq!(pauses[..7], [10, 20, 40, 80, 160, 300, 300]);
    assert_eq!(pauses.len() as u32, RETRIES);
    assert_eq!(stage.host.running(), Duration::ZERO, "the runner does not wait: other products go on");
    let cause = HaltCause::LoopDetected { attempts: RETRIES };
    assert_eq!(stage.state(), &State::Halted { item: MIGRATE, cause });
}

#[test]
fn a_failing_start_and_a_break_in_health_are_told() {
    let mut stage = Stage::usual();
    stage.unpacked();
    stage.host.broken.lock().unwrap().insert("start api.service".into());
    assert_eq!(stage.proceed(), Standing::Person);
    let unit: UnitName = "api.service".parse().unwrap();
    let failure = Failure::NotActive { unit, state: "failed (played)".to_owned() };
    assert_eq!(stage.state(), &State::Halted { item: 5, cause: HaltCause::Failed { failure } });
}

#[test]
fn a_later_start_finds_engines_that_nobody_stopped() {
    // Packages that came without the gates, acknowledged afterwards: the old program still runs.
    let mut stage = Stage::usual();
    stage.record(Event::Held { reasons: Vec::new() });
    stage.record(packages(Packages::After, true));
    assert_eq!(stage.proceed(), Standing::Person);
    stage.record(Event::Retry { by: Some(person()) });
    assert_eq!(stage.proceed(), Standing::Over);
    let acts = stage.host.acts();
    assert_eq!(acts[2..5], ["stop web.service (flag)", "stop api.service (flag)", "stop db.service (flag)"]);
    assert_eq!(acts[5..], ["start db.service", "start api.service", "start web.service"]);
}

#[test]
fn engines_of_an_upgrade_that_came_past_the_gates_can_be_stopped() {
    let mut stage = Stage::usual();
    stage.record(Event::Held { reasons: Vec::new() });
    stage.record(packages(Packages::After, true));
    stage.runner(|runner| runner.stop_engines(Duration::from_secs(9))).unwrap();
    assert_eq!(stage.host.acts().len(), 3);
    assert_eq!(stage.journal.upgrade().engines.len(), 3);
    stage.record(Event::Retry { by: Some(person()) });
    assert_eq!(stage.proceed(), Standing::Over);
    let starts = ["start db.service", "start api.service", "start web.service"];
    assert_eq!(stage.host.acts()[2..], starts);
}

#[test]
fn engines_that_were_stopped_outside_the_list_come_back_with_the_old_packages() {
    let mut stage = Stage::usual();
    stage.record(Event::Held { reasons: Vec::new() });
    stage.record(packages(Packages::After, true));
    stage.runner(|runner| runner.stop_engines(Duration::from_secs(9))).unwrap();
    stage.host.acts();
    stage.record(packages(Packages::Before, true));
    assert_eq!(stage.proceed(), Standing::Over);
    assert_eq!(stage.state(), &State::RolledBack);
    assert_eq!(stage.host.acts(), ["start db.service", "start api.service", "start web.service"]);
}

#[test]
fn an_upgrade_that_takes_the_place_of_a_halted_one_never_starts_the_old_engines() {
    let mut stage = Stage::usual();
    stage.unpacked();
    stage.script("init", [Ended::Exit(1)]);
    stage.proceed();
    stage.host.acts();
    let product = Product::new(&stage.places, stage.plan.id());
    let header = Header { supersedes: Some(1), ..stage.journal.upgrade().header.clone() };
    stage.journal = product.begin(header, b"signed", Timestamp::UNIX_EPOCH).unwrap();
    stage.record(Event::Cleared);
    assert_eq!(stage.prepare(), Standing::Packages);
    stage.record(packages(Packages::Before, true));
    assert_eq!(stage.proceed(), Standing::Over);
    assert_eq!(stage.host.acts(), Vec::<String>::new());
    assert!(stage.host.flag.exists());
    assert!(stage.journal.upgrade().engines.values().all(|before| before.active), "what the first one saw");
}

#[test]
fn a_shutdown_is_no_failure() {
    let mut stage = Stage::usual();
    stage.unpacked();
    stage.script("init", [Ended::Signal(15)]);
    stage.host.going_down = true;
    assert_eq!(stage.proceed(), Standing::NoServices);
    assert_eq!(stage.state(), &State::Forward { item: MIGRATE, activity: Activity::Busy });
}

#[test]
fn without_a_service_manager_nothing_is_done() {
    let mut stage = Stage::of(plan(|_| {}), None);
    stage.host.no_systemd = true;
    stage.record(packages(Packages::After, true));
    assert_eq!(stage.proceed(), Standing::NoServices);
    assert!(stage.host.acts().is_empty() && !stage.host.flag.exists());
}

#[test]
fn a_stuck_undo_waits_and_is_tried_again() {
    let mut stage = Stage::usual();
    stage.prepare();
    stage.record(packages(Packages::Before, true));
    stage.host.broken.lock().unwrap().insert("start api.service".into());
    assert_eq!(stage.proceed(), Standing::Person);
    assert!(matches!(stage.state(), State::Stuck { item: 1, .. }));
    stage.host.broken.lock().unwrap().clear();
    stage.record(Event::UndoRetried { by: person() });
    assert_eq!(stage.proceed(), Standing::Over);
}

#[test]
fn the_list_is_frozen_with_what_the_table_needs() {
    let list = items(&plan(|_| {}), Some(&"1.0.0".parse().unwrap()));
    let told: Vec<String> = list
        .iter()
        .map(|item| format!("{} undo={} no_return={} {:?}", item.name, item.undo, item.no_return, item.on_interrupt))
        .collect();
    let expected = [
        "announce undo=true no_return=false Rerun",
        "stop undo=true no_return=false Rerun",
        "packages undo=false no_return=false Rerun",
        "migrate undo=false no_return=false Ask",
        "daemon-reload undo=true no_return=false Rerun",
        "start undo=true no_return=true Rerun",
        "health undo=true no_return=false Rerun",
    ];
    assert_eq!(told, expected);
    let undo = |at: usize, undo: serde_json::Value| {
        let plan = plan(|plan| {
            let steps = plan["body"]["steps"].as_array_mut().unwrap();
            let mut step = steps.remove(MIGRATE);
            step["undo"] = undo.clone();
            steps.insert(at, step);
        });
        items(&plan, Some(&"1.0.0".parse().unwrap()))[at].undo
    };
    assert!(undo(1, json!("harmless")) && undo(1, json!({"inverse": ["back"]})));
    assert!(!undo(1, json!("impossible")) && !undo(1, json!("from-backup")));
    assert!(!undo(MIGRATE, json!("harmless")), "there is no way back to the old packages yet");
    // A new packaging revision of the version runs no program of the vendor's.
    let names = items(&plan(|_| {}), Some(&"1.1.0".parse().unwrap()));
    assert!(names.iter().all(|item| item.name != "migrate"));
}

#[test]
fn health_has_time_to_come_and_must_then_hold() {
    let checked = |ends: Vec<Ended>| {
        let check = json!([{"kind": "command", "command": ["check"], "user": "erp"}]);
        let mut stage = Stage::of(plan(|plan| plan["body"]["steps"][6]["checks"] = check.clone()), Some("1.0.0"));
        stage.unpacked();
        stage.script("check", ends);
        let standing = stage.proceed();
        (standing, stage.host.running().as_secs(), stage)
    };
    let no = || Ended::Exit(1);
    let (standing, seconds, _) = checked(vec![no(), no(), no()]);
    assert_eq!((standing, seconds), (Standing::Over, 3 + 5));
    let (standing, seconds, stage) = checked(vec![Ended::Exit(0), Ended::Exit(0), no()]);
    assert_eq!((standing, seconds), (Standing::Person, 2), "a break is a failure");
    let failure = Failure::Unhealthy { check: "check".to_owned(), found: "exit status 1".to_owned() };
    assert_eq!(stage.state(), &State::Halted { item: 6, cause: HaltCause::Failed { failure } });
    let (standing, seconds, _) = checked(vec![no(); 100]);
    assert_eq!((standing, seconds), (Standing::Person, 30));
}

fn plan_with_task(irreversible: bool) -> UpgradePlan {
    plan(|plan| {
        plan["body"]["format"] = 2.into();
        let task =
            json!({"kind": "task", "id": "licence", "summary": {"en": "Lay it down."}, "irreversible": irreversible});
        plan["body"]["steps"].as_array_mut().unwrap().insert(MIGRATE + 1, task);
    })
}

#[test]
fn a_task_waits_for_a_person_however_often_the_agent_is_cut_off() {
    let task = MIGRATE + 1;
    let mut stage = Stage::of(plan_with_task(false), Some("1.0.0"));
    stage.unpacked();
    assert_eq!(stage.proceed(), Standing::Person);
    assert_eq!(stage.state(), &State::Waiting { item: task });
    assert!(!stage.host.acts().iter().any(|act| act.starts_with("start")), "the engines stay stopped");
    stage.again();
    assert_eq!(stage.proceed(), Standing::Person);
    stage.record(Event::Answered { item: task, answer: Answer::Done, by: person() });
    assert_eq!(stage.proceed(), Standing::Over);
    assert_eq!(stage.journal.upgrade().attempts(task), 1);

    // Cut off between the start of the step and its question: it asks all the same.
    let mut stage = Stage::of(plan_with_task(false), Some("1.0.0"));
    stage.unpacked();
    stage.script("init", [Ended::Exit(75)]);
    assert!(matches!(stage.proceed(), Standing::Later(_)));
    for event in [
        Event::StepStarted { item: MIGRATE, attempt: 2 },
        Event::StepSucceeded { item: MIGRATE },
        Event::StepStarted { item: task, attempt: 1 },
    ] {
        stage.record(event);
    }
    stage.again();
    assert_eq!(stage.proceed(), Standing::Person);
    assert_eq!(stage.state(), &State::Waiting { item: task });
}

#[test]
fn the_list_keeps_what_a_task_is_and_whether_it_can_be_taken_back() {
    for irreversible in [false, true] {
        let items = items(&plan_with_task(irreversible), Some(&"1.0.0".parse().unwrap()));
        let task = &items[MIGRATE + 1];
        assert_eq!((task.name.as_str(), task.undo, task.no_return), ("licence", !irreversible, false));
        assert_eq!(task.task.as_ref().unwrap().en, "Lay it down.");
        assert_eq!(items.iter().filter(|item| item.task.is_some()).count(), 1);
    }
    let again = items(&plan_with_task(false), Some(&"1.1.0".parse().unwrap()));
    assert!(again.iter().all(|item| item.task.is_none()), "a new packaging asks nobody");
}
