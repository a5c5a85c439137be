//! The list of the upgrade, item by item, and until when it can be taken back.

use consign_metadata::name::UnitName;
use consign_metadata::plan::{Backup, BackupPart, HealthCheck, RunStep, Step, Undo};
use consign_metadata::text::Language;

use super::paper::Paper;
use super::{Procedure, person};
use crate::database;
use crate::host::by_hand;
use crate::report::plan::{StepKind, UndoKind, words};
use crate::report::time;
use crate::step::announce;

impl Procedure<'_> {
    pub(super) fn list(&self, paper: &mut Paper, language: Language) {
        for item in &self.header.items {
            let name = &item.name;
            let Some(step) = self.plan.body.steps.iter().find(|step| step.name() == name) else {
                of_add_on(paper, name, language);
                continue;
            };
            let what = match step {
                Step::Task(_) => say!(language, "for you to do", "à faire par vous"),
                step => words::kind(StepKind::of(step), language),
            };
            if matches!(step, Step::Announce { .. }) && self.is_first() {
                continue;
            }
            paper.section(&say!(language, "{name}: {what}", "{name} : {what}"));
            match step {
                Step::Announce { message } => {
                    let words = announce::words(message.as_ref(), self.header, language);
                    paper.block([by_hand::announce(&words)]);
                }
                Step::Stop { .. } => self.stop(paper, language),
                Step::Backup(backup) => self.backup(paper, backup, language),
                Step::Packages => self.packages(paper, language),
                Step::Run(run) => self.run(paper, run, language),
                Step::Until(until) => self.until(paper, until, language),
                Step::Scripts(scripts) => self.scripts(paper, scripts, language),
                Step::EnterMaintenance => self.maintenance(paper, true),
                Step::LeaveMaintenance => self.maintenance(paper, false),
                Step::DaemonReload => paper.block([by_hand::RELOAD.to_owned()]),
                Step::Start { .. } => self.start(paper, language),
                Step::Health { checks, within_seconds, stable_seconds } => {
                    self.health(paper, checks, (*within_seconds, *stable_seconds), language);
                }
                Step::Task(task) => person(paper, task, language),
                // A point is no item: what joins there is.
                Step::AddOns { .. } => {}
            }
        }
    }

    fn steps(&self) -> impl Iterator<Item = &Step> {
        let all = &self.plan.body.steps;
        self.header.items.iter().filter_map(|item| all.iter().find(|step| step.name() == item.name))
    }

    fn is_first(&self) -> bool {
        self.header.arrives()
    }

    fn engines(&self) -> &[UnitName] {
        &self.plan.body.engines
    }

    /// Those of the version before that this one does not have.
    fn retired(&self) -> impl Iterator<Item = &UnitName> {
        let before = self.previous.map(|plan| &plan.body.engines[..]).unwrap_or_default();
        before.iter().filter(|unit| !self.engines().contains(unit))
    }

    fn is_new(&self, unit: &UnitName) -> bool {
        self.is_first() || self.previous.is_some_and(|plan| !plan.body.engines.contains(unit))
    }

    fn stop(&self, paper: &mut Paper, language: Language) {
        if !self.is_first() {
            let units: Vec<UnitName> = self.engines().iter().chain(self.retired()).cloned().collect();
            let known: Vec<UnitName> = units.iter().filter(|unit| !self.is_new(unit)).cloned().collect();
            if !known.is_empty() {
                paper.say(&say!(
                    language,
                    "Write down which are active and which are enabled; only these are started again.",
                    "Notez lesquels sont actifs (active) et lesquels sont activés au démarrage (enabled) : eux seuls seront redémarrés."
                ));
                paper.block([by_hand::look_at(&known)]);
            }
            paper.say(&say!(
                language,
                "The file made below keeps them from starting, also after a reboot, until the new version is ready.",
                "Le fichier créé ci-dessous les empêche de démarrer, même après un redémarrage de l'hôte, tant que la nouvelle version n'est pas prête."
            ));
            let stops = known.iter().rev().map(|unit| by_hand::unit("stop", unit));
            paper.block(by_hand::keep_from_starting(self.flag).into_iter().chain(stops));
        } else {
            paper.block(by_hand::keep_from_starting(self.flag));
        }
    }

    fn backup(&self, paper: &mut Paper, backup: &Backup, language: Language) {
        paper.say(&say!(
            language,
            "Each part into a file of its own, in a place with room for it.",
            "Chaque partie dans un fichier à elle, là où il y a la place."
        ));
        let save = |part: &BackupPart| {
            let file = format!("/var/backups/{}-{}.{}", self.header.product.product, self.header.upgrade, part.name());
            match part {
                BackupPart::Files { paths, .. } => by_hand::save_files(&file, paths),
                BackupPart::Command { save, user, .. } => by_hand::save_by(&file, save, user),
                BackupPart::Database { database, .. } => {
                    let (save, user) = database::by_hand::save(database);
                    by_hand::save_by(&file, &save, user)
                }
            }
        };
        paper.block(backup.parts.iter().map(save));
    }

    fn can_return(&self) -> bool {
        self.header.items.iter().any(|item| item.packages && item.undo)
    }

    fn packages(&self, paper: &mut Paper, language: Language) {
        if !self.is_first() && !self.can_return() {
            let flag = by_hand::let_start(self.flag);
            paper.say(&say!(
                language,
                "Until here all can be taken back: `{flag}`, then start what ran. From here on it cannot, see the end.",
                "Jusqu'ici tout peut être annulé : `{flag}`, puis redémarrez ce qui tournait. Ensuite non, voir la fin."
            ));
        }
        let modules = self.header.modules.iter().map(|module| (module.package.to_string(), module.after.clone()));
        paper.block(by_hand::install(&modules.collect::<Vec<_>>()));
    }

    fn run(&self, paper: &mut Paper, run: &RunStep, language: Language) {
        let command = match self.words().fill(&run.command) {
            Ok(command) => by_hand::run(run, &command),
            Err(problem) => return paper.say(&problem.to_string()),
        };
        limits(paper, run, language);
        match run.done_probe.as_ref().and_then(|probe| self.words().fill(probe).ok()) {
            // What is done is not done again.
            Some(probe) => paper.block([format!("{} || {command}", by_hand::run(run, &probe))]),
            None => paper.block([command]),
        }
    }

    fn start(&self, paper: &mut Paper, language: Language) {
        if !self.is_first() {
            paper.say(&say!(
                language,
                "In this order. Leave out what was neither active nor enabled before.",
                "Dans cet ordre. Laissez de côté ce qui n'était ni actif ni activé auparavant."
            ));
        }
        let enable = self.engines().iter().filter(|unit| self.is_new(unit)).map(|unit| by_hand::unit("enable", unit));
        let start = self.engines().iter().map(|unit| by_hand::unit("start", unit));
        paper.block([by_hand::let_start(self.flag)].into_iter().chain(enable).chain(start));
    }

    fn health(&self, paper: &mut Paper, checks: &[HealthCheck], limits: (u32, u32), language: Language) {
        let (within, stable) = limits;
        paper.say(&say!(
            language,
            "Every check must succeed within {within} s, and again {stable} s later.",
            "Tous les contrôles doivent réussir en {within} s au plus, et encore {stable} s plus tard."
        ));
        let look = || {
            let active = self.engines().iter().map(|unit| by_hand::unit("is-active", unit));
            active.chain(checks.iter().filter_map(|check| self.check(check, within))).collect::<Vec<_>>()
        };
        paper.block(look().into_iter().chain([format!("sleep {stable}")]).chain(look()));
    }

    pub(super) fn check(&self, check: &HealthCheck, within: u32) -> Option<String> {
        let HealthCheck::Command { command, user } = check else { return Some(by_hand::health(check, within)) };
        let command = self.words().fill(command).ok()?;
        Some(by_hand::health(&HealthCheck::Command { command, user: user.clone() }, within))
    }

    pub(super) fn way_back(&self, paper: &mut Paper, language: Language) {
        paper.section(&say!(
            language,
            "What can be taken back, and until when",
            "Ce qui peut être annulé, et jusqu'à quand"
        ));
        let (flag, from) = (by_hand::let_start(self.flag), self.header.from.as_ref());
        paper.item(&say!(
            language,
            "Before the packages: everything. `{flag}`, then start the engines that ran, in the order above.",
            "Avant les paquets : tout. `{flag}`, puis redémarrez les moteurs qui tournaient, dans l'ordre ci-dessus."
        ));
        let old = from.map(ToString::to_string).unwrap_or_default();
        if self.can_return() {
            paper.item(&say!(
                language,
                "From the packages on, until the start: install the packages of {old}, restore what was saved, then start as above. The agent does that by itself.",
                "À partir des paquets et jusqu'au démarrage : installez les paquets de {old}, restaurez ce qui a été sauvegardé, puis démarrez comme ci-dessus. L'agent le fait de lui-même."
            ));
            paper.item(&say!(
                language,
                "After the start: the same, and what was written since is lost; the agent wants that said first.",
                "Après le démarrage : de même, et ce qui a été écrit depuis est perdu ; l'agent demande de le confirmer d'abord."
            ));
            return self.undo_of_each(paper, language);
        }
        paper.item(&say!(
            language,
            "From the packages on: nothing goes back by itself. Mend and go on; or stop the engines, restore your own backup of the data, install the packages of {old} that belong to it, and start. Data written after the start is lost by that.",
            "À partir des paquets : rien ne s'annule tout seul. Corrigez et poursuivez ; ou arrêtez les moteurs, restaurez votre propre sauvegarde des données, installez les paquets de {old} qui lui correspondent, et démarrez. Les données écrites après le démarrage sont alors perdues."
        ));
        self.undo_of_each(paper, language);
    }

    fn undo_of_each(&self, paper: &mut Paper, language: Language) {
        for step in self.steps() {
            if let Some(run) = step.program() {
                paper.item(&self.undo(run, language));
            }
            if let Step::Task(task) = step {
                let (id, undo) = (&task.id, words::undo(UndoKind::of_task(task), language));
                paper.item(&say!(language, "{id}: {undo}.", "{id} : {undo}."));
            }
        }
    }

    fn undo(&self, run: &RunStep, language: Language) -> String {
        let (name, undo) = (&run.name, words::undo(UndoKind::of(&run.undo), language));
        let inverse = match &run.undo {
            Undo::Inverse(command) => self.words().fill(command).ok(),
            _ => None,
        };
        match inverse.map(|command| by_hand::run(run, &command)) {
            Some(command) => say!(language, "{name}: {undo}: `{command}`", "{name} : {undo} : `{command}`"),
            None => say!(language, "{name}: {undo}.", "{name} : {undo}."),
        }
    }
}

/// What one has to know of a program before typing it.
pub(super) fn limits(paper: &mut Paper, run: &RunStep, language: Language) {
    let limit = time::span(u64::from(run.timeout_seconds), language);
    let undo = words::undo(UndoKind::of(&run.undo), language);
    paper.say(&say!(language, "At most {limit}; {undo}.", "Au plus {limit} ; {undo}."));
    if let Some(exit) = run.retry_later_exit {
        paper.say(&say!(
            language,
            "If it ends with {exit}, type it again a little later.",
            "Si elle se termine par {exit}, retapez-la un peu plus tard."
        ));
    }
}

/// A step that another product's plan brings. Its vendor describes it; here is where it stands.
fn of_add_on(paper: &mut Paper, name: &str, language: Language) {
    let (add_on, step) = name.rsplit_once(':').unwrap_or((name, ""));
    paper.section(&say!(language, "{name}: a step of an add-on", "{name} : une étape d'un module complémentaire"));
    paper.say(&say!(
        language,
        "The step {step} of {add_on} is run here; how, its own vendor says.",
        "L'étape {step} de {add_on} s'exécute ici ; son propre éditeur dit comment."
    ));
}
