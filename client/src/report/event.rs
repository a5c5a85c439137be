//! What happened, as a sentence per record of a journal.

use std::collections::BTreeMap;

use consign_metadata::name::{PackageName, UnitName};
use consign_metadata::text::Language;

use super::{failure, holder, reason, words};
use crate::engine::event::{Answer, EngineState, Event, Header, Packages, Person, Reason, SkipReason};

/// The event, beginning in lower case and without a full stop.
pub fn sentence(event: &Event, header: &Header, language: Language) -> String {
    let step = |item: usize| words::step(header, i64::try_from(item).unwrap_or(i64::MAX), language);
    let undone = |item: i64| words::step(header, item, language);
    match event {
        Event::Begun { header } => begun(header, language),
        Event::Held { reasons } => held(reasons, language),
        Event::Cleared => say!(language, "cleared: nothing stands in its way", "autorisée : rien ne s'y oppose"),
        Event::Superseded { by } => {
            say!(language, "upgrade {by} takes its place", "la mise à niveau n° {by} la remplace")
        }
        Event::Cancelled => say!(
            language,
            "not wanted any more; nothing had been changed",
            "elle n'est plus demandée ; rien n'avait été changé"
        ),
        Event::EnginesObserved { engines } => running(engines, language),
        Event::DataObserved { version: Some(version) } => {
            say!(language, "the data is at {version}", "les données sont en version {version}")
        }
        Event::DataObserved { version: None } => {
            say!(language, "nobody could look at the data", "les données n'ont pas pu être examinées")
        }
        Event::DataAccepted { version, by } => {
            let by = words::person(by);
            say!(
                language,
                "{by} takes the data for right, at {version}",
                "{by} accepte les données telles quelles, en version {version}"
            )
        }
        Event::Packages { observed, ended } => packages(*observed, *ended, language),
        Event::StepStarted { item, attempt } => started(&step(*item), *attempt, language),
        Event::StepSucceeded { item } => with_step(&step(*item), language, "done", "terminée"),
        Event::StepSkipped { item, because } => skipped(&step(*item), *because, language),
        Event::RetryLater { item } => {
            with_step(&step(*item), language, "asks to be run again later", "demande à être relancée plus tard")
        }
        Event::StepFailed { item, failure } => {
            let (step, failure) = (step(*item), failure::sentence(failure, language));
            say!(language, "step {step} failed: {failure}", "étape {step} en échec : {failure}")
        }
        Event::Interrupted { item } => with_step(
            &step(*item),
            language,
            "found interrupted by a crash or a power cut",
            "trouvée interrompue par un arrêt brutal",
        ),
        Event::Asked { item } if words::task(header, *item, language).is_some() => {
            let (step, task) = (step(*item), words::task(header, *item, language).unwrap_or_default());
            let done = format!("consignee done {} {}", header.product, header.items[*item].name);
            say!(
                language,
                "step {step}: a person has to do it: {task} Once it is done, type: {done}",
                "étape {step} : à faire par une personne : {task} Une fois faite, tapez : {done}"
            )
        }
        Event::Asked { item } => {
            with_step(&step(*item), language, "a person has to decide", "une personne doit décider")
        }
        Event::Answered { item, answer, by } => answered(&step(*item), *answer, by, language),
        Event::LoopDetected { item, attempts, holders } => {
            let (step, by) = (step(*item), holder::behind(holders, language));
            say!(
                language,
                "step {step} was tried {attempts} times without an end{by}",
                "étape {step} tentée {attempts} fois sans aboutir{by}"
            )
        }
        Event::Retry { by } => retried(by.as_ref(), language),
        Event::SkippedBy { by } => {
            let by = words::person(by);
            say!(
                language,
                "{by} answers for the step that failed and goes on after it",
                "{by} répond de l'étape en échec et passe à la suivante"
            )
        }
        Event::Rescued { observed, by } => {
            let by = words::person(by);
            say!(
                language,
                "{by} put the host right by hand, at version {observed}",
                "{by} a remis l'hôte en état à la main, en version {observed}"
            )
        }
        Event::PackagesKept { missing } => kept(missing, language),
        Event::RollbackRequested { by, accepts_data_loss: true } => {
            let by = words::person(by);
            say!(
                language,
                "{by} asks to take the upgrade back, and accepts that what was written since is lost",
                "{by} demande l'annulation de la mise à niveau et accepte de perdre ce qui a été écrit depuis"
            )
        }
        Event::RollbackRequested { by, .. } => {
            let by = words::person(by);
            say!(language, "{by} asks to take the upgrade back", "{by} demande l'annulation de la mise à niveau")
        }
        Event::UndoStarted { item, attempt } => undo_started(&undone(*item), *attempt, language),
        Event::UndoSucceeded { item } => with_step(&undone(*item), language, "taken back", "annulée"),
        Event::UndoInterrupted { item } => with_step(
            &undone(*item),
            language,
            "its undo was found interrupted by a crash or a power cut",
            "son annulation a été trouvée interrompue par un arrêt brutal",
        ),
        Event::UndoFailed { item, failure } => {
            let (step, failure) = (undone(*item), failure::sentence(failure, language));
            say!(
                language,
                "step {step} could not be taken back: {failure}",
                "étape {step} impossible à annuler : {failure}"
            )
        }
        Event::UndoRetried { by } => {
            let by = words::person(by);
            say!(language, "{by} tries the undo again", "{by} relance l'annulation")
        }
    }
}

fn begun(header: &Header, language: Language) -> String {
    let (number, journey) = (header.upgrade, words::journey(header.from.as_ref(), &header.to, language));
    say!(language, "upgrade {number}: {journey}", "mise à niveau n° {number} : {journey}")
}

fn held(reasons: &[Reason], language: Language) -> String {
    let reasons: Vec<_> = reasons.iter().map(|r| reason::sentence(r, language)).collect();
    let reasons = reasons.join(&say!(language, "; ", " ; "));
    say!(language, "held: {reasons}", "retenue : {reasons}")
}

fn running(engines: &BTreeMap<UnitName, EngineState>, language: Language) -> String {
    let units: Vec<_> = engines.iter().filter(|(_, state)| state.active).map(|(unit, _)| unit).collect();
    if units.is_empty() {
        return say!(language, "no engine was running", "aucun moteur ne tournait");
    }
    let units = words::list(&units);
    say!(language, "engines that were running: {units}", "moteurs qui tournaient : {units}")
}

fn packages(observed: Packages, ended: bool, language: Language) -> String {
    match (observed, ended) {
        (Packages::Before, false) => say!(language, "packages: not changed yet", "paquets : pas encore changés"),
        (Packages::Before, true) => say!(
            language,
            "packages: the transaction ended and nothing was changed",
            "paquets : la transaction s'est terminée sans rien changer"
        ),
        (Packages::Partial, false) => say!(language, "packages: being changed", "paquets : changement en cours"),
        (Packages::Partial, true) => say!(
            language,
            "packages: the transaction ended with some changed and others not",
            "paquets : la transaction n'en a changé qu'une partie"
        ),
        (Packages::After, _) => {
            say!(language, "packages: all at the new version", "paquets : tous à la nouvelle version")
        }
    }
}

fn kept(missing: &[(PackageName, String)], language: Language) -> String {
    if missing.is_empty() {
        return say!(language, "the previous packages are kept", "les paquets précédents sont gardés");
    }
    let missing: Vec<_> = missing.iter().map(|(package, version)| format!("{package} {version}")).collect();
    let missing = words::list(&missing);
    say!(
        language,
        "previous packages that could not be kept, so that there is no way back to them: {missing}",
        "paquets précédents impossibles à garder, donc sans retour possible : {missing}"
    )
}

fn with_step(step: &str, language: Language, english: &str, french: &str) -> String {
    say!(language, "step {step}: {english}", "étape {step} : {french}")
}

fn started(step: &str, attempt: u32, language: Language) -> String {
    match attempt {
        1 => with_step(step, language, "started", "lancée"),
        _ => say!(language, "step {step}: started, attempt {attempt}", "étape {step} : lancée, tentative {attempt}"),
    }
}

fn undo_started(step: &str, attempt: u32, language: Language) -> String {
    match attempt {
        1 => with_step(step, language, "being taken back", "annulation en cours"),
        _ => say!(
            language,
            "step {step}: being taken back, attempt {attempt}",
            "étape {step} : annulation en cours, tentative {attempt}"
        ),
    }
}

fn skipped(step: &str, because: SkipReason, language: Language) -> String {
    match because {
        SkipReason::AlreadyDone => with_step(step, language, "nothing to do, it is done", "rien à faire, déjà faite"),
        SkipReason::NoSystemd => with_step(
            step,
            language,
            "left for the first boot, systemd is not running",
            "remise au premier démarrage, systemd ne tourne pas",
        ),
    }
}

fn answered(step: &str, answer: Answer, by: &Person, language: Language) -> String {
    let by = words::person(by);
    match answer {
        Answer::Done => say!(language, "step {step}: {by} says it is done", "étape {step} : faite, selon {by}"),
        Answer::Rerun => say!(language, "step {step}: {by} runs it again", "étape {step} : relancée par {by}"),
        Answer::Undo => {
            say!(language, "step {step}: {by} takes the upgrade back", "étape {step} : {by} annule la mise à niveau")
        }
    }
}

fn retried(by: Option<&Person>, language: Language) -> String {
    match by.map(words::person) {
        Some(by) => say!(language, "{by} tries the step again", "{by} relance l'étape"),
        None => say!(
            language,
            "a new transaction towards the same version counts as another try",
            "une nouvelle transaction vers la même version vaut nouvelle tentative"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn every_event_is_worded_in_both_languages_with_its_parameters() {
        let header = samples::header();
        for event in samples::events() {
            samples::assert_worded(&event, |language| {
                let lines = match &event {
                    Event::StepFailed { failure, .. } | Event::UndoFailed { failure, .. } => {
                        failure::output(failure).join(" ")
                    }
                    _ => String::new(),
                };
                format!("{} {lines}", sentence(&event, &header, language))
            });
        }
    }
}
