//! The history as text.

use consign_metadata::text::Language;
use jiff::tz::TimeZone;

use super::{Deed, DeedKind, Happening, HistoryReport, PastUpgrade};
use crate::engine::event::Event;
use crate::report::page::{Page, Style};
use crate::report::state::Code;
use crate::report::{event, failure, time, words};

impl HistoryReport {
    /// As text.
    pub fn page(&self, language: Language, zone: &TimeZone) -> Page {
        let mut page = Page::default();
        let mut product = None;
        for upgrade in &self.upgrades {
            if product != Some(&upgrade.product) {
                page.gap();
                page.add(0, Style::Heading, upgrade.product.to_string());
                product = Some(&upgrade.product);
            }
            page.append(2, upgrade.page(language, zone));
        }
        let mut vendor = None;
        for past in &self.generations {
            if vendor != Some(&past.vendor) {
                page.gap();
                page.add(0, Style::Heading, past.vendor.to_string());
                vendor = Some(&past.vendor);
            }
            page.add(2, Style::Plain, past.acceptance.sentence(language, zone));
        }
        page
    }
}

impl PastUpgrade {
    fn page(&self, language: Language, zone: &TimeZone) -> Page {
        let mut page = Page::default();
        let journey = words::journey(self.from.as_ref(), &self.to, language);
        let (number, began) = (self.number, time::full(self.begun, zone));
        let outcome = outcome(self.state, language);
        page.add(
            0,
            self.style(),
            say!(language, "{number:>3}  {began}  {journey}: {outcome}", "{number:>3}  {began}  {journey} : {outcome}"),
        );
        page.add(5, Style::Plain, self.times(language));
        for deed in &self.deeds {
            page.add(5, Style::Plain, deed.sentence(language, zone));
        }
        self.records_page(&mut page, language, zone);
        page
    }

    fn times(&self, language: Language) -> String {
        let took = time::span(time::seconds(self.begun, self.changed), language);
        let outage = time::span(self.outage_seconds, language);
        match (self.outage_seconds, self.outage_goes_on) {
            (0, false) => say!(language, "{took} in all, engines not stopped", "{took} en tout, moteurs non arrêtés"),
            (_, false) => say!(
                language,
                "{took} in all, engines stopped for {outage}",
                "{took} en tout, moteurs arrêtés pendant {outage}"
            ),
            (_, true) => say!(
                language,
                "{took} so far, engines stopped for {outage} and still",
                "{took} pour l'instant, moteurs arrêtés depuis {outage}"
            ),
        }
    }

    fn records_page(&self, page: &mut Page, language: Language, zone: &TimeZone) {
        let header = self.records.iter().find_map(|record| match &record.event {
            Event::Begun { header } => Some(header),
            _ => None,
        });
        for record in header.iter().flat_map(|header| self.records.iter().map(move |record| (header, record))) {
            let (header, Happening { at, event }) = record;
            let (at, said) = (time::full(*at, zone), event::sentence(event, header, language));
            page.add(5, Style::Plain, format!("{at}  {said}"));
            if let Event::StepFailed { failure, .. } | Event::UndoFailed { failure, .. } = event {
                for line in failure::output(failure) {
                    page.add(7, Style::Quiet, format!("| {line}"));
                }
            }
        }
    }

    fn style(&self) -> Style {
        match self.state {
            Code::Completed | Code::Rescued => Style::Good,
            Code::Halted | Code::Stuck => Style::Bad,
            _ => Style::Plain,
        }
    }
}

// The state without its parameters: they stand in the records.
fn outcome(code: Code, language: Language) -> String {
    match code {
        Code::Completed => say!(language, "finished", "terminée"),
        Code::Cancelled => say!(language, "cancelled", "annulée avant tout changement"),
        Code::RolledBack => say!(language, "taken back", "annulée"),
        Code::Superseded => say!(language, "replaced by a later one", "remplacée par une autre"),
        Code::Rescued => say!(language, "ended by hand", "terminée à la main"),
        Code::Halted => say!(language, "halted", "arrêtée"),
        Code::Stuck => say!(language, "stuck", "bloquée"),
        Code::Held | Code::Planned => say!(language, "held", "retenue"),
        Code::Cleared => say!(language, "cleared", "autorisée"),
        Code::Waiting => say!(language, "waits for a decision", "attend une décision"),
        Code::Forward | Code::Backward => say!(language, "under way", "en cours"),
    }
}

impl Deed {
    fn sentence(&self, language: Language, zone: &TimeZone) -> String {
        let (at, by) = (time::full(self.at, zone), words::person(&self.by));
        let of = self.subject.as_deref().unwrap_or_default();
        let what = match self.what {
            DeedKind::AcknowledgedNote => {
                say!(language, "acknowledged the note on {of}", "a acquitté la note de version {of}")
            }
            DeedKind::AcknowledgedSideEffect => {
                say!(language, "acknowledged the side effect {of}", "a acquitté l'effet secondaire {of}")
            }
            DeedKind::AcknowledgedTakenBack => say!(
                language,
                "let the release in again that upgrade {of} had taken back",
                "a de nouveau autorisé la version annulée par la mise à niveau n° {of}"
            ),
            DeedKind::DidTask => say!(language, "did the task {of}", "a fait la tâche {of}"),
            DeedKind::Answered => say!(language, "decided about step {of}", "a décidé pour l'étape {of}"),
            DeedKind::Retried => say!(language, "tried again", "a relancé"),
            DeedKind::Skipped => say!(language, "went on after the failed step", "est passé outre l'étape en échec"),
            DeedKind::Rescued => say!(language, "put the host right at {of}", "a remis l'hôte en état en {of}"),
            DeedKind::AcceptedData => {
                say!(language, "took the data for right, at {of}", "a accepté les données en version {of}")
            }
            DeedKind::TookBack => say!(language, "took the upgrade back", "a annulé la mise à niveau"),
        };
        format!("{at}  {by} {what}")
    }
}
