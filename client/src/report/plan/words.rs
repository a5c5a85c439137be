//! The words of a plan: what each kind of step does, and what follows when it goes wrong.

use consign_metadata::plan::{HealthCheck, OnInterrupt, Ready};
use consign_metadata::text::Language;

use super::{StepKind, UndoKind};
use crate::host::typed;
use crate::host::typed::shell::SERVICES;

/// What a kind of step does.
pub fn kind(kind: StepKind, language: Language) -> String {
    match kind {
        StepKind::Announce => {
            say!(language, "tells the people on this host", "prévient les personnes connectées à l'hôte")
        }
        StepKind::Stop => say!(
            language,
            "stops the engines, last started first",
            "arrête les moteurs, dans l'ordre inverse du démarrage"
        ),
        StepKind::Backup => {
            say!(language, "saves the data of the version before", "sauvegarde les données de la version précédente")
        }
        StepKind::Packages => {
            say!(language, "the package manager changes the packages", "le gestionnaire de paquets change les paquets")
        }
        StepKind::DaemonReload => {
            say!(language, "{SERVICES} reads its unit files again", "{SERVICES} relit ses fichiers d'unités")
        }
        StepKind::Start => say!(
            language,
            "starts the engines that ran before, in order",
            "démarre dans l'ordre les moteurs qui tournaient"
        ),
        StepKind::Health => say!(language, "checks that the product works", "vérifie que le produit fonctionne"),
        StepKind::Task => say!(language, "waits for a person", "attend une intervention"),
        StepKind::AddOns => say!(language, "add-ons join here", "les modules complémentaires s'insèrent ici"),
        StepKind::Run => say!(language, "a program of the vendor's", "un programme de l'éditeur"),
        StepKind::Until => say!(
            language,
            "a program of the vendor's, stopped again when it is ready",
            "un programme de l'éditeur, arrêté dès qu'il est prêt"
        ),
        StepKind::Scripts => {
            say!(
                language,
                "scripts of the versions in between, each once",
                "scripts des versions franchies, une fois chacun"
            )
        }
        StepKind::EnterMaintenance => {
            say!(language, "from here on the product serves nobody", "à partir d'ici le produit ne sert personne")
        }
        StepKind::LeaveMaintenance => {
            say!(language, "the product serves again", "le produit est de nouveau en service")
        }
    }
}

/// How it is seen that a program is ready: whichever of these holds first.
pub fn ready(ready: &Ready, language: Language) -> String {
    let check = ready.check.as_ref().map(|check| match check {
        HealthCheck::Http { url } => say!(language, "{url} answers", "{url} répond"),
        HealthCheck::Tcp { address } => {
            say!(language, "{address} accepts a connection", "{address} accepte une connexion")
        }
        HealthCheck::Command { command, .. } => {
            let line = typed::line(command);
            say!(language, "{line} succeeds", "{line} réussit")
        }
    });
    let line = ready.line.as_ref().map(|line| say!(language, "it writes “{line}”", "il écrit « {line} »"));
    let exit = ready.exit.then(|| say!(language, "it ends by itself", "il se termine de lui-même"));
    let any: Vec<_> = check.into_iter().chain(line).chain(exit).collect();
    let any = any.join(&say!(language, ", or ", ", ou "));
    say!(language, "ready when {any}", "prêt quand {any}")
}

/// How a program of the vendor's is taken back.
pub fn undo(undo: UndoKind, language: Language) -> String {
    match undo {
        UndoKind::Inverse => say!(language, "taken back by a program of its own", "annulée par un programme dédié"),
        UndoKind::FromBackup => {
            say!(language, "taken back by restoring the backup", "annulée par la restauration de la sauvegarde")
        }
        UndoKind::Harmless => say!(language, "leaves nothing to take back", "rien à annuler"),
        UndoKind::Impossible => say!(language, "cannot be taken back", "ne peut pas être annulée"),
    }
}

/// What follows when a crash or a power cut interrupts a step.
pub fn on_interrupt(on_interrupt: OnInterrupt, language: Language) -> String {
    match on_interrupt {
        OnInterrupt::Rerun => say!(language, "if interrupted: runs again", "en cas d'interruption : relancée"),
        OnInterrupt::Undo => say!(
            language,
            "if interrupted: the upgrade is taken back",
            "en cas d'interruption : la mise à niveau est annulée"
        ),
        OnInterrupt::Ask => {
            say!(language, "if interrupted: a person decides", "en cas d'interruption : une personne décide")
        }
    }
}
