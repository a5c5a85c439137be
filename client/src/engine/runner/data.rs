//! The version of the data around the steps: compared before each, and told to the journal when a step has
//! changed it.

use consign_metadata::plan::{self, UpgradePlan};

use super::Runner;
use crate::data::{Found, Probe, Record};
use crate::database::{Lock, Taken};
use crate::engine::event::{Event, Failure};
use crate::engine::journal::JournalError;
use crate::engine::machine::Upgrade;
use crate::step::Trouble;

impl Runner<'_> {
    /// What is wrong with the data before a step; `None` also where nobody can see.
    pub(super) fn doubt_data(&mut self, item: usize) -> Result<Option<Failure>, JournalError> {
        // From then on the data are the engines' own, until the last step has seen what they made of them.
        if self.has_started_engines(item) {
            return Ok(None);
        }
        let Some(Found::Version(found)) = self.look_at_data(item) else { return Ok(None) };
        let upgrade = self.journal.upgrade();
        let target = self.target();
        let is_accepted = upgrade.data_accepted.as_ref() == Some(&found);
        let known = upgrade.data.clone().or_else(|| self.recorded());
        let expected = match (known, &target) {
            _ if is_accepted => None,
            // Engines of this release start on data of this release.
            (_, Some(target)) if self.is_start(item) => Some(target.clone()).filter(|_| *target != found),
            // Another host on the same data may have brought it there.
            (_, Some(target)) if *target == found => None,
            (known, _) => known.filter(|known| *known != found),
        };
        if let Some(expected) = expected {
            // Another host is at work on the data: what is in between is no other version.
            let is_in_between = item < self.journal.upgrade().packages_item() && self.is_locked_elsewhere();
            return Ok((!is_in_between).then_some(Failure::DataDiffers { expected, found }));
        }
        if upgrade.data.as_ref() != Some(&found) {
            self.append(Event::DataObserved { version: Some(found) })?;
        }
        Ok(None)
    }

    /// After a step that may have changed it.
    pub(super) fn observe_data(&mut self, item: usize) -> Result<(), JournalError> {
        if !self.may_change_data(item) {
            return Ok(());
        }
        let Some(found) = self.look_at_data(item).map(Found::version) else { return Ok(()) };
        if self.journal.upgrade().data != found {
            self.append(Event::DataObserved { version: found })?;
        }
        Ok(())
    }

    /// The old engines start on the data that was theirs.
    pub(super) fn doubt_old_data(&mut self, item: usize) -> Result<(), Trouble> {
        let name = &self.journal.upgrade().header.items[item].name;
        if self.plan_step(name).is_none_or(|step| !matches!(step, plan::Step::Stop { .. })) {
            return Ok(());
        }
        self.release_lock();
        let upgrade = self.journal.upgrade();
        let Some(expected) = upgrade.data_before.clone() else { return Ok(()) };
        let accepted = upgrade.data_accepted.clone();
        match self.look_at_data(item) {
            Some(Found::Version(found)) if found != expected && Some(&found) != accepted.as_ref() => {
                Err(Failure::DataDiffers { expected, found }.into())
            }
            _ => Ok(()),
        }
    }

    /// Takes the lock of the data for a step that works on it; `None` where there is none to take.
    pub(super) fn take_lock(&mut self, item: usize) -> Result<Option<Taken>, Failure> {
        if self.is_start(item) {
            self.release_lock();
        }
        match self.lock().filter(|_| self.is_data_step(item)) {
            Some(lock) => lock.take().map(Some),
            None => Ok(None),
        }
    }

    /// Whether another host has done what a step would do: the data were not there when this host last saw
    /// them, and nothing of this upgrade has worked on them.
    pub(super) fn is_done_elsewhere(&self, item: usize) -> bool {
        let upgrade = self.journal.upgrade();
        let Some(target) = self.target().filter(|target| upgrade.data.as_ref() == Some(target)) else { return false };
        let has_worked = (0..=item).any(|step| self.is_data_step(step) && upgrade.has_worked(step));
        let record = Record::read(self.context.product).ok().flatten();
        !has_worked && record.is_some_and(|record| record.version != target)
    }

    fn is_locked_elsewhere(&self) -> bool {
        let taken = self.lock().map(|lock| lock.take());
        if let Some(Ok(Taken::Held)) = taken {
            self.release_lock();
        }
        matches!(taken, Some(Ok(Taken::Elsewhere)))
    }

    fn release_lock(&self) {
        if let Some(Err(failure)) = self.lock().map(|lock| lock.release()) {
            log::warn!("{}: cannot let go of the lock of the data: {failure:?}", self.context.product.id);
        }
    }

    fn lock(&self) -> Option<Lock<'_>> {
        let context = &self.context;
        let database = context.plan.body.data.as_ref()?.lock.as_ref()?;
        let (product, log) = (&context.product.id, context.product.folder().join("lock.log"));
        Some(Lock { database, product, log, programs: context.programs, clock: context.clock })
    }

    fn is_data_step(&self, item: usize) -> bool {
        let name = &self.journal.upgrade().header.items[item].name;
        let is_kind = |step: &plan::Step| {
            use plan::Step::{AddOns, Health, Start, Task};
            !matches!(step, Start { .. } | Health { .. } | Task(_) | AddOns { .. })
        };
        let data = self.context.plan.body.data.as_ref();
        self.may_change_data(item)
            && self.plan_step(name).is_some_and(is_kind)
            && data.is_some_and(|data| data.is_step(name))
    }

    fn look_at_data(&self, item: usize) -> Option<Found> {
        let context = &self.context;
        let plan = self.plan_at(item);
        let (places, product, programs) = (context.places, context.product, context.programs);
        Probe { places, product, plan, programs, by: "agent" }.look()
    }

    /// Before the packages are there the installed release tells, where it can.
    fn plan_at(&self, item: usize) -> &UpgradePlan {
        let context = &self.context;
        let is_before = item < self.journal.upgrade().packages_item();
        let previous = context.previous.filter(|plan| is_before && plan.body.data.is_some());
        previous.unwrap_or(context.plan)
    }

    fn target(&self) -> Option<String> {
        self.context.plan.body.data.as_ref().and_then(|data| data.version.clone())
    }

    /// What the last upgrade left, as long as this one has changed nothing.
    fn recorded(&self) -> Option<String> {
        let is_touched = has_changed_data(self.journal.upgrade());
        let record = Record::read(self.context.product).unwrap_or_else(|error| {
            log::warn!("{error}");
            None
        });
        record.filter(|_| !is_touched).map(|record| record.version)
    }

    fn may_change_data(&self, item: usize) -> bool {
        let upgrade = self.journal.upgrade();
        let name = &upgrade.header.items[item].name;
        let changes_nothing = |step: &plan::Step| {
            use plan::Step::{Announce, DaemonReload, Stop};
            matches!(step, Announce { .. } | Stop { .. } | DaemonReload)
        };
        item > upgrade.packages_item() && !self.plan_step(name).is_some_and(changes_nothing)
    }

    fn has_started_engines(&self, item: usize) -> bool {
        (0..item).any(|earlier| self.is_start(earlier) && self.journal.upgrade().attempts(earlier) > 0)
    }

    fn is_start(&self, item: usize) -> bool {
        let name = &self.journal.upgrade().header.items[item].name;
        self.plan_step(name).is_some_and(|step| matches!(step, plan::Step::Start { .. }))
    }

    fn plan_step(&self, name: &str) -> Option<&plan::Step> {
        self.context.plan.body.steps.iter().find(|step| step.name() == name)
    }
}

fn has_changed_data(upgrade: &Upgrade) -> bool {
    (upgrade.packages_item()..upgrade.header.items.len()).any(|item| upgrade.attempts(item) > 0)
}
