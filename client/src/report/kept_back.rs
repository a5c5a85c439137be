//! What keeps a cleared upgrade back, in words, and what to type so that it comes.

use consign_metadata::text::Language;

use super::advice::{self, Advice};
use super::page::{Page, Style};
use super::words;
use crate::host::typed;
use crate::kept_back::Reach;
use crate::places::Places;
use crate::product::Product;
use crate::request::Offer;

/// Why an ordinary upgrade passes it over; empty where none does.
pub fn sentences(reach: &Reach, language: Language) -> Vec<String> {
    let (plain, upgrade, full) = (typed::here().plain_upgrade, typed::here().upgrade, typed::here().full_upgrade);
    let kept = match reach {
        Reach::Plain => return Vec::new(),
        Reach::NewPackages { packages } => {
            let packages = words::list(packages);
            say!(
                language,
                "{plain} keeps it back, because it needs packages that are not installed: {packages}; {upgrade} installs them",
                "{plain} la laisse de côté, car elle demande des paquets qui ne sont pas installés : {packages} ; {upgrade} les installe"
            )
        }
        Reach::Removals { packages } => {
            let packages = words::list(packages);
            say!(
                language,
                "{upgrade} keeps it back, because other packages have to go for it: {packages}; {full} removes them",
                "{upgrade} la laisse de côté, car d'autres paquets doivent partir : {packages} ; {full} les supprime"
            )
        }
        Reach::AfterFirst { package } => say!(
            language,
            "the next {upgrade} keeps it back and brings {package}, which makes its new packages known; the one after it upgrades the product",
            "le prochain {upgrade} la laisse de côté et apporte {package}, qui fait connaître ses nouveaux paquets ; le suivant met le produit à niveau"
        ),
        Reach::Never { why } if why.is_empty() => say!(
            language,
            "the package manager keeps it back and does not say why; a hold of the administrator's does that",
            "le gestionnaire de paquets la laisse de côté sans dire pourquoi ; un blocage de l'administrateur a cet effet"
        ),
        Reach::Never { .. } => say!(
            language,
            "the package manager cannot install it as things are:",
            "le gestionnaire de paquets ne peut pas l'installer en l'état :"
        ),
    };
    let why = match reach {
        Reach::Never { why } => why.as_slice(),
        _ => &[],
    };
    std::iter::once(kept).chain(why.iter().map(|line| format!("| {line}"))).collect()
}

/// What to type, most useful first.
pub fn advice(reach: &Reach, language: Language) -> Vec<Advice> {
    let full = || {
        let purpose = say!(language, "upgrade now; read what it removes", "mettre à niveau ; lire ce qui est supprimé");
        (typed::here().full_upgrade.to_owned(), purpose)
    };
    match reach {
        Reach::Plain | Reach::NewPackages { .. } => vec![advice::package_upgrade(language)],
        Reach::Removals { .. } => vec![full()],
        Reach::AfterFirst { .. } => {
            let purpose = say!(language, "upgrade now; twice", "mettre à niveau maintenant ; deux fois");
            vec![(typed::here().upgrade.to_owned(), purpose)]
        }
        Reach::Never { .. } => {
            let purpose = say!(language, "see what the administrator holds", "voir ce que l'administrateur bloque");
            vec![(typed::here().held.to_owned(), purpose)]
        }
    }
}

/// The same for what a look has just cleared, below its offers.
pub fn page(places: &Places, offers: &[Offer], language: Language) -> Page {
    let mut page = Page::default();
    for offer in offers.iter().filter(|offer| offer.held.is_empty()) {
        let Some(version) = &offer.offered else { continue };
        let product = Product::new(places, offer.product.clone());
        let Some(kept) = crate::kept_back::KeptBack::read(&product, version) else { continue };
        for line in sentences(&kept.reach, language) {
            let (product, indent) = (&offer.product, if line.starts_with('|') { 4 } else { 2 });
            let line = if indent == 2 { format!("{product} {version}: {line}") } else { line };
            page.add(indent, Style::Plain, line);
        }
        page.commands(4, &advice(&kept.reach, language));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_keeps_it_back_is_worded_with_a_command() {
        let of = |name: &str| vec![name.to_owned()];
        let all = [
            Reach::NewPackages { packages: of("libpq5") },
            Reach::Removals { packages: of("libold") },
            Reach::AfterFirst { package: "acme-release".to_owned() },
            Reach::Never { why: of("acme-erp : Depends: libpq6 but it is not installable") },
            Reach::Never { why: Vec::new() },
        ];
        for reach in all {
            let (english, french) = (sentences(&reach, Language::En), sentences(&reach, Language::Fr));
            assert_ne!(english, french);
            assert_eq!(advice(&reach, Language::En).len(), 1, "{reach:?}");
            let named = serde_json::to_value(&reach).unwrap();
            let named = named.as_object().unwrap().iter().filter(|(key, _)| *key != "reach");
            for name in named.flat_map(|(_, value)| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])) {
                let name = name.as_str().unwrap().to_owned();
                assert!([&english, &french].iter().all(|said| said.join("\n").contains(&name)), "{name}");
            }
        }
        assert_eq!(sentences(&Reach::Plain, Language::En), [""; 0]);
    }
}
