//! Where an upgrade stands, as a sentence and as a word.

use consign_metadata::text::Language;
use serde::{Deserialize, Serialize};

use super::{failure, words};
use crate::engine::event::Header;
use crate::engine::machine::{Activity, HaltCause, State};

/// What a person has to think of it, in one word. Each has its own exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Nothing is left to do, or it happens with the next transaction.
    Well,
    /// Held, or a person has to decide.
    Waits,
    /// The agent is at work, or waits for the package manager.
    UnderWay,
    /// Halted, stuck or damaged: a person has to act.
    Halted,
}

/// The standing of a state.
pub fn standing(state: &State) -> Standing {
    match state {
        State::Cleared
        | State::Completed
        | State::Cancelled
        | State::RolledBack
        | State::Superseded { .. }
        | State::Rescued { .. } => Standing::Well,
        State::Planned | State::Held | State::Waiting { .. } => Standing::Waits,
        State::Forward { .. } | State::Backward { .. } => Standing::UnderWay,
        State::Halted { .. } | State::Stuck { .. } => Standing::Halted,
    }
}

/// The state's name in reports, as in the state diagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// Seen, gates not looked at yet.
    Planned,
    /// Kept back by its gates.
    Held,
    /// Gates satisfied; waits for the transaction.
    Cleared,
    /// Walking the list forward.
    Forward,
    /// A person has to decide about a step.
    Waiting,
    /// Stopped at a step; a person has to act.
    Halted,
    /// Walking the list back.
    Backward,
    /// An undo failed.
    Stuck,
    /// Done.
    Completed,
    /// Taken back before any package had changed.
    Cancelled,
    /// Taken back, packages included.
    RolledBack,
    /// Another upgrade took its place.
    Superseded,
    /// A person put the host right.
    Rescued,
}

/// The state without its parameters.
pub fn code(state: &State) -> Code {
    match state {
        State::Planned => Code::Planned,
        State::Held => Code::Held,
        State::Cleared => Code::Cleared,
        State::Forward { .. } => Code::Forward,
        State::Waiting { .. } => Code::Waiting,
        State::Halted { .. } => Code::Halted,
        State::Backward { .. } => Code::Backward,
        State::Stuck { .. } => Code::Stuck,
        State::Completed => Code::Completed,
        State::Cancelled => Code::Cancelled,
        State::RolledBack => Code::RolledBack,
        State::Superseded { .. } => Code::Superseded,
        State::Rescued { .. } => Code::Rescued,
    }
}

/// The item that the state is about; −1 is the old version's health.
pub fn item(state: &State) -> Option<i64> {
    match state {
        State::Forward { item, .. } | State::Waiting { item } | State::Halted { item, .. } => i64::try_from(*item).ok(),
        State::Backward { item, .. } | State::Stuck { item, .. } => Some(*item),
        State::Planned
        | State::Held
        | State::Cleared
        | State::Completed
        | State::Cancelled
        | State::RolledBack
        | State::Superseded { .. }
        | State::Rescued { .. } => None,
    }
}

/// The state, beginning in lower case and without a full stop.
pub fn sentence(state: &State, header: &Header, language: Language) -> String {
    let step = item(state).map(|item| words::step(header, item, language)).unwrap_or_default();
    match state {
        State::Planned => say!(language, "seen, not judged yet", "vue, pas encore examinée"),
        State::Held => say!(language, "held", "retenue"),
        State::Cleared => say!(
            language,
            "cleared, the next upgrade of packages takes it",
            "autorisée, la prochaine mise à jour des paquets l'installera"
        ),
        State::Forward { item, activity } => {
            let packages = header.items.get(*item).is_some_and(|item| item.packages);
            forward(&step, packages, *activity, language)
        }
        State::Waiting { item } if words::task(header, *item, language).is_some() => {
            let task = words::task(header, *item, language).unwrap_or_default();
            say!(language, "step {step} is for a person: {task}", "l'étape {step} attend une intervention : {task}")
        }
        State::Waiting { .. } => say!(
            language,
            "step {step} was interrupted, a person has to decide",
            "l'étape {step} a été interrompue, une personne doit décider"
        ),
        State::Halted { cause, .. } => halted(&step, cause, language),
        State::Backward { activity, .. } => backward(&step, *activity, language),
        State::Stuck { item, failure } => stuck(*item, &step, &failure::sentence(failure, language), language),
        State::Completed => say!(language, "finished", "terminée"),
        State::Cancelled => say!(
            language,
            "cancelled, no package had changed and the old version runs",
            "annulée avant tout changement de paquet, l'ancienne version tourne"
        ),
        State::RolledBack => say!(language, "taken back, packages included", "annulée, paquets compris"),
        State::Superseded { by } => {
            say!(language, "replaced by upgrade {by}", "remplacée par la mise à niveau n° {by}")
        }
        State::Rescued { observed } => {
            say!(language, "ended by hand, at version {observed}", "terminée à la main, en version {observed}")
        }
    }
}

fn forward(step: &str, packages: bool, activity: Activity, language: Language) -> String {
    match (packages, activity) {
        (true, _) => {
            say!(language, "prepared, waits for the package manager", "préparée, attend le gestionnaire de paquets")
        }
        (false, Activity::Idle) => say!(language, "step {step} is next", "prochaine étape {step}"),
        (false, Activity::Busy) => say!(language, "step {step} is running", "étape {step} en cours"),
        (false, Activity::Interrupted) => say!(
            language,
            "step {step} was interrupted, the agent takes it up again",
            "l'étape {step} a été interrompue, l'agent la reprend"
        ),
    }
}

fn backward(step: &str, activity: Activity, language: Language) -> String {
    match activity {
        Activity::Idle | Activity::Busy => {
            say!(language, "being taken back, now step {step}", "annulation en cours, étape {step}")
        }
        Activity::Interrupted => say!(
            language,
            "being taken back, the undo of step {step} was interrupted",
            "annulation en cours, celle de l'étape {step} a été interrompue"
        ),
    }
}

fn stuck(item: i64, step: &str, failure: &str, language: Language) -> String {
    match item {
        ..0 => say!(
            language,
            "stuck, everything was taken back and the old version is not well: {failure}",
            "bloquée, tout a été annulé mais l'ancienne version ne va pas bien : {failure}"
        ),
        0.. => say!(
            language,
            "stuck, step {step} could not be taken back: {failure}",
            "bloquée, l'étape {step} n'a pas pu être annulée : {failure}"
        ),
    }
}

fn halted(step: &str, cause: &HaltCause, language: Language) -> String {
    let cause = failure::halt(cause, language);
    say!(language, "halted at step {step}: {cause}", "arrêtée à l'étape {step} : {cause}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::Failure;
    use crate::report::samples;

    #[test]
    fn a_task_is_said_in_the_vendors_words() {
        let mut header = samples::header();
        header.items[2].task = Some(consign_metadata::text::Text {
            en: "Move the DNS.".to_owned(),
            fr: Some("Basculez le DNS.".to_owned()),
        });
        let said = |language| sentence(&State::Waiting { item: 2 }, &header, language);
        assert_eq!(said(Language::En), "step 3/4 init is for a person: Move the DNS.");
        assert_eq!(said(Language::Fr), "l'étape 3/4 init attend une intervention : Basculez le DNS.");
    }

    #[test]
    fn an_old_version_that_is_not_well_is_no_step_that_could_not_be_taken_back() {
        let failure = Failure::Unhealthy { check: "tcp :80".to_owned(), found: "refused".to_owned() };
        let said =
            |language| sentence(&State::Stuck { item: -1, failure: failure.clone() }, &samples::header(), language);
        assert_eq!(
            said(Language::En),
            "stuck, everything was taken back and the old version is not well: the check tcp :80 did not hold: refused"
        );
        assert!(said(Language::Fr).starts_with("bloquée, tout a été annulé mais l'ancienne version ne va pas bien : "));
    }

    #[test]
    fn every_state_is_worded_in_both_languages_with_its_parameters() {
        let header = samples::header();
        for state in samples::states() {
            let lines = |failure: &_| failure::output(failure).join(" ");
            let output = match &state {
                State::Stuck { failure, .. } => lines(failure),
                State::Halted { cause, .. } => failure::behind(cause).map(lines).unwrap_or_default(),
                _ => String::new(),
            };
            samples::assert_worded(&state, |language| format!("{} {output}", sentence(&state, &header, language)));
            assert_eq!(serde_json::to_value(&state).unwrap()["state"], serde_json::to_value(code(&state)).unwrap());
        }
    }
}
