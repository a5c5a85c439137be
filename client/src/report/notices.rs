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
        Notice::KeyUnknown { vendor, channel, url, keys, doubt, .. } => {
            let keys: Vec<_> = keys.iter().map(ToString::to_string).collect();
            let (keys, proof) = (keys.join(", "), proof(doubt.as_deref(), language));
            say!(
                language,
                "{vendor}: the channel {channel} at {url} is signed by a key that this host does not know ({keys}); {proof}",
                "{vendor} : le canal {channel} de {url} est signé par une clé que cet hôte ne connaît pas ({keys}) ; {proof}"
            )
        }
        Notice::Unreadable { vendor, channel, url, cause } => say!(
            language,
            "{vendor}: the channel {channel} at {url} cannot be read: {cause}",
            "{vendor} : le canal {channel} de {url} est illisible : {cause}"
        ),
        Notice::WithoutFeed { vendor } => say!(
            language,
            "{vendor}: the site's server has no feed of this vendor (policy.toml): signed packages and their plans are all that this host goes by; nobody tells it of a release that was withdrawn, or that something newer is kept from it",
            "{vendor} : le serveur du site n'a pas de flux de cet éditeur (policy.toml) : cet hôte ne se fie qu'aux paquets signés et à leurs plans ; rien ne lui signale une version retirée, ni qu'une version plus récente lui est cachée"
        ),
        Notice::Older { vendor, channel, url, found, known } => say!(
            language,
            "{vendor}: the channel {channel} at {url} shows generation {found}, and this host knows {known}: it is an old copy, or the site has changed this host to an older stage of its mirror",
            "{vendor} : le canal {channel} de {url} montre la génération {found}, alors que cet hôte connaît la {known} : c'est une ancienne copie, ou bien le site a fait passer cet hôte à une étape plus ancienne de son miroir"
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
    let refresh = (typed::here().refresh.to_owned(), say!(language, "look again", "examiner de nouveau"));
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
        Notice::KeyExpired { introduction, .. } | Notice::KeyUnknown { introduction, .. } => {
            let install = introduction.as_deref().map(|file| {
                let purpose = say!(
                    language,
                    "trust the vendor's keys of today, which its primary key vouches for",
                    "faire confiance aux clés actuelles de l'éditeur, dont sa clé primaire se porte garante"
                );
                (typed::install_introduction(file), purpose)
            });
            install.into_iter().chain([refresh]).collect()
        }
        Notice::Unreadable { .. } | Notice::WithoutFeed { .. } => vec![refresh],
        Notice::Older { vendor, .. } => vec![
            refresh,
            (
                format!("consignee feed {vendor} --accept-older"),
                say!(
                    language,
                    "only if the site itself has changed the stage of this host",
                    "seulement si le site lui-même a changé l'étape de cet hôte"
                ),
            ),
        ],
    }
}

/// Whether the primary key that the host knows vouches for what it does not know.
fn proof(doubt: Option<&str>, language: Language) -> String {
    match doubt {
        None => say!(
            language,
            "the vendor replaced its key while this host was away",
            "l'éditeur a remplacé sa clé pendant que cet hôte était absent"
        ),
        Some(doubt) => say!(
            language,
            "nothing proves that it is the vendor's: install nothing from there, and ask the vendor ({doubt})",
            "rien ne prouve qu'elle est celle de l'éditeur : n'installez rien de là, et contactez l'éditeur ({doubt})"
        ),
    }
}

/// One of each.
#[cfg(test)]
pub(crate) fn samples() -> Vec<Notice> {
    let vendor = || "acme".parse().unwrap();
    let url = "https://packages.acme.example/".to_owned();
    let on = "2026-12-21T00:00:00Z".parse().unwrap();
    let keys = ["A".repeat(40).try_into().unwrap()].into();
    vec![
        Notice::KeyExpires { vendor: vendor(), role: Role::Index, on },
        Notice::KeyExpired { vendor: vendor(), introduction: None, role: Role::Package, on },
        Notice::KeyUnknown {
            vendor: vendor(),
            channel: "stable".parse().unwrap(),
            url: url.clone(),
            keys,
            introduction: None,
            doubt: Some("it is another's".to_owned()),
        },
        Notice::Unreadable {
            vendor: vendor(),
            channel: "stable".parse().unwrap(),
            url: url.clone(),
            cause: "401".to_owned(),
        },
        Notice::WithoutFeed { vendor: vendor() },
        Notice::Older { vendor: vendor(), channel: "stable".parse().unwrap(), url, found: 2, known: 3 },
    ]
}

#[cfg(test)]
mod tests {
    use super::samples as all;
    use super::*;
    use crate::report::samples;

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
    fn what_is_not_proved_is_never_to_be_installed() {
        let text = page(&all()[2..3], Language::En).to_string();
        assert!(text.contains("install nothing from there") && !text.contains("apt install"), "{text}");
        let mut proved = all().remove(2);
        let Notice::KeyUnknown { introduction, doubt, .. } = &mut proved else { panic!() };
        (*introduction, *doubt) = (Some("/var/lib/consignee/acme/.feed/acme-release.deb".into()), None);
        let text = page(&[proved], Language::En).to_string();
        assert!(text.starts_with("consignee: acme: the channel stable"), "{text}");
        assert!(text.contains("    apt install /var/lib/consignee/acme/.feed/acme-release.deb  trust"), "{text}");
    }
}
