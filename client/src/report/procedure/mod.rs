//! An upgrade as a procedure that a person could follow by hand: a document in Markdown.
//!
//! It says what the agent would do, with this site's choices and this host's packages, in the order of the
//! frozen list. What is to be typed stands in blocks of `sh`, line by line, and in nothing else: whoever
//! types all of them in order has carried the upgrade out. What vendors wrote is quoted, never a block.

mod list;
mod paper;
mod programs;

use std::collections::BTreeMap;
use std::path::Path;

use consign_metadata::name::Label;
use consign_metadata::plan::UpgradePlan;
use consign_metadata::prerequisite::Check;
use consign_metadata::task::Task;
use consign_metadata::text::Language;

use super::notes::Note;
use super::{plan, reason, words};
use crate::engine::event::{Header, Reason};
use crate::host::{by_hand, typed};
use crate::step::words::Words;

use paper::Paper;

/// Everything that the document is made of.
pub struct Procedure<'a> {
    /// The upgrade, frozen.
    pub header: &'a Header,
    /// Why it is held, if it is.
    pub unmet: &'a [Reason],
    /// Its plan.
    pub plan: &'a UpgradePlan,
    /// The plan of the version before, where it is at hand: it tells engines that are new or retired.
    pub previous: Option<&'a UpgradePlan>,
    /// The site's choices.
    pub options: &'a BTreeMap<Label, String>,
    /// The release notes on the way.
    pub notes: &'a [Note],
    /// The file that keeps the engines from starting.
    pub flag: &'a Path,
    /// A folder of this host, or the nearest above it that is there.
    pub nearest: &'a dyn Fn(&str) -> String,
}

impl Procedure<'_> {
    /// The document.
    pub fn markdown(&self, language: Language) -> String {
        let mut paper = Paper::new(language);
        self.introduction(&mut paper, language);
        self.out_of_reach(&mut paper, language);
        self.to_read(&mut paper, language);
        self.choices(&mut paper, language);
        self.prerequisites(&mut paper, language);
        self.tasks_before(&mut paper, language);
        self.list(&mut paper, language);
        self.way_back(&mut paper, language);
        paper.into_text()
    }

    fn introduction(&self, paper: &mut Paper, language: Language) {
        let (product, upgrade) = (&self.header.product, typed::here().upgrade);
        let install = typed::here().install_exactly;
        let journey = words::journey(self.header.from.as_ref(), &self.header.to, language);
        paper.title(&say!(language, "{product}, {journey}: by hand", "{product}, {journey} : à la main"));
        paper.say(&say!(
            language,
            "Where the agent works, `{upgrade}` does all of this by itself and nothing here is typed. This describes the same procedure, for a review, for a change request, and for a person who has to do it by hand where the agent cannot: with the choices of this site, in this order.",
            "Là où l'agent est actif, `{upgrade}` fait tout cela de lui-même et rien de ce qui suit n'est à taper. Ce document décrit la même procédure, pour une relecture, pour une demande de changement, ou pour être suivie à la main quand l'agent ne peut pas agir : avec les choix de ce site, dans cet ordre."
        ));
        paper.say(&say!(
            language,
            "Every block is typed line by line as root, in one bash. A command whose exit status is not 0 has failed: stop there and mend the cause before you go on. Do not follow this where the agent is only switched off: once it is back it finds the new packages and carries the upgrade out in its own way. The packages depend on the agent: where it is missing, `{install}` below brings it along; if `consignee status` answers after that, the agent does the rest and nothing more is typed.",
            "Chaque bloc se tape ligne par ligne en tant que root, dans un même bash. Une commande dont le code de retour n'est pas 0 a échoué : arrêtez-vous là et corrigez la cause avant de continuer. Ne suivez pas ce document là où l'agent est seulement arrêté : à son retour, il trouverait les nouveaux paquets et mènerait la mise à niveau à sa façon. Les paquets dépendent de l'agent : s'il manque, le `{install}` ci-dessous l'apporte avec eux ; si `consignee status` répond ensuite, l'agent fait le reste et il n'y a plus rien à taper."
        ));
        paper.block(["cd /".to_owned()]);
    }

    /// What must not be carried out says so before anything else.
    fn out_of_reach(&self, paper: &mut Paper, language: Language) {
        let mut reasons = self.unmet.iter().filter(|reason| reason.is_out_of_reach()).peekable();
        if reasons.peek().is_none() {
            return;
        }
        paper.say(&say!(
            language,
            "**Do not carry this out.** The vendor does not support this upgrade from the version that is installed:",
            "**N'exécutez pas ce document.** L'éditeur ne prend pas en charge cette mise à niveau depuis la version installée :"
        ));
        reasons.for_each(|reason| paper.item(&reason::sentence(reason, language)));
    }

    fn to_read(&self, paper: &mut Paper, language: Language) {
        let effects: Vec<_> = self.plan.side_effects(self.header.from.as_ref()).collect();
        if self.notes.is_empty() && effects.is_empty() {
            return;
        }
        paper.section(&say!(language, "Read and accept", "Lire et accepter"));
        for effect in effects {
            paper.tick(effect.id.as_str(), effect.summary.in_language(language));
        }
        for note in self.notes {
            let what = say!(language, "release note", "note de version");
            let weight = match note.to_acknowledge {
                true => say!(language, "the vendor wants it acknowledged", "l'éditeur demande de l'acquitter"),
                false => say!(language, "for information", "pour information"),
            };
            paper.tick(&format!("{what} {}", note.version), &weight);
            match &note.text {
                Some(text) => paper.quote(text),
                None => {
                    paper.say(&say!(language, "Its text is not on this host.", "Son texte n'est pas sur cet hôte."))
                }
            }
        }
    }

    fn choices(&self, paper: &mut Paper, language: Language) {
        let declared = &self.plan.body.options;
        if declared.is_empty() {
            return;
        }
        let file = typed::site_file(&self.header.product);
        paper.section(&say!(language, "Choices of the site", "Choix du site"));
        paper.say(&say!(
            language,
            "Filled in below as `{file}` has them; other choices make another document.",
            "Repris plus bas tels que dans `{file}` ; d'autres choix donnent un autre document."
        ));
        for (name, option) in declared {
            let (value, allowed) = (self.options.get(name).unwrap_or(&option.default), words::list(&option.allowed));
            paper.item(&say!(language, "{name} = `{value}` (of {allowed})", "{name} = `{value}` (parmi {allowed})"));
        }
    }

    fn prerequisites(&self, paper: &mut Paper, language: Language) {
        let all: Vec<_> = self.plan.prerequisites(self.header.from.as_ref()).collect();
        if all.is_empty() {
            return;
        }
        paper.section(&say!(language, "What must hold before", "Prérequis"));
        for one in all {
            paper.tick(one.id.as_str(), &say!(language, "must succeed", "doit réussir"));
            let (check, problem) = plan::filled_check(&one.check, &self.words());
            let check = match check {
                Check::FreeSpace { folder, mebibytes } => {
                    Check::FreeSpace { folder: (self.nearest)(&folder), mebibytes }
                }
                command => command,
            };
            match problem {
                Some(problem) => paper.say(&problem),
                None => paper.block([by_hand::check(&check)]),
            }
            let otherwise = one.otherwise.in_language(language);
            paper.say(&say!(language, "If not: {otherwise}", "Sinon : {otherwise}"));
        }
    }

    fn tasks_before(&self, paper: &mut Paper, language: Language) {
        let all: Vec<_> = self.plan.tasks_before(self.header.from.as_ref()).collect();
        if !all.is_empty() {
            paper.section(&say!(language, "What you do before", "Ce que vous faites avant"));
        }
        all.into_iter().for_each(|task| person(paper, task, language));
    }

    fn words(&self) -> Words<'_> {
        Words { options: self.options, from: self.header.from.as_ref(), to: &self.header.to }
    }
}

/// A task for a person.
fn person(paper: &mut Paper, task: &Task, language: Language) {
    paper.tick(task.id.as_str(), task.summary.in_language(language));
    if let Some(detail) = &task.detail {
        paper.quote(detail.in_language(language));
    }
}

#[cfg(test)]
mod tests;
