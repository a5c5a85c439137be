//! The frozen list of an upgrade: who does what, with which limits, and until when it can be taken back.

use std::collections::BTreeMap;

use consign_metadata::digest::Sha256;
use consign_metadata::name::{Label, ProductId};
use consign_metadata::plan::{OnInterrupt, RunStep, SideEffect, Step, Undo, UpgradePlan};
use consign_metadata::text::{Language, Text};
use consign_metadata::version::{Class, Version};
use serde::{Deserialize, Serialize};

use super::page::{Page, Style};
use super::{FORMAT, plan_words as say_plan, reason, state, time, words};
use crate::engine::event::{Header, Reason};
use crate::engine::machine::Upgrade;
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
    pub state: String,
    /// The version it starts from; null for a first installation.
    pub from: Option<Version>,
    /// The version it goes to.
    pub to: Version,
    /// The class of the change; null for a first installation.
    pub class: Option<Class>,
    /// The digest of the signed plan.
    pub plan: Sha256,
    /// The list that is walked.
    pub steps: Vec<PlannedStep>,
    /// What the upgrade does beyond itself.
    pub side_effects: Vec<PlannedEffect>,
    /// What its gates keep it back for; empty when cleared.
    pub reasons: Vec<Reason>,
    /// The first step from which on it cannot be taken back; null when it always can.
    pub point_of_no_return: Option<usize>,
}

/// One step of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Place in the list, from 0.
    pub item: usize,
    /// Its name.
    pub name: String,
    /// `announce`, `stop`, `packages`, `run`, `daemon-reload`, `start` or `health`.
    pub kind: String,
    /// The user it runs as, for a program of the vendor's.
    pub user: Option<String>,
    /// Whether it runs in a login shell of that user.
    pub login_shell: bool,
    /// Program and arguments with the site's choices filled in.
    pub command: Vec<String>,
    /// Why the command could not be filled in; then it is as the plan writes it.
    pub problem: Option<String>,
    /// When it is ended.
    pub timeout_seconds: Option<u32>,
    /// What follows when it is found interrupted.
    pub on_interrupt: OnInterrupt,
    /// `inverse`, `from-backup`, `harmless` or `impossible`; `built-in` for the agent's own steps.
    pub undo: String,
    /// Whether it can be taken back.
    pub can_be_taken_back: bool,
    /// Whether going back once it has started may lose data.
    pub point_of_no_return: bool,
    /// How often it was started in this upgrade.
    pub attempts: u32,
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

impl PlanReport {
    /// The list of an upgrade, with the site's options filled in.
    pub fn of(
        plan: &UpgradePlan,
        upgrade: &Upgrade,
        options: &BTreeMap<Label, String>,
        acknowledged: impl Fn(&SideEffect) -> bool,
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
            state: state::code(&upgrade.state).to_owned(),
            from: header.from.clone(),
            to: header.to.clone(),
            class: header.class,
            plan: header.plan,
            steps: (0..header.items.len()).map(|item| PlannedStep::of(plan, upgrade, item, &words)).collect(),
            side_effects: plan.side_effects(header.from.as_ref()).map(effect).collect(),
            reasons: upgrade.reasons().to_vec(),
            point_of_no_return: point_of_no_return(header),
        }
    }

    /// As text.
    pub fn page(&self, language: Language) -> Page {
        let (mut page, product) = (Page::default(), &self.product);
        let journey = words::journey(self.from.as_ref(), &self.to, language);
        let class = self.class.map(|class| format!(" ({})", words::class(class, language))).unwrap_or_default();
        page.add(0, Style::Heading, format!("{product}: {journey}{class}"));
        page.gap();
        for step in &self.steps {
            page.append(2, step.page(language));
        }
        self.effects(&mut page, language);
        self.gates(&mut page, language);
        page.gap();
        page.add(0, Style::Plain, self.way_back(language));
        page
    }

    fn effects(&self, page: &mut Page, language: Language) {
        if self.side_effects.is_empty() {
            return;
        }
        page.gap();
        page.add(0, Style::Heading, say!(language, "Side effects", "Effets de bord"));
        for effect in &self.side_effects {
            let (style, mark) = match effect.acknowledged {
                true => (Style::Good, say!(language, "acknowledged", "acquitté")),
                false => (Style::Warning, say!(language, "not acknowledged", "non acquitté")),
            };
            page.add(2, style, format!("{} ({mark})", effect.id));
            page.add(4, Style::Plain, effect.summary.in_language(language));
        }
    }

    fn gates(&self, page: &mut Page, language: Language) {
        if self.reasons.is_empty() {
            return;
        }
        page.gap();
        page.add(0, Style::Heading, say!(language, "Held because", "Retenue parce que"));
        for reason in &self.reasons {
            page.add(2, Style::Warning, format!("- {}", reason::sentence(reason, language)));
        }
    }

    fn way_back(&self, language: Language) -> String {
        match self.point_of_no_return.and_then(|item| self.steps.get(item)) {
            Some(step) => {
                let step = format!("{}/{} {}", step.item + 1, self.steps.len(), step.name);
                say!(
                    language,
                    "data: kept as it is until step {step} begins; until then the upgrade is taken back by itself when something fails, from then on it halts and waits for a person",
                    "données : intactes jusqu'à l'étape {step} ; jusque-là la mise à niveau s'annule d'elle-même en cas d'échec, ensuite elle s'arrête et attend une personne"
                )
            }
            None => say!(
                language,
                "data: every step can be taken back",
                "données : chaque étape peut être annulée"
            ),
        }
    }
}

impl PlannedStep {
    fn of(plan: &UpgradePlan, upgrade: &Upgrade, index: usize, words: &Words<'_>) -> Self {
        let item = &upgrade.header.items[index];
        let step = plan.body.steps.iter().find(|step| step.name() == item.name);
        let run = match step {
            Some(Step::Run(run)) => Some(run),
            _ => None,
        };
        let (command, problem) = run.map(|run| filled(run, words)).unwrap_or_default();
        Self {
            item: index,
            name: item.name.clone(),
            kind: if run.is_some() { "run".to_owned() } else { item.name.clone() },
            user: run.map(|run| run.user.clone()),
            login_shell: run.is_some_and(|run| run.login_shell),
            command,
            problem,
            timeout_seconds: step.and_then(timeout),
            on_interrupt: item.on_interrupt,
            undo: run.map_or("built-in", |run| undo(&run.undo)).to_owned(),
            can_be_taken_back: item.undo,
            point_of_no_return: item.no_return,
            attempts: upgrade.attempts(index),
        }
    }

    fn page(&self, language: Language) -> Page {
        let mut page = Page::default();
        let (number, name) = (self.item + 1, &self.name);
        let what = say_plan::kind(&self.kind, language);
        page.add(0, Style::Plain, format!("{number:>2} {name}: {what}"));
        if !self.command.is_empty() {
            page.add(5, Style::Quiet, shell_words(&self.command));
        }
        if let Some(problem) = &self.problem {
            page.add(5, Style::Bad, problem);
        }
        let limits = [self.runs_as(language), self.limit(language), say_plan::undo(&self.undo, language)];
        let limits: Vec<_> = limits.into_iter().flatten().collect();
        if !limits.is_empty() {
            page.add(5, Style::Plain, limits.join("; "));
        }
        if self.kind == "run" {
            page.add(5, Style::Plain, say_plan::on_interrupt(self.on_interrupt, language));
        }
        page
    }

    fn runs_as(&self, language: Language) -> Option<String> {
        let user = self.user.as_ref()?;
        Some(match self.login_shell {
            true => say!(language, "as {user}, in a login shell", "en tant que {user}, dans un shell de connexion"),
            false => say!(language, "as {user}", "en tant que {user}"),
        })
    }

    fn limit(&self, language: Language) -> Option<String> {
        let limit = time::span(u64::from(self.timeout_seconds?), language);
        Some(say!(language, "at most {limit}", "au plus {limit}"))
    }
}

fn filled(run: &RunStep, words: &Words<'_>) -> (Vec<String>, Option<String>) {
    match words.fill(&run.command) {
        Ok(command) => (command, None),
        Err(error) => (run.command.clone(), Some(error.to_string())),
    }
}

fn timeout(step: &Step) -> Option<u32> {
    match step {
        Step::Stop { timeout_seconds } | Step::Start { timeout_seconds } => Some(*timeout_seconds),
        Step::Run(run) => Some(run.timeout_seconds),
        Step::Health { within_seconds, stable_seconds, .. } => Some(within_seconds.saturating_add(*stable_seconds)),
        Step::Announce { .. } | Step::Packages | Step::DaemonReload => None,
    }
}

fn undo(undo: &Undo) -> &'static str {
    match undo {
        Undo::Inverse(_) => "inverse",
        Undo::FromBackup => "from-backup",
        Undo::Harmless => "harmless",
        Undo::Impossible => "impossible",
    }
}

/// The first item that, once touched, keeps the upgrade from being walked back.
fn point_of_no_return(header: &Header) -> Option<usize> {
    header.items.iter().position(|item| item.no_return || !item.undo)
}

// As somebody would type it: for reading, never run.
fn shell_words(command: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    let quoted = |word: &String| match !word.is_empty() && word.chars().all(plain) {
        true => word.clone(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    };
    command.iter().map(quoted).collect::<Vec<_>>().join(" ")
}
