//! What was really called on the host, against what the journals say: the file of the calls is outside of what is
//! taken back.

use std::time::SystemTime;

use consign_lab::Site;
use serde_json::Value;

const CALLS: &str = "/srv/canopsis-calls.log";
const STEP: &str = "init";

/// The calls of one version's init step, and the journals of the upgrades to it.
pub struct Calls {
    started: usize,
    finished: usize,
    taken_back: usize,
    journals: Vec<Vec<Value>>,
}

/// From now on each call is written down.
pub fn write_down(site: &Site) {
    site.host.write(CALLS, "", 0o666);
    site.host.ok(&["chmod", "666", CALLS]);
    site.host.ok(&["sync", CALLS, "/srv"]);
}

impl Calls {
    /// Those of a version, such as `3.26.7`.
    pub fn of(site: &Site, version: &str) -> Calls {
        let log = site.host.read(CALLS);
        let calls: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let count = |event| calls.iter().filter(|call| call["version"] == version && call["event"] == event).count();
        let all = site.host.shell("cat /var/lib/consignee/acme/canopsis/journal/*/records.jsonl");
        let records = all.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut journals: Vec<Vec<Value>> = Vec::new();
        for record in records {
            match journals.last_mut() {
                Some(journal) if record["event"] != "begun" => journal.push(record),
                _ => journals.push(vec![record]),
            }
        }
        journals.retain(|journal| journal[0]["header"]["to"] == version);
        Calls { started: count("started"), finished: count("finished"), taken_back: count("taken-back"), journals }
    }

    /// Nothing was called that no record speaks of, and nothing again that nobody asked for.
    #[track_caller]
    pub fn assert_accounted(&self, what: &str) {
        let (started, undone) = (self.records("step-started"), self.records("undo-started"));
        assert!(self.started <= started, "{what}: {} calls, {started} records of them", self.started);
        assert!(self.finished <= self.started, "{what}: {} of {} calls ended", self.finished, self.started);
        assert!(self.taken_back <= undone, "{what}: {} calls of the undo, {undone} records of them", self.taken_back);
        for journal in &self.journals {
            let again = |record: &&Value| {
                record["by"].is_object() && (record["event"] == "retry" || record["answer"] == "rerun")
            };
            let allowed = 1 + journal.iter().filter(again).count();
            let begun = of_step(journal, "step-started");
            assert!(begun <= allowed, "{what}: begun {begun} times, {allowed} were asked for\n{journal:#?}");
            let is_undone = of_step(journal, "undo-succeeded") > 0;
            assert!(!is_undone || self.taken_back > 0, "{what}: its undo was not called\n{journal:#?}");
        }
    }

    /// So it is where nothing comes between: one call, and one to take it back where it failed.
    #[track_caller]
    pub fn assert_once(&self, is_taken_back: bool, what: &str) {
        let expected = if is_taken_back { (1, 0, 1) } else { (1, 1, 0) };
        assert_eq!((self.started, self.finished, self.taken_back), expected, "{what}");
        assert_eq!((self.records("step-started"), self.records("undo-started")), (1, usize::from(is_taken_back)));
    }

    /// Whether an upgrade was at work at one moment and has gone on after another: a step had been started, and
    /// there are records from after it.
    pub fn was_at_work(&self, (from, until): (SystemTime, SystemTime)) -> bool {
        self.journals.iter().any(|journal| {
            let begun = journal.iter().any(|record| record["event"] == "step-started" && at(record) < from);
            begun && journal.last().is_some_and(|record| at(record) > until)
        })
    }

    fn records(&self, event: &str) -> usize {
        self.journals.iter().map(|journal| of_step(journal, event)).sum()
    }
}

fn of_step(journal: &[Value], event: &str) -> usize {
    let items = journal[0]["header"]["items"].as_array().unwrap();
    let item = items.iter().position(|item| item["name"] == STEP);
    journal
        .iter()
        .filter(|record| record["event"] == event && record["item"].as_u64() == item.map(|i| i as u64))
        .count()
}

fn at(record: &Value) -> SystemTime {
    record["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap().into()
}
