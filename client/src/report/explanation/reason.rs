//! Behind the reasons why an upgrade is held or refused.

use consign_metadata::text::Language;

use super::{Explanation, explain};
use crate::engine::event::{FolderProblem, Reason};
use crate::host::typed::shell::{LET_GO, UPGRADE};

/// Cause and cure of a reason.
pub fn reason(reason: &Reason, language: Language) -> Explanation {
    way(reason, language)
        .or_else(|| person(reason, language))
        .or_else(|| vendor(reason, language))
        .or_else(|| add_on(reason, language))
        .unwrap_or_else(|| host(reason, language))
}

/// There is no way from the version that is installed.
fn way(reason: &Reason, language: Language) -> Option<Explanation> {
    Some(match reason {
        Reason::ClassUnsupported { .. } => explain!(
            language,
            "The vendor's plan does not list this class of change among those it carries out in place.",
            "Le plan de l'éditeur ne compte pas cette classe de changement parmi celles qu'il mène sur place.";
            "Install the new version beside the old one and move the data, as the vendor describes; the old one stays and gets its own fixes.",
            "Installer la nouvelle version à côté et déplacer les données, comme l'éditeur le décrit ; l'ancienne reste et reçoit ses propres correctifs."
        ),
        Reason::TooOld { .. } => explain!(
            language,
            "The plan starts from a later version than the one last finished here.",
            "Le plan part d'une version plus récente que la dernière menée à terme ici.";
            "consignee upgrade goes there over the versions in between; with --plan it shows which.",
            "consignee upgrade y va en passant par les versions intermédiaires ; avec --plan, il montre lesquelles."
        ),
        Reason::RequiredStops { .. } => explain!(
            language,
            "Some versions change data in a way that later ones rely on, so each has to have run here.",
            "Certaines versions changent les données d'une façon dont dépendent les suivantes : chacune doit avoir tourné ici.";
            "consignee upgrade goes to each of them in turn; with --plan it shows the way.",
            "consignee upgrade passe par chacune à son tour ; avec --plan, il montre le chemin."
        ),
        Reason::Downgrade { .. } => explain!(
            language,
            "An older version cannot use data that a newer one has changed, and packages alone do not take data back.",
            "Une version plus ancienne ne sait pas lire des données qu'une plus récente a changées, et les paquets seuls ne ramènent pas les données.";
            "Leave the finished version installed; an upgrade is taken back with consignee rollback, never with the package manager.",
            "Laisser la version menée à terme ; une mise à niveau s'annule par consignee rollback, jamais par le gestionnaire de paquets."
        ),
        _ => return None,
    })
}

/// A person has something to read, to accept or to do.
fn person(reason: &Reason, language: Language) -> Option<Explanation> {
    Some(match reason {
        Reason::NoteUnread { .. } => explain!(
            language,
            "The vendor wants this note read before the upgrade, and nobody has acknowledged this very text on this host; an edited note is unread again.",
            "L'éditeur veut que cette note soit lue avant la mise à niveau, et nul n'a acquitté ce texte précis sur cet hôte ; une note modifiée est de nouveau à lire.";
            "consignee notes, then consignee ack; on many hosts the site's file can acknowledge it in advance.",
            "consignee notes, puis consignee ack ; sur de nombreux hôtes le fichier du site peut l'acquitter d'avance."
        ),
        Reason::SideEffectUnacknowledged { .. } => explain!(
            language,
            "The upgrade does something beyond itself that the vendor declares, and nobody has accepted it for this version.",
            "La mise à niveau a une conséquence que l'éditeur déclare, et nul ne l'a acceptée pour cette version.";
            "Read it in consignee plan, then consignee ack.",
            "La lire dans consignee plan, puis consignee ack."
        ),
        Reason::TaskOpen { .. } => explain!(
            language,
            "The vendor asks for something that only a person can do before the upgrade.",
            "L'éditeur demande, avant la mise à niveau, quelque chose que seule une personne peut faire.";
            "Do it, then tick it with consignee done and its name.",
            "La faire, puis la cocher avec consignee done et son nom."
        ),
        Reason::Site { .. } => explain!(
            language,
            "A choice of the site's cannot be understood in full, and what is guessed would be carried out as another choice.",
            "Un choix du site n'est pas entièrement compris, et deviner reviendrait à en appliquer un autre.";
            "Correct the file at the line that is named; it counts at once.",
            "Corriger le fichier à la ligne indiquée ; il compte aussitôt."
        ),
        Reason::Unattended { .. } => explain!(
            language,
            "The transaction came from a job without a terminal, and [unattended] does not list this class of change.",
            "La transaction vient d'une tâche sans terminal, et [unattended] ne compte pas cette classe de changement.";
            "Type it at a terminal, list the class in the site's file, or consignee now for this one release.",
            "La lancer depuis un terminal, ajouter la classe au fichier du site, ou consignee now pour cette seule version."
        ),
        Reason::OutsideWindow { .. } => explain!(
            language,
            "[window] in the site's file says when the product may stop, and that is not now.",
            "[window] dans le fichier du site dit quand le produit peut s'arrêter, et ce n'est pas maintenant.";
            "Wait: the hold opens by itself. consignee now lets this one release through at once.",
            "Attendre : la retenue s'ouvre d'elle-même. consignee now laisse passer aussitôt cette seule version."
        ),
        _ => return None,
    })
}

/// What was published is not what can be installed.
fn vendor(reason: &Reason, language: Language) -> Option<Explanation> {
    Some(match reason {
        Reason::AgentTooOld { .. } => explain!(
            language,
            "The plan uses something that this agent does not know yet.",
            "Le plan utilise quelque chose que cet agent ne connaît pas encore.";
            "Upgrade the package consignee; the product follows in the next run.",
            "Mettre à jour le paquet consignee ; le produit suit à la prochaine exécution."
        ),
        Reason::Withdrawn { .. } => explain!(
            language,
            "The vendor took the release back after it was published.",
            "L'éditeur a retiré la version après sa publication.";
            "Nothing is wrong with this host. Wait for the next release.",
            "Cet hôte n'a rien d'anormal. Attendre la version suivante."
        ),
        Reason::Unverified { .. } => explain!(
            language,
            "Something that the decision hangs on could not be looked at, is not signed as it must be, or belongs to another publication.",
            "Un élément dont dépend la décision n'a pas pu être examiné, n'est pas signé comme il le doit, ou appartient à une autre publication.";
            "Mend what the message names (the network, the clock, a file), then look again. Where a signature is wrong, ask the vendor and force nothing.",
            "Corriger ce que le message nomme (réseau, horloge, fichier), puis examiner de nouveau. Si une signature est mauvaise, demander à l'éditeur et ne rien forcer."
        ),
        Reason::MixedVersions { .. } => explain!(
            language,
            "The packages of the product belong together, and this transaction brings some of one release and some of another.",
            "Les paquets du produit vont ensemble, et cette transaction en apporte de plusieurs versions.";
            "Name no versions by hand, and look again: the lists may be in the middle of a publication.",
            "Ne pas imposer de versions à la main, et examiner de nouveau : les listes sont peut-être entre deux publications."
        ),
        Reason::WouldRemove { .. } => explain!(
            language,
            "To install something else, the package manager would push a package of the product out, most often because the product is held.",
            "Pour installer autre chose, le gestionnaire de paquets évincerait un paquet du produit, le plus souvent parce qu'il est retenu.";
            "Use the upgrade that removes nothing, or clear the product so that both go in one run.",
            "Utiliser la mise à jour qui ne supprime rien, ou lever la retenue pour que les deux passent ensemble."
        ),
        _ => return None,
    })
}

fn add_on(reason: &Reason, language: Language) -> Option<Explanation> {
    Some(match reason {
        Reason::AddOnUnsupported { .. } => explain!(
            language,
            "The add-on's signed plan names the versions of the product that it works with, and this is none of them.",
            "Le plan signé du module complémentaire nomme les versions du produit qu'il accepte, et celle-ci n'en est pas.";
            "Wait for a version of the add-on that fits, remove it, or leave it out with ignore = true in the site's file.",
            "Attendre une version du module qui convienne, le supprimer, ou le laisser de côté avec ignore = true dans le fichier du site."
        ),
        Reason::AddOnNotAllowed { .. } => explain!(
            language,
            "The add-on wants to run steps within this product's upgrade, and neither the product's plan nor the site names its key.",
            "Le module veut exécuter des étapes dans la mise à niveau de ce produit, et ni le plan du produit ni le site ne nomme sa clé.";
            "Compare the key with the one its vendor tells you, then allow it in the site's file, or leave the add-on out.",
            "Comparer la clé avec celle que donne son éditeur, puis l'autoriser dans le fichier du site, ou laisser le module de côté."
        ),
        Reason::AddOnNoPoint { .. } => explain!(
            language,
            "The add-on joins at a point that this version of the product does not have.",
            "Le module s'insère à un point que cette version du produit n'a pas.";
            "Wait for a version of the add-on that fits, remove it, or leave it out with ignore = true in the site's file.",
            "Attendre une version du module qui convienne, le supprimer, ou le laisser de côté avec ignore = true dans le fichier du site."
        ),
        Reason::BaseUnsupported { .. } => explain!(
            language,
            "This product is an add-on, and its base is, or goes to, a version that it does not work with.",
            "Ce produit est un module complémentaire, et sa base est, ou passe, dans une version qu'il n'accepte pas.";
            "Upgrade both together, as soon as versions that fit are offered.",
            "Mettre les deux à niveau ensemble, dès que des versions compatibles sont proposées."
        ),
        _ => return None,
    })
}

/// The host is not as it has to be; every reason that is of none of the kinds above.
fn host(reason: &Reason, language: Language) -> Explanation {
    match reason {
        Reason::PrerequisiteFailed { .. } => explain!(
            language,
            "A check that the vendor wants made before the upgrade did not hold on this host.",
            "Un contrôle que l'éditeur veut faire avant la mise à niveau a échoué sur cet hôte.";
            "Do what the vendor's words say, then look again.",
            "Faire ce que disent les mots de l'éditeur, puis examiner de nouveau."
        ),
        Reason::PrerequisiteUnknown { .. } => explain!(
            language,
            "A check of the vendor's could not be made: its program is missing, took too long or was ended.",
            "Un contrôle de l'éditeur n'a pas pu être fait : son programme manque, a duré trop longtemps ou a été interrompu.";
            "See its log in the product's folder prerequisites/, mend the cause, then look again.",
            "Lire son journal dans le dossier prerequisites/ du produit, corriger la cause, puis examiner de nouveau."
        ),
        Reason::Unfinished { .. } => explain!(
            language,
            "A product has one upgrade at a time, and the one before has not come to an end.",
            "Un produit n'a qu'une mise à niveau à la fois, et la précédente n'est pas arrivée à son terme.";
            "See where it stands with consignee status, and bring it to its end first.",
            "Voir où elle en est avec consignee status, et la mener d'abord à son terme."
        ),
        Reason::NotPrepared { .. } => explain!(
            language,
            "A step before the packages failed, so what had been done was taken back; no package was touched.",
            "Une étape avant les paquets a échoué, et ce qui avait été fait a été annulé ; aucun paquet n'a été touché.";
            "Mend what the failure names, then start the upgrade again.",
            "Corriger ce que l'échec nomme, puis relancer la mise à niveau."
        ),
        Reason::TakenBack { .. } => explain!(
            language,
            "This very release was installed here, failed or was not wanted, and packages and data were put back.",
            "Cette même version a déjà été installée ici, a échoué ou n'a pas convenu, et paquets et données ont été remis.";
            "See why (consignee history), and when you want it again: consignee ack, then the package manager's upgrade, such as {UPGRADE}.",
            "Voir pourquoi (consignee history), et si vous la voulez de nouveau : consignee ack, puis la mise à jour du gestionnaire de paquets, telle que {UPGRADE}."
        ),
        Reason::DataDiffers { .. } => explain!(
            language,
            "The data is not at the version that the last upgrade left it at: a dump was restored, or a snapshot reverted.",
            "Les données ne sont pas à la version laissée par la dernière mise à niveau : restauration, ou retour à un instantané.";
            "Bring the data that belongs to the installed version, or say that this is right with consignee data --accept.",
            "Remettre les données de la version installée, ou confirmer l'état présent par consignee data --accept."
        ),
        Reason::ProgramMissing { .. } => explain!(
            language,
            "A step of the upgrade runs a program that the site keeps, and it is not there.",
            "Une étape de la mise à niveau lance un programme fourni par le site, et il n'est pas là.";
            "Put the program where the message says, then look again.",
            "Mettre le programme à l'endroit indiqué, puis examiner de nouveau."
        ),
        Reason::NoRoom { .. } => explain!(
            language,
            "What the agent has to write down before each step would not fit.",
            "Ce que l'agent doit noter avant chaque étape ne tiendrait pas.";
            "Make room in the folder that is named.",
            "Faire de la place dans le dossier nommé."
        ),
        Reason::NoRoomForUpgrade { .. } => explain!(
            language,
            "What the upgrade writes (packages to go back to, new files, the backup) and a margin would not fit on a file system.",
            "Ce que la mise à niveau écrit (paquets précédents, nouveaux fichiers, sauvegarde) et une marge ne tiendraient pas sur un système de fichiers.";
            "Make room where it is missing, then look again; [checks] room decides how much this weighs.",
            "Faire de la place là où elle manque, puis examiner de nouveau ; [checks] room décide de son poids."
        ),
        Reason::FolderUnusable { problem, .. } => folder(problem, language),
        Reason::PreviousPackagesMissing { .. } => explain!(
            language,
            "Without the packages of the version before, the upgrade could not be taken back.",
            "Sans les paquets de la version précédente, la mise à niveau ne pourrait pas être annulée.";
            "Put them into the package manager's cache or a repository, or let the site's file say previous_packages = tell.",
            "Les mettre dans le cache du gestionnaire de paquets ou dans un dépôt, ou dire previous_packages = tell dans le fichier du site."
        ),
        Reason::RebootPending { .. } => explain!(
            language,
            "Packages that count only from a boot on were changed since the last one, so the host runs on a mix of old and new.",
            "Des paquets qui ne comptent qu'après un démarrage ont changé depuis le dernier : l'hôte tourne sur un mélange d'ancien et de nouveau.";
            "Reboot, then look again; [checks] reboot decides how much this weighs.",
            "Redémarrer, puis examiner de nouveau ; [checks] reboot décide de son poids."
        ),
        Reason::FilesHeldOpen { .. } => explain!(
            language,
            "Processes that the upgrade does not stop use files that it replaces: they would go on with the old ones, on migrated data.",
            "Des processus que la mise à niveau n'arrête pas utilisent des fichiers qu'elle remplace : ils continueraient avec les anciens, sur des données migrées.";
            "End them, or have them ended, then look again; [checks] open_files decides how much this weighs.",
            "Y mettre fin, puis examiner de nouveau ; [checks] open_files décide de son poids."
        ),
        Reason::NotWritable { .. } => explain!(
            language,
            "The vendor's plan says who writes to this folder, and the agent tried it as that account, or read the access list where nobody can act as it: the new version would start and not work.",
            "Le plan de l'éditeur dit qui écrit dans ce dossier ; l'agent l'a essayé sous ce compte, ou a lu la liste d'accès si nul ne peut agir sous ce compte : la nouvelle version démarrerait sans fonctionner.";
            "Give the account back its right to write there, then look again; [checks] identities decides how much this weighs.",
            "Rendre au compte le droit d'y écrire, puis examiner de nouveau ; [checks] identities décide de son poids."
        ),
        Reason::CheckUnknown { .. } => explain!(
            language,
            "The agent could not look at the host, and what could not be looked at is not taken for good.",
            "L'agent n'a pas pu examiner l'hôte, et ce qui n'a pas pu être examiné n'est pas tenu pour bon.";
            "Mend what the message names, or weigh the check otherwise below [checks], then look again.",
            "Corriger ce que le message nomme, ou donner un autre poids au contrôle sous [checks], puis examiner de nouveau."
        ),
        Reason::LongPreparation { .. } => explain!(
            language,
            "A package manager that waits for so long holds its lock, and every other run on the host waits for that.",
            "Un gestionnaire de paquets qui attend si longtemps garde son verrou, et tout le reste de l'hôte attend avec lui.";
            "consignee upgrade prepares first, and calls the package manager then.",
            "consignee upgrade prépare d'abord, puis appelle le gestionnaire de paquets."
        ),
        Reason::NotFetched { .. } => explain!(
            language,
            "A repository could not be reached, or has the packages no more; nothing was stopped for it.",
            "Un dépôt est injoignable, ou n'a plus ces paquets ; rien n'a été arrêté pour cela.";
            "Mend what the message names; the agent tries again by itself every quarter of an hour.",
            "Corriger ce que le message nomme ; l'agent réessaie de lui-même tous les quarts d'heure."
        ),
        Reason::NotInstalled { .. } => explain!(
            language,
            "The package manager failed before it changed anything, or was interrupted again and again; the old engines run.",
            "Le gestionnaire de paquets a échoué avant tout changement, ou a été interrompu plusieurs fois ; les anciens moteurs tournent.";
            "Mend what the message names, then type consignee upgrade again.",
            "Corriger ce que le message nomme, puis retaper consignee upgrade."
        ),
        Reason::NoAnswer => explain!(
            language,
            "The agent's service is busy, was ended, or cannot be started; what cannot be asked is not installed.",
            "Le service de l'agent est occupé, a été interrompu ou ne démarre pas ; ce qui ne peut être demandé n'est pas installé.";
            "See what the service is doing, and try again; consignee doctor looks at the agent itself.",
            "Voir ce que fait le service, et réessayer ; consignee doctor examine l'agent lui-même."
        ),
        Reason::ClassUnsupported { .. }
        | Reason::TooOld { .. }
        | Reason::RequiredStops { .. }
        | Reason::Downgrade { .. }
        | Reason::NoteUnread { .. }
        | Reason::SideEffectUnacknowledged { .. }
        | Reason::TaskOpen { .. }
        | Reason::Site { .. }
        | Reason::Unattended { .. }
        | Reason::OutsideWindow { .. }
        | Reason::AgentTooOld { .. }
        | Reason::Withdrawn { .. }
        | Reason::Unverified { .. }
        | Reason::MixedVersions { .. }
        | Reason::WouldRemove { .. }
        | Reason::AddOnUnsupported { .. }
        | Reason::AddOnNotAllowed { .. }
        | Reason::AddOnNoPoint { .. }
        | Reason::BaseUnsupported { .. } => unreachable!("it is of another kind"),
    }
}

/// What is written to before anything of the product is changed, or saved then.
fn folder(problem: &FolderProblem, language: Language) -> Explanation {
    match problem {
        FolderProblem::NotAFolder => explain!(
            language,
            "The packages to go back to and the backup are written there; without them nothing begins that could not be taken back.",
            "Les paquets précédents et la sauvegarde y sont écrits ; sans eux, rien ne commence qui ne pourrait être annulé.";
            "Move what is there away, then look again: the agent makes the folder.",
            "Déplacer ce qui s'y trouve, puis examiner de nouveau : l'agent crée le dossier."
        ),
        FolderProblem::LeadsNowhere { .. } => explain!(
            language,
            "The link is there and what it leads to is not: most often a disk that is not mounted.",
            "Le lien est là, mais pas ce à quoi il mène : le plus souvent, un disque qui n'est pas monté.";
            "Mount what belongs there, or remove the link, then look again.",
            "Monter ce qui doit y être, ou supprimer le lien, puis examiner de nouveau."
        ),
        FolderProblem::Refused { .. } => explain!(
            language,
            "The packages to go back to and the backup are written there, and the system refused a file.",
            "Les paquets précédents et la sauvegarde y sont écrits, et le système y a refusé un fichier.";
            "Mend what the message names: mount it writable, or mount it again, then look again.",
            "Corriger ce que le message nomme : le monter en écriture, ou le remonter, puis examiner de nouveau."
        ),
        FolderProblem::NoAnswer { .. } => explain!(
            language,
            "The server of a mounted file system (NFS, say) is gone, and whoever touches it waits for ever: with the engines stopped, that would be the upgrade.",
            "Le serveur d'un système de fichiers monté (NFS par exemple) a disparu, et tout accès attend sans fin : moteurs arrêtés, ce serait la mise à niveau.";
            "Bring its server back, or let go of it ({LET_GO}) and mount it again, then look again.",
            "Rétablir son serveur, ou le lâcher ({LET_GO}) et le remonter, puis examiner de nouveau."
        ),
    }
}
