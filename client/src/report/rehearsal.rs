//! What came of an upgrade on a copy of the host, as text.

use consign_metadata::text::Language;

use super::page::{Page, Style};
use super::{advice, failure, words};
use crate::rehearsal::verdict::{Because, NotRehearsed, Problem, Progress, Rehearsal, Verdict};

const MIB: u64 = 1024 * 1024;

/// How it goes on, a line.
pub fn progress(progress: &Progress, language: Language) -> Page {
    let mut page = Page::default();
    let line = match progress {
        Progress::Fetching => {
            say!(language, "fetching and verifying the packages", "téléchargement et vérification des paquets")
        }
        Progress::Saving { part } => say!(language, "copying {part}", "copie de {part}"),
        Progress::Copying => say!(language, "making a copy of this host", "création d'une copie de cet hôte"),
        Progress::Restoring { part } => {
            say!(language, "restoring {part} in the copy", "restauration de {part} dans la copie")
        }
        Progress::Begun => {
            say!(language, "carrying out the upgrade in the copy", "exécution de la mise à niveau dans la copie")
        }
        Progress::Ended(_) => return page,
    };
    page.add(0, Style::Quiet, line);
    page
}

/// What came of it.
pub fn page(rehearsal: &Rehearsal, language: Language) -> Page {
    let mut page = Page::default();
    page.add(0, Style::Heading, heading(rehearsal, language));
    verdict(&mut page, rehearsal, language);
    if !rehearsal.steps.is_empty() {
        took(&mut page, rehearsal, language);
    }
    if !rehearsal.not_rehearsed.is_empty() {
        page.gap();
        page.add(2, Style::Plain, say!(language, "not rehearsed:", "non répété :"));
        for step in &rehearsal.not_rehearsed {
            page.add(4, Style::Plain, format!("- {}", not_rehearsed(step, language)));
        }
    }
    page
}

fn heading(rehearsal: &Rehearsal, language: Language) -> String {
    let product = &rehearsal.product;
    let Some(to) = &rehearsal.to else { return product.to_string() };
    let journey = words::journey(rehearsal.from.as_ref(), to, language);
    match rehearsal.backup {
        Some(number) => say!(
            language,
            "{product} {journey}, on a copy with the backup of upgrade {number}",
            "{product} {journey}, sur une copie avec la sauvegarde de la mise à niveau n° {number}"
        ),
        None => say!(
            language,
            "{product} {journey}, on a copy with the data of now",
            "{product} {journey}, sur une copie avec les données actuelles"
        ),
    }
}

fn verdict(page: &mut Page, rehearsal: &Rehearsal, language: Language) {
    match &rehearsal.verdict {
        Verdict::WouldComplete => {
            page.add(2, Style::Good, say!(language, "would complete", "aboutirait"));
            if rehearsal.long_preparation {
                let line = say!(
                    language,
                    "the preparation takes longer than two minutes: type the upgrade as",
                    "la préparation dure plus de deux minutes : tapez la mise à niveau ainsi"
                );
                page.add(2, Style::Warning, line);
                let purpose = say!(language, "prepare first, then install", "préparer d'abord, installer ensuite");
                advice::show(page, &[(format!("consignee upgrade {}", rehearsal.product), purpose)], language);
            }
        }
        Verdict::WouldFail { step, failure } => {
            let why = failure::sentence(failure, language);
            page.add(2, Style::Bad, say!(language, "step {step} failed: {why}", "l'étape {step} a échoué : {why}"));
            for line in failure::output(failure) {
                page.add(4, Style::Quiet, format!("| {line}"));
            }
            let line = say!(language, "nothing on this host was changed", "rien n'a été modifié sur cet hôte");
            page.add(2, Style::Plain, line);
        }
        Verdict::CannotBeRehearsed { problem } => {
            let why = sentence(problem, language);
            page.add(
                2,
                Style::Warning,
                say!(language, "cannot be rehearsed: {why}", "ne peut pas être répété : {why}"),
            );
            for line in output(problem) {
                page.add(4, Style::Quiet, format!("| {line}"));
            }
        }
    }
}

fn took(page: &mut Page, rehearsal: &Rehearsal, language: Language) {
    page.gap();
    page.add(2, Style::Plain, say!(language, "time:", "durée :"));
    let width = rehearsal.steps.iter().map(|step| step.name.chars().count()).max().unwrap_or(0);
    for step in &rehearsal.steps {
        let (name, seconds) = (&step.name, seconds(step.milliseconds, language));
        page.add(4, if step.done { Style::Plain } else { Style::Bad }, format!("{name:width$}  {seconds}"));
    }
    let (all, before) =
        (seconds(rehearsal.milliseconds, language), seconds(rehearsal.preparation_milliseconds, language));
    page.add(
        4,
        Style::Plain,
        say!(
            language,
            "{all} in total, {before} of it before the packages",
            "{all} au total, dont {before} avant les paquets"
        ),
    );
    if !rehearsal.file_systems.is_empty() {
        page.gap();
        page.add(2, Style::Plain, say!(language, "space, at most:", "espace, au plus :"));
        for grown in &rehearsal.file_systems {
            let (folder, mebibytes) = (grown.folder.display(), grown.bytes.div_ceil(MIB));
            page.add(4, Style::Plain, say!(language, "{mebibytes} MiB in {folder}", "{mebibytes} Mio dans {folder}"));
        }
    }
}

/// With a tenth, as far as that says anything.
fn seconds(milliseconds: u64, language: Language) -> String {
    let (whole, tenth) = (milliseconds / 1000, milliseconds % 1000 / 100);
    match whole {
        0..60 => say!(language, "{whole}.{tenth} s", "{whole},{tenth} s"),
        _ => super::time::span(whole, language),
    }
}

fn not_rehearsed(step: &NotRehearsed, language: Language) -> String {
    let name = &step.name;
    match &step.because {
        Because::ForPeople => say!(language, "{name}: it is for people", "{name} : destiné aux personnes"),
        Because::OfTheHost => {
            say!(language, "{name}: nothing of this host is touched", "{name} : rien de cet hôte n'est touché")
        }
        Because::Task => say!(language, "{name}: a person does it", "{name} : à faire par une personne"),
        Because::Engine { unit, reason } => say!(
            language,
            "{name}: {unit} cannot be started without systemd: {reason}",
            "{name} : {unit} ne peut pas être lancé sans systemd : {reason}"
        ),
        Because::After { step } => say!(language, "{name}: it comes after {step}", "{name} : vient après {step}"),
    }
}

/// Why there can be no rehearsal, without a full stop.
pub fn sentence(problem: &Problem, language: Language) -> String {
    match problem {
        Problem::NothingOffered => say!(
            language,
            "nothing newer is offered that can be reached",
            "aucune version plus récente accessible n'est proposée"
        ),
        Problem::UnderWay => {
            say!(language, "an upgrade has begun and is not over", "une mise à niveau a commencé et n'est pas terminée")
        }
        Problem::AnotherAtWork => {
            say!(language, "a rehearsal of it is under way", "une répétition est déjà en cours")
        }
        Problem::DataUnknown => say!(
            language,
            "its plan has no backup, so nobody knows where its data is",
            "son plan n'a pas de sauvegarde, l'emplacement de ses données est donc inconnu"
        ),
        Problem::Plan { cause } => {
            say!(language, "its plan cannot be used: {cause}", "son plan est inutilisable : {cause}")
        }
        Problem::NoPackage { package, version, cause } => say!(
            language,
            "{package} {version} cannot be had: {cause}",
            "{package} {version} ne peut être obtenu : {cause}"
        ),
        Problem::NoBackup => {
            say!(language, "there is no such backup that counts", "il n'existe pas de telle sauvegarde valable")
        }
        Problem::BackupOfAnother { version } => say!(
            language,
            "the backup is of {version}, which is not installed",
            "la sauvegarde est celle de {version}, qui n'est pas installée"
        ),
        Problem::Unknowable { part } => say!(
            language,
            "{part} is saved by a program of the vendor's, which only knows the live data",
            "{part} est sauvegardé par un programme de l'éditeur, qui ne connaît que les données réelles"
        ),
        Problem::NotSaved { part, failure } => {
            let why = failure::sentence(failure, language);
            say!(language, "{part} could not be copied: {why}", "{part} n'a pas pu être copié : {why}")
        }
        Problem::NotRestored { part, failure } => {
            let why = failure::sentence(failure, language);
            say!(
                language,
                "{part} could not be restored in the copy: {why}",
                "{part} n'a pas pu être restauré dans la copie : {why}"
            )
        }
        Problem::NoRoom { folder, free_mib, needed_mib } => {
            let folder = folder.display();
            say!(
                language,
                "in {folder} {free_mib} MiB are free, a copy needs {needed_mib}",
                "dans {folder}, {free_mib} Mio sont libres, une copie en demande {needed_mib}"
            )
        }
        Problem::NoCopy { cause } => {
            say!(language, "there can be no copy of this host: {cause}", "cet hôte ne peut être copié : {cause}")
        }
        Problem::NotInstalled { cause } => say!(
            language,
            "the packages could not be installed in the copy: {cause}",
            "les paquets n'ont pas pu être installés dans la copie : {cause}"
        ),
        Problem::CutOff { .. } => {
            say!(language, "it was cut off", "elle a été interrompue")
        }
    }
}

fn output(problem: &Problem) -> &[String] {
    match problem {
        Problem::NotSaved { failure, .. } | Problem::NotRestored { failure, .. } => failure::output(failure),
        Problem::CutOff { output } => output,
        _ => &[],
    }
}
