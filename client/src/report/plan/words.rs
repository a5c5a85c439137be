//! The words of a plan: what each kind of step does, and what follows when it goes wrong.

use consign_metadata::plan::OnInterrupt;
use consign_metadata::text::Language;

use super::{StepKind, UndoKind};

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
            say!(language, "systemd reads its unit files again", "systemd relit ses fichiers d'unités")
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
    }
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
