//! Why an upgrade is held or refused, as a sentence.

use consign_metadata::name::PackageName;
use consign_metadata::text::Language;
use jiff::tz::TimeZone;

use super::{time, words};
use crate::engine::event::{FolderProblem, FullFileSystem, HeldFile, Reason};

/// The reason, beginning in lower case and without a full stop.
pub fn sentence(reason: &Reason, language: Language) -> String {
    match reason {
        Reason::ClassUnsupported { class, from, to } => {
            let class = words::class(*class, language);
            say!(
                language,
                "from {from} to {to} is a {class} change, which the vendor does not support in place",
                "passer de {from} à {to} est une mise à niveau {class}, que l'éditeur ne prend pas en charge sur une installation existante"
            )
        }
        Reason::TooOld { from, supported_from } => say!(
            language,
            "{from} is too old: this upgrade starts from {supported_from} or later",
            "la version {from} est trop ancienne : cette mise à niveau part de {supported_from} au plus tôt"
        ),
        Reason::RequiredStops { stops } => {
            let stops = words::list(stops);
            say!(
                language,
                "these versions may not be jumped over, upgrade to each in turn first: {stops}",
                "ces versions ne peuvent pas être sautées, passez d'abord par chacune d'elles : {stops}"
            )
        }
        Reason::Downgrade { from, to } => say!(
            language,
            "{to} is older than {from}, the version last finished",
            "la version {to} est plus ancienne que {from}, la dernière menée à terme"
        ),
        Reason::NoteUnread { version, .. } => say!(
            language,
            "the release note on {version} is not acknowledged",
            "la note de version {version} n'est pas acquittée"
        ),
        Reason::SideEffectUnacknowledged { id, .. } => {
            say!(language, "the side effect {id} is not acknowledged", "l'effet secondaire {id} n'est pas acquitté")
        }
        Reason::TakenBack { upgrade } => say!(
            language,
            "this release was taken back here before, by upgrade {upgrade}",
            "cette version a déjà été annulée ici, par la mise à niveau n° {upgrade}"
        ),
        Reason::PrerequisiteFailed { id, otherwise } => {
            let otherwise = otherwise.in_language(language);
            say!(
                language,
                "the prerequisite {id} does not hold: {otherwise}",
                "le prérequis {id} n'est pas rempli : {otherwise}"
            )
        }
        Reason::PrerequisiteUnknown { id, failure } => {
            let failure = super::failure::sentence(failure, language);
            say!(
                language,
                "the prerequisite {id} could not be looked at: {failure}",
                "le prérequis {id} n'a pas pu être vérifié : {failure}"
            )
        }
        Reason::ProgramMissing { step, program } => say!(
            language,
            "the step {step} runs {program}, which is not on this host",
            "l'étape {step} lance {program}, qui n'existe pas sur cet hôte"
        ),
        Reason::TaskOpen { id, summary, .. } => {
            let summary = summary.in_language(language);
            say!(
                language,
                "the task {id} is to be done first: {summary}",
                "la tâche {id} est à faire d'abord : {summary}"
            )
        }
        Reason::Unfinished { upgrade } => say!(
            language,
            "upgrade {upgrade} of this product has not finished",
            "la mise à niveau n° {upgrade} de ce produit n'est pas terminée"
        ),
        Reason::AgentTooOld { minimum } => say!(
            language,
            "it needs the package consignee {minimum} or newer",
            "elle demande le paquet consignee {minimum} ou plus récent"
        ),
        Reason::Site { problem } => say!(
            language,
            "the site's file cannot be used: {problem}",
            "le fichier du site est inutilisable : {problem}"
        ),
        Reason::Withdrawn { why } => {
            say!(language, "the vendor withdrew this release: {why}", "l'éditeur a retiré cette version : {why}")
        }
        Reason::Unverified { what, cause } => {
            say!(language, "{what} could not be verified: {cause}", "{what} n'a pas pu être vérifié : {cause}")
        }
        Reason::WouldRemove { packages } => {
            let packages = words::list(packages);
            say!(language, "the transaction would remove {packages}", "la transaction supprimerait {packages}")
        }
        Reason::MixedVersions { packages } => {
            let packages = versions(packages);
            say!(
                language,
                "its packages do not all go to the same release: {packages}",
                "ses paquets ne vont pas tous vers la même version : {packages}"
            )
        }
        Reason::NotPrepared { upgrade, failure } => {
            let failure = super::failure::sentence(failure, language);
            say!(
                language,
                "upgrade {upgrade} could not be prepared, which was taken back: {failure}",
                "la mise à niveau n° {upgrade} n'a pas pu être préparée, ce qui a été annulé : {failure}"
            )
        }
        Reason::AddOnUnsupported { add_on, version, supports } => say!(
            language,
            "the installed add-on {add_on} {version} works with {supports} of this product only",
            "le module complémentaire installé {add_on} {version} ne fonctionne qu'avec {supports} de ce produit"
        ),
        Reason::AddOnNotAllowed { add_on, version, primary } => say!(
            language,
            "the installed add-on {add_on} {version} would join this upgrade, which neither the vendor nor this site allows (its key: {primary})",
            "le module complémentaire installé {add_on} {version} prendrait part à cette mise à niveau, ce que ni l'éditeur ni ce site n'autorise (sa clé : {primary})"
        ),
        Reason::AddOnNoPoint { add_on, version, point } => say!(
            language,
            "the installed add-on {add_on} {version} joins upgrades at the point {point}, which this version does not have",
            "le module complémentaire installé {add_on} {version} s'insère au point {point}, que cette version n'a pas"
        ),
        Reason::BaseUnsupported { base, version, supports } => say!(
            language,
            "it works with {base} {supports} only, and {base} is or goes to {version}",
            "elle ne fonctionne qu'avec {base} {supports}, et {base} est ou passe en version {version}"
        ),
        Reason::OutsideWindow { opens } => {
            let opens = time::full(*opens, &TimeZone::system());
            say!(
                language,
                "outside the site's maintenance windows; the next one opens on {opens}",
                "hors des fenêtres de maintenance du site ; la prochaine s'ouvre le {opens}"
            )
        }
        Reason::Unattended { class } => {
            let class = words::class(*class, language);
            say!(
                language,
                "nobody is at a terminal, and the site lets no {class} change be installed then",
                "personne n'est devant un terminal, et le site n'autorise alors aucune mise à niveau {class}"
            )
        }
        Reason::NoRoom { folder, free_mib, needed_mib } => say!(
            language,
            "there is no room for the agent's journal in {folder}: {free_mib} MiB are free, {needed_mib} are needed",
            "il n'y a pas assez de place pour le journal de l'agent dans {folder} : {free_mib} Mio libres, {needed_mib} nécessaires"
        ),
        Reason::NoRoomForUpgrade { file_systems } => {
            let full: Vec<_> = file_systems.iter().map(|full| file_system(full, language)).collect();
            let full = full.join("; ");
            say!(
                language,
                "there is no room for the upgrade: {full}",
                "il n'y a pas assez de place pour la mise à niveau : {full}"
            )
        }
        Reason::FolderUnusable { folder, problem } => unusable(folder, problem, language),
        Reason::PreviousPackagesMissing { packages } => {
            let packages = versions(packages);
            say!(
                language,
                "the packages to go back to are not on this host and no repository has them: {packages}",
                "les paquets auxquels revenir ne sont pas sur cet hôte et aucun dépôt ne les a : {packages}"
            )
        }
        Reason::RebootPending { packages } if packages.is_empty() => {
            say!(language, "the host waits for a reboot", "l'hôte attend un redémarrage")
        }
        Reason::RebootPending { packages } => {
            let packages = words::list(packages);
            say!(
                language,
                "the host waits for a reboot, because of {packages}",
                "l'hôte attend un redémarrage, à cause de {packages}"
            )
        }
        Reason::FilesHeldOpen { files, more } => held(files, *more, language),
        Reason::NotWritable { folder, account, cause: Some(cause) } => say!(
            language,
            "{account}, which writes for the product, cannot write in {folder}: {cause}",
            "{account}, qui écrit pour le produit, ne peut pas écrire dans {folder} : {cause}"
        ),
        Reason::NotWritable { folder, account, cause: None } => say!(
            language,
            "{account}, which writes for the product, has no right to write in {folder}, by its access list",
            "{account}, qui écrit pour le produit, n'a pas le droit d'écrire dans {folder}, d'après sa liste d'accès"
        ),
        Reason::CheckUnknown { check, cause } => say!(
            language,
            "the check {check} could not be made: {cause}",
            "le contrôle {check} n'a pas pu être fait : {cause}"
        ),
        Reason::LongPreparation { seconds } => {
            let span = time::span(*seconds, language);
            say!(
                language,
                "its preparation takes about {span}, too long for the package manager to wait: the agent prepares first and calls it then",
                "sa préparation prend environ {span}, trop longtemps pour que le gestionnaire de paquets attende : l'agent prépare d'abord et l'appelle ensuite"
            )
        }
        Reason::NotFetched { cause } => {
            say!(language, "it could not be fetched: {cause}", "elle n'a pas pu être téléchargée : {cause}")
        }
        Reason::NotInstalled { upgrade, cause } => say!(
            language,
            "upgrade {upgrade} came to nothing and was taken back: {cause}",
            "la mise à niveau n° {upgrade} n'a pas abouti et a été annulée : {cause}"
        ),
        Reason::DataDiffers { expected, found } => say!(
            language,
            "the data is at {found}, and was at {expected} when the last upgrade finished",
            "les données sont en version {found}, et étaient en {expected} à la fin de la dernière mise à niveau"
        ),
        Reason::NoAnswer => say!(
            language,
            "the agent's service did not answer in time",
            "le service de l'agent n'a pas répondu à temps"
        ),
    }
}

fn versions(packages: &[(PackageName, String)]) -> String {
    let packages: Vec<_> = packages.iter().map(|(name, version)| format!("{name} {version}")).collect();
    words::list(&packages)
}

fn unusable(folder: &str, problem: &FolderProblem, language: Language) -> String {
    match problem {
        FolderProblem::NotAFolder => {
            say!(
                language,
                "{folder}, which the upgrade writes to, is no folder",
                "{folder}, où la mise à niveau écrit, n'est pas un dossier"
            )
        }
        FolderProblem::LeadsNowhere { target } => say!(
            language,
            "{folder}, which the upgrade writes to, leads to {target}, which is not there",
            "{folder}, où la mise à niveau écrit, mène à {target}, qui n'existe pas"
        ),
        FolderProblem::Refused { cause } => say!(
            language,
            "nothing can be written in {folder}: {cause}",
            "rien ne peut être écrit dans {folder} : {cause}"
        ),
        FolderProblem::NoAnswer { seconds } => say!(
            language,
            "the file system of {folder} does not answer within {seconds} s",
            "le système de fichiers de {folder} ne répond pas en {seconds} s"
        ),
    }
}

fn file_system(full: &FullFileSystem, language: Language) -> String {
    let FullFileSystem { folder, free_mib, needed_mib, purposes } = full;
    let purposes: Vec<_> = purposes.iter().map(|purpose| words::purpose(*purpose, language)).collect();
    let purposes = words::list(&purposes);
    say!(
        language,
        "in {folder} {free_mib} MiB are free, {needed_mib} are needed ({purposes})",
        "dans {folder} {free_mib} Mio libres, {needed_mib} nécessaires ({purposes})"
    )
}

/// A file and who has it open.
pub fn held_file(held: &HeldFile, language: Language) -> String {
    let HeldFile { file, process, pid, unit } = held;
    let of = unit.as_ref().map(|unit| format!(", {unit}")).unwrap_or_default();
    say!(language, "{file} by {process} ({pid}{of})", "{file} par {process} ({pid}{of})")
}

fn held(files: &[HeldFile], more: usize, language: Language) -> String {
    let files = words::list(&files.iter().map(|held| held_file(held, language)).collect::<Vec<_>>());
    let rest = match more {
        0 => String::new(),
        _ => say!(language, ", and {more} more", ", et {more} de plus"),
    };
    say!(
        language,
        "processes beside its engines have files of the product open: {files}{rest}",
        "des processus étrangers à ses moteurs ont des fichiers du produit ouverts : {files}{rest}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn the_vendors_words_are_in_the_readers_language() {
        use consign_metadata::text::Text;
        let words = || Text { en: "Make room.".to_owned(), fr: Some("Faites de la place.".to_owned()) };
        let failed = Reason::PrerequisiteFailed { id: "space".parse().unwrap(), otherwise: words() };
        assert_eq!(sentence(&failed, Language::En), "the prerequisite space does not hold: Make room.");
        assert_eq!(sentence(&failed, Language::Fr), "le prérequis space n'est pas rempli : Faites de la place.");
        let sha256 = consign_metadata::digest::Sha256::of(b"");
        let open = Reason::TaskOpen { id: "space".parse().unwrap(), summary: words(), sha256 };
        assert_eq!(sentence(&open, Language::Fr), "la tâche space est à faire d'abord : Faites de la place.");
    }

    #[test]
    fn every_reason_is_worded_in_both_languages_with_its_parameters() {
        // A span of time is told in minutes.
        let is_plain = |reason: &Reason| !matches!(reason, Reason::LongPreparation { .. });
        for reason in samples::reasons().into_iter().filter(is_plain) {
            samples::assert_worded(&reason, |language| sentence(&reason, language));
        }
        let long = Reason::LongPreparation { seconds: 600 };
        assert!(sentence(&long, Language::En).contains("takes about 10 min"));
        assert!(sentence(&long, Language::Fr).contains("10 min"));
    }
}
