//! The plan as text.

use consign_metadata::text::Language;

use super::{PlanReport, PlannedOption, PlannedStep, StepKind, checks, words};
use crate::host::typed;
use crate::report::page::{Page, Style};
use crate::report::{reason, time, words as shared};

impl PlanReport {
    /// As text.
    pub fn page(&self, language: Language) -> Page {
        let (mut page, product) = (Page::default(), &self.product);
        let journey = shared::journey(self.from.as_ref(), &self.to, language);
        let class = self.class.map(|class| format!(" ({})", shared::class(class, language))).unwrap_or_default();
        page.add(0, Style::Heading, say!(language, "{product}: {journey}{class}", "{product} : {journey}{class}"));
        self.before(&mut page, language);
        page.gap();
        for step in &self.steps {
            page.append(2, step.page(language));
        }
        self.choices(&mut page, language);
        self.effects(&mut page, language);
        self.gates(&mut page, language);
        page.gap();
        if self.from.is_some() {
            page.add(0, Style::Plain, time::about(self.outage_estimate_seconds, language));
        }
        page.add(0, Style::Plain, self.data(language));
        page.add(0, Style::Plain, self.way_back(language));
        page
    }

    fn before(&self, page: &mut Page, language: Language) {
        if !self.prerequisites.is_empty() {
            page.gap();
            page.add(0, Style::Heading, say!(language, "Must hold before", "Prérequis"));
        }
        self.prerequisites.iter().for_each(|one| page.append(2, one.page(language)));
        if !self.tasks.is_empty() {
            page.gap();
            page.add(0, Style::Heading, say!(language, "For a person to do before", "À faire avant par une personne"));
        }
        self.tasks.iter().for_each(|task| page.append(2, task.page(language)));
    }

    fn choices(&self, page: &mut Page, language: Language) {
        if self.options.is_empty() {
            return;
        }
        let file = typed::site_file(&self.product);
        page.gap();
        page.add(0, Style::Heading, say!(language, "Choices of the site, in {file}", "Choix du site, dans {file}"));
        for PlannedOption { name, value, default, allowed, help } in &self.options {
            let allowed = shared::list(allowed);
            page.add(
                2,
                Style::Plain,
                say!(
                    language,
                    "{name} = {value:?} (of {allowed}; default {default})",
                    "{name} = {value:?} (parmi {allowed} ; par défaut {default})"
                ),
            );
            if let Some(help) = help {
                page.add(4, Style::Plain, help.in_language(language));
            }
        }
    }

    fn effects(&self, page: &mut Page, language: Language) {
        if self.side_effects.is_empty() {
            return;
        }
        page.gap();
        page.add(0, Style::Heading, say!(language, "Side effects", "Effets secondaires"));
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

    fn data(&self, language: Language) -> String {
        match self.steps.iter().find(|step| step.kind.is_some_and(StepKind::is_program)) {
            Some(step) => {
                let step = self.place(step);
                say!(language, "data: not touched before step {step}", "données : intactes jusqu'à l'étape {step}")
            }
            None => say!(
                language,
                "data: no step of the vendor's touches it",
                "données : aucune étape de l'éditeur n'y touche"
            ),
        }
    }

    fn way_back(&self, language: Language) -> String {
        match self.point_of_no_return.and_then(|item| self.steps.get(item)) {
            Some(step) => {
                let step = self.place(step);
                say!(
                    language,
                    "way back: until step {step} begins it is taken back by itself when something fails; from then on it halts and waits for a person",
                    "retour : avant l'étape {step}, tout échec annule automatiquement la mise à niveau ; à partir de là elle s'arrête et attend une intervention"
                )
            }
            None => say!(language, "way back: every step can be taken back", "retour : chaque étape peut être annulée"),
        }
    }

    fn place(&self, step: &PlannedStep) -> String {
        format!("{}/{} {}", step.item + 1, self.steps.len(), step.name)
    }
}

impl PlannedStep {
    fn page(&self, language: Language) -> Page {
        let mut page = Page::default();
        let (number, name) = (self.item + 1, &self.name);
        let what = self.kind.map(|kind| words::kind(kind, language)).unwrap_or_default();
        page.add(0, Style::Plain, say!(language, "{number:>2} {name}: {what}", "{number:>2} {name} : {what}"));
        if let Some(summary) = &self.summary {
            page.append(5, checks::words(summary, self.detail.as_ref(), language));
        }
        if !self.command.is_empty() {
            page.add(5, Style::Quiet, typed::line(&self.command));
        }
        if let Some(problem) = &self.problem {
            page.add(5, Style::Bad, problem);
        }
        self.scripts.iter().for_each(|script| page.add(7, Style::Quiet, script));
        if let Some(ready) = &self.ready {
            page.add(5, Style::Plain, words::ready(ready, language));
        }
        let limits = [self.runs_as(language), self.limit(language), self.undo.map(|undo| words::undo(undo, language))];
        let limits: Vec<_> = limits.into_iter().flatten().collect();
        if !limits.is_empty() {
            page.add(5, Style::Plain, limits.join(&say!(language, "; ", " ; ")));
        }
        if self.kind.is_some_and(StepKind::is_program) {
            page.add(5, Style::Plain, words::on_interrupt(self.on_interrupt, language));
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
