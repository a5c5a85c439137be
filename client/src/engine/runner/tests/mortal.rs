//! An agent that dies: at a chosen moment among everything it asks of its host and every record it writes.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::stage::*;
use super::*;

/// The data of the product, where it has any.
pub(super) const DATA: &str = "/var/lib/erp/data";

/// What ends the agent.
struct Death;

/// The host, for an agent that has only so many moments left. Each act has two, one before anything is done and
/// one when it is done and nobody knows; before each record there is one.
struct Mortal<'a> {
    host: &'a Played,
    left: AtomicUsize,
    ran: Mutex<Vec<String>>,
    /// What the product keeps; its programs change it.
    data: std::path::PathBuf,
}

impl Mortal<'_> {
    fn moment(&self) {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            resume_unwind(Box::new(Death));
        }
    }

    fn act<T>(&self, act: impl FnOnce(&Played) -> T) -> T {
        self.moment();
        let done = act(self.host);
        self.moment();
        done
    }
}

impl ServiceManager for Mortal<'_> {
    fn wake_at(&self, at: Timestamp) -> Result<(), HostError> {
        self.act(|host| host.wake_at(at))
    }
    fn is_running(&self) -> bool {
        self.host.is_running()
    }
    fn is_going_down(&self) -> bool {
        self.host.is_going_down()
    }
    fn observe(&self, unit: &UnitName) -> Result<Option<EngineState>, HostError> {
        self.host.observe(unit)
    }
    /// One engine after the other: it may die between two.
    fn stop(&self, units: &[UnitName], limit: Duration) -> Result<(), HostError> {
        units.iter().try_for_each(|unit| self.act(|host| host.stop(std::slice::from_ref(unit), limit)))
    }
    fn reload(&self) -> Result<(), HostError> {
        self.act(ServiceManager::reload)
    }
    fn start(&self, unit: &UnitName, limit: Duration) -> Result<(), HostError> {
        self.act(|host| ServiceManager::start(host, unit, limit))
    }
    fn enable(&self, unit: &UnitName) -> Result<(), HostError> {
        self.act(|host| host.enable(unit))
    }
    fn disable(&self, unit: &UnitName) -> Result<(), HostError> {
        self.act(|host| host.disable(unit))
    }
    fn describe(&self, unit: &UnitName) -> String {
        self.host.describe(unit)
    }
    fn is_active(&self, unit: &UnitName) -> Result<bool, HostError> {
        self.host.is_active(unit)
    }
}

impl Programs for Mortal<'_> {
    fn run(&self, program: &Program) -> Result<Ended, HostError> {
        let units = self.host.units.lock().unwrap().clone();
        let serving = units.iter().find(|(_, state)| state.active).map(|(unit, _)| unit.clone());
        self.act(|host| {
            assert!(serving.is_none() || !host.flag.exists(), "{serving:?} runs while {:?} does", program.command);
            // The one program that is not played: what it saves has to be there.
            if program.command[0].ends_with("/tar") {
                let status = std::process::Command::new(&program.command[0]).args(&program.command[1..]).status();
                return Ok(Ended::Exit(status.unwrap().code().unwrap_or(-1)));
            }
            let ended = host.run(program);
            if self.data.exists() {
                fs_err::write(&self.data, format!("{} {ended:?}", program.command[0])).unwrap();
            }
            if ended.as_ref().is_ok_and(|ended| *ended == Ended::Exit(0)) {
                self.ran.lock().unwrap().push(program.command[0].clone());
            }
            ended
        })
    }
    fn run_until(
        &self,
        program: &Program,
        grace: Duration,
        is_ready: &mut dyn FnMut() -> bool,
    ) -> Result<Ended, HostError> {
        self.act(|host| host.run_until(program, grace, is_ready))
    }
    fn end(&self, unit: &str) -> Result<(), HostError> {
        self.act(|host| host.end(unit))
    }
}

impl Clock for Mortal<'_> {
    fn now(&self) -> Timestamp {
        self.moment();
        self.host.now()
    }
    fn running(&self) -> Duration {
        self.host.running()
    }
    fn sleep(&self, duration: Duration) {
        self.host.sleep(duration);
    }
}

/// What becomes of the transaction that waits at its barrier when the agent dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transaction {
    /// It asks again.
    Waits,
    /// It ends, and has changed nothing.
    Ends,
}

/// One upgrade and the lives of the agent that it takes.
pub(super) struct Lives {
    pub(super) stage: Stage,
    transaction: Transaction,
    is_open: bool,
    /// The programs that ended well, in order.
    pub(super) ran: Vec<String>,
    /// How often the agent died.
    pub(super) deaths: usize,
    /// How many moments there were that nothing ended in.
    pub(super) moments: usize,
    /// How many this life still has.
    left: usize,
    /// What a person says about a step that was interrupted, where its work is not done.
    pub(super) answers: Vec<Answer>,
}

/// An upgrade takes that many turns at most, each a life or a word of somebody else's.
const TURNS: usize = 400;

impl Lives {
    pub(super) fn of(stage: Stage, transaction: Transaction) -> Self {
        Self {
            stage,
            transaction,
            is_open: true,
            ran: Vec::new(),
            deaths: 0,
            moments: 0,
            left: usize::MAX,
            answers: Vec::new(),
        }
    }

    /// Lives until the upgrade is over; each life ends at its moment of that number, and the last one never.
    pub(super) fn through(&mut self, lives: &[usize]) {
        let mut lives = lives.iter().copied();
        self.moments = 0;
        self.left = lives.next().unwrap_or(usize::MAX);
        for _ in 0..TURNS {
            if self.stage.journal.upgrade().is_over() {
                return;
            }
            match self.live() {
                None => {
                    self.deaths += 1;
                    self.left = lives.next().unwrap_or(usize::MAX);
                    self.is_open &= self.transaction == Transaction::Waits;
                    self.stage.again();
                }
                Some(standing) => self.somebody_else(standing),
            }
        }
        panic!("no end: {:?}", self.stage.state());
    }

    fn live(&mut self) -> Option<Standing> {
        let Stage { host, places, plan, joined, previous, journal, .. } = &mut self.stage;
        let (product, is_open) = (Product::new(places, plan.id()), self.is_open);
        let mortal = Mortal { host, left: AtomicUsize::new(self.left), ran: Mutex::default(), data: places.at(DATA) };
        let context = Context {
            places,
            product: &product,
            plan,
            joined,
            previous: previous.as_ref(),
            replaced: &[],
            services: &mortal,
            programs: &mortal,
            clock: &mortal,
            put_back: &|_| {
                mortal.act(|host| host.act("put back".to_owned()));
                Ok(())
            },
            holders: &Vec::new,
            tell: &|_| {},
        };
        let prepares = is_open && matches!(journal.upgrade().state, State::Cleared);
        let lived = catch_unwind(AssertUnwindSafe(|| {
            let mut runner = Runner::new(context, journal);
            if prepares { runner.prepare() } else { runner.proceed(is_open) }.unwrap()
        }));
        self.ran.append(&mut mortal.ran.lock().unwrap());
        match lived {
            Ok(standing) => {
                let left = mortal.left.load(Ordering::SeqCst);
                self.moments += self.left - left;
                self.left = left;
                Some(standing)
            }
            Err(cause) if cause.is::<Death>() => None,
            Err(other) => resume_unwind(other),
        }
    }

    /// The package manager's word, or a person's who looks at what was done before answering.
    fn somebody_else(&mut self, standing: Standing) {
        let event = match (standing, self.stage.state().clone()) {
            (Standing::Packages, _) => {
                let observed = if self.is_open { Packages::After } else { Packages::Before };
                self.is_open = false;
                packages(observed, true)
            }
            // Prepared and taken back, or never begun: the next transaction.
            (Standing::Gated, _) => return self.is_open = true,
            (Standing::Person, State::Waiting { item }) => {
                Event::Answered { item, answer: self.answer(item), by: person() }
            }
            // The packages never came: another transaction towards the same version does.
            (Standing::Person, State::Halted { item, cause }) if self.is_abandoned(item, &cause) => {
                self.is_open = true;
                Event::Retry { by: None }
            }
            (Standing::Person, State::Halted { item, .. }) if self.is_done(item) => Event::SkippedBy { by: person() },
            (Standing::Person, State::Halted { .. }) => Event::Retry { by: Some(person()) },
            (Standing::Person, State::Stuck { .. }) => Event::UndoRetried { by: person() },
            (Standing::Later(_) | Standing::Over, _) => return,
            (standing, state) => panic!("{standing:?} in {state:?}"),
        };
        self.stage.host.broken.lock().unwrap().clear();
        self.stage.record(event);
    }

    fn is_abandoned(&self, item: usize, cause: &HaltCause) -> bool {
        item == self.stage.journal.upgrade().packages_item() || *cause == HaltCause::Abandoned
    }

    fn answer(&mut self, item: usize) -> Answer {
        let is_task = self.stage.journal.upgrade().header.items[item].task.is_some();
        match is_task || self.is_done(item) {
            true => Answer::Done,
            false => self.answers.pop().unwrap_or(Answer::Rerun),
        }
    }

    /// Whether its program has done its work. Each step of these tests runs a program of its own name.
    fn is_done(&self, item: usize) -> bool {
        let name = &self.stage.journal.upgrade().header.items[item].name;
        self.ran.iter().any(|program| program == name)
    }

    /// How often a program ended well.
    pub(super) fn count(&self, program: &str) -> usize {
        self.ran.iter().filter(|ran| *ran == program).count()
    }

    /// The flag stood whenever an engine was stopped and never when one was started, it is gone, and those
    /// engines run that ran.
    pub(super) fn assert_engines(&self, ran: &BTreeMap<String, EngineState>, what: &str) {
        for act in self.stage.host.acts.lock().unwrap().iter() {
            let flagged = act.ends_with(" (flag)");
            assert!(!act.starts_with("stop ") || flagged, "{what}: {act}");
            assert!(!act.starts_with("start ") || !flagged, "{what}: {act}");
        }
        assert!(!self.stage.host.flag.exists(), "{what}: engines are kept from starting");
        let runs = self.stage.host.units.lock().unwrap();
        for (unit, before) in ran {
            assert_eq!(runs[unit].active, before.active, "{what}: {unit}");
        }
    }
}
