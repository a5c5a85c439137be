//! The version of the data around the steps: compared before each, and told to the journal when a step has
//! changed it.

use consign_metadata::plan::{self, UpgradePlan};

use super::Runner;
use crate::data::{Found, Probe, Record};
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
            return Ok(Some(Failure::DataDiffers { expected, found }));
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
