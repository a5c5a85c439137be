//! The upgrade plan: what has to happen around the package manager, as data.
//!
//! One plan per release. The same bytes travel in every module, format and architecture of it.
//!
//! - `envelope`: what every agent understands of it; frozen as format 1 for ever, so that the oldest agent
//!   can say what a release is and that it needs a newer agent
//! - `backup`: what is saved before anything changes
//! - `body`: what makes up the product and what may be asked; versioned
//! - `step`: the list that is walked
//! - `database`: a database that the agent itself can save
//! - `data`: how a host sees which version the data is at
//! - `until`, `scripts`, `maintenance`, `limits`: what some steps are and may
//! - `windows`: what a module is on Windows
//! - `note`: release notes by digest

mod backup;
mod body;
mod data;
mod database;
mod envelope;
mod limits;
mod maintenance;
mod note;
mod scripts;
mod step;
mod until;
mod windows;

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::add_on;
use crate::digest::Sha256;
use crate::document::{DocumentError, Kind};
use crate::name::{PackageName, ProductId};
use crate::prerequisite::Prerequisite;
use crate::task::Task;
use crate::version::Version;

pub use backup::{Backup, BackupPart};
pub use body::{Module, NativeVersions, PlanBody, SideEffect, SiteOption, When};
pub use data::{Data, DataProbe};
pub use database::Database;
pub use envelope::Envelope;
pub use limits::{Limits, OomPolicy};
pub use maintenance::Maintenance;
pub use note::{MAXIMUM_NOTE_SIZE, NoteReference, note_file, note_member, parse_note_file, parse_note_member};
pub use scripts::{Script, ScriptsStep};
pub use step::{HealthCheck, OnInterrupt, RESERVED_STEP_NAMES, RunStep, Step, Undo};
pub use until::{Ready, UntilStep};
pub use windows::{WindowsModule, WindowsService, WindowsStart, WindowsWrite};

/// The only format of the envelope there will ever be.
pub const ENVELOPE_FORMAT: u32 = 1;
/// The newest format of the body that this crate reads.
pub const BODY_FORMAT: u32 = 3;
/// The largest plan a reader takes, in bytes of the signed message.
pub const MAXIMUM_SIZE: u64 = 1024 * 1024;
/// Name of the member that carries the signed plan in the control archive of a .deb.
pub const DEB_MEMBER: &str = "consign-plan";
/// Where a package installs its plan: `<this>/<package>.pgp`.
pub const INSTALLED_FOLDER: &str = "/usr/share/consignee/plans";

/// The same on Windows, below the folder `Consignee` in `%ProgramFiles%`.
pub const WINDOWS_FOLDER: &str = "plans";

/// Where a package installs its plan.
pub fn installed_path(package: &PackageName) -> String {
    format!("{INSTALLED_FOLDER}/{package}.pgp")
}

/// A plan that was understood in full.
#[derive(Debug, Clone, PartialEq)]
pub struct UpgradePlan {
    /// The frozen part.
    pub envelope: Envelope,
    /// What is to be done.
    pub body: PlanBody,
    /// Digest of the bytes the plan was read from.
    pub digest: Sha256,
}

impl UpgradePlan {
    /// Reads bytes that a verifier emitted.
    ///
    /// # Errors
    /// [`DocumentError`]; [`DocumentError::Newer`] when the body is of a later format, in which case
    /// [`Envelope::parse`] still says what the release is.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        let envelope = Envelope::parse(bytes)?;
        let format = envelope.body.get("format").and_then(serde_json::Value::as_u64).unwrap_or(0);
        if format > u64::from(BODY_FORMAT) {
            let found = u32::try_from(format).unwrap_or(u32::MAX);
            return Err(DocumentError::Newer { found, known: BODY_FORMAT });
        }
        let body =
            PlanBody::deserialize(&envelope.body).map_err(|cause| DocumentError::Shape { kind: Kind::Plan, cause })?;
        let plan = Self { envelope, body, digest: Sha256::of(bytes) };
        plan.check()?;
        Ok(plan)
    }

    /// The product it belongs to.
    pub fn id(&self) -> ProductId {
        self.envelope.id()
    }

    /// The steps of one upgrade, in order: those whose `when` applies. A new packaging revision of the
    /// version last finished runs no program of the vendor's and waits for no person.
    pub fn steps(&self, from: Option<&Version>) -> Vec<&Step> {
        let to = &self.envelope.version;
        let applies = |step: &&Step| match step {
            Step::Run(run) | Step::Until(UntilStep { run, .. }) => from != Some(to) && run.when.applies(from, to),
            Step::Scripts(scripts) => scripts.run.when.applies(from, to) && !scripts.between(from, to).is_empty(),
            Step::Task(task) => from != Some(to) && task.when.applies(from, to),
            // There is nothing yet.
            Step::Backup(_) => from.is_some(),
            _ => true,
        };
        self.body.steps.iter().filter(applies).collect()
    }

    /// What it saves before anything changes.
    pub fn backup(&self) -> Option<&Backup> {
        self.body.steps.iter().find_map(|step| match step {
            Step::Backup(backup) => Some(backup),
            _ => None,
        })
    }

    /// The prerequisites of one upgrade.
    pub fn prerequisites(&self, from: Option<&Version>) -> impl Iterator<Item = &Prerequisite> {
        let to = &self.envelope.version;
        let unchanged = from == Some(to);
        self.body.prerequisites.iter().filter(move |asked| !unchanged && asked.when.applies(from, to))
    }

    /// The tasks that a person has to do before one upgrade begins.
    pub fn tasks_before(&self, from: Option<&Version>) -> impl Iterator<Item = &Task> {
        let to = &self.envelope.version;
        let unchanged = from == Some(to);
        self.body.tasks.iter().filter(move |task| !unchanged && task.when.applies(from, to))
    }

    /// The side effects of one upgrade.
    pub fn side_effects(&self, from: Option<&Version>) -> impl Iterator<Item = &SideEffect> {
        let to = &self.envelope.version;
        let unchanged = from == Some(to);
        self.body.side_effects.iter().filter(move |effect| !unchanged && effect.when.applies(from, to))
    }

    fn check(&self) -> Result<(), DocumentError> {
        let wrong = |what: String| Err(DocumentError::Inconsistent(what));
        let packages = self.body.steps.iter().filter(|s| matches!(s, Step::Packages)).count();
        if packages != 1 {
            return wrong(format!("the list has {packages} package transactions, not one"));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = self.body.steps.iter().find(|step| !seen.insert(step.name())) {
            return wrong(format!("two steps are called {:?}", twice.name()));
        }
        self.check_format_2()?;
        maintenance::check(&self.body)?;
        let faulty = |step: &Step| Some(format!("step {:?}: {}", step.name(), step.fault()?));
        if let Some(fault) = self.body.steps.iter().find_map(faulty) {
            return wrong(fault);
        }
        backup::check(&self.body.steps)?;
        add_on::check(&self.id(), &self.body)?;
        if self.body.modules.is_empty() {
            return wrong("it has no module".to_owned());
        }
        if let Some((new, _)) = self.body.renamed_engines.iter().find(|(new, _)| !self.body.engines.contains(new)) {
            return wrong(format!("{new} is a new name and no engine"));
        }
        if !self.envelope.class_rule.is_valid() {
            return wrong("its class rule is not 1 ≤ major ≤ minor ≤ 3".to_owned());
        }
        match self.body.options.iter().find(|(_, option)| !option.allowed.contains(&option.default)) {
            Some((name, _)) => wrong(format!("the default of option {name} is not one of its values")),
            None => Ok(()),
        }
    }

    fn check_format_2(&self) -> Result<(), DocumentError> {
        let wrong = |what: String| Err(DocumentError::Inconsistent(what));
        let body = &self.body;
        if body.format < body.lowest_format() {
            return wrong(format!("its body says format {} and uses format {}", body.format, body.lowest_format()));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = body.prerequisites.iter().find(|asked| !seen.insert(&asked.id)) {
            return wrong(format!("two prerequisites are called {:?}", twice.id.as_str()));
        }
        // A person ticks a task by its name alone, wherever it stands.
        let mut seen: BTreeSet<&str> = body.steps.iter().map(Step::name).collect();
        if let Some(twice) = body.tasks.iter().find(|task| !seen.insert(task.id.as_str())) {
            return wrong(format!("two tasks or steps are called {:?}", twice.id.as_str()));
        }
        let names: BTreeSet<&str> = body.steps.iter().map(Step::name).collect();
        let data = body.data.iter().flat_map(|data| &data.steps);
        if let Some(unknown) = data.into_iter().find(|name| !names.contains(name.as_str())) {
            return wrong(format!("its data names a step {:?} that there is not", unknown.as_str()));
        }
        // A transaction that waits at its barrier cannot wait for a person.
        let before = body.steps.iter().take_while(|step| !matches!(step, Step::Packages));
        match before.into_iter().find(|step| matches!(step, Step::Task(_))) {
            Some(early) => wrong(format!("the task {:?} stands before the packages", early.name())),
            None => Ok(()),
        }
    }
}
