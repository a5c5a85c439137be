//! How a step failed and why an upgrade halted, as sentences.

use consign_metadata::text::Language;

use super::holder;
use crate::engine::event::Failure;
use crate::engine::machine::HaltCause;

/// The failure, beginning in lower case and without a full stop. What the program wrote is [`output`].
pub fn sentence(failure: &Failure, language: Language) -> String {
    match failure {
        Failure::Exit { status, .. } => say!(
            language,
            "the program ended with exit status {status}",
            "le programme s'est terminé avec le code de retour {status}"
        ),
        Failure::Signal { signal, .. } => say!(
            language,
            "the program was ended by signal {signal}",
            "le programme a été interrompu par le signal {signal}"
        ),
        Failure::Timeout { seconds, .. } => say!(
            language,
            "the program took longer than the {seconds} s it was given and was ended",
            "le programme a dépassé les {seconds} s accordées et a été arrêté"
        ),
        Failure::CannotStart { program, reason } => {
            say!(language, "{program} could not be started: {reason}", "{program} n'a pas pu être lancé : {reason}")
        }
        Failure::ProgramMissing { program } => {
            say!(language, "there is no {program} on this host", "{program} n'existe pas sur cet hôte")
        }
        Failure::OutOfMemory { .. } => say!(
            language,
            "the program had no memory left and was ended by the kernel",
            "le programme n'avait plus de mémoire et a été arrêté par le noyau"
        ),
        Failure::EndedEarly { status, .. } => say!(
            language,
            "the program ended with exit status {status} before it was ready",
            "le programme s'est terminé avec le code de retour {status} avant d'être prêt"
        ),
        Failure::DidNotStop { seconds, .. } => say!(
            language,
            "the program was ready, did not stop within {seconds} s and was ended by force",
            "le programme était prêt, ne s'est pas arrêté en {seconds} s et a été tué"
        ),
        Failure::Script { script, failure } => {
            let why = sentence(failure, language);
            say!(language, "script {script}: {why}", "script {script} : {why}")
        }
        Failure::ScriptChanged { script } => say!(
            language,
            "script {script} has run on this host and is another one in this release; no script was run",
            "le script {script} a déjà été exécuté sur cet hôte et n'est plus le même dans cette version ; aucun script n'a été exécuté"
        ),
        Failure::ScriptDiffers { script } => say!(
            language,
            "script {script} on this host is not the one that the vendor signed; it was not run",
            "le script {script} présent sur cet hôte n'est pas celui que l'éditeur a signé ; il n'a pas été exécuté"
        ),
        Failure::Site { problem } => say!(
            language,
            "the site's file cannot be used: {problem}",
            "le fichier du site est inutilisable : {problem}"
        ),
        Failure::StillRunning { unit } => {
            say!(language, "{unit} did not stop", "{unit} ne s'est pas arrêté")
        }
        Failure::NotActive { unit, state } => say!(
            language,
            "{unit} did not become or stay active: {state}",
            "{unit} n'est pas devenu actif ou ne l'est pas resté : {state}"
        ),
        Failure::Unhealthy { check, found } => {
            say!(language, "the check {check} did not hold: {found}", "le contrôle {check} a échoué : {found}")
        }
        Failure::Host { reason } => say!(
            language,
            "the host refused something the agent needs: {reason}",
            "l'hôte a refusé une opération dont l'agent a besoin : {reason}"
        ),
        Failure::Interrupted => say!(
            language,
            "it was interrupted by a crash or a power cut, and its plan does not run it again",
            "elle a été interrompue par un arrêt brutal, et son plan ne la relance pas"
        ),
        Failure::DataDiffers { expected, found } => say!(
            language,
            "the data is at {found}, and should be at {expected}",
            "les données sont en version {found}, et devraient être en {expected}"
        ),
        Failure::AddOnUnfinished { add_on, upgrade } => say!(
            language,
            "upgrade {upgrade} of the add-on {add_on} itself has not finished: see to that first (consignee status {add_on})",
            "la mise à niveau n° {upgrade} du module complémentaire {add_on} n'est pas terminée : à régler d'abord (consignee status {add_on})"
        ),
    }
}

/// The last lines that the failed program wrote; empty where there was none.
pub fn output(failure: &Failure) -> &[String] {
    match failure {
        Failure::Exit { output, .. }
        | Failure::Signal { output, .. }
        | Failure::Timeout { output, .. }
        | Failure::OutOfMemory { output }
        | Failure::EndedEarly { output, .. }
        | Failure::DidNotStop { output, .. } => output,
        Failure::Script { failure, .. } => self::output(failure),
        Failure::CannotStart { .. }
        | Failure::ProgramMissing { .. }
        | Failure::ScriptChanged { .. }
        | Failure::ScriptDiffers { .. }
        | Failure::Site { .. }
        | Failure::StillRunning { .. }
        | Failure::NotActive { .. }
        | Failure::Unhealthy { .. }
        | Failure::Host { .. }
        | Failure::Interrupted
        | Failure::DataDiffers { .. }
        | Failure::AddOnUnfinished { .. } => &[],
    }
}

/// Why an upgrade halted. The reasons of `Unsatisfied` are worded one by one beside it.
pub fn halt(cause: &HaltCause, language: Language) -> String {
    match cause {
        HaltCause::Unsatisfied { .. } => say!(
            language,
            "the packages were changed although the upgrade was held",
            "les paquets ont été changés alors que la mise à niveau était retenue"
        ),
        HaltCause::Partial => say!(
            language,
            "the package transaction ended with some packages changed and others not",
            "la transaction du gestionnaire de paquets n'a changé qu'une partie des paquets"
        ),
        HaltCause::Abandoned => say!(
            language,
            "the package transaction it was prepared for is gone, and what was prepared cannot be taken back",
            "la transaction de paquets attendue n'a plus lieu, et ce qui a été préparé ne peut pas être annulé"
        ),
        HaltCause::Failed { failure } => sentence(failure, language),
        HaltCause::Interrupted => say!(
            language,
            "the step was interrupted and nobody knows how far it came",
            "l'étape a été interrompue et nul ne sait jusqu'où elle est allée"
        ),
        HaltCause::LoopDetected { attempts, holders } => {
            let by = holder::behind(holders, language);
            say!(
                language,
                "the step was tried {attempts} times without an end{by}",
                "l'étape a été tentée {attempts} fois sans aboutir{by}"
            )
        }
    }
}

/// The failure behind a halt, if it is one.
pub fn behind(cause: &HaltCause) -> Option<&Failure> {
    match cause {
        HaltCause::Failed { failure } => Some(failure),
        HaltCause::Unsatisfied { .. }
        | HaltCause::Partial
        | HaltCause::Abandoned
        | HaltCause::Interrupted
        | HaltCause::LoopDetected { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn every_failure_is_worded_in_both_languages_with_its_parameters() {
        for failure in samples::failures() {
            samples::assert_worded(&failure, |language| {
                let lines = output(&failure).join(" ");
                format!("{} {lines}", sentence(&failure, language))
            });
        }
    }

    #[test]
    fn every_halt_is_worded_in_both_languages_with_its_parameters() {
        for cause in samples::halts() {
            samples::assert_worded(&cause, |language| {
                let lines = behind(&cause).map(|failure| output(failure).join(" ")).unwrap_or_default();
                format!("{} {lines}", halt(&cause, language))
            });
        }
    }
}
