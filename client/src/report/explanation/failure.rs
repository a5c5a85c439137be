//! Behind the ways in which a step fails.

use consign_metadata::text::Language;

use super::{Explanation, explain};
use crate::engine::event::Failure;
use crate::host::typed::shell::{KERNEL_LOG, LOG, STATE};

/// Cause and cure of a failure.
pub fn failure(failure: &Failure, language: Language) -> Explanation {
    match failure {
        Failure::Exit { .. } | Failure::Signal { .. } | Failure::Timeout { .. } | Failure::CannotStart { .. } => {
            program(failure, language)
        }
        Failure::Site { .. } => explain!(
            language,
            "The step takes a choice of the site's, and the file that makes it cannot be used.",
            "L'étape reprend un choix du site, et le fichier qui le porte est inutilisable.";
            "Correct the file at the line that is named, then consignee retry.",
            "Corriger le fichier à la ligne indiquée, puis consignee retry."
        ),
        Failure::StillRunning { .. } => explain!(
            language,
            "The engine was told to stop and did not, so nothing was done to its files or its data.",
            "Le moteur n'a pas obéi à l'ordre d'arrêt : rien n'a été fait à ses fichiers ni à ses données.";
            "Find out what it waits for ({STATE}, its log), stop it, then start the upgrade again.",
            "Chercher ce qu'il attend ({STATE}, son journal), l'arrêter, puis relancer la mise à niveau."
        ),
        Failure::NotActive { .. } => explain!(
            language,
            "The engine was started and did not come up, or went down again while it was watched.",
            "Le moteur a été lancé et n'a pas démarré, ou s'est arrêté pendant sa surveillance.";
            "Read its log ({LOG} with its name), mend the cause, then consignee retry.",
            "Lire son journal ({LOG} suivi de son nom), corriger la cause, puis consignee retry."
        ),
        Failure::Unhealthy { .. } => explain!(
            language,
            "The engines run, and the product does not answer as its plan says that it does when it works.",
            "Les moteurs tournent, et le produit ne répond pas comme son plan le dit quand il fonctionne.";
            "Look at the product itself, mend the cause, then consignee retry.",
            "Examiner le produit lui-même, corriger la cause, puis consignee retry."
        ),
        Failure::DataDiffers { .. } => explain!(
            language,
            "The data is not at the version that the agent last saw: a dump was restored, or a snapshot reverted, or somebody else has migrated it.",
            "Les données ne sont pas à la version que l'agent a vue en dernier : restauration, retour à un instantané, ou migration par un tiers.";
            "Bring the data that belongs to the installed version, or say that this is right with consignee data --accept.",
            "Remettre les données de la version installée, ou confirmer l'état présent par consignee data --accept."
        ),
        Failure::Host { .. } => explain!(
            language,
            "The system refused the agent something: a file system that is full or read-only, a unit that does not exist.",
            "Le système a refusé quelque chose à l'agent : système de fichiers plein ou en lecture seule, unité inexistante.";
            "Mend what the message names, then consignee retry.",
            "Corriger ce que le message nomme, puis consignee retry."
        ),
        Failure::Interrupted => explain!(
            language,
            "A crash or a power cut met the step, and its plan does not let it be run again by itself.",
            "Un arrêt brutal a frappé l'étape, et son plan ne permet pas de la relancer d'office.";
            "Find out how far it came (consignee log). Where it waits: consignee answer; where it halted: consignee retry, or consignee skip if it is done.",
            "Voir jusqu'où elle est allée (consignee log). Si la mise à niveau attend : consignee answer ; si elle est arrêtée : consignee retry, ou consignee skip si l'étape est faite."
        ),
        Failure::ProgramMissing { .. }
        | Failure::OutOfMemory { .. }
        | Failure::EndedEarly { .. }
        | Failure::DidNotStop { .. } => procedure(failure, language),
        Failure::Script { failure: behind, .. } => self::failure(behind, language),
        Failure::ScriptChanged { .. } => explain!(
            language,
            "A script runs once in the life of a product on its host, and the release brings another one under the name of one that has run.",
            "Un script ne s'exécute qu'une fois dans la vie d'un produit sur son hôte, et cette version en apporte un autre sous le nom d'un script déjà exécuté.";
            "Ask the vendor, who must give the changed script a new name.",
            "S'adresser à l'éditeur, qui doit donner un nouveau nom au script modifié."
        ),
        Failure::ScriptDiffers { .. } => explain!(
            language,
            "The file was changed on this host after it was installed, so nobody vouches for what it would do.",
            "Le fichier a été modifié sur cet hôte après son installation : nul ne répond de ce qu'il ferait.";
            "Install the package again, which brings the vendor's own file, then consignee retry.",
            "Réinstaller le paquet, qui apporte le fichier de l'éditeur, puis consignee retry."
        ),
        Failure::AddOnUnfinished { .. } => explain!(
            language,
            "A step of an add-on cannot run while that add-on itself stands in the middle of an upgrade.",
            "Une étape d'un module ne peut pas s'exécuter tant que ce module est lui-même au milieu d'une mise à niveau.";
            "Bring the add-on's upgrade to its end, then consignee retry.",
            "Mener à terme la mise à niveau du module, puis consignee retry."
        ),
    }
}

/// What a program of a step can lack, or do too early or too late.
fn procedure(failure: &Failure, language: Language) -> Explanation {
    match failure {
        Failure::OutOfMemory { .. } => explain!(
            language,
            "The program needed more memory than its plan or the host allows, and the kernel ended it.",
            "Le programme a demandé plus de mémoire que son plan ou l'hôte n'en accorde, et le noyau l'a arrêté.";
            "Give the host more memory, or end what takes it ({KERNEL_LOG} says who had how much), then consignee retry.",
            "Donner plus de mémoire à l'hôte, ou arrêter ce qui la prend ({KERNEL_LOG} dit qui en avait combien), puis consignee retry."
        ),
        Failure::EndedEarly { .. } => explain!(
            language,
            "The program was to run until the product is ready, and ended before that.",
            "Le programme devait tourner jusqu'à ce que le produit soit prêt, et s'est terminé avant.";
            "Read its output (consignee log), mend the cause, then consignee retry.",
            "Lire sa sortie (consignee log), corriger la cause, puis consignee retry."
        ),
        Failure::DidNotStop { .. } => explain!(
            language,
            "The product was ready and was told to stop; it did not in its time, so nobody knows whether its work is whole.",
            "Le produit était prêt et a reçu l'ordre de s'arrêter ; il ne l'a pas fait à temps, et nul ne sait si son travail est complet.";
            "Read its output (consignee log): what did it wait for? Then consignee retry.",
            "Lire sa sortie (consignee log) : qu'attendait-il ? Puis consignee retry."
        ),
        _ => explain!(
            language,
            "A program of the step is not on this host.",
            "Un programme de l'étape n'est pas sur cet hôte.";
            "Install it where the message says, then consignee retry.",
            "L'installer à l'endroit indiqué, puis consignee retry."
        ),
    }
}

/// A program of the vendor's.
fn program(failure: &Failure, language: Language) -> Explanation {
    match failure {
        Failure::Signal { .. } => explain!(
            language,
            "Something ended the program from outside: a person, the kernel for want of memory, or an error of its own.",
            "Quelque chose a interrompu le programme : une personne, le noyau faute de mémoire, ou une erreur du programme.";
            "Read its output (consignee log) and the kernel's ({KERNEL_LOG}), mend the cause, then consignee retry.",
            "Lire sa sortie (consignee log) et celle du noyau ({KERNEL_LOG}), corriger la cause, puis consignee retry."
        ),
        Failure::Timeout { .. } => explain!(
            language,
            "The program did not end in the time that its plan gives it, and was ended with everything it had started.",
            "Le programme n'a pas fini dans le temps que lui donne son plan, et a été arrêté avec tout ce qu'il avait lancé.";
            "Read its output (consignee log): what did it wait for? Mend that, then consignee retry.",
            "Lire sa sortie (consignee log) : qu'attendait-il ? Corriger cela, puis consignee retry."
        ),
        Failure::CannotStart { .. } => explain!(
            language,
            "The program is not there, may not be executed, or its user does not exist.",
            "Le programme est absent, n'est pas exécutable, ou son utilisateur n'existe pas.";
            "Put right what the message names, then consignee retry.",
            "Corriger ce que le message nomme, puis consignee retry."
        ),
        _ => explain!(
            language,
            "The program itself says that it did not succeed; what it wrote says why.",
            "Le programme dit lui-même qu'il n'a pas abouti ; sa sortie dit pourquoi.";
            "Read its output (consignee log), mend the cause, then consignee retry.",
            "Lire sa sortie (consignee log), corriger la cause, puis consignee retry."
        ),
    }
}
