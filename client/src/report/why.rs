//! Why a product stands as it stands: every cause at once, what is behind it, and what to type.

use consign_metadata::name::ProductId;
use consign_metadata::text::Language;
use consign_metadata::version::Version;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::advice::{self, Advice};
use super::explanation::{self, Explanation};
use super::journey::JourneyStatus;
use super::page::{Page, Style};
use super::state::{self, Standing};
use super::{FORMAT, failure, gaps, kept_back, reason, time, words};
use crate::agent::checks::Found;
use crate::engine::event::{Failure, Reason};
use crate::engine::machine::{HaltCause, State, Upgrade};
use crate::host::gap::Gap;
use crate::kept_back::Reach;
use crate::looked::Looked;

/// The answer of `consignee why --json`.
#[derive(Debug, Serialize)]
pub struct WhyReport {
    /// [`FORMAT`].
    pub format: u32,
    /// The product.
    pub product: ProductId,
    /// What a person has to think of it.
    pub standing: Standing,
    /// The state of its newest upgrade; null where there never was one.
    pub state: Option<state::Code>,
    /// The version that it is about; null where nothing is offered.
    pub to: Option<Version>,
    /// When the package lists were last looked at; null where they never were.
    pub looked: Option<Timestamp>,
    /// The way that it is on, over several stops maybe; left out where it is on none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journey: Option<JourneyStatus>,
    /// Every cause; empty where nothing stands in the way.
    pub causes: Vec<Cause>,
    /// What to type, most useful first.
    pub commands: Vec<String>,
    #[serde(skip)]
    upgrade: Option<Upgrade>,
}

/// One cause.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Cause {
    /// A gate, a rule of the site's, or the host.
    Reason {
        /// Which.
        #[serde(flatten)]
        reason: Reason,
        /// Whether it keeps the upgrade back; else it is only told.
        holds: bool,
    },
    /// The upgrade halted.
    Halt {
        /// Why.
        #[serde(flatten)]
        halt: HaltCause,
    },
    /// A step or its undo failed.
    Failure {
        /// How.
        #[serde(flatten)]
        failure: Failure,
    },
    /// The package manager passes it over.
    KeptBack {
        /// Why.
        #[serde(flatten)]
        reach: Reach,
    },
    /// The package manager does not ask the agent.
    NotAsked {
        /// Why not.
        #[serde(flatten)]
        gap: Gap,
    },
    /// The journal cannot be read; in English.
    Journal {
        /// Why not.
        problem: String,
    },
}

/// What is known of the product, gathered by the command.
pub struct Known {
    /// The product.
    pub product: ProductId,
    /// Its standing.
    pub standing: Standing,
    /// Its newest upgrade.
    pub upgrade: Option<Upgrade>,
    /// What the last look found.
    pub looked: Option<Looked>,
    /// What the host says now, where that could be asked, and what the last look found where not.
    pub found: Found,
    /// When the window opens that it waits for.
    pub opens: Option<Timestamp>,
    /// Why the package manager passes it over.
    pub kept_back: Option<Reach>,
    /// What keeps the package manager from asking.
    pub gaps: Vec<Gap>,
    /// The way that it is on.
    pub journey: Option<JourneyStatus>,
    /// Why its journals cannot be read.
    pub problem: Option<String>,
}

impl WhyReport {
    /// Puts the causes together, those that hold before those that are told.
    pub fn of(known: Known) -> Self {
        let causes = causes(&known);
        let Known { product, standing, upgrade, looked, journey, .. } = known;
        let holds = causes.iter().any(|cause| matches!(cause, Cause::Reason { holds: true, .. }));
        let mut report = Self {
            format: FORMAT,
            product,
            // The host may have changed since the last look, which the status goes by.
            standing: if holds { standing.max(Standing::Waits) } else { standing },
            state: upgrade.as_ref().map(|upgrade| state::code(&upgrade.state)),
            to: offered(upgrade.as_ref(), looked.as_ref()),
            looked: looked.map(|looked| looked.at),
            journey,
            causes,
            commands: Vec::new(),
            upgrade,
        };
        report.commands = report.advice(Language::En).into_iter().map(|(command, _)| command).collect();
        report
    }

    /// As text.
    pub fn page(&self, language: Language, zone: &TimeZone) -> Page {
        let mut page = Page::default();
        page.add(0, Style::Heading, self.product.to_string());
        page.add(2, self.style(), self.headline(language));
        for (number, cause) in (1..).zip(&self.causes) {
            page.gap();
            page.append(2, cause.page(number, language));
        }
        page.gap();
        page.add(2, Style::Quiet, self.last_look(language, zone));
        let mut typed = Page::default();
        advice::show(&mut typed, &self.advice(language), language);
        page.append(2, typed);
        page
    }

    fn advice(&self, language: Language) -> Vec<Advice> {
        let of_kept_back = self.causes.iter().find_map(|cause| match cause {
            Cause::KeptBack { reach } => Some(kept_back::advice(reach, language)),
            _ => None,
        });
        let holding: Vec<Reason> = self.causes.iter().filter_map(Cause::holding).cloned().collect();
        let has_begun = self.upgrade.as_ref().is_some_and(Upgrade::is_under_way);
        if let Some(journey) = self.on_its_way().filter(|journey| !journey.waits.is_empty()) {
            return journey.advice(&self.product, &holding, language);
        }
        match (&self.upgrade, of_kept_back) {
            (Some(upgrade), _) if has_begun => advice::on_upgrade(upgrade, language),
            _ if !holding.is_empty() => advice::on_reasons(&self.product, &holding, language),
            (_, Some(typed)) => typed,
            (Some(upgrade), None) => advice::on_upgrade(upgrade, language),
            (None, None) => Vec::new(),
        }
    }

    /// The way that it is on, where none of its upgrades is under way.
    fn on_its_way(&self) -> Option<&JourneyStatus> {
        let has_begun = self.upgrade.as_ref().is_some_and(Upgrade::is_under_way);
        self.journey.as_ref().filter(|_| !has_begun)
    }

    fn headline(&self, language: Language) -> String {
        if let Some(journey) = self.on_its_way() {
            return journey.headline(language);
        }
        if let Some(upgrade) = self.upgrade.as_ref().filter(|upgrade| !upgrade.is_over()) {
            let is_held = upgrade.state == State::Cleared && self.causes.iter().any(|c| c.holding().is_some());
            let state = if is_held { &State::Held } else { &upgrade.state };
            let (to, state) = (&upgrade.header.to, state::sentence(state, &upgrade.header, language));
            return say!(language, "{to}: {state}", "{to} : {state}");
        }
        match &self.to {
            Some(to) => say!(language, "{to} is offered and held back", "{to} est proposée mais retenue"),
            None => say!(language, "nothing newer is offered", "rien de plus récent n'est proposé"),
        }
    }

    fn last_look(&self, language: Language, zone: &TimeZone) -> String {
        match self.looked.map(|at| time::full(at, zone)) {
            Some(at) => say!(
                language,
                "the package lists were last looked at on {at}",
                "dernier examen des listes de paquets : {at}"
            ),
            None => say!(
                language,
                "the package lists were not looked at yet",
                "les listes de paquets n'ont pas encore été examinées"
            ),
        }
    }

    fn style(&self) -> Style {
        match self.standing {
            Standing::Well => Style::Good,
            Standing::Waits | Standing::UnderWay => Style::Warning,
            Standing::Halted => Style::Bad,
        }
    }
}

fn offered(upgrade: Option<&Upgrade>, looked: Option<&Looked>) -> Option<Version> {
    let open = upgrade.filter(|upgrade| !upgrade.is_over()).map(|upgrade| upgrade.header.to.clone());
    open.or_else(|| looked?.offers.iter().find_map(|offer| offer.offered.clone()))
}

fn causes(known: &Known) -> Vec<Cause> {
    let mut causes: Vec<Cause> =
        known.problem.iter().map(|problem| Cause::Journal { problem: problem.clone() }).collect();
    match known.upgrade.as_ref().map(|upgrade| &upgrade.state) {
        Some(State::Halted { cause, .. }) => {
            causes.push(Cause::Halt { halt: cause.clone() });
            causes.extend(failure::behind(cause).map(|failure| Cause::Failure { failure: failure.clone() }));
        }
        Some(State::Stuck { failure, .. }) => causes.push(Cause::Failure { failure: failure.clone() }),
        _ => {}
    }
    let unmet = known.upgrade.iter().flat_map(|upgrade| upgrade.unmet()).cloned();
    let window = known.opens.map(|opens| Reason::OutsideWindow { opens });
    let mut holding: Vec<Reason> = unmet.chain(known.found.held.iter().cloned()).chain(window).collect();
    for reason in known.journey.iter().flat_map(|journey| &journey.waits) {
        if !holding.contains(reason) {
            holding.push(reason.clone());
        }
    }
    // What has no journal: not verified, or out of reach from here.
    for reason in known.looked.iter().flat_map(|looked| &looked.offers).flat_map(|offer| &offer.held) {
        let is_new = !reason.is_of_the_host() && !matches!(reason, Reason::OutsideWindow { .. });
        if is_new && !is_settled(known, reason) && !holding.contains(reason) {
            holding.push(reason.clone());
        }
    }
    causes.extend(holding.into_iter().map(|reason| Cause::Reason { reason, holds: true }));
    causes.extend(known.kept_back.iter().map(|reach| Cause::KeptBack { reach: reach.clone() }));
    causes.extend(known.gaps.iter().map(|gap| Cause::NotAsked { gap: gap.clone() }));
    causes.extend(known.found.told.iter().map(|reason| Cause::Reason { reason: reason.clone(), holds: false }));
    causes
}

/// Whether a reason of the last look was settled since: the journal of the same release is newer.
fn is_settled(known: &Known, reason: &Reason) -> bool {
    let Some(upgrade) = &known.upgrade else { return false };
    let offers = known.looked.iter().flat_map(|looked| &looked.offers);
    let mut of_it = offers.filter(|offer| offer.held.contains(reason));
    of_it.all(|offer| offer.offered.as_ref().is_none_or(|offered| *offered <= upgrade.header.to))
}

impl Cause {
    /// The reason that keeps the upgrade back.
    fn holding(&self) -> Option<&Reason> {
        match self {
            Self::Reason { reason, holds: true } => Some(reason),
            _ => None,
        }
    }

    fn page(&self, number: usize, language: Language) -> Page {
        let mut page = Page::default();
        if let Self::NotAsked { gap } = self {
            page.append(0, gaps::page(gap, language));
            return page;
        }
        let sentence = self.sentence(language);
        match self {
            Self::Reason { holds: false, .. } => {
                page.add(
                    0,
                    Style::Warning,
                    say!(language, "{number}. note: {sentence}", "{number}. à noter : {sentence}"),
                );
            }
            _ => page.add(0, Style::Plain, format!("{number}. {sentence}")),
        }
        if let Self::Failure { failure } = self {
            for line in failure::output(failure) {
                page.add(3, Style::Quiet, format!("| {line}"));
            }
        }
        if let Some(Explanation { cause, cure }) = self.explanation(language) {
            page.add(3, Style::Plain, say!(language, "cause: {cause}", "cause : {cause}"));
            page.add(3, Style::Plain, say!(language, "cure: {cure}", "remède : {cure}"));
        }
        page
    }

    fn sentence(&self, language: Language) -> String {
        match self {
            Self::Reason { reason, .. } => reason::sentence(reason, language),
            Self::Halt { halt: HaltCause::Failed { .. } } => {
                say!(language, "a step failed, and it halted", "une étape a échoué, et elle s'est arrêtée")
            }
            Self::Halt { halt } => failure::halt(halt, language),
            Self::Failure { failure } => failure::sentence(failure, language),
            Self::KeptBack { reach } => words::list(&kept_back::sentences(reach, language)),
            Self::NotAsked { .. } => String::new(),
            Self::Journal { problem } => {
                say!(language, "its journal cannot be used: {problem}", "son journal est inutilisable : {problem}")
            }
        }
    }

    fn explanation(&self, language: Language) -> Option<Explanation> {
        match self {
            Self::Reason { reason, .. } => Some(explanation::reason(reason, language)),
            Self::Halt { halt } => Some(explanation::halt(halt, language)),
            Self::Failure { failure } => Some(explanation::failure(failure, language)),
            Self::KeptBack { .. } | Self::NotAsked { .. } | Self::Journal { .. } => None,
        }
    }
}
