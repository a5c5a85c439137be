//! Behind the ways in which an upgrade halts.

use consign_metadata::text::Language;

use super::{Explanation, explain};
use crate::engine::machine::HaltCause;
use crate::host::typed::shell::UPGRADE;

/// Cause and cure of a halt. What is behind a failure is told with it.
pub fn halt(cause: &HaltCause, language: Language) -> Explanation {
    match cause {
        HaltCause::Unsatisfied { .. } => explain!(
            language,
            "The packages came on a way that nobody could hold (a package installed by hand), so the engines were stopped before anything ran on them.",
            "Les paquets sont arrivés par une voie que rien ne pouvait retenir (installation à la main) : les moteurs ont été arrêtés avant toute exécution.";
            "Satisfy what was passed over, then consignee retry.",
            "Satisfaire ce qui a été ignoré, puis consignee retry."
        ),
        HaltCause::Partial => explain!(
            language,
            "The package manager was cut off or failed half way; nothing of the vendor's is run on such a mix.",
            "Le gestionnaire de paquets a été coupé ou a échoué à mi-chemin ; rien de l'éditeur n'est exécuté sur un tel mélange.";
            "Mend the cause, then consignee retry finishes it; or type the command that consignee status names.",
            "Corriger la cause, puis consignee retry la termine ; ou taper la commande que nomme consignee status."
        ),
        HaltCause::Abandoned => explain!(
            language,
            "The upgrade was prepared for a package transaction that did not come, and a step of the preparation cannot be taken back.",
            "La mise à niveau était préparée pour une transaction de paquets qui n'a pas eu lieu, et une étape de la préparation ne peut pas être annulée.";
            "Type {UPGRADE} (or that of your package manager), or consignee upgrade, again: it goes on from where it stands.",
            "Retaper {UPGRADE} (ou celui de votre gestionnaire de paquets), ou consignee upgrade : elle reprend là où elle en est."
        ),
        HaltCause::Failed { .. } => explain!(
            language,
            "A step failed where the upgrade could not be taken back by itself.",
            "Une étape a échoué là où la mise à niveau ne pouvait pas être annulée d'office.";
            "See the failure, mend its cause, then consignee retry.",
            "Voir l'échec, corriger sa cause, puis consignee retry."
        ),
        HaltCause::Interrupted => explain!(
            language,
            "A crash or a power cut met a step of which nobody can tell how far it came; the upgrade waited, was answered undo, and cannot be taken back.",
            "Un arrêt brutal a frappé une étape dont nul ne sait jusqu'où elle est allée ; la mise à niveau attendait, on a répondu undo, et elle ne peut pas être annulée.";
            "Read what it wrote (consignee log), then consignee retry, or consignee skip if it is done.",
            "Lire sa sortie (consignee log), puis consignee retry, ou consignee skip si elle est faite."
        ),
        HaltCause::LoopDetected { .. } => explain!(
            language,
            "The step was tried again and again, by crashes or at its own wish, and did not come to an end.",
            "L'étape a été tentée à plusieurs reprises, à la suite d'arrêts ou à sa demande, sans aboutir.";
            "Find out what it waits for or who ends it (those who were in its way are named; consignee log), mend that, then consignee retry.",
            "Chercher ce qu'elle attend ou qui l'interrompt (ce qui la gênait est nommé ; consignee log), corriger cela, puis consignee retry."
        ),
    }
}
