//! The generations of a vendor's feeds: known, shown, accepted.

use consign_metadata::name::VendorName;
use consign_metadata::text::Language;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::page::{Page, Style};
use super::{FORMAT, time, words};
use crate::cli::Exit;
use crate::feed::accepted::Acceptance;
use crate::request::FeedState;

/// The answer of `consignee feed --json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeedReport {
    /// [`FORMAT`].
    pub format: u32,
    /// Whose.
    pub vendor: VendorName,
    /// By channel.
    pub feeds: Vec<FeedState>,
    /// The older generations that people have accepted, oldest first.
    pub accepted: Vec<Acceptance>,
    /// How many of these were accepted just now, in as many channels.
    pub accepted_now: usize,
}

impl FeedReport {
    /// What was found; `accepted_now` of what people have accepted is new.
    pub fn new(vendor: &VendorName, feeds: Vec<FeedState>, accepted: Vec<Acceptance>, accepted_now: usize) -> Self {
        Self { format: FORMAT, vendor: vendor.clone(), feeds, accepted, accepted_now }
    }

    /// How the command ends.
    pub fn standing(&self) -> Exit {
        let now = Timestamp::now();
        let waits = |feed: &FeedState| feed.older().is_some() || feed.believed_until.is_some_and(|until| until < now);
        match &self.feeds[..] {
            [] => Exit::Failed,
            feeds if feeds.iter().any(|feed| feed.problem.is_some()) => Exit::Failed,
            feeds if feeds.iter().any(waits) => Exit::Waits,
            _ => Exit::Done,
        }
    }

    /// As text.
    pub fn page(&self, language: Language, zone: &TimeZone) -> Page {
        let mut page = Page::default();
        page.add(0, Style::Heading, self.vendor.to_string());
        if self.feeds.is_empty() {
            let none =
                say!(language, "no repository on this host has that channel", "aucun dépôt de cet hôte n'a ce canal");
            page.add(2, Style::Warning, none);
        }
        for feed in &self.feeds {
            page.append(2, feed.page(&self.vendor, language, zone));
        }
        for acceptance in &self.accepted {
            page.add(2, Style::Plain, acceptance.sentence(language, zone));
        }
        page
    }
}

impl FeedState {
    fn page(&self, vendor: &VendorName, language: Language, zone: &TimeZone) -> Page {
        let mut page = Page::default();
        let Self { channel, url, minimum, .. } = self;
        page.add(0, Style::Plain, say!(language, "{channel}, at {url}", "{channel}, sur {url}"));
        let known = self.known.map_or_else(|| say!(language, "none", "aucune"), |known| known.to_string());
        page.add(2, Style::Plain, say!(language, "this host knows: {known}", "connue de cet hôte : {known}"));
        match (self.shown, &self.problem) {
            (Some(shown), _) => page.add(2, self.style(), self.shows(shown, language, zone)),
            (None, problem) => {
                let problem = problem.as_deref().unwrap_or_default();
                let line = say!(language, "nobody could look: {problem}", "examen impossible : {problem}");
                page.add(2, Style::Warning, line);
            }
        }
        match self.older() {
            Some(older) if older < *minimum => {
                let line = say!(
                    language,
                    "it cannot be accepted: the vendor asks for {minimum} at least",
                    "elle ne peut pas être acceptée : l'éditeur exige au moins la {minimum}"
                );
                page.add(2, Style::Bad, line);
            }
            Some(_) => page.commands(4, &[advice(vendor, language)]),
            None => {}
        }
        page
    }

    fn style(&self) -> Style {
        if self.older().is_some() { Style::Bad } else { Style::Good }
    }

    fn shows(&self, shown: u64, language: Language, zone: &TimeZone) -> String {
        let until = self.believed_until.map(|until| time::full(until, zone)).unwrap_or_default();
        match self.older() {
            Some(_) => say!(
                language,
                "its repository shows: {shown}, which is older and not believed (until {until})",
                "montrée par le dépôt : {shown}, plus ancienne et non acceptée (jusqu'au {until})"
            ),
            None => say!(
                language,
                "its repository shows: {shown}, believed until {until}",
                "montrée par le dépôt : {shown}, acceptée jusqu'au {until}"
            ),
        }
    }
}

fn advice(vendor: &VendorName, language: Language) -> (String, String) {
    let purpose = say!(
        language,
        "only if the site itself has changed the stage of this host",
        "seulement si le site lui-même a changé l'étape de cet hôte"
    );
    (format!("consignee feed {vendor} --accept-older"), purpose)
}

impl Acceptance {
    /// Who accepted what, and when.
    pub fn sentence(&self, language: Language, zone: &TimeZone) -> String {
        let Self { channel, before, after, .. } = self;
        let (at, by) = (time::full(self.at, zone), words::person(&self.by));
        say!(
            language,
            "{at}  {by} accepted generation {after} of {channel} after {before}",
            "{at}  {by} a accepté la génération {after} de {channel} après la {before}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::Person;

    fn feed(known: u64, shown: Option<u64>) -> FeedState {
        let (channel, url) = ("stable".parse().unwrap(), "http://mirror/".to_owned());
        let problem = shown.is_none().then(|| "404".to_owned());
        let believed_until = shown.map(|_| "2999-01-01T00:00:00Z".parse().unwrap());
        FeedState { channel, url, known: Some(known), minimum: 2, shown, believed_until, problem }
    }

    fn report(feed: FeedState) -> FeedReport {
        FeedReport::new(&"acme".parse().unwrap(), vec![feed], Vec::new(), 0)
    }

    #[test]
    fn what_is_older_waits_for_a_person_unless_the_vendor_forbids_it() {
        let said = |feed| {
            let report = report(feed);
            (report.standing(), report.page(Language::En, &TimeZone::UTC).to_string())
        };
        let (exit, text) = said(feed(5, Some(4)));
        assert!(exit == Exit::Waits && text.contains("consignee feed acme --accept-older"), "{text}");
        let (exit, text) = said(feed(5, Some(1)));
        assert!(exit == Exit::Waits && !text.contains("--accept-older"), "{text}");
        assert_eq!(said(feed(5, Some(5))).0, Exit::Done);
        assert_eq!(said(feed(5, None)).0, Exit::Failed);
    }

    #[test]
    fn who_accepted_what_is_said_in_both_languages() {
        let by = Person { uid: 0, name: "marie".to_owned() };
        let at = "2026-11-22T10:00:00Z".parse().unwrap();
        let acceptance = Acceptance { at, by, channel: "stable".parse().unwrap(), before: 7, after: 6 };
        for language in [Language::En, Language::Fr] {
            let said = acceptance.sentence(language, &TimeZone::UTC);
            assert!(["marie", "stable", "6", "7"].iter().all(|word| said.contains(word)), "{said}");
        }
    }
}
