//! The status as text.

use consign_metadata::text::Language;
use jiff::tz::TimeZone;

use super::{Overview, ProductStatus, Seen, UpgradeStatus};
use crate::configuration::NewDefault;
use crate::engine::machine::{State, Upgrade};
use crate::host::typed;
use crate::previous::PreviousPackages;
use crate::report::page::{Page, Style};
use crate::report::state::{self, Standing};
use crate::report::{advice, data, failure, gaps, host, kept_back, notices, offers, reason, time, words};

impl Overview {
    /// As text.
    pub fn page(&self, language: Language, zone: &TimeZone) -> Page {
        let mut page = Page::default();
        for seen in &self.products {
            page.gap();
            page.append(0, seen.page(language, zone));
        }
        if !self.notices.is_empty() {
            page.gap();
        }
        page.append(0, notices::page(&self.notices, language));
        for removed in &self.removed {
            page.gap();
            page.append(0, not_asked(removed, language));
        }
        for gap in &self.gaps {
            page.gap();
            page.append(0, gaps::page(gap, language));
        }
        page
    }
}

impl Seen {
    fn page(&self, language: Language, zone: &TimeZone) -> Page {
        let (mut page, status) = (Page::default(), &self.status);
        let finished = match &status.finished {
            Some(version) => version.to_string(),
            None => say!(language, "not finished yet", "(installation pas encore terminée)"),
        };
        page.add(0, Style::Heading, format!("{} {finished}", status.product));
        if let Some(problem) = &status.problem {
            page.add(
                2,
                Style::Bad,
                say!(language, "its journal cannot be used: {problem}", "son journal est inutilisable : {problem}"),
            );
        }
        let is_under_way = self.upgrade.as_ref().is_some_and(Upgrade::is_under_way);
        let differs =
            status.data.as_ref().filter(|_| !is_under_way).and_then(|found| data::difference(found, language));
        if let Some(differs) = &differs {
            page.append(2, differs.clone());
            let id = &status.product;
            let typed = [advice::data(id, language), advice::accept_data(id, language)];
            advice::show(&mut page, &typed, language);
        }
        if status.engines_kept_from_starting && !is_under_way && differs.is_none() {
            page.add(2, Style::Warning, arriving(language));
        }
        if let (Some(upgrade), Some(shown)) = (&self.upgrade, &status.upgrade) {
            page.append(2, standing_page(upgrade, shown, status, language, zone));
        }
        if let Some(journey) = &status.journey {
            page.append(2, journey.page(&status.product, language, zone));
        }
        page.append(2, offers::page(&status.offers, language));
        for NewDefault { file, default } in &status.new_defaults {
            let (file, default) = (file.display(), default.display());
            let line = say!(
                language,
                "{file} is the site's and was kept; the vendor's new default is {default}",
                "{file} est celui du site et a été gardé ; la nouvelle version par défaut est {default}"
            );
            page.add(2, Style::Warning, line);
        }
        page
    }
}

fn not_asked(removed: &NewDefault, language: Language) -> Page {
    let (mut page, file) = (Page::default(), removed.file.display());
    let line = say!(
        language,
        "{file} was removed: the package manager does not ask the agent before it unpacks",
        "{file} a été supprimé : le gestionnaire de paquets n'interroge plus l'agent avant de dépaqueter"
    );
    page.add(0, Style::Warning, line);
    let purpose = say!(language, "put it back", "le remettre en place");
    advice::show(&mut page, &[(typed::put_back(&removed.default, &removed.file), purpose)], language);
    page
}

fn arriving(language: Language) -> String {
    say!(
        language,
        "packages are arriving; the engines are kept from starting until the agent has finished",
        "des paquets arrivent ; les moteurs ne démarrent pas avant que l'agent ait terminé"
    )
}

fn standing_page(
    upgrade: &Upgrade,
    shown: &UpgradeStatus,
    status: &ProductStatus,
    language: Language,
    zone: &TimeZone,
) -> Page {
    let mut page = Page::default();
    let held = is_passing(upgrade, shown).then_some(&State::Held);
    let state = held.unwrap_or(&upgrade.state);
    page.add(0, style(state::standing(state)), headline(upgrade, state, language));
    let passing = shown.passing();
    for reason in shown.reasons.iter().chain(&passing) {
        page.add(2, Style::Plain, format!("- {}", reason::sentence(reason, language)));
    }
    for line in shown.failure.as_ref().map(failure::output).unwrap_or_default() {
        page.add(2, Style::Quiet, format!("| {line}"));
    }
    let since = time::full(shown.since, zone);
    page.add(0, Style::Quiet, say!(language, "since {since}", "depuis le {since}"));
    if upgrade.is_under_way() {
        let [packages, engines, data] = host::sentences(upgrade, status.engines_kept_from_starting, language);
        page.add(0, Style::Plain, packages);
        for module in &shown.modules {
            page.add(2, Style::Plain, format!("- {}", host::module(module, language)));
        }
        if !shown.also_repaired.is_empty() {
            page.add(2, Style::Plain, format!("- {}", host::also_repaired(&shown.also_repaired, language)));
        }
        page.add(0, Style::Plain, engines);
        page.add(0, Style::Plain, data);
    }
    for reason in &status.no_room {
        page.add(0, Style::Bad, reason::sentence(reason, language));
    }
    page.append(0, previous(shown, language));
    for line in status.kept_back.iter().flat_map(|reach| kept_back::sentences(reach, language)) {
        page.add(0, Style::Plain, line);
    }
    let mut typed = super::advise(upgrade, status.kept_back.as_ref(), language);
    // What is typed at the package manager leaves it alone until then.
    if let Some(of_host) = shown.advice(upgrade, language) {
        typed = of_host;
    }
    typed.splice(0..0, super::room::advice(&status.no_room, upgrade, language));
    page.append(0, offers::beside(&shown.told, language));
    if shown.outage_estimate_seconds.is_some() {
        page.add(0, Style::Plain, time::about(shown.outage_estimate_seconds, language));
    }
    if !shown.unattended {
        page.add(0, Style::Plain, by_hand(language));
    }
    // On its way the agent does it.
    if status.journey.is_none() || upgrade.is_under_way() {
        advice::show(&mut page, &typed, language);
    }
    page
}

/// Whether the packages to go back to are there.
fn previous(shown: &UpgradeStatus, language: Language) -> Page {
    let mut page = Page::default();
    let Some(PreviousPackages { folder, missing }) = &shown.previous_packages else { return page };
    let names: Vec<String> = missing.iter().map(|found| format!("{} {}", found.package, found.version)).collect();
    let (folder, names) = (folder.display(), words::list(&names));
    let kept = || say!(language, "previous packages: kept in {folder}", "paquets précédents : gardés dans {folder}");
    let lacks = || {
        say!(
            language,
            "previous packages: missing in {folder}: {names}",
            "paquets précédents : manquants dans {folder} : {names}"
        )
    };
    match missing.is_empty() {
        true => page.add(0, Style::Quiet, kept()),
        false => page.add(0, Style::Plain, lacks()),
    }
    page
}

fn by_hand(language: Language) -> String {
    say!(
        language,
        "the site's file lets it be installed at a terminal only",
        "le fichier du site ne permet de l'installer que depuis un terminal"
    )
}

/// Whether its gates are satisfied, and time or the host alone keeps it back.
fn is_passing(upgrade: &Upgrade, shown: &UpgradeStatus) -> bool {
    upgrade.state == State::Cleared && shown.is_passing()
}

fn headline(upgrade: &Upgrade, state: &State, language: Language) -> String {
    let header = &upgrade.header;
    let state = state::sentence(state, header, language);
    let (number, journey) = (header.upgrade, words::journey(header.from.as_ref(), &header.to, language));
    let class = header.class.map(|class| format!(" ({})", words::class(class, language))).unwrap_or_default();
    match upgrade.state {
        State::Planned | State::Held | State::Cleared => {
            let to = &header.to;
            say!(language, "offered: {to}{class}: {state}", "proposée : {to}{class} : {state}")
        }
        _ => say!(language, "upgrade {number}, {journey}: {state}", "mise à niveau n° {number}, {journey} : {state}"),
    }
}

fn style(standing: Standing) -> Style {
    match standing {
        Standing::Well => Style::Good,
        Standing::Waits | Standing::UnderWay => Style::Warning,
        Standing::Halted => Style::Bad,
    }
}
