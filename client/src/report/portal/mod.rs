//! The sentences of the page in the browser that nothing else says.

mod label;

use consign_metadata::name::ProductId;
use consign_metadata::text::Language;
use consign_metadata::version::Version;

pub use label::Label;

use super::page::{Page, Style};
use super::state::Standing;
use super::words;
use crate::engine::event::{Person, Reason};
use crate::portal::refusal::Refusal;
use crate::report::reason;

/// Why somebody is not answered, and what to do.
pub fn refusal(refusal: Refusal, port: u16, language: Language) -> String {
    match refusal {
        Refusal::Address => say!(
            language,
            "this address is not that of the page; it is at http://localhost:{port}/",
            "cette adresse n'est pas celle de la page ; elle se trouve à http://localhost:{port}/"
        ),
        Refusal::Origin => say!(
            language,
            "refused: another page than one of ours asked for this, or the browser does not say which; nothing was changed",
            "refusé : la demande vient d'une autre page que les nôtres, ou le navigateur ne le dit pas ; rien n'a été changé"
        ),
        Refusal::Token => say!(
            language,
            "refused: the form is not of this session; go back, load the page again, and try once more; nothing was changed",
            "refusé : le formulaire n'est pas de cette session ; revenez en arrière, rechargez la page et réessayez ; rien n'a été changé"
        ),
        Refusal::Form => say!(language, "refused: only forms are read", "refusé : seuls les formulaires sont lus"),
        Refusal::Large => say!(language, "refused: too much was sent", "refusé : l'envoi est trop volumineux"),
        Refusal::Slow => say!(language, "refused: it took too long", "refusé : l'envoi a pris trop de temps"),
        Refusal::Method => {
            say!(language, "refused: nothing is done that way", "refusé : rien ne se fait de cette façon")
        }
        Refusal::Unknown => say!(language, "there is no such page", "cette page n'existe pas"),
        Refusal::Stranger => {
            say!(language, "nobody is logged in here, or not any more", "personne n'est connecté ici, ou ne l'est plus")
        }
        Refusal::Code => say!(
            language,
            "this code does not open anything: it was used, is older than a minute, or was mistyped; print another one",
            "ce code n'ouvre rien : il a été utilisé, date de plus d'une minute, ou contient une faute ; affichez-en un autre"
        ),
        Refusal::Often => {
            say!(language, "refused: too often; wait a minute", "refusé : trop de demandes ; attendez une minute")
        }
    }
}

/// The heading of a page about a product.
pub fn heading(product: &str, label: Label, language: Language) -> String {
    let label = label.text(language);
    say!(language, "{product}: {label}", "{product} : {label}")
}

/// The heading of an upgrade.
pub fn upgrade(product: &ProductId, from: Option<&Version>, to: &Version, language: Language) -> String {
    let journey = words::journey(from, to, language);
    say!(language, "{product}: {journey}", "{product} : {journey}")
}

/// Who is logged in.
pub fn visitor(person: &Person, language: Language) -> String {
    let person = words::person(person);
    say!(language, "logged in for {person}", "connecté pour {person}")
}

/// A standing in a few words.
pub fn standing(standing: Standing, language: Language) -> String {
    match standing {
        Standing::Well => say!(language, "all is well", "tout va bien"),
        Standing::Waits => say!(language, "held, or waits for a person", "retenue, ou attend une personne"),
        Standing::UnderWay => say!(language, "under way", "en cours"),
        Standing::Halted => say!(language, "stopped: a person has to act", "arrêtée : une personne doit agir"),
    }
}

/// What a person says by a tick.
pub fn tick(reason: &Reason, summary: Option<&str>, language: Language) -> String {
    match (reason, summary) {
        (Reason::NoteUnread { version, .. }, _) => {
            say!(language, "I have read the release note on {version}", "J'ai lu la note de version {version}")
        }
        (Reason::SideEffectUnacknowledged { id, .. }, Some(summary)) => {
            say!(language, "I accept the side effect {id}: {summary}", "J'accepte l'effet secondaire {id} : {summary}")
        }
        (Reason::SideEffectUnacknowledged { id, .. }, None) => {
            say!(language, "I accept the side effect {id}", "J'accepte l'effet secondaire {id}")
        }
        _ => {
            let sentence = reason::sentence(reason, language);
            say!(
                language,
                "I know, and want it all the same: {sentence}",
                "Je le sais, et la veux tout de même : {sentence}"
            )
        }
    }
}

/// The button.
pub fn install(to: &Version, language: Language) -> String {
    say!(language, "Install {to}", "Installer {to}")
}

/// What has to be typed first, and why.
pub fn confirmation(product: &ProductId, is_major: bool, language: Language) -> String {
    match is_major {
        true => say!(
            language,
            "This is a major change. Type {product} to confirm:",
            "Ceci est un changement majeur. Tapez {product} pour confirmer :"
        ),
        false => say!(
            language,
            "From some step on this cannot be taken back. Type {product} to confirm:",
            "À partir d'une certaine étape, le retour est impossible. Tapez {product} pour confirmer :"
        ),
    }
}

/// Why the button did nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Objection {
    /// So many ticks are missing.
    NotTicked(usize),
    /// Something else was typed, or nothing.
    NotConfirmed,
    /// The plans are not those that were shown.
    Changed,
    /// The agent's service could not; its technical reason.
    Failed(String),
}

impl Objection {
    /// As text.
    pub fn page(&self, product: &ProductId, language: Language) -> Page {
        let mut page = Page::default();
        let sentence = match self {
            Self::NotTicked(missing) => say!(
                language,
                "not begun: ticks are missing ({missing}); those that were set are kept",
                "pas commencée : il manque des coches ({missing}) ; celles qui étaient mises sont gardées"
            ),
            Self::NotConfirmed => {
                say!(language, "not begun: {product} was not typed", "pas commencée : {product} n'a pas été tapé")
            }
            Self::Changed => say!(
                language,
                "not begun: what is offered has changed since it was shown; this is how it is now",
                "pas commencée : l'offre a changé depuis son affichage ; la voici telle qu'elle est à présent"
            ),
            Self::Failed(cause) => say!(language, "not begun: {cause}", "pas commencée : {cause}"),
        };
        page.add(0, Style::Bad, sentence);
        page
    }
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// It is done.
    Done,
    /// It runs.
    Runs,
    /// It waits for a person, or stopped.
    Stands,
    /// It comes later.
    Ahead,
    /// It is being taken back.
    GoesBack,
    /// It was taken back, or never begun.
    Back,
}

/// In a word.
pub fn step(state: StepState, language: Language) -> String {
    match state {
        StepState::Done => say!(language, "done", "faite"),
        StepState::Runs => say!(language, "under way", "en cours"),
        StepState::Stands => say!(language, "stands here", "arrêtée ici"),
        StepState::Ahead => say!(language, "to come", "à venir"),
        StepState::GoesBack => say!(language, "is being taken back", "en cours d'annulation"),
        StepState::Back => say!(language, "not done", "non faite"),
    }
}

/// How far it is.
pub fn progress(done: usize, of: usize, language: Language) -> String {
    say!(language, "{done} of {of} steps done", "{done} étapes sur {of} faites")
}

/// The name of a step's row in the list.
pub fn row(name: &str, state: StepState, language: Language) -> String {
    let state = step(state, language);
    say!(language, "{name}: {state}", "{name} : {state}")
}

/// What `consignee page` prints around the address.
pub fn address(address: &str, language: Language) -> Page {
    let mut page = Page::default();
    let line =
        say!(language, "open this within a minute; it works once:", "à ouvrir dans la minute ; ne sert qu'une fois :");
    page.add(0, Style::Quiet, line);
    page.add(0, Style::Plain, address);
    page
}

/// That it was switched on or off.
pub fn switched(port: Option<u16>, language: Language) -> Page {
    let mut page = Page::default();
    let line = match port {
        Some(port) => say!(
            language,
            "the page is at http://localhost:{port}/, for this host alone; to log in, type: consignee page",
            "la page est à http://localhost:{port}/, pour cet hôte seulement ; pour se connecter, tapez : consignee page"
        ),
        None => say!(language, "the page is switched off", "la page est désactivée"),
    };
    page.add(0, Style::Good, line);
    page
}

/// There is nothing to log in to.
pub fn switched_off(language: Language) -> String {
    say!(
        language,
        "cannot open the page: it is switched off; to switch it on, type: consignee page --on",
        "impossible d'ouvrir la page : elle est désactivée ; pour l'activer, tapez : consignee page --on"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{assert_worded, variants};

    #[test]
    fn every_refusal_and_every_label_is_worded_in_both_languages() {
        let refusals = [
            Refusal::Address,
            Refusal::Origin,
            Refusal::Token,
            Refusal::Form,
            Refusal::Large,
            Refusal::Slow,
            Refusal::Method,
            Refusal::Unknown,
            Refusal::Stranger,
            Refusal::Code,
            Refusal::Often,
        ];
        let known = variants!(Refusal: Address Origin Token Form Large Slow Method Unknown Stranger Code Often);
        assert_eq!(refusals.len(), known);
        for one in refusals {
            assert_worded(&"", |language| refusal(one, 8080, language));
        }
        for label in Label::ALL {
            assert_worded(&"", |language| label.text(language));
        }
    }
}
