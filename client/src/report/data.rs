//! The version that the data is at, against the one that was last seen.

use consign_metadata::name::ProductId;
use consign_metadata::text::Language;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::page::{Page, Style};
use super::{FORMAT, advice, failure, time, words};
use crate::data::Record;
use crate::engine::event::Failure;
use crate::product::Product;

/// The answer of `consignee data --json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataReport {
    /// [`FORMAT`].
    pub format: u32,
    /// The product.
    pub product: ProductId,
    /// What was last seen, or accepted; null before anything was.
    pub recorded: Option<Record>,
    /// The version that was found now; null where nobody could look, or the plan does not tell how.
    pub found: Option<String>,
    /// Why nobody could look; else null.
    pub failure: Option<Failure>,
}

impl DataReport {
    /// What was found, and what is on record.
    pub fn new(product: &Product, recorded: Option<Record>, found: Option<String>, failure: Option<Failure>) -> Self {
        Self { format: FORMAT, product: product.id.clone(), recorded, found, failure }
    }

    /// Whether the data is at another version than the one on record.
    pub fn differs(&self) -> bool {
        self.recorded.as_ref().is_some_and(|record| record.differs.is_some())
    }

    /// As text.
    pub fn page(&self, language: Language, zone: &TimeZone) -> Page {
        let mut page = Page::default();
        page.add(0, Style::Heading, self.product.to_string());
        match (&self.found, &self.failure) {
            (_, Some(failure)) => {
                let why = failure::sentence(failure, language);
                let line = say!(
                    language,
                    "nobody could look at the data: {why}",
                    "les données n'ont pas pu être examinées : {why}"
                );
                page.add(2, Style::Warning, line);
                for line in failure::output(failure) {
                    page.add(4, Style::Quiet, format!("| {line}"));
                }
            }
            (Some(found), None) => {
                let style = if self.differs() { Style::Bad } else { Style::Good };
                page.add(2, style, say!(language, "data: at {found}", "données : en version {found}"));
            }
            (None, None) => page.add(2, Style::Plain, untold(language)),
        }
        if let Some(record) = &self.recorded {
            page.add(2, Style::Plain, recorded(record, language, zone));
        }
        if self.differs() {
            page.add(2, Style::Plain, kept(language));
            page.append(2, typed(&self.product, language));
        }
        page
    }
}

fn untold(language: Language) -> String {
    say!(
        language,
        "its plan does not tell the version of its data",
        "son plan ne permet pas de connaître la version de ses données"
    )
}

fn recorded(record: &Record, language: Language, zone: &TimeZone) -> String {
    let Record { version, release, .. } = record;
    let at = time::full(record.at, zone);
    match record.accepted_by.as_ref().map(words::person) {
        Some(by) => say!(
            language,
            "on record: {version}, accepted by {by} on {at}, with release {release}",
            "enregistrée : {version}, acceptée par {by} le {at}, avec la version {release} du produit"
        ),
        None => say!(
            language,
            "on record: {version}, seen on {at}, with release {release}",
            "enregistrée : {version}, constatée le {at}, avec la version {release} du produit"
        ),
    }
}

fn kept(language: Language) -> String {
    say!(
        language,
        "a dump was restored or a snapshot reverted: the engines are stopped, and do not start on it",
        "un export (dump) de la base a été rechargé ou un instantané rétabli : les moteurs sont arrêtés et ne démarrent pas dessus"
    )
}

fn typed(product: &ProductId, language: Language) -> Page {
    let mut page = Page::default();
    advice::show(&mut page, &[advice::data(product, language), advice::accept_data(product, language)], language);
    page
}

/// What the status says of data that differ.
pub fn difference(record: &Record, language: Language) -> Option<Page> {
    let found = &record.differs.as_ref()?.found;
    let Record { version, release, .. } = record;
    let mut page = Page::default();
    let line = say!(
        language,
        "the data is at {found}, and was at {version} with release {release}",
        "les données sont en version {found}, et étaient en {version} avec la version {release} du produit"
    );
    page.add(0, Style::Bad, line);
    page.add(0, Style::Plain, kept(language));
    Some(page)
}
