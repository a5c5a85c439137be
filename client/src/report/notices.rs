//! What an administrator must hear of a vendor, and what to type: after an update of the lists, and in the
//! status.

use consign_metadata::document::Role;
use consign_metadata::text::Language;

use super::advice::Advice;
use super::page::{Page, Style};
use crate::host::typed;
use crate::notice::Notice;

/// Every notice with what to type; empty when there is none.
pub fn page(notices: &[Notice], language: Language) -> Page {
    let mut page = Page::default();
    for notice in notices {
        let style = if notice.is_urgent() { Style::Bad } else { Style::Warning };
        let sentence = sentence(notice, language);
        page.add(0, style, say!(language, "consignee: {sentence}", "consignee : {sentence}"));
        page.commands(4, &advice(notice, language));
    }
    page
}

/// The notice, beginning with the vendor.
pub fn sentence(notice: &Notice, language: Language) -> String {
    match notice {
        Notice::KeyExpires { vendor, role, on, .. } => {
            let (what, on) = (signed(*role, language), on.strftime("%Y-%m-%d"));
            say!(
                language,
                "{vendor}: the key that signs its {what} expires on {on}; until then the vendor has to publish a later date or a new key, and this host to install it",
                "{vendor} : la clé qui signe ses {what} expire le {on} ; d'ici là l'éditeur doit publier une nouvelle date ou une nouvelle clé, et cet hôte l'installer"
            )
        }
        Notice::KeyExpired { vendor, role, on, .. } => {
            let (what, on) = (signed(*role, language), on.strftime("%Y-%m-%d"));
            say!(
                language,
                "{vendor}: by what this host knows, the key that signs its {what} expired on {on}; nothing it signs is accepted any more",
                "{vendor} : d'après ce que sait cet hôte, la clé qui signe ses {what} a expiré le {on} ; plus rien de ce qu'elle signe n'est accepté"
            )
        }
        Notice::KeyUnknown { vendor, channel, url, keys } => {
            let keys: Vec<_> = keys.iter().map(ToString::to_string).collect();
            let keys = keys.join(", ");
            say!(
                language,
                "{vendor}: the channel {channel} at {url} is signed by a key that this host does not know ({keys}); the vendor may have replaced its key while this host was away",
                "{vendor} : le canal {channel} de {url} est signé par une clé que cet hôte ne connaît pas ({keys}) ; l'éditeur a pu la remplacer pendant que cet hôte était absent"
            )
        }
        Notice::Unreadable { vendor, channel, url, cause } => say!(
            language,
            "{vendor}: the channel {channel} at {url} cannot be read: {cause}",
            "{vendor} : le canal {channel} de {url} est illisible : {cause}"
        ),
    }
}

fn signed(role: Role, language: Language) -> String {
    match role {
        Role::Index => say!(language, "index", "index"),
        Role::Package => say!(language, "packages", "paquets"),
    }
}

/// What to type about it.
pub fn advice(notice: &Notice, language: Language) -> Vec<Advice> {
    let refresh = (typed::REFRESH.to_owned(), say!(language, "look again", "regarder à nouveau"));
    match notice {
        Notice::KeyExpires { vendor, .. } => vec![
            refresh,
            (
                typed::upgrade_anchor(vendor),
                say!(
                    language,
                    "brings the new date or key, once it is published",
                    "apporte la nouvelle date ou clé, une fois publiée"
                ),
            ),
        ],
        Notice::KeyExpired { vendor, url, .. } => by_hand(vendor, url.as_deref().unwrap_or("<URL>"), refresh, language),
        Notice::KeyUnknown { vendor, url, .. } => by_hand(vendor, url, refresh, language),
        Notice::Unreadable { .. } => vec![refresh],
    }
}

fn by_hand(vendor: &consign_metadata::name::VendorName, url: &str, refresh: Advice, language: Language) -> Vec<Advice> {
    vec![
        (
            typed::fetch_anchor(vendor, url),
            say!(language, "fetch the vendor's keys of today", "télécharger les clés actuelles de l'éditeur"),
        ),
        (typed::install_anchor(vendor), say!(language, "trust them on this host", "leur faire confiance sur cet hôte")),
        refresh,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    fn all() -> Vec<Notice> {
        let vendor = || "acme".parse().unwrap();
        let url = "https://packages.acme.example/".to_owned();
        let on = "2026-12-21T00:00:00Z".parse().unwrap();
        let keys = ["A".repeat(40).try_into().unwrap()].into();
        vec![
            Notice::KeyExpires { vendor: vendor(), url: None, role: Role::Index, on },
            Notice::KeyExpired { vendor: vendor(), url: Some(url.clone()), role: Role::Package, on },
            Notice::KeyUnknown { vendor: vendor(), channel: "stable".parse().unwrap(), url: url.clone(), keys },
            Notice::Unreadable { vendor: vendor(), channel: "stable".parse().unwrap(), url, cause: "401".to_owned() },
        ]
    }

    #[test]
    fn every_notice_is_worded_in_both_languages_with_what_to_type() {
        for notice in all() {
            assert_ne!(sentence(&notice, Language::En), sentence(&notice, Language::Fr));
            assert!(!advice(&notice, Language::En).is_empty());
        }
        for notice in &all()[2..] {
            let mut value = serde_json::to_value(notice).unwrap();
            value.as_object_mut().unwrap().remove("notice");
            samples::assert_worded(&value, |language| sentence(notice, language));
        }
    }

    #[test]
    fn the_way_through_is_typed_as_it_is_shown() {
        let text = page(&all()[2..3], Language::En).to_string();
        assert!(
            text.contains(
                "/usr/lib/apt/apt-helper download-file https://packages.acme.example/acme-release.deb acme-release.deb"
            ),
            "{text}"
        );
        assert!(text.contains("apt install ./acme-release.deb"), "{text}");
        assert!(text.starts_with("consignee: acme: the channel stable"), "{text}");
    }
}
