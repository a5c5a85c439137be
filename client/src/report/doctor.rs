//! Whether the agent itself is in order on this host: every finding with what to type.

use consign_metadata::text::Language;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::advice::{self, Advice};
use super::page::{Page, Style};
use super::{FORMAT, gaps, notices, reason, time};
use crate::engine::event::Reason;
use crate::examination::{Finding, LOOKS};
use crate::host::typed::{self, shell};

/// The package of the agent itself.
const AGENT: &str = "consignee";
/// What is looked at only where systemd runs.
const SERVICE: &str = "service";

/// The answer of `consignee doctor --json`.
#[derive(Debug, Serialize)]
pub struct DoctorReport {
    /// [`FORMAT`].
    pub format: u32,
    /// Whether nothing has to be put right.
    pub well: bool,
    /// What was looked at, by the words of [`crate::examination::LOOKS`].
    pub looked_at: Vec<&'static str>,
    /// What could not be looked at on a host like this, by the same words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_looked_at: Vec<&'static str>,
    /// What was found.
    pub findings: Vec<Finding>,
}

impl DoctorReport {
    /// The report of what was found. Nobody listens for the service where no systemd runs.
    pub fn new(findings: Vec<Finding>, systemd: bool) -> Self {
        // A key that ends in weeks is no illness.
        let well = findings.iter().all(|finding| !finding.is_wrong());
        let (looked_at, not_looked_at) = LOOKS.iter().partition(|look| systemd || **look != SERVICE);
        Self { format: FORMAT, well, looked_at, not_looked_at, findings }
    }

    /// As text.
    pub fn page(&self, language: Language, zone: &TimeZone) -> Page {
        let mut page = Page::default();
        for finding in &self.findings {
            page.append(0, finding.page(language, zone));
            page.gap();
        }
        let looked_at = names(&self.looked_at, language);
        page.add(0, Style::Quiet, say!(language, "looked at: {looked_at}", "examinés : {looked_at}"));
        if !self.not_looked_at.is_empty() {
            let left_out = names(&self.not_looked_at, language);
            page.add(
                0,
                Style::Quiet,
                say!(
                    language,
                    "not looked at: {left_out} (systemd is not running)",
                    "non examinés : {left_out} (systemd n'est pas en marche)"
                ),
            );
        }
        if self.well {
            page.add(0, Style::Good, say!(language, "nothing has to be put right", "rien n'est à corriger"));
        }
        page
    }
}

fn names(looks: &[&str], language: Language) -> String {
    let named: Vec<&str> = looks.iter().map(|look| name(look, language)).collect();
    named.join(", ")
}

fn name(look: &str, language: Language) -> &str {
    match (language, look) {
        (Language::En, _) => look,
        (_, "hooks") => "hooks",
        (_, "anchors") => "ancres",
        (_, "feeds") => "catalogues",
        (_, "site-files") => "fichiers du site",
        (_, "journals") => "journaux",
        (_, "state") => "état",
        (_, "clock") => "horloge",
        (_, "room") => "place",
        _ => look,
    }
}

impl Finding {
    fn page(&self, language: Language, zone: &TimeZone) -> Page {
        let mut page = Page::default();
        match self {
            Self::HookNotAsked { gap } => page.append(0, gaps::page(gap, language)),
            Self::Vendor { notice } => page.append(0, notices::page(std::slice::from_ref(notice), language)),
            _ => {
                page.add(0, Style::Bad, self.sentence(language, zone));
                page.commands(4, &self.advice(language));
            }
        }
        page
    }

    /// What is wrong.
    pub fn sentence(&self, language: Language, zone: &TimeZone) -> String {
        match self {
            Self::HookRemoved { removed } => {
                let file = removed.file.display();
                say!(
                    language,
                    "{file} was removed: the package manager does not ask the agent before it unpacks",
                    "{file} a été supprimé : le gestionnaire de paquets n'interroge plus l'agent avant de dépaqueter"
                )
            }
            Self::HookNotAsked { gap } => gaps::page(gap, language).lines.remove(0).text,
            Self::Vendor { notice } => notices::sentence(notice, language),
            Self::ServiceUnreachable { socket } => {
                let socket = socket.display();
                say!(
                    language,
                    "nobody listens at {socket}: the agent's service cannot be asked",
                    "rien n'écoute sur {socket} : le service de l'agent ne peut pas être interrogé"
                )
            }
            Self::PlanUnusable { package, cause } => say!(
                language,
                "the plan of the package {package} cannot be used: {cause}",
                "le plan du paquet {package} est inutilisable : {cause}"
            ),
            Self::SiteFile { problem } => say!(
                language,
                "the site's file cannot be used: {problem}",
                "le fichier du site est inutilisable : {problem}"
            ),
            Self::NoRoom { folder, free_mib, needed_mib } => {
                let (folder, free_mib, needed_mib) = (folder.clone(), *free_mib, *needed_mib);
                reason::sentence(&Reason::NoRoom { folder, free_mib, needed_mib }, language)
            }
            Self::CouldNotLook { what, cause } => {
                say!(language, "{what} could not be looked at: {cause}", "{what} n'a pas pu être examiné : {cause}")
            }
            Self::ClockBehind { now, seen } => {
                let (now, seen) = (time::full(*now, zone), time::full(*seen, zone));
                say!(
                    language,
                    "the clock says {now}, and something was written or signed at {seen} already",
                    "l'horloge indique {now}, alors qu'il existe déjà un écrit ou une signature de {seen}"
                )
            }
            _ => self.of_vendor(language, zone).unwrap_or_else(|| self.of_product(language)),
        }
    }

    fn of_vendor(&self, language: Language, zone: &TimeZone) -> Option<String> {
        Some(match self {
            Self::AnchorUnusable { vendor, cause } => say!(
                language,
                "nothing of {vendor} is trusted on this host: {cause}",
                "rien de {vendor} n'est reconnu sur cet hôte : {cause}"
            ),
            Self::FeedMissing { vendor } => say!(
                language,
                "no feed of {vendor} was read on this host yet, so nothing that it offers can be verified",
                "aucun flux de {vendor} n'a encore été lu sur cet hôte : rien de ce qu'il propose ne peut être vérifié"
            ),
            Self::FeedExpired { vendor, channel, expired } => {
                let expired = time::full(*expired, zone);
                say!(
                    language,
                    "the feed of {vendor} for {channel} ended on {expired}: nothing newer is believed",
                    "le flux de {vendor} pour {channel} a pris fin le {expired} : rien de plus récent n'est accepté"
                )
            }
            Self::FeedUnusable { vendor, channel, cause } => say!(
                language,
                "the feed of {vendor} for {channel} on this host cannot be used: {cause}",
                "le flux de {vendor} pour {channel} sur cet hôte est inutilisable : {cause}"
            ),
            _ => return None,
        })
    }

    fn of_product(&self, language: Language) -> String {
        match self {
            Self::JournalUnusable { product, upgrade, cause } => say!(
                language,
                "the journal of upgrade {upgrade} of {product} cannot be used: {cause}",
                "le journal de la mise à niveau n° {upgrade} de {product} est inutilisable : {cause}"
            ),
            Self::FlagWithoutUpgrade { product, flag } => {
                let flag = flag.display();
                say!(
                    language,
                    "{flag} keeps the engines of {product} from starting, and no upgrade is under way",
                    "{flag} empêche les moteurs de {product} de démarrer, alors qu'aucune mise à niveau n'est en cours"
                )
            }
            Self::UpgradeWithoutFlag { product, upgrade } => say!(
                language,
                "upgrade {upgrade} of {product} stands with its engines to be stopped, and nothing keeps them from starting",
                "la mise à niveau n° {upgrade} de {product} veut ses moteurs arrêtés, et rien ne les empêche de démarrer"
            ),
            Self::UnknownFile { file } => {
                let file = file.display();
                say!(language, "{file} was not written by this agent", "{file} n'a pas été écrit par cet agent")
            }
            Self::ConditionMissing { product, unit } => say!(
                language,
                "{unit} of {product} would start in the middle of an upgrade: its condition on the agent's flag is not loaded",
                "{unit} de {product} démarrerait au milieu d'une mise à niveau : sa condition sur le témoin de l'agent n'est pas chargée"
            ),
            _ => String::new(),
        }
    }

    /// What to type about it.
    pub fn advice(&self, language: Language) -> Vec<Advice> {
        let reinstall = |language| {
            let purpose = say!(language, "put the agent's files back", "remettre les fichiers de l'agent");
            (typed::reinstall(AGENT), purpose)
        };
        match self {
            Self::HookRemoved { removed } => {
                let purpose = say!(language, "put it back", "le remettre en place");
                vec![(typed::put_back(&removed.default, &removed.file), purpose), reinstall(language)]
            }
            Self::ServiceUnreachable { .. } => {
                let purpose = say!(language, "let it listen again", "le remettre à l'écoute");
                vec![(typed::here().listen.to_owned(), purpose), reinstall(language)]
            }
            Self::AnchorUnusable { vendor, .. } => {
                let purpose = say!(language, "lay the vendor's anchor down again", "reposer l'ancre de l'éditeur");
                vec![(typed::reinstall(&format!("{vendor}-release")), purpose)]
            }
            Self::FeedMissing { .. } | Self::FeedExpired { .. } | Self::FeedUnusable { .. } => {
                vec![advice::refresh(language)]
            }
            Self::PlanUnusable { package, .. } => {
                let purpose = say!(language, "install the package anew", "réinstaller le paquet");
                vec![(typed::reinstall(package.as_str()), purpose)]
            }
            Self::SiteFile { problem } => advice::on_site_file(problem, language),
            Self::JournalUnusable { product, upgrade, .. } => {
                let folder = typed::on_host(&format!("/var/lib/consignee/{product}/journal/{upgrade:04}"));
                let purpose = say!(
                    language,
                    "keep a copy, and find out what the disk did",
                    "en garder une copie, et chercher ce que le disque a fait"
                );
                vec![(shell::keep_copy(&folder), purpose)]
            }
            Self::FlagWithoutUpgrade { .. } => vec![wake(language)],
            Self::UpgradeWithoutFlag { product, .. } => vec![advice::status(product, language), wake(language)],
            Self::UnknownFile { file } => {
                let purpose = say!(language, "whose it is", "à qui il est");
                vec![(shell::show(&file.display().to_string()), purpose)]
            }
            Self::ConditionMissing { unit, .. } => {
                let purpose = say!(language, "read the unit files again", "relire les fichiers d'unités");
                let shown = say!(language, "see what the unit is made of", "voir de quoi l'unité est faite");
                let reread = shell::REREAD.map(|reread| (reread.to_owned(), purpose));
                reread.into_iter().chain([(shell::registered(unit.as_str()), shown)]).collect()
            }
            Self::ClockBehind { .. } => {
                let purpose = say!(language, "see what the clock goes by", "voir sur quoi se règle l'horloge");
                vec![(shell::CLOCK.to_owned(), purpose), advice::refresh(language)]
            }
            Self::NoRoom { folder, .. } => vec![advice::disk(folder, language)],
            Self::HookNotAsked { .. } | Self::Vendor { .. } | Self::CouldNotLook { .. } => Vec::new(),
        }
    }
}

fn wake(language: Language) -> Advice {
    let purpose = say!(language, "let the agent compare everything anew", "faire tout recomparer par l'agent");
    (shell::COMPARE.to_owned(), purpose)
}

#[cfg(test)]
pub(crate) mod samples;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::assert_worded;

    #[test]
    fn every_finding_is_worded_in_both_languages() {
        for finding in samples::findings() {
            let json = serde_json::to_value(&finding).unwrap();
            // Times are shown in the reader's zone, and those of others are worded where they belong.
            let is_worded = !matches!(
                finding,
                Finding::HookNotAsked { .. }
                    | Finding::HookRemoved { .. }
                    | Finding::FeedExpired { .. }
                    | Finding::ClockBehind { .. }
            );
            let sentence = |language| finding.sentence(language, &TimeZone::UTC);
            assert_ne!(sentence(Language::En), sentence(Language::Fr), "{json}");
            if is_worded {
                let without = |mut json: serde_json::Value| {
                    for tag in ["finding", "notice"] {
                        json.as_object_mut().unwrap().remove(tag);
                    }
                    json
                };
                assert_worded(&without(json), sentence);
            }
        }
    }

    #[test]
    fn a_host_in_order_says_what_was_looked_at() {
        let said =
            |language, systemd| DoctorReport::new(Vec::new(), systemd).page(language, &TimeZone::UTC).to_string();
        let page = said(Language::En, true);
        assert!(page.starts_with("looked at: hooks, service") && page.ends_with("nothing has to be put right\n"));
        assert!(said(Language::Fr, true).starts_with("examinés : hooks, service, ancres, catalogues, plans, fichiers"));
    }

    #[test]
    fn what_could_not_be_looked_at_without_systemd_is_not_said_to_be_in_order() {
        let page = DoctorReport::new(Vec::new(), false).page(Language::En, &TimeZone::UTC).to_string();
        assert!(page.starts_with("looked at: hooks, anchors"), "{page}");
        assert!(page.contains("\nnot looked at: service (systemd is not running)\n"), "{page}");
    }

    #[test]
    fn what_is_found_says_what_to_type() {
        for finding in samples::findings() {
            let page = finding.page(Language::En, &TimeZone::UTC);
            let is_alone = matches!(finding, Finding::CouldNotLook { .. } | Finding::Vendor { .. });
            assert!(is_alone || page.lines.len() > 1, "{page}");
        }
    }
}
