//! The frozen list of an upgrade: who does what, with which limits, and until when it can be taken back.

mod checks;
mod kinds;
mod page;
pub(super) mod words;

use std::collections::BTreeMap;

use consign_metadata::digest::Sha256;
use consign_metadata::name::{Label, ProductId};
use consign_metadata::plan::{Limits, OnInterrupt, Ready, RunStep, SideEffect, SiteOption, Step, UpgradePlan};
use consign_metadata::task::Task;
use consign_metadata::text::Text;
use consign_metadata::version::{Class, Version};
use serde::{Deserialize, Serialize};

pub(crate) use checks::filled_check;
pub use checks::{PlannedPrerequisite, PlannedTask};
pub use kinds::{StepKind, UndoKind};

use super::{FORMAT, state};
use crate::add_on::Joined;
use crate::engine::event::{Header, Reason};
use crate::engine::machine::Upgrade;
use crate::step;
use crate::step::words::Words;

/// The answer of `consignee plan --json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanReport {
    /// [`FORMAT`].
    pub format: u32,
    /// The product.
    pub product: ProductId,
    /// The number of the upgrade within the product.
    pub upgrade: u32,
    /// The state it is in, by the name in the state diagram.
    pub state: state::Code,
    /// The version it starts from; null for a first installation.
    pub from: Option<Version>,
    /// The version it goes to.
    pub to: Version,
    /// The class of the change; null for a first installation.
    pub class: Option<Class>,
    /// The digest of the signed plan.
    pub plan: Sha256,
    /// What must hold before it begins.
    pub prerequisites: Vec<PlannedPrerequisite>,
    /// What a person has to do before it begins.
    pub tasks: Vec<PlannedTask>,
    /// The list that is walked.
    pub steps: Vec<PlannedStep>,
    /// What the site may choose.
    pub options: Vec<PlannedOption>,
    /// What the upgrade does beyond itself.
    pub side_effects: Vec<PlannedEffect>,
    /// What its gates keep it back for; empty when cleared.
    pub reasons: Vec<Reason>,
    /// The first step from which on it cannot be taken back; null when it always can.
    pub point_of_no_return: Option<usize>,
    /// How long the outage will probably be, by the last upgrades on this host; null where there was none.
    #[serde(default)]
    pub outage_estimate_seconds: Option<u64>,
}

/// One step of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Place in the list, from 0.
    pub item: usize,
    /// Its name.
    pub name: String,
    /// What it does; null when the plan has no such step.
    pub kind: Option<StepKind>,
    /// What a person has to do, where the step is a task.
    pub summary: Option<Text>,
    /// How, where the vendor says it.
    pub detail: Option<Text>,
    /// The user it runs as, for a program of the vendor's.
    pub user: Option<String>,
    /// Whether it runs in a login shell of that user.
    pub login_shell: bool,
    /// Program and arguments with the site's choices filled in.
    pub command: Vec<String>,
    /// Why the command could not be filled in; then it is as the plan writes it.
    pub problem: Option<String>,
    /// How it is seen that it is ready, for a program that is stopped then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<Ready>,
    /// The scripts that are due in this upgrade, in order, below the folder of scripts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scripts: Vec<String>,
    /// What it may take of the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// When it is ended.
    pub timeout_seconds: Option<u32>,
    /// What follows when it is found interrupted.
    pub on_interrupt: OnInterrupt,
    /// How it is taken back; null for the agent's own steps, whose undo is fixed.
    pub undo: Option<UndoKind>,
    /// Whether it can be taken back.
    pub can_be_taken_back: bool,
    /// Whether going back once it has started may lose data.
    pub point_of_no_return: bool,
    /// How often it was started in this upgrade.
    pub attempts: u32,
}

/// A choice of the site's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedOption {
    /// Its name, as in the site's file.
    pub name: Label,
    /// What the site chose, or the default.
    pub value: String,
    /// The value where the site says nothing.
    pub default: String,
    /// The values it may take.
    pub allowed: Vec<String>,
    /// What it decides.
    pub help: Option<Text>,
}

/// A side effect of the upgrade.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedEffect {
    /// Its name.
    pub id: Label,
    /// What happens.
    pub summary: Text,
    /// Whether a person acknowledged it.
    pub acknowledged: bool,
}

/// The add-ons that joined, with what the site chose for each.
#[derive(Debug, Clone)]
pub struct AddOns<'a> {
    /// Their plans.
    pub joined: &'a Joined,
    /// Their options by product.
    pub options: BTreeMap<ProductId, BTreeMap<Label, String>>,
}

impl PlanReport {
    /// The list of an upgrade, with the site's options filled in.
    pub fn of(
        plan: &UpgradePlan,
        upgrade: &Upgrade,
        options: &BTreeMap<Label, String>,
        add_ons: &AddOns<'_>,
        acknowledged: impl Fn(&SideEffect) -> bool,
        done: impl Fn(&Task) -> bool,
    ) -> Self {
        let header = &upgrade.header;
        let words = Words { options, from: header.from.as_ref(), to: &header.to };
        let effect = |effect: &SideEffect| PlannedEffect {
            id: effect.id.clone(),
            summary: effect.summary.clone(),
            acknowledged: acknowledged(effect),
        };
        Self {
            format: FORMAT,
            product: header.product.clone(),
            upgrade: header.upgrade,
            state: state::code(&upgrade.state),
            from: header.from.clone(),
            to: header.to.clone(),
            class: header.class,
            plan: header.plan,
            prerequisites: plan
                .prerequisites(header.from.as_ref())
                .map(|one| PlannedPrerequisite::of(one, &words))
                .collect(),
            tasks: plan.tasks_before(header.from.as_ref()).map(|task| PlannedTask::of(task, done(task))).collect(),
            steps: (0..header.items.len()).map(|item| PlannedStep::of(plan, add_ons, upgrade, item, &words)).collect(),
            options: plan.body.options.iter().map(|(name, option)| PlannedOption::of(name, option, options)).collect(),
            side_effects: plan.side_effects(header.from.as_ref()).map(effect).collect(),
            reasons: upgrade.reasons().to_vec(),
            point_of_no_return: point_of_no_return(header),
            outage_estimate_seconds: None,
        }
    }
}

impl PlannedStep {
    fn of(plan: &UpgradePlan, add_ons: &AddOns<'_>, upgrade: &Upgrade, index: usize, words: &Words<'_>) -> Self {
        let item = &upgrade.header.items[index];
        let step = plan.body.steps.iter().find(|step| step.name() == item.name);
        let joined = add_ons.joined.step(&item.name);
        let run = match (step, joined) {
            (Some(step), _) => step.program(),
            (None, joined) => joined.map(|(_, run)| run),
        };
        let (ready, scripts) = match step {
            Some(Step::Until(until)) => (Some(until.ready.clone()), Vec::new()),
            Some(Step::Scripts(step)) => (None, step.between(words.from, words.to)),
            _ => (None, Vec::new()),
        };
        let task = match step {
            Some(Step::Task(task)) => Some(task),
            _ => None,
        };
        let options = joined.and_then(|(plan, _)| add_ons.options.get(&plan.id())).unwrap_or(words.options);
        let (command, problem) = run.map(|run| filled(run, &Words { options, ..*words })).unwrap_or_default();
        Self {
            item: index,
            name: item.name.clone(),
            kind: step.map(StepKind::of).or(joined.map(|_| StepKind::Run)),
            summary: task.map(|task| task.summary.clone()),
            detail: task.and_then(|task| task.detail.clone()),
            user: run.map(|run| run.user.clone()),
            login_shell: run.is_some_and(|run| run.login_shell),
            command,
            problem,
            ready,
            scripts: scripts.into_iter().map(|script| script.path.clone()).collect(),
            limits: run.and_then(|run| run.limits.clone()),
            timeout_seconds: step.and_then(timeout).or(joined.map(|(_, run)| run.timeout_seconds)),
            on_interrupt: item.on_interrupt,
            undo: run.map(|run| UndoKind::of(&run.undo)).or(task.map(UndoKind::of_task)),
            can_be_taken_back: item.undo,
            point_of_no_return: item.no_return,
            attempts: upgrade.attempts(index),
        }
    }
}

impl PlannedOption {
    fn of(name: &Label, option: &SiteOption, chosen: &BTreeMap<Label, String>) -> Self {
        Self {
            name: name.clone(),
            value: chosen.get(name).unwrap_or(&option.default).clone(),
            default: option.default.clone(),
            allowed: option.allowed.clone(),
            help: option.help.clone(),
        }
    }
}

fn filled(run: &RunStep, words: &Words<'_>) -> (Vec<String>, Option<String>) {
    // Which script it is becomes known one after the other.
    match words.fill(&step::scripts::command(&run.command, "{script}")[..run.command.len()]) {
        Ok(command) => (command, None),
        Err(error) => (run.command.clone(), Some(error.to_string())),
    }
}

fn timeout(step: &Step) -> Option<u32> {
    match step {
        Step::Stop { timeout_seconds } | Step::Start { timeout_seconds } => Some(*timeout_seconds),
        Step::Run(run) => Some(run.timeout_seconds),
        Step::Until(until) => Some(until.run.timeout_seconds),
        Step::Scripts(scripts) => Some(scripts.run.timeout_seconds),
        Step::Backup(backup) => Some(backup.timeout_seconds),
        Step::Health { within_seconds, stable_seconds, .. } => Some(within_seconds.saturating_add(*stable_seconds)),
        Step::Announce { .. } | Step::Packages | Step::DaemonReload | Step::Task(_) | Step::AddOns { .. } => None,
        Step::EnterMaintenance | Step::LeaveMaintenance => None,
    }
}

/// The first item that, once touched, keeps the upgrade from being walked back.
fn point_of_no_return(header: &Header) -> Option<usize> {
    header.items.iter().position(|item| item.no_return || !item.undo)
}
