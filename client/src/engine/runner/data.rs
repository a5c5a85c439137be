//! The version of the data around the steps: compared before each, and told to the journal when a step has
//! changed it.

use consign_metadata::plan::{self, UpgradePlan};

use super::Runner;
use crate::data::{self, Found, Probe, Record};
use crate::database::{Lock, Taken};
use crate::engine::event::{Event, Failure, Holder};
use crate::engine::journal::JournalError;
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
        let known = upgrade.data.clone().or_else(|| self.known_before());
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
        // Nothing is restored and no engine started: the upgrade whose place this one takes has left them so.
        if upgrade.header.supersedes.is_some() && !upgrade.has_left_before() {
            return Ok(());
        }
        let Some(expected) = data::before(self.context.product, upgrade) else { return Ok(()) };
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
    /// them, and nothing of this upgrade, or of one whose place it takes, has worked on them.
    pub(super) fn is_done_elsewhere(&self, item: usize) -> bool {
        let upgrade = self.journal.upgrade();
        let Some(target) = self.target().filter(|target| upgrade.data.as_ref() == Some(target)) else { return false };
        let has_worked = (0..=item).any(|step| self.is_data_step(step) && upgrade.has_worked(step))
            || self.context.replaced.iter().any(|earlier| earlier.upgrade.has_migrated());
        let record = Record::read(self.context.product).ok().flatten();
        !has_worked && record.is_some_and(|record| record.version != target)
    }

    fn is_locked_elsewhere(&self) -> bool {
        matches!(self.lock().map(|lock| lock.is_elsewhere()), Some(Ok(true)))
    }

    /// The host that has the lock which a step waits for, if another one has it.
    pub(super) fn locked_elsewhere_for(&self, item: usize) -> Option<Holder> {
        let lock = self.lock().filter(|_| self.is_data_step(item))?;
        let is_elsewhere = matches!(lock.is_elsewhere(), Ok(true));
        is_elsewhere.then(|| Holder::Data { database: lock.database.name().to_owned() })
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

    /// What was last seen, as long as nothing has been changed since: in the upgrade whose place this one takes, or
    /// at the end of the last one.
    fn known_before(&self) -> Option<String> {
        let chain = std::iter::once(self.journal.upgrade()).chain(self.context.replaced.iter().map(|one| &one.upgrade));
        for upgrade in chain {
            if upgrade.data.is_some() || upgrade.has_migrated() {
                return upgrade.data.clone();
            }
        }
        let record = Record::read(self.context.product).unwrap_or_else(|error| {
            log::warn!("{error}");
            None
        });
        record.map(|record| record.version)
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
