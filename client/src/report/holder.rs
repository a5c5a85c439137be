//! Who was in the way of a step that was tried too often, as sentences.

use consign_metadata::text::Language;

use super::advice::{self, Advice};
use super::{reason, words};
use crate::engine::event::Holder;

/// What is put behind the sentence about the step; nothing where nobody was seen.
pub fn behind(holders: &[Holder], language: Language) -> String {
    if holders.is_empty() {
        return String::new();
    }
    let each = holders.iter().map(|holder| sentence(holder, language)).collect::<Vec<_>>();
    let all = words::list(&each);
    say!(language, "; in its way were: {all}", " ; sur son chemin : {all}")
}

fn sentence(holder: &Holder, language: Language) -> String {
    match holder {
        Holder::File(held) => reason::held_file(held, language),
        Holder::Packages { process, pid } => say!(
            language,
            "the package manager's transaction of {process} ({pid})",
            "la transaction de paquets de {process} ({pid})"
        ),
        Holder::Data { database } => say!(
            language,
            "another host, which has the lock of the data (database {database})",
            "un autre hôte, qui détient le verrou des données (base {database})"
        ),
    }
}

/// What to type about those that are on this host.
pub fn advice(holders: &[Holder], language: Language) -> Vec<Advice> {
    let one = |holder: &Holder| match holder {
        Holder::File(held) => Some(advice::open_by(held, language)),
        Holder::Packages { pid, .. } => Some(advice::process(*pid, language)),
        Holder::Data { .. } => None,
    };
    let mut all: Vec<Advice> = holders.iter().filter_map(one).collect();
    all.dedup();
    all
}
