//! The words of a plan: what each kind of step does, and what follows when it goes wrong.

use consign_metadata::plan::OnInterrupt;
use consign_metadata::text::Language;

/// What a kind of step does.
pub fn kind(kind: &str, language: Language) -> String {
    match kind {
        "announce" => say!(language, "tells the people on this host", "prévient les personnes connectées à l'hôte"),
        "stop" => say!(language, "stops the engines, last started first", "arrête les moteurs, dans l'ordre inverse du démarrage"),
        "packages" => say!(language, "the package manager changes the packages", "le gestionnaire de paquets change les paquets"),
        "daemon-reload" => say!(language, "systemd reads its unit files again", "systemd relit ses fichiers d'unités"),
        "start" => say!(language, "starts the engines that ran before, in order", "démarre dans l'ordre les moteurs qui tournaient"),
        "health" => say!(language, "checks that the product works", "vérifie que le produit fonctionne"),
        _ => say!(language, "a program of the vendor's", "un programme de l'éditeur"),
    }
}

/// How a step is taken back; nothing is said of the agent's own.
pub fn undo(undo: &str, language: Language) -> Option<String> {
    Some(match undo {
        "inverse" => say!(language, "taken back by a program of its own", "annulée par un programme dédié"),
        "from-backup" => say!(language, "taken back from the backup", "annulée à partir de la sauvegarde"),
        "harmless" => say!(language, "leaves nothing to take back", "rien à annuler"),
        "impossible" => say!(language, "cannot be taken back", "ne peut pas être annulée"),
        _ => return None,
    })
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
