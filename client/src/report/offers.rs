//! What a look found and why a transaction is refused: compact, since it stands among apt's own lines.

use consign_metadata::name::ProductId;
use consign_metadata::text::Language;

use super::page::{Page, Style};
use super::{advice, reason};
use crate::engine::event::Reason;
use crate::host::typed;
use crate::request::{Offer, Refusal};

/// What a transaction waits for at a terminal.
pub fn fetching(product: &ProductId, bytes: u64, language: Language) -> Page {
    let mut page = Page::default();
    let mebibytes = bytes.div_ceil(1024 * 1024);
    let line = say!(
        language,
        "consignee: {product}: the previous packages are fetched ({mebibytes} MiB)",
        "consignee : {product} : téléchargement des paquets précédents ({mebibytes} Mio)"
    );
    page.add(0, Style::Quiet, line);
    page
}

/// What is offered and what is held; empty when there is nothing of ours.
pub fn page(offers: &[Offer], language: Language) -> Page {
    let mut page = Page::default();
    for offer in offers {
        let (product, Some(offered)) = (&offer.product, &offer.offered) else { continue };
        let from = offer.installed.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
        if offer.held.is_empty() {
            page.add(
                0,
                Style::Good,
                say!(
                    language,
                    "consignee: {product}{from}: {offered} is offered and cleared",
                    "consignee : {product}{from} : la version {offered} est proposée et autorisée"
                ),
            );
            page.append(2, beside(&offer.told, language));
            continue;
        }
        page.add(
            0,
            Style::Warning,
            say!(
                language,
                "consignee: {product}{from}: {offered} is offered and held back",
                "consignee : {product}{from} : la version {offered} est proposée mais retenue"
            ),
        );
        for reason in &offer.held {
            page.add(2, Style::Plain, format!("- {}", reason::sentence(reason, language)));
        }
        page.commands(4, &advice::on_reasons(product, &offer.held, language));
        page.append(2, beside(&offer.told, language));
    }
    page
}

/// What was found on the host and keeps nothing back.
pub fn beside(told: &[Reason], language: Language) -> Page {
    let mut page = Page::default();
    for reason in told {
        let reason = reason::sentence(reason, language);
        page.add(0, Style::Warning, say!(language, "note: {reason}", "à noter : {reason}"));
    }
    page
}

/// The same before a transaction that goes ahead.
pub fn told(product: &ProductId, reasons: &[Reason], language: Language) -> Page {
    let mut page = Page::default();
    page.add(0, Style::Plain, say!(language, "consignee: {product}:", "consignee : {product} :"));
    page.append(2, beside(reasons, language));
    page
}

/// What was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// A transaction as a whole, before anything of it was unpacked.
    Transaction,
    /// One package, by its own preinst: nobody asked before, and others may have been unpacked.
    Package,
}

/// The one block a refusal shows: every product, every reason, and exactly what to type.
pub fn refusal(refused: Refused, refusals: &[Refusal], language: Language) -> Page {
    let mut page = Page::default();
    page.gap();
    for refusal in refusals {
        let product = &refusal.product;
        let to = refusal.to.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
        let first = match refused {
            Refused::Transaction => say!(
                language,
                "consignee refuses this transaction because of {product}{to}:",
                "consignee refuse cette transaction à cause de {product}{to} :"
            ),
            Refused::Package => say!(
                language,
                "consignee refuses this package of {product}{to}:",
                "consignee refuse ce paquet de {product}{to} :"
            ),
        };
        page.add(0, Style::Bad, first);
        for reason in &refusal.reasons {
            page.add(2, Style::Plain, format!("- {}", reason::sentence(reason, language)));
        }
        let mut typed = Page::default();
        advice::show(&mut typed, &advice::on_reasons(product, &refusal.reasons, language), language);
        page.append(2, typed);
    }
    page.add(0, Style::Plain, unchanged(refused, refusals, language));
    page
}

fn unchanged(refused: Refused, refusals: &[Refusal], language: Language) -> String {
    let again = typed::here().upgrade;
    // No hold can tell who asks: with nobody there the same command is refused again.
    let is_unattended = |reason: &Reason| matches!(reason, Reason::Unattended { .. });
    match refused {
        Refused::Transaction if refusals.iter().flat_map(|refusal| &refusal.reasons).any(is_unattended) => {
            say!(language, "nothing was changed", "rien n'a été changé")
        }
        Refused::Transaction => say!(
            language,
            "nothing was changed; the same {again} typed again upgrades everything else",
            "rien n'a été changé ; relancé tel quel, {again} met à jour tout le reste"
        ),
        Refused::Package => say!(
            language,
            "it was not unpacked, and what is installed of it stays; {again} would have held it back",
            "il n'a pas été dépaqueté, et ce qui en est installé reste ; {again} l'aurait laissé de côté"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{reasons, v};
    use consign_metadata::version::Class;

    fn offer(held: bool) -> Offer {
        let held = if held { vec![reasons().swap_remove(4)] } else { Vec::new() };
        let (product, told) = ("acme/erp".parse().unwrap(), Vec::new());
        Offer { product, installed: Some(v("1.4.0")), offered: Some(v("1.5.0")), held, told }
    }

    #[test]
    fn a_look_without_offers_says_nothing() {
        let nothing = Offer { offered: None, ..offer(false) };
        assert_eq!(page(&[nothing], Language::En), Page::default());
    }

    #[test]
    fn a_held_offer_says_why_and_what_to_type() {
        assert_eq!(
            page(&[offer(true)], Language::En).to_string(),
            "consignee: acme/erp 1.4.0: 1.5.0 is offered and held back\n  \
             - the release note on 1.5.0 is not acknowledged\n    \
             consignee notes acme/erp  read the release notes\n    \
             consignee ack acme/erp    acknowledge what is asked for\n"
        );
        let cleared = page(&[offer(false)], Language::Fr).to_string();
        assert_eq!(cleared, "consignee : acme/erp 1.4.0 : la version 1.5.0 est proposée et autorisée\n");
    }

    #[test]
    fn a_refusal_names_every_reason_and_ends_with_what_can_be_done() {
        let product = "acme/erp".parse().unwrap();
        let unattended = |reason: &Reason| matches!(reason, Reason::Unattended { .. });
        let reasons: Vec<_> =
            reasons().into_iter().filter(|reason| !unattended(reason) && !reason.is_out_of_reach()).collect();
        let refusals = [Refusal { product, to: Some(v("1.5.0")), reasons: reasons.clone() }];
        let block = refusal(Refused::Transaction, &refusals, Language::En).to_string();
        for reason in reasons {
            assert!(block.contains(&reason::sentence(&reason, Language::En)), "{block}");
        }
        assert!(block.contains("consignee ack acme/erp"), "{block}");
        assert!(block.trim_end().ends_with("upgrades everything else"), "{block}");
    }

    #[test]
    fn where_nobody_is_there_the_same_command_is_not_said_to_help() {
        let reasons = vec![Reason::Unattended { class: Class::Minor }];
        let refusals = [Refusal { product: "acme/erp".parse().unwrap(), to: None, reasons }];
        let block = refusal(Refused::Transaction, &refusals, Language::En).to_string();
        assert!(block.ends_with("\nnothing was changed\n"), "{block}");
    }

    #[test]
    fn a_refused_package_is_not_told_of_a_transaction() {
        let refusals = [Refusal { product: "acme/erp".parse().unwrap(), to: None, reasons: reasons() }];
        let block = refusal(Refused::Package, &refusals, Language::En).to_string();
        assert!(block.ends_with("what is installed of it stays; apt upgrade would have held it back\n"), "{block}");
        assert!(!block.contains("transaction because") && !block.contains("typed again"), "{block}");
    }
}
