//! The way to a version, and how far a product has come on it.

use consign_metadata::name::ProductId;
use consign_metadata::text::Language;
use consign_metadata::version::{Class, Version};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::advice::{self, Advice};
use super::page::{Page, Style};
use super::{FORMAT, offers, reason, time, words};
use crate::engine::event::{Person, Reason};
use crate::journey::{Hop, Journey};
use crate::request::{Leg, Offer, Way};

/// The answer of `consignee upgrade --plan --json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WayReport {
    /// [`FORMAT`].
    pub format: u32,
    /// The product.
    pub product: ProductId,
    /// The version last finished.
    pub from: Version,
    /// One upgrade after the other.
    pub hops: Vec<PlannedHop>,
    /// What cannot be reached, and why.
    pub beyond: Vec<Offer>,
}

/// One upgrade of a way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedHop {
    /// The version it starts from.
    pub from: Version,
    /// The stop that it goes to.
    pub to: Version,
    /// The class of the change.
    pub class: Class,
    /// Of the first everything that is in the way, of later ones what a person can already do.
    pub held: Vec<Reason>,
    /// How long everything before its packages will probably take; null where nothing tells.
    pub preparation_estimate_seconds: Option<u64>,
}

impl WayReport {
    /// As data.
    pub fn of(product: &ProductId, way: &Way) -> Self {
        let hop = |leg: &Leg| PlannedHop {
            from: leg.from.clone(),
            to: leg.to.clone(),
            class: leg.class,
            held: leg.held.clone(),
            preparation_estimate_seconds: leg.preparation_seconds,
        };
        let hops = way.legs.iter().map(hop).collect();
        Self { format: FORMAT, product: product.clone(), from: way.from.clone(), hops, beyond: way.beyond.clone() }
    }
}

/// The way as text.
pub fn way(product: &ProductId, way: &Way, language: Language) -> Page {
    let mut page = Page::default();
    page.add(0, Style::Heading, format!("{product} {}", way.from));
    if way.legs.is_empty() && way.beyond.is_empty() {
        page.add(2, Style::Good, say!(language, "nothing newer is offered", "rien de plus récent n'est proposé"));
    }
    for (index, leg) in way.legs.iter().enumerate() {
        let (number, class) = (index + 1, words::class(leg.class, language));
        let hop = words::journey(Some(&leg.from), &leg.to, language);
        page.add(2, Style::Plain, format!("{number}. {hop} ({class})"));
        if let Some(span) = leg.preparation_seconds.map(|seconds| time::span(seconds, language)) {
            let line = say!(language, "preparation: about {span}", "préparation : environ {span}");
            page.add(5, Style::Quiet, line);
        }
        for held in &leg.held {
            page.add(5, Style::Warning, format!("- {}", reason::sentence(held, language)));
        }
    }
    page.append(2, offers::page(&way.beyond, language));
    page
}

/// That it goes no further.
pub fn stays(product: &ProductId, language: Language) -> Page {
    let mut page = Page::default();
    let line = say!(
        language,
        "{product} goes no further than the upgrade that is under way, if one is",
        "{product} n'ira pas plus loin que la mise à niveau en cours, s'il y en a une"
    );
    page.add(0, Style::Good, line);
    page
}

/// How far a product has come, as data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JourneyStatus {
    /// The version at which it began.
    pub from: Version,
    /// Where it goes.
    pub to: Version,
    /// Who wants it.
    pub by: Person,
    /// Since when.
    pub begun: Timestamp,
    /// The stops that are left, ascending.
    pub ahead: Vec<Version>,
    /// The upgrades that were begun for it, oldest first.
    pub hops: Vec<Hop>,
    /// What keeps the next one from beginning; empty while nothing does.
    pub waits: Vec<Reason>,
}

impl JourneyStatus {
    /// Of a journey; `finished` is where the product is.
    pub fn of(journey: Journey, finished: Option<&Version>) -> Self {
        let Journey { from, to, by, begun, mut ahead, hops, waits, .. } = journey;
        ahead.retain(|stop| finished.is_none_or(|finished| stop > finished));
        Self { from, to, by, begun, ahead, hops, waits }
    }

    /// As text.
    pub fn page(&self, product: &ProductId, language: Language, zone: &TimeZone) -> Page {
        let mut page = Page::default();
        let (journey, by) = (words::journey(Some(&self.from), &self.to, language), words::person(&self.by));
        let since = time::full(self.begun, zone);
        let headline = say!(
            language,
            "on its way, {journey}, for {by} since {since}",
            "en route, {journey}, pour {by} depuis le {since}"
        );
        page.add(0, Style::Warning, headline);
        if !self.ahead.is_empty() {
            let ahead = words::list(&self.ahead);
            page.add(2, Style::Plain, say!(language, "stops left: {ahead}", "étapes restantes : {ahead}"));
        }
        if self.waits.is_empty() {
            return page;
        }
        page.add(2, Style::Plain, say!(language, "the next one waits:", "la prochaine attend :"));
        for reason in &self.waits {
            page.add(4, Style::Plain, format!("- {}", reason::sentence(reason, language)));
        }
        advice::show(&mut page, &self.advice(product, &self.waits, language), language);
        page
    }

    /// What to type where the next upgrade waits for this.
    pub fn advice(&self, product: &ProductId, reasons: &[Reason], language: Language) -> Vec<Advice> {
        let mut typed = advice::on_reasons(product, reasons, language);
        if !reasons.iter().any(Reason::passes_with_time) {
            typed.push(advice::upgrade(product, language));
        }
        typed.dedup();
        typed
    }

    /// In a line: where it goes, and whether anything keeps it.
    pub fn headline(&self, language: Language) -> String {
        let (to, next) = (&self.to, self.ahead.first().unwrap_or(&self.to));
        match self.waits.is_empty() {
            true => say!(language, "on its way to {to}", "en route vers {to}"),
            false if next == to => say!(language, "on its way to {to}, and waits", "en route vers {to}, en attente"),
            false => say!(
                language,
                "on its way to {to}, and waits before {next}",
                "en route vers {to}, en attente avant {next}"
            ),
        }
    }
}
