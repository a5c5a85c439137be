//! What has to be there or done before the upgrade: prerequisites, and tasks for a person.

use consign_metadata::name::Label;
use consign_metadata::prerequisite::{Check, Prerequisite};
use consign_metadata::task::Task;
use consign_metadata::text::{Language, Text};
use serde::{Deserialize, Serialize};

use crate::host::typed;
use crate::report::page::{Page, Style};
use crate::step::words::Words;

/// A prerequisite of the upgrade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedPrerequisite {
    /// Its name.
    pub id: Label,
    /// How it is looked at, with the site's choices filled in.
    pub check: Check,
    /// Why the command could not be filled in; then it is as the plan writes it.
    pub problem: Option<String>,
    /// What a person is told where it does not hold.
    pub otherwise: Text,
}

/// A task of a person's before the upgrade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedTask {
    /// Its name.
    pub id: Label,
    /// What is to be done.
    pub summary: Text,
    /// How.
    pub detail: Option<Text>,
    /// Whether a person said that it is done.
    pub done: bool,
}

impl PlannedPrerequisite {
    pub(super) fn of(one: &Prerequisite, words: &Words<'_>) -> Self {
        let (check, problem) = filled_check(&one.check, words);
        Self { id: one.id.clone(), check, problem, otherwise: one.otherwise.clone() }
    }

    pub(super) fn page(&self, language: Language) -> Page {
        let mut page = Page::default();
        page.add(0, Style::Plain, self.id.as_str());
        match &self.check {
            Check::Command { command, user, .. } => {
                page.add(2, Style::Quiet, typed::line(command));
                page.add(
                    2,
                    Style::Plain,
                    say!(language, "as {user}, must end with 0", "en tant que {user}, doit se terminer par 0"),
                );
            }
            Check::FreeSpace { folder, mebibytes } => page.add(
                2,
                Style::Plain,
                say!(
                    language,
                    "{mebibytes} MiB must be free in {folder}",
                    "{mebibytes} Mio doivent être libres dans {folder}"
                ),
            ),
        }
        if let Some(problem) = &self.problem {
            page.add(2, Style::Bad, problem);
        }
        let otherwise = self.otherwise.in_language(language);
        page.add(2, Style::Plain, say!(language, "if not: {otherwise}", "sinon : {otherwise}"));
        page
    }
}

impl PlannedTask {
    pub(super) fn of(task: &Task, done: bool) -> Self {
        Self { id: task.id.clone(), summary: task.summary.clone(), detail: task.detail.clone(), done }
    }

    pub(super) fn page(&self, language: Language) -> Page {
        let (mut page, id) = (Page::default(), &self.id);
        let (style, mark) = match self.done {
            true => (Style::Good, say!(language, "done", "faite")),
            false => (Style::Warning, say!(language, "not done yet", "pas encore faite")),
        };
        page.add(0, style, format!("{id} ({mark})"));
        page.append(2, words(&self.summary, self.detail.as_ref(), language));
        page
    }
}

/// The words of a task, its details line by line.
pub(super) fn words(summary: &Text, detail: Option<&Text>, language: Language) -> Page {
    let mut page = Page::default();
    page.add(0, Style::Plain, summary.in_language(language));
    for line in detail.map(|text| text.in_language(language)).unwrap_or_default().lines() {
        page.add(0, Style::Plain, line);
    }
    page
}

pub(crate) fn filled_check(check: &Check, words: &Words<'_>) -> (Check, Option<String>) {
    let Check::Command { command, user, timeout_seconds } = check else { return (check.clone(), None) };
    match words.fill(command) {
        Ok(command) => (Check::Command { command, user: user.clone(), timeout_seconds: *timeout_seconds }, None),
        Err(error) => (check.clone(), Some(error.to_string())),
    }
}
