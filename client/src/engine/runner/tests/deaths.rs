//! The agent dies at every moment of an upgrade, and again, and goes on: the upgrade ends, nothing is left out,
//! and nothing is done twice that must not be.

use proptest::prelude::*;

use super::mortal::{DATA, Lives, Transaction};
use super::stage::*;
use super::*;

const TRANSACTIONS: [Transaction; 2] = [Transaction::Waits, Transaction::Ends];

/// The plan of the stage, whose program is called as its step.
fn with_on_interrupt(on_interrupt: &str) -> UpgradePlan {
    plan(|plan| {
        plan["body"]["steps"][MIGRATE]["command"] = json!(["migrate"]);
        plan["body"]["steps"][MIGRATE]["on_interrupt"] = json!(on_interrupt);
    })
}

fn ran(stage: &Stage) -> BTreeMap<String, EngineState> {
    stage.host.units.lock().unwrap().clone()
}

/// Ends where it should after these lives; answers how many moments the last one had.
fn lived(on_interrupt: &str, transaction: Transaction, lives: &[usize]) -> usize {
    let what = format!("{on_interrupt}, {transaction:?}, {lives:?}");
    let stage = Stage::of(with_on_interrupt(on_interrupt), Some("1.0.0"));
    let before = ran(&stage);
    let mut all = Lives::of(stage, transaction);
    all.through(lives);
    assert_eq!(all.deaths, lives.len(), "{what}: the agent did not die");
    all.assert_engines(&before, &what);
    let migrated = all.count("migrate");
    match all.stage.state() {
        State::Completed if on_interrupt == "rerun" => assert!(migrated >= 1, "{what}: {migrated}"),
        State::Completed => assert_eq!(migrated, 1, "{what}"),
        State::Cancelled if transaction == Transaction::Ends => assert_eq!(migrated, 0, "{what}"),
        state => panic!("{what}: {state:?}"),
    }
    all.moments
}

#[test]
fn an_agent_that_dies_once_at_any_moment_of_an_upgrade_finishes_it_or_takes_it_back() {
    for on_interrupt in ["ask", "rerun", "undo"] {
        for transaction in TRANSACTIONS {
            let moments = lived(on_interrupt, transaction, &[]);
            assert!(moments > 25, "only {moments} moments");
            for moment in 1..=moments {
                lived(on_interrupt, transaction, &[moment]);
            }
        }
    }
}

/// A product with data, whose upgrade can be taken back.
fn with_backup() -> Stage {
    let plan = plan(|plan| {
        plan["body"]["format"] = json!(3);
        plan["body"]["steps"][MIGRATE]["undo"] = json!("from-backup");
        let data = json!({"kind": "files", "name": "data", "paths": ["/var/lib/erp"]});
        let backup = json!({"kind": "backup", "parts": [data], "timeout_seconds": 60});
        plan["body"]["steps"].as_array_mut().unwrap().insert(2, backup);
    });
    let mut stage = Stage::of(plan, Some("1.0.0"));
    fs_err::create_dir_all(stage.places.at("/var/lib/erp")).unwrap();
    fs_err::write(stage.places.at(DATA), "of 1.0.0").unwrap();
    stage.record(Event::PackagesKept { missing: Vec::new() });
    stage
}

/// Taken back whole after these lives: packages, data, engines; answers how many moments that had.
fn taken_back(fails: bool, lives: &[usize]) -> usize {
    let what = format!("fails: {fails}, {lives:?}");
    let stage = with_backup();
    let before = ran(&stage);
    let mut all = Lives::of(stage, Transaction::Waits);
    if fails {
        all.stage.script("init", std::iter::repeat_n(Ended::Exit(1), 9));
    } else {
        all.through(&[]);
        assert_eq!(all.stage.state(), &State::Completed, "{what}");
        all.stage.record(Event::RollbackRequested { by: person(), accepts_data_loss: true });
    }
    all.through(lives);
    assert_eq!(all.deaths, lives.len(), "{what}: the agent did not die");
    assert!(matches!(all.stage.state(), State::RolledBack | State::Cancelled), "{what}: {:?}", all.stage.state());
    all.assert_engines(&before, &what);
    let data = fs_err::read_to_string(all.stage.places.at(DATA)).unwrap();
    assert_eq!(data, "of 1.0.0", "{what}");
    let is_back = all.stage.host.acts().iter().any(|act| act.starts_with("put back"));
    assert_eq!(is_back, *all.stage.state() == State::RolledBack, "{what}");
    all.moments
}

#[test]
fn an_agent_that_dies_once_at_any_moment_of_a_whole_rollback_goes_on_with_it() {
    for fails in [false, true] {
        let moments = taken_back(fails, &[]);
        assert!(moments > 20, "only {moments} moments");
        for moment in 1..=moments {
            taken_back(fails, &[moment]);
        }
    }
}

/// A step of a random plan.
#[derive(Debug, Clone)]
struct Draft {
    on_interrupt: &'static str,
    undo: &'static str,
    /// Its program fails, or asks to be run later, so often before it does its work.
    fails: usize,
    later: usize,
}

impl Draft {
    fn any() -> impl Strategy<Value = Draft> {
        let on_interrupt = prop_oneof![Just("ask"), Just("rerun"), Just("undo")];
        let undo = prop_oneof![Just("inverse"), Just("harmless"), Just("impossible")];
        (on_interrupt, undo, 0..2usize, 0..3usize).prop_map(|(on_interrupt, undo, fails, later)| Draft {
            on_interrupt,
            undo,
            fails,
            later,
        })
    }

    fn step(&self, name: &str) -> serde_json::Value {
        let undo = match self.undo {
            "inverse" => json!({"inverse": [format!("un-{name}")]}),
            word => json!(word),
        };
        json!({"kind": "run", "name": name, "command": [name], "user": "erp", "timeout_seconds": 60,
            "retry_later_exit": 75, "on_interrupt": self.on_interrupt, "undo": undo})
    }

    fn ends(&self) -> impl Iterator<Item = Ended> {
        std::iter::repeat_n(Ended::Exit(1), self.fails).chain(std::iter::repeat_n(Ended::Exit(75), self.later))
    }
}

/// A plan with steps before and after the packages, a task at the end of them, and what happens on its way.
#[derive(Debug, Clone)]
struct Story {
    before: Vec<Draft>,
    after: Vec<Draft>,
    task: bool,
    running: [bool; 3],
    ends: bool,
    answers: Vec<Answer>,
    lives: Vec<usize>,
}

impl Story {
    fn any() -> impl Strategy<Value = Story> {
        let answer = prop_oneof![Just(Answer::Rerun), Just(Answer::Undo)];
        let drafts = |most| proptest::collection::vec(Draft::any(), 0..=most);
        let lives = proptest::collection::vec(1..60usize, 0..8);
        let way = (any::<bool>(), proptest::collection::vec(answer, 0..3), lives);
        (drafts(2), drafts(3), any::<bool>(), any::<[bool; 3]>(), way).prop_map(
            |(before, after, task, running, (ends, answers, lives))| Story {
                before,
                after,
                task,
                running,
                ends,
                answers,
                lives,
            },
        )
    }

    fn steps(&self) -> Vec<(String, &Draft)> {
        let named =
            |drafts: &'_ [Draft], word: &str| (0..drafts.len()).map(|i| format!("{word}-{i}")).collect::<Vec<_>>();
        let names = [named(&self.before, "prepare"), named(&self.after, "finish")].concat();
        names.into_iter().zip(self.before.iter().chain(&self.after)).collect()
    }

    fn plan(&self) -> UpgradePlan {
        let steps = self.steps();
        let of = |word: &str| {
            let chosen = steps.iter().filter(|(name, _)| name.starts_with(word));
            chosen.map(|(name, draft)| draft.step(name)).collect::<Vec<_>>()
        };
        plan(|plan| {
            plan["body"]["format"] = json!(2);
            let list = plan["body"]["steps"].as_array_mut().unwrap();
            let mut finish = of("finish");
            if self.task {
                finish.push(json!({"kind": "task", "id": "look", "summary": {"en": "Look."}}));
            }
            list.splice(MIGRATE..=MIGRATE, finish);
            list.splice(MIGRATE - 1..MIGRATE - 1, of("prepare"));
        })
    }

    fn lived(&self) -> Lives {
        let stage = Stage::of(self.plan(), Some("1.0.0"));
        for (unit, active) in ENGINES.into_iter().zip(self.running) {
            stage.host.units.lock().unwrap().insert(unit.to_owned(), if active { RUNNING } else { STOPPED });
        }
        for (name, draft) in self.steps() {
            stage.script(&name, draft.ends());
        }
        let before = ran(&stage);
        let mut lives = Lives::of(stage, TRANSACTIONS[usize::from(self.ends)]);
        lives.answers = self.answers.clone();
        lives.through(&self.lives);
        lives.assert_engines(&before, &format!("{self:?}"));
        lives
    }
}

/// Every step was done, in order; one that must not run again unasked was done once.
fn assert_done(story: &Story, lives: &Lives) {
    let first = |name: &str| lives.ran.iter().position(|ran| ran == name);
    let order: Vec<_> = story.steps().iter().map(|(name, _)| first(name)).collect();
    assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{story:?}: {:?}", lives.ran);
    for (name, draft) in story.steps() {
        let often = lives.count(&name);
        assert!(often == 1 || draft.on_interrupt == "rerun", "{story:?}: {name} was done {often} times");
    }
}

/// Whatever was done is taken back after it was done for the last time, and nothing came after the packages.
fn assert_taken_back(story: &Story, lives: &Lives) {
    let last = |name: &str| lives.ran.iter().rposition(|ran| ran == name);
    for (name, draft) in story.steps() {
        assert!(!name.starts_with("finish") || last(&name).is_none(), "{story:?}: {name}");
        let is_undone = draft.undo != "inverse" || last(&format!("un-{name}")) >= last(&name);
        assert!(is_undone, "{story:?}: {name} was not taken back: {:?}", lives.ran);
        assert!(draft.undo != "impossible" || last(&name).is_none(), "{story:?}: {name} cannot be taken back");
    }
}

fn cases() -> ProptestConfig {
    let cases = if std::env::var_os("CONSIGN_LONG").is_some() { 5_000 } else { 200 };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn an_agent_that_dies_again_and_again_does_every_step_or_takes_it_back(story in Story::any()) {
        let lives = story.lived();
        match lives.stage.state() {
            State::Completed => assert_done(&story, &lives),
            State::Cancelled => assert_taken_back(&story, &lives),
            state => panic!("{story:?}: {state:?}"),
        }
    }
}
