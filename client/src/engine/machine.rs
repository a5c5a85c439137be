//! The one transition table of an upgrade. `docs/state-diagram.md` draws it.
//!
//! State is a fold over the journal: [`Upgrade::begin`] takes the header, [`Upgrade::apply`] every
//! later event. An event that the table does not have is an error, never ignored. The table decides
//! what is legal and where it leads; what to do next is the runner's, and it does only what it has
//! written down before.

use std::collections::{BTreeMap, BTreeSet};

use consign_metadata::name::{PackageName, UnitName};

use super::event::{Answer, EngineState, Event, FORMAT_WITH_BACKUP, Failure, Header, Item, Packages, Reason};
pub use super::state::{Activity, HaltCause, State};

/// An event that has no place in the table.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{event} is not possible in state {state}")]
pub struct Illegal {
    /// The state, as the journal's reader prints it.
    pub state: String,
    /// The event.
    pub event: String,
}

/// An upgrade as its journal tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Upgrade {
    /// What must not change.
    pub header: Header,
    /// Where it stands.
    pub state: State,
    /// The last word of the package database.
    pub packages: Packages,
    /// What was running before anything was stopped.
    pub engines: BTreeMap<UnitName, EngineState>,
    /// The version that the data was last seen at, as long as nothing may have changed it since.
    pub data: Option<String>,
    /// The version that it was first seen at, before anything was changed.
    pub data_before: Option<String>,
    /// The version that a person took for right.
    pub data_accepted: Option<String>,
    /// Started records per item; only these count attempts.
    attempts: Vec<u32>,
    /// Items that have done something, or may have: not those that only asked for another time.
    worked: BTreeSet<usize>,
    undo_attempts: BTreeMap<i64, u32>,
    interruptions: BTreeMap<i64, u32>,
    postponements: BTreeMap<usize, u32>,
    ever_left_before: bool,
    /// The packages to go back to that could not be had; `None` where nobody looked for them.
    packages_missing: Option<Vec<(PackageName, String)>>,
    reasons: Vec<Reason>,
}

impl Upgrade {
    /// The state after the first record.
    pub fn begin(header: Header) -> Self {
        let attempts = vec![0; header.items.len()];
        Self {
            header,
            state: State::Planned,
            packages: Packages::Before,
            engines: BTreeMap::new(),
            data: None,
            data_before: None,
            data_accepted: None,
            attempts,
            worked: BTreeSet::new(),
            undo_attempts: BTreeMap::new(),
            interruptions: BTreeMap::new(),
            postponements: BTreeMap::new(),
            ever_left_before: false,
            packages_missing: None,
            reasons: Vec::new(),
        }
    }

    /// Takes one event, or refuses it and stays as it was.
    ///
    /// # Errors
    /// [`Illegal`] when the table has no such row.
    pub fn apply(&mut self, event: &Event) -> Result<(), Illegal> {
        let next = self
            .next(event)
            .ok_or_else(|| Illegal { state: format!("{:?}", self.state), event: format!("{event:?}") })?;
        self.remember(event);
        if matches!(next, State::Backward { .. }) && !matches!(self.state, State::Backward { .. }) {
            self.interruptions.clear();
        }
        self.state = next;
        Ok(())
    }

    /// The item of the package transaction.
    pub fn packages_item(&self) -> usize {
        self.header.items.iter().position(|item| item.packages).unwrap_or(self.header.items.len())
    }

    /// How often an item was started.
    pub fn attempts(&self, item: usize) -> u32 {
        self.attempts.get(item).copied().unwrap_or(0)
    }

    /// Whether an item has done anything, or may have.
    pub fn has_worked(&self, item: usize) -> bool {
        self.worked.contains(&item)
    }

    /// How often the undo of an item was started.
    pub fn undo_attempts(&self, item: i64) -> u32 {
        self.undo_attempts.get(&item).copied().unwrap_or(0)
    }

    /// How often an item, or its undo, was found busy since a person decided or the walk turned.
    pub fn interruptions(&self, item: i64) -> u32 {
        self.interruptions.get(&item).copied().unwrap_or(0)
    }

    /// How often an item asked to be run again later, since a person last decided.
    pub fn postponements(&self, item: usize) -> u32 {
        self.postponements.get(&item).copied().unwrap_or(0)
    }

    /// The reasons of the last hold.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// What keeps it back now: the reasons of the last hold, or those past which its packages came.
    pub fn unmet(&self) -> &[Reason] {
        match &self.state {
            State::Halted { cause: HaltCause::Unsatisfied { reasons }, .. } => reasons,
            State::Planned | State::Held => &self.reasons,
            _ => &[],
        }
    }

    /// Whether nothing more will happen to it by itself or by a command.
    pub fn is_over(&self) -> bool {
        matches!(
            self.state,
            State::Completed | State::Cancelled | State::RolledBack | State::Superseded { .. } | State::Rescued { .. }
        )
    }

    /// Whether anything on the host may have been changed for it and it has not ended.
    pub fn is_under_way(&self) -> bool {
        !self.is_over() && !matches!(self.state, State::Planned | State::Held | State::Cleared)
    }

    /// Whether the upgrade could be taken back from where it stands, without losing what people have written.
    pub fn can_walk_back(&self) -> bool {
        self.can_walk_back_with(false)
    }

    /// The same where somebody accepts that what was written since the product served again is lost.
    pub fn can_walk_back_with(&self, accepts_data_loss: bool) -> bool {
        self.obstacle(accepts_data_loss).is_none()
    }

    /// The first item, from the top, that keeps the upgrade from being taken back.
    pub fn obstacle(&self, accepts_data_loss: bool) -> Option<usize> {
        let blocks = |i: &usize| {
            let item = &self.header.items[*i];
            let loses_data = item.no_return || (item.packages && self.header.has_served);
            // An older agent wrote nothing down of the packages: what it could take back can still be.
            let is_older = self.header.format < FORMAT_WITH_BACKUP && self.packages_missing.is_none();
            let is_undoable = item.undo && (!item.packages || is_older || self.packages_are_kept());
            self.touched(*i, item) && !(is_undoable && (accepts_data_loss || !loses_data))
        };
        (0..self.header.items.len()).rev().find(blocks)
    }

    /// Whether people may have written something since the data was saved: a point of no return has started.
    pub fn has_served(&self) -> bool {
        let items = self.header.items.iter().enumerate();
        self.header.has_served || items.into_iter().any(|(i, item)| item.no_return && self.attempts(i) > 0)
    }

    /// Whether any package was ever seen at another version than before.
    pub fn has_left_before(&self) -> bool {
        self.ever_left_before
    }

    /// Whether anything was begun that comes after an item, packages included.
    pub fn has_gone_past(&self, item: usize) -> bool {
        self.ever_left_before || (item + 1..self.header.items.len()).any(|later| self.attempts(later) > 0)
    }

    /// Whether anything was begun that comes after the packages: the data may be changed.
    pub fn has_migrated(&self) -> bool {
        (self.packages_item() + 1..self.header.items.len()).any(|item| self.attempts(item) > 0)
    }

    /// Whether the packages to go back to were there when it began.
    pub fn packages_are_kept(&self) -> bool {
        self.packages_missing.as_ref().is_some_and(Vec::is_empty)
    }

    /// Those that were not, as it was last looked for them.
    pub fn packages_missing(&self) -> Option<&Vec<(PackageName, String)>> {
        self.packages_missing.as_ref()
    }

    fn touched(&self, index: usize, item: &Item) -> bool {
        if item.packages { self.packages != Packages::Before } else { self.attempts(index) > 0 }
    }

    fn highest_touched(&self) -> Option<usize> {
        (0..self.header.items.len()).rev().find(|&i| self.touched(i, &self.header.items[i]))
    }

    fn remember(&mut self, event: &Event) {
        self.remember_data(event);
        match event {
            Event::StepStarted { item, .. } => self.attempts[*item] += 1,
            Event::UndoStarted { item, .. } => *self.undo_attempts.entry(*item).or_default() += 1,
            Event::Interrupted { item } => *self.interruptions.entry(index(*item)).or_default() += 1,
            Event::UndoInterrupted { item } => *self.interruptions.entry(*item).or_default() += 1,
            Event::RetryLater { item } => *self.postponements.entry(*item).or_default() += 1,
            Event::Retry { .. } | Event::Answered { .. } | Event::UndoRetried { .. } => {
                self.interruptions.clear();
                self.postponements.clear();
            }
            Event::PackagesKept { missing } => self.packages_missing = Some(missing.clone()),
            Event::Held { reasons } => self.reasons.clone_from(reasons),
            Event::Cleared => self.reasons.clear(),
            Event::EnginesObserved { engines } => self.engines.clone_from(engines),
            Event::Packages { observed, .. } => {
                self.packages = *observed;
                self.ever_left_before |= *observed != Packages::Before;
            }
            _ => {}
        }
    }

    fn remember_data(&mut self, event: &Event) {
        if let Event::StepSucceeded { item } | Event::StepFailed { item, .. } | Event::Interrupted { item } = event {
            self.worked.insert(*item);
        }
        match event {
            Event::DataObserved { version } => {
                let first = self.packages_item();
                let is_as_before = (first..self.header.items.len()).all(|item| self.attempts(item) == 0);
                self.data.clone_from(version);
                self.data_before = self.data_before.take().or_else(|| version.clone().filter(|_| is_as_before));
            }
            Event::DataAccepted { version, .. } => {
                self.data = Some(version.clone());
                self.data_accepted = Some(version.clone());
            }
            Event::StepFailed { failure: Failure::DataDiffers { .. }, .. } => {}
            // What was accepted on the way is not what is restored after the packages.
            Event::UndoSucceeded { item } if *item == index(self.packages_item()) => self.data_accepted = None,
            // A step that came to no good end, and a person who did it by hand: nobody knows what they changed.
            Event::StepFailed { item, .. } | Event::Interrupted { item } | Event::RetryLater { item }
                if *item > self.packages_item() =>
            {
                self.data = None;
            }
            Event::Answered { .. } | Event::SkippedBy { .. } | Event::UndoStarted { .. } => self.data = None,
            _ => {}
        }
    }

    fn next(&self, event: &Event) -> Option<State> {
        match &self.state {
            State::Planned | State::Held => self.when_unopened(event),
            State::Cleared => self.when_cleared(event),
            State::Forward { item, activity } => self.when_forward(*item, *activity, event),
            State::Waiting { item } => self.when_waiting(*item, event),
            State::Halted { item, cause } => self.when_halted(*item, cause, event),
            State::Backward { item, activity } => self.when_backward(*item, *activity, event),
            State::Stuck { item, failure } => when_stuck(*item, failure, event),
            State::Completed => self.when_completed(event),
            State::Cancelled | State::RolledBack | State::Superseded { .. } | State::Rescued { .. } => None,
        }
    }

    fn when_unopened(&self, event: &Event) -> Option<State> {
        match event {
            Event::Held { .. } => Some(State::Held),
            Event::Cleared => Some(State::Cleared),
            Event::Superseded { by } if self.packages == Packages::Before => Some(State::Superseded { by: *by }),
            Event::Cancelled if self.packages == Packages::Before => Some(State::Cancelled),
            Event::EnginesObserved { .. } | Event::PackagesKept { .. } => Some(self.state.clone()),
            Event::Packages { observed: Packages::Before, .. } => Some(self.state.clone()),
            Event::Packages { .. } => Some(State::Halted {
                item: self.packages_item(),
                cause: HaltCause::Unsatisfied { reasons: self.reasons.clone() },
            }),
            _ => None,
        }
    }

    fn when_cleared(&self, event: &Event) -> Option<State> {
        match event {
            Event::Held { .. } => Some(State::Held),
            Event::Cleared => Some(State::Cleared),
            Event::Superseded { by } if self.packages == Packages::Before => Some(State::Superseded { by: *by }),
            Event::Cancelled if self.packages == Packages::Before => Some(State::Cancelled),
            Event::Packages { .. } if self.packages_item() > 0 => Some(State::Cleared),
            Event::EnginesObserved { .. } | Event::PackagesKept { .. } | Event::DataObserved { .. } => {
                Some(State::Cleared)
            }
            Event::StepStarted { .. } | Event::StepSkipped { .. } | Event::Packages { .. } => {
                self.when_forward(0, Activity::Idle, event)
            }
            _ => None,
        }
    }

    fn when_forward(&self, item: usize, activity: Activity, event: &Event) -> Option<State> {
        use Activity::{Busy, Idle, Interrupted};
        if let Event::Packages { observed, ended } = event {
            return self.packages_seen(item, activity, *observed, *ended);
        }
        let is_packages = self.header.items.get(item).is_some_and(|i| i.packages);
        match event {
            Event::EnginesObserved { .. } | Event::PackagesKept { .. } | Event::DataObserved { .. } => {
                Some(State::Forward { item, activity })
            }
            Event::DataAccepted { .. } if activity != Busy => Some(State::Forward { item, activity }),
            Event::StepStarted { item: i, attempt }
                if *i == item && !is_packages && activity != Busy && *attempt == self.attempts(item) + 1 =>
            {
                Some(State::Forward { item, activity: Busy })
            }
            Event::StepSucceeded { item: i } if *i == item && activity == Busy => Some(self.after(item)),
            Event::StepSkipped { item: i, .. } if *i == item && !is_packages => Some(self.after(item)),
            Event::RetryLater { item: i } if *i == item && activity == Busy => {
                Some(State::Forward { item, activity: Idle })
            }
            Event::Interrupted { item: i } if *i == item && activity == Busy => {
                Some(State::Forward { item, activity: Interrupted })
            }
            Event::Asked { item: i } if *i == item && activity != Idle => Some(State::Waiting { item }),
            Event::StepFailed { item: i, failure } if *i == item && activity != Idle => {
                Some(self.back_or_halt(item, HaltCause::Failed { failure: failure.clone() }))
            }
            Event::LoopDetected { item: i, attempts, holders } if *i == item => {
                let cause = HaltCause::LoopDetected { attempts: *attempts, holders: holders.clone() };
                Some(State::Halted { item, cause })
            }
            Event::RollbackRequested { accepts_data_loss, .. } if activity != Busy => self.back(*accepts_data_loss),
            Event::Retry { by: None } if is_packages => Some(State::Forward { item, activity }),
            _ => None,
        }
    }

    fn packages_seen(&self, item: usize, activity: Activity, observed: Packages, ended: bool) -> Option<State> {
        let stay = State::Forward { item, activity };
        if item > self.packages_item() {
            return Some(stay);
        }
        if item < self.packages_item() {
            // Steps that run late stay; a preparation whose transaction is gone is taken back.
            let abandoned = (observed, ended) == (Packages::Before, true) && activity != Activity::Busy;
            let stuck = State::Halted { item, cause: HaltCause::Abandoned };
            return Some(if abandoned { self.back_unchanged().unwrap_or(stuck) } else { stay });
        }
        match (observed, ended) {
            (Packages::After, _) => Some(self.after(item)),
            (_, false) => Some(stay),
            (Packages::Before, true) => {
                Some(self.back_unchanged().unwrap_or(State::Halted { item, cause: HaltCause::Partial }))
            }
            (Packages::Partial, true) => Some(State::Halted { item, cause: HaltCause::Partial }),
        }
    }

    fn when_waiting(&self, item: usize, event: &Event) -> Option<State> {
        match event {
            Event::Answered { item: i, answer, .. } if *i == item => Some(match answer {
                Answer::Done => self.after(item),
                Answer::Rerun => State::Forward { item, activity: Activity::Idle },
                Answer::Undo => self.back_or_halt(item, HaltCause::Interrupted),
            }),
            Event::RollbackRequested { accepts_data_loss, .. } => self.back(*accepts_data_loss),
            Event::Packages { .. } | Event::DataAccepted { .. } => Some(State::Waiting { item }),
            _ => None,
        }
    }

    fn when_halted(&self, item: usize, cause: &HaltCause, event: &Event) -> Option<State> {
        let forward = |item| State::Forward { item, activity: Activity::Idle };
        match event {
            Event::Retry { .. } => Some(forward(item)),
            Event::SkippedBy { .. } if item != self.packages_item() => Some(self.after(item)),
            Event::Rescued { observed, .. } => Some(State::Rescued { observed: observed.clone() }),
            Event::Superseded { by } if item >= self.packages_item() => Some(State::Superseded { by: *by }),
            Event::RollbackRequested { accepts_data_loss, .. } => self.back(*accepts_data_loss),
            Event::Packages { observed: Packages::Before, ended: true } if item == self.packages_item() => {
                Some(self.back_unchanged().unwrap_or(self.state.clone()))
            }
            Event::Packages { .. }
            | Event::EnginesObserved { .. }
            | Event::PackagesKept { .. }
            | Event::DataAccepted { .. } => Some(State::Halted { item, cause: cause.clone() }),
            _ => None,
        }
    }

    fn when_backward(&self, item: i64, activity: Activity, event: &Event) -> Option<State> {
        use Activity::{Busy, Interrupted};
        match event {
            Event::UndoStarted { item: i, attempt }
                if *i == item && activity != Busy && *attempt == self.undo_attempts(item) + 1 =>
            {
                Some(State::Backward { item, activity: Busy })
            }
            Event::UndoSucceeded { item: i } if *i == item && activity == Busy => Some(self.before(item)),
            Event::UndoInterrupted { item: i } if *i == item && activity == Busy => {
                Some(State::Backward { item, activity: Interrupted })
            }
            Event::UndoFailed { item: i, failure } if *i == item && activity != Activity::Idle => {
                Some(State::Stuck { item, failure: failure.clone() })
            }
            Event::Packages { .. } => Some(State::Backward { item, activity }),
            _ => None,
        }
    }

    fn when_completed(&self, event: &Event) -> Option<State> {
        match event {
            Event::RollbackRequested { accepts_data_loss, .. } => self.back(*accepts_data_loss),
            _ => None,
        }
    }

    fn after(&self, item: usize) -> State {
        if item + 1 >= self.header.items.len() {
            State::Completed
        } else {
            State::Forward { item: item + 1, activity: Activity::Idle }
        }
    }

    /// The next lower item that was touched; below all of them the old version's health; then the end.
    fn before(&self, item: i64) -> State {
        if item < 0 {
            return if self.ever_left_before { State::RolledBack } else { State::Cancelled };
        }
        let below = usize::try_from(item).unwrap_or(0);
        let lower = (0..below).rev().find(|&i| self.touched(i, &self.header.items[i]));
        State::Backward { item: lower.map_or(-1, index), activity: Activity::Idle }
    }

    fn back(&self, accepts_data_loss: bool) -> Option<State> {
        let item = self.highest_touched().map_or(-1, index);
        self.can_walk_back_with(accepts_data_loss).then_some(State::Backward { item, activity: Activity::Idle })
    }

    // The packages are found as before by the very event that is looked at.
    fn back_unchanged(&self) -> Option<State> {
        Self { packages: Packages::Before, ..self.clone() }.back(false)
    }

    fn back_or_halt(&self, item: usize, cause: HaltCause) -> State {
        self.back(false).unwrap_or(State::Halted { item, cause })
    }
}

fn when_stuck(item: i64, failure: &Failure, event: &Event) -> Option<State> {
    match event {
        Event::UndoRetried { .. } => Some(State::Backward { item, activity: Activity::Idle }),
        Event::Rescued { observed, .. } => Some(State::Rescued { observed: observed.clone() }),
        Event::Packages { .. } | Event::DataAccepted { .. } => Some(State::Stuck { item, failure: failure.clone() }),
        _ => None,
    }
}

fn index(item: usize) -> i64 {
    i64::try_from(item).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
