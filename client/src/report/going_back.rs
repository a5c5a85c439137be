//! Whether an upgrade can be taken back, what that brings back, and what is lost by it.

use consign_metadata::name::ProductId;
use consign_metadata::text::Language;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::advice::{self, Advice};
use super::page::{Page, Style};
use super::{time, words};
use crate::going_back::{GoingBack, Obstacle};

/// Everything that a person has to know before they type it.
pub fn page(product: &ProductId, looked: &GoingBack, language: Language, zone: &TimeZone) -> Page {
    let (mut page, number) = (Page::default(), looked.upgrade);
    if !looked.obstacles.is_empty() {
        let heading = say!(
            language,
            "upgrade {number} of {product} cannot be taken back:",
            "la mise à niveau n° {number} de {product} ne peut pas être annulée :"
        );
        page.add(0, Style::Bad, heading);
        for obstacle in &looked.obstacles {
            page.add(2, Style::Plain, format!("- {}", sentence(obstacle, language)));
        }
        advice::show(&mut page, &[advice::status(product, language)], language);
        return page;
    }
    let to = looked.from.as_ref().map(ToString::to_string).unwrap_or_default();
    let heading = say!(
        language,
        "upgrade {number} of {product} can be taken back to {to}",
        "la mise à niveau n° {number} de {product} peut être annulée, retour à {to}"
    );
    page.add(0, Style::Good, heading);
    if let Some(saved) = looked.saved {
        let saved = time::full(saved, zone);
        page.add(
            2,
            Style::Plain,
            say!(language, "the data is restored as of {saved}", "les données reviennent à leur état du {saved}"),
        );
    }
    if let Some(since) = looked.loses_since {
        page.append(0, loss(product, since, language, zone));
    }
    page
}

/// What is lost, in minutes, and the command that accepts it.
fn loss(product: &ProductId, since: Timestamp, language: Language, zone: &TimeZone) -> Page {
    let mut page = Page::default();
    let (minutes, since) = (minutes(since, Timestamp::now()), time::full(since, zone));
    page.add(
        2,
        Style::Warning,
        say!(
            language,
            "everything that was written since {since} is lost: {minutes} minutes",
            "tout ce qui a été écrit depuis le {since} est perdu : {minutes} minutes"
        ),
    );
    let accept = say!(language, "take it back and accept the loss", "l'annuler en acceptant cette perte");
    advice::show(&mut page, &[(format!("consignee rollback {product} --accept-data-loss"), accept)], language);
    page
}

/// Begun minutes count.
fn minutes(since: Timestamp, now: Timestamp) -> i64 {
    let seconds = now.as_second().saturating_sub(since.as_second()).max(0);
    seconds.div_euclid(60) + i64::from(seconds % 60 > 0)
}

/// The obstacle, beginning in lower case and without a full stop.
pub fn sentence(obstacle: &Obstacle, language: Language) -> String {
    match obstacle {
        Obstacle::NotBegun => {
            say!(language, "it has not begun: nothing was changed", "elle n'a pas commencé : rien n'a été changé")
        }
        Obstacle::Ended => say!(language, "it has ended already", "elle est déjà terminée"),
        Obstacle::AtWork => say!(
            language,
            "a step of it is running; wait until it has ended",
            "une de ses étapes est en cours ; attendez qu'elle se termine"
        ),
        Obstacle::OnTheWay => say!(language, "it is being taken back already", "son annulation est déjà en cours"),
        Obstacle::FirstInstall => say!(
            language,
            "it was the first installation: there is no version before",
            "c'était la première installation : il n'y a pas de version précédente"
        ),
        Obstacle::NoBackup => say!(
            language,
            "its vendor's plan has no backup, so there is no way back for the data",
            "le plan de l'éditeur ne prévoit pas de sauvegarde : pas de retour possible pour les données"
        ),
        Obstacle::AddOns => say!(
            language,
            "add-ons have joined it, and their packages would have to go back, too",
            "des modules complémentaires y ont participé, et leurs paquets devraient revenir aussi"
        ),
        Obstacle::Step { name } => say!(
            language,
            "its step {name} was begun and cannot be taken back",
            "son étape {name} a été lancée et ne peut pas être annulée"
        ),
        Obstacle::Packages { missing } if missing.is_empty() => say!(
            language,
            "the previous packages could not be had when it began",
            "les paquets précédents n'ont pas pu être obtenus quand elle a commencé"
        ),
        Obstacle::Packages { missing } => {
            let missing: Vec<_> = missing.iter().map(|old| format!("{} {}", old.package, old.version)).collect();
            let missing = words::list(&missing);
            say!(
                language,
                "these previous packages are not kept here: {missing}",
                "ces paquets précédents ne sont pas gardés ici : {missing}"
            )
        }
        Obstacle::Backup { folder, problem } => {
            let folder = folder.display();
            say!(
                language,
                "the backup in {folder} cannot be used: {problem}",
                "la sauvegarde dans {folder} est inutilisable : {problem}"
            )
        }
    }
}

/// Take it back, as far as nothing is lost by it.
pub fn rollback(product: &ProductId, language: Language) -> Advice {
    let purpose = say!(language, "take the upgrade back", "annuler la mise à niveau");
    (format!("consignee rollback {product}"), purpose)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begun_minutes_count() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!([0, 1, 60, 61, 3600].map(|now| minutes(at(0), at(now))), [0, 1, 1, 2, 60]);
        assert_eq!(minutes(at(10), at(0)), 0, "the clock was set back");
    }

    #[test]
    fn every_obstacle_is_worded_in_both_languages() {
        let missing =
            vec![crate::previous::PackageVersion { package: "erp".parse().unwrap(), version: "1-1".to_owned() }];
        let all = [
            Obstacle::NotBegun,
            Obstacle::Ended,
            Obstacle::AtWork,
            Obstacle::OnTheWay,
            Obstacle::FirstInstall,
            Obstacle::NoBackup,
            Obstacle::AddOns,
            Obstacle::Step { name: "migrate".to_owned() },
            Obstacle::Packages { missing: Vec::new() },
            Obstacle::Packages { missing },
            Obstacle::Backup { folder: "/var/lib/b".into(), problem: "torn".to_owned() },
        ];
        for obstacle in all {
            assert_ne!(sentence(&obstacle, Language::En), sentence(&obstacle, Language::Fr));
        }
    }
}
